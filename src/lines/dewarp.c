#include "lines/dewarp.h"

#include "types/limits.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double BAND_DEVIATIONS = 4.0;      /* half the band's height, in mean deviations */
static const double CENTRE_SMOOTHING = 0.3;     /* of the centre along the line, in line heights */
static const double BLUR_X = 1.0, BLUR_Y = 0.5; /* in line heights */
static const double MEAN_WEIGHT = 0.001; /* of the row's mean: draws empty columns to the text */

/* One side of a Gaussian cut at 4 sigma, normalised: weight[0] is the middle. */
struct kernel {
	double *weight;
	uint32_t radius;
};

static void kernel_done(struct kernel *kernel)
{
	free(kernel->weight);
}

static enum les_kind kernel_init(double sigma, struct kernel *ret, struct les_error *reterr)
{
	const uint32_t radius = (uint32_t)(4.0 * sigma + 0.5);
	double *weight = calloc(radius + 1u, sizeof *weight);
	double sum = 0;

	if (!weight)
		return les_fail(reterr, LES_NOMEM, "smoothing a line");
	for (uint32_t i = 0; i <= radius; i++) {
		weight[i] = exp(-0.5 * i * i / (sigma * sigma));
		sum += i ? 2 * weight[i] : weight[i];
	}
	for (uint32_t i = 0; i <= radius; i++)
		weight[i] /= sum;
	*ret = (struct kernel){.weight = weight, .radius = radius};
	return LES_OK;
}

static void add_row(double *out, const double *in, uint32_t n, double weight)
{
	for (uint32_t i = 0; i < n; i++)
		out[i] += in[i] * weight;
}

/* out [h,w] = in [h,w] blurred along y, nothing beyond the edges. */
static void blur_y(double *out, const double *in, uint32_t h, uint32_t w, const struct kernel *k)
{
	for (uint32_t y = 0; y < h; y++) {
		for (uint32_t from = 0; from < h; from++) {
			const uint32_t distance = from > y ? from - y : y - from;
			if (distance <= k->radius)
				add_row(out + (size_t)y * w, in + (size_t)from * w, w,
					k->weight[distance]);
		}
	}
}

/* out [w] = in [w] blurred along x, nothing beyond the edges. */
static void blur_x(double *out, const double *in, uint32_t w, const struct kernel *k)
{
	memset(out, 0, w * sizeof *out);
	add_row(out, in, w, k->weight[0]);
	for (uint32_t d = 1; d <= k->radius && d < w; d++) {
		add_row(out, in + d, w - d, k->weight[d]);
		add_row(out + d, in, w - d, k->weight[d]);
	}
}

/* out [h,w] += weight × the mean of in over a window of size_y rows and w columns, nothing beyond
 * the edges. The window reaches size/2 back, so its middle lies right of centre for even sizes. */
static void add_mean(double *out, const double *in, uint32_t h, uint32_t w, uint32_t size_y,
		     double *sums)
{
	for (uint32_t y = 0; y < h; y++) {
		const uint32_t y0 = y > size_y / 2 ? y - size_y / 2 : 0;
		const uint32_t y1 = y + size_y - size_y / 2 < h ? y + size_y - size_y / 2 : h;

		/* sums[x]: of the columns before x */
		memset(sums, 0, (w + 1u) * sizeof *sums);
		for (uint32_t from = y0; from < y1; from++)
			add_row(sums + 1, in + (size_t)from * w, w, 1.0 / ((double)size_y * w));
		for (uint32_t x = 0; x < w; x++)
			sums[x + 1] += sums[x];
		for (uint32_t x = 0; x < w; x++) {
			const uint32_t x0 = x > w / 2 ? x - w / 2 : 0;
			const uint32_t x1 = x + w - w / 2 < w ? x + w - w / 2 : w;
			out[(size_t)y * w + x] += MEAN_WEIGHT * (sums[x1] - sums[x0]);
		}
	}
}

