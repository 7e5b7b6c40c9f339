#include "nn/net_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Weight of the input that tells padding into the input and forget gates: their sigmoid is exactly
 * 0 then, cell and output stay 0, and a backward run starts clean at the line's real end. */
static const float MASK_WEIGHT = -1e4f;

/* The tensor "LAYER.SUFFIX"; inside blocks kraken puts the block's name before it. */
static const struct les_tensor *tensor_of(const struct les_weights *weights,
					  const struct les_layer *layer, const char *suffix)
{
	char name[LES_LAYER_NAME_BYTES_MAX + 64];
	const size_t n = (size_t)snprintf(name, sizeof name, ".%s.%s", layer->name, suffix);
	const struct les_tensor *exact = les_weights_lookup(weights, name + 1);

	for (uint32_t i = 0; !exact && i < weights->tensors_n; i++) {
		const size_t own = strlen(weights->tensors[i].name);
		if (own > n && strcmp(weights->tensors[i].name + own - n, name) == 0)
			exact = &weights->tensors[i];
	}
	return exact;
}

/* Whether the tensor is there with these sides (0: no more sides). */
static enum les_kind check(const struct les_weights *weights, const struct les_layer *layer,
			   const char *suffix, const uint32_t sides[4], struct les_error *reterr)
{
	const struct les_tensor *tensor = tensor_of(weights, layer, suffix);
	uint32_t rank = 0;

	if (!tensor)
		return les_fail(reterr, LES_FORMAT, "layer %s: %s is missing", layer->name, suffix);
	while (rank < 4 && sides[rank])
		rank++;
	bool same = tensor->rank == rank;
	for (uint32_t i = 0; same && i < rank; i++)
		same = tensor->dims[i] == sides[i];
	return same ? LES_OK
		    : les_fail(reterr, LES_FORMAT,
			       "layer %s: %s has not the sides that the spec says", layer->name,
			       suffix);
}

static enum les_kind check_conv(const struct les_weights *weights, const struct les_layer *layer,
				struct les_error *reterr)
{
	const bool swap = layer->conv.transposed;
	const uint32_t sides[4] = {swap ? layer->in_c : layer->out_c,
				   swap ? layer->out_c : layer->in_c, layer->conv.kernel_h,
				   layer->conv.kernel_w};
	const uint32_t bias[4] = {layer->out_c};
	enum les_kind kind = check(weights, layer, "co.weight", sides, reterr);

	return kind == LES_OK ? check(weights, layer, "co.bias", bias, reterr) : kind;
}

static enum les_kind check_lstm(const struct les_weights *weights, const struct les_layer *layer,
				struct les_error *reterr)
{
	static const char *names[2][4] = {
		{"layer.weight_ih_l0", "layer.weight_hh_l0", "layer.bias_ih_l0",
		 "layer.bias_hh_l0"},
		{"layer.weight_ih_l0_reverse", "layer.weight_hh_l0_reverse",
		 "layer.bias_ih_l0_reverse", "layer.bias_hh_l0_reverse"},
	};
	const uint32_t hidden = layer->lstm.hidden;
	const uint32_t sides[3][4] = {
		{4 * hidden, layer->in_c + layer->lstm.clstm}, {4 * hidden, hidden}, {4 * hidden}};
	enum les_kind kind = LES_OK;

	for (int way = 0; way <= layer->lstm.both_ways; way++)
		for (int i = 0; kind == LES_OK && i < (layer->lstm.clstm ? 2 : 4); i++)
			kind = check(weights, layer, names[way][i], sides[i < 2 ? i : 2], reterr);
	return kind;
}

static enum les_kind check_layer(const struct les_weights *weights, const struct les_layer *layer,
				 struct les_error *reterr)
{
	const bool one = layer->op == LES_OP_LINEAR && layer->linear.augmented;
	const uint32_t matrix[4] = {layer->out_c, layer->in_c + one};
	const uint32_t vector[4] = {layer->out_c};
	enum les_kind kind = LES_OK;

	switch (layer->op) {
	case LES_OP_CONV:
		return check_conv(weights, layer, reterr);
	case LES_OP_LSTM:
		return check_lstm(weights, layer, reterr);
	case LES_OP_LINEAR:
		kind = check(weights, layer, "lin.weight", matrix, reterr);
		return kind == LES_OK ? check(weights, layer, "lin.bias", vector, reterr) : kind;
	case LES_OP_GROUP_NORM:
		kind = check(weights, layer, "layer.weight", vector, reterr);
		return kind == LES_OK ? check(weights, layer, "layer.bias", vector, reterr) : kind;
	default:
		return LES_OK;
	}
}

static bool in_sequence(const struct les_layer *layer, bool last)
{
	return (layer->op == LES_OP_LSTM && !layer->lstm.along_y && !layer->lstm.last_only) ||
	       layer->op == LES_OP_DROPOUT || layer->op == LES_OP_IDENTITY ||
	       (last && layer->op == LES_OP_LINEAR);
}

