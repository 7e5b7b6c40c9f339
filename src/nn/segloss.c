#include "nn/segloss.h"

#include "base/cleanup.h"

#include <math.h>
#include <stdlib.h>

static const double SMOOTH = 1, DICE_PART = 0.5;

/* One logit stands for several values of the target: how many, and how many of them are set. */
struct cell {
	uint32_t n, set;
};

/* Where a row or column of the target comes from. */
static uint32_t source_of(uint32_t at, uint32_t source, uint32_t target)
{
	return (uint32_t)((uint64_t)at * source / target);
}

static void count_cells(const struct les_segloss_input *in, const uint8_t *target,
			struct cell *cells)
{
	for (uint32_t y = 0; y < in->target_h; y++) {
		struct cell *row = cells + (size_t)source_of(y, in->h, in->target_h) * in->w;
		for (uint32_t x = 0; x < in->target_w; x++, target++) {
			struct cell *cell = &row[source_of(x, in->w, in->target_w)];
			cell->n++;
			cell->set += *target != 0;
		}
	}
}

static double sigmoid(double x)
{
	return 1 / (1 + exp(-x));
}

/* log(1 + eˣ), without overflow */
static double softplus(double x)
{
	return fmax(x, 0) + log1p(exp(-fabs(x)));
}

/* Adds one channel's cross entropy (a sum) and its dice coefficient, and writes its gradient. */
static void add_channel(const struct les_segloss_input *in, const float *logits,
			const struct cell *cells, float *grad, struct les_segloss *sums)
{
	const size_t n = (size_t)in->h * in->w;
	const double values = (double)in->channels * in->target_h * in->target_w;
	double both = SMOOTH, all = SMOOTH;

	for (size_t i = 0; i < n; i++) {
		const double x = logits[i], p = sigmoid(x);
		sums->bce += cells[i].n * softplus(x) - cells[i].set * x;
		both += 2 * p * cells[i].set;
		all += p * cells[i].n + cells[i].set;
	}
	sums->dice += both / all;
	for (size_t i = 0; grad && i < n; i++) {
		const double p = sigmoid(logits[i]);
		const double by_p = (2 * cells[i].set * all - both * cells[i].n) / (all * all);
		grad[i] = (float)((p * cells[i].n - cells[i].set) / values -
				  DICE_PART / in->channels * by_p * p * (1 - p));
	}
}

enum les_kind les_segloss(const struct les_segloss_input *in, struct les_segloss *ret,
			  struct les_error *reterr)
{
	const size_t n = (size_t)in->h * in->w, target_n = (size_t)in->target_h * in->target_w;
	struct les_segloss sums = {0};

	if (in->channels == 0 || n == 0 || target_n == 0)
		return les_fail(reterr, LES_ARG, "a heatmap without values");
	for (uint32_t c = 0; c < in->channels; c++) {
		LES_CLEANUP(les_free_p) struct cell *cells = calloc(n, sizeof *cells);
		if (!cells)
			return les_fail(reterr, LES_NOMEM, "a heatmap of %zu values", n);
		count_cells(in, in->target + c * target_n, cells);
		add_channel(in, in->logits + c * n, cells, in->grad ? in->grad + c * n : NULL,
			    &sums);
	}
	ret->bce = sums.bce / ((double)in->channels * (double)target_n);
	ret->dice = 1 - sums.dice / in->channels;
	ret->total = ret->bce + DICE_PART * ret->dice;
	return LES_OK;
}
