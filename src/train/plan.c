#include "train/replica_inside.h"

#include <stdlib.h>
#include <string.h>

struct les_lstm_shape les_stage_lstm_shape(const struct stage *stage, const struct place *p,
					   uint32_t way)
{
	return (struct les_lstm_shape){.steps = p->in.w,
				       .n = p->in.n,
				       .in_c = p->in.c,
				       .hidden = stage->layer->lstm.hidden,
				       .lengths = p->in.widths,
				       .backwards = way == 1};
}

bool les_stage_in_bf16(const struct les_replica *r, const struct stage *stage)
{
	return stage->kind == STAGE_LSTM && r->options.type == LES_BF16;
}

/* Bump allocation of offsets. */
static size_t take(size_t *at, size_t bytes)
{
	const size_t from = *at;

	*at += (bytes + 63) & ~(size_t)63;
	return from;
}

static size_t bytes_of(const struct les_images *s)
{
	return les_images_values(s) * les_type_bytes(s->type);
}

/* Of each way gates, cells and outputs; and scratch for the way back. */
static size_t lstm_bytes(const struct les_layer *l, size_t steps, size_t n)
{
	return ((l->lstm.both_ways ? 2 : 1) * steps * n * 6 + 2 * n) * l->lstm.hidden *
	       sizeof(float);
}

struct lane_room les_lane_room(const struct stage *stage, const struct place *p)
{
	const bool along_y = stage->layer->lstm.along_y;
	struct lane_room room = {.steps = along_y ? p->in.h : p->in.w,
				 .all = p->in.n * (along_y ? p->in.w : p->in.h)};
	const size_t values = (size_t)room.steps * LANES_AT_A_TIME * sizeof(float);

	room.x = take(&room.bytes, values * p->in.c);
	room.y = take(&room.bytes, values * p->out.c);
	room.dx = take(&room.bytes, values * p->in.c);
	room.kept = take(&room.bytes, lstm_bytes(stage->layer, room.steps, LANES_AT_A_TIME));
	room.lengths = take(&room.bytes, LANES_AT_A_TIME * sizeof(uint32_t));
	return room;
}

/* What a stage works with, and may forget at once. */
static size_t shared_bytes(const struct les_replica *r, const struct stage *stage,
			   const struct place *p)
{
	switch (stage->kind) {
	case STAGE_LSTM: {
		const struct les_lstm_shape lstm = les_stage_lstm_shape(stage, p, 0);
		return les_stage_in_bf16(r, stage) ? les_lstm_products_bytes(&lstm) : 0;
	}
	case STAGE_LANES:
		return les_lane_room(stage, p).bytes;
	case STAGE_LINEAR:
		return p->in.type == LES_F32 ? 0 : PIXELS_AT_A_TIME * p->in.c * sizeof(float);
	default:
		return 0;
	}
}

/* Memory that a stage keeps from the way there for the way back. */
static size_t kept_bytes(const struct stage *stage, const struct place *p)
{
	switch (stage->kind) {
	case STAGE_POOL:
		return les_images_values(&p->out);
	case STAGE_NORM:
		return (size_t)p->in.n * stage->layer->group_norm.groups * 2 * sizeof(float);
	case STAGE_LSTM:
		return lstm_bytes(stage->layer, p->out.w, p->out.n);
	default:
		return 0;
	}
}

static void shape_of(const struct les_replica *r, const struct stage *stage,
		     const struct les_extent *extents, struct place *p)
{
	const struct les_extent *e = &extents[stage->layer_number];

	p->out = p->in;
	p->out.c = stage->layer->out_c;
	if (stage->kind == STAGE_COLLAPSE) {
		p->out.c = p->in.c * p->in.h;
		p->out.h = 1;
		p->out.type = LES_F32;
	} else if (stage->kind == STAGE_CONV || stage->kind == STAGE_POOL) {
		p->out.h = e->h;
		p->out.w = e->w;
	}
	if (!stage->sequence)
		p->out.type = stage->kind == STAGE_LINEAR ? LES_F32 : r->options.type;
}

