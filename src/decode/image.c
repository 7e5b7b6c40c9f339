/* Images of one page through Leptonica, decoded from memory. The only file that knows Leptonica. */
#include "base/cleanup.h"
#include "decode/format.h"

#include <leptonica/allheaders.h>
#include <stdlib.h>
#include <string.h>

struct image {
	struct les_format_input input;
};

static enum les_kind image_open(const struct les_format_input *input, void **ret_handle,
				uint32_t *ret_pages_n, struct les_error *reterr)
{
	/* the only page being too large, the document is */
	enum les_kind kind = les_raster_check_size(input->sniff->w_px, input->sniff->h_px,
						   input->open->page_px_max, reterr);
	if (kind != LES_OK)
		return kind;
	struct image *image = malloc(sizeof *image);
	if (!image)
		return les_fail(reterr, LES_NOMEM, "no memory for an image");
	*image = (struct image){*input};
	setMsgSeverity(L_SEVERITY_NONE);
	*ret_handle = image;
	*ret_pages_n = 1;
	return LES_OK;
}

/* A Pix with what its rows need: a table from sample to RGB for depths up to 8. */
struct pix_rows {
	PIX *pix;
	uint8_t table[256][3];
};

static uint8_t over_white(uint32_t value, uint32_t alpha)
{
	return (uint8_t)((value * alpha + 255 * (255 - alpha) + 127) / 255);
}

static void fill_table(struct pix_rows *rows)
{
	PIXCMAP *palette = pixGetColormap(rows->pix);
	uint32_t depth = (uint32_t)pixGetDepth(rows->pix);
	uint32_t top = (1u << (depth <= 8 ? depth : 8)) - 1;

	for (uint32_t i = 0; i <= top; i++) {
		l_int32 r = 255, g = 255, b = 255, alpha = 255;
		if (palette)
			pixcmapGetRGBA(palette, (l_int32)i, &r, &g, &b, &alpha);
		else /* Leptonica: a bit set is ink, everywhere else 0 is */
			r = g = b = (l_int32)(depth == 1 ? 255 * (1 - i) : 255 * i / top);
		rows->table[i][0] = over_white((uint32_t)r, (uint32_t)alpha);
		rows->table[i][1] = over_white((uint32_t)g, (uint32_t)alpha);
		rows->table[i][2] = over_white((uint32_t)b, (uint32_t)alpha);
	}
}

static uint32_t sample(const l_uint32 *line, uint32_t x, uint32_t depth)
{
	const l_int32 at = (l_int32)x;

	switch (depth) {
	case 1:
		return GET_DATA_BIT(line, at);
	case 2:
		return GET_DATA_DIBIT(line, at);
	case 4:
		return GET_DATA_QBIT(line, at);
	default:
		return GET_DATA_BYTE(line, at);
	}
}

static void row_by_table(const struct les_raster *raster, uint32_t y_px, uint8_t *out)
{
	const struct pix_rows *rows = raster->pixels;
	const l_uint32 *line = pixGetData(rows->pix) + (size_t)y_px * (size_t)pixGetWpl(rows->pix);
	const uint32_t depth = (uint32_t)pixGetDepth(rows->pix);

	for (uint32_t x = 0; x < raster->w_px; x++, out += raster->channels)
		memcpy(out, rows->table[sample(line, x, depth)], raster->channels);
}

static void row_16(const struct les_raster *raster, uint32_t y_px, uint8_t *out)
{
	const struct pix_rows *rows = raster->pixels;
	const l_uint32 *line = pixGetData(rows->pix) + (size_t)y_px * (size_t)pixGetWpl(rows->pix);

	for (uint32_t x = 0; x < raster->w_px; x++)
		out[x] = (uint8_t)(GET_DATA_TWO_BYTES(line, (l_int32)x) >> 8);
}

