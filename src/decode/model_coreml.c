/* .mlmodel: CoreML's protobuf (Model.proto, NeuralNetwork.proto), as far as kraken 2 to 6 write it.
 * Read in place through the sticky cursor: a dozen fields of a dozen messages need no generated
 * code, and weights are not copied twice. */
#include "base/cleanup.h"
#include "decode/model_maker.h"

#include <stdio.h>
#include <string.h>

LES_DEFINE_CLEANUP(json_t, json_decref)

enum wire { WIRE_NUMBER = 0, WIRE_8 = 1, WIRE_BYTES = 2, WIRE_4 = 5 };

struct field {
	uint32_t number;
	enum wire wire;
	uint64_t value;      /* WIRE_NUMBER */
	struct les_rd bytes; /* the others */
};

/* Up to ten bytes, seven bits each. */
static uint64_t read_number(struct les_rd *r)
{
	uint64_t v = 0;

	for (uint32_t shift = 0; shift < 70; shift += 7) {
		const uint8_t byte = les_rd_u8(r);
		if (shift == 63 && byte > 1)
			break;
		v |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return v;
	}
	r->bad = true;
	return 0;
}

static struct les_rd read_bytes(struct les_rd *r, uint64_t n)
{
	const uint8_t *at = n <= les_rd_left(r) ? les_rd_take(r, (size_t)n) : NULL;

	if (!at)
		r->bad = true;
	return les_rd(at, at ? (size_t)n : 0);
}

/* The next field of a message; false at its end, or where r has gone bad. */
static bool next_field(struct les_rd *r, struct field *ret)
{
	if (les_rd_left(r) == 0)
		return false;
	const uint64_t tag = read_number(r);
	*ret = (struct field){.number = (uint32_t)(tag >> 3), .wire = (enum wire)(tag & 7)};
	if (tag >> 3 == 0 || tag >> 3 > (1u << 29))
		r->bad = true;
	switch (ret->wire) {
	case WIRE_NUMBER:
		ret->value = read_number(r);
		break;
	case WIRE_8:
		ret->bytes = read_bytes(r, 8);
		break;
	case WIRE_4:
		ret->bytes = read_bytes(r, 4);
		break;
	case WIRE_BYTES:
		ret->bytes = read_bytes(r, read_number(r));
		break;
	default:
		r->bad = true;
	}
	return !r->bad;
}

static bool is_bytes(const struct field *field, uint32_t number)
{
	return field->number == number && field->wire == WIRE_BYTES;
}

static size_t text_take(const struct les_rd *from, char *out, size_t size)
{
	const size_t n = les_rd_left(from);

	if (n == 0 || n >= size)
		return 0;
	if (n) /* a field that is not there has no bytes to point at */
		memcpy(out, from->p, n);
	out[n] = 0;
	return n;
}

/* ---- layers ---- */

/* Field numbers of NeuralNetworkLayer's `layer`. */
enum {
	LAYER_CONVOLUTION = 100,
	LAYER_INNER_PRODUCT = 140,
	LAYER_UNI_LSTM = 420,
	LAYER_BI_LSTM = 430,
	LAYER_CUSTOM = 500,
};

/* Those without weights that kraken needs: their meaning is in the spec. */
static const uint32_t passed_over[] = {
	120, /* pooling */
	130, /* activation */
	175, /* softmax */
	310, /* permute: before an LSTM along y */
};

struct layer {
	char name[LES_TENSOR_NAME_BYTES_MAX + 1];
	uint32_t kind;
	struct les_rd body;
};

struct reader {
	struct les_maker *maker;
	char aux[4][LES_LAYER_NAME_BYTES_MAX]; /* layers of other nets begin with these */
	uint32_t aux_n;
};

static enum les_kind layer_damaged(const struct reader *in, const struct layer *layer)
{
	return les_fail(in->maker->reterr, LES_FORMAT, "layer %.80s is damaged", layer->name);
}

/* floatValue: packed, or one by one. Counts; where `to` is given, also reads. */
static enum les_kind floats(struct reader *in, const struct layer *layer, const struct les_rd *from,
			    float *to, uint64_t *ret_n)
{
	struct les_rd r = *from;
	struct field f;
	uint64_t n = 0;

	while (next_field(&r, &f)) {
		const size_t bytes = les_rd_left(&f.bytes);
		if (f.number != 1 || (f.wire != WIRE_BYTES && f.wire != WIRE_4))
			return les_fail(in->maker->reterr, LES_UNSUPPORTED,
					"layer %.80s: its weights are not stored as float",
					layer->name);
		if (bytes % 4)
			return layer_damaged(in, layer);
		if (to) {
			enum les_kind kind = les_maker_values(in->maker, layer->name, &f.bytes,
							      LES_STORED_F32, bytes / 4, to + n);
			if (kind != LES_OK)
				return kind;
		}
		n += bytes / 4;
	}
	if (r.bad)
		return layer_damaged(in, layer);
	*ret_n = n;
	return LES_OK;
}

