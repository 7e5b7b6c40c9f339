#include "image/input.h"

#include "image/resize.h"
#include "types/limits.h"

#include <stdlib.h>

enum les_kind les_input_size(const struct les_image *image, const struct les_input_spec *spec,
			     uint32_t *ret_w_px, uint32_t *ret_h_px, struct les_error *reterr)
{
	uint64_t w = spec->w_px, h = spec->h_px;

	if (image->w_px == 0 || image->h_px == 0)
		return les_fail(reterr, LES_LIMIT, "an image without pixels");
	if (w == 0 && h == 0) {
		w = image->w_px;
		h = image->h_px;
	} else if (w == 0) {
		w = (uint64_t)image->w_px * h / image->h_px;
	} else if (h == 0) {
		h = (uint64_t)image->h_px * w / image->w_px;
	}
	if (w == 0 || h == 0 || w > LES_BITMAP_SIDE_MAX || h > LES_BITMAP_SIDE_MAX)
		return les_fail(reterr, LES_LIMIT,
				"an image of %u × %u pixels resized to %llu × %llu", image->w_px,
				image->h_px, (unsigned long long)w, (unsigned long long)h);
	*ret_w_px = (uint32_t)w;
	*ret_h_px = (uint32_t)h;
	return LES_OK;
}

void les_input_done(struct les_input *input)
{
	free(input->at);
	*input = (struct les_input){0};
}

/* The lightest and the darkest value, the padding's white among them. */
static void range(const struct les_image *image, bool padded, uint8_t *ret_min, uint8_t *ret_max)
{
	uint8_t min = 255, max = padded ? 255 : 0;

	for (uint32_t y = 0; y < image->h_px; y++) {
		const uint8_t *row = image->px + (size_t)y * image->stride_bytes;
		for (size_t i = 0; i < (size_t)image->w_px * image->channels; i++) {
			min = row[i] < min ? row[i] : min;
			max = row[i] > max ? row[i] : max;
		}
	}
	*ret_min = min;
	*ret_max = max;
}

/* The padding is white, so never darker than max: it stays 0. */
static void fill(struct les_input *input, const struct les_image *image, uint32_t pad_px,
		 uint8_t max)
{
	float *out = input->at + pad_px;

	for (uint32_t c = 0; c < input->channels; c++) {
		for (uint32_t y = 0; y < input->h_px; y++, out += input->w_px) {
			const uint8_t *row = image->px + (size_t)y * image->stride_bytes + c;

			for (size_t x = 0; x < image->w_px; x++)
				out[x] = (float)(max - row[x * image->channels]) / 255.0f;
		}
	}
}

enum les_kind les_input_from_resized(const struct les_image *image, uint32_t pad_px,
				     struct les_input *ret, struct les_error *reterr)
{
	const uint64_t w = (uint64_t)image->w_px + 2ull * pad_px;
	const uint64_t n = w * image->h_px * image->channels;
	uint8_t min, max;

	if (n == 0 || w > LES_BITMAP_SIDE_MAX || n > LES_INPUT_FLOATS_MAX)
		return les_fail(reterr, LES_LIMIT, "a net's input of %llu × %u pixels",
				(unsigned long long)w, image->h_px);
	struct les_input input = {
		.at = calloc(n, sizeof *input.at),
		.channels = image->channels,
		.h_px = image->h_px,
		.w_px = (uint32_t)w,
	};
	if (!input.at)
		return les_fail(reterr, LES_NOMEM, "a net's input of %u × %u pixels", input.w_px,
				input.h_px);
	range(image, pad_px > 0, &min, &max);
	input.flat = min == max;
	fill(&input, image, pad_px, max);
	*ret = input;
	return LES_OK;
}

enum les_kind les_input_resize(const struct les_image *image, const struct les_input_spec *spec,
			       struct les_bitmap *ret, struct les_error *reterr)
{
	LES_CLEANUP(les_bitmap_done) struct les_bitmap coloured = {0};
	uint32_t w_px, h_px;
	enum les_kind kind;

	if ((kind = les_input_size(image, spec, &w_px, &h_px, reterr)) ||
	    (kind = les_bitmap_copy(image, spec->channels, &coloured, reterr)))
		return kind;
	const struct les_image view = les_bitmap_view(&coloured);
	return les_resize_lanczos(&view, w_px, h_px, ret, reterr);
}

enum les_kind les_input_from_image(const struct les_image *image, const struct les_input_spec *spec,
				   struct les_input *ret, struct les_error *reterr)
{
	LES_CLEANUP(les_bitmap_done) struct les_bitmap resized = {0};
	enum les_kind kind = les_input_resize(image, spec, &resized, reterr);

	if (kind != LES_OK)
		return kind;
	const struct les_image small = les_bitmap_view(&resized);
	return les_input_from_resized(&small, spec->pad_px, ret, reterr);
}
