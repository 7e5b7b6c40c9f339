#include "image/resize.h"

#include "types/limits.h"

#include <math.h>
#include <stdlib.h>

enum { WEIGHT_BITS = 32 - 8 - 2 }; /* 8 of the pixel, 2 for the sign and overshoot */

static const double LOBES = 3.0;

/* For each output position the first input position and its weights, weights_max apart. */
struct taps {
	uint32_t *from, *n;
	int32_t *weight;
	uint32_t weights_max;
};

static void taps_done(struct taps *taps)
{
	free(taps->from);
	free(taps->n);
	free(taps->weight);
}

static double sinc(double x)
{
	return x == 0.0 ? 1.0 : sin(M_PI * x) / (M_PI * x);
}

static double lanczos(double x)
{
	return x >= -LOBES && x < LOBES ? sinc(x) * sinc(x / LOBES) : 0.0;
}

static int32_t to_fixed(double weight)
{
	const double scaled = weight * (1 << WEIGHT_BITS);

	return (int32_t)(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
}

/* The taps of one output position; scratch holds weights_max doubles. */
static void taps_fill(struct taps *taps, uint32_t at, uint32_t in, double scale, double *scratch)
{
	const double filter_scale = scale < 1.0 ? 1.0 : scale;
	const double centre = (at + 0.5) * scale, support = LOBES * filter_scale;
	const double low = centre - support + 0.5, high = centre + support + 0.5;
	const uint32_t first = low < 0 ? 0 : (uint32_t)low;
	const uint32_t end = high > in ? in : (uint32_t)high;
	int32_t *weight = taps->weight + (size_t)at * taps->weights_max;
	double sum = 0;

	for (uint32_t i = first; i < end; i++) {
		scratch[i - first] = lanczos((i - centre + 0.5) / filter_scale);
		sum += scratch[i - first];
	}
	for (uint32_t i = 0; i < end - first; i++)
		weight[i] = to_fixed(sum != 0 ? scratch[i] / sum : scratch[i]);
	taps->from[at] = first;
	taps->n[at] = end - first;
}

static enum les_kind taps_init(uint32_t in, uint32_t out, struct taps *ret,
			       struct les_error *reterr)
{
	const double scale = (double)in / out;
	const double support = LOBES * (scale < 1.0 ? 1.0 : scale);
	LES_CLEANUP(taps_done)
	struct taps taps = {
		.weights_max = (uint32_t)ceil(support) * 2 + 1,
		.from = calloc(out, sizeof *taps.from),
		.n = calloc(out, sizeof *taps.n),
	};
	LES_CLEANUP(les_free_p) double *scratch = calloc(taps.weights_max, sizeof *scratch);

	taps.weight = calloc((size_t)out * taps.weights_max, sizeof *taps.weight);
	if (!taps.from || !taps.n || !taps.weight || !scratch)
		return les_fail(reterr, LES_NOMEM, "resizing %u to %u pixels", in, out);
	for (uint32_t i = 0; i < out; i++)
		taps_fill(&taps, i, in, scale, scratch);
	*ret = taps;
	taps = (struct taps){0};
	return LES_OK;
}

static uint8_t to_pixel(int32_t sum)
{
	const int32_t v = sum >> WEIGHT_BITS;

	return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

static void resize_row(uint8_t *out, const uint8_t *in, uint32_t w_px, uint32_t channels,
		       const struct taps *taps)
{
	for (uint32_t x = 0; x < w_px; x++) {
		const int32_t *weight = taps->weight + (size_t)x * taps->weights_max;
		const uint8_t *from = in + (size_t)taps->from[x] * channels;

		for (uint32_t c = 0; c < channels; c++) {
			int32_t sum = 1 << (WEIGHT_BITS - 1);
			for (uint32_t i = 0; i < taps->n[x]; i++)
				sum += from[i * channels + c] * weight[i];
			out[x * channels + c] = to_pixel(sum);
		}
	}
}

static enum les_kind resize_x(const struct les_image *image, uint32_t w_px, struct les_bitmap *ret,
			      struct les_error *reterr)
{
	LES_CLEANUP(taps_done) struct taps taps = {0};
	LES_CLEANUP(les_bitmap_done) struct les_bitmap out = {0};
	enum les_kind kind;

	if (w_px == image->w_px)
		return les_bitmap_copy(image, image->channels, ret, reterr);
	if ((kind = les_bitmap_new(w_px, image->h_px, image->channels, &out, reterr)) ||
	    (kind = taps_init(image->w_px, w_px, &taps, reterr)))
		return kind;
	for (uint32_t y = 0; y < image->h_px; y++)
		resize_row(out.px + (size_t)y * w_px * out.channels,
			   image->px + (size_t)y * image->stride_bytes, w_px, out.channels, &taps);
	*ret = out;
	out.px = NULL;
	return LES_OK;
}

/* One output row from the input rows its taps name: sums whole rows, so that it vectorises. */
static void resize_column(uint8_t *out, const struct les_bitmap *in, const struct taps *taps,
			  uint32_t y, int32_t *sum)
{
	const size_t row = (size_t)in->w_px * in->channels;
	const int32_t *weight = taps->weight + (size_t)y * taps->weights_max;

	for (size_t i = 0; i < row; i++)
		sum[i] = 1 << (WEIGHT_BITS - 1);
	for (uint32_t k = 0; k < taps->n[y]; k++) {
		const uint8_t *from = in->px + (taps->from[y] + k) * row;
		for (size_t i = 0; i < row; i++)
			sum[i] += from[i] * weight[k];
	}
	for (size_t i = 0; i < row; i++)
		out[i] = to_pixel(sum[i]);
}

enum les_kind les_resize_lanczos(const struct les_image *image, uint32_t w_px, uint32_t h_px,
				 struct les_bitmap *ret, struct les_error *reterr)
{
	LES_CLEANUP(taps_done) struct taps taps = {0};
	LES_CLEANUP(les_bitmap_done) struct les_bitmap wide = {0}, out = {0};
	enum les_kind kind;

	if ((kind = les_bitmap_new(w_px, h_px, image->channels, &out, reterr)) ||
	    (kind = resize_x(image, w_px, &wide, reterr)))
		return kind;
	if (h_px == image->h_px) {
		*ret = wide;
		wide.px = NULL;
		return LES_OK;
	}
	const size_t row = (size_t)w_px * out.channels;
	LES_CLEANUP(les_free_p) int32_t *sum = calloc(row, sizeof *sum);
	if (!sum)
		return les_fail(reterr, LES_NOMEM, "resizing to %u pixels", w_px);
	if ((kind = taps_init(image->h_px, h_px, &taps, reterr)))
		return kind;
	for (uint32_t y = 0; y < h_px; y++)
		resize_column(out.px + y * row, &wide, &taps, y, sum);
	*ret = out;
	out.px = NULL;
	return LES_OK;
}