/* Where values lie on the way there. A convolution before a pool gives to the memory that is only
 * needed on the way back (flow[0]): the pool keeps all that the way back wants to know. */
static size_t lay_forward(const struct les_replica *r, struct plan *plan,
			  const struct les_extent *extents, size_t *ret_flow_bytes)
{
	struct les_images shape = {r->options.type, plan->lines,    r->graph->in_h,
				   plan->w,         r->graph->in_c, plan->edges};
	size_t at = 0, flow = 0, shared = 0, x;

	x = plan->input = take(&at, bytes_of(&shape));
	for (uint32_t i = 0; i < r->stages_n; i++) {
		const struct stage *stage = &r->stages[i];
		struct place *p = &plan->places[i];
		p->in = shape;
		shape_of(r, stage, extents, p);
		const bool image = stage->kind == STAGE_CONV || stage->kind == STAGE_POOL;
		p->in.widths = (image ? plan->edges : plan->widths) + (size_t)i * plan->lines;
		p->out.widths = p->in.widths + plan->lines;
		p->x = x;
		p->kept = take(&at, kept_bytes(stage, p));
		if (stage->kind == STAGE_DROPOUT)
			p->y = x;
		else if (!stage->pooled)
			p->y = take(&at, bytes_of(&p->out));
		else
			p->y = SIZE_MAX; /* flow[0], once its place is known */
		flow = bytes_of(&p->out) > flow ? bytes_of(&p->out) : flow;
		flow = bytes_of(&p->in) > flow ? bytes_of(&p->in) : flow;
		const size_t own = shared_bytes(r, stage, p);
		shared = own > shared ? own : shared;
		x = p->y;
		shape = p->out;
	}
	plan->logits = x;
	plan->shared = take(&at, shared);
	*ret_flow_bytes = flow;
	return at;
}

/* Gradients flow back and forth between two places. */
static void lay_backward(const struct les_replica *r, struct plan *plan, size_t flow_bytes,
			 size_t at)
{
	const size_t flow[2] = {take(&at, flow_bytes), take(&at, flow_bytes)};
	size_t dy = plan->logits; /* the loss's gradient replaces the logits */
	uint32_t turn = 0;

	for (uint32_t i = r->stages_n; i-- > 0;) {
		struct place *p = &plan->places[i];
		if (p->y == SIZE_MAX) {
			p->y = flow[0];
			plan->places[i + 1].x = flow[0];
		}
		p->dy = dy;
		p->dx = r->stages[i].kind == STAGE_DROPOUT ? dy : flow[turn];
		if (p->dx != dy)
			turn ^= 1;
		dy = p->dx;
	}
	plan->bytes = at;
}

void les_plan_free(struct plan *plan, uint32_t stages_n)
{
	if (!plan)
		return;
	for (uint32_t i = 0; i < stages_n; i++) {
		struct place *p = &plan->places[i];
		les_call_free(p->call_forward);
		les_call_free(p->call_data);
		les_call_free(p->call_weights);
		les_prim_free(p->forward);
		les_prim_free(p->back_data);
		les_prim_free(p->back_weights);
		les_winograd_free(p->winograd);
		les_lstm_products_done(&p->products[0]);
		les_lstm_products_done(&p->products[1]);
	}
	free(plan->widths);
	free(plan->edges);
	free(plan);
}

enum les_kind les_plan_new(const struct les_replica *r, uint32_t w, uint32_t lines,
			   struct plan **ret, struct les_error *reterr)
{
	struct les_extent extents[LES_LAYERS_MAX];
	struct plan *plan = calloc(1, sizeof *plan);
	size_t flow_bytes;
	enum les_kind kind;

