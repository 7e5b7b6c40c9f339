#include "recognise/pix.h"

#include <leptonica/allheaders.h>

struct Pix *les_pix_from_image(const struct les_image *image)
{
	const int depth = image->channels == 1 ? 8 : 32;
	PIX *pix = pixCreate((l_int32)image->w_px, (l_int32)image->h_px, depth);

	if (!pix)
		return NULL;
	l_uint32 *line = pixGetData(pix);
	for (uint32_t y = 0; y < image->h_px; y++, line += pixGetWpl(pix)) {
		const uint8_t *from = image->px + (size_t)y * image->stride_bytes;
		for (uint32_t x = 0; x < image->w_px; x++) {
			if (depth == 8)
				SET_DATA_BYTE(line, x, from[x]);
			else
				composeRGBPixel(from[3 * x], from[3 * x + 1], from[3 * x + 2],
						line + x);
		}
	}
	return pix;
}

void les_pix_destroy_p(struct Pix **pix)
{
	pixDestroy(pix);
}
