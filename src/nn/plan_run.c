/* Runs a plan's steps: oneDNN's primitives, and ours between them. */
#include "nn/net_inside.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* A step at work, as its threads see it. */
struct work {
	const struct step *step;
	const struct les_net *net;
	char *arena;
	uint32_t len;
	_Atomic int kind; /* of the first that failed */
	struct les_error *reterr;
};

static const struct les_layer *layer_of(const struct work *work)
{
	return &work->net->graph.layers[work->step->layer];
}

static struct les_rows share(uint32_t h, uint32_t i, uint32_t n)
{
	return (struct les_rows){(uint32_t)((uint64_t)h * i / n),
				 (uint32_t)((uint64_t)h * (i + 1) / n)};
}

static void run_zero_tail(void *context, uint32_t i, uint32_t n)
{
	const struct work *w = context;

	les_op_zero_tail(&w->step->in_map, w->arena + w->step->in, w->len,
			 share(w->step->in_map.h, i, n));
}

static void run_pool(void *context, uint32_t i, uint32_t n)
{
	const struct work *w = context;
	const struct les_layer *layer = layer_of(w);
	const struct les_window window = {layer->pool.kernel_h, layer->pool.kernel_w,
					  layer->pool.stride_h, layer->pool.stride_w};

	les_op_pool_max(&w->step->in_map, w->arena + w->step->in, &window, &w->step->out_map,
			w->arena + w->step->out, share(w->step->out_map.h, i, n));
}

static void run_softmax(void *context, uint32_t i, uint32_t n)
{
	const struct work *w = context;

	les_op_softmax(&w->step->in_map, w->arena + w->step->in, share(w->step->in_map.h, i, n));
}

static void run_place(void *context, uint32_t i, uint32_t n)
{
	const struct work *w = context;

	les_op_place_channels(&w->step->in_map, w->arena + w->step->in, w->step->out_map.c,
			      w->step->place_at, w->arena + w->step->out,
			      share(w->step->in_map.h, i, n));
}

static void run_addition(void *context, uint32_t i, uint32_t n)
{
	const struct work *w = context;

	les_op_add_chunks(&w->step->in_map, w->arena + w->step->in, w->step->out_map.c,
			  w->arena + w->step->out, share(w->step->in_map.h, i, n));
}

static void run_fold(void *context, uint32_t i, uint32_t n)
{
	const struct work *w = context;
	const struct les_layer *layer = layer_of(w);
	const struct les_fold fold = {layer->reshape.a, layer->reshape.b, layer->reshape.keep_a};

	if (i == 0)
		les_op_fold(&w->step->in_map, w->arena + w->step->in, &fold, w->step->in_map.w,
			    w->arena + w->step->out, w->step->out_map.c);
	(void)n;
}

static struct les_moments *moments_of(const struct work *w, uint32_t threads_n)
{
	return (void *)(w->arena + w->step->work + (1 + threads_n) * w->step->work_per_thread);
}

static void run_moments(void *context, uint32_t i, uint32_t n)
{
	const struct work *w = context;

	les_op_group_moments(
		&w->step->in_map, w->arena + w->step->in, w->len, layer_of(w)->group_norm.groups,
		moments_of(w, n),
		(void *)(w->arena + w->step->work + (1 + i) * w->step->work_per_thread),
		share(w->step->in_map.h, i, n));
}

static void run_scale(void *context, uint32_t i, uint32_t n)
{
	const struct work *w = context;
	const float *scales = (void *)(w->arena + w->step->work);

	les_op_scale_channels(&w->step->in_map, w->arena + w->step->in, scales,
			      scales + w->step->in_map.c, w->arena + w->step->out,
			      share(w->step->in_map.h, i, n));
}

static void run_group_norm(struct work *w, uint32_t threads_n)
{
	float *scales = (void *)(w->arena + w->step->work);

	les_threads_run(threads_n, run_moments, w);
	les_op_group_scales(&w->step->in_map, w->len, layer_of(w)->group_norm.groups,
			    moments_of(w, threads_n), les_net_gamma(w->net, w->step->layer),
			    les_net_beta(w->net, w->step->layer), scales,
			    scales + w->step->in_map.c);
	les_threads_run(threads_n, run_scale, w);
}

/* Some lanes at a time; the last ones overlap those before them, so that all are of one size. */
static void run_lstm(void *context, uint32_t i, uint32_t n)
{
	struct work *w = context;
	const struct step *step = w->step;
	const struct les_layer *layer = layer_of(w);
	const uint32_t all = layer->lstm.along_y ? step->in_map.w : step->in_map.h;
	const uint32_t parts = (all + step->lanes_n - 1) / step->lanes_n;
	const size_t stride = (step->in_map.c + step->masked + 15) & ~(size_t)15;
	const uint32_t len = layer->lstm.along_y ? step->in_map.h : w->len;
	char *gathered = w->arena + step->work + i * step->work_per_thread;
	char *computed = gathered + ((les_prim_bytes(step->prim, LES_ARG_SRC) + 63) & ~63ul);

	for (uint32_t part = i; part < parts; part += n) {
		struct les_lanes lanes = {part * step->lanes_n, step->lanes_n, layer->lstm.along_y};
		if (lanes.first + lanes.n > all)
			lanes.first = all - lanes.n;
		les_op_to_sequences(&step->in_map, w->arena + step->in, &lanes, len, step->masked,
				    gathered, stride);
		const enum les_kind kind = les_call_run(step->calls[i], NULL);
		if (kind != LES_OK)
			atomic_store(&w->kind, kind);
		les_op_from_sequences(&step->out_map, computed, &lanes, layer->lstm.last_only, len,
				      w->arena + step->out);
	}
}

static enum les_kind run_step(struct work *w, uint32_t threads_n)
{
	static void (*const by_kind[])(void *, uint32_t, uint32_t) = {
		[STEP_ZERO_TAIL] = run_zero_tail, [STEP_POOL] = run_pool,
		[STEP_SOFTMAX] = run_softmax,     [STEP_FOLD] = run_fold,
		[STEP_LSTM] = run_lstm,           [STEP_PLACE] = run_place,
		[STEP_ADDITION] = run_addition,
	};

	if (w->step->kind == STEP_PRIM)
		return les_call_run(w->step->calls[0], w->reterr);
	if (w->step->kind == STEP_GROUP_NORM)
		run_group_norm(w, threads_n);
	else
		les_threads_run(threads_n, by_kind[w->step->kind], w);
	const enum les_kind kind = (enum les_kind)atomic_load(&w->kind);
	return kind == LES_OK ? kind : les_fail(w->reterr, kind, "a layer could not be run");
}

enum les_kind les_plan_run(struct plan *plan, const struct les_net *net, char *arena,
			   uint32_t threads_n, uint32_t in_len, const struct les_extent *lens,
			   struct les_error *reterr)
{
	enum les_kind kind = LES_OK;

	for (uint32_t i = 0; kind == LES_OK && i < plan->steps_n; i++) {
		const struct step *step = &plan->steps[i];
		struct work work = {
			.step = step,
			.net = net,
			.arena = arena,
			.len = step->len_of == LES_INPUT ? in_len : lens[step->len_of].w,
			.reterr = reterr,
		};
		kind = run_step(&work, threads_n);
	}
	return kind;
}