/* Where the tail of LSTMs and a linear layer over lines one row high begins, which is worth running
 * over a whole batch. Everything else runs image by image: convolutions gain nothing from batches,
 * and this way need the memory of one line. */
static uint32_t find_split(const struct les_graph *graph)
{
	struct les_extent extents[LES_LAYERS_MAX];
	uint32_t split = graph->layers_n;

	if (graph->in_h == 0 || graph->layers[graph->layers_n - 1].op != LES_OP_LINEAR ||
	    les_graph_extents(graph, graph->in_h, LES_PAGE_SIDE_MAX, extents, NULL) != LES_OK)
		return split;
	for (uint32_t i = graph->layers_n; i-- > 0;) {
		const struct les_layer *layer = &graph->layers[i];
		const uint32_t h = layer->from == LES_INPUT ? graph->in_h : extents[layer->from].h;
		if (layer->from != (int32_t)i - 1 || h != 1 ||
		    !in_sequence(layer, i == graph->layers_n - 1))
			break;
		if (layer->op == LES_OP_LSTM)
			split = i;
	}
	return split;
}

enum les_kind les_net_new(const struct les_weights *weights, enum les_precision precision,
			  struct les_net **ret, struct les_error *reterr)
{
	LES_CLEANUP(les_net_free_p) struct les_net *net = calloc(1, sizeof *net);

	if (!net)
		return les_fail(reterr, LES_NOMEM, "no memory for a net");
	if (precision == LES_PRECISION_BF16 && !les_bf16_works())
		return les_fail(reterr, LES_UNSUPPORTED, "this processor does not compute in bf16");
	pthread_mutex_init(&net->lock, NULL);
	net->weights = weights;
	net->exact = weights->kind == LES_NET_SEGMENTATION;
	net->type = precision == LES_PRECISION_BF16 ||
				    (precision == LES_PRECISION_AUTO && les_bf16_is_fast())
			    ? LES_BF16
			    : LES_F32;
	enum les_kind kind = les_vgsl_parse(weights->spec, &net->graph, reterr);
	for (uint32_t i = 0; kind == LES_OK && i < net->graph.layers_n; i++)
		kind = check_layer(weights, &net->graph.layers[i], reterr);
	if (kind != LES_OK)
		return kind;
	net->split = find_split(&net->graph);
	*ret = LES_TAKE(net);
	return LES_OK;
}

void les_net_free(struct les_net *net)
{
	if (!net)
		return;
	for (uint32_t i = 0; i < LES_LAYERS_MAX; i++) {
		while (net->packed[i]) {
			struct packed_entry *entry = net->packed[i];
			net->packed[i] = entry->next;
			les_packed_free(entry->packed);
			free(entry);
		}
	}
	pthread_mutex_destroy(&net->lock);
	free(net);
}

const struct les_graph *les_net_graph(const struct les_net *net)
{
	return &net->graph;
}

enum les_type les_net_type(const struct les_net *net)
{
	return net->type;
}

const float *les_net_gamma(const struct les_net *net, uint32_t layer)
{
	return tensor_of(net->weights, &net->graph.layers[layer], "layer.weight")->values;
}

const float *les_net_beta(const struct les_net *net, uint32_t layer)
{
	return tensor_of(net->weights, &net->graph.layers[layer], "layer.bias")->values;
}

/* torch's transposed convolution has its inputs first; oneDNN's plain order its outputs. */
static void swap_channels(const struct les_layer *layer, const float *in, float *out)
{
	const size_t window = (size_t)layer->conv.kernel_h * layer->conv.kernel_w;

	for (uint32_t i = 0; i < layer->in_c; i++)
		for (uint32_t o = 0; o < layer->out_c; o++)
			memcpy(out + ((size_t)o * layer->in_c + i) * window,
			       in + ((size_t)i * layer->out_c + o) * window, window * sizeof *out);
}

/* rows × columns without their first column, which becomes `first` (added to it), and with another
 * column behind, which is MASK_WEIGHT in the first half of the rows: the gates i and f. */
static void copy_rows(const float *in, size_t rows, size_t columns, bool cut, bool mask, float *out,
		      float *first)
{
	for (size_t i = 0; i < rows; i++) {
		const float *row = in + i * (columns + cut);
		if (cut && first)
			first[i] += row[0];
		if (!out)
			continue;
		memcpy(out + i * (columns + mask), row + cut, columns * sizeof *out);
		if (mask)
			out[i * (columns + 1) + columns] = i < rows / 2 ? MASK_WEIGHT : 0;
	}
}

