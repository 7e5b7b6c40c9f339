#include "image/gaussian.h"

#include "base/vector.h"
#include "types/limits.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 64, RADIUS_MAX = 4 * LES_BLUR_SIGMA_MAX + 1 };

struct kernel {
	float weight[RADIUS_MAX + 1]; /* of the centre, then outwards */
	size_t radius;
};

static struct kernel kernel_of(double sigma)
{
	struct kernel k = {.radius = (size_t)(4 * sigma + 0.5)};
	double sum = 1, at[RADIUS_MAX + 1] = {1};

	for (size_t i = 1; i <= k.radius; i++) {
		at[i] = exp(-0.5 * (double)(i * i) / (sigma * sigma));
		sum += 2 * at[i];
	}
	for (size_t i = 0; i <= k.radius; i++)
		k.weight[i] = (float)(at[i] / sum);
	return k;
}

/* out[x] = Σ weight[i] · (before[i][x] + after[i][x]): both passes are this, with other rows. */
LES_VECTORISED
static void weigh(float *restrict out, size_t n, const struct kernel *kernel,
		  const float *const *before, const float *const *after)
{
	size_t x = 0;

	for (; x + BLOCK <= n; x += BLOCK) {
		float sum[BLOCK];
		for (size_t j = 0; j < BLOCK; j++)
			sum[j] = kernel->weight[0] * before[0][x + j];
		for (size_t i = 1; i <= kernel->radius; i++)
			for (size_t j = 0; j < BLOCK; j++)
				sum[j] += kernel->weight[i] * (before[i][x + j] + after[i][x + j]);
		memcpy(out + x, sum, sizeof sum);
	}
	for (; x < n; x++) {
		float sum = kernel->weight[0] * before[0][x];
		for (size_t i = 1; i <= kernel->radius; i++)
			sum += kernel->weight[i] * (before[i][x] + after[i][x]);
		out[x] = sum;
	}
}

/* Where a position beyond the border lies, mirrored as often as it takes; n for "nowhere". */
static size_t fold(ptrdiff_t at, size_t n, enum les_border border)
{
	const ptrdiff_t period = 2 * (ptrdiff_t)n;

	if (at >= 0 && at < (ptrdiff_t)n)
		return (size_t)at;
	if (border == LES_BORDER_ZERO)
		return n;
	at = (at % period + period) % period;
	return (size_t)(at < (ptrdiff_t)n ? at : period - 1 - at);
}

static void blur_columns(const struct les_plane *source, const struct kernel *kernel,
			 enum les_border border, const float *zeros, struct les_plane *target)
{
	const float *before[RADIUS_MAX + 1], *after[RADIUS_MAX + 1];
	const size_t h = source->h_px;

	for (size_t y = 0; y < h; y++) {
		for (size_t i = 0; i <= kernel->radius; i++) {
			const size_t a = fold((ptrdiff_t)y - (ptrdiff_t)i, h, border);
			const size_t b = fold((ptrdiff_t)(y + i), h, border);
			before[i] = a < h ? les_plane_row(source, a) : zeros;
			after[i] = b < h ? les_plane_row(source, b) : zeros;
		}
		weigh(les_plane_row(target, y), source->w_px, kernel, before, after);
	}
}

/* padded: room for a row and the radius on both sides */
static void blur_rows(const struct les_plane *source, const struct kernel *kernel,
		      enum les_border border, float *padded, struct les_plane *target)
{
	const float *before[RADIUS_MAX + 1], *after[RADIUS_MAX + 1];
	const size_t w = source->w_px, radius = kernel->radius;

	for (size_t i = 0; i <= radius; i++) {
		before[i] = padded + radius - i;
		after[i] = padded + radius + i;
	}
	for (size_t y = 0; y < source->h_px; y++) {
		const float *row = les_plane_row(source, y);
		memcpy(padded + radius, row, w * sizeof *row);
		for (size_t i = 0; i < radius; i++) {
			const size_t a = fold(-1 - (ptrdiff_t)i, w, border);
			const size_t b = fold((ptrdiff_t)(w + i), w, border);
			padded[radius - 1 - i] = a < w ? row[a] : 0;
			padded[radius + w + i] = b < w ? row[b] : 0;
		}
		weigh(les_plane_row(target, y), w, kernel, before, after);
	}
}

enum les_kind les_gaussian(const struct les_plane *source, double sigma, enum les_border border,
			   struct les_plane *scratch, struct les_plane *target,
			   struct les_error *reterr)
{
	if (!(sigma > 0 && sigma <= LES_BLUR_SIGMA_MAX))
		return les_fail(reterr, LES_LIMIT, "a blur of %g pixels", sigma);
	const struct kernel kernel = kernel_of(sigma);
	const size_t room = source->w_px + 2 * kernel.radius;
	LES_CLEANUP(les_free_p) float *row = calloc(room, sizeof *row);

	if (!row)
		return les_fail(reterr, LES_NOMEM, "a row of %zu numbers", room);
	blur_columns(source, &kernel, border, row, scratch);
	blur_rows(scratch, &kernel, border, row, target);
	return LES_OK;
}
