/* decode/: kinds, EXIF, turns, and each library's adapter on documents made here. */
#include "base/cleanup.h"
#include "decode/decoder.h"
#include "decode/exif.h"
#include "decode/fonts.h"
#include "decode/pdf.h"
#include "decode/sniff.h"
#include "decode/turn.h"
#include "ipc/memfd.h"
#include "tests/documents/documents.h"
#include "tests/test.h"

#include <stdlib.h>
#include <string.h>
#include <tiff.h>
#include <unistd.h>

/* A decoded page and its pixels. */
struct seen {
	struct les_page_info info;
	struct les_view view;
	int fd;
};

static const struct les_open defaults = {.want = LES_OPEN_DOCUMENT,
					 .pages_max = LES_PAGES_MAX,
					 .page_px_max = LES_PAGE_PX_MAX,
					 .render_dpi = LES_RENDER_DPI_DEFAULT};

static void seen_done(struct seen *seen)
{
	les_view_close(&seen->view);
	les_fd_close(&seen->fd);
}

static enum les_kind see(const struct les_buf *bytes, uint32_t number, const struct les_open *open,
			 struct seen *ret, struct les_error *reterr)
{
	LES_CLEANUP(les_decoder_close_p) struct les_decoder *decoder = NULL;

	assert_false(bytes->failed);
	*ret = (struct seen){.fd = -1};
	enum les_kind kind = les_decoder_open(bytes->bytes, bytes->len, open, &decoder, reterr);
	if (kind == LES_OK)
		kind = les_decoder_page(decoder, number, &ret->info, &ret->fd, reterr);
	if (kind != LES_OK)
		return kind;
	assert_int_equal(ret->info.number, number);
	assert_int_equal(ret->info.stride_bytes, ret->info.w_px * ret->info.channels);
	return les_view_open_sealed(ret->fd, (uint64_t)ret->info.stride_bytes * ret->info.h_px,
				    &ret->view, reterr);
}

static void see_first(const struct les_buf *bytes, struct seen *ret)
{
	struct les_error error;

	if (see(bytes, 1, &defaults, ret, &error) != LES_OK)
		fail_msg("%s", error.message);
}

static uint8_t green_at(const struct seen *seen, uint32_t x, uint32_t y)
{
	const struct les_page_info *i = &seen->info;

	return seen->view
		.bytes[(size_t)y * i->stride_bytes + (size_t)x * i->channels + (i->channels == 3)];
}

/* Corners clockwise from left top. What lies there, a little inwards. */
enum corner { LEFT_TOP, RIGHT_TOP, RIGHT_BOTTOM, LEFT_BOTTOM };
static uint8_t corner_at(const struct seen *seen, enum corner corner)
{
	const uint32_t w = seen->info.w_px, h = seen->info.h_px;
	const bool right = corner == RIGHT_TOP || corner == RIGHT_BOTTOM;
	const bool bottom = corner == RIGHT_BOTTOM || corner == LEFT_BOTTOM;

	return green_at(seen, right ? w - w / 16 : w / 16, bottom ? h - h / 16 : h / 16);
}

/* The picture's dark and grey blocks lie in these corners of the page, and the way back to the
 * stored picture holds for every pixel that is not at an edge. */
static void assert_picture(const struct seen *seen, enum corner dark, enum corner grey)
{
	const struct les_page_info *i = &seen->info;
	const float scale_x = (float)PICTURE_W_PX / (float)i->stored_w_px;
	const float scale_y = (float)PICTURE_H_PX / (float)i->stored_h_px;

	assert_in_range(corner_at(seen, dark), 0, 60);
	assert_in_range(corner_at(seen, grey), 100, 156);
	for (uint32_t y = 0; y < i->h_px; y += 5) {
		for (uint32_t x = 0; x < i->w_px; x += 5) {
			struct les_point at = {(float)x + 0.5f, (float)y + 0.5f};
			at = les_affine_apply(&i->to_stored, at);
			assert_true(at.x_px > 0 && at.x_px < (float)i->stored_w_px);
			assert_true(at.y_px > 0 && at.y_px < (float)i->stored_h_px);
			uint32_t px = (uint32_t)(at.x_px * scale_x),
				 py = (uint32_t)(at.y_px * scale_y);
			if (px % PICTURE_BLOCK_W_PX < 9 || px % PICTURE_BLOCK_W_PX > 50 ||
			    py % PICTURE_BLOCK_H_PX < 9 || py % PICTURE_BLOCK_H_PX > 30)
				continue;
			int want = picture_grey(px, py);
			assert_in_range(green_at(seen, x, y) + 60, want, want + 120);
		}
	}
}

