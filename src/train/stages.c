#include "train/replica_inside.h"

#include "base/clock.h"

/* A stage at hand. */
struct work {
	struct run *run;
	const struct stage *stage;
	struct place *place;
	uint8_t *block;
};

static const float *tensor(const struct work *w, uint32_t i)
{
	const struct les_params *params = w->run->replica->params;

	return params->values + params->tensors[w->stage->first + i].at;
}

static float *gradient(const struct work *w, uint32_t i)
{
	const struct les_replica *r = w->run->replica;

	return r->gradients + r->params->tensors[w->stage->first + i].at;
}

static size_t tensor_n(const struct work *w, uint32_t i)
{
	return w->run->replica->params->tensors[w->stage->first + i].n;
}

static enum les_kind run_call(const struct work *w, struct les_call *call, struct les_error *reterr)
{
	const double from = les_clock_s();
	enum les_kind kind = les_call_run(call, reterr);

	w->run->replica->times.primitives += les_clock_s() - from;
	return kind;
}

static float *floats(const struct work *w, size_t at)
{
	return (float *)(void *)(w->block + at);
}

static enum les_kind conv_forward(const struct work *w, struct les_error *reterr)
{
	const struct place *p = w->place;
	enum les_kind kind =
		p->winograd ? les_winograd_forward(p->winograd, floats(w, p->x), floats(w, p->y),
						   &w->run->replica->times.primitives, reterr)
			    : run_call(w, p->call_forward, reterr);

	if (kind == LES_OK && !w->stage->pooled) /* a pool looks at no padding */
		les_images_mask(&w->place->out, w->block + w->place->y);
	return kind;
}

static enum les_kind winograd_backward(const struct work *w, struct les_error *reterr)
{
	const struct place *p = w->place;
	double *seconds = &w->run->replica->times.primitives;
	enum les_kind kind =
		les_winograd_back_weights(p->winograd, floats(w, p->x), floats(w, p->dy),
					  gradient(w, 0), gradient(w, 1), seconds, reterr);

	if (kind == LES_OK && les_winograd_prim(p->winograd, true))
		kind = les_winograd_back_data(p->winograd, floats(w, p->dy), floats(w, p->dx),
					      seconds, reterr);
	return kind;
}

static enum les_kind conv_backward(const struct work *w, struct les_error *reterr)
{
	struct les_replica *r = w->run->replica;
	struct place *p = w->place;
	enum les_kind kind;

	if (!w->stage->pooled) {
		if (w->stage->slope < 1)
			les_relu_backward(&p->out, w->stage->slope, w->block + p->y,
					  w->block + p->dy);
		les_images_mask(&p->out, w->block + p->dy);
	}
	if (p->winograd)
		return winograd_backward(w, reterr);
	kind = run_call(w, p->call_weights, reterr);
	if (kind == LES_OK)
		les_values_add(gradient(w, 1), r->unpacked, tensor_n(w, 1));
	const size_t scratch =
		(les_prim_bytes(p->back_weights, LES_ARG_SCRATCH) + 63) & ~(size_t)63;
	if (kind == LES_OK)
		kind = les_unpack(p->back_weights, LES_ARG_DIFF_WEIGHTS,
				  w->run->plan->scratch + scratch, r->unpacked, reterr);
	if (kind == LES_OK)
		les_values_add(gradient(w, 0), r->unpacked, tensor_n(w, 0));
	if (kind == LES_OK && p->call_data)
		kind = run_call(w, p->call_data, reterr);
	return kind;
}

static struct les_pool pool_of(const struct stage *stage)
{
	return (struct les_pool){stage->layer->pool.kernel_h, stage->layer->pool.kernel_w,
				 stage->layer->pool.stride_h, stage->layer->pool.stride_w,
				 stage->slope};
}

static void pool_forward(const struct work *w)
{
	const struct les_pool pool = pool_of(w->stage);
	const struct place *p = w->place;

	les_pool_forward(&pool, &p->in, &p->out, w->block + p->x, w->block + p->y,
			 w->block + p->kept);
}

static void pool_backward(const struct work *w)
{
	const struct les_pool pool = pool_of(w->stage);
	const struct place *p = w->place;

	les_images_mask(&p->out, w->block + p->dy);
	les_pool_backward(&pool, &p->in, &p->out, w->block + p->y, w->block + p->kept,
			  w->block + p->dy, w->block + p->dx);
}

