#include "limit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { CALLS_MAX = 4096, LANES = 16 };

/* One primitive; lanes: run so often, on so many threads, each with its own call. */
struct part {
	struct les_prim *prim;
	struct les_call *calls[LES_THREADS_MAX];
	uint32_t times;
};

struct limit {
	struct part *parts;
	uint32_t parts_n;
	uint32_t threads_n;
	enum les_type type;
	size_t bytes[LES_ARG_N]; /* room for the largest of each argument, for all calls */
	char *memory[LES_ARG_N];
};

static void check(enum les_kind kind, const struct les_error *error)
{
	if (kind == LES_OK)
		return;
	fprintf(stderr, "%s\n", error->message);
	abort();
}

static struct part *add(struct limit *limit, uint32_t times)
{
	if (limit->parts_n == CALLS_MAX)
		abort();
	limit->parts[limit->parts_n].times = times;
	return &limit->parts[limit->parts_n++];
}

static void add_image(struct limit *limit, const struct les_layer *layer, struct les_extent in,
		      struct les_extent out)
{
	struct les_error error = {0};
	const bool linear = layer->op == LES_OP_LINEAR;
	struct les_conv conv = {
		1, layer->in_c, in.h, in.w, layer->out_c, out.h,       out.w, 1, 1, 1, 1, 1,
		1, 0,           0,    1,    false,        LES_ACT_NONE};
	const struct les_pool_shape pool = {1,
					    layer->in_c,
					    in.h,
					    in.w,
					    out.h,
					    out.w,
					    layer->pool.kernel_h,
					    layer->pool.kernel_w,
					    layer->pool.stride_h,
					    layer->pool.stride_w};

	if (layer->op == LES_OP_POOL) {
		check(les_prim_pool(&pool, limit->type, LES_BLOCK_LAST, false, &add(limit, 1)->prim,
				    &error),
		      &error);
		return;
	}
	if (!linear) {
		conv.kernel_h = layer->conv.kernel_h;
		conv.kernel_w = layer->conv.kernel_w;
		conv.stride_h = layer->conv.stride_h;
		conv.stride_w = layer->conv.stride_w;
		conv.dilation_h = layer->conv.dilation_h;
		conv.dilation_w = layer->conv.dilation_w;
		conv.act = layer->conv.act;
		conv.pad_top = les_conv_pad(conv.kernel_h, conv.dilation_h);
		conv.pad_left = les_conv_pad(conv.kernel_w, conv.dilation_w);
	}
	check(les_prim_conv(&conv, limit->type, limit->type, LES_BLOCK_ANY, LES_BLOCK_ANY, false,
			    &add(limit, 1)->prim, &error),
	      &error);
}

static void add_lstm(struct limit *limit, const struct les_layer *layer, uint32_t steps, uint32_t n,
		     uint32_t times)
{
	struct les_error error = {0};
	const struct les_lstm lstm = {
		.steps = steps,
		.n = n,
		.in_c = layer->in_c,
		.hidden = layer->lstm.hidden,
		.in_stride = layer->in_c,
		.out_stride = layer->out_c,
		.both_ways = layer->lstm.both_ways,
	};

	if (times > 1)
		les_threads_set(1);
	check(les_prim_lstm(&lstm, limit->type, false, &add(limit, times)->prim, &error), &error);
	les_threads_set(limit->threads_n);
}

static void add_linear(struct limit *limit, const struct les_layer *layer, uint32_t rows)
{
	struct les_error error = {0};
	const struct les_linear linear = {rows, layer->in_c, layer->out_c, layer->in_c};

	check(les_prim_linear(&linear, limit->type, LES_F32, &add(limit, 1)->prim, &error), &error);
}

static void add_layer(struct limit *limit, const struct les_layer *layer, struct les_extent in,
		      struct les_extent out, uint32_t n, bool first)
{
	switch (layer->op) {
	case LES_OP_LSTM:
		if (in.h == 1 && !layer->lstm.along_y) {
			if (first) /* the widest line: the whole batch has its length */
				add_lstm(limit, layer, in.w, n, 1);
		} else {
			const uint32_t all = layer->lstm.along_y ? in.w : in.h;
			add_lstm(limit, layer, layer->lstm.along_y ? in.h : in.w,
				 all < LANES ? all : LANES, (all + LANES - 1) / LANES);
		}
		break;
	case LES_OP_LINEAR:
		if (in.h > 1)
			add_image(limit, layer, in, out);
		else if (first)
			add_linear(limit, layer, in.w * n);
		break;
	case LES_OP_CONV:
	case LES_OP_POOL:
		add_image(limit, layer, in, out);
		break;
	default:
		break;
	}
}