static const struct {
	enum corner dark, grey;
} corners_of[9] = {
	[1] = {LEFT_TOP, RIGHT_TOP},       [2] = {RIGHT_TOP, LEFT_TOP},
	[3] = {RIGHT_BOTTOM, LEFT_BOTTOM}, [4] = {LEFT_BOTTOM, RIGHT_BOTTOM},
	[5] = {LEFT_TOP, LEFT_BOTTOM},     [6] = {RIGHT_TOP, RIGHT_BOTTOM},
	[7] = {RIGHT_BOTTOM, RIGHT_TOP},   [8] = {LEFT_BOTTOM, LEFT_TOP},
};

static void kinds_are_found_by_their_bytes(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t n;
		enum les_kind want;
		enum les_document_kind kind;
	} rows[] = {
		{"%PDF-1.4\n", 9, LES_OK, LES_DOCUMENT_PDF},
		{"junk\n%PDF-1.4\n", 14, LES_OK, LES_DOCUMENT_PDF},
		{"II*\0\10\0\0\0", 8, LES_OK, LES_DOCUMENT_TIFF},
		{"MM\0+\0\10\0\0", 8, LES_OK, LES_DOCUMENT_TIFF},
		{"<?xml version='1.0'?>", 21, LES_OK, LES_DOCUMENT_XML},
		{"\xef\xbb\xbf <PcGts/>", 12, LES_OK, LES_DOCUMENT_XML},
		{"\x89PNG\r\n\x1a\n", 8, LES_FORMAT, 0},
		{"\xff\xd8\xff\xe0", 4, LES_FORMAT, 0},
		{"\xff\xd8\xff\xd9", 4, LES_FORMAT, 0},
		{"RIFF\0\0\0\0WEBPVP8L\1\0\0\0x", 21, LES_FORMAT, 0},
		{"", 0, LES_FORMAT, 0},
		{"plain text", 10, LES_FORMAT, 0},
		{"PK\3\4", 4, LES_UNSUPPORTED, 0},
		{"GIF89a", 6, LES_UNSUPPORTED, 0},
		{"\0\0\0\x18"
		 "ftypheic",
		 12, LES_UNSUPPORTED, 0},
		{"%!PS-Adobe", 10, LES_UNSUPPORTED, 0},
	};
	for (size_t i = 0; i < LES_COUNT(rows); i++) {
		struct les_sniff sniff = {0};
		struct les_error error;
		assert_int_equal(
			les_sniff((const uint8_t *)rows[i].bytes, rows[i].n, &sniff, &error),
			rows[i].want);
		if (rows[i].want == LES_OK)
			assert_int_equal(sniff.kind, rows[i].kind);
	}
}

static void exif_orientation_is_read_in_both_byte_orders(void **state)
{
	(void)state;
	for (uint32_t orientation = 1; orientation <= 8; orientation++) {
		for (int big = 0; big < 2; big++) {
			LES_CLEANUP(les_buf_done) struct les_buf out = LES_BUF(DOCUMENT_BYTES_MAX);
			struct les_sniff sniff;
			struct les_error error;
			document_jpeg(&out, &(struct jpeg_options){.orientation = orientation,
								   .exif_big_endian = big});
			assert_int_equal(les_sniff(out.bytes, out.len, &sniff, &error), LES_OK);
			assert_int_equal(sniff.orientation, orientation);
			assert_int_equal(sniff.w_px, PICTURE_W_PX);
			assert_int_equal(sniff.h_px, PICTURE_H_PX);
		}
	}
}