static void dropout(const struct work *w, size_t at)
{
	const struct les_layer *l = w->stage->layer;
	struct les_images s = w->place->out;

	if (!w->run->dropout)
		return;
	if (w->stage->sequence && l->dropout.dims == 2) {
		/* [steps][n][c] as one image a step would draw anew at each: all steps of a line
		 * lose the same channels, so steps are rows of one wide image */
		s.h = s.w;
		s.w = 1;
		s.c *= s.n;
		s.n = 1;
	} else if (w->stage->sequence) {
		s.h = 1;
		s.w = s.w * s.n;
		s.n = 1;
	}
	les_dropout_run(&s, l->dropout.p, l->dropout.dims,
			w->run->seed + 0x9e37u * (uint64_t)w->stage->layer_number, w->block + at);
}

static void norm_forward(const struct work *w)
{
	const struct place *p = w->place;

	les_group_norm_forward(&p->in, w->stage->layer->group_norm.groups, tensor(w, 0),
			       tensor(w, 1), w->block + p->x, w->block + p->y,
			       (float *)(void *)(w->block + p->kept));
}

static void norm_backward(const struct work *w)
{
	const struct place *p = w->place;

	les_group_norm_backward(&p->in, w->stage->layer->group_norm.groups, tensor(w, 0),
				w->block + p->x, (const float *)(void *)(w->block + p->kept),
				w->block + p->dy, gradient(w, 0), gradient(w, 1), w->block + p->dx);
}

/* What an LSTM goes along: a whole sequence, or some lanes of images. */
struct sequences {
	uint32_t steps, n;
	const uint32_t *lengths;
	float *x, *y, *dx; /* y: output, and its gradient on the way back */
	float *kept;
	const struct les_lstm_products *products; /* [ways], or NULL */
};

static struct les_lstm_shape lstm_shape(const struct work *w, const struct sequences *s,
					uint32_t way)
{
	return (struct les_lstm_shape){.steps = s->steps,
				       .n = s->n,
				       .in_c = w->place->in.c,
				       .hidden = w->stage->layer->lstm.hidden,
				       .lengths = s->lengths,
				       .backwards = way == 1};
}

static struct les_lstm_memory lstm_memory(const struct work *w, const struct sequences *s,
					  uint32_t way)
{
	const size_t one = (size_t)s->steps * s->n * w->stage->layer->lstm.hidden;
	float *at = s->kept + 6 * one * way;

	return (struct les_lstm_memory){at, at + 4 * one, at + 5 * one};
}

static struct les_lstm_weights lstm_weights(const struct work *w, uint32_t way)
{
	const struct les_replica *r = w->run->replica;
	const uint32_t first = 4 * way;

	return (struct les_lstm_weights){
		tensor(w, first), tensor(w, first + 1), tensor(w, first + 2), tensor(w, first + 3),
		r->turned + r->params->tensors[w->stage->first + first + 1].at};
}

static enum les_kind lstm_forward(const struct work *w, const struct sequences *s,
				  struct les_error *reterr)
{
	const double from = les_clock_s();
	enum les_kind kind = LES_OK;

	for (uint32_t way = 0; way < les_stage_ways(w->stage) && kind == LES_OK; way++) {
		const struct les_lstm_shape shape = lstm_shape(w, s, way);
		const struct les_lstm_weights weights = lstm_weights(w, way);
		const struct les_lstm_memory memory = lstm_memory(w, s, way);
		kind = les_lstm_forward(&shape, &weights, s->products ? &s->products[way] : NULL,
					s->x, &memory, s->y + (size_t)way * shape.hidden,
					w->place->out.c, reterr);
	}
	w->run->replica->times.primitives += les_clock_s() - from;
	return kind;
}

static enum les_kind lstm_backward(const struct work *w, const struct sequences *s,
				   struct les_error *reterr)
{
	const double from = les_clock_s();
	float *scratch = lstm_memory(w, s, les_stage_ways(w->stage)).gates;
	enum les_kind kind = LES_OK;

	for (uint32_t way = 0; way < les_stage_ways(w->stage) && kind == LES_OK; way++) {
		const struct les_lstm_shape shape = lstm_shape(w, s, way);
		const struct les_lstm_weights weights = lstm_weights(w, way);
		const struct les_lstm_memory memory = lstm_memory(w, s, way);
		const struct les_lstm_gradients gradients = {
			gradient(w, 4 * way), gradient(w, 4 * way + 1), gradient(w, 4 * way + 2),
			gradient(w, 4 * way + 3)};
		kind = les_lstm_backward(&shape, &weights, s->products ? &s->products[way] : NULL,
					 s->x, &memory, s->y + (size_t)way * shape.hidden,
					 w->place->out.c, way > 0, s->dx, &gradients, scratch,
					 reterr);
	}
	w->run->replica->times.primitives += les_clock_s() - from;
	return kind;
}

/* The one sequence of a net that reads lines; y or dy. */
static struct sequences whole_sequence(const struct work *w, size_t y)
{
	const struct place *p = w->place;

