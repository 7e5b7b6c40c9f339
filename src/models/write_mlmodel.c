/* CoreML's protobuf (Model.proto, NeuralNetwork.proto), as kraken 5's save_model() and coremltools
 * write it. */
#include "models/write.h"

#include "base/cleanup.h"
#include "models/write_meta.h"
#include "nn/vgsl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

LES_DEFINE_CLEANUP(json_t, json_decref)

enum { WIRE_NUMBER = 0, WIRE_8 = 1, WIRE_BYTES = 2, WIRE_4 = 5, FLOAT32_ARRAY = 65600 };

/* ---- protobuf ---- */

static void put_varint(struct les_buf *out, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		les_buf_u8(out, (uint8_t)(v | 0x80));
	les_buf_u8(out, (uint8_t)v);
}

static void put_tag(struct les_buf *out, uint32_t field, uint32_t wire)
{
	put_varint(out, (uint64_t)field << 3 | wire);
}

/* A number; 0 is not written, as proto3 has it. */
static void put_number(struct les_buf *out, uint32_t field, uint64_t v)
{
	if (v == 0)
		return;
	put_tag(out, field, WIRE_NUMBER);
	put_varint(out, v);
}

static void put_bytes(struct les_buf *out, uint32_t field, const void *bytes, size_t n)
{
	put_tag(out, field, WIRE_BYTES);
	put_varint(out, n);
	les_buf_put(out, bytes, n);
}

static void put_string(struct les_buf *out, uint32_t field, const char *s)
{
	put_bytes(out, field, s, strlen(s));
}

static void put_buf(struct les_buf *out, uint32_t field, const struct les_buf *inner)
{
	put_bytes(out, field, inner->bytes, inner->len);
	out->failed = out->failed || inner->failed;
}

static void put_pair(struct les_buf *out, uint32_t field, uint32_t a, uint32_t b)
{
	LES_CLEANUP(les_buf_done) struct les_buf inner = LES_BUF(64);

	put_varint(&inner, a);
	put_varint(&inner, b);
	put_buf(out, field, &inner);
}

/* WeightParams: floatValue 1, packed. */
static void put_floats(struct les_buf *out, uint32_t field, const float *values, size_t n)
{
	const size_t bytes = n * sizeof(float);
	LES_CLEANUP(les_buf_done) struct les_buf head = LES_BUF(64);

	put_tag(&head, 1, WIRE_BYTES);
	put_varint(&head, bytes);
	put_tag(out, field, WIRE_BYTES);
	put_varint(out, head.len + bytes);
	les_buf_put(out, head.bytes, head.len);
	les_buf_put(out, values, bytes);
}

/* ---- layers ---- */

struct writer {
	const struct les_weights *weights;
	struct les_buf net; /* NeuralNetwork */
	struct les_error *reterr;
	enum les_kind kind;
};

/* layer.part; an empty tensor, and an error in the writer, where it is missing. */
static const struct les_tensor *tensor_of(struct writer *w, const struct les_layer *layer,
					  const char *part, const char *ending)
{
	static const struct les_tensor none;
	char name[LES_TENSOR_NAME_BYTES_MAX + 1];

	snprintf(name, sizeof name, "%s.%s%s", layer->name, part, ending);
	const struct les_tensor *tensor = les_weights_lookup(w->weights, name);
	if (!tensor && w->kind == LES_OK)
		w->kind = les_fail(w->reterr, LES_FORMAT, "layer %s: there is no tensor %s",
				   layer->name, name);
	return tensor ? tensor : &none;
}

static void put_tensor(struct les_buf *out, uint32_t field, const struct les_tensor *tensor)
{
	put_floats(out, field, tensor->values, tensor->values ? les_tensor_values(tensor) : 0);
}

/* NeuralNetworkLayer: name + ending, what it reads, what it writes, and the layer proper. */
static void put_layer(struct writer *w, const char *name, const char *ending, const char *input,
		      const char *output, uint32_t field, const struct les_buf *body)
{
	LES_CLEANUP(les_buf_done) struct les_buf layer = LES_BUF(LES_MODEL_FILE_BYTES_MAX);
	char full[LES_TENSOR_NAME_BYTES_MAX + 1];

	snprintf(full, sizeof full, "%s%s", name, ending);
	put_string(&layer, 1, full);
	put_string(&layer, 2, input ? input : full);
	put_string(&layer, 3, output ? output : full);
	put_buf(&layer, field, body);
	put_buf(&w->net, 1, &layer);
}

