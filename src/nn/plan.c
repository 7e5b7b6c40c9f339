/* How the layers before the split run over one image: primitives for its shape, and where every
 * layer's output lies in one arena, memory being used again as soon as nothing needs it. */
#include "nn/net_inside.h"

#include <stdlib.h>
#include <string.h>

/* LANES_MAX: more make LSTMs no faster, and oneDNN wants memory for each. */
enum { ALIGN = 64, LANES_MAX = 16, BLOCKS_MAX = 2 * LES_LAYERS_MAX + 1 };

/* A piece of the arena, needed from one layer to another. Until all are known, steps and values
 * tell it by its number; place_blocks() turns numbers into places. */
struct block {
	size_t bytes, at;
	uint32_t first, last;
};

struct value {
	struct les_map map;
	size_t block;
	bool clean; /* columns behind the image are zero */
};

struct planner {
	struct les_net *net;
	struct plan *plan;
	struct les_error *reterr;
	uint32_t threads_n;
	struct les_extent extents[LES_LAYERS_MAX];
	struct value values[LES_LAYERS_MAX + 1]; /* [0] the input, then the layers' */
	uint32_t last_use[LES_LAYERS_MAX + 1];
	struct block blocks[BLOCKS_MAX];
	uint32_t blocks_n;
};

static size_t map_bytes(const struct les_map *map)
{
	return (size_t)map->h * map->w * map->c * les_type_bytes(map->type);
}

/* The layer whose memory a layer's output is: dropout and identity only pass it on. */
static int32_t root_of(const struct les_graph *graph, int32_t layer)
{
	while (layer != LES_INPUT && (graph->layers[layer].op == LES_OP_DROPOUT ||
				      graph->layers[layer].op == LES_OP_IDENTITY))
		layer = graph->layers[layer].from;
	return layer;
}

static struct value *value_of(struct planner *p, int32_t layer)
{
	return &p->values[root_of(&p->net->graph, layer) + 1];
}

static enum les_kind reserve(struct planner *p, size_t bytes, uint32_t first, uint32_t last,
			     size_t *ret)
{
	if (bytes > LES_ACTIVATION_BYTES_MAX)
		return les_fail(p->reterr, LES_LIMIT, "the image is too large for the net");
	p->blocks[p->blocks_n] = (struct block){
		.bytes = (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1), .first = first, .last = last};
	*ret = p->blocks_n++;
	return LES_OK;
}

/* The lowest place where a block touches none of the placed ones that live when it does. */
static size_t lowest_place(const struct planner *p, const uint32_t *placed, uint32_t placed_n,
			   const struct block *block)
{
	size_t at = 0;

	for (bool moved = true; moved;) {
		moved = false;
		for (uint32_t i = 0; i < placed_n; i++) {
			const struct block *other = &p->blocks[placed[i]];
			if (other->first <= block->last && block->first <= other->last &&
			    at < other->at + other->bytes && other->at < at + block->bytes) {
				at = other->at + other->bytes;
				moved = true;
			}
		}
	}
	return at;
}

/* Large blocks first, each as low as it can lie; then steps learn where. */
static enum les_kind place_blocks(struct planner *p)
{
	uint32_t order[BLOCKS_MAX];

	for (uint32_t i = 0; i < p->blocks_n; i++) {
		uint32_t k = i;
		for (; k > 0 && p->blocks[order[k - 1]].bytes < p->blocks[i].bytes; k--)
			order[k] = order[k - 1];
		order[k] = i;
	}
	for (uint32_t i = 0; i < p->blocks_n; i++) {
		struct block *block = &p->blocks[order[i]];
		block->at = lowest_place(p, order, i, block);
		if (block->at + block->bytes > p->plan->bytes)
			p->plan->bytes = block->at + block->bytes;
	}
	if (p->plan->bytes > LES_ACTIVATION_BYTES_MAX)
		return les_fail(p->reterr, LES_LIMIT, "the image is too large for the net");
	for (uint32_t i = 0; i < p->plan->steps_n; i++) {
		struct step *step = &p->plan->steps[i];
		step->in = p->blocks[step->in].at;
		step->out = p->blocks[step->out].at;
		step->work = p->blocks[step->work].at;
	}
	return LES_OK;
}

static struct step *add_step(struct planner *p, enum step_kind kind, uint32_t layer, int32_t len_of)
{
	struct step *step = &p->plan->steps[p->plan->steps_n++];

	*step = (struct step){.kind = kind, .layer = layer, .len_of = len_of};
	return step;
}

