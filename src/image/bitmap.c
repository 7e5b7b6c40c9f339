#include "image/bitmap.h"

#include "types/limits.h"

#include <stdlib.h>
#include <string.h>

enum les_kind les_bitmap_new(uint32_t w_px, uint32_t h_px, uint32_t channels,
			     struct les_bitmap *ret, struct les_error *reterr)
{
	if (w_px == 0 || h_px == 0 || w_px > LES_BITMAP_SIDE_MAX || h_px > LES_BITMAP_SIDE_MAX ||
	    (uint64_t)w_px * h_px > LES_PAGE_PX_MAX)
		return les_fail(reterr, LES_LIMIT, "an image of %u × %u pixels", w_px, h_px);
	uint8_t *px = calloc((size_t)w_px * h_px, channels);
	if (!px)
		return les_fail(reterr, LES_NOMEM, "an image of %u × %u pixels", w_px, h_px);
	*ret = (struct les_bitmap){.px = px, .w_px = w_px, .h_px = h_px, .channels = channels};
	return LES_OK;
}

void les_bitmap_done(struct les_bitmap *bitmap)
{
	free(bitmap->px);
	*bitmap = (struct les_bitmap){0};
}

struct les_image les_bitmap_view(const struct les_bitmap *bitmap)
{
	return (struct les_image){
		.px = bitmap->px,
		.w_px = bitmap->w_px,
		.h_px = bitmap->h_px,
		.stride_bytes = bitmap->w_px * bitmap->channels,
		.channels = bitmap->channels,
	};
}

static uint32_t clamp(int32_t v, uint32_t max)
{
	return v < 0 ? 0 : (uint32_t)v > max ? max : (uint32_t)v;
}

struct les_image les_image_crop(const struct les_image *image, struct les_box box)
{
	const uint32_t x0 = clamp(box.x0_px, image->w_px), x1 = clamp(box.x1_px, image->w_px);
	const uint32_t y0 = clamp(box.y0_px, image->h_px), y1 = clamp(box.y1_px, image->h_px);
	struct les_image part = *image;

	part.px += (size_t)y0 * image->stride_bytes + (size_t)x0 * image->channels;
	part.w_px = x1 > x0 ? x1 - x0 : 0;
	part.h_px = y1 > y0 ? y1 - y0 : 0;
	return part;
}

static void copy_row(uint8_t *out, const uint8_t *in, uint32_t w_px, uint32_t from, uint32_t to)
{
	if (from == to) {
		memcpy(out, in, (size_t)w_px * to);
		return;
	}
	for (uint32_t x = 0; x < w_px; x++) {
		if (to == 1) {
			out[x] = (uint8_t)((19595u * in[3 * x] + 38470u * in[3 * x + 1] +
					    7471u * in[3 * x + 2] + 0x8000u) >>
					   16);
		} else {
			memset(out + 3 * (size_t)x, in[x], 3);
		}
	}
}

enum les_kind les_bitmap_copy(const struct les_image *image, uint32_t channels,
			      struct les_bitmap *ret, struct les_error *reterr)
{
	struct les_bitmap copy;
	enum les_kind kind = les_bitmap_new(image->w_px, image->h_px, channels, &copy, reterr);

	if (kind)
		return kind;
	for (uint32_t y = 0; y < image->h_px; y++)
		copy_row(copy.px + (size_t)y * copy.w_px * channels,
			 image->px + (size_t)y * image->stride_bytes, image->w_px, image->channels,
			 channels);
	*ret = copy;
	return LES_OK;
}
