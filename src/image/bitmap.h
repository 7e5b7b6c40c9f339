#ifndef LES_IMAGE_BITMAP_H
#define LES_IMAGE_BITMAP_H

#include "base/cleanup.h"
#include "base/error.h"
#include "types/geometry.h"
#include "types/image.h"

/* An image that owns its pixels: uint8 [h_px, w_px, channels], no padding between rows.
 * {0} is empty. les_bitmap_done() frees. */
struct les_bitmap {
	uint8_t *px;
	uint32_t w_px, h_px;
	uint32_t channels; /* 1 or 3 */
};

/* Zeroed pixels. errors: LIMIT (a side of 0 or beyond LES_BITMAP_SIDE_MAX, more than
 * LES_PAGE_PX_MAX pixels), NOMEM. */
enum les_kind les_bitmap_new(uint32_t w_px, uint32_t h_px, uint32_t channels,
			     struct les_bitmap *ret, struct les_error *reterr);
void les_bitmap_done(struct les_bitmap *bitmap);

/* The same pixels, borrowed. */
struct les_image les_bitmap_view(const struct les_bitmap *bitmap);

/* A part of an image, borrowed; the box is cut to the image. */
struct les_image les_image_crop(const struct les_image *image, struct les_box box);

/* A copy with as many channels as asked for. Grey is ITU-R 601 luma in 16-bit fixed point, rounded:
 * (19595 R + 38470 G + 7471 B + 2¹⁵) >> 16, as Pillow's convert("L"). errors: as les_bitmap_new().
 */
enum les_kind les_bitmap_copy(const struct les_image *image, uint32_t channels,
			      struct les_bitmap *ret, struct les_error *reterr);

#endif