	return (struct sequences){
		.steps = p->in.w,
		.n = p->in.n,
		.lengths = p->in.widths,
		.x = floats(w, p->x),
		.y = floats(w, y),
		.dx = floats(w, p->dx),
		.kept = floats(w, p->kept),
		.products = les_stage_in_bf16(w->run->replica, w->stage) ? p->products : NULL};
}

static struct sequences some_lanes(const struct work *w, const struct lane_room *room,
				   struct les_lanes *lanes)
{
	const size_t at = w->run->plan->shared;
	const struct les_images *in = &w->place->in;
	uint32_t *lengths = (uint32_t *)(void *)(w->block + at + room->lengths);

	lanes->along_y = w->stage->layer->lstm.along_y;
	lanes->n = room->all - lanes->first < LANES_AT_A_TIME ? room->all - lanes->first
							      : LANES_AT_A_TIME;
	les_lanes_lengths(in, lanes, lengths);
	les_lanes_gather(in, lanes, w->block + w->place->x, floats(w, at + room->x));
	return (struct sequences){.steps = room->steps,
				  .n = lanes->n,
				  .lengths = lengths,
				  .x = floats(w, at + room->x),
				  .y = floats(w, at + room->y),
				  .dx = floats(w, at + room->dx),
				  .kept = floats(w, at + room->kept)};
}

static enum les_kind lanes_forward(const struct work *w, struct les_error *reterr)
{
	const struct lane_room room = les_lane_room(w->stage, w->place);
	struct les_lanes lanes = {0};
	enum les_kind kind = LES_OK;

	for (; lanes.first < room.all && kind == LES_OK; lanes.first += lanes.n) {
		const struct sequences s = some_lanes(w, &room, &lanes);
		kind = lstm_forward(w, &s, reterr);
		les_lanes_scatter(&w->place->out, &lanes, s.y, w->block + w->place->y);
	}
	return kind;
}

static enum les_kind lanes_backward(const struct work *w, struct les_error *reterr)
{
	const struct lane_room room = les_lane_room(w->stage, w->place);
	struct les_lanes lanes = {0};
	enum les_kind kind = LES_OK;

	for (; lanes.first < room.all && kind == LES_OK; lanes.first += lanes.n) {
		const struct sequences s = some_lanes(w, &room, &lanes);
		kind = lstm_forward(w, &s, reterr);
		les_lanes_gather(&w->place->out, &lanes, w->block + w->place->dy, s.y);
		if (kind == LES_OK)
			kind = lstm_backward(w, &s, reterr);
		les_lanes_scatter(&w->place->in, &lanes, s.dx, w->block + w->place->dx);
	}
	return kind;
}

static enum les_kind timed_gemm(const struct work *w, const struct les_gemm *gemm,
				struct les_error *reterr)
{
	const double from = les_clock_s();
	enum les_kind kind = les_gemm_run(gemm, reterr);

	w->run->replica->times.primitives += les_clock_s() - from;
	return kind;
}

/* Some steps or pixels that a linear layer goes through. */
struct rows {
	size_t first, n;
	float *x; /* f32: their place, or where bf16 is turned to it */
};

/* f32: all at a time. */
static struct rows some_rows(const struct work *w, size_t first)
{
	const struct les_images *in = &w->place->in;
	const size_t all = les_images_values(in) / in->c;
	struct rows rows = {first, all - first, floats(w, w->place->x)};

	if (in->type == LES_F32)
		return rows;
	rows.n = rows.n < PIXELS_AT_A_TIME ? rows.n : PIXELS_AT_A_TIME;
	rows.x = floats(w, w->run->plan->shared);
	les_op_to_f32(in->type, w->block + w->place->x + first * in->c * les_type_bytes(in->type),
		      rows.x, rows.n * in->c);
	return rows;
}

static bool any_rows(const struct work *w, size_t first)
{
	return first < les_images_values(&w->place->in) / w->place->in.c;
}

static enum les_kind rows_forward(const struct work *w, const struct rows *rows,
				  struct les_error *reterr)
{
	const struct place *p = w->place;
	float *y = floats(w, p->y) + rows->first * p->out.c;
	const float *bias = tensor(w, 1);
	const struct les_gemm gemm = {.b_turned = true,
				      .m = rows->n,
				      .n = p->out.c,
				      .k = p->in.c,
				      .a = rows->x,
				      .lda = p->in.c,
				      .b = tensor(w, 0),
				      .ldb = p->in.c,
				      .beta = 1,
				      .c = y,
				      .ldc = p->out.c};

	for (size_t row = 0; row < rows->n; row++)
		for (uint32_t i = 0; i < p->out.c; i++)
			y[row * p->out.c + i] = bias[i];
	return timed_gemm(w, &gemm, reterr);
}

static enum les_kind linear_forward(const struct work *w, struct les_error *reterr)
{
	enum les_kind kind = LES_OK;
	struct rows rows;

