#ifndef LES_TYPES_IMAGE_H
#define LES_TYPES_IMAGE_H

#include <stddef.h>
#include <stdint.h>

/* Pixels of a page: uint8 [h_px, stride_bytes], channels 1 (grey, 0 = ink) or 3 (RGB, interleaved).
 * Borrows its pixels; who made the struct says who owns them. */
struct les_image {
	const uint8_t *px;
	uint32_t w_px, h_px;
	uint32_t stride_bytes;
	uint32_t channels;
};

static inline size_t les_image_bytes(const struct les_image *image)
{
	return (size_t)image->stride_bytes * image->h_px;
}

#endif