static void broken_exif_means_upright(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t n;
	} rows[] = {
		{"", 0},
		{"II", 2},
		{"XX*\0\10\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0", 22},
		{"II+\0\10\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0", 22},
		{"II*\0\0\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0", 22},         /* points at itself */
		{"II*\0\xff\xff\xff\xff\1\0\x12\1\3\0\1\0\0\0\6\0\0\0", 22}, /* far beyond */
		{"II*\0\10\0\0\0\1\0\x12\1\4\0\1\0\0\0\6\0\0\0", 22},        /* another type */
		{"II*\0\10\0\0\0\1\0\x12\1\3\0\1\0\0\0\x9\0\0\0", 22},       /* no such turn */
		{"II*\0\10\0\0\0\xff\xff\1\1\3\0\1\0\0\0\6\0\0\0", 22},      /* too many entries */
	};
	for (size_t i = 0; i < LES_COUNT(rows); i++)
		assert_int_equal(les_exif_orientation((const uint8_t *)rows[i].bytes, rows[i].n),
				 1);
}

static void every_turn_of_a_photograph_is_undone(void **state)
{
	(void)state;
	for (uint32_t orientation = 1; orientation <= 8; orientation++) {
		LES_CLEANUP(les_buf_done) struct les_buf out = LES_BUF(DOCUMENT_BYTES_MAX);
		LES_CLEANUP(seen_done) struct seen seen;
		document_jpeg(&out, &(struct jpeg_options){.orientation = orientation});
		see_first(&out, &seen);
		assert_int_equal(seen.info.channels, 3);
		assert_int_equal(seen.info.w_px, orientation < 5 ? PICTURE_W_PX : PICTURE_H_PX);
		assert_int_equal(seen.info.stored_w_px, PICTURE_W_PX);
		assert_picture(&seen, corners_of[orientation].dark, corners_of[orientation].grey);
	}
}

static void jpegs_of_every_colour_are_read(void **state)
{
	(void)state;
	static const struct jpeg_options rows[] = {
		{.grey = true},
		{.progressive = true},
		{.cmyk = true},
		{.cmyk = true, .progressive = true},
	};
	for (size_t i = 0; i < LES_COUNT(rows); i++) {
		LES_CLEANUP(les_buf_done) struct les_buf out = LES_BUF(DOCUMENT_BYTES_MAX);
		LES_CLEANUP(seen_done) struct seen seen;
		document_jpeg(&out, &rows[i]);
		see_first(&out, &seen);
		assert_int_equal(seen.info.channels, rows[i].grey ? 1 : 3);
		assert_int_equal(seen.info.dpi, rows[i].cmyk ? 0 : 300); /* Adobe writes none */
		assert_int_equal(seen.info.source, LES_SOURCE_IMAGE);
		assert_false(seen.info.damaged);
		assert_picture(&seen, LEFT_TOP, RIGHT_TOP);
	}
}

static void a_cut_jpeg_is_read_as_far_as_it_goes(void **state)
{
	(void)state;
	LES_CLEANUP(les_buf_done) struct les_buf out = LES_BUF(DOCUMENT_BYTES_MAX);
	LES_CLEANUP(seen_done) struct seen seen;

	document_jpeg(&out, &(struct jpeg_options){0});
	out.len -= 300;
	see_first(&out, &seen);
	assert_true(seen.info.damaged);
	assert_in_range(corner_at(&seen, LEFT_TOP), 0, 60);
}

static void pngs_of_every_form_are_read(void **state)
{
	(void)state;
	static const enum png_form forms[] = {PNG_GREY,    PNG_RGB, PNG_RGBA,
					      PNG_PALETTE, PNG_BIT, PNG_GREY_16};
	for (size_t i = 0; i < LES_COUNT(forms); i++) {
		LES_CLEANUP(les_buf_done) struct les_buf out = LES_BUF(DOCUMENT_BYTES_MAX);
		LES_CLEANUP(seen_done) struct seen seen;
		const bool grey =
			forms[i] == PNG_GREY || forms[i] == PNG_BIT || forms[i] == PNG_GREY_16;
		document_png(&out, forms[i]);
		see_first(&out, &seen);
		assert_int_equal(seen.info.channels, grey ? 1 : 3);
		assert_int_equal(seen.info.dpi, 300);
		assert_int_equal(corner_at(&seen, LEFT_BOTTOM), 255);
		if (forms[i] != PNG_BIT)
			assert_picture(&seen, LEFT_TOP, RIGHT_TOP);
		else
			assert_int_equal(corner_at(&seen, LEFT_TOP), 0);
	}
}

