/* The tail of a recogniser, over a whole batch: LSTMs along the lines and the linear layer. Two
 * buffers take turns; the value behind each step's channels tells the next LSTM what is padding. */
#include "nn/net_inside.h"

#include <stdlib.h>

void les_sequence_free(struct sequence *sequence)
{
	if (!sequence)
		return;
	for (uint32_t i = 0; i < sequence->parts_n; i++) {
		les_call_free(sequence->parts[i].call);
		les_prim_free(sequence->parts[i].prim);
	}
	free(sequence);
}
LES_DEFINE_CLEANUP(struct sequence, les_sequence_free)

/* Values from one step to the next: the widest layer and the mask, in whole cache lines. */
static size_t widest(const struct les_net *net)
{
	uint32_t most = 0;

	for (uint32_t i = net->split; i < net->graph.layers_n; i++) {
		const struct les_layer *layer = &net->graph.layers[i];
		if (layer->in_c > most)
			most = layer->in_c;
	}
	return (most + 1 + 31) & ~(size_t)31;
}

static enum les_kind add_part(struct sequence *s, const struct les_net *net, uint32_t index,
			      struct les_error *reterr)
{
	const struct les_layer *layer = &net->graph.layers[index];
	const struct les_lstm lstm = {
		.steps = s->steps,
		.n = s->n,
		.in_c = layer->in_c + 1,
		.hidden = layer->lstm.hidden,
		.in_stride = (uint32_t)s->stride,
		.out_stride = (uint32_t)s->stride,
		.both_ways = layer->lstm.both_ways,
	};
	const struct les_linear linear = {
		.rows = s->n * s->steps,
		.in = layer->in_c,
		.out = layer->out_c,
		.in_stride = (uint32_t)s->stride,
	};
	struct les_prim *prim = NULL;
	const enum les_kind kind =
		layer->op == LES_OP_LSTM
			? les_prim_lstm(&lstm, net->type, false, &prim, reterr)
			: les_prim_linear(&linear, net->type, LES_F32, &prim, reterr);

	if (kind != LES_OK)
		return kind;
	const size_t scratch = les_prim_bytes(prim, LES_ARG_SCRATCH);
	if (scratch > s->scratch_bytes)
		s->scratch_bytes = scratch;
	s->parts[s->parts_n].prim = prim;
	s->parts[s->parts_n++].layer = index;
	return LES_OK;
}

enum les_kind les_sequence_new(struct les_net *net, uint32_t n, uint32_t steps,
			       struct sequence **ret, struct les_error *reterr)
{
	LES_CLEANUP(les_sequence_free_p) struct sequence *s = calloc(1, sizeof *s);
	enum les_kind kind = LES_OK;

	if (!s)
		return les_fail(reterr, LES_NOMEM, "no memory for a plan");
	s->n = n;
	s->steps = steps;
	s->stride = widest(net);
	const size_t buffer = (size_t)n * steps * s->stride * les_type_bytes(net->type);
	const size_t result = (size_t)n * steps * net->graph.out_c * sizeof(float);
	s->bytes = 2 * buffer + result;
	if (s->bytes > LES_ACTIVATION_BYTES_MAX || (size_t)n * steps > INT32_MAX)
		return les_fail(reterr, LES_LIMIT, "the lines are too long for the net");
	for (uint32_t i = net->split; kind == LES_OK && i < net->graph.layers_n; i++) {
		const enum les_op op = net->graph.layers[i].op;
		if (op != LES_OP_LSTM && op != LES_OP_LINEAR)
			continue;
		const uint32_t k = s->parts_n;
		kind = add_part(s, net, i, reterr);
		s->parts[k].in = k % 2 ? buffer : 0;
		s->parts[k].out = op == LES_OP_LINEAR ? 2 * buffer : k % 2 ? 0 : buffer;
		s->result = s->parts[k].out;
	}
	if (kind != LES_OK)
		return kind;
	*ret = LES_TAKE(s);
	return LES_OK;
}

enum les_kind les_sequence_bind(struct sequence *s, struct les_net *net, char *arena, char *scratch,
				struct les_error *reterr)
{
	enum les_kind kind = LES_OK;

	for (uint32_t i = 0; kind == LES_OK && i < s->parts_n; i++) {
		const struct les_prim *prim = s->parts[i].prim;
		const uint32_t layer = s->parts[i].layer;
		const bool lstm = net->graph.layers[layer].op == LES_OP_LSTM;
		void *weights = NULL, *iter = NULL, *bias = NULL;
		kind = les_net_packed(net, layer, prim, LES_ARG_WEIGHTS, lstm, &weights, reterr);
		if (kind == LES_OK && lstm)
			kind = les_net_packed(net, layer, prim, LES_ARG_WEIGHTS_ITER, false, &iter,
					      reterr);
		if (kind == LES_OK)
			kind = les_net_packed(net, layer, prim, LES_ARG_BIAS, false, &bias, reterr);
		if (kind != LES_OK)
			break;
		const struct les_bind binds[] = {
			{LES_ARG_SRC, arena + s->parts[i].in},  {LES_ARG_WEIGHTS, weights},
			{LES_ARG_WEIGHTS_ITER, iter},           {LES_ARG_BIAS, bias},
			{LES_ARG_DST, arena + s->parts[i].out}, {LES_ARG_SCRATCH, scratch},
		};
		les_call_free(s->parts[i].call);
		s->parts[i].call = NULL;
		kind = les_call_new(prim, binds, LES_COUNT(binds), &s->parts[i].call, reterr);
	}
	return kind;
}

/* The mask behind in_c channels. What stands before it on padding is finite, and nothing reads it
 * but through gates that are 0. */
static void write_mask(const struct sequence *s, enum les_type type, char *at, uint32_t in_c,
		       const uint32_t *lens)
{
	const uint16_t one16 = les_bf16_of(1);

	for (uint32_t t = 0; t < s->steps; t++) {
		for (uint32_t i = 0; i < s->n; i++) {
			const size_t to = ((size_t)t * s->n + i) * s->stride + in_c;
			if (type == LES_BF16)
				((uint16_t *)(void *)at)[to] = t < lens[i] ? 0 : one16;
			else
				((float *)(void *)at)[to] = t < lens[i] ? 0 : 1;
		}
	}
}

enum les_kind les_sequence_run(struct sequence *s, const struct les_net *net, char *arena,
			       const uint32_t *lens, struct les_error *reterr)
{
	enum les_kind kind = LES_OK;

	for (uint32_t i = 0; kind == LES_OK && i < s->parts_n; i++) {
		const struct les_layer *layer = &net->graph.layers[s->parts[i].layer];
		if (layer->op == LES_OP_LSTM)
			write_mask(s, net->type, arena + s->parts[i].in, layer->in_c, lens);
		kind = les_call_run(s->parts[i].call, reterr);
	}
	return kind;
}
