#include "train/learner.h"

#include "nn/optimiser.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct shard;

struct les_learner {
	const struct les_graph *graph;
	struct les_params *params;
	struct les_learner_options options;
	struct les_crew *crew; /* borrowed */
	struct shard *shards;
	uint32_t shards_n;
	float *moments; /* [2][values_n] */
	uint64_t steps;

	void (*job)(struct shard *shard);
	pthread_mutex_t lock; /* around read() */

	/* of a step or a reading */
	const struct les_lines *lines;
	const struct les_step *step;
	float scale;
	les_line_reader *read;
};

/* One thread with its replica. */
struct shard {
	struct les_learner *learner;
	uint32_t number;
	struct les_replica *replica;
	float *images;                /* [lines_n][h][w_max][c] */
	struct les_sample *samples;   /* [lines_n] */
	uint32_t *chosen;             /* [lines_n] which line each is */
	struct les_reading *readings; /* [lines_n] */
	uint32_t lines_n;             /* room */
	struct les_outcome outcome;
	double square_sum;
	enum les_kind kind;
	struct les_error error;
};

static void do_one(void *context, uint32_t i)
{
	struct les_learner *l = context;

	l->job(&l->shards[i]);
}

/* Has all shards do a job; the first error counts. */
static enum les_kind do_all(struct les_learner *l, void (*job)(struct shard *shard),
			    struct les_error *reterr)
{
	l->job = job;
	les_crew_run(l->crew, l->shards_n, do_one, l);
	for (uint32_t i = 0; i < l->shards_n; i++)
		if (l->shards[i].kind != LES_OK) {
			if (reterr)
				*reterr = l->shards[i].error;
			return l->shards[i].kind;
		}
	return LES_OK;
}

/* Of the widest image. */
static size_t image_values(const struct les_learner *l)
{
	return (size_t)l->graph->in_h * l->options.w_max * l->graph->in_c;
}

static void make_replica(struct shard *shard)
{
	const struct les_learner *l = shard->learner;
	const struct les_learner_options *o = &l->options;
	const struct les_replica_options options = {.type = o->type,
						    .lines = shard->lines_n,
						    .w_max = o->w_max,
						    .px_max = o->px_max,
						    .bytes_max =
							    LES_TRAIN_ADDRESS_BYTES / o->threads};

	les_threads_set(1);
	shard->kind =
		les_replica_new(l->graph, l->params, &options, &shard->replica, &shard->error);
	if (shard->kind != LES_OK)
		return;
	shard->images = malloc(shard->lines_n * image_values(l) * sizeof(float));
	shard->samples = calloc(shard->lines_n, sizeof *shard->samples);
	shard->chosen = calloc(shard->lines_n, sizeof *shard->chosen);
	shard->readings = calloc(shard->lines_n, sizeof *shard->readings);
	if (!shard->images || !shard->samples || !shard->chosen || !shard->readings)
		shard->kind = les_fail(&shard->error, LES_NOMEM, "no memory for lines");
}

static void free_replica(struct shard *shard)
{
	les_replica_free(shard->replica);
	free(shard->images);
	free(shard->samples);
	free(shard->chosen);
	free(shard->readings);
	shard->kind = LES_OK;
}

void les_learner_free(struct les_learner *l)
{
	struct les_error ignored;

	if (!l)
		return;
	if (l->shards_n > 0)
		do_all(l, free_replica, &ignored);
	pthread_mutex_destroy(&l->lock);
	free(l->shards);
	free(l->moments);
	free(l);
}

enum les_kind les_learner_new(const struct les_graph *graph, struct les_params *params,
			      const struct les_learner_options *options, struct les_crew *crew,
			      struct les_learner **ret, struct les_error *reterr)
{
	struct les_learner *l = calloc(1, sizeof *l);
	enum les_kind kind = LES_OK;