/* What goes into one tensor: WeightParams one after another. */
struct source {
	struct les_rd parts[4];
	uint32_t parts_n;
};

/* NAME without `ending` + "." + part, with these dimensions, out of the parts; zeros where there
 * are none. */
static enum les_kind make_tensor(struct reader *in, const struct layer *layer, const char *ending,
				 const char *part, uint32_t rank, const uint32_t *dims,
				 const struct source *from)
{
	char name[2 * LES_TENSOR_NAME_BYTES_MAX];
	struct les_tensor outline = {.rank = rank};
	const size_t n = strlen(layer->name), ending_n = strlen(ending);
	const bool ends = n > ending_n && strcmp(layer->name + n - ending_n, ending) == 0;
	uint64_t one = 0;
	float *values;

	memcpy(outline.dims, dims, rank * sizeof *dims);
	for (uint32_t i = 0; i < from->parts_n; i++) {
		enum les_kind kind = floats(in, layer, &from->parts[i], NULL, &one);
		if (kind != LES_OK)
			return kind;
		/* parts of one tensor are equal: each gate has its rows */
		if (one * from->parts_n != les_tensor_values(&outline))
			return les_fail(in->maker->reterr, LES_FORMAT,
					"layer %.80s: %s has %llu values, which is not what its "
					"sizes say",
					layer->name, part, (unsigned long long)one);
	}
	snprintf(name, sizeof name, "%.*s.%s", (int)(ends ? n - ending_n : n), layer->name, part);
	enum les_kind kind = les_maker_tensor(in->maker, name, rank, dims, &values);
	for (uint32_t i = 0; i < from->parts_n && kind == LES_OK; i++) {
		kind = floats(in, layer, &from->parts[i], values, &one);
		values += one;
	}
	return kind;
}

static bool read_pair(const struct field *f, uint32_t to[2])
{
	struct les_rd r = f->bytes;

	for (uint32_t i = 0; i < 2; i++) {
		const uint64_t v = read_number(&r);
		if (v > UINT32_MAX)
			return false;
		to[i] = (uint32_t)v;
	}
	return les_rd_done(&r);
}

static uint32_t small(uint64_t v)
{
	return v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
}

/* ConvolutionLayerParams: outputChannels 1, kernelChannels 2, nGroups 10, kernelSize 20,
 * isDeconvolution 60, weights 90, bias 91. */
static enum les_kind read_conv(struct reader *in, struct layer *layer)
{
	struct source weights = {0}, bias = {0};
	uint32_t out = 0, channels = 0, kernel[2] = {0}, groups = 1;
	bool turned = false, ok = true;
	struct field f;

	while (next_field(&layer->body, &f)) {
		if (f.number == 1 && f.wire == WIRE_NUMBER)
			out = small(f.value);
		else if (f.number == 2 && f.wire == WIRE_NUMBER)
			channels = small(f.value);
		else if (f.number == 10 && f.wire == WIRE_NUMBER)
			groups = small(f.value);
		else if (is_bytes(&f, 20))
			ok = ok && read_pair(&f, kernel);
		else if (f.number == 60 && f.wire == WIRE_NUMBER)
			turned = f.value != 0;
		else if (is_bytes(&f, 90))
			weights = (struct source){{f.bytes}, 1};
		else if (is_bytes(&f, 91))
			bias = (struct source){{f.bytes}, 1};
	}
	if (layer->body.bad || !ok || !weights.parts_n || !bias.parts_n)
		return layer_damaged(in, layer);
	if (groups > 1)
		return les_fail(in->maker->reterr, LES_UNSUPPORTED,
				"layer %.80s is a convolution in groups", layer->name);
	const uint32_t dims[] = {turned ? channels : out, turned ? out : channels, kernel[0],
				 kernel[1]};
	enum les_kind kind = make_tensor(in, layer, "_conv", "co.weight", 4, dims, &weights);
	return kind == LES_OK ? make_tensor(in, layer, "_conv", "co.bias", 1, &out, &bias) : kind;
}