static void row_32(const struct les_raster *raster, uint32_t y_px, uint8_t *out)
{
	const struct pix_rows *rows = raster->pixels;
	const l_uint32 *line = pixGetData(rows->pix) + (size_t)y_px * (size_t)pixGetWpl(rows->pix);
	const bool has_alpha = pixGetSpp(rows->pix) == 4;

	for (uint32_t x = 0; x < raster->w_px; x++, out += 3) {
		const uint32_t px = line[x], alpha = has_alpha ? px & 0xff : 255;
		out[0] = over_white(px >> 24, alpha);
		out[1] = over_white(px >> 16 & 0xff, alpha);
		out[2] = over_white(px >> 8 & 0xff, alpha);
	}
}

static void rows_free(void *pixels)
{
	struct pix_rows *rows = pixels;

	pixDestroy(&rows->pix);
	free(rows);
}

static bool table_is_grey(const struct pix_rows *rows)
{
	for (size_t i = 0; i < 256; i++)
		if (rows->table[i][0] != rows->table[i][1] ||
		    rows->table[i][0] != rows->table[i][2])
			return false;
	return true;
}

static enum les_kind choose_rows(struct les_raster *raster, struct pix_rows *rows,
				 struct les_error *reterr)
{
	switch (pixGetDepth(rows->pix)) {
	case 1:
	case 2:
	case 4:
	case 8:
		fill_table(rows);
		raster->row = row_by_table;
		raster->channels = table_is_grey(rows) ? 1 : 3;
		return LES_OK;
	case 16:
		raster->row = row_16;
		raster->channels = 1;
		return LES_OK;
	case 32:
		raster->row = row_32;
		raster->channels = 3;
		return LES_OK;
	default:
		return les_fail(reterr, LES_UNSUPPORTED, "an image of %d bits a pixel",
				pixGetDepth(rows->pix));
	}
}

/* A damaged JPEG is read as far as it goes; warnings_n tells. */
static PIX *decode(const struct les_format_input *input, l_int32 *ret_warnings_n)
{
	*ret_warnings_n = 0;
	switch (input->sniff->kind) {
	case LES_DOCUMENT_JPEG:
		return pixReadMemJpeg(input->bytes, input->n, 0, 1, ret_warnings_n,
				      L_JPEG_CONTINUE_WITH_BAD_DATA);
	case LES_DOCUMENT_PNG:
		return pixReadMemPng(input->bytes, input->n);
	case LES_DOCUMENT_WEBP:
		return pixReadMemWebP(input->bytes, input->n);
	default:
		return pixReadMemJp2k(input->bytes, input->n, 1, NULL, 0, 0);
	}
}

/* Leptonica reads JPEG 2000 of 8 bits in 1, 3 or 4 channels. */
static enum les_kind cannot_decode(const struct les_sniff *sniff, struct les_error *reterr)
{
	if (sniff->channel_bits > 8 || sniff->channels == 2 || sniff->channels > 4)
		return les_fail(
			reterr, LES_UNSUPPORTED,
			"a JPEG 2000 image of %u channels of %u bits: 1, 3 or 4 of 8 are read",
			sniff->channels, sniff->channel_bits);
	return les_fail(reterr, LES_FORMAT, "a %s image that cannot be decoded",
			les_document_kind_name(sniff->kind));
}

static float dpi_of(PIX *pix)
{
	return (float)(pixGetXRes(pix) + pixGetYRes(pix)) / 2;
}

static enum les_kind image_page(void *handle, uint32_t number, struct les_raster *ret,
				struct les_error *reterr)
{
	const struct les_format_input *input = &((struct image *)handle)->input;
	l_int32 warnings_n;
	struct pix_rows *rows = calloc(1, sizeof *rows);

	(void)number;
	if (!rows)
		return les_fail(reterr, LES_NOMEM, "no memory for an image");
	ret->pixels = rows;
	ret->free = rows_free;
	rows->pix = decode(input, &warnings_n);
	if (!rows->pix)
		return cannot_decode(input->sniff, reterr);
	ret->w_px = (uint32_t)pixGetWidth(rows->pix);
	ret->h_px = (uint32_t)pixGetHeight(rows->pix);
	ret->turn = les_turn_from_orientation(input->sniff->orientation);
	ret->source = LES_SOURCE_IMAGE;
	ret->dpi = dpi_of(rows->pix);
	ret->damaged = warnings_n > 0;
	return choose_rows(ret, rows, reterr);
}

const struct les_format les_format_image = {image_open, image_page, free};
