#include "train/replica_inside.h"

#include "base/clock.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static float slope_of(const struct les_layer *l)
{
	return l->conv.act == LES_ACT_RELU ? 0 : l->conv.act == LES_ACT_LEAKY ? 0.01f : 1;
}

static struct stage *push(struct les_replica *r, enum stage_kind kind, uint32_t layer)
{
	struct stage *stage = &r->stages[r->stages_n++];

	*stage = (struct stage){.kind = kind,
				.layer = &r->graph->layers[layer],
				.layer_number = layer,
				.first = les_params_first(r->params, layer),
				.slope = 1};
	return stage;
}

/* What a layer is on images and on a sequence. */
static const struct {
	enum stage_kind image, sequence;
} stage_kinds[] = {
	[LES_OP_CONV] = {STAGE_CONV, STAGE_NONE},
	[LES_OP_POOL] = {STAGE_POOL, STAGE_NONE},
	[LES_OP_LSTM] = {STAGE_LANES, STAGE_LSTM},
	[LES_OP_LINEAR] = {STAGE_NONE, STAGE_LINEAR},
	[LES_OP_RESHAPE] = {STAGE_COLLAPSE, STAGE_NONE},
	[LES_OP_DROPOUT] = {STAGE_DROPOUT, STAGE_DROPOUT},
	[LES_OP_GROUP_NORM] = {STAGE_NORM, STAGE_NONE},
	[LES_OP_CONCAT] = {STAGE_NONE, STAGE_NONE},
};

/* As a line finder's O2 layer is: each pixel by itself, and no activation. */
static bool is_output(const struct les_graph *g, uint32_t i)
{
	const struct les_layer *l = &g->layers[i];

	return i + 1 == g->layers_n && l->op == LES_OP_CONV && l->conv.act == LES_ACT_NONE &&
	       l->conv.kernel_h == 1 && l->conv.kernel_w == 1 && l->conv.stride_h == 1 &&
	       l->conv.stride_w == 1;
}

static enum stage_kind stage_kind_of(const struct les_graph *g, uint32_t i, bool sequence)
{
	const struct les_layer *l = &g->layers[i];

	if (l->from != (int32_t)i - 1 || l->op >= LES_COUNT(stage_kinds) ||
	    (sequence && l->op == LES_OP_LSTM && l->lstm.along_y))
		return STAGE_NONE;
	if (!sequence && is_output(g, i))
		return STAGE_LINEAR;
	return sequence ? stage_kinds[l->op].sequence : stage_kinds[l->op].image;
}

static enum les_kind add_stage(struct les_replica *r, uint32_t i, bool *sequence,
			       struct les_error *reterr)
{
	const struct les_layer *l = &r->graph->layers[i];
	const enum stage_kind stage_kind = stage_kind_of(r->graph, i, *sequence);

	if (l->op == LES_OP_IDENTITY && l->from == (int32_t)i - 1)
		return LES_OK;
	if (stage_kind == STAGE_NONE)
		return les_fail(reterr, LES_UNSUPPORTED, "layer %s cannot be trained there",
				l->name);
	if (l->op == LES_OP_RESHAPE && !(l->reshape.keep_a && l->reshape.a == 1))
		return les_fail(reterr, LES_UNSUPPORTED, "layer %s leaves some of the height",
				l->name);
	if (l->op == LES_OP_POOL && l->pool.kernel_h * l->pool.kernel_w > LES_POOL_PLACES)
		return les_fail(reterr, LES_UNSUPPORTED, "layer %s: a window of more than %d",
				l->name, LES_POOL_PLACES);
	struct stage *stage = push(r, stage_kind, i);
	*sequence |= l->op == LES_OP_RESHAPE;
	stage->sequence = *sequence;
	if (stage_kind == STAGE_CONV)
		stage->slope = slope_of(l);
	return LES_OK;
}

/* Dropping whole channels and taking a maximum may change places: the pool then comes right after
 * its convolution, and dropping costs a quarter. The pool goes through the activation, too. */