	if (!l)
		return les_fail(reterr, LES_NOMEM, "no memory for training");
	l->graph = graph;
	l->params = params;
	l->options = *options;
	pthread_mutex_init(&l->lock, NULL);
	l->crew = crew;
	l->moments = calloc(2 * params->values_n + 1, sizeof(float));
	l->shards = calloc(options->threads, sizeof *l->shards);
	if (!l->shards || !l->moments)
		kind = les_fail(reterr, LES_NOMEM, "no memory for training");
	else if (options->threads > les_crew_size(crew))
		kind = les_fail(reterr, LES_ARG, "%u threads of %u", options->threads,
				les_crew_size(crew));
	else
		l->shards_n = options->threads;
	for (uint32_t i = 0; i < l->shards_n; i++)
		l->shards[i] =
			(struct shard){.learner = l,
				       .number = i,
				       .lines_n = (options->lines + l->shards_n - 1) / l->shards_n};
	if (kind == LES_OK)
		kind = do_all(l, make_replica, reterr);
	if (kind != LES_OK) {
		les_learner_free(l);
		return kind;
	}
	*ret = l;
	return LES_OK;
}

/* The lines that fall to a shard, from `from` on: every shards_n-th, so that all have like widths.
 */
static uint32_t take_lines(struct shard *shard, uint32_t from)
{
	const struct les_learner *l = shard->learner;
	uint32_t n = 0;

	for (uint32_t i = from; i < l->lines->n && n < shard->lines_n; i += l->shards_n, n++) {
		float *image = shard->images + n * image_values(l);
		shard->samples[n] = (struct les_sample){.image = image};
		shard->chosen[n] = l->lines->lines[i];
		l->lines->make(l->lines->context, l->lines->lines[i], image, &shard->samples[n]);
	}
	return n;
}

/* How many of n samples from `from` on go through the replica together. */
static uint32_t together(const struct shard *shard, uint32_t from, uint32_t n)
{
	uint32_t w = 0, count = 0;

	while (from + count < n) {
		const uint32_t next = shard->samples[from + count].w;
		w = next > w ? next : w;
		if (count > 0 && count + 1 > les_replica_fits(shard->replica, w))
			break;
		count++;
	}
	return count;
}

static void train_lines(struct shard *shard)
{
	const struct les_learner *l = shard->learner;
	const uint32_t n = take_lines(shard, shard->number);

	les_replica_clear(shard->replica);
	shard->outcome = (struct les_outcome){0};
	shard->kind = LES_OK;
	for (uint32_t i = 0, k; i < n && shard->kind == LES_OK; i += k) {
		k = together(shard, i, n);
		shard->kind = les_replica_train(shard->replica, shard->samples + i, k,
						l->step->seed ^
							(uint64_t)(shard->number * 4096u + i) << 40,
						false, &shard->outcome, &shard->error);
	}
}

static void range_of(const struct shard *shard, size_t *ret_from, size_t *ret_n)
{
	const size_t all = shard->learner->params->values_n / 16, n = shard->learner->shards_n;
	const size_t from = all * shard->number / n * 16;

	*ret_from = from;
	*ret_n = all * (shard->number + 1) / n * 16 - from;
}

/* All shards' gradients into the first one's. */
static void sum_gradients(struct shard *shard)
{
	const struct les_learner *l = shard->learner;
	size_t from, n;

	range_of(shard, &from, &n);
	float *to = les_replica_gradients(l->shards[0].replica) + from;
	for (uint32_t i = 1; i < l->shards_n; i++) {
		const float *more = les_replica_gradients(l->shards[i].replica) + from;
		for (size_t k = 0; k < n; k++)
			to[k] += more[k];
	}
	shard->square_sum = les_square_sum(to, n);
}

/* A tensor's part of the shard's range. */
static void step_tensor(struct shard *shard, const struct les_param *p, float factor, size_t from,
			size_t n)
{
	struct les_learner *l = shard->learner;
	const size_t begin = p->at > from ? p->at : from;
	const size_t end = p->at + p->n < from + n ? p->at + p->n : from + n;
	const struct les_adam adam = {.rate = l->step->rate * factor,
				      .beta1 = 0.9f,
				      .beta2 = 0.999f,
				      .epsilon = 1e-8f,
				      .decay = l->options.decay,
				      .step = l->steps,
				      .scale = l->scale};

	if (factor > 0 && begin < end)
		les_adam_run(&adam, l->params->values + begin,
			     les_replica_gradients(l->shards[0].replica) + begin,
			     l->moments + begin, l->moments + l->params->values_n + begin,
			     end - begin);
}

