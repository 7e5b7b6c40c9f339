#include "base/clock.h"
#include "base/random.h"
#include "train/course_inside.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum {
	STRENGTH_EPOCHS = 6, /* from scratch: until lines are changed as much as asked for */
	PLATEAU_PATIENCE = 3,
	ROLLBACKS_MAX = 20,
	COLUMNS_AT_A_TIME = 1440000, /* lines · width · height in one thread */
};

/* What passes on the side: reports once a second, checkpoints now and then. */
struct watch {
	double started, reported, saved;
	uint32_t lines_now;
};

static void course_done(struct course *c)
{
	les_learner_free(c->learner);
	les_params_free(c->params);
	c->task->done(c);
	free(c->best);
	free(c->rates);
	free(c->samples);
	free(c->train);
	free(c->val);
	free(c->replay);
	free(c->order);
	free(c->past);
}

static enum les_type type_of(const struct les_training *options)
{
	if (options->precision == LES_PRECISION_AUTO)
		return les_bf16_is_fast() ? LES_BF16 : LES_F32;
	return options->precision == LES_PRECISION_BF16 ? LES_BF16 : LES_F32;
}

static enum les_kind make_learner(struct course *c, struct les_error *reterr)
{
	const struct les_training *o = c->options;
	const struct les_learner_options options = {
		.type = type_of(o),
		.threads = o->threads < o->batch_lines ? o->threads : o->batch_lines,
		.lines = o->batch_lines,
		.w_max = c->w_max,
		.px_max = COLUMNS_AT_A_TIME / c->graph.in_h,
		.clip = o->gradient_max > 0 ? o->gradient_max : INFINITY,
		.decay = o->weight_decay};
	enum les_kind kind = les_learner_new(&c->graph, c->params, &options, c->request.crew,
					     &c->learner, reterr);

	c->best = malloc(c->params->values_n * sizeof *c->best);
	c->rates = malloc(c->params->tensors_n * sizeof *c->rates);
	c->past = calloc(LES_EPOCHS_MAX, sizeof *c->past);
	if (kind == LES_OK && (!c->best || !c->rates || !c->past))
		kind = les_fail(reterr, LES_NOMEM, "no memory for the best weights");
	return kind;
}

static void set_place(struct course *c)
{
	c->rate =
		(struct les_rate){.schedule = c->options->schedule,
				  .high = c->options->rate,
				  .low = c->options->rate * 0.01f,
				  .warm_up = c->options->warm_up_steps,
				  .steps = (uint64_t)c->options->epochs_max * les_course_batches(c),
				  .factor = 0.5f,
				  .patience = PLATEAU_PATIENCE};
	c->place = (struct course_place){.epoch = 1,
					 .best_error = -1,
					 .rate_scale = 1,
					 .plateau = {.best = 1e30f, .scale = 1}};
	memcpy(c->best, c->params->values, c->params->values_n * sizeof *c->best);
}

static enum les_kind course_init(struct course *c, struct les_error *reterr)
{
	enum les_kind kind = c->task->make_net(c, reterr);

	if (kind == LES_OK)
		kind = les_params_new(&c->graph, &c->params, reterr);
	if (kind == LES_OK)
		kind = c->task->take_samples(c, reterr);
	if (kind == LES_OK)
		kind = les_course_first_weights(c, reterr);
	if (kind == LES_OK)
		kind = make_learner(c, reterr);
	if (kind != LES_OK)
		return kind;
	set_place(c);
	if (c->request.resume)
		kind = les_course_resume(c, c->request.resume, c->request.resume_bytes, reterr);
	return kind;
}

/* A base at first only learns its new alphabet; then its lower layers may learn more slowly, for
 * what they see changes least from hand to hand. */
static void set_rates(struct course *c)
{
	const bool frozen = c->request.base && c->place.epoch <= c->options->frozen_epochs;
	float rate = 1;

	for (uint32_t i = c->params->tensors_n; i-- > 0;) {
		const uint32_t layer = c->params->tensors[i].layer;
		if (c->request.base && i + 1 < c->params->tensors_n &&
		    layer != c->params->tensors[i + 1].layer)
			rate *= c->options->layer_rate;
		c->rates[i] = frozen && layer + 1 < c->graph.layers_n ? 0 : rate;
	}
}

