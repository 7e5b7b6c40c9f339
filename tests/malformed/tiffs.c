#include "tests/malformed/corpus.h"

#include "base/cleanup.h"

#include <string.h>
#include <tiff.h>

static void cut(struct les_buf *out, unsigned variant)
{
	document_tiff(out, &(struct tiff_options){.compression = COMPRESSION_LZW, .bits = 24});
	cut_at(out, variant, CUTS);
}

static void flipped(struct les_buf *out, unsigned variant)
{
	static const uint16_t compressions[FLIPS] = {COMPRESSION_NONE,          COMPRESSION_LZW,
						     COMPRESSION_ADOBE_DEFLATE, COMPRESSION_JPEG,
						     COMPRESSION_PACKBITS,      COMPRESSION_LZW};

	document_tiff(out, &(struct tiff_options){.compression = compressions[variant],
						  .bits = 8,
						  .tile_px = variant % 2 ? 64 : 0});
	flip_bits(out, variant + 1, 12);
}

static void fax_flipped(struct les_buf *out, unsigned variant)
{
	static const uint16_t compressions[] = {COMPRESSION_CCITTFAX3, COMPRESSION_CCITTFAX4,
						COMPRESSION_CCITTRLE};

	document_tiff(out, &(struct tiff_options){.compression = compressions[variant], .bits = 1});
	flip_bits(out, variant + 1, 12);
}

/* One directory of these entries; `next` is the offset of the next. */
struct entry {
	uint16_t tag, type;
	uint32_t count, value;
};
static void directory(struct les_buf *out, const struct entry *entries, uint16_t n, uint32_t next)
{
	les_buf_u16(out, n);
	for (uint16_t i = 0; i < n; i++) {
		les_buf_u16(out, entries[i].tag);
		les_buf_u16(out, entries[i].type);
		les_buf_u32(out, entries[i].count);
		les_buf_u32(out, entries[i].value);
	}
	les_buf_u32(out, next);
}

/* A grey page of w × h whose strip lies at `offset`. */
static void page_of(struct les_buf *out, uint32_t w, uint32_t h, uint32_t offset, uint32_t next)
{
	const struct entry entries[] = {
		{TIFFTAG_IMAGEWIDTH, TIFF_LONG, 1, w},
		{TIFFTAG_IMAGELENGTH, TIFF_LONG, 1, h},
		{TIFFTAG_BITSPERSAMPLE, TIFF_SHORT, 1, 8},
		{TIFFTAG_COMPRESSION, TIFF_SHORT, 1, COMPRESSION_NONE},
		{TIFFTAG_PHOTOMETRIC, TIFF_SHORT, 1, PHOTOMETRIC_MINISBLACK},
		{TIFFTAG_STRIPOFFSETS, TIFF_LONG, 1, offset},
		{TIFFTAG_SAMPLESPERPIXEL, TIFF_SHORT, 1, 1},
		{TIFFTAG_ROWSPERSTRIP, TIFF_LONG, 1, h},
		{TIFFTAG_STRIPBYTECOUNTS, TIFF_LONG, 1, w * h},
	};

	directory(out, entries, LES_COUNT(entries), next);
}

static void header(struct les_buf *out)
{
	les_buf_put(out, "II*\0\10\0\0\0", 8);
}

static void headers(struct les_buf *out, unsigned variant)
{
	static const struct {
		const char *bytes;
		size_t n;
	} rows[] = {
		{"II*\0\0\0\0\0", 8},                    /* a directory at 0 */
		{"II*\0\xff\xff\xff\xff", 8},            /* beyond the file */
		{"II*\0\10\0\0\0\0\0\0\0\0\0", 14},      /* a directory of nothing */
		{"II*\0\10\0\0\0\xff\xff", 10},          /* of 65535 entries that are not there */
		{"MM\0+\0\10\0\0\0\0\0\0\0\0\0\20", 16}, /* BigTIFF */
	};
	les_buf_put(out, rows[variant].bytes, rows[variant].n);
}