/* InnerProductLayerParams: inputChannels 1, outputChannels 2, weights 20, bias 21. */
static enum les_kind read_linear(struct reader *in, struct layer *layer)
{
	struct source weights = {0}, bias = {0};
	uint32_t dims[2] = {0};
	struct field f;

	while (next_field(&layer->body, &f)) {
		if (f.number == 1 && f.wire == WIRE_NUMBER)
			dims[1] = small(f.value);
		else if (f.number == 2 && f.wire == WIRE_NUMBER)
			dims[0] = small(f.value);
		else if (is_bytes(&f, 20))
			weights = (struct source){{f.bytes}, 1};
		else if (is_bytes(&f, 21))
			bias = (struct source){{f.bytes}, 1};
	}
	if (layer->body.bad || !weights.parts_n || !bias.parts_n)
		return layer_damaged(in, layer);
	enum les_kind kind = make_tensor(in, layer, "_lin", "lin.weight", 2, dims, &weights);
	return kind == LES_OK ? make_tensor(in, layer, "_lin", "lin.bias", 1, &dims[0], &bias)
			      : kind;
}

/* LSTMWeightParams: input 1, forget 2, block 3, output 4, which is torch's order i, f, g, o;
 * recursion 20 to 23, biases 40 to 43, peepholes 60 to 62. */
struct lstm_params {
	struct source weight_ih, weight_hh, bias;
	bool peepholes;
};

static bool lstm_params_read(struct les_rd r, struct lstm_params *ret)
{
	struct lstm_params p = {0};
	struct field f;
	bool ok = true;

	while (next_field(&r, &f)) {
		const uint32_t group = f.number / 20, gate = f.number % 20 - (group == 0);
		struct source *to = group == 0 ? &p.weight_ih : group == 1 ? &p.weight_hh : &p.bias;
		if (f.wire == WIRE_BYTES && group == 3) {
			p.peepholes = true;
		} else if (f.wire == WIRE_BYTES && group < 3 && gate < 4) {
			ok = ok && to->parts_n == gate; /* in order, each once */
			to->parts[to->parts_n < 4 ? to->parts_n : 3] = f.bytes;
			to->parts_n += to->parts_n < 4;
		}
	}
	*ret = p;
	return ok && !r.bad && p.weight_ih.parts_n == 4 && p.weight_hh.parts_n == 4 &&
	       (p.bias.parts_n == 4 || p.bias.parts_n == 0);
}

/* One direction. CoreML's one bias goes to bias_hh, as in kraken; bias_ih is zero. */
static enum les_kind make_lstm(struct reader *in, const struct layer *layer,
			       const struct les_rd *body, const uint32_t sizes[2],
			       const char *ending)
{
	static const char *const parts[] = {"weight_ih_l0", "weight_hh_l0", "bias_hh_l0",
					    "bias_ih_l0"};
	struct lstm_params p;
	char part[48];

	if (sizes[1] > UINT32_MAX / 4 || !lstm_params_read(*body, &p))
		return layer_damaged(in, layer);
	if (p.peepholes)
		return les_fail(in->maker->reterr, LES_UNSUPPORTED,
				"layer %.80s is an LSTM of ocropy, with peepholes", layer->name);
	const uint32_t gates = 4 * sizes[1], ih[] = {gates, sizes[0]}, hh[] = {gates, sizes[1]};
	const uint32_t *dims[] = {ih, hh, &gates, &gates};
	const struct source none = {0}, *from[] = {&p.weight_ih, &p.weight_hh, &p.bias, &none};
	enum les_kind kind = LES_OK;
	for (uint32_t i = 0; i < (p.bias.parts_n ? 4u : 2u) && kind == LES_OK; i++) {
		snprintf(part, sizeof part, "layer.%s%s", parts[i], ending);
		kind = make_tensor(in, layer, "_transposed", part, i < 2 ? 2 : 1, dims[i], from[i]);
	}
	return kind;
}

/* Uni- and BiDirectionalLSTMLayerParams: inputVectorSize 1, outputVectorSize 2, weightParams 20;
 * reverseInput 100. */
static enum les_kind read_lstm(struct reader *in, struct layer *layer)
{
	const uint32_t directions = layer->kind == LAYER_BI_LSTM ? 2 : 1;
	struct les_rd params[2];
	uint32_t sizes[2] = {0}, params_n = 0;
	struct field f;