/* A fresh net that sees only spoilt lines learns late: it begins with clean ones. */
static float strength_of(const struct course *c)
{
	const float full = c->options->augmentation;

	if (c->request.base || c->place.epoch > STRENGTH_EPOCHS)
		return full;
	return full * (float)(c->place.epoch - 1) / STRENGTH_EPOCHS;
}

static float rate_now(const struct course *c)
{
	return c->place.rate_scale * les_rate_at(&c->rate, &c->place.plateau, c->place.batches);
}

static uint64_t memory_bytes(void)
{
	struct rusage usage;

	return getrusage(RUSAGE_SELF, &usage) == 0 ? (uint64_t)usage.ru_maxrss << 10 : 0;
}

static struct les_training_report report_of(const struct course *c, const struct watch *w)
{
	const struct course_place *p = &c->place;
	const double took = les_clock_s() - w->started;
	const uint64_t done = (uint64_t)p->batch * c->options->batch_lines;

	return (struct les_training_report){
		.epoch = p->epoch,
		.lines_done = done < c->epoch_n ? (uint32_t)done : c->epoch_n,
		.lines_all = c->epoch_n,
		.best_epoch = p->best_epoch,
		.rollbacks_n = p->rollbacks_n,
		.loss = p->loss_n ? (float)(p->loss_sum / p->loss_n) : 0,
		.rate = rate_now(c),
		.cer = -1,
		.cer_normalised = -1,
		.wer = -1,
		.precision = -1,
		.recall = -1,
		.f1 = -1,
		.pixel_f1 = -1,
		.best_error = p->best_error,
		.lines_per_second = took > 0 ? (float)(w->lines_now / took) : 0,
		.memory_bytes = memory_bytes()};
}

static enum les_kind tell(struct course *c, const struct les_training_report *report,
			  struct les_error *reterr)
{
	return c->events->report(c->events->context, report, reterr);
}

static enum les_kind look_around(struct course *c, struct watch *w, struct les_error *reterr)
{
	const double now = les_clock_s();
	enum les_kind kind = LES_OK;

	if (now - w->reported >= 1) {
		const struct les_training_report report = report_of(c, w);
		w->reported = now;
		kind = tell(c, &report, reterr);
	}
	if (kind == LES_OK && c->options->checkpoint_seconds > 0 &&
	    now - w->saved >= c->options->checkpoint_seconds) {
		w->saved = now;
		kind = les_course_save(c, reterr);
	}
	return kind;
}

/* Back to the best weights (or the first), slower. */
static enum les_kind roll_back(struct course *c, struct les_error *reterr)
{
	struct les_learner_state state = les_learner_state(c->learner);

	if (++c->place.rollbacks_n > ROLLBACKS_MAX)
		return les_fail(reterr, LES_ARG, "it diverges however slowly it learns");
	memcpy(c->params->values, c->best, c->params->values_n * sizeof *c->best);
	memset(state.moments, 0, 2 * c->params->values_n * sizeof *state.moments);
	*state.steps = 0;
	c->place.rate_scale *= 0.5f;
	les_learner_renew(c->learner);
	return LES_OK;
}

/* What samples' losses grow with: their labels. */
static double size_of(const struct course *c, const uint32_t *samples, uint32_t n)
{
	double size = 0;

	for (uint32_t i = 0; i < n; i++)
		size += 1 + c->samples[samples[i]].labels_n;
	return size;
}

/* What a line costs before anything is learnt here, by the first step. A fresh net's lines cost
 * much alike; a base reads, and its short lines cost little. */
static double first_loss(const struct course *c, double loss, const uint32_t *samples, uint32_t n)
{
	const double mean = size_of(c, c->train, c->train_n) / c->train_n;

	return c->request.base ? loss / size_of(c, samples, n) * mean : loss / n;
}

static enum les_kind check_made(const struct course *c, struct les_error *reterr)
{
	const enum les_kind kind = (enum les_kind)atomic_load(&c->made_kind);

	return kind == LES_OK ? LES_OK
			      : les_fail(reterr, kind, "no memory for a page to learn from");
}