static void pair_pools(struct les_replica *r)
{
	for (uint32_t i = 0; i + 2 < r->stages_n; i++) {
		struct stage *s = &r->stages[i];
		if (s[0].kind == STAGE_CONV && s[1].kind == STAGE_DROPOUT &&
		    s[2].kind == STAGE_POOL && s[1].layer->dropout.dims == 2) {
			const struct stage swap = s[1];
			s[1] = s[2];
			s[2] = swap;
		}
	}
	for (uint32_t i = 0; i + 1 < r->stages_n; i++) {
		struct stage *s = &r->stages[i];
		if (s[0].kind == STAGE_CONV && s[1].kind == STAGE_POOL) {
			s[0].pooled = true;
			s[1].slope = s[0].slope;
		}
	}
}

static enum les_kind add_stages(struct les_replica *r, struct les_error *reterr)
{
	const struct les_graph *g = r->graph;
	bool sequence = false;
	enum les_kind kind = LES_OK;

	if (g->in_h == 0)
		return les_fail(reterr, LES_UNSUPPORTED, "the net says no height");
	for (uint32_t i = 0; i < g->layers_n && kind == LES_OK; i++)
		kind = add_stage(r, i, &sequence, reterr);
	if (kind == LES_OK && (r->stages_n == 0 || r->stages[r->stages_n - 1].kind != STAGE_LINEAR))
		return les_fail(reterr, LES_UNSUPPORTED,
				"the net ends in neither an O1 nor an O2 layer");
	pair_pools(r);
	r->classes = g->out_c;
	return kind;
}

static uint32_t bucket_of(uint32_t w)
{
	return (w + LES_REPLICA_WIDTH_STEP - 1) / LES_REPLICA_WIDTH_STEP;
}

static uint32_t lines_at(const struct les_replica *r, uint32_t bucket)
{
	const uint64_t fit = r->options.px_max / ((uint64_t)bucket * LES_REPLICA_WIDTH_STEP);

	return fit == 0 ? 1 : fit < r->options.lines ? (uint32_t)fit : r->options.lines;
}

/* Of the weights: gradients, turned, unpacked, and packed for the way there and back. */
enum { WEIGHT_COPIES = 5 };

/* A width's primitives: compiled code and descriptions, as seen with nets of four convolutions. */
enum { PLAN_BYTES = 3 << 19 };

/* The widest lines and the fullest batches: one of them needs most. */
static enum les_kind measure(struct les_replica *r, struct les_error *reterr)
{
	for (uint32_t b = bucket_of(r->options.w_max); b > 0; b--) {
		struct plan *plan;
		if (b < r->plans_n && lines_at(r, b) == lines_at(r, b + 1))
			continue; /* narrower and no more lines */
		enum les_kind kind =
			les_plan_new(r, b * LES_REPLICA_WIDTH_STEP, lines_at(r, b), &plan, reterr);
		if (kind != LES_OK)
			return kind;
		r->block_bytes = plan->bytes > r->block_bytes ? plan->bytes : r->block_bytes;
		les_plan_free(plan, 0);
	}
	return LES_OK;
}

static enum les_kind take_memory(struct les_replica *r, struct les_error *reterr)
{
	const size_t values = r->params->values_n * sizeof(float);
	void *block = mmap(NULL, r->block_bytes, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (block == MAP_FAILED)
		return les_fail(reterr, LES_NOMEM, "no memory for %zu MB of activations",
				r->block_bytes >> 20);
	madvise(block, r->block_bytes, MADV_HUGEPAGE); /* a wish */
	r->block = block;
	r->plans = calloc(r->plans_n + 1, sizeof(struct plan *));
	r->gradients = aligned_alloc(64, values + 64);
	r->turned = aligned_alloc(64, values + 64);
	r->unpacked = aligned_alloc(64, values + 64);
	if (!r->plans || !r->gradients || !r->turned || !r->unpacked)
		return les_fail(reterr, LES_NOMEM, "no memory for gradients");
	return LES_OK;
}

void les_replica_free(struct les_replica *r)
{
	if (!r)
		return;
	for (uint32_t i = 0; r->plans && i <= r->plans_n; i++)
		les_plan_free(r->plans[i], r->stages_n);
	for (uint32_t i = 0; i < r->packings_n; i++)
		les_packed_free(r->packings[i].packed);
	if (r->block)
		munmap(r->block, r->block_bytes);
	for (uint32_t i = 0; i < r->scratches_n; i++)
		free(r->scratches[i]);
	free(r->packings);
	free(r->plans);
	free(r->gradients);
	free(r->turned);
	free(r->unpacked);
	free(r);
}

enum les_kind les_replica_new(const struct les_graph *graph, const struct les_params *params,
			      const struct les_replica_options *options, struct les_replica **ret,
			      struct les_error *reterr)
{
	LES_CLEANUP(les_replica_free_p) struct les_replica *r = calloc(1, sizeof *r);