/* Padding must be zero where a window could look at it. */
static void need_clean(struct planner *p, uint32_t layer, int32_t from)
{
	struct value *value = value_of(p, from);

	if (value->clean || p->net->exact)
		return;
	struct step *step = add_step(p, STEP_ZERO_TAIL, layer, from);
	step->in_map = value->map;
	step->in = value->block;
	value->clean = true;
}

static void note_scratch(struct planner *p, const struct les_prim *prim, uint32_t users)
{
	const size_t bytes = (les_prim_bytes(prim, LES_ARG_SCRATCH) + ALIGN - 1) & ~63ul;

	if (bytes * users > p->plan->scratch_bytes)
		p->plan->scratch_bytes = bytes * users;
}

static enum les_kind plan_conv(struct planner *p, uint32_t index, struct value *out)
{
	const struct les_layer *layer = &p->net->graph.layers[index];
	const bool linear = layer->op == LES_OP_LINEAR;
	const struct value *in;
	struct les_conv conv = {
		.n = 1,
		.in_c = layer->in_c,
		.out_c = layer->out_c,
		.out_h = out->map.h,
		.out_w = out->map.w,
		.kernel_h = linear ? 1 : layer->conv.kernel_h,
		.kernel_w = linear ? 1 : layer->conv.kernel_w,
		.stride_h = linear ? 1 : layer->conv.stride_h,
		.stride_w = linear ? 1 : layer->conv.stride_w,
		.dilation_h = linear ? 1 : layer->conv.dilation_h,
		.dilation_w = linear ? 1 : layer->conv.dilation_w,
		.groups = 1,
		.transposed = !linear && layer->conv.transposed,
		.act = linear ? LES_ACT_NONE : layer->conv.act,
	};

	if (conv.kernel_w > 1)
		need_clean(p, index, layer->from);
	in = value_of(p, layer->from);
	conv.in_h = in->map.h;
	conv.in_w = in->map.w;
	conv.pad_top = les_conv_pad(conv.kernel_h, conv.dilation_h);
	conv.pad_left = les_conv_pad(conv.kernel_w, conv.dilation_w);
	struct step *step = add_step(p, STEP_PRIM, index, layer->from);
	step->in_map = in->map;
	step->in = in->block;
	step->out_map = out->map;
	step->out = out->block;
	enum les_kind kind = les_prim_conv(&conv, in->map.type, out->map.type, LES_BLOCK_LAST,
					   LES_BLOCK_LAST, false, &step->prim, p->reterr);
	if (kind != LES_OK)
		return kind;
	note_scratch(p, step->prim, 1);
	if (!linear && layer->conv.softmax) {
		struct step *softmax = add_step(p, STEP_SOFTMAX, index, (int32_t)index);
		softmax->in_map = out->map;
		softmax->in = out->block;
	}
	return LES_OK;
}

static enum les_kind plan_group_norm(struct planner *p, uint32_t index, struct value *out)
{
	const struct les_layer *layer = &p->net->graph.layers[index];
	const struct value *in = value_of(p, layer->from);
	struct step *step = add_step(p, STEP_GROUP_NORM, index, layer->from);
	const size_t moments =
		(size_t)in->map.h * layer->group_norm.groups * sizeof(struct les_moments);

	step->in_map = step->out_map = in->map;
	step->in = in->block;
	step->out = out->block;
	/* scales and shifts, each thread's scratch, moments */
	step->work_per_thread = 2 * in->map.c * sizeof(float);
	return reserve(p, step->work_per_thread * (1 + p->threads_n) + moments, index, index,
		       &step->work);
}

static enum les_kind plan_lstm(struct planner *p, uint32_t index, struct value *out)
{
	const struct les_layer *layer = &p->net->graph.layers[index];
	const struct value *in = value_of(p, layer->from);
	struct step *step = add_step(p, STEP_LSTM, index, layer->from);
	const bool along_y = layer->lstm.along_y;
	const uint32_t lanes = along_y ? in->map.w : in->map.h;
	const uint32_t parts = (lanes + LANES_MAX - 1) / LANES_MAX;
	const size_t value_bytes = les_type_bytes(in->map.type);