static enum les_kind run_batch(struct course *c, struct watch *w, struct les_error *reterr)
{
	struct course_place *p = &c->place;
	const uint32_t size = c->options->batch_lines, from = p->batch * size;
	const uint32_t n = c->epoch_n - from < size ? c->epoch_n - from : size;
	const struct les_lines lines = {c->task->make, c, c->order + from, n};
	const struct les_step step = {
		.rate = rate_now(c),
		.seed = les_random_mix(c->options->seed ^ p->batches * 0x9e3779b97f4a7c15u),
		.rates = c->rates};
	struct les_stepped stepped;
	enum les_kind kind = les_learner_step(c->learner, &lines, &step, &stepped, reterr);

	for (uint32_t i = 0; c->task->unmake && i < n; i++)
		c->task->unmake(c, c->order[from + i]);
	if (kind == LES_OK)
		kind = check_made(c, reterr);
	if (kind != LES_OK)
		return kind;
	p->batch++;
	p->batches++;
	w->lines_now += n;
	if (stepped.diverged)
		return roll_back(c, reterr);
	if (p->loss_low == 0)
		p->loss_low = first_loss(c, stepped.loss, c->order + from, n);
	p->loss_sum += stepped.loss;
	p->loss_n += n;
	return LES_OK;
}

/* Reads the samples kept apart. */
static enum les_kind validate(struct course *c, struct les_training_report *report,
			      float *ret_error, struct les_error *reterr)
{
	const struct les_lines samples = {c->task->make, c, c->val, c->val_n};
	double loss;

	c->task->begin(c);
	c->read_kind = LES_OK;
	c->strength = 0;
	enum les_kind kind = les_learner_read(c->learner, &samples, c->task->read, &loss, reterr);
	if (kind == LES_OK)
		kind = check_made(c, reterr);
	if (kind == LES_OK && c->read_kind != LES_OK)
		kind = les_fail(reterr, c->read_kind, "no memory to read what was kept apart");
	if (kind == LES_OK)
		*ret_error = c->task->score(c, report);
	return kind;
}

static enum les_kind note_best(struct course *c, float error, bool measured,
			       struct les_error *reterr)
{
	struct course_place *p = &c->place;

	p->best_epoch = p->epoch;
	p->since_best = 0;
	if (measured)
		p->best_error = error;
	memcpy(c->best, c->params->values, c->params->values_n * sizeof *c->best);
	return les_course_tell_best(c, c->best, reterr);
}

/* After an epoch: validation, the best weights, the way on. Without lines to validate by, the last
 * epoch is the best. */
static enum les_kind end_epoch(struct course *c, struct watch *w, struct les_error *reterr)
{
	struct course_place *p = &c->place;
	const bool measured = c->val_n > 0;
	struct les_training_report report = report_of(c, w);
	const double loss = p->loss_n ? p->loss_sum / p->loss_n : 0;
	float error = (float)loss;
	enum les_kind kind = measured ? validate(c, &report, &error, reterr) : LES_OK;

	if (kind != LES_OK)
		return kind;
	c->past[p->epoch - 1] = report;
	p->since_best++;
	if (loss > 3 * p->loss_low + c->task->loss_slack)
		kind = roll_back(c, reterr);
	else if (!measured || p->best_error < 0 || error < p->best_error)
		kind = note_best(c, error, measured, reterr);
	p->loss_low = fmin(p->loss_low, loss);
	les_plateau_note(&c->rate, &p->plateau, error);
	report.epoch_done = true;
	report.lines_done = report.lines_all;
	report.best_epoch = p->best_epoch;
	report.best_error = p->best_error;
	report.rollbacks_n = p->rollbacks_n;
	if (kind == LES_OK)
		kind = tell(c, &report, reterr);
	report.lines_per_second = 0; /* of this machine at this hour: no part of the way */
	report.memory_bytes = 0;
	c->past[p->epoch - 1] = report;
	p->epoch++;
	p->batch = 0;
	p->loss_sum = 0;
	p->loss_n = 0;
	return kind;
}

/* A net that reads nothing yet, only blanks, has not begun: it is not for patience to end that. */
static bool is_settled(const struct course *c)
{
	const bool begun = c->val_n == 0 || c->place.best_error < 0.9f;

	return begun && c->options->patience > 0 && c->place.since_best >= c->options->patience;
}