/* ActivationParams, or a softmax layer. kraken 5 has a sigmoid on heatmaps. */
static void put_activation(struct writer *w, const struct les_layer *l, bool heatmap)
{
	static const struct {
		enum les_act act;
		uint32_t field;
		float alpha;
	} rows[] = {
		{LES_ACT_NONE, 5, 1},  {LES_ACT_RELU, 10, 0},    {LES_ACT_LEAKY, 15, 0.01f},
		{LES_ACT_TANH, 30, 0}, {LES_ACT_SIGMOID, 40, 0},
	};
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(64);
	LES_CLEANUP(les_buf_done) struct les_buf inner = LES_BUF(64);
	const enum les_act act = heatmap ? LES_ACT_SIGMOID : l->conv.act;
	char conv[LES_TENSOR_NAME_BYTES_MAX + 1];

	snprintf(conv, sizeof conv, "%s_conv", l->name);
	if (l->conv.softmax) {
		put_layer(w, l->name, "_act", conv, l->name, 175, &body);
		return;
	}
	for (size_t i = 0; i < LES_COUNT(rows); i++) {
		if (rows[i].act != act)
			continue;
		if (rows[i].alpha > 0) {
			put_tag(&inner, 1, WIRE_4);
			les_buf_f32(&inner, rows[i].alpha);
		}
		put_buf(&body, rows[i].field, &inner);
	}
	put_layer(w, l->name, "_act", conv, l->name, 130, &body);
}

static void put_conv(struct writer *w, const struct les_layer *l, bool heatmap)
{
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_MODEL_FILE_BYTES_MAX);

	put_number(&body, 1, l->out_c);
	put_number(&body, 2, l->in_c);
	put_number(&body, 10, 1);
	put_pair(&body, 20, l->conv.kernel_h, l->conv.kernel_w);
	put_pair(&body, 30, l->conv.stride_h, l->conv.stride_w);
	put_pair(&body, 40, l->conv.dilation_h, l->conv.dilation_w);
	put_bytes(&body, 51, "", 0); /* border mode "same" */
	put_number(&body, 60, l->conv.transposed);
	put_number(&body, 70, 1);
	put_tensor(&body, 90, tensor_of(w, l, "co.weight", ""));
	put_tensor(&body, 91, tensor_of(w, l, "co.bias", ""));
	put_layer(w, l->name, "_conv", "input", NULL, 100, &body);
	put_activation(w, l, heatmap);
}

static void put_pool(struct writer *w, const struct les_layer *l)
{
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(64);

	put_pair(&body, 10, l->pool.kernel_h, l->pool.kernel_w);
	put_pair(&body, 20, l->pool.stride_h, l->pool.stride_w);
	put_bytes(&body, 31, "", 0); /* padding "same" */
	put_layer(w, l->name, "", "input", NULL, 120, &body);
}

static void put_linear(struct writer *w, const struct les_layer *l)
{
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_MODEL_FILE_BYTES_MAX);

	put_number(&body, 1, l->in_c + l->linear.augmented);
	put_number(&body, 2, l->out_c);
	put_number(&body, 10, 1);
	put_tensor(&body, 20, tensor_of(w, l, "lin.weight", ""));
	put_tensor(&body, 21, tensor_of(w, l, "lin.bias", ""));
	put_layer(w, l->name, "_lin", "input", NULL, 140, &body);
}

/* LSTMWeightParams: gates i, f, g, o of the input, of the recursion, and of the summed biases. */
static void put_lstm_params(struct writer *w, const struct les_layer *l, const char *ending,
			    struct les_buf *out)
{
	static const struct {
		const char *part;
		uint32_t field;
	} matrices[] = {{"layer.weight_ih_l0", 1}, {"layer.weight_hh_l0", 20}};
	LES_CLEANUP(les_buf_done) struct les_buf params = LES_BUF(LES_MODEL_FILE_BYTES_MAX);
	LES_CLEANUP(les_free_p) float *sum = calloc(l->lstm.hidden, sizeof *sum);