	step->in_map = in->map;
	step->in = in->block;
	step->out_map = out->map;
	step->out = out->block;
	step->masked = !along_y && !p->net->exact;
	step->lanes_n = (lanes + parts - 1) / parts;
	const struct les_lstm lstm = {
		.steps = along_y ? in->map.h : in->map.w,
		.n = step->lanes_n,
		.in_c = layer->in_c + step->masked,
		.hidden = layer->lstm.hidden,
		.in_stride = (layer->in_c + step->masked + 15) & ~15u,
		.out_stride = layer->out_c,
		.both_ways = layer->lstm.both_ways,
	};
	/* What is gathered, then what is computed, for each thread. */
	const size_t rows = (size_t)lstm.steps * lstm.n;
	step->work_per_thread = (rows * lstm.in_stride * value_bytes + ALIGN - 1) / ALIGN * ALIGN +
				(rows * lstm.out_stride * value_bytes + ALIGN - 1) / ALIGN * ALIGN;
	enum les_kind kind =
		reserve(p, step->work_per_thread * p->threads_n, index, index, &step->work);
	if (kind != LES_OK)
		return kind;
	les_threads_set(1);
	kind = les_prim_lstm(&lstm, in->map.type, false, &step->prim, p->reterr);
	les_threads_set(p->threads_n);
	if (kind == LES_OK)
		note_scratch(p, step->prim, p->threads_n);
	return kind;
}

static enum les_kind plan_concat(struct planner *p, uint32_t index, struct value *out)
{
	const struct les_graph *graph = &p->net->graph;
	const struct les_layer *layer = &graph->layers[index];
	uint32_t at = 0;

	for (uint32_t i = 0; i < layer->concat.n; i++) {
		const int32_t branch = graph->branches[layer->concat.first + i];
		const struct value *in = value_of(p, branch);
		struct step *step = add_step(p, STEP_PLACE, index, branch);
		step->in_map = in->map;
		step->in = in->block;
		step->out_map = out->map;
		step->out = out->block;
		step->place_at = at;
		at += in->map.c;
	}
	return LES_OK;
}

static enum les_kind plan_plain(struct planner *p, uint32_t index, struct value *out)
{
	const struct les_layer *layer = &p->net->graph.layers[index];
	const struct value *in = value_of(p, layer->from);
	const enum step_kind kind = layer->op == LES_OP_POOL      ? STEP_POOL
				    : layer->op == LES_OP_RESHAPE ? STEP_FOLD
								  : STEP_ADDITION;
	struct step *step = add_step(p, kind, index, layer->from);

	step->in_map = in->map;
	step->in = in->block;
	step->out_map = out->map;
	step->out = out->block;
	return LES_OK;
}

static enum les_kind plan_layer(struct planner *p, uint32_t index)
{
	static enum les_kind (*const by_op[])(struct planner *, uint32_t, struct value *) = {
		[LES_OP_CONV] = plan_conv,     [LES_OP_LINEAR] = plan_conv,
		[LES_OP_LSTM] = plan_lstm,     [LES_OP_GROUP_NORM] = plan_group_norm,
		[LES_OP_CONCAT] = plan_concat, [LES_OP_POOL] = plan_plain,
		[LES_OP_RESHAPE] = plan_plain, [LES_OP_ADDITION] = plan_plain,
	};
	const struct les_layer *layer = &p->net->graph.layers[index];
	struct value *out = &p->values[index + 1];
	const bool last = index == p->net->graph.layers_n - 1;
	const struct value *in = value_of(p, layer->from);
	enum les_kind kind = LES_OK;

	if (root_of(&p->net->graph, (int32_t)index) != (int32_t)index)
		return LES_OK;
	out->map = (struct les_map){in->map.type, p->extents[index].h, p->extents[index].w,
				    layer->out_c};
	out->clean = false;
	if (last && (layer->op == LES_OP_CONV || layer->op == LES_OP_LINEAR))
		out->map.type = LES_F32;
	/* A group norm writes where it reads if nobody else reads that. */
	if (layer->op == LES_OP_GROUP_NORM &&
	    p->last_use[root_of(&p->net->graph, layer->from) + 1] == index) {
		out->block = in->block;
		p->blocks[in->block].last = p->last_use[index + 1];
	} else {
		kind = reserve(p, map_bytes(&out->map), index, p->last_use[index + 1], &out->block);
	}
	if (kind == LES_OK)
		kind = by_op[layer->op](p, index, out);
	return kind;
}

/* By whom each output is read last; what leaves the plan is never given up. */
static void find_uses(struct planner *p)
{
	const struct les_graph *graph = &p->net->graph;
	const uint32_t n = p->net->split;

	for (uint32_t i = 0; i < n; i++) {
		const struct les_layer *layer = &graph->layers[i];
		p->last_use[i + 1] = i;
		p->last_use[root_of(graph, layer->from) + 1] = i;
		for (uint32_t k = 0; layer->op == LES_OP_CONCAT && k < layer->concat.n; k++)
			p->last_use[root_of(graph, graph->branches[layer->concat.first + k]) + 1] =
				i;
	}
	p->last_use[root_of(graph, (int32_t)n - 1) + 1] = LES_LAYERS_MAX;
}