	while (next_field(&layer->body, &f)) {
		if ((f.number == 1 || f.number == 2) && f.wire == WIRE_NUMBER)
			sizes[f.number - 1] = small(f.value);
		else if (is_bytes(&f, 20) && params_n++ < 2)
			params[params_n - 1] = f.bytes;
		else if (f.number == 100 && f.wire == WIRE_NUMBER && f.value)
			return les_fail(in->maker->reterr, LES_UNSUPPORTED,
					"layer %.80s is an LSTM that runs backwards", layer->name);
	}
	if (layer->body.bad || params_n != directions)
		return layer_damaged(in, layer);
	enum les_kind kind = make_lstm(in, layer, &params[0], sizes, "");
	if (kind == LES_OK && directions == 2)
		kind = make_lstm(in, layer, &params[1], sizes, "_reverse");
	return kind;
}

/* CustomLayerParams: className 10, weights 20 (gamma, beta). kraken's other custom layers have no
 * weights; their meaning is in the spec. */
static enum les_kind read_custom(struct reader *in, struct layer *layer)
{
	static const char *const plain[] = {"dropout", "reshape", "addition", "identity"};
	struct source weights[2] = {0};
	char class[32] = "";
	uint32_t weights_n = 0;
	struct field f;

	while (next_field(&layer->body, &f)) {
		if (is_bytes(&f, 10))
			text_take(&f.bytes, class, sizeof class);
		else if (is_bytes(&f, 20) && weights_n++ < 2)
			weights[weights_n - 1] = (struct source){{f.bytes}, 1};
	}
	if (layer->body.bad)
		return layer_damaged(in, layer);
	for (size_t i = 0; i < LES_COUNT(plain); i++)
		if (strcmp(class, plain[i]) == 0 && weights_n == 0)
			return LES_OK;
	if (strcmp(class, "groupnorm") != 0)
		return les_fail(in->maker->reterr, LES_UNSUPPORTED,
				"layer %.80s is of the kind \"%s\", which is not known",
				layer->name, class);
	uint64_t n = 0;
	enum les_kind kind = weights_n == 2 ? floats(in, layer, &weights[0].parts[0], NULL, &n)
					    : layer_damaged(in, layer);
	const uint32_t channels = small(n);
	if (kind == LES_OK)
		kind = make_tensor(in, layer, "", "layer.weight", 1, &channels, &weights[0]);
	if (kind == LES_OK)
		kind = make_tensor(in, layer, "", "layer.bias", 1, &channels, &weights[1]);
	return kind;
}

static const struct {
	uint32_t kind;
	enum les_kind (*read)(struct reader *in, struct layer *layer);
} readers[] = {
	{LAYER_CONVOLUTION, read_conv}, {LAYER_INNER_PRODUCT, read_linear},
	{LAYER_UNI_LSTM, read_lstm},    {LAYER_BI_LSTM, read_lstm},
	{LAYER_CUSTOM, read_custom},
};

/* NeuralNetworkLayer: name 1, input 2, output 3, the layer itself from 100 on. */
static enum les_kind read_layer(struct reader *in, struct les_rd r)
{
	struct layer layer = {.name = "?"};
	struct field f;

	while (next_field(&r, &f)) {
		if (is_bytes(&f, 1) && text_take(&f.bytes, layer.name, sizeof layer.name) == 0)
			r.bad = true;
		if (f.number >= 100 && f.wire == WIRE_BYTES) {
			layer.kind = f.number;
			layer.body = f.bytes;
		}
	}
	if (r.bad)
		return layer_damaged(in, &layer);
	for (uint32_t i = 0; i < in->aux_n; i++)
		if (strncmp(layer.name, in->aux[i], strlen(in->aux[i])) == 0)
			return LES_OK;
	for (size_t i = 0; i < LES_COUNT(readers); i++)
		if (readers[i].kind == layer.kind)
			return readers[i].read(in, &layer);
	for (size_t i = 0; i < LES_COUNT(passed_over); i++)
		if (passed_over[i] == layer.kind)
			return LES_OK;
	return les_fail(in->maker->reterr, LES_UNSUPPORTED,
			"layer %.80s is of CoreML's kind %u, which is not known", layer.name,
			layer.kind);
}

/* ---- the model ---- */

/* The entries of userDefined that matter; all point into the file. */
struct entries {
	struct les_rd vgsl, codec, kraken_meta, aux_layers;
};

/* A map's entry: key 1, value 2. */
static bool entry_read(struct les_rd r, struct entries *to)
{
	struct les_rd value = {0};
	char key[32] = "";
	struct field f;

	while (next_field(&r, &f)) {
		if (is_bytes(&f, 1))
			text_take(&f.bytes, key, sizeof key);
		else if (is_bytes(&f, 2))
			value = f.bytes;
	}
	if (strcmp(key, "vgsl") == 0)
		to->vgsl = value;
	else if (strcmp(key, "codec") == 0)
		to->codec = value;
	else if (strcmp(key, "kraken_meta") == 0)
		to->kraken_meta = value;
	else if (strcmp(key, "aux_layers") == 0)
		to->aux_layers = value;
	return !r.bad;
}