	if (!r)
		return les_fail(reterr, LES_NOMEM, "no memory for a replica");
	r->graph = graph;
	r->params = params;
	r->options = *options;
	r->plans_n = bucket_of(options->w_max);
	r->stale = true;
	enum les_kind kind = add_stages(r, reterr);
	if (kind == LES_OK)
		kind = measure(r, reterr);
	if (kind == LES_OK && options->bytes_max && les_replica_bytes(r) > options->bytes_max)
		kind = les_fail(reterr, LES_LIMIT,
				"training needs %zu MB of memory in each thread, more than %llu: "
				"fewer threads, fewer lines at a time or a smaller net need less",
				les_replica_bytes(r) >> 20,
				(unsigned long long)options->bytes_max >> 20);
	if (kind == LES_OK)
		kind = take_memory(r, reterr);
	if (kind != LES_OK)
		return kind;
	les_replica_clear(r);
	*ret = LES_TAKE(r);
	return LES_OK;
}

size_t les_replica_bytes(const struct les_replica *replica)
{
	return replica->block_bytes + (size_t)replica->plans_n * PLAN_BYTES +
	       WEIGHT_COPIES * replica->params->values_n * sizeof(float);
}

uint32_t les_replica_fits(const struct les_replica *replica, uint32_t w)
{
	return lines_at(replica, bucket_of(w));
}

void les_replica_renew(struct les_replica *replica)
{
	replica->stale = true;
}

void les_replica_clear(struct les_replica *replica)
{
	memset(replica->gradients, 0, replica->params->values_n * sizeof(float));
}

float *les_replica_gradients(struct les_replica *replica)
{
	return replica->gradients;
}

struct les_replica_times les_replica_times(const struct les_replica *replica)
{
	return replica->times;
}

static enum les_kind renew_weights(struct les_replica *r, struct les_error *reterr)
{
	enum les_kind kind = LES_OK;

	for (uint32_t i = 0; i < r->packings_n && kind == LES_OK; i++) {
		const struct packing *p = &r->packings[i];
		kind = les_packed_set(p->packed, p->prim, LES_ARG_WEIGHTS, les_packing_values(r, p),
				      reterr);
	}
	for (uint32_t i = 0; i < r->stages_n; i++) {
		const struct stage *stage = &r->stages[i];
		const struct les_layer *l = stage->layer;
		if (l->op != LES_OP_LSTM || les_stage_in_bf16(r, stage)) /* that packs its own */
			continue;
		for (uint32_t way = 0; way < les_stage_ways(stage); way++) {
			const size_t at = r->params->tensors[stage->first + 4 * way + 1].at;
			les_lstm_turn(r->params->values + at, l->lstm.hidden, r->turned + at);
		}
	}
	r->stale = false;
	return kind;
}

static enum les_kind find_plan(struct les_replica *r, uint32_t w, struct plan **ret,
			       struct les_error *reterr)
{
	const uint32_t bucket = bucket_of(w);
	enum les_kind kind = LES_OK;