static void step_weights(struct shard *shard)
{
	struct les_learner *l = shard->learner;
	size_t from, n;

	range_of(shard, &from, &n);
	for (uint32_t i = 0; i < l->params->tensors_n; i++)
		step_tensor(shard, &l->params->tensors[i], l->step->rates ? l->step->rates[i] : 1,
			    from, n);
	les_replica_renew(shard->replica);
}

enum les_kind les_learner_step(struct les_learner *l, const struct les_lines *lines,
			       const struct les_step *step, struct les_stepped *ret,
			       struct les_error *reterr)
{
	double squares = 0;
	struct les_stepped stepped = {0};

	if (lines->n > l->options.lines)
		return les_fail(reterr, LES_ARG, "a step of %u lines", lines->n);
	l->lines = lines;
	l->step = step;
	enum les_kind kind = do_all(l, train_lines, reterr);
	if (kind == LES_OK)
		kind = do_all(l, sum_gradients, reterr);
	if (kind != LES_OK)
		return kind;
	for (uint32_t i = 0; i < l->shards_n; i++) {
		stepped.loss += l->shards[i].outcome.loss;
		stepped.infeasible_n += l->shards[i].outcome.infeasible_n;
		squares += l->shards[i].square_sum;
	}
	stepped.norm = sqrt(squares);
	stepped.diverged = !isfinite(stepped.loss) || !isfinite(stepped.norm);
	if (!stepped.diverged) {
		l->steps++;
		l->scale = les_clip_scale(stepped.norm, l->options.clip);
		kind = do_all(l, step_weights, reterr);
	}
	*ret = stepped;
	return kind;
}

static void tell_lines(struct shard *shard, uint32_t from, uint32_t n)
{
	struct les_learner *l = shard->learner;

	pthread_mutex_lock(&l->lock);
	for (uint32_t i = 0; i < n; i++)
		l->read(l->lines->context, shard->chosen[from + i], &shard->samples[from + i],
			&shard->readings[i]);
	pthread_mutex_unlock(&l->lock);
}

static void read_together(struct shard *shard, uint32_t from, uint32_t n)
{
	shard->kind = les_replica_read(shard->replica, shard->samples + from, n, &shard->outcome,
				       shard->readings, &shard->error);
	if (shard->kind == LES_OK)
		tell_lines(shard, from, n);
}

static void read_lines(struct shard *shard)
{
	const struct les_learner *l = shard->learner;

	shard->outcome = (struct les_outcome){0};
	shard->kind = LES_OK;
	for (uint32_t at = shard->number; at < l->lines->n && shard->kind == LES_OK;
	     at += shard->lines_n * l->shards_n) {
		const uint32_t n = take_lines(shard, at);
		for (uint32_t i = 0, k; i < n && shard->kind == LES_OK; i += k) {
			k = together(shard, i, n);
			read_together(shard, i, k);
		}
	}
}

enum les_kind les_learner_read(struct les_learner *l, const struct les_lines *lines,
			       les_line_reader *read, double *ret_loss, struct les_error *reterr)
{
	l->lines = lines;
	l->read = read;
	enum les_kind kind = do_all(l, read_lines, reterr);
	double loss = 0;

	for (uint32_t i = 0; i < l->shards_n; i++)
		loss += l->shards[i].outcome.loss;
	*ret_loss = loss;
	return kind;
}

struct les_learner_state les_learner_state(struct les_learner *l)
{
	return (struct les_learner_state){l->moments, &l->steps};
}

void les_learner_renew(struct les_learner *l)
{
	for (uint32_t i = 0; i < l->shards_n; i++)
		les_replica_renew(l->shards[i].replica);
}

size_t les_learner_bytes(const struct les_learner *l)
{
	size_t bytes = 2 * l->params->values_n * sizeof(float);

	for (uint32_t i = 0; i < l->shards_n; i++) {
		const struct shard *shard = &l->shards[i];
		bytes += les_replica_bytes(shard->replica) +
			 shard->lines_n * image_values(l) * sizeof(float);
	}
	return bytes;
}

struct les_replica_times les_learner_times(const struct les_learner *l)
{
	struct les_replica_times times = {0};

	for (uint32_t i = 0; i < l->shards_n; i++) {
		const struct les_replica_times one = les_replica_times(l->shards[i].replica);
		times.primitives += one.primitives;
		times.all += one.all;
	}
	return times;
}