	for (size_t i = 0; i < LES_COUNT(matrices); i++) {
		const struct les_tensor *t = tensor_of(w, l, matrices[i].part, ending);
		const size_t n = t->values ? les_tensor_values(t) / 4 : 0;
		for (uint32_t gate = 0; gate < 4 && n; gate++)
			put_floats(&params, matrices[i].field + gate, t->values + gate * n, n);
	}
	if (!l->lstm.clstm) {
		const struct les_tensor *ih = tensor_of(w, l, "layer.bias_ih_l0", ending);
		const struct les_tensor *hh = tensor_of(w, l, "layer.bias_hh_l0", ending);
		const uint32_t n = l->lstm.hidden;
		params.failed = params.failed || !sum;
		for (uint32_t gate = 0; gate < 4 && sum && ih->values && hh->values; gate++) {
			for (uint32_t i = 0; i < n; i++)
				sum[i] = ih->values[gate * n + i] + hh->values[gate * n + i];
			put_floats(&params, 40 + gate, sum, n);
		}
	}
	put_buf(out, 20, &params);
}

/* sigmoid, tanh, tanh */
static void put_lstm_acts(struct les_buf *out, uint32_t field)
{
	static const uint32_t acts[] = {40, 30, 30};

	for (size_t i = 0; i < LES_COUNT(acts); i++) {
		LES_CLEANUP(les_buf_done) struct les_buf act = LES_BUF(64);
		put_bytes(&act, acts[i], "", 0);
		put_buf(out, field, &act);
	}
}

static void put_lstm(struct writer *w, const struct les_layer *l)
{
	static const uint8_t turned[] = {0, 1, 3, 2};
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_MODEL_FILE_BYTES_MAX);
	LES_CLEANUP(les_buf_done) struct les_buf params = LES_BUF(64);
	LES_CLEANUP(les_buf_done) struct les_buf permute = LES_BUF(64);
	char other[LES_TENSOR_NAME_BYTES_MAX + 1];

	if (l->lstm.along_y) {
		snprintf(other, sizeof other, "%s_transposed", l->name);
		put_bytes(&permute, 1, turned, sizeof turned);
		put_layer(w, l->name, "", "input", other, 310, &permute);
	}
	put_number(&body, 1, l->in_c + l->lstm.clstm);
	put_number(&body, 2, l->lstm.hidden);
	put_lstm_acts(&body, 10);
	if (l->lstm.both_ways)
		put_lstm_acts(&body, 11);
	put_number(&params, 10, !l->lstm.last_only);
	put_number(&params, 20, !l->lstm.clstm);
	put_buf(&body, 15, &params);
	put_lstm_params(w, l, "", &body);
	if (l->lstm.both_ways)
		put_lstm_params(w, l, "_reverse", &body);
	put_layer(w, l->name, l->lstm.along_y ? "_transposed" : "",
		  l->lstm.along_y ? other : "input", NULL, l->lstm.both_ways ? 430 : 420, &body);
}

/* CustomLayerParams.parameters: a map whose entries are key 1, value 2 {double 10, int 30}. */
static void put_parameter(struct les_buf *out, const char *key, int64_t v)
{
	LES_CLEANUP(les_buf_done) struct les_buf entry = LES_BUF(256);
	LES_CLEANUP(les_buf_done) struct les_buf value = LES_BUF(64);

	put_tag(&value, 30, WIRE_NUMBER);
	put_varint(&value, (uint64_t)v);
	put_string(&entry, 1, key);
	put_buf(&entry, 2, &value);
	put_buf(out, 30, &entry);
}

static void put_probability(struct les_buf *out, double p)
{
	LES_CLEANUP(les_buf_done) struct les_buf entry = LES_BUF(256);
	LES_CLEANUP(les_buf_done) struct les_buf value = LES_BUF(64);
	uint64_t bits;

	memcpy(&bits, &p, sizeof bits);
	put_tag(&value, 10, WIRE_8);
	les_buf_u64(&value, bits);
	put_string(&entry, 1, "p");
	put_buf(&entry, 2, &value);
	put_buf(out, 30, &entry);
}

