#include "train/params.h"

#include "base/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS_MAX = 8 };

/* A tensor of a layer: what follows the layer's name, and its sides. */
struct part {
	const char *suffix;
	uint32_t rank, dims[LES_TENSOR_RANK_MAX];
};

static uint32_t parts_of_lstm(const struct les_layer *l, struct part *ret)
{
	static const char *const suffixes[2][4] = {
		{"weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"},
		{"weight_ih_l0_reverse", "weight_hh_l0_reverse", "bias_ih_l0_reverse",
		 "bias_hh_l0_reverse"}};
	const uint32_t hidden = l->lstm.hidden, ways = l->lstm.both_ways ? 2 : 1;

	for (uint32_t way = 0; way < ways; way++) {
		const struct part parts[4] = {
			{suffixes[way][0], 2, {4 * hidden, l->in_c}},
			{suffixes[way][1], 2, {4 * hidden, hidden}},
			{suffixes[way][2], 1, {4 * hidden}},
			{suffixes[way][3], 1, {4 * hidden}},
		};
		memcpy(&ret[4 * (size_t)way], parts, sizeof parts);
	}
	return 4 * ways;
}

static uint32_t parts_of(const struct les_layer *l, struct part *ret)
{
	switch (l->op) {
	case LES_OP_CONV:
		ret[0] = (struct part){
			"weight", 4, {l->out_c, l->in_c, l->conv.kernel_h, l->conv.kernel_w}};
		ret[1] = (struct part){"bias", 1, {l->out_c}};
		return 2;
	case LES_OP_LINEAR:
		ret[0] = (struct part){"weight", 2, {l->out_c, l->in_c}};
		ret[1] = (struct part){"bias", 1, {l->out_c}};
		return 2;
	case LES_OP_GROUP_NORM:
		ret[0] = (struct part){"weight", 1, {l->out_c}};
		ret[1] = (struct part){"bias", 1, {l->out_c}};
		return 2;
	case LES_OP_LSTM:
		return parts_of_lstm(l, ret);
	default:
		return 0;
	}
}

static const char *middle_of(enum les_op op)
{
	return op == LES_OP_CONV ? "co" : op == LES_OP_LINEAR ? "lin" : "layer";
}

static enum les_kind check_layer(const struct les_layer *l, struct les_error *reterr)
{
	const bool odd = (l->op == LES_OP_LSTM && (l->lstm.clstm || l->lstm.last_only)) ||
			 (l->op == LES_OP_LINEAR && l->linear.augmented) ||
			 (l->op == LES_OP_CONV &&
			  (l->conv.transposed || l->conv.softmax ||
			   (l->conv.act != LES_ACT_NONE && l->conv.act != LES_ACT_RELU &&
			    l->conv.act != LES_ACT_LEAKY))) ||
			 l->op == LES_OP_ADDITION || l->op == LES_OP_CONCAT;

	return odd ? les_fail(reterr, LES_UNSUPPORTED, "layer %s cannot be trained here", l->name)
		   : LES_OK;
}

static enum les_kind add_layer(struct les_params *params, const struct les_layer *l, uint32_t layer,
			       struct les_error *reterr)
{
	struct part parts[PARTS_MAX];
	enum les_kind kind = check_layer(l, reterr);

	if (kind != LES_OK)
		return kind;
	const uint32_t n = parts_of(l, parts);
	for (uint32_t i = 0; i < n; i++) {
		struct les_param *p = &params->tensors[params->tensors_n++];
		p->layer = layer;
		p->rank = parts[i].rank;
		p->n = 1;
		for (uint32_t d = 0; d < p->rank; d++) {
			p->dims[d] = parts[i].dims[d];
			p->n *= p->dims[d]; /* channels and kernels are capped by the parser */
		}
		p->at = params->values_n;
		params->values_n += (p->n + 15) / 16 * 16;
		snprintf(p->name, sizeof p->name, "%s.%s.%s", l->name, middle_of(l->op),
			 parts[i].suffix);
	}
	return params->values_n > LES_WEIGHTS_BYTES_MAX / 4
		       ? les_fail(reterr, LES_LIMIT, "the net has too many weights")
		       : LES_OK;
}

void les_params_free(struct les_params *params)
{
	if (!params)
		return;
	free(params->tensors);
	free(params->values);
	free(params);
}

enum les_kind les_params_new(const struct les_graph *graph, struct les_params **ret,
			     struct les_error *reterr)
{
	LES_CLEANUP(les_params_free_p) struct les_params *params = calloc(1, sizeof *params);

	if (!params || !(params->tensors = calloc((size_t)graph->layers_n * PARTS_MAX,
						  sizeof *params->tensors)))
		return les_fail(reterr, LES_NOMEM, "no memory for a net");
	for (uint32_t i = 0; i < graph->layers_n; i++) {
		enum les_kind kind = add_layer(params, &graph->layers[i], i, reterr);
		if (kind != LES_OK)
			return kind;
	}
	params->values = aligned_alloc(64, params->values_n * sizeof(float) + 64);
	if (!params->values)
		return les_fail(reterr, LES_NOMEM, "no memory for a net's weights");
	memset(params->values, 0, params->values_n * sizeof(float));
	*ret = LES_TAKE(params);
	return LES_OK;
}

