#include "train/replica_inside.h"

#include <time.h>

double les_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

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
	const double from = les_seconds();
	enum les_kind kind = les_call_run(call, reterr);

	w->run->replica->times.primitives += les_seconds() - from;
	return kind;
}

static enum les_kind conv_forward(const struct work *w, struct les_error *reterr)
{
	enum les_kind kind = run_call(w, w->place->call_forward, reterr);

	if (kind == LES_OK && !w->stage->pooled) /* a pool looks at no padding */
		les_images_mask(&w->place->out, w->block + w->place->y);
	return kind;
}

static void add_to(float *restrict to, const float *restrict from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] += from[i];
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
	kind = run_call(w, p->call_weights, reterr);
	if (kind == LES_OK)
		add_to(gradient(w, 1), r->unpacked, tensor_n(w, 1));
	const size_t scratch =
		(les_prim_bytes(p->back_weights, LES_ARG_SCRATCH) + 63) & ~(size_t)63;
	if (kind == LES_OK)
		kind = les_unpack(p->back_weights, LES_ARG_DIFF_WEIGHTS,
				  w->run->plan->scratch + scratch, r->unpacked, reterr);
	if (kind == LES_OK)
		add_to(gradient(w, 0), r->unpacked, tensor_n(w, 0));
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

static float *floats(const struct work *w, size_t at)
{
	return (float *)(void *)(w->block + at);
}

static struct les_lstm_shape lstm_shape(const struct work *w, uint32_t way)
{
	const struct place *p = w->place;

	return (struct les_lstm_shape){.steps = p->in.w,
				       .n = p->in.n,
				       .in_c = p->in.c,
				       .hidden = w->stage->layer->lstm.hidden,
				       .lengths = p->in.widths,
				       .backwards = way == 1};
}

static struct les_lstm_memory lstm_memory(const struct work *w, uint32_t way)
{
	const size_t one = (size_t)w->place->in.w * w->place->in.n * w->stage->layer->lstm.hidden;
	float *at = floats(w, w->place->kept) + 6 * one * way;

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

static uint32_t ways_of(const struct work *w)
{
	return w->stage->layer->lstm.both_ways ? 2 : 1;
}

static enum les_kind lstm_forward(const struct work *w, struct les_error *reterr)
{
	const struct place *p = w->place;
	const double from = les_seconds();
	enum les_kind kind = LES_OK;

	for (uint32_t way = 0; way < ways_of(w) && kind == LES_OK; way++) {
		const struct les_lstm_shape shape = lstm_shape(w, way);
		const struct les_lstm_weights weights = lstm_weights(w, way);
		const struct les_lstm_memory memory = lstm_memory(w, way);
		kind = les_lstm_forward(&shape, &weights, floats(w, p->x), &memory,
					floats(w, p->y) + (size_t)way * shape.hidden, p->out.c,
					reterr);
	}
	w->run->replica->times.primitives += les_seconds() - from;
	return kind;
}

static enum les_kind lstm_backward(const struct work *w, struct les_error *reterr)
{
	const struct place *p = w->place;
	const double from = les_seconds();
	float *scratch = lstm_memory(w, ways_of(w)).gates;
	enum les_kind kind = LES_OK;

	for (uint32_t way = 0; way < ways_of(w) && kind == LES_OK; way++) {
		const struct les_lstm_shape shape = lstm_shape(w, way);
		const struct les_lstm_weights weights = lstm_weights(w, way);
		const struct les_lstm_memory memory = lstm_memory(w, way);
		const struct les_lstm_gradients gradients = {
			gradient(w, 4 * way), gradient(w, 4 * way + 1), gradient(w, 4 * way + 2),
			gradient(w, 4 * way + 3)};
		kind = les_lstm_backward(&shape, &weights, floats(w, p->x), &memory,
					 floats(w, p->dy) + (size_t)way * shape.hidden, p->out.c,
					 way > 0, floats(w, p->dx), &gradients, scratch, reterr);
	}
	w->run->replica->times.primitives += les_seconds() - from;
	return kind;
}

static enum les_kind timed_gemm(const struct work *w, const struct les_gemm *gemm,
				struct les_error *reterr)
{
	const double from = les_seconds();
	enum les_kind kind = les_gemm_run(gemm, reterr);

	w->run->replica->times.primitives += les_seconds() - from;
	return kind;
}

static enum les_kind linear_forward(const struct work *w, struct les_error *reterr)
{
	const struct place *p = w->place;
	const size_t rows = (size_t)p->in.w * p->in.n;
	float *y = floats(w, p->y);
	const float *bias = tensor(w, 1);
	const struct les_gemm gemm = {.b_turned = true,
				      .m = rows,
				      .n = p->out.c,
				      .k = p->in.c,
				      .a = floats(w, p->x),
				      .lda = p->in.c,
				      .b = tensor(w, 0),
				      .ldb = p->in.c,
				      .beta = 1,
				      .c = y,
				      .ldc = p->out.c};

	for (size_t row = 0; row < rows; row++)
		for (uint32_t i = 0; i < p->out.c; i++)
			y[row * p->out.c + i] = bias[i];
	return timed_gemm(w, &gemm, reterr);
}

static enum les_kind linear_backward(const struct work *w, struct les_error *reterr)
{
	const struct place *p = w->place;
	const size_t rows = (size_t)p->in.w * p->in.n;
	const float *dy = floats(w, p->dy);
	float *bias = gradient(w, 1);
	const struct les_gemm weights = {.a_turned = true,
					 .m = p->out.c,
					 .n = p->in.c,
					 .k = rows,
					 .a = dy,
					 .lda = p->out.c,
					 .b = floats(w, p->x),
					 .ldb = p->in.c,
					 .beta = 1,
					 .c = gradient(w, 0),
					 .ldc = p->in.c};
	const struct les_gemm data = {.m = rows,
				      .n = p->in.c,
				      .k = p->out.c,
				      .a = dy,
				      .lda = p->out.c,
				      .b = tensor(w, 0),
				      .ldb = p->in.c,
				      .c = floats(w, p->dx),
				      .ldc = p->in.c};
	enum les_kind kind = timed_gemm(w, &weights, reterr);

	for (size_t row = 0; row < rows; row++)
		for (uint32_t i = 0; i < p->out.c; i++)
			bias[i] += dy[row * p->out.c + i];
	return kind == LES_OK ? timed_gemm(w, &data, reterr) : kind;
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
	case STAGE_LSTM:
		return lstm_forward(&w, reterr);
	case STAGE_LINEAR:
		return linear_forward(&w, reterr);
	}
	return LES_OK;
}

enum les_kind les_stage_backward(struct run *run, uint32_t stage, struct les_error *reterr)
{
	const struct work w = work_of(run, stage);

	switch (w.stage->kind) {
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
	case STAGE_LSTM:
		return lstm_backward(&w, reterr);
	case STAGE_LINEAR:
		return linear_backward(&w, reterr);
	}
	return LES_OK;
}
