#include "image/ridge.h"

#include "base/vector.h"
#include "image/gaussian.h"

#include <math.h>
#include <stdlib.h>

static const double SIGMAS[] = {1, 3, 5, 7, 9};

/* The neighbours of a position, one-sided at the ends, and 1 / their distance. */
struct span {
	size_t low, high;
	float inverse;
};

static struct span span_of(size_t at, size_t n)
{
	struct span s = {at > 0 ? at - 1 : 0, at + 1 < n ? at + 1 : at, 0};

	s.inverse = s.high > s.low ? 1.0f / (float)(s.high - s.low) : 0;
	return s;
}

LES_VECTORISED
static void slope_across(const float *restrict low, const float *restrict high, float inverse,
			 size_t w, float *restrict out)
{
	for (size_t x = 0; x < w; x++)
		out[x] = (high[x] - low[x]) * inverse;
}

LES_VECTORISED
static void slope_along(const float *restrict row, size_t w, float *restrict out)
{
	for (size_t x = 1; x + 1 < w; x++)
		out[x] = (row[x + 1] - row[x - 1]) * 0.5f;
	out[0] = w > 1 ? row[1] - row[0] : 0;
	out[w - 1] = w > 1 ? row[w - 1] - row[w - 2] : 0;
}

/* best[x] = max(best[x], σ²·λ), from the three second derivatives */
LES_VECTORISED
static void keep_best(const float *restrict yy, const float *restrict xx, const float *restrict xy,
		      float square, size_t w, float *restrict best)
{
	for (size_t x = 0; x < w; x++) {
		const float mean = -0.5f * (yy[x] + xx[x]), half = 0.5f * (yy[x] - xx[x]);
		const float value = square * (mean + sqrtf(half * half + xy[x] * xy[x]));
		best[x] = value > best[x] ? value : best[x];
	}
}

/* rows: six of w numbers */
static void add_scale(const struct les_plane *blurred, double sigma, float *rows,
		      struct les_plane *best)
{
	const size_t w = blurred->w_px, h = blurred->h_px;
	float *above = rows, *below = rows + w, *here = rows + 2 * w;
	float *yy = rows + 3 * w, *xx = rows + 4 * w, *xy = rows + 5 * w;

	for (size_t y = 0; y < h; y++) {
		const struct span at = span_of(y, h), low = span_of(at.low, h),
				  high = span_of(at.high, h);

		slope_across(les_plane_row(blurred, low.low), les_plane_row(blurred, low.high),
			     low.inverse, w, above);
		slope_across(les_plane_row(blurred, high.low), les_plane_row(blurred, high.high),
			     high.inverse, w, below);
		slope_across(above, below, at.inverse, w, yy);
		slope_across(les_plane_row(blurred, at.low), les_plane_row(blurred, at.high),
			     at.inverse, w, here);
		slope_along(here, w, xy);
		slope_along(les_plane_row(blurred, y), w, here);
		slope_along(here, w, xx);
		keep_best(yy, xx, xy, (float)(sigma * sigma), w, les_plane_row(best, y));
	}
}

enum les_kind les_ridge(const struct les_plane *source, struct les_plane *ret,
			struct les_error *reterr)
{
	LES_CLEANUP(les_plane_done) struct les_plane blurred = {0};
	LES_CLEANUP(les_plane_done) struct les_plane scratch = {0};
	LES_CLEANUP(les_plane_done) struct les_plane best = {0};
	LES_CLEANUP(les_free_p) float *rows = calloc(6 * (size_t)source->w_px, sizeof *rows);
	enum les_kind kind = les_plane_new(source->w_px, source->h_px, &blurred, reterr);
	double reached = 0;

	if (!kind)
		kind = les_plane_new(source->w_px, source->h_px, &scratch, reterr);
	if (!kind)
		kind = les_plane_new(source->w_px, source->h_px, &best, reterr);
	if (!kind && !rows)
		kind = les_fail(reterr, LES_NOMEM, "rows of %u numbers", source->w_px);
	for (size_t i = 0; !kind && i < LES_COUNT(SIGMAS); i++) {
		const double further = sqrt(SIGMAS[i] * SIGMAS[i] - reached * reached);
		kind = les_gaussian(i ? &blurred : source, further, LES_BORDER_ZERO, &scratch,
				    &blurred, reterr);
		if (!kind)
			add_scale(&blurred, SIGMAS[i], rows, &best);
		reached = SIGMAS[i];
	}
	if (kind)
		return kind;
	*ret = best;
	best = (struct les_plane){0};
	return LES_OK;
}
