#include "preprocess/pix.h"

#include <leptonica/allheaders.h>
#include <stdlib.h>
#include <string.h>

/* Leptonica counts the pixels of a word from its highest byte; les_pix_from_image() and
 * les_pix_grey() move whole rows and let it turn the words round. */
struct Pix *les_pix_from_image(const struct les_image *image)
{
	const int depth = image->channels == 1 ? 8 : 32;
	PIX *pix = pixCreate((l_int32)image->w_px, (l_int32)image->h_px, depth);

	if (!pix)
		return NULL;
	l_uint32 *line = pixGetData(pix);
	for (uint32_t y = 0; y < image->h_px; y++, line += pixGetWpl(pix)) {
		const uint8_t *from = image->px + (size_t)y * image->stride_bytes;
		if (depth == 8)
			memcpy(line, from, image->w_px);
		for (uint32_t x = 0; depth == 32 && x < image->w_px; x++)
			composeRGBPixel(from[3 * x], from[3 * x + 1], from[3 * x + 2], line + x);
	}
	if (depth == 8)
		pixEndianByteSwap(pix);
	return pix;
}

uint8_t *les_pix_grey(struct Pix *pix, struct les_image *ret)
{
	const size_t w = (size_t)pixGetWidth(pix), h = (size_t)pixGetHeight(pix);
	uint8_t *px = malloc(w * h);

	if (!px)
		return NULL;
	pixEndianByteSwap(pix);
	for (size_t y = 0; y < h; y++)
		memcpy(px + y * w, pixGetData(pix) + y * (size_t)pixGetWpl(pix), w);
	pixEndianByteSwap(pix);
	*ret = (struct les_image){px, (uint32_t)w, (uint32_t)h, (uint32_t)w, 1};
	return px;
}

void les_pix_destroy_p(struct Pix **pix)
{
	pixDestroy(pix);
}
