#include "image/png.h"

#include "base/cleanup.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void put_be32(struct les_buf *out, uint32_t v)
{
	const uint8_t bytes[] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8),
				 (uint8_t)v};

	les_buf_put(out, bytes, sizeof bytes);
}

/* source: PNG, annex D; bit by bit, since pictures are few and small */
static uint32_t crc32_of(const uint8_t *bytes, size_t n)
{
	uint32_t crc = ~0u;

	for (size_t i = 0; i < n; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

/* A chunk is everything from its name to the end of out, which began at `from`. */
static void end_chunk(struct les_buf *out, size_t from)
{
	if (out->failed)
		return;
	const uint32_t n = (uint32_t)(out->len - from - 8);
	for (int i = 0; i < 4; i++)
		out->bytes[from + (size_t)i] = (uint8_t)(n >> (24 - 8 * i));
	put_be32(out, crc32_of(out->bytes + from + 4, n + 4));
}

static size_t begin_chunk(struct les_buf *out, const char *name)
{
	const size_t from = out->len;

	put_be32(out, 0);
	les_buf_puts(out, name);
	return from;
}

/* A row as PNG has it: its filter, none, and the pixels. */
static void pack_row(uint8_t *row, const uint8_t *px, uint32_t w_px, bool two_bits)
{
	if (!two_bits) {
		memcpy(row + 1, px, w_px);
		return;
	}
	memset(row + 1, 0, (w_px + 3) / 4);
	for (uint32_t x = 0; x < w_px; x++)
		row[1 + x / 4] |= (uint8_t)((px[x] & 3) << (6 - 2 * (x % 4)));
}

/* Rows as stored blocks of a zlib stream: nothing is compressed. */
static void put_rows(struct les_buf *out, const uint8_t *px, uint32_t w_px, uint32_t h_px,
		     bool two_bits)
{
	const uint32_t n = 1 + (two_bits ? (w_px + 3) / 4 : w_px);
	LES_CLEANUP(les_free_p) uint8_t *row = calloc(1, n);
	uint32_t a = 1, b = 0; /* Adler-32 */

	out->failed = out->failed || !row;
	les_buf_put(out, "\x78\x01", 2);
	for (uint32_t y = 0; y < h_px && row; y++) {
		const uint8_t head[] = {y + 1 == h_px, (uint8_t)n, (uint8_t)(n >> 8), (uint8_t)~n,
					(uint8_t)(~n >> 8)};
		pack_row(row, px + (size_t)y * w_px, w_px, two_bits);
		for (uint32_t i = 0; i < n; i++) {
			a = (a + row[i]) % 65521;
			b = (b + a) % 65521;
		}
		les_buf_put(out, head, sizeof head);
		les_buf_put(out, row, n);
	}
	put_be32(out, b << 16 | a);
}

void les_png_write(struct les_buf *out, const uint8_t *px, uint32_t w_px, uint32_t h_px,
		   const uint8_t palette[][3], uint32_t colours_n)
{
	assert(w_px < 65535 && colours_n <= LES_PNG_COLOURS_MAX);
	les_buf_put(out, "\x89PNG\r\n\x1a\n", 8);
	size_t from = begin_chunk(out, "IHDR");
	put_be32(out, w_px);
	put_be32(out, h_px);
	les_buf_put(out, colours_n ? "\x02\x03\0\0" : "\x08\0\0\0", 5); /* depth, colour type */
	end_chunk(out, from);
	if (colours_n) {
		from = begin_chunk(out, "PLTE");
		les_buf_put(out, palette, colours_n * sizeof palette[0]);
		end_chunk(out, from);
	}
	from = begin_chunk(out, "IDAT");
	put_rows(out, px, w_px, h_px, colours_n > 0);
	end_chunk(out, from);
	end_chunk(out, begin_chunk(out, "IEND"));
}
