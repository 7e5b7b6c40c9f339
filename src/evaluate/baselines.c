#include "evaluate/baselines.h"

#include "base/cleanup.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

static const double STEP_PX = 2, QUARTER = 0.25, ALONE_PX = 10;

/* The lines that count, and what they allow. */
struct lines {
	const struct les_points **at;
	double *tolerance;
	size_t n;
};

static void lines_done(struct lines *lines)
{
	free(lines->at);
	free(lines->tolerance);
}

static enum les_kind lines_init(const struct les_points *from, uint32_t n, struct lines *lines,
				struct les_error *reterr)
{
	lines->at = calloc((size_t)n + 1, sizeof *lines->at);
	lines->tolerance = calloc((size_t)n + 1, sizeof *lines->tolerance);
	if (!lines->at || !lines->tolerance)
		return les_fail(reterr, LES_NOMEM, "%u baselines", n);
	for (uint32_t i = 0; i < n; i++)
		if (from[i].n >= 2)
			lines->at[lines->n++] = &from[i];
	return LES_OK;
}

/* The way from a point to the nearest of a segment. */
static void way_to(double x, double y, const struct les_point *a, const struct les_point *b,
		   double *dx, double *dy)
{
	const double sx = b->x_px - a->x_px, sy = b->y_px - a->y_px, square = sx * sx + sy * sy;
	const double along = (x - a->x_px) * sx + (y - a->y_px) * sy;
	const double t = square > 0 ? fmin(fmax(along / square, 0), 1) : 0;

	*dx = a->x_px + t * sx - x;
	*dy = a->y_px + t * sy - y;
}

/* Calls back with points of a line two pixels apart, its ends included, and their direction. */
static void walk(const struct les_points *line,
		 void (*visit)(void *context, double x, double y, double ux, double uy),
		 void *context)
{
	for (uint32_t i = 1; i < line->n; i++) {
		const struct les_point *a = &line->at[i - 1], *b = &line->at[i];
		const double sx = b->x_px - a->x_px, sy = b->y_px - a->y_px;
		const double length = hypot(sx, sy);
		const double ux = length > 0 ? sx / length : 1, uy = length > 0 ? sy / length : 0;
		for (double at = 0; at < length; at += STEP_PX)
			visit(context, a->x_px + ux * at, a->y_px + uy * at, ux, uy);
		if (i + 1 == line->n)
			visit(context, b->x_px, b->y_px, ux, uy);
	}
}

struct across {
	const struct les_points *other;
	double least;
};

/* A neighbour lies rather across the line than further along it. */
static void look_across(void *context, double x, double y, double ux, double uy)
{
	struct across *across = context;

	for (uint32_t i = 1; i < across->other->n; i++) {
		double dx, dy;
		way_to(x, y, &across->other->at[i - 1], &across->other->at[i], &dx, &dy);
		const double aside = fabs(ux * dy - uy * dx);
		if (aside > fabs(ux * dx + uy * dy))
			across->least = fmin(across->least, aside);
	}
}

static void find_tolerances(struct lines *truth)
{
	double sum = 0;
	size_t n = 0;

	for (size_t i = 0; i < truth->n; i++) {
		struct across across = {.least = HUGE_VAL};
		for (size_t k = 0; k < truth->n; k++) {
			across.other = truth->at[k];
			if (k != i)
				walk(truth->at[i], look_across, &across);
		}
		truth->tolerance[i] = QUARTER * across.least;
		sum += isfinite(across.least) ? truth->tolerance[i] : 0;
		n += isfinite(across.least) ? 1 : 0;
	}
	for (size_t i = 0; i < truth->n; i++)
		truth->tolerance[i] = n ? fmin(truth->tolerance[i], sum / (double)n) : ALONE_PX;
}

struct cover {
	const struct les_points *const *by;
	size_t by_n;
	double tolerance, sum, points;
};