static void sides(struct les_buf *out, unsigned variant)
{
	static const uint32_t rows[][2] = {
		{60000, 60000}, {60000, 1}, {UINT32_MAX, UINT32_MAX}, {30000, 30000}};

	header(out);
	page_of(out, rows[variant][0], rows[variant][1], 8, 0);
}

static void no_pixels(struct les_buf *out, unsigned variant)
{
	static const uint32_t rows[][2] = {{0, 0}, {0, 10}, {10, 0}};

	header(out);
	page_of(out, rows[variant][0], rows[variant][1], 8, 0);
}

static void one_pixel(struct les_buf *out, unsigned variant)
{
	(void)variant;
	header(out);
	page_of(out, 1, 1, 8, 0);
}

static void strips_outside(struct les_buf *out, unsigned variant)
{
	static const uint32_t offsets[] = {0xfffffff0, 1000000, 130};

	header(out);
	page_of(out, 100, 100, offsets[variant], 0);
}

/* Directories whose chain bites its tail. */
static void chain_that_loops(struct les_buf *out, unsigned variant)
{
	header(out);
	page_of(out, 4, 4, 8, variant ? 8 : 122);
	page_of(out, 4, 4, 8, 8);
}

static void too_many_pages(struct les_buf *out, unsigned variant)
{
	(void)variant;
	header(out);
	for (uint32_t i = 0; i < 2001; i++)
		page_of(out, 4, 4, 8, i == 2000 ? 0 : (uint32_t)out->len + 2 + 9 * 12 + 4);
}

/* Values no reader should take. */
static void strange_entries(struct les_buf *out, unsigned variant)
{
	static const struct entry strange[] = {
		{TIFFTAG_BITSPERSAMPLE, TIFF_SHORT, 1, 65535},
		{TIFFTAG_SAMPLESPERPIXEL, TIFF_SHORT, 1, 65535},
		{TIFFTAG_ROWSPERSTRIP, TIFF_LONG, 1, 0},
		{TIFFTAG_STRIPBYTECOUNTS, TIFF_LONG, 0x40000000, 8},
		{TIFFTAG_COMPRESSION, TIFF_SHORT, 1, 60000},
		{TIFFTAG_PHOTOMETRIC, TIFF_SHORT, 1, 60000},
		{TIFFTAG_STRIPOFFSETS, TIFF_DOUBLE, 1, 8},
	};

	header(out);
	page_of(out, 10, 10, 8, 0);
	for (uint8_t *at = out->bytes + 10; at < out->bytes + 10 + 9 * 12; at += 12) {
		struct les_buf entry = LES_BUF(64);
		les_buf_u16(&entry, strange[variant].tag);
		les_buf_u16(&entry, strange[variant].type);
		les_buf_u32(&entry, strange[variant].count);
		les_buf_u32(&entry, strange[variant].value);
		if (memcmp(at, entry.bytes, 2) == 0)
			memcpy(at, entry.bytes, 12);
		les_buf_done(&entry);
	}
}

static void tiles_of_four_billion(struct les_buf *out, unsigned variant)
{
	const uint32_t side = variant ? 0x7ffffff0 : 0xfffffff0;
	const struct entry entries[] = {
		{TIFFTAG_IMAGEWIDTH, TIFF_LONG, 1, 10},
		{TIFFTAG_IMAGELENGTH, TIFF_LONG, 1, 10},
		{TIFFTAG_BITSPERSAMPLE, TIFF_SHORT, 1, 8},
		{TIFFTAG_COMPRESSION, TIFF_SHORT, 1, COMPRESSION_ADOBE_DEFLATE},
		{TIFFTAG_PHOTOMETRIC, TIFF_SHORT, 1, PHOTOMETRIC_MINISBLACK},
		{TIFFTAG_SAMPLESPERPIXEL, TIFF_SHORT, 1, 1},
		{TIFFTAG_TILEWIDTH, TIFF_LONG, 1, side},
		{TIFFTAG_TILELENGTH, TIFF_LONG, 1, side},
		{TIFFTAG_TILEOFFSETS, TIFF_LONG, 1, 8},
		{TIFFTAG_TILEBYTECOUNTS, TIFF_LONG, 1, 100},
	};

	header(out);
	directory(out, entries, LES_COUNT(entries), 0);
}