static void webp_and_jpeg_2000_are_read(void **state)
{
	(void)state;
	static void (*const builders[])(struct les_buf *) = {document_webp, document_jp2};

	for (size_t i = 0; i < LES_COUNT(builders); i++) {
		LES_CLEANUP(les_buf_done) struct les_buf out = LES_BUF(DOCUMENT_BYTES_MAX);
		LES_CLEANUP(seen_done) struct seen seen;
		builders[i](&out);
		see_first(&out, &seen);
		assert_int_equal(seen.info.channels, 3);
		assert_picture(&seen, LEFT_TOP, RIGHT_TOP);
	}
}

/* Scans of some archives have 16 bits a channel: nothing is broken there. */
static void jpeg_2000_of_another_depth_is_unsupported_not_broken(void **state)
{
	(void)state;
	/* ISO/IEC 15444-1 A.5.1 and I.5.3.1 */
	enum { SIZ_TO_DEPTHS = 40, IHDR_TO_DEPTH = 14, DEPTHS = 3 };
	LES_CLEANUP(les_buf_done) struct les_buf out = LES_BUF(DOCUMENT_BYTES_MAX);
	LES_CLEANUP(seen_done) struct seen seen;
	struct les_error error;

	document_jp2(&out);
	uint8_t *siz = memmem(out.bytes, out.len, "\xff\x4f\xff\x51", 4);
	uint8_t *ihdr = memmem(out.bytes, out.len, "ihdr", 4);
	assert_non_null(siz);
	assert_non_null(ihdr);
	ihdr[IHDR_TO_DEPTH] = 15;
	for (int i = 0; i < DEPTHS; i++)
		siz[2 + SIZ_TO_DEPTHS + 3 * i] = 15;
	assert_int_equal(see(&out, 1, &defaults, &seen, &error), LES_UNSUPPORTED);
	assert_non_null(strstr(error.message, "16 bits"));
}

static void tiffs_of_every_form_are_read(void **state)
{
	(void)state;
	static const struct tiff_options rows[] = {
		{.compression = COMPRESSION_NONE, .bits = 8},
		{.compression = COMPRESSION_LZW, .bits = 24},
		{.compression = COMPRESSION_LZW, .bits = 24, .big_endian = true},
		{.compression = COMPRESSION_ADOBE_DEFLATE, .bits = 8},
		{.compression = COMPRESSION_ADOBE_DEFLATE, .bits = 16},
		{.compression = COMPRESSION_PACKBITS, .bits = 24},
		{.compression = COMPRESSION_JPEG, .bits = 8},
		{.compression = COMPRESSION_JPEG, .bits = 24, .tile_px = 64},
		{.compression = COMPRESSION_NONE, .bits = 8, .tile_px = 64},
		{.compression = COMPRESSION_LZW, .bits = 24, .tile_px = 48},
	};
	for (size_t i = 0; i < LES_COUNT(rows); i++) {
		LES_CLEANUP(les_buf_done) struct les_buf out = LES_BUF(DOCUMENT_BYTES_MAX);
		LES_CLEANUP(seen_done) struct seen seen;
		document_tiff(&out, &rows[i]);
		see_first(&out, &seen);
		assert_int_equal(seen.info.channels, rows[i].bits == 24 ? 3 : 1);
		assert_int_equal(seen.info.dpi, 200);
		assert_false(seen.info.damaged);
		assert_picture(&seen, LEFT_TOP, RIGHT_TOP);
	}
}