static void cover_point(void *context, double x, double y, double ux, double uy)
{
	struct cover *cover = context;
	double least = HUGE_VAL;

	(void)ux;
	(void)uy;
	for (size_t k = 0; k < cover->by_n; k++) {
		for (uint32_t i = 1; i < cover->by[k]->n; i++) {
			double dx, dy;
			way_to(x, y, &cover->by[k]->at[i - 1], &cover->by[k]->at[i], &dx, &dy);
			least = fmin(least, dx * dx + dy * dy);
		}
	}
	const double t = fmax(cover->tolerance, 1e-9);
	cover->sum += fmin(fmax((3 * t - sqrt(least)) / (2 * t), 0), 1);
	cover->points++;
}

/* How far others cover a line, in [0,1]. */
static double covered(const struct les_points *line, const struct les_points *const *by,
		      size_t by_n, double tolerance)
{
	struct cover cover = {.by = by, .by_n = by_n, .tolerance = tolerance};

	walk(line, cover_point, &cover);
	return cover.points > 0 ? cover.sum / cover.points : 0;
}

struct pair {
	double share;
	size_t found, truth;
};

static int compare_pairs(const void *a, const void *b)
{
	const struct pair *p = a, *q = b;

	if (p->share != q->share)
		return (p->share < q->share) - (p->share > q->share);
	if (p->found != q->found)
		return (p->found > q->found) - (p->found < q->found);
	return (p->truth > q->truth) - (p->truth < q->truth);
}

/* Sum over the best pairs of how far what was found lies on the truth. */
static enum les_kind match(const struct lines *truth, const struct lines *found, double *ret,
			   struct les_error *reterr)
{
	const size_t all = truth->n * found->n;
	LES_CLEANUP(les_free_p) struct pair *pairs = calloc(all + 1, sizeof *pairs);
	LES_CLEANUP(les_free_p) bool *used = calloc(truth->n + found->n + 1, sizeof *used);
	size_t n = 0;
	double sum = 0;

	if (!pairs || !used)
		return les_fail(reterr, LES_NOMEM, "%zu pairs of baselines", all);
	for (size_t i = 0; i < found->n; i++) {
		for (size_t k = 0; k < truth->n; k++) {
			const double share =
				covered(found->at[i], &truth->at[k], 1, truth->tolerance[k]);
			if (share > 0)
				pairs[n++] = (struct pair){share, i, k};
		}
	}
	qsort(pairs, n, sizeof *pairs, compare_pairs);
	for (size_t i = 0; i < n; i++) {
		bool *taken = &used[pairs[i].found], *covers = &used[found->n + pairs[i].truth];
		if (*taken || *covers)
			continue;
		*taken = *covers = true;
		sum += pairs[i].share;
	}
	*ret = sum;
	return LES_OK;
}

enum les_kind les_baselines_compare(const struct les_points *truth, uint32_t truth_n,
				    const struct les_points *found, uint32_t found_n,
				    struct les_baseline_score *ret, struct les_error *reterr)
{
	LES_CLEANUP(lines_done) struct lines want = {0};
	LES_CLEANUP(lines_done) struct lines got = {0};
	double on_truth = 0, found_again = 0;
	enum les_kind kind = lines_init(truth, truth_n, &want, reterr);

	if (!kind)
		kind = lines_init(found, found_n, &got, reterr);
	if (kind)
		return kind;
	find_tolerances(&want);
	for (size_t i = 0; i < want.n && got.n > 0; i++)
		found_again += covered(want.at[i], got.at, got.n, want.tolerance[i]);
	kind = match(&want, &got, &on_truth, reterr);
	if (kind)
		return kind;
	const double recall = want.n ? found_again / (double)want.n : 1;
	const double precision = got.n ? on_truth / (double)got.n : 1;
	*ret = (struct les_baseline_score){
		.precision = precision,
		.recall = recall,
		.f1 = precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0,
	};
	return LES_OK;
}