	if (!plan ||
	    !(plan->widths = calloc((size_t)(r->stages_n + 1) * lines, sizeof(uint32_t))) ||
	    !(plan->edges = calloc((size_t)(r->stages_n + 1) * lines, sizeof(uint32_t)))) {
		les_plan_free(plan, 0);
		return les_fail(reterr, LES_NOMEM, "no memory for a plan");
	}
	plan->w = w;
	plan->lines = lines;
	kind = les_graph_extents(r->graph, r->graph->in_h, w, extents, reterr);
	if (kind == LES_OK && extents[r->graph->layers_n - 1].w == 0)
		kind = les_fail(reterr, LES_ARG, "nothing is left of lines %u px wide", w);
	if (kind != LES_OK) {
		les_plan_free(plan, 0);
		return kind;
	}
	const size_t at = lay_forward(r, plan, extents, &flow_bytes);
	lay_backward(r, plan, flow_bytes, at);
	*ret = plan;
	return LES_OK;
}

static struct les_conv conv_of(const struct stage *stage, const struct place *p)
{
	const struct les_layer *l = stage->layer;

	return (struct les_conv){
		.n = p->in.n,
		.in_c = p->in.c,
		.in_h = p->in.h,
		.in_w = p->in.w,
		.out_c = p->out.c,
		.out_h = p->out.h,
		.out_w = p->out.w,
		.kernel_h = l->conv.kernel_h,
		.kernel_w = l->conv.kernel_w,
		.stride_h = l->conv.stride_h,
		.stride_w = l->conv.stride_w,
		.dilation_h = l->conv.dilation_h,
		.dilation_w = l->conv.dilation_w,
		.pad_top = l->conv.dilation_h * (l->conv.kernel_h - 1) / 2,
		.pad_left = l->conv.dilation_w * (l->conv.kernel_w - 1) / 2,
		.groups = 1,
	};
}

const float *les_packing_values(const struct les_replica *r, const struct packing *packing)
{
	const float *values = r->params->values + r->params->tensors[packing->tensor].at;

	if (packing->form < PACKING_WINOGRAD)
		return values;
	les_winograd_kernel(&packing->conv, values, packing->form - PACKING_WINOGRAD, r->unpacked);
	return r->unpacked;
}

/* Weights in the order of want's primitive: those of another width where they serve. */
static enum les_kind find_packing(struct les_replica *r, const struct packing *want,
				  struct les_packed **ret, struct les_error *reterr)
{
	for (uint32_t i = 0; i < r->packings_n; i++)
		if (r->packings[i].tensor == want->tensor && r->packings[i].form == want->form &&
		    les_packed_fits(r->packings[i].packed, want->prim, LES_ARG_WEIGHTS)) {
			*ret = r->packings[i].packed;
			return LES_OK;
		}
	if (r->packings_n == r->packings_capacity) {
		const uint32_t more = r->packings_capacity ? 2 * r->packings_capacity : 16;
		struct packing *packings = realloc(r->packings, more * sizeof *packings);
		if (!packings)
			return les_fail(reterr, LES_NOMEM, "no memory for weights");
		r->packings = packings;
		r->packings_capacity = more;
	}
	enum les_kind kind = les_packed_new(want->prim, LES_ARG_WEIGHTS,
					    les_packing_values(r, want), ret, reterr);
	if (kind != LES_OK)
		return kind;
	r->packings[r->packings_n] = *want;
	r->packings[r->packings_n++].packed = *ret;
	return LES_OK;
}

static enum les_kind make_winograd(struct les_replica *r, uint32_t i, const struct les_conv *conv,
				   struct place *p, struct les_error *reterr)
{
	enum les_kind kind = les_winograd_new(conv, i > 0, &p->winograd, reterr);

	for (int back = 0; back < (i > 0 ? 2 : 1) && kind == LES_OK; back++)
		for (uint32_t k = 0; k < LES_WINOGRAD_KERNELS && kind == LES_OK; k++) {
			const struct packing want = {.tensor = r->stages[i].first,
						     .form = PACKING_WINOGRAD + k,
						     .conv = *conv,
						     .prim = les_winograd_prim(p->winograd, back)};
			kind = find_packing(r, &want, &p->kernels[back][k], reterr);
		}
	return kind;
}