static void fax_tiffs_are_read(void **state)
{
	(void)state;
	static const uint16_t compressions[] = {COMPRESSION_CCITTFAX3, COMPRESSION_CCITTFAX4,
						COMPRESSION_CCITTRLE, COMPRESSION_LZW};
	for (size_t i = 0; i < LES_COUNT(compressions); i++) {
		LES_CLEANUP(les_buf_done) struct les_buf out = LES_BUF(DOCUMENT_BYTES_MAX);
		LES_CLEANUP(seen_done) struct seen seen;
		document_tiff(&out,
			      &(struct tiff_options){.compression = compressions[i], .bits = 1});
		see_first(&out, &seen);
		assert_int_equal(seen.info.channels, 1);
		assert_int_equal(corner_at(&seen, LEFT_TOP), 0);
		assert_int_equal(corner_at(&seen, RIGHT_TOP), 255);
	}
}

static void a_tiff_says_how_it_is_turned(void **state)
{
	(void)state;
	for (uint16_t orientation = 1; orientation <= 8; orientation++) {
		LES_CLEANUP(les_buf_done) struct les_buf out = LES_BUF(DOCUMENT_BYTES_MAX);
		LES_CLEANUP(seen_done) struct seen seen;
		document_tiff(&out, &(struct tiff_options){.compression = COMPRESSION_LZW,
							   .bits = 8,
							   .orientation = orientation});
		see_first(&out, &seen);
		assert_picture(&seen, corners_of[orientation].dark, corners_of[orientation].grey);
	}
}

static void a_tiff_of_many_pages_has_a_broken_one(void **state)
{
	(void)state;
	LES_CLEANUP(les_buf_done) struct les_buf out = LES_BUF(DOCUMENT_BYTES_MAX);
	LES_CLEANUP(les_decoder_close_p) struct les_decoder *decoder = NULL;
	struct les_error error;
	struct les_page_info info;
	int fd = -1;

	document_tiff(&out, &(struct tiff_options){.compression = COMPRESSION_ADOBE_DEFLATE,
						   .bits = 8,
						   .pages_n = 5});
	/* after the header each page is its strips and then its directory */
	memset(out.bytes + 8 + (out.len - 8) / 5 + 2, 0x55, 16);
	assert_int_equal(les_decoder_open(out.bytes, out.len, &defaults, &decoder, &error), LES_OK);
	assert_int_equal(les_decoder_document(decoder).pages_n, 5);
	for (uint32_t number = 1; number <= 5; number++) {
		enum les_kind kind = les_decoder_page(decoder, number, &info, &fd, &error);
		assert_int_equal(kind, LES_OK);
		assert_int_equal(info.damaged, number == 2);
		les_fd_close(&fd);
	}
	assert_int_equal(les_decoder_page(decoder, 6, &info, &fd, &error), LES_ARG);
	assert_int_equal(les_decoder_page(decoder, 5, &info, &fd, &error), LES_OK);
	les_fd_close(&fd);
}

static void a_scan_in_a_pdf_is_taken_as_stored_and_turned(void **state)
{
	(void)state;
	static const uint8_t orientation_for[] = {1, 6, 3, 8};

	for (uint32_t quarter = 0; quarter < 4; quarter++) {
		LES_CLEANUP(les_buf_done) struct les_buf out = LES_BUF(DOCUMENT_BYTES_MAX);
		LES_CLEANUP(seen_done) struct seen seen;
		const uint8_t orientation = orientation_for[quarter];
		document_pdf_scan(&out, quarter * 90);
		see_first(&out, &seen);
		assert_int_equal(seen.info.source, LES_SOURCE_NATIVE);
		assert_int_equal(seen.info.rotation_deg, quarter * 90);
		assert_false(seen.info.mirrored);
		assert_int_equal(seen.info.w_px, quarter % 2 ? PICTURE_H_PX : PICTURE_W_PX);
		assert_in_range(seen.info.dpi, 143, 145);
		assert_int_equal(seen.info.box_pt[2], 120);
		assert_picture(&seen, corners_of[orientation].dark, corners_of[orientation].grey);
	}
}

static void a_scan_cut_off_in_its_header_is_said_to_be_damaged(void **state)
{
	LES_CLEANUP(les_buf_done) struct les_buf jpeg = LES_BUF(DOCUMENT_BYTES_MAX);
	LES_CLEANUP(les_buf_done) struct les_buf out = LES_BUF(DOCUMENT_BYTES_MAX);
	LES_CLEANUP(seen_done) struct seen seen;
	const struct pdf_page page = {"/MediaBox[0 0 120 80]", "", "q 120 0 0 80 0 0 cm /Im0 Do Q",
				      &jpeg};

	(void)state;
	document_jpeg(&jpeg, &(struct jpeg_options){0});
	jpeg.len = 60;
	document_pdf(&out, &page);
	see_first(&out, &seen);
	assert_true(seen.info.damaged);
}