	if (w == 0 || bucket > r->plans_n)
		return les_fail(reterr, LES_LIMIT, "a line of %u px", w);
	if (!r->plans[bucket])
		kind = les_plan_new(r, bucket * LES_REPLICA_WIDTH_STEP, lines_at(r, bucket),
				    &r->plans[bucket], reterr);
	if (kind == LES_OK && !r->plans[bucket]->compiled)
		kind = les_plan_compile(r, r->plans[bucket], reterr);
	*ret = r->plans[bucket];
	return kind;
}

/* Widths of every stage's output for one line. */
static void fill_widths(const struct les_replica *r, const struct plan *plan, uint32_t w,
			uint32_t *widths)
{
	*widths = w;
	for (uint32_t k = 0; k < r->stages_n; k++) {
		w = les_layer_width(r->stages[k].layer, w);
		widths += plan->lines;
		*widths = w;
	}
}

/* Widths, and the images, padded with paper. */
static void place_samples(struct run *run, const struct les_sample *samples, uint32_t n)
{
	const struct les_replica *r = run->replica;
	struct plan *plan = run->plan;
	const uint32_t h = r->graph->in_h, c = r->graph->in_c;
	uint8_t *input = r->block + plan->input;
	const size_t size = les_type_bytes(r->options.type);

	uint32_t widest = 0;

	for (uint32_t i = 0; i < n; i++)
		widest = samples[i].w > widest ? samples[i].w : widest;
	for (uint32_t i = 0; i < plan->lines; i++) {
		const uint32_t w = i < n ? samples[i].w : 0;
		fill_widths(r, plan, w, plan->widths + i);
		fill_widths(r, plan, r->options.shared_edge ? widest : w, plan->edges + i);
	}
	memset(input, 0, (size_t)plan->lines * h * plan->w * c * size);
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t y = 0; y < h; y++) {
			const size_t row = (size_t)samples[i].w * c;
			les_op_from_f32(r->options.type, samples[i].image + y * row,
					input + ((size_t)i * h + y) * plan->w * c * size, row);
		}
}

static enum les_kind run_forward(struct run *run, const struct les_sample *samples, uint32_t n,
				 struct les_error *reterr)
{
	struct les_replica *r = run->replica;
	uint32_t w = 0;

	for (uint32_t i = 0; i < n; i++)
		w = samples[i].w > w ? samples[i].w : w;
	enum les_kind kind = find_plan(r, w, &run->plan, reterr);
	if (kind != LES_OK)
		return kind;
	if (n > run->plan->lines)
		return les_fail(reterr, LES_ARG, "%u lines of %u px", n, w);
	if (r->stale)
		kind = renew_weights(r, reterr);
	place_samples(run, samples, n);
	for (uint32_t i = 0; i < r->stages_n && kind == LES_OK; i++)
		kind = les_stage_forward(run, i, reterr);
	return kind;
}

enum les_kind les_replica_train(struct les_replica *replica, const struct les_sample *samples,
				uint32_t n, uint64_t seed, bool no_dropout, struct les_outcome *ret,
				struct les_error *reterr)
{
	struct run run = {replica, NULL, !no_dropout, seed};
	const double from = les_clock_s();
	enum les_kind kind = run_forward(&run, samples, n, reterr);

	if (kind == LES_OK)
		kind = les_run_loss(&run, samples, n, true, ret, reterr);
	for (uint32_t i = replica->stages_n; i-- > 0 && kind == LES_OK;)
		kind = les_stage_backward(&run, i, reterr);
	replica->times.all += les_clock_s() - from;
	return kind;
}

enum les_kind les_replica_read(struct les_replica *replica, const struct les_sample *samples,
			       uint32_t n, struct les_outcome *ret,
			       struct les_reading *ret_readings, struct les_error *reterr)
{
	struct run run = {replica, NULL, false, 0};
	enum les_kind kind = run_forward(&run, samples, n, reterr);

	if (kind == LES_OK)
		kind = les_run_loss(&run, samples, n, false, ret, reterr);
	for (uint32_t i = 0; i < n && kind == LES_OK; i++)
		ret_readings[i] = les_run_reading(&run, i);
	return kind;
}