/* ModelDescription: metadata 100; Metadata: userDefined 100. */
static bool description_read(struct les_rd r, struct entries *to)
{
	struct field f, g;
	bool ok = true;

	while (next_field(&r, &f)) {
		if (!is_bytes(&f, 100))
			continue;
		while (ok && next_field(&f.bytes, &g))
			ok = !is_bytes(&g, 100) || entry_read(g.bytes, to);
		ok = ok && !f.bytes.bad;
	}
	return ok && !r.bad;
}

static enum les_kind entry_json(const struct les_rd *entry, const char *what, json_t **ret,
				struct les_error *reterr)
{
	if (les_rd_left(entry) == 0)
		return LES_OK;
	return les_model_json((const char *)entry->p, les_rd_left(entry), what, ret, reterr);
}

static enum les_kind take_aux(struct reader *in, const json_t *aux)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)aux, name, value)
	{
		if (in->aux_n == LES_COUNT(in->aux) || strlen(name) >= sizeof in->aux[0] || !*name)
			return les_fail(in->maker->reterr, LES_UNSUPPORTED,
					"aux_layers: \"%.40s\" is one too many", name);
		memcpy(in->aux[in->aux_n++], name, strlen(name) + 1);
	}
	return LES_OK;
}

static enum les_kind take_entries(struct reader *in, const struct entries *entries)
{
	LES_CLEANUP(json_decref_p) json_t *meta = NULL;
	LES_CLEANUP(json_decref_p) json_t *codec = NULL;
	LES_CLEANUP(json_decref_p) json_t *aux = NULL;
	struct les_maker *maker = in->maker;
	char spec[LES_SPEC_BYTES_MAX + 1];
	struct les_model_meta from = {.type_key = "model_type", .legacy_polygons_missing = true};
	enum les_kind kind = entry_json(&entries->kraken_meta, "kraken_meta", &meta, maker->reterr);

	if (kind == LES_OK)
		kind = entry_json(&entries->codec, "the codec", &codec, maker->reterr);
	if (kind == LES_OK)
		kind = entry_json(&entries->aux_layers, "aux_layers", &aux, maker->reterr);
	if (kind == LES_OK)
		kind = take_aux(in, aux);
	if (kind != LES_OK)
		return kind;
	if (les_rd_left(&entries->vgsl) >= sizeof spec ||
	    !les_utf8_valid((const char *)entries->vgsl.p, les_rd_left(&entries->vgsl)))
		return les_fail(maker->reterr, LES_LIMIT, "the spec is too long, or not text");
	from.spec = text_take(&entries->vgsl, spec, sizeof spec) ? spec : NULL;
	from.meta = meta;
	from.codec = codec;
	return les_maker_meta(maker, &from);
}

/* NeuralNetwork: layers 1. */
static enum les_kind take_layers(struct reader *in, struct les_rd r)
{
	enum les_kind kind = LES_OK;
	struct field f;

	while (kind == LES_OK && next_field(&r, &f))
		if (is_bytes(&f, 1))
			kind = read_layer(in, f.bytes);
	if (kind == LES_OK && r.bad)
		return les_fail(in->maker->reterr, LES_FORMAT, "the net is cut short or damaged");
	return kind;
}

/* Model: specificationVersion 1, description 2, neuralNetwork 500. */
enum les_kind les_coreml_parse(struct les_maker *maker, const uint8_t *bytes, size_t n)
{
	struct reader in = {.maker = maker};
	struct les_rd r = les_rd(bytes, n), net = {0};
	struct entries entries = {0};
	bool described = false;
	struct field f;

	while (next_field(&r, &f)) {
		if (is_bytes(&f, 2))
			described = description_read(f.bytes, &entries);
		else if (is_bytes(&f, 500))
			net = f.bytes;
		else if (f.number >= 200 && f.wire == WIRE_BYTES)
			return les_fail(maker->reterr, LES_UNSUPPORTED,
					"a CoreML model of kind %u, not a neural network",
					f.number);
	}
	if (r.bad || !described)
		return les_fail(maker->reterr, LES_FORMAT,
				"the file is cut short, damaged, or no CoreML model");
	enum les_kind kind = take_entries(&in, &entries);
	return kind == LES_OK ? take_layers(&in, net) : kind;
}