/* A strip that unpacks to 256 MiB, for a page of ten thousand pixels. */
static void strip_bomb(struct les_buf *out, unsigned variant)
{
	struct les_buf packed = LES_BUF(DOCUMENT_BYTES_MAX);
	const uint32_t side = variant ? 9000 : 100;

	deflate_zeros(&packed, 1ull << 28);
	const struct entry entries[] = {
		{TIFFTAG_IMAGEWIDTH, TIFF_LONG, 1, side},
		{TIFFTAG_IMAGELENGTH, TIFF_LONG, 1, side - (variant ? 200 : 0)},
		{TIFFTAG_BITSPERSAMPLE, TIFF_SHORT, 1, 8},
		{TIFFTAG_COMPRESSION, TIFF_SHORT, 1, COMPRESSION_ADOBE_DEFLATE},
		{TIFFTAG_PHOTOMETRIC, TIFF_SHORT, 1, PHOTOMETRIC_MINISBLACK},
		{TIFFTAG_STRIPOFFSETS, TIFF_LONG, 1, 8 + 2 + 9 * 12 + 4},
		{TIFFTAG_SAMPLESPERPIXEL, TIFF_SHORT, 1, 1},
		{TIFFTAG_ROWSPERSTRIP, TIFF_LONG, 1, side},
		{TIFFTAG_STRIPBYTECOUNTS, TIFF_LONG, 1, (uint32_t)packed.len},
	};
	header(out);
	directory(out, entries, LES_COUNT(entries), 0);
	les_buf_put(out, packed.bytes, packed.len);
	les_buf_done(&packed);
}

/* The second of three pages is too large: the others are read. */
static void broken_between_good(struct les_buf *out, unsigned variant)
{
	static const uint32_t second[][2] = {{60000, 60000}, {0, 0}};

	header(out);
	page_of(out, 20, 20, 8, 122);
	page_of(out, second[variant][0], second[variant][1], 8, 236);
	page_of(out, 20, 20, 8, 0);
	for (int i = 0; i < 400; i++)
		les_buf_u8(out, 255);
}

const struct malformed malformed_tiffs[] = {
	{.name = "TIFF cut", .build = cut, .variants = CUTS, .want = DAMAGED},
	{.name = "TIFF flipped", .build = flipped, .variants = FLIPS, .want = FLIPPED},
	{.name = "TIFF fax flipped", .build = fax_flipped, .variants = 3, .want = FLIPPED},
	{.name = "TIFF headers", .build = headers, .variants = 5, .want = IS_FORMAT},
	{.name = "TIFF sides", .build = sides, .variants = 4, .want = IS_LIMIT | IS_FORMAT},
	{.name = "TIFF no pixels", .build = no_pixels, .variants = 3, .want = IS_FORMAT},
	{.name = "TIFF one pixel", .build = one_pixel, .want = IS_OK},
	{.name = "TIFF strips outside",
	 .build = strips_outside,
	 .variants = 3,
	 .want = DAMAGED | IS_UNSUPPORTED},
	{.name = "TIFF chain that loops",
	 .build = chain_that_loops,
	 .variants = 2,
	 .want = DAMAGED},
	{.name = "TIFF too many pages", .build = too_many_pages, .want = IS_LIMIT},
	{.name = "TIFF strange entries",
	 .build = strange_entries,
	 .variants = 7,
	 .want = DAMAGED | IS_UNSUPPORTED},
	{.name = "TIFF tiles of four billion",
	 .build = tiles_of_four_billion,
	 .variants = 2,
	 .want = IS_FORMAT | IS_UNSUPPORTED | IS_LIMIT},
	{.name = "TIFF strip bomb",
	 .build = strip_bomb,
	 .variants = 2,
	 .want = DAMAGED | IS_LIMIT | IS_DEADLINE,
	 .slow = true},
	{.name = "TIFF broken between good",
	 .build = broken_between_good,
	 .variants = 2,
	 .want = IS_OK,
	 .pages_failed = 1},
};
const size_t malformed_tiffs_n = LES_COUNT(malformed_tiffs);
