/* Formats that Leptonica writes. */
#include "tests/documents/documents.h"

#include <leptonica/allheaders.h>

static PIX *picture_pix(int depth)
{
	PIX *pix = pixCreate(PICTURE_W_PX, PICTURE_H_PX, depth);

	for (l_int32 y = 0; y < PICTURE_H_PX; y++) {
		for (l_int32 x = 0; x < PICTURE_W_PX; x++) {
			uint8_t rgb[3], grey = picture_grey((uint32_t)x, (uint32_t)y);
			l_uint32 value = grey;
			picture_rgb((uint32_t)x, (uint32_t)y, rgb);
			if (depth == 32)
				composeRGBPixel(rgb[0], rgb[1], rgb[2], &value);
			if (depth == 16)
				value = grey * 257u;
			if (depth == 1)
				value = grey < 100;
			pixSetPixel(pix, x, y, value);
		}
	}
	pixSetResolution(pix, 300, 300);
	return pix;
}

/* Where the picture is white: transparent black, which must come out white. */
static void make_transparent(PIX *pix)
{
	pixSetSpp(pix, 4);
	for (l_int32 y = 0; y < PICTURE_H_PX; y++) {
		for (l_int32 x = 0; x < PICTURE_W_PX; x++) {
			l_uint32 value;
			pixGetPixel(pix, x, y, &value);
			pixSetPixel(pix, x, y, value >> 8 == 0xffffff ? 0 : value | 0xff);
		}
	}
}

static PIX *picture_in(enum png_form form)
{
	static const int depths[] = {[PNG_GREY] = 8,     [PNG_RGB] = 32, [PNG_RGBA] = 32,
				     [PNG_PALETTE] = 32, [PNG_BIT] = 1,  [PNG_GREY_16] = 16};
	PIX *pix = picture_pix(depths[form]);

	if (form == PNG_RGBA)
		make_transparent(pix);
	if (form == PNG_PALETTE) {
		PIX *palette = pixOctreeQuantNumColors(pix, 16, 0);
		pixDestroy(&pix);
		pix = palette;
	}
	return pix;
}

static void put_and_free(struct les_buf *out, l_uint8 *bytes, size_t n, PIX *pix)
{
	les_buf_put(out, bytes, n);
	lept_free(bytes);
	pixDestroy(&pix);
}

void document_png(struct les_buf *out, enum png_form form)
{
	PIX *pix = picture_in(form);
	l_uint8 *bytes = NULL;
	size_t n = 0;

	pixWriteMemPng(&bytes, &n, pix, 0);
	put_and_free(out, bytes, n, pix);
}

void document_webp(struct les_buf *out)
{
	PIX *pix = picture_pix(32);
	l_uint8 *bytes = NULL;
	size_t n = 0;

	pixWriteMemWebP(&bytes, &n, pix, 90, 0);
	put_and_free(out, bytes, n, pix);
}

void document_jp2(struct les_buf *out)
{
	PIX *pix = picture_pix(32);
	l_uint8 *bytes = NULL;
	size_t n = 0;

	pixWriteMemJp2k(&bytes, &n, pix, 45, 4, 0, 0);
	put_and_free(out, bytes, n, pix);
}