	for (size_t first = 0; any_rows(w, first) && kind == LES_OK; first += rows.n) {
		rows = some_rows(w, first);
		kind = rows_forward(w, &rows, reterr);
	}
	if (!w->stage->sequence)
		les_images_mask(&w->place->out, w->block + w->place->y);
	return kind;
}

static enum les_kind rows_backward(const struct work *w, const struct rows *rows, float *dx,
				   struct les_error *reterr)
{
	const struct place *p = w->place;
	const float *dy = floats(w, p->dy) + rows->first * p->out.c;
	float *bias = gradient(w, 1);
	const struct les_gemm weights = {.a_turned = true,
					 .m = p->out.c,
					 .n = p->in.c,
					 .k = rows->n,
					 .a = dy,
					 .lda = p->out.c,
					 .b = rows->x,
					 .ldb = p->in.c,
					 .beta = 1,
					 .c = gradient(w, 0),
					 .ldc = p->in.c};
	const struct les_gemm data = {.m = rows->n,
				      .n = p->in.c,
				      .k = p->out.c,
				      .a = dy,
				      .lda = p->out.c,
				      .b = tensor(w, 0),
				      .ldb = p->in.c,
				      .c = dx,
				      .ldc = p->in.c};
	enum les_kind kind = timed_gemm(w, &weights, reterr);

	for (size_t row = 0; row < rows->n; row++)
		for (uint32_t i = 0; i < p->out.c; i++)
			bias[i] += dy[row * p->out.c + i];
	return kind == LES_OK ? timed_gemm(w, &data, reterr) : kind;
}

/* Images of bf16: x is of no more use once the weights' gradient is there, and dx takes its room.
 */
static enum les_kind linear_backward(const struct work *w, struct les_error *reterr)
{
	const struct place *p = w->place;
	const enum les_type type = p->in.type;
	enum les_kind kind = LES_OK;
	struct rows rows;

	for (size_t first = 0; any_rows(w, first) && kind == LES_OK; first += rows.n) {
		rows = some_rows(w, first);
		float *dx = type == LES_F32 ? floats(w, p->dx) : rows.x;
		kind = rows_backward(w, &rows, dx, reterr);
		if (type != LES_F32)
			les_op_from_f32(type, dx,
					w->block + p->dx + first * p->in.c * les_type_bytes(type),
					rows.n * p->in.c);
	}
	return kind;
}

static struct work work_of(struct run *run, uint32_t stage)
{
	return (struct work){.run = run,
			     .stage = &run->replica->stages[stage],
			     .place = &run->plan->places[stage],
			     .block = run->replica->block};
}

enum les_kind les_stage_forward(struct run *run, uint32_t stage, struct les_error *reterr)
{
	const struct work w = work_of(run, stage);

	switch (w.stage->kind) {
	case STAGE_NONE:
		return LES_OK;
	case STAGE_CONV:
		return conv_forward(&w, reterr);
	case STAGE_POOL:
		pool_forward(&w);
		return LES_OK;
	case STAGE_DROPOUT:
		dropout(&w, w.place->y);
		return LES_OK;
	case STAGE_NORM:
		norm_forward(&w);
		return LES_OK;
	case STAGE_COLLAPSE:
		les_collapse_forward(&w.place->in, w.block + w.place->x, floats(&w, w.place->y));
		return LES_OK;
	case STAGE_LSTM: {
		const struct sequences all = whole_sequence(&w, w.place->y);
		return lstm_forward(&w, &all, reterr);
	}
	case STAGE_LANES:
		return lanes_forward(&w, reterr);
	case STAGE_LINEAR:
		return linear_forward(&w, reterr);
	}
	return LES_OK;
}

enum les_kind les_stage_backward(struct run *run, uint32_t stage, struct les_error *reterr)
{
	const struct work w = work_of(run, stage);

	switch (w.stage->kind) {
	case STAGE_NONE:
		return LES_OK;
	case STAGE_CONV:
		return conv_backward(&w, reterr);
	case STAGE_POOL:
		pool_backward(&w);
		return LES_OK;
	case STAGE_DROPOUT:
		dropout(&w, w.place->dy);
		return LES_OK;
	case STAGE_NORM:
		norm_backward(&w);
		return LES_OK;
	case STAGE_COLLAPSE:
		les_collapse_backward(&w.place->in, floats(&w, w.place->dy), w.block + w.place->dx);
		return LES_OK;
	case STAGE_LSTM: {
		const struct sequences all = whole_sequence(&w, w.place->dy);
		return lstm_backward(&w, &all, reterr);
	}
	case STAGE_LANES:
		return lanes_backward(&w, reterr);
	case STAGE_LINEAR:
		return linear_backward(&w, reterr);
	}
	return LES_OK;
}
