#include "tests/malformed/corpus.h"

#include "base/cleanup.h"

#include <string.h>

/* ---- PNG ---- */

static void png_cut(struct les_buf *out, unsigned variant)
{
	document_png(out, PNG_RGB);
	cut_at(out, variant, CUTS);
}

static void png_flipped(struct les_buf *out, unsigned variant)
{
	document_png(out, variant % 2 ? PNG_PALETTE : PNG_RGBA);
	flip_bits(out, variant + 1, 10);
}

static void png_sides(struct les_buf *out, unsigned variant)
{
	static const uint32_t sides[][2] = {{60000, 60000}, {60000, 1}, {1, 60000}, {30001, 10}};

	struct les_buf header = LES_BUF(16);

	for (int i = 0; i < 8; i++)
		les_buf_u8(&header, (uint8_t)(sides[variant][i / 4] >> (24 - 8 * (i % 4))));
	les_buf_put(&header, "\10\0\0\0", 5);
	document_png_of(out, (const char *)header.bytes, NULL, NULL);
	les_buf_done(&header);
}

static void png_header_of(struct les_buf *out, unsigned variant)
{
	static const char *const headers[] = {
		"\0\0\0\0\0\0\0\0\10\0\0\0\0",                 /* 0 × 0 */
		"\0\0\0\12\0\0\0\0\10\0\0\0\0",                /* 10 × 0 */
		"\xff\xff\xff\xff\xff\xff\xff\xff\10\0\0\0\0", /* 4 billion squared */
		"\0\0\0\12\0\0\0\12\77\0\0\0\0",               /* 63 bits */
		"\0\0\0\12\0\0\0\12\10\77\0\0\0",              /* no such colour */
	};
	document_png_of(out, headers[variant], NULL, NULL);
}

static void png_one_pixel(struct les_buf *out, unsigned variant)
{
	(void)variant;
	document_png_bomb(out, 1, 1);
}

/* As large as a page may be: small as a file. */
static void png_largest(struct les_buf *out, unsigned variant)
{
	(void)variant;
	document_png_bomb(out, 10000, 8000);
}

/* 256 MiB of comment. */
static void png_text_bomb(struct les_buf *out, unsigned variant)
{
	static const char *const types[] = {"zTXt", "iCCP", "iTXt"};
	struct les_buf chunk = LES_BUF(DOCUMENT_BYTES_MAX);

	les_buf_put(&chunk, variant == 2 ? "Comment\0\1\0\0\0" : "Comment\0\0",
		    variant == 2 ? 12 : 9);
	deflate_zeros(&chunk, 1ull << 28);
	document_png_of(out, "\0\0\0\1\0\0\0\1\10\0\0\0\0", types[variant], &chunk);
	les_buf_done(&chunk);
}

/* ---- JPEG ---- */

static void jpeg_cut(struct les_buf *out, unsigned variant)
{
	document_jpeg(out, &(struct jpeg_options){.progressive = variant % 2});
	cut_at(out, variant, CUTS);
}

static void jpeg_flipped(struct les_buf *out, unsigned variant)
{
	document_jpeg(out,
		      &(struct jpeg_options){.progressive = variant % 2, .cmyk = variant % 3 == 0});
	flip_bits(out, variant + 1, 10);
}

/* Writes other sides into the frame header. */
static void jpeg_sides(struct les_buf *out, unsigned variant)
{
	static const uint8_t sides[][4] = {
		{0xff, 0xff, 0xff, 0xff}, {0xea, 0x60, 0xea, 0x60}, {0xff, 0xff, 0x00, 0x01}};

	document_jpeg(out, &(struct jpeg_options){0});
	memcpy(place_of(out, "\xff\xc0\0\x11\10", 5) + 5, sides[variant], 4);
}

static void jpeg_no_sides(struct les_buf *out, unsigned variant)
{
	static const uint8_t sides[][4] = {{0, 0, 0, 0}, {0, 0, 0, 9}, {0, 9, 0, 0}};

	document_jpeg(out, &(struct jpeg_options){0});
	memcpy(place_of(out, "\xff\xc0\0\x11\10", 5) + 5, sides[variant], 4);
}

static void jpeg_no_frame(struct les_buf *out, unsigned variant)
{
	static const char bodies[][24] = {"\xff\xd8\xff\xd9", "\xff\xd8\xff\xe0\0\1",
					  "\xff\xd8\xff\xff\xff\xff\xff\xff",
					  "\xff\xd8\xff\xda\0\10\1\1\0\0\77\0"};
	les_buf_put(out, bodies[variant], sizeof bodies[variant]);
}

/* The same scan of a progressive image, thousands of times. */
static void jpeg_scans(struct les_buf *out, unsigned variant)
{
	struct les_buf jpeg = LES_BUF(DOCUMENT_BYTES_MAX);

	(void)variant;
	document_jpeg(&jpeg, &(struct jpeg_options){.progressive = true});
	const uint8_t *scan = place_of(&jpeg, "\xff\xda", 2);
	const uint8_t *next =
		memmem(scan + 2, jpeg.len - (size_t)(scan + 2 - jpeg.bytes), "\xff\xc4", 2);
	les_buf_put(out, jpeg.bytes, (size_t)(scan - jpeg.bytes));
	for (int i = 0; i < 5000 && next; i++)
		les_buf_put(out, scan, (size_t)(next - scan));
	les_buf_put(out, "\xff\xd9", 2);
	les_buf_done(&jpeg);
}

static void jpeg_metadata(struct les_buf *out, unsigned variant)
{
	document_jpeg(out,
		      &(struct jpeg_options){.orientation = 6, .exif_big_endian = variant % 2});
	uint8_t *exif = place_of(out, "Exif\0\0", 6) + 6;
	memset(exif + 4 + variant, 0xff, 6); /* an offset far beyond, a directory without end */
}