/* Memory that all calls share, as a plan would: touched once, in huge pages. */
static void bind(struct limit *limit)
{
	struct les_error error = {0};

	for (uint32_t i = 0; i < limit->parts_n; i++)
		for (int a = 0; a < LES_ARG_N; a++) {
			const size_t bytes = les_prim_bytes(limit->parts[i].prim, (enum les_arg)a);
			if (bytes > limit->bytes[a])
				limit->bytes[a] = (bytes + 63) & ~63ul;
		}
	for (int a = 0; a < LES_ARG_N; a++) {
		if (!limit->bytes[a])
			continue;
		const size_t all = (limit->bytes[a] * limit->threads_n + (2 << 20)) & ~0x1ffffful;
		limit->memory[a] = aligned_alloc(2 << 20, all);
		if (!limit->memory[a])
			abort();
		madvise(limit->memory[a], all, MADV_HUGEPAGE);
		memset(limit->memory[a], 0, all);
	}
	for (uint32_t i = 0; i < limit->parts_n; i++) {
		struct part *part = &limit->parts[i];
		for (uint32_t k = 0; k < (part->times > 1 ? limit->threads_n : 1); k++) {
			struct les_bind binds[LES_ARG_N];
			for (int a = 0; a < LES_ARG_N; a++)
				binds[a] = (struct les_bind){
					(enum les_arg)a, limit->memory[a] + k * limit->bytes[a]};
			check(les_call_new(part->prim, binds, LES_ARG_N, &part->calls[k], &error),
			      &error);
		}
	}
}

struct limit *limit_new(const struct les_graph *graph, enum les_type type, uint32_t threads_n,
			uint32_t h, const uint32_t *w, uint32_t n)
{
	struct limit *limit = calloc(1, sizeof *limit);
	struct les_extent extents[LES_LAYERS_MAX];
	uint32_t widest = 0;

	if (!limit || !(limit->parts = calloc(CALLS_MAX, sizeof *limit->parts)))
		abort();
	limit->type = type;
	limit->threads_n = threads_n;
	les_threads_set(threads_n);
	for (uint32_t i = 1; i < n; i++)
		widest = w[i] > w[widest] ? i : widest;
	for (uint32_t i = 0; i < n; i++) {
		if (les_graph_extents(graph, h, w[i], extents, NULL) != LES_OK)
			abort();
		for (uint32_t k = 0; k < graph->layers_n; k++) {
			const struct les_layer *layer = &graph->layers[k];
			const struct les_extent in = layer->from == LES_INPUT
							     ? (struct les_extent){h, w[i]}
							     : extents[layer->from];
			add_layer(limit, layer, in, extents[k], n, i == widest);
		}
	}
	bind(limit);
	return limit;
}

static void run_lanes(void *context, uint32_t i, uint32_t n)
{
	struct part *part = context;
	struct les_error error = {0};

	for (uint32_t k = i; k < part->times; k += n)
		check(les_call_run(part->calls[i], &error), &error);
}

void limit_run(struct limit *limit)
{
	les_threads_set(limit->threads_n);
	for (uint32_t i = 0; i < limit->parts_n; i++) {
		if (limit->parts[i].times > 1)
			les_threads_run(limit->threads_n, run_lanes, &limit->parts[i]);
		else
			run_lanes(&limit->parts[i], 0, 1);
	}
}

void limit_free(struct limit *limit)
{
	for (uint32_t i = 0; i < limit->parts_n; i++) {
		for (uint32_t k = 0; k < LES_THREADS_MAX; k++)
			les_call_free(limit->parts[i].calls[k]);
		les_prim_free(limit->parts[i].prim);
	}
	for (int a = 0; a < LES_ARG_N; a++)
		free(limit->memory[a]);
	free(limit->parts);
	free(limit);
}