/* The row where each column is darkest; the first of equals. */
static void darkest_rows(const double *ink, uint32_t h, uint32_t w, double *ret_row)
{
	for (uint32_t x = 0; x < w; x++) {
		uint32_t best = 0;
		for (uint32_t y = 1; y < h; y++)
			if (ink[(size_t)y * w + x] > ink[(size_t)best * w + x])
				best = y;
		ret_row[x] = best;
	}
}

static uint32_t mirrored(int64_t i, uint32_t n)
{
	const int64_t period = 2 * (int64_t)n;
	int64_t at = i % period;

	at = at < 0 ? at + period : at;
	return (uint32_t)(at < n ? at : period - 1 - at);
}

/* centre [w] = row [w] smoothed, mirrored at the ends, rounded towards zero. */
static void smooth_centre(int32_t *centre, const double *row, uint32_t w, const struct kernel *k)
{
	for (uint32_t x = 0; x < w; x++) {
		double sum = row[x] * k->weight[0];
		for (uint32_t d = 1; d <= k->radius; d++)
			sum += (row[mirrored((int64_t)x - d, w)] +
				row[mirrored((int64_t)x + d, w)]) *
			       k->weight[d];
		/* sums of equal rows end just below the whole number */
		centre[x] = (int32_t)(sum + 1e-9);
	}
}

/* ink [h,w] in [0,1] → centre [w] */
static enum les_kind find_centre(const double *ink, uint32_t h, uint32_t w, int32_t *centre,
				 struct les_error *reterr)
{
	LES_CLEANUP(kernel_done) struct kernel kx = {0}, ky = {0}, along = {0};
	LES_CLEANUP(les_free_p) double *blurred = calloc((size_t)h * w, sizeof *blurred);
	LES_CLEANUP(les_free_p) double *mixed = calloc((size_t)h * w, sizeof *mixed);
	LES_CLEANUP(les_free_p) double *row = calloc(w + 1u, sizeof *row);
	const uint32_t mean_rows = h / 2 > 1 ? h / 2 : 1;
	enum les_kind kind;

	if (!blurred || !mixed || !row)
		return les_fail(reterr, LES_NOMEM, "a line of %u × %u pixels", w, h);
	if ((kind = kernel_init(h * BLUR_Y, &ky, reterr)) ||
	    (kind = kernel_init(h * BLUR_X, &kx, reterr)) ||
	    (kind = kernel_init(h * CENTRE_SMOOTHING, &along, reterr)))
		return kind;
	blur_y(mixed, ink, h, w, &ky);
	for (uint32_t y = 0; y < h; y++)
		blur_x(blurred + (size_t)y * w, mixed + (size_t)y * w, w, &kx);
	memcpy(mixed, blurred, (size_t)h * w * sizeof *mixed);
	add_mean(mixed, blurred, h, w, mean_rows, row);
	darkest_rows(mixed, h, w, row);
	smooth_centre(centre, row, w, &along);
	return LES_OK;
}

/* Mean distance of the ink from the centre, as a half height. */
static uint32_t band_radius(const double *ink, uint32_t h, uint32_t w, const int32_t *centre)
{
	double sum = 0;
	uint64_t n = 0;

	for (uint32_t y = 0; y < h; y++) {
		for (uint32_t x = 0; x < w; x++) {
			if (ink[(size_t)y * w + x] > 0) {
				sum += fabs((double)y - centre[x]);
				n++;
			}
		}
	}
	return (uint32_t)(1 + BAND_DEVIATIONS * sum / (double)n);
}

/* The band around the centre, one column at a time; beyond the image the lightest grey. */
struct band {
	const struct les_image *line;
	const int32_t *centre;
	int32_t radius;
	uint8_t white;
};

static double band_at(const struct band *band, uint32_t row, uint32_t x)
{
	const int32_t y = band->centre[x] - band->radius + (int32_t)row;

	if (y < 0 || y >= (int32_t)band->line->h_px)
		return band->white;
	return band->line->px[(size_t)y * band->line->stride_bytes + x];
}