static void pages_that_are_more_than_a_scan_are_drawn(void **state)
{
	(void)state;
	static const struct {
		struct pdf_page page;
		enum les_source want;
		uint32_t w_px, h_px;
	} rows[] = {
		/* turned by its matrix alone */
		{{"/MediaBox[0 0 120 80]", "", "q -120 0 0 80 120 0 cm /Im0 Do Q", NULL},
		 LES_SOURCE_NATIVE,
		 PICTURE_W_PX,
		 PICTURE_H_PX},
		/* something drawn on top */
		{{"/MediaBox[0 0 120 80]", "", "q 120 0 0 80 0 0 cm /Im0 Do Q 0 g 10 10 60 15 re f",
		  NULL},
		 LES_SOURCE_RENDERED,
		 500,
		 333},
		/* a margin around it */
		{{"/MediaBox[0 0 160 120]", "", "q 120 0 0 80 20 20 cm /Im0 Do Q", NULL},
		 LES_SOURCE_RENDERED,
		 666,
		 500},
		/* the crop box shows a part of it */
		{{"/MediaBox[0 0 120 80]/CropBox[0 40 60 80]", "", "q 120 0 0 80 0 0 cm /Im0 Do Q",
		  NULL},
		 LES_SOURCE_RENDERED,
		 250,
		 166},
		/* pixels that are not square */
		{{"/MediaBox[0 0 120 160]", "", "q 120 0 0 160 0 0 cm /Im0 Do Q", NULL},
		 LES_SOURCE_RENDERED,
		 500,
		 666},
	};
	LES_CLEANUP(les_buf_done) struct les_buf jpeg = LES_BUF(DOCUMENT_BYTES_MAX);

	document_jpeg(&jpeg, &(struct jpeg_options){0});
	for (size_t i = 0; i < LES_COUNT(rows); i++) {
		LES_CLEANUP(les_buf_done) struct les_buf out = LES_BUF(DOCUMENT_BYTES_MAX);
		LES_CLEANUP(seen_done) struct seen seen;
		struct pdf_page page = rows[i].page;
		page.jpeg = &jpeg;
		document_pdf(&out, &page);
		see_first(&out, &seen);
		assert_int_equal(seen.info.source, rows[i].want);
		assert_int_equal(seen.info.w_px, rows[i].w_px);
		assert_int_equal(seen.info.h_px, rows[i].h_px);
	}
}

static void fonts_that_a_pdf_lacks_are_counted(void **state)
{
	(void)state;
	static const struct pdf_page page = {
		.page = "/MediaBox[0 0 200 100]",
		.resources = "/Font<</F0<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
			     "/F1<</Type/Font/Subtype/TrueType/BaseFont/Sütterlin>>"
			     "/F2<</Type/Font/Subtype/Type1/BaseFont/Courier>>>>",
		.content = "BT /F0 20 Tf 10 60 Td (Lesart) Tj /F1 20 Tf 0 -30 Td (Brief) Tj ET",
	};
	LES_CLEANUP(les_buf_done) struct les_buf out = LES_BUF(DOCUMENT_BYTES_MAX);
	LES_CLEANUP(seen_done) struct seen seen;
	size_t dark = 0;

	document_pdf(&out, &page);
	see_first(&out, &seen);
	assert_int_equal(seen.info.source, LES_SOURCE_RENDERED);
	assert_int_equal(seen.info.channels, 1);
	assert_int_equal(seen.info.fonts_substituted, 2);
	for (size_t i = 0; i < seen.view.n; i++)
		dark += seen.view.bytes[i] < 128;
	assert_true(dark > 2000);
}

