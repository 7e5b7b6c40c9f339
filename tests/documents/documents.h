#ifndef LES_TESTS_DOCUMENTS_H
#define LES_TESTS_DOCUMENTS_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

/* Documents made at test time: no file of anyone else's is needed. Each builder appends a whole
 * file to *out. All show one picture: white, with a dark block in the left top corner and a grey
 * one in the right top corner, so that each of the eight turns looks different. */
enum {
	PICTURE_W_PX = 240,
	PICTURE_H_PX = 160,
	PICTURE_BLOCK_W_PX = 60,
	PICTURE_BLOCK_H_PX = 40,
	DOCUMENT_BYTES_MAX = 64 << 20,
};

/* The picture's grey value; its dark block is red in coloured documents. */
uint8_t picture_grey(uint32_t x, uint32_t y);
void picture_rgb(uint32_t x, uint32_t y, uint8_t rgb[3]);

struct jpeg_options {
	uint32_t orientation; /* 0: no EXIF */
	bool exif_big_endian;
	bool grey, progressive, cmyk;
};
void document_jpeg(struct les_buf *out, const struct jpeg_options *options);

enum png_form { PNG_GREY, PNG_RGB, PNG_RGBA, PNG_PALETTE, PNG_BIT, PNG_GREY_16 };
void document_png(struct les_buf *out, enum png_form form);

/* A PNG of zeros with these sides: small in bytes, large in pixels. */
void document_png_bomb(struct les_buf *out, uint32_t w_px, uint32_t h_px);

/* A PNG with the 13 bytes of its header as given, and one chunk more (NULL: none) before one white
 * pixel row. */
void document_png_of(struct les_buf *out, const char *header, const char *type,
		     const struct les_buf *chunk);

void document_webp(struct les_buf *out);
void document_jp2(struct les_buf *out);

struct tiff_options {
	uint16_t compression; /* COMPRESSION_… of libtiff */
	uint16_t bits;        /* 1, 8, 16 grey; 24: RGB */
	uint16_t orientation; /* 0: none */
	uint32_t tile_px;     /* 0: strips */
	uint32_t pages_n;     /* 0 is 1 */
	uint32_t w_px, h_px;  /* 0: the picture's; else blank pages of this size */
	bool big_endian;
};
void document_tiff(struct les_buf *out, const struct tiff_options *options);

/* PDF objects in order, numbered from 1; pdf_end() writes the table and makes object 1 the root. */
struct pdf_writer {
	struct les_buf *out;
	size_t offsets[4096];
	uint32_t n;
};
void pdf_begin(struct pdf_writer *pdf, struct les_buf *out);
void pdf_object(struct pdf_writer *pdf, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void pdf_stream(struct pdf_writer *pdf, const char *dictionary, const void *bytes, size_t n);
void pdf_end(struct pdf_writer *pdf);

/* One empty page, encrypted as PDF 1.4 did (40 bits, RC4) with this user password. */
void document_pdf_locked(struct les_buf *out, const char *password, const char *page);

/* One page, catalogue and page tree with it. */
struct pdf_page {
	const char *page;      /* entries of the page's dictionary: "/MediaBox[0 0 240 160]" … */
	const char *resources; /* entries: "/Font<<…>>" */
	const char *content;
	const struct les_buf *jpeg; /* an image /Im0, or NULL */
};
void document_pdf(struct les_buf *out, const struct pdf_page *page);

/* The picture as a scan that fills the page; turn as in /Rotate. */
void document_pdf_scan(struct les_buf *out, uint32_t rotate_deg);

/* A ZIP entry, and the ways in which it may lie. Zeros are the truth. */
struct zip_item {
	const char *name;
	size_t name_n; /* 0: up to the NUL */
	const void *bytes;
	size_t n;
	bool deflated;
	uint16_t flags, method; /* in addition; in place of stored or deflate */
	uint32_t unix_mode;
	uint32_t says_unpacked, says_packed;
	bool bad_crc, local_name_differs;
	uint32_t shares_with; /* its local header is that of item shares_with - 1 */
	bool zip64_lie;       /* the directory's sizes stand in a ZIP64 field of nonsense */
};
struct zip_end {
	uint32_t more_entries, directory_shift;
	const char *before; /* bytes before the archive */
};
void document_zip(struct les_buf *out, const struct zip_item *items, size_t n,
		  const struct zip_end *end);

/* n bytes of zlib stream that hold unpacked_bytes zeros. */
void deflate_zeros(struct les_buf *out, uint64_t unpacked_bytes);

#endif
