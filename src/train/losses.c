#include "nn/ctc_loss.h"
#include "nn/segloss.h"
#include "train/replica_inside.h"

#include <stdlib.h>
#include <string.h>

static const struct stage *last_stage(const struct run *run)
{
	return &run->replica->stages[run->replica->stages_n - 1];
}

static const struct place *last_place(const struct run *run)
{
	return &run->plan->places[run->replica->stages_n - 1];
}

static float *logits_of(const struct run *run)
{
	return (float *)(void *)(run->replica->block + run->plan->logits);
}

/* Where the way back begins, there is room for all logits until then. */
static void *room_of(const struct run *run)
{
	return run->replica->block + last_place(run)->dx;
}

static enum les_kind line_loss(const struct run *run, const struct les_sample *sample, uint32_t i,
			       bool gradient, struct les_outcome *ret, struct les_error *reterr)
{
	const struct les_replica *r = run->replica;
	const uint32_t steps = last_place(run)->out.widths[i];
	float *logits = logits_of(run) + (size_t)i * r->classes;
	const struct les_ctc ctc = {steps,
				    r->classes,
				    (size_t)run->plan->lines * r->classes,
				    logits,
				    gradient ? logits : NULL,
				    sample->labels,
				    sample->labels_n};
	LES_CLEANUP(les_free_p)
	float *scratch =
		malloc(sizeof(float) * les_ctc_scratch(steps, r->classes, sample->labels_n));

	if (!scratch)
		return les_fail(reterr, LES_NOMEM, "no memory for a loss");
	for (uint32_t k = 0; k < sample->labels_n; k++)
		if (sample->labels[k] == 0 || sample->labels[k] >= r->classes)
			return les_fail(reterr, LES_ARG, "label %u of %u", sample->labels[k],
					r->classes);
	ret->infeasible_n += les_ctc_steps_min(sample->labels, sample->labels_n) > steps;
	ret->loss += (double)les_ctc_loss(&ctc, scratch);
	return LES_OK;
}

/* Steps beyond a line's end, and lines that are not there, have no part in the loss. */
static void blank_lines(const struct run *run, uint32_t n)
{
	const struct les_images *out = &last_place(run)->out;

	for (uint32_t t = 0; t < out->w; t++)
		for (uint32_t i = 0; i < out->n; i++)
			if (i >= n || t >= out->widths[i])
				memset(logits_of(run) + ((size_t)t * out->n + i) * out->c, 0,
				       out->c * sizeof(float));
}

static size_t page_values(const struct les_images *s)
{
	return (size_t)s->h * s->w * s->c;
}

/* One page's logits as [c][h][own width]. */
static float *planes_of(const struct run *run, uint32_t i)
{
	const struct les_images *s = &last_place(run)->out;
	const float *page = logits_of(run) + i * page_values(s);
	float *planes = (float *)room_of(run) + i * page_values(s), *to = planes;

	for (uint32_t c = 0; c < s->c; c++)
		for (uint32_t y = 0; y < s->h; y++)
			for (uint32_t x = 0; x < s->widths[i]; x++)
				*to++ = page[((size_t)y * s->w + x) * s->c + c];
	return planes;
}

/* And back; the rest of the page is 0. */
static void take_planes(const struct run *run, uint32_t i, const float *planes)
{
	const struct les_images *s = &last_place(run)->out;
	float *page = logits_of(run) + i * page_values(s);

	memset(page, 0, page_values(s) * sizeof *page);
	for (uint32_t c = 0; c < s->c; c++)
		for (uint32_t y = 0; y < s->h; y++)
			for (uint32_t x = 0; x < s->widths[i]; x++)
				page[((size_t)y * s->w + x) * s->c + c] = *planes++;
}

static enum les_kind page_loss(const struct run *run, const struct les_sample *sample, uint32_t i,
			       bool gradient, struct les_outcome *ret, struct les_error *reterr)
{
	const struct les_images *s = &last_place(run)->out;
	float *planes = planes_of(run, i);
	const struct les_segloss_input input = {.logits = planes,
						.channels = s->c,
						.h = s->h,
						.w = s->widths[i],
						.target = sample->target,
						.target_h = run->replica->graph->in_h,
						.target_w = sample->w,
						.grad = gradient ? planes : NULL};
	struct les_segloss loss;

	if (!sample->target)
		return les_fail(reterr, LES_ARG, "a page without a target");
	enum les_kind kind = les_segloss(&input, &loss, reterr);
	if (kind != LES_OK)
		return kind;
	ret->loss += loss.total;
	if (gradient)
		take_planes(run, i, planes);
	return LES_OK;
}

/* Pages that are not there have no part in the loss. */
static void blank_pages(const struct run *run, uint32_t n)
{
	const size_t values = page_values(&last_place(run)->out);

	memset(logits_of(run) + n * values, 0, (run->plan->lines - n) * values * sizeof(float));
}

enum les_kind les_run_loss(struct run *run, const struct les_sample *samples, uint32_t n,
			   bool gradient, struct les_outcome *ret, struct les_error *reterr)
{
	const bool lines = last_stage(run)->sequence;
	enum les_kind kind = LES_OK;

	for (uint32_t i = 0; i < n && kind == LES_OK; i++)
		kind = (lines ? line_loss : page_loss)(run, &samples[i], i, gradient, ret, reterr);
	if (kind == LES_OK && gradient)
		(lines ? blank_lines : blank_pages)(run, n);
	return kind;
}

struct les_reading les_run_reading(struct run *run, uint32_t i)
{
	const struct les_images *s = &last_place(run)->out;

	if (!last_stage(run)->sequence)
		return (struct les_reading){.logits = (float *)room_of(run) + i * page_values(s),
					    .channels = s->c,
					    .h = s->h,
					    .w = s->widths[i]};
	uint32_t *labels = (uint32_t *)room_of(run) + (size_t)i * s->w;
	const uint32_t n = les_ctc_labels(logits_of(run) + (size_t)i * s->c, s->widths[i], s->c,
					  (size_t)s->n * s->c, labels);
	return (struct les_reading){.labels = labels, .labels_n = n};
}