/* ---- WebP ---- */

static void webp_cut(struct les_buf *out, unsigned variant)
{
	document_webp(out);
	cut_at(out, variant, CUTS);
}

static void webp_flipped(struct les_buf *out, unsigned variant)
{
	document_webp(out);
	flip_bits(out, variant + 1, 10);
}

/* 16383 × 16383 pixels, said in each of the three ways. */
static void webp_bomb(struct les_buf *out, unsigned variant)
{
	static const struct {
		const char *bytes;
		size_t n;
	} chunks[] = {
		{"VP8X\12\0\0\0\0\0\0\0\xfe\x3f\0\xfe\x3f\0", 18},
		{"VP8L\10\0\0\0\x2f\xff\xff\xff\x0f\0\0\0", 16},
		{"VP8 \12\0\0\0\x10\0\0\x9d\1\x2a\xff\x3f\xff\x3f", 18},
		{"VP8X\12\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff", 18},
	};
	les_buf_puts(out, "RIFF");
	les_buf_u32(out, 4 + (uint32_t)chunks[variant].n);
	les_buf_puts(out, "WEBP");
	les_buf_put(out, chunks[variant].bytes, chunks[variant].n);
}

static void webp_lengths(struct les_buf *out, unsigned variant)
{
	document_webp(out);
	memset(out->bytes + (variant ? 16 : 4), 0xff, 4);
}

/* ---- JPEG 2000 ---- */

static void jp2_cut(struct les_buf *out, unsigned variant)
{
	document_jp2(out);
	cut_at(out, variant, CUTS);
}

static void jp2_flipped(struct les_buf *out, unsigned variant)
{
	document_jp2(out);
	flip_bits(out, variant + 1, 10);
}

static void jp2_sides(struct les_buf *out, unsigned variant)
{
	static const uint8_t sides[][4] = {
		{0xff, 0xff, 0xff, 0xff}, {0x00, 0x00, 0xea, 0x60}, {0x7f, 0xff, 0xff, 0xff}};

	document_jp2(out);
	uint8_t *siz = place_of(out, "\xff\x4f\xff\x51", 4);
	memcpy(siz + 8, sides[variant], 4);
	memcpy(siz + 12, sides[variant], 4);
}

/* Tiles of one pixel: millions of them. */
static void jp2_tiles(struct les_buf *out, unsigned variant)
{
	static const uint8_t one[4] = {0, 0, 0, 1};

	(void)variant;
	document_jp2(out);
	uint8_t *siz = place_of(out, "\xff\x4f\xff\x51", 4);
	memcpy(siz + 24, one, 4);
	memcpy(siz + 28, one, 4);
}

static void jp2_boxes(struct les_buf *out, unsigned variant)
{
	document_jp2(out);
	/* the second box: its length becomes 0, 1 (64 bits follow) or 4 billion */
	memset(out->bytes + 12, variant == 2 ? 0xff : 0, 4);
	out->bytes[15] = variant == 2 ? 0xff : (uint8_t)variant;
}

const struct malformed malformed_images[] = {
	{.name = "PNG cut", .build = png_cut, .variants = CUTS, .want = DAMAGED},
	{.name = "PNG flipped", .build = png_flipped, .variants = FLIPS, .want = FLIPPED},
	{.name = "PNG sides", .build = png_sides, .variants = 4, .want = IS_LIMIT},
	{.name = "PNG header", .build = png_header_of, .variants = 5, .want = IS_FORMAT | IS_LIMIT},
	{.name = "PNG one pixel", .build = png_one_pixel, .want = IS_OK},
	{.name = "PNG largest", .build = png_largest, .want = IS_OK, .slow = true},
	{.name = "PNG text bomb", .build = png_text_bomb, .variants = 3, .want = DAMAGED},
	{.name = "JPEG cut", .build = jpeg_cut, .variants = CUTS, .want = DAMAGED},
	{.name = "JPEG flipped", .build = jpeg_flipped, .variants = FLIPS, .want = FLIPPED},
	{.name = "JPEG sides", .build = jpeg_sides, .variants = 3, .want = IS_LIMIT},
	{.name = "JPEG no sides", .build = jpeg_no_sides, .variants = 3, .want = IS_FORMAT},
	{.name = "JPEG no frame", .build = jpeg_no_frame, .variants = 4, .want = IS_FORMAT},
	{.name = "JPEG scans", .build = jpeg_scans, .want = DAMAGED | IS_DEADLINE, .slow = true},
	{.name = "JPEG metadata", .build = jpeg_metadata, .variants = 4, .want = IS_OK},
	{.name = "WebP cut", .build = webp_cut, .variants = CUTS, .want = DAMAGED},
	{.name = "WebP flipped", .build = webp_flipped, .variants = FLIPS, .want = FLIPPED},
	{.name = "WebP bomb", .build = webp_bomb, .variants = 4, .want = IS_LIMIT},
	{.name = "WebP lengths", .build = webp_lengths, .variants = 2, .want = DAMAGED},
	{.name = "JPEG 2000 cut", .build = jp2_cut, .variants = CUTS, .want = DAMAGED},
	{.name = "JPEG 2000 flipped", .build = jp2_flipped, .variants = FLIPS, .want = FLIPPED},
	{.name = "JPEG 2000 sides", .build = jp2_sides, .variants = 3, .want = IS_LIMIT},
	{.name = "JPEG 2000 tiles",
	 .build = jp2_tiles,
	 .want = DAMAGED | IS_NOMEM | IS_DEADLINE,
	 .slow = true},
	{.name = "JPEG 2000 boxes", .build = jp2_boxes, .variants = 3, .want = DAMAGED},
};
const size_t malformed_images_n = LES_COUNT(malformed_images);