static void plain_lstm(const struct les_net *net, const struct les_layer *layer, enum les_arg arg,
		       bool masked, float *out)
{
	static const char *suffixes[] = {"layer.weight_ih_l0", "layer.weight_hh_l0",
					 "layer.bias_ih_l0", "layer.bias_hh_l0"};
	const size_t hidden = layer->lstm.hidden, rows = 4 * hidden, in_c = layer->in_c;
	const bool cut = layer->lstm.clstm;

	for (int way = 0; way <= layer->lstm.both_ways; way++) {
		const float *at[4];
		for (int i = 0; i < (cut ? 2 : 4); i++) {
			char suffix[64];
			snprintf(suffix, sizeof suffix, "%s%s", suffixes[i], way ? "_reverse" : "");
			at[i] = tensor_of(net->weights, layer, suffix)->values;
		}
		if (arg == LES_ARG_WEIGHTS) {
			copy_rows(at[0], rows, in_c, cut, masked, out, NULL);
			out += rows * (in_c + masked);
		} else if (arg == LES_ARG_WEIGHTS_ITER) {
			memcpy(out, at[1], rows * hidden * sizeof *out);
			out += rows * hidden;
		} else {
			for (size_t i = 0; i < rows; i++)
				out[i] = cut ? 0 : at[2][i] + at[3][i];
			copy_rows(at[0], rows, in_c, cut, false, NULL, out);
			out += rows;
		}
	}
}

static void plain_linear(const struct les_net *net, const struct les_layer *layer, enum les_arg arg,
			 float *out)
{
	const float *weight = tensor_of(net->weights, layer, "lin.weight")->values;
	const float *bias = tensor_of(net->weights, layer, "lin.bias")->values;

	if (arg == LES_ARG_BIAS)
		memcpy(out, bias, layer->out_c * sizeof *out);
	copy_rows(weight, layer->out_c, layer->in_c, layer->linear.augmented, false,
		  arg == LES_ARG_BIAS ? NULL : out, arg == LES_ARG_BIAS ? out : NULL);
}

static void plain_conv(const struct les_net *net, const struct les_layer *layer, enum les_arg arg,
		       float *out)
{
	const struct les_tensor *tensor =
		tensor_of(net->weights, layer, arg == LES_ARG_BIAS ? "co.bias" : "co.weight");

	if (arg == LES_ARG_WEIGHTS && layer->conv.transposed)
		swap_channels(layer, tensor->values, out);
	else
		memcpy(out, tensor->values, les_tensor_values(tensor) * sizeof *out);
}

static size_t plain_values(const struct les_layer *layer, enum les_arg arg)
{
	const size_t out_c = layer->out_c, in_c = layer->in_c + 1;

	if (layer->op == LES_OP_CONV)
		return arg == LES_ARG_BIAS
			       ? out_c
			       : out_c * in_c * layer->conv.kernel_h * layer->conv.kernel_w;
	if (layer->op == LES_OP_LINEAR)
		return arg == LES_ARG_BIAS ? out_c : out_c * in_c;
	return 4 * out_c *
	       (arg == LES_ARG_BIAS           ? 1
		: arg == LES_ARG_WEIGHTS_ITER ? layer->lstm.hidden
					      : in_c);
}

static enum les_kind pack(struct les_net *net, uint32_t index, const struct les_prim *prim,
			  enum les_arg arg, bool masked, struct les_packed **ret,
			  struct les_error *reterr)
{
	const struct les_layer *layer = &net->graph.layers[index];
	LES_CLEANUP(les_free_p) float *values = malloc(plain_values(layer, arg) * sizeof *values);

	if (!values)
		return les_fail(reterr, LES_NOMEM, "no memory for weights");
	if (layer->op == LES_OP_LSTM)
		plain_lstm(net, layer, arg, masked, values);
	else if (layer->op == LES_OP_LINEAR)
		plain_linear(net, layer, arg, values);
	else
		plain_conv(net, layer, arg, values);
	return les_packed_new(prim, arg, values, ret, reterr);
}

enum les_kind les_net_packed(struct les_net *net, uint32_t layer, const struct les_prim *prim,
			     enum les_arg arg, bool masked, void **ret, struct les_error *reterr)
{
	enum les_kind kind = LES_OK;
	struct packed_entry *entry;

	pthread_mutex_lock(&net->lock);
	for (entry = net->packed[layer]; entry; entry = entry->next)
		if (entry->arg == arg && les_packed_fits(entry->packed, prim, arg))
			break;
	if (!entry) {
		entry = calloc(1, sizeof *entry);
		kind = entry ? pack(net, layer, prim, arg, masked, &entry->packed, reterr)
			     : les_fail(reterr, LES_NOMEM, "no memory for weights");
		if (kind == LES_OK) {
			entry->arg = arg;
			entry->next = net->packed[layer];
			net->packed[layer] = entry;
		} else {
			free(entry);
		}
	}
	pthread_mutex_unlock(&net->lock);
	if (kind == LES_OK)
		*ret = les_packed_bytes(entry->packed);
	return kind;
}