/* The numbers of S{name}D(AxB)H,L as they stand in the spec; 0 is CoreML's -1, dimensions count as
 * in torch (height 2, channels 1). */
static void put_reshape(struct writer *w, const struct les_layer *l, struct les_buf *out)
{
	static const int64_t dimension[] = {0, 2, 3, 1};
	char key[LES_TENSOR_NAME_BYTES_MAX];
	unsigned src = 0, a = 0, b = 0, high = 0, low = 0;

	snprintf(key, sizeof key, "S{%s}", l->name);
	const char *at = strstr(w->weights->spec, key);
	if (!at || sscanf(at + strlen(key), "%1u(%ux%u)%1u,%1u", &src, &a, &b, &high, &low) != 5 ||
	    src > 3 || high > 3 || low > 3) {
		w->kind = les_fail(w->reterr, LES_FORMAT, "layer %s is not in the spec", l->name);
		return;
	}
	put_parameter(out, "high", dimension[high]);
	put_parameter(out, "low", dimension[low]);
	put_parameter(out, "part_a", a ? (int64_t)a : -1);
	put_parameter(out, "part_b", a && b ? (int64_t)b : a ? -1 : (int64_t)b);
	put_parameter(out, "src_dim", dimension[src]);
}

static void put_custom(struct writer *w, const struct les_layer *l)
{
	static const struct {
		enum les_op op;
		const char *class, *words;
	} rows[] = {
		{LES_OP_DROPOUT, "dropout", "An n-dimensional dropout layer"},
		{LES_OP_GROUP_NORM, "groupnorm", "A Group Normalization layer"},
		{LES_OP_RESHAPE, "reshape", "A generalized reshape layer"},
		{LES_OP_ADDITION, "addition", "An addition layer"},
		{LES_OP_IDENTITY, "identity", "An identity layer"},
	};
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_MODEL_FILE_BYTES_MAX);
	size_t row = 0;

	while (row < LES_COUNT(rows) && rows[row].op != l->op)
		row++;
	if (row == LES_COUNT(rows)) {
		w->kind = les_fail(w->reterr, LES_UNSUPPORTED,
				   "layer %s has no form in an .mlmodel", l->name);
		return;
	}
	put_string(&body, 10, rows[row].class);
	if (l->op == LES_OP_GROUP_NORM) {
		put_tensor(&body, 20, tensor_of(w, l, "layer.weight", ""));
		put_tensor(&body, 20, tensor_of(w, l, "layer.bias", ""));
		put_parameter(&body, "in_channels", l->in_c);
		put_parameter(&body, "num_groups", l->group_norm.groups);
	} else if (l->op == LES_OP_DROPOUT) {
		char p[32]; /* as it was written: 0.1 and not the f32 next to it */
		snprintf(p, sizeof p, "%.7g", (double)l->dropout.p);
		put_parameter(&body, "dim", l->dropout.dims);
		put_probability(&body, strtod(p, NULL));
	} else if (l->op == LES_OP_RESHAPE) {
		put_reshape(w, l, &body);
	} else if (l->op == LES_OP_ADDITION) {
		put_parameter(&body, "chunk_size", l->out_c);
		put_parameter(&body, "dim", 1);
	}
	put_string(&body, 40, rows[row].words);
	put_layer(w, l->name, "", "input", NULL, 500, &body);
}

static void put_any(struct writer *w, const struct les_graph *graph, uint32_t i)
{
	const struct les_layer *l = &graph->layers[i];
	const bool last = i + 1 == graph->layers_n;

	switch (l->op) {
	case LES_OP_CONV:
		put_conv(w, l, last && w->weights->kind == LES_NET_SEGMENTATION);
		break;
	case LES_OP_POOL:
		put_pool(w, l);
		break;
	case LES_OP_LSTM:
		put_lstm(w, l);
		break;
	case LES_OP_LINEAR:
		put_linear(w, l);
		break;
	case LES_OP_CONCAT:
		break; /* has no layer of its own there */
	default:
		put_custom(w, l);
	}
}