/* Rows of [rows][cols] made orthonormal (or columns, where there are more rows): Gram and Schmidt
 * over normal numbers, as torch's orthogonal_() up to the choice of signs. */
static enum les_kind orthogonal(float *at, uint32_t rows, uint32_t cols, struct les_random *random,
				struct les_error *reterr)
{
	const uint32_t n = rows < cols ? rows : cols, len = rows < cols ? cols : rows;
	LES_CLEANUP(les_free_p) double *v = malloc((size_t)n * len * sizeof *v);

	if (!v)
		return les_fail(reterr, LES_NOMEM, "no memory to begin with");
	for (uint32_t i = 0; i < n; i++) {
		double *a = v + (size_t)i * len, norm = 0;
		for (uint32_t k = 0; k < len; k++)
			a[k] = (double)les_random_normal(random);
		for (uint32_t j = 0; j < i; j++) {
			const double *b = v + (size_t)j * len;
			double dot = 0;
			for (uint32_t k = 0; k < len; k++)
				dot += a[k] * b[k];
			for (uint32_t k = 0; k < len; k++)
				a[k] -= dot * b[k];
		}
		for (uint32_t k = 0; k < len; k++)
			norm += a[k] * a[k];
		for (uint32_t k = 0; k < len; k++)
			a[k] /= sqrt(norm);
	}
	for (uint32_t r = 0; r < rows; r++)
		for (uint32_t c = 0; c < cols; c++)
			at[(size_t)r * cols + c] = (float)(rows < cols ? v[(size_t)r * len + c]
								       : v[(size_t)c * len + r]);
	return LES_OK;
}

static void fill(float *at, size_t n, float v)
{
	for (size_t i = 0; i < n; i++)
		at[i] = v;
}

static void uniform(float *at, size_t n, float bound, struct les_random *random)
{
	for (size_t i = 0; i < n; i++)
		at[i] = les_random_between(random, -bound, bound);
}

enum les_kind les_param_init(struct les_params *params, uint32_t tensor, uint64_t seed,
			     struct les_error *reterr)
{
	const struct les_param *p = &params->tensors[tensor];
	struct les_random random = les_random(seed, 0x1a17, tensor);
	float *at = params->values + p->at;

	if (strstr(p->name, ".co."))
		uniform(at, p->n, 0.1f, &random);
	else if (strstr(p->name, ".weight_"))
		return orthogonal(at, p->dims[0], p->dims[1], &random, reterr);
	else if (strstr(p->name, ".bias_")) /* of the forget gate 1 in all: the two are added */
		fill(at + p->n / 4, strstr(p->name, "bias_ih") ? p->n / 4 : 0, 1);
	else if (strstr(p->name, ".lin.weight"))
		uniform(at, p->n, sqrtf(6 / (float)(p->dims[0] + p->dims[1])), &random);
	else if (strstr(p->name, ".layer.weight"))
		fill(at, p->n, 1);
	return LES_OK;
}

enum les_kind les_params_init(struct les_params *params, uint64_t seed, struct les_error *reterr)
{
	enum les_kind kind = LES_OK;

	memset(params->values, 0, params->values_n * sizeof(float));
	for (uint32_t i = 0; i < params->tensors_n && kind == LES_OK; i++)
		kind = les_param_init(params, i, seed, reterr);
	return kind;
}

enum les_kind les_params_load(struct les_params *params, const struct les_weights *weights,
			      struct les_error *reterr)
{
	for (uint32_t i = 0; i < params->tensors_n; i++) {
		const struct les_param *p = &params->tensors[i];
		const struct les_tensor *t = les_weights_lookup(weights, p->name);
		if (!t || t->rank != p->rank || memcmp(t->dims, p->dims, p->rank * sizeof *t->dims))
			return les_fail(reterr, LES_FORMAT, "%s is missing or has other sides",
					p->name);
		memcpy(params->values + p->at, t->values, p->n * sizeof(float));
	}
	return LES_OK;
}

uint32_t les_params_first(const struct les_params *params, uint32_t layer)
{
	uint32_t i = 0;

	while (i < params->tensors_n && params->tensors[i].layer != layer)
		i++;
	return i;
}

void les_params_describe(const struct les_params *params, struct les_tensor *ret)
{
	for (uint32_t i = 0; i < params->tensors_n; i++) {
		const struct les_param *p = &params->tensors[i];
		ret[i] = (struct les_tensor){
			.name = p->name, .rank = p->rank, .values = params->values + p->at};
		memcpy(ret[i].dims, p->dims, sizeof p->dims);
	}
}