static void a_page_too_large_is_drawn_with_fewer_dpi(void **state)
{
	(void)state;
	static const struct {
		const char *box;
		enum les_kind want;
	} rows[] = {
		{"/MediaBox[0 0 3000 2000]", LES_OK},
		{"/MediaBox[0 0 14400 1]", LES_OK},
		{"/MediaBox[0 0 1000000 1000000]", LES_LIMIT},
	};
	struct les_open open = defaults;

	open.page_px_max = 4000000;
	for (size_t i = 0; i < LES_COUNT(rows); i++) {
		LES_CLEANUP(les_buf_done) struct les_buf out = LES_BUF(DOCUMENT_BYTES_MAX);
		LES_CLEANUP(seen_done) struct seen seen;
		struct les_error error;
		document_pdf(&out, &(struct pdf_page){.page = rows[i].box, .content = ""});
		assert_int_equal(see(&out, 1, &open, &seen, &error), rows[i].want);
		if (rows[i].want != LES_OK)
			continue;
		assert_true(seen.info.w_px <= LES_PAGE_SIDE_MAX);
		assert_true((uint64_t)seen.info.w_px * seen.info.h_px <= open.page_px_max);
		assert_true(seen.info.dpi < LES_RENDER_DPI_DEFAULT);
	}
}

static void too_many_pages_and_pixels_are_refused(void **state)
{
	(void)state;
	LES_CLEANUP(les_buf_done) struct les_buf tiff = LES_BUF(DOCUMENT_BYTES_MAX);
	LES_CLEANUP(les_buf_done) struct les_buf jpeg = LES_BUF(DOCUMENT_BYTES_MAX);
	struct les_open open = defaults;
	struct les_error error;
	struct seen seen;

	open.pages_max = 3;
	open.page_px_max = PICTURE_W_PX * PICTURE_H_PX - 1;
	document_tiff(&tiff, &(struct tiff_options){
				     .compression = COMPRESSION_LZW, .bits = 8, .pages_n = 4});
	assert_int_equal(see(&tiff, 1, &open, &seen, &error), LES_LIMIT);
	open.pages_max = 4;
	assert_int_equal(see(&tiff, 1, &open, &seen, &error), LES_LIMIT);
	document_jpeg(&jpeg, &(struct jpeg_options){0});
	assert_int_equal(see(&jpeg, 1, &open, &seen, &error), LES_LIMIT);
	open.page_px_max++;
	assert_int_equal(see(&jpeg, 1, &open, &seen, &error), LES_OK);
	seen_done(&seen);
}

static int warm_up(void **state)
{
	struct les_error error;

	(void)state;
	if (les_fonts_open(&error) == LES_OK && les_pdf_warm_up(&error) == LES_OK)
		return 0;
	print_error("%s\n", error.message);
	return 1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_are_found_by_their_bytes),
		cmocka_unit_test(exif_orientation_is_read_in_both_byte_orders),
		cmocka_unit_test(broken_exif_means_upright),
		cmocka_unit_test(every_turn_of_a_photograph_is_undone),
		cmocka_unit_test(jpegs_of_every_colour_are_read),
		cmocka_unit_test(a_cut_jpeg_is_read_as_far_as_it_goes),
		cmocka_unit_test(pngs_of_every_form_are_read),
		cmocka_unit_test(webp_and_jpeg_2000_are_read),
		cmocka_unit_test(jpeg_2000_of_another_depth_is_unsupported_not_broken),
		cmocka_unit_test(tiffs_of_every_form_are_read),
		cmocka_unit_test(fax_tiffs_are_read),
		cmocka_unit_test(a_tiff_says_how_it_is_turned),
		cmocka_unit_test(a_tiff_of_many_pages_has_a_broken_one),
		cmocka_unit_test(a_scan_in_a_pdf_is_taken_as_stored_and_turned),
		cmocka_unit_test(a_scan_cut_off_in_its_header_is_said_to_be_damaged),
		cmocka_unit_test(pages_that_are_more_than_a_scan_are_drawn),
		cmocka_unit_test(fonts_that_a_pdf_lacks_are_counted),
		cmocka_unit_test(a_page_too_large_is_drawn_with_fewer_dpi),
		cmocka_unit_test(too_many_pages_and_pixels_are_refused),
	};
	return cmocka_run_group_tests(tests, warm_up, NULL);
}