static enum les_kind make_primitives(struct les_replica *r, uint32_t i, struct place *p,
				     struct les_error *reterr)
{
	const struct stage *stage = &r->stages[i];
	const uint32_t weights = stage->first;
	const struct les_conv conv = conv_of(stage, p);
	struct les_conv fused = conv;

	fused.act = stage->layer->conv.act;
	if (les_winograd_fits(&fused, p->in.type, p->out.type))
		return make_winograd(r, i, &fused, p, reterr);
	/* the primitives of the way back want to see a forward one; the activation is no matter */
	enum les_kind kind = les_prim_conv(&fused, p->in.type, p->out.type, LES_BLOCK_LAST,
					   LES_BLOCK_LAST, true, &p->forward, reterr);
	if (kind == LES_OK)
		kind = les_prim_conv_back_weights(&conv, p->forward, &p->back_weights, reterr);
	if (kind == LES_OK && i > 0)
		kind = les_prim_conv_back_data(&conv, p->forward, &p->back_data, reterr);
	if (kind == LES_OK)
		kind = find_packing(r, &(struct packing){.tensor = weights, .prim = p->forward},
				    &p->packed_forward, reterr);
	if (kind == LES_OK && i > 0)
		kind = find_packing(r, &(struct packing){.tensor = weights, .prim = p->back_data},
				    &p->packed_data, reterr);
	return kind;
}

/* Scratch: what a primitive needs while it runs; behind it the weights' gradients in its order. */
static size_t scratch_of(const struct les_prim *prim)
{
	return prim ? (les_prim_bytes(prim, LES_ARG_SCRATCH) + 63) & ~(size_t)63 : 0;
}

static enum les_kind make_calls(struct les_replica *r, struct plan *plan, const struct stage *stage,
				struct place *p, struct les_error *reterr)
{
	uint8_t *block = r->block, *scratch = plan->scratch;
	float *bias = r->params->values + r->params->tensors[stage->first + 1].at;

	if (p->winograd)
		return les_winograd_bind(p->winograd, p->kernels[0], p->kernels[1], bias, scratch,
					 reterr);
	const struct les_bind forward[] = {{LES_ARG_SRC, block + p->x},
					   {LES_ARG_WEIGHTS, les_packed_bytes(p->packed_forward)},
					   {LES_ARG_BIAS, bias},
					   {LES_ARG_DST, block + p->y},
					   {LES_ARG_SCRATCH, scratch}};
	const struct les_bind weights[] = {
		{LES_ARG_SRC, block + p->x},
		{LES_ARG_DIFF_DST, block + p->dy},
		{LES_ARG_DIFF_WEIGHTS, scratch + scratch_of(p->back_weights)},
		{LES_ARG_DIFF_BIAS, r->unpacked},
		{LES_ARG_SCRATCH, scratch}};
	enum les_kind kind =
		les_call_new(p->forward, forward, LES_COUNT(forward), &p->call_forward, reterr);

	if (kind == LES_OK)
		kind = les_call_new(p->back_weights, weights, LES_COUNT(weights), &p->call_weights,
				    reterr);
	if (kind == LES_OK && p->back_data) {
		const struct les_bind data[] = {{LES_ARG_DIFF_DST, block + p->dy},
						{LES_ARG_WEIGHTS, les_packed_bytes(p->packed_data)},
						{LES_ARG_DIFF_SRC, block + p->dx},
						{LES_ARG_SCRATCH, scratch}};
		kind = les_call_new(p->back_data, data, LES_COUNT(data), &p->call_data, reterr);
	}
	return kind;
}

/* An LSTM's products need scratch, too. */
static enum les_kind make_products(const struct les_replica *r, uint32_t i, struct place *p,
				   size_t *scratch, struct les_error *reterr)
{
	const struct stage *stage = &r->stages[i];
	enum les_kind kind = LES_OK;

	for (uint32_t way = 0; way < les_stage_ways(stage) && kind == LES_OK; way++) {
		const struct les_lstm_shape shape = les_stage_lstm_shape(stage, p, way);
		kind = les_lstm_products_compile(&shape, way > 0, &p->products[way], reterr);
		if (kind == LES_OK && les_lstm_products_scratch(&p->products[way]) > *scratch)
			*scratch = les_lstm_products_scratch(&p->products[way]);
	}
	return kind;
}