/* Bilinear, without antialiasing: kraken's models have learnt it that way. */
static void sample_band(const struct band *band, struct les_bitmap *out)
{
	const uint32_t rows = 2 * (uint32_t)band->radius;
	const double step = (double)rows / out->h_px;

	for (uint32_t y = 0; y < out->h_px; y++) {
		const double at_y = y * step;
		const uint32_t y0 = (uint32_t)at_y;

		for (uint32_t x = 0; x < out->w_px; x++) {
			const double at_x = x * step;
			const uint32_t x0 = (uint32_t)at_x;
			uint8_t *px = out->px + (size_t)y * out->w_px + x;

			if (at_y > rows - 1 || at_x > band->line->w_px - 1) {
				*px = band->white;
				continue;
			}
			const double fy = at_y - y0, fx = at_x - x0;
			const uint32_t x1 = fx > 0 ? x0 + 1 : x0, y1 = fy > 0 ? y0 + 1 : y0;
			const double top =
				band_at(band, y0, x0) * (1 - fx) + band_at(band, y0, x1) * fx;
			const double bottom =
				band_at(band, y1, x0) * (1 - fx) + band_at(band, y1, x1) * fx;
			*px = (uint8_t)((float)(top * (1 - fy) + bottom * fy));
		}
	}
}

/* ink [h,w]: 0 at the lightest pixel, 1 at the darkest. Returns whether there is any. */
static bool measure_ink(const struct les_image *line, double *ink, uint8_t *ret_white)
{
	uint8_t min = 255, max = 0;

	for (uint32_t y = 0; y < line->h_px; y++) {
		const uint8_t *row = line->px + (size_t)y * line->stride_bytes;
		for (uint32_t x = 0; x < line->w_px; x++) {
			min = row[x] < min ? row[x] : min;
			max = row[x] > max ? row[x] : max;
		}
	}
	*ret_white = max;
	if (min == max)
		return false;
	for (uint32_t y = 0; y < line->h_px; y++)
		for (uint32_t x = 0; x < line->w_px; x++)
			ink[(size_t)y * line->w_px + x] =
				(double)(max - line->px[(size_t)y * line->stride_bytes + x]) /
				(max - min);
	return true;
}

enum les_kind les_line_dewarp(const struct les_image *line, uint32_t h_px, struct les_bitmap *ret,
			      struct les_error *reterr)
{
	const uint32_t h = line->h_px, w = line->w_px;
	uint8_t white;
	enum les_kind kind;

	if (h == 0 || w == 0 || (uint64_t)h * w > LES_PAGE_PX_MAX)
		return les_fail(reterr, LES_LIMIT, "a line of %u × %u pixels", w, h);
	LES_CLEANUP(les_free_p) double *ink = calloc((size_t)h * w, sizeof *ink);
	LES_CLEANUP(les_free_p) int32_t *centre = calloc(w, sizeof *centre);
	if (!ink || !centre)
		return les_fail(reterr, LES_NOMEM, "a line of %u × %u pixels", w, h);

	struct band band = {.line = line, .centre = centre, .radius = (int32_t)(h + 1) / 2};
	if (measure_ink(line, ink, &white)) {
		if ((kind = find_centre(ink, h, w, centre, reterr)))
			return kind;
		band.radius = (int32_t)band_radius(ink, h, w, centre);
	} else {
		for (uint32_t x = 0; x < w; x++)
			centre[x] = band.radius;
	}
	band.white = white;
	const double scale = h_px / (2.0 * band.radius);
	struct les_bitmap out;
	if ((kind = les_bitmap_new((uint32_t)fmin(scale * w, UINT32_MAX), h_px, 1, &out, reterr)))
		return kind;
	sample_band(&band, &out);
	*ret = out;
	return LES_OK;
}