static enum les_kind run_epochs(struct course *c, struct watch *w, enum les_training_end *ret,
				struct les_error *reterr)
{
	struct course_place *p = &c->place;
	enum les_kind kind = LES_OK;

	*ret = LES_TRAINING_COMPLETE;
	while (p->epoch <= c->options->epochs_max && kind == LES_OK) {
		les_course_shuffle(c);
		set_rates(c);
		while (p->batch < les_course_batches(c) && kind == LES_OK) {
			c->strength = strength_of(c);
			kind = run_batch(c, w, reterr);
			if (kind == LES_OK)
				kind = look_around(c, w, reterr);
			if (kind == LES_OK && c->events->stop(c->events->context)) {
				*ret = LES_TRAINING_STOPPED;
				return LES_OK;
			}
		}
		if (kind == LES_OK)
			kind = end_epoch(c, w, reterr);
		if (kind == LES_OK && is_settled(c)) {
			*ret = LES_TRAINING_SETTLED;
			return LES_OK;
		}
	}
	return kind;
}

/* Its own are the weights twice, and while a checkpoint is written its bytes twice. */
static enum les_kind tell_plan(const struct course *c, struct les_error *reterr)
{
	const size_t values = c->params->values_n * sizeof(float);
	const struct les_training_plan plan = {les_learner_bytes(c->learner) +
					       (2 + 2 * 4) * values};

	return c->events->plan(c->events->context, &plan, reterr);
}

/* What was done before it was resumed. */
static enum les_kind tell_past(struct course *c, struct les_error *reterr)
{
	enum les_kind kind = LES_OK;

	for (uint32_t i = 0; i + 1 < c->place.epoch && kind == LES_OK; i++) {
		struct les_training_report report = c->past[i];
		report.earlier = true;
		kind = tell(c, &report, reterr);
	}
	return kind;
}

static enum les_kind tell_curve(const struct course *c, struct les_error *reterr)
{
	LES_CLEANUP(les_buf_done) struct les_buf png = LES_BUF(LES_PICTURE_BYTES_MAX);
	const uint32_t n = c->place.epoch - 1;

	if (n == 0)
		return LES_OK;
	LES_CLEANUP(les_free_p) struct les_curve_point *points = calloc(n, sizeof *points);
	if (!points)
		return les_fail(reterr, LES_NOMEM, "no memory for a curve");
	for (uint32_t i = 0; i < n; i++)
		points[i] =
			(struct les_curve_point){c->past[i].loss, les_training_error(&c->past[i])};
	enum les_kind kind = les_curve_draw(
		points, n, c->task->net == LES_NET_RECOGNITION ? "CER" : "1-F1", &png, reterr);
	return kind == LES_OK ? c->events->curve(c->events->context, png.bytes, png.len, reterr)
			      : kind;
}

enum les_kind les_course_run(const struct les_course_request *request,
			     const struct les_course_events *events, enum les_training_end *ret,
			     struct les_error *reterr)
{
	struct course *c = calloc(1, sizeof *c);
	enum les_training_end end = LES_TRAINING_STOPPED;

	if (!c)
		return les_fail(reterr, LES_NOMEM, "no memory for a training");
	c->request = *request;
	c->options = request->options;
	c->events = events;
	c->task = c->options->net == LES_NET_SEGMENTATION ? &les_course_of_pages
							  : &les_course_of_lines;
	enum les_kind kind = course_init(c, reterr);
	if (kind == LES_OK)
		kind = tell_plan(c, reterr);
	if (kind == LES_OK)
		kind = tell_past(c, reterr);
	if (kind == LES_OK) {
		struct watch watch = {.started = les_clock_s()};
		watch.reported = watch.saved = watch.started;
		kind = run_epochs(c, &watch, &end, reterr);
		/* stopped before an epoch was over: better this than nothing */
		const bool none = c->place.best_epoch == 0;
		if (kind == LES_OK)
			kind = les_course_tell_best(c, none ? c->params->values : c->best, reterr);
		if (kind == LES_OK && c->options->checkpoint_seconds > 0)
			kind = les_course_save(c, reterr);
		if (kind == LES_OK)
			kind = tell_curve(c, reterr);
	}
	course_done(c);
	free(c);
	if (kind == LES_OK)
		*ret = end;
	return kind;
}
