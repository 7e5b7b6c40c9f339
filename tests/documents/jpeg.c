#include "tests/documents/documents.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

static void put_exif(struct les_buf *out, const struct jpeg_options *options)
{
	static const uint8_t little[] = "Exif\0\0II*\0\10\0\0\0\1\0\x12\1\3\0\1\0\0\0";
	static const uint8_t big[] = "Exif\0\0MM\0*\0\0\0\10\0\1\1\x12\0\3\0\0\0\1";
	const uint8_t value = (uint8_t)options->orientation;
	const uint8_t tail[2][8] = {{value, 0, 0, 0, 0, 0, 0, 0}, {0, value, 0, 0, 0, 0, 0, 0}};

	les_buf_put(out, options->exif_big_endian ? big : little, sizeof little - 1);
	les_buf_put(out, tail[options->exif_big_endian], 8);
}

static void put_rows(struct jpeg_compress_struct *c, const struct jpeg_options *options)
{
	uint8_t row[4 * PICTURE_W_PX];

	for (uint32_t y = 0; y < PICTURE_H_PX; y++) {
		uint8_t *at = row;
		for (uint32_t x = 0; x < PICTURE_W_PX; x++, at += c->input_components) {
			picture_rgb(x, y, at);
			if (options->grey)
				at[0] = picture_grey(x, y);
			if (options->cmyk)
				at[3] = 255; /* inverted, as Adobe writes it: no black */
		}
		JSAMPROW rows[] = {row};
		jpeg_write_scanlines(c, rows, 1);
	}
}

void document_jpeg(struct les_buf *out, const struct jpeg_options *options)
{
	struct jpeg_compress_struct c;
	struct jpeg_error_mgr errors;
	unsigned char *bytes = NULL;
	unsigned long n = 0;
	struct les_buf exif = LES_BUF(64);

	c.err = jpeg_std_error(&errors);
	jpeg_create_compress(&c);
	jpeg_mem_dest(&c, &bytes, &n);
	c.image_width = PICTURE_W_PX;
	c.image_height = PICTURE_H_PX;
	c.input_components = options->grey ? 1 : options->cmyk ? 4 : 3;
	c.in_color_space = options->grey ? JCS_GRAYSCALE : options->cmyk ? JCS_CMYK : JCS_RGB;
	jpeg_set_defaults(&c);
	if (options->cmyk)
		jpeg_set_colorspace(&c, JCS_YCCK);
	if (options->progressive)
		jpeg_simple_progression(&c);
	c.density_unit = 1;
	c.X_density = c.Y_density = 300;
	jpeg_set_quality(&c, 95, TRUE);
	jpeg_start_compress(&c, TRUE);
	if (options->orientation) {
		put_exif(&exif, options);
		jpeg_write_marker(&c, JPEG_APP0 + 1, exif.bytes, (unsigned)exif.len);
	}
	put_rows(&c, options);
	jpeg_finish_compress(&c);
	jpeg_destroy_compress(&c);
	les_buf_put(out, bytes, n);
	les_buf_done(&exif);
	free(bytes);
}