void les_plan_free(struct plan *plan)
{
	if (!plan)
		return;
	for (uint32_t i = 0; plan->steps && i < plan->steps_n; i++) {
		for (uint32_t k = 0; k < LES_THREADS_MAX; k++)
			les_call_free(plan->steps[i].calls[k]);
		les_prim_free(plan->steps[i].prim);
	}
	free(plan->steps);
	free(plan);
}
LES_DEFINE_CLEANUP(struct plan, les_plan_free)

static enum les_kind plan_layers(struct planner *p, uint32_t h, uint32_t w)
{
	const struct les_graph *graph = &p->net->graph;
	enum les_kind kind = les_graph_extents(graph, h, w, p->extents, p->reterr);

	if (kind != LES_OK)
		return kind;
	find_uses(p);
	p->values[0].map = (struct les_map){p->net->type, h, w, graph->in_c};
	p->values[0].clean = true;
	kind = reserve(p, map_bytes(&p->values[0].map), 0, p->last_use[0], &p->values[0].block);
	for (uint32_t i = 0; kind == LES_OK && i < p->net->split; i++)
		kind = plan_layer(p, i);
	return kind == LES_OK ? place_blocks(p) : kind;
}

enum les_kind les_plan_new(struct les_net *net, uint32_t threads_n, uint32_t h, uint32_t w,
			   struct plan **ret, struct les_error *reterr)
{
	LES_CLEANUP(les_plan_free_p) struct plan *plan = calloc(1, sizeof *plan);
	LES_CLEANUP(les_free_p) struct planner *p = calloc(1, sizeof *p);

	if (!plan || !p || !(plan->steps = calloc(STEPS_MAX, sizeof *plan->steps)))
		return les_fail(reterr, LES_NOMEM, "no memory for a plan");
	p->net = net;
	p->plan = plan;
	p->reterr = reterr;
	p->threads_n = threads_n;
	plan->h = h;
	plan->w = w;
	enum les_kind kind = plan_layers(p, h, w);
	if (kind != LES_OK)
		return kind;
	const struct value *out = value_of(p, (int32_t)net->split - 1);
	plan->in_map = p->values[0].map;
	plan->in = p->blocks[p->values[0].block].at;
	plan->out_map = out->map;
	plan->out = p->blocks[out->block].at;
	*ret = LES_TAKE(plan);
	return LES_OK;
}

static enum les_kind bind_step(struct step *step, struct les_net *net, char *arena, char *scratch,
			       uint32_t threads_n, struct les_error *reterr)
{
	const size_t scratch_each = (les_prim_bytes(step->prim, LES_ARG_SCRATCH) + 63) & ~63ul;
	const size_t gathered = les_prim_bytes(step->prim, LES_ARG_SRC);
	const bool lstm = step->kind == STEP_LSTM;
	void *weights = NULL, *iter = NULL, *bias = NULL;
	enum les_kind kind = les_net_packed(net, step->layer, step->prim, LES_ARG_WEIGHTS,
					    step->masked, &weights, reterr);

	if (kind == LES_OK && lstm)
		kind = les_net_packed(net, step->layer, step->prim, LES_ARG_WEIGHTS_ITER, false,
				      &iter, reterr);
	if (kind == LES_OK)
		kind = les_net_packed(net, step->layer, step->prim, LES_ARG_BIAS, false, &bias,
				      reterr);
	for (uint32_t i = 0; kind == LES_OK && i < (lstm ? threads_n : 1); i++) {
		char *work = arena + step->work + i * step->work_per_thread;
		const struct les_bind binds[] = {
			{LES_ARG_SRC, lstm ? work : arena + step->in},
			{LES_ARG_WEIGHTS, weights},
			{LES_ARG_WEIGHTS_ITER, iter},
			{LES_ARG_BIAS, bias},
			{LES_ARG_DST, lstm ? work + ((gathered + 63) & ~63ul) : arena + step->out},
			{LES_ARG_SCRATCH, scratch + i * scratch_each},
		};
		les_call_free(step->calls[i]);
		step->calls[i] = NULL;
		kind = les_call_new(step->prim, binds, LES_COUNT(binds), &step->calls[i], reterr);
	}
	return kind;
}

enum les_kind les_plan_bind(struct plan *plan, struct les_net *net, char *arena, char *scratch,
			    uint32_t threads_n, struct les_error *reterr)
{
	enum les_kind kind = LES_OK;

	for (uint32_t i = 0; kind == LES_OK && i < plan->steps_n; i++)
		if (plan->steps[i].prim)
			kind = bind_step(&plan->steps[i], net, arena, scratch, threads_n, reterr);
	return kind;
}