/* ---- the model ---- */

/* FeatureDescription: name 1, type 3 {multiArrayType 5 {shape 1, dataType 2}}. */
static void put_feature(struct les_buf *out, uint32_t field, const char *name,
			const uint32_t shape[4])
{
	LES_CLEANUP(les_buf_done) struct les_buf feature = LES_BUF(256);
	LES_CLEANUP(les_buf_done) struct les_buf type = LES_BUF(256);
	LES_CLEANUP(les_buf_done) struct les_buf array = LES_BUF(256);
	LES_CLEANUP(les_buf_done) struct les_buf sides = LES_BUF(64);

	for (int i = 0; i < 4; i++)
		put_varint(&sides, shape[i]);
	put_buf(&array, 1, &sides);
	put_number(&array, 2, FLOAT32_ARRAY);
	put_buf(&type, 5, &array);
	put_string(&feature, 1, name);
	put_buf(&feature, 3, &type);
	put_buf(out, field, &feature);
}

static void put_user(struct les_buf *metadata, const char *key, const char *value)
{
	LES_CLEANUP(les_buf_done) struct les_buf entry = LES_BUF(LES_MODEL_JSON_BYTES_MAX);

	put_string(&entry, 1, key);
	put_string(&entry, 2, value);
	put_buf(metadata, 100, &entry);
}

static enum les_kind put_description(const struct les_weights *weights,
				     const struct les_graph *graph, struct les_buf *out,
				     struct les_error *reterr)
{
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_MODEL_FILE_BYTES_MAX);
	LES_CLEANUP(les_buf_done) struct les_buf metadata = LES_BUF(LES_MODEL_FILE_BYTES_MAX);
	LES_CLEANUP(json_decref_p) json_t *meta = les_meta_json(weights, false);
	LES_CLEANUP(json_decref_p) json_t *codec = les_codec_json(weights);
	LES_CLEANUP(les_free_p) char *meta_text = meta ? les_json_python(meta) : NULL;
	LES_CLEANUP(les_free_p) char *codec_text = codec ? les_json_python(codec) : NULL;
	const uint32_t in[] = {1, graph->in_c, graph->in_h, graph->in_w};
	const uint32_t result[] = {1, graph->out_c, 1, 1};

	if (!meta_text || (codec && !codec_text))
		return les_fail(reterr, LES_NOMEM, "no memory for a model's description");
	put_feature(&body, 1, "input", in);
	put_feature(&body, 10, "output", result);
	put_string(&metadata, 1, "kraken model");
	put_user(&metadata, "vgsl", weights->spec);
	if (codec_text)
		put_user(&metadata, "codec", codec_text);
	put_user(&metadata, "kraken_meta", meta_text);
	put_buf(&body, 100, &metadata);
	put_buf(out, 2, &body);
	return LES_OK;
}

enum les_kind les_mlmodel_write(const struct les_weights *weights, struct les_buf *out,
				struct les_error *reterr)
{
	struct writer w = {
		.weights = weights, .net = LES_BUF(LES_MODEL_FILE_BYTES_MAX), .reterr = reterr};
	LES_CLEANUP(les_free_p) struct les_graph *graph = malloc(sizeof *graph);

	if (!graph)
		return les_fail(reterr, LES_NOMEM, "no memory for a spec");
	enum les_kind kind = les_vgsl_parse(weights->spec, graph, reterr);
	if (kind != LES_OK)
		return kind;
	put_number(out, 1, 2); /* custom layers need version 2 */
	kind = put_description(weights, graph, out, reterr);
	for (uint32_t i = 0; i < graph->layers_n && kind == LES_OK && w.kind == LES_OK; i++)
		put_any(&w, graph, i);
	put_buf(out, 500, &w.net);
	les_buf_done(&w.net);
	if (kind == LES_OK)
		kind = w.kind;
	if (kind == LES_OK && out->failed)
		kind = les_fail(reterr, LES_LIMIT, "the model file is too large, or no memory");
	return kind;
}
