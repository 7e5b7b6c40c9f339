#include "tests/documents/documents.h"

#include <stdlib.h>
#include <string.h>
#include <tiffio.h>

/* libtiff writes here and there: a growing array with a position. */
struct memory {
	uint8_t *bytes;
	size_t n, at;
};

static tmsize_t mem_read(thandle_t client, void *to, tmsize_t n)
{
	struct memory *m = client;
	size_t left = m->at < m->n ? m->n - m->at : 0, take = (size_t)n < left ? (size_t)n : left;

	memcpy(to, m->bytes + m->at, take);
	m->at += take;
	return (tmsize_t)take;
}

static tmsize_t mem_write(thandle_t client, void *from, tmsize_t n)
{
	struct memory *m = client;
	size_t end = m->at + (size_t)n;

	if (end > m->n) {
		m->bytes = realloc(m->bytes, end);
		memset(m->bytes + m->n, 0, end - m->n);
		m->n = end;
	}
	memcpy(m->bytes + m->at, from, (size_t)n);
	m->at = end;
	return n;
}

static toff_t mem_seek(thandle_t client, toff_t to, int whence)
{
	struct memory *m = client;

	m->at = (size_t)to + (whence == SEEK_CUR ? m->at : whence == SEEK_END ? m->n : 0);
	return m->at;
}

static int mem_close(thandle_t client)
{
	(void)client;
	return 0;
}

static toff_t mem_size(thandle_t client)
{
	return ((struct memory *)client)->n;
}

static uint8_t sample(const struct tiff_options *o, uint32_t x, uint32_t y, uint8_t rgb[3])
{
	if (o->w_px) {
		rgb[0] = rgb[1] = rgb[2] = 255;
		return 255;
	}
	picture_rgb(x, y, rgb);
	return picture_grey(x, y);
}

/* Pixels (x0…, y) of n, packed as the file wants them. */
static void fill(const struct tiff_options *o, uint8_t *out, uint32_t x0, uint32_t y, uint32_t n)
{
	memset(out, 0, (n * o->bits + 7) / 8);
	for (uint32_t i = 0; i < n; i++) {
		uint8_t rgb[3], grey = sample(o, x0 + i, y, rgb);
		if (o->bits == 1)
			out[i / 8] |= (uint8_t)((grey < 100) << (7 - i % 8));
		else if (o->bits == 8)
			out[i] = grey;
		else if (o->bits == 16)
			out[2 * i] = out[2 * i + 1] = grey;
		else
			memcpy(out + 3 * i, rgb, 3);
	}
}

static void put_tiles(TIFF *tif, const struct tiff_options *o, uint32_t w, uint32_t h)
{
	size_t line = (size_t)o->tile_px * o->bits / 8;
	uint8_t *tile = malloc(line * o->tile_px);

	for (uint32_t y = 0; y < h; y += o->tile_px) {
		for (uint32_t x = 0; x < w; x += o->tile_px) {
			for (uint32_t i = 0; i < o->tile_px; i++)
				fill(o, tile + i * line, x, y + i, o->tile_px);
			TIFFWriteTile(tif, tile, x, y, 0, 0);
		}
	}
	free(tile);
}

static void put_strips(TIFF *tif, const struct tiff_options *o, uint32_t w, uint32_t h)
{
	uint8_t *row = malloc((size_t)w * 3 + 8);

	for (uint32_t y = 0; y < h; y++) {
		fill(o, row, 0, y, w);
		TIFFWriteScanline(tif, row, y, 0);
	}
	free(row);
}

static void set_fields(TIFF *tif, const struct tiff_options *o, uint32_t w, uint32_t h)
{
	const uint16_t photometric = o->bits == 1    ? PHOTOMETRIC_MINISWHITE
				     : o->bits == 24 ? PHOTOMETRIC_RGB
						     : PHOTOMETRIC_MINISBLACK;

	TIFFSetField(tif, TIFFTAG_IMAGEWIDTH, w);
	TIFFSetField(tif, TIFFTAG_IMAGELENGTH, h);
	TIFFSetField(tif, TIFFTAG_BITSPERSAMPLE, o->bits == 24 ? 8 : o->bits);
	TIFFSetField(tif, TIFFTAG_SAMPLESPERPIXEL, o->bits == 24 ? 3 : 1);
	TIFFSetField(tif, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
	TIFFSetField(tif, TIFFTAG_PHOTOMETRIC, photometric);
	TIFFSetField(tif, TIFFTAG_COMPRESSION, o->compression);
	TIFFSetField(tif, TIFFTAG_XRESOLUTION, 200.0);
	TIFFSetField(tif, TIFFTAG_YRESOLUTION, 200.0);
	TIFFSetField(tif, TIFFTAG_RESOLUTIONUNIT, RESUNIT_INCH);
	if (o->orientation)
		TIFFSetField(tif, TIFFTAG_ORIENTATION, o->orientation);
	if (o->tile_px) {
		TIFFSetField(tif, TIFFTAG_TILEWIDTH, o->tile_px);
		TIFFSetField(tif, TIFFTAG_TILELENGTH, o->tile_px);
	} else {
		TIFFSetField(tif, TIFFTAG_ROWSPERSTRIP, o->w_px ? h : 32);
	}
}

void document_tiff(struct les_buf *out, const struct tiff_options *options)
{
	struct memory memory = {0};
	TIFF *tif = TIFFClientOpen("", options->big_endian ? "wb" : "wl", &memory, mem_read,
				   mem_write, mem_seek, mem_close, mem_size, NULL, NULL);
	const uint32_t w = options->w_px ? options->w_px : PICTURE_W_PX;
	const uint32_t h = options->h_px ? options->h_px : PICTURE_H_PX;

	for (uint32_t i = 0; i < (options->pages_n ? options->pages_n : 1); i++) {
		set_fields(tif, options, w, h);
		if (options->tile_px)
			put_tiles(tif, options, w, h);
		else
			put_strips(tif, options, w, h);
		TIFFWriteDirectory(tif);
	}
	TIFFClose(tif);
	les_buf_put(out, memory.bytes, memory.n);
	free(memory.bytes);
}