static enum les_kind bind_products(struct les_replica *r, const struct plan *plan,
				   const struct stage *stage, struct place *p,
				   struct les_error *reterr)
{
	enum les_kind kind = LES_OK;

	for (uint32_t way = 0; way < les_stage_ways(stage) && kind == LES_OK; way++) {
		const struct les_lstm_shape shape = les_stage_lstm_shape(stage, p, way);
		struct les_lstm_products *products = &p->products[way];
		struct les_packed *packed[LES_LSTM_PACKED_N];
		for (uint32_t k = 0; k < LES_LSTM_PACKED_N && kind == LES_OK; k++) {
			const bool back = k == LES_LSTM_STATE_BACK || k == LES_LSTM_INPUTS_BACK;
			const bool state = les_lstm_product_of_state((enum les_lstm_product)k);
			const struct packing want = {.tensor = stage->first + 4 * way + state,
						     .form = back ? PACKING_PLAIN : PACKING_TURNED,
						     .prim = products->prims[k]};
			kind = find_packing(r, &want, &packed[k], reterr);
		}
		if (kind == LES_OK)
			kind = les_lstm_products_bind(products, &shape, packed,
						      r->block + plan->shared, plan->scratch,
						      reterr);
	}
	return kind;
}

/* Shared by all plans, for one runs at a time. What is too small for a new one stays for those
 * bound to it; each is half as large again, so that there are few. */
static uint8_t *find_scratch(struct les_replica *r, size_t bytes)
{
	if (r->scratches_n > 0 && bytes <= r->scratch_bytes)
		return r->scratches[r->scratches_n - 1];
	if (r->scratches_n == SCRATCHES_MAX)
		return NULL;
	r->scratch_bytes = (bytes + bytes / 2 + 127) & ~(size_t)63;
	uint8_t *scratch = aligned_alloc(64, r->scratch_bytes);
	if (scratch)
		r->scratches[r->scratches_n++] = scratch;
	return scratch;
}

enum les_kind les_plan_compile(struct les_replica *r, struct plan *plan, struct les_error *reterr)
{
	size_t scratch = 0;
	enum les_kind kind = LES_OK;

	for (uint32_t i = 0; i < r->stages_n && kind == LES_OK; i++) {
		struct place *p = &plan->places[i];
		if (r->stages[i].kind == STAGE_CONV)
			kind = make_primitives(r, i, p, reterr);
		else if (les_stage_in_bf16(r, &r->stages[i]))
			kind = make_products(r, i, p, &scratch, reterr);
		if (kind != LES_OK)
			return kind;
		if (r->stages[i].kind != STAGE_CONV)
			continue;
		const size_t needs[] = {scratch_of(p->forward), scratch_of(p->back_data),
					p->winograd ? les_winograd_scratch(p->winograd)
						    : scratch_of(p->back_weights) +
							      les_prim_bytes(p->back_weights,
									     LES_ARG_DIFF_WEIGHTS)};
		for (size_t k = 0; k < LES_COUNT(needs); k++)
			scratch = needs[k] > scratch ? needs[k] : scratch;
	}
	plan->scratch = find_scratch(r, scratch);
	if (!plan->scratch)
		return les_fail(reterr, LES_NOMEM, "no memory for a plan");
	for (uint32_t i = 0; i < r->stages_n && kind == LES_OK; i++)
		if (r->stages[i].kind == STAGE_CONV)
			kind = make_calls(r, plan, &r->stages[i], &plan->places[i], reterr);
		else if (les_stage_in_bf16(r, &r->stages[i]))
			kind = bind_products(r, plan, &r->stages[i], &plan->places[i], reterr);
	plan->compiled = kind == LES_OK;
	return kind;
}
