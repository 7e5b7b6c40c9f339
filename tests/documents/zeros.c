/* Files that are small in bytes and large in pixels. */
#include "tests/documents/documents.h"

#include <string.h>
#include <zlib.h>

static void deflate_anew(struct les_buf *out, uint64_t unpacked_bytes)
{
	static const uint8_t zeros[1 << 16];
	uint8_t packed[1 << 16];
	z_stream z = {0};

	deflateInit(&z, 6);
	do {
		size_t n = unpacked_bytes < sizeof zeros ? (size_t)unpacked_bytes : sizeof zeros;
		unpacked_bytes -= n;
		z.next_in = (Bytef *)(uintptr_t)zeros;
		z.avail_in = (uInt)n;
		do {
			z.next_out = packed;
			z.avail_out = sizeof packed;
			deflate(&z, unpacked_bytes ? Z_NO_FLUSH : Z_FINISH);
			les_buf_put(out, packed, sizeof packed - z.avail_out);
		} while (z.avail_out == 0);
	} while (unpacked_bytes);
	deflateEnd(&z);
}

/* Large ones take seconds: the latest is kept. */
void deflate_zeros(struct les_buf *out, uint64_t unpacked_bytes)
{
	static struct les_buf kept = LES_BUF(DOCUMENT_BYTES_MAX);
	static uint64_t kept_bytes;

	if (unpacked_bytes < 1 << 20) {
		deflate_anew(out, unpacked_bytes);
		return;
	}
	if (kept_bytes != unpacked_bytes) {
		les_buf_reset(&kept);
		deflate_anew(&kept, unpacked_bytes);
		kept_bytes = unpacked_bytes;
	}
	les_buf_put(out, kept.bytes, kept.len);
}

static void u32be(uint8_t to[4], uint32_t v)
{
	for (int i = 0; i < 4; i++)
		to[i] = (uint8_t)(v >> (24 - 8 * i));
}

static void png_chunk(struct les_buf *out, const char *type, const void *bytes, size_t n)
{
	uint8_t number[4];
	uLong crc = crc32(crc32(0, (const Bytef *)type, 4), bytes, (uInt)n);

	u32be(number, (uint32_t)n);
	les_buf_put(out, number, 4);
	les_buf_put(out, type, 4);
	les_buf_put(out, bytes, n);
	u32be(number, (uint32_t)crc);
	les_buf_put(out, number, 4);
}

void document_png_of(struct les_buf *out, const char *header, const char *type,
		     const struct les_buf *chunk)
{
	struct les_buf data = LES_BUF(DOCUMENT_BYTES_MAX);

	deflate_zeros(&data, 2);
	les_buf_put(out, "\x89PNG\r\n\x1a\n", 8);
	png_chunk(out, "IHDR", header, 13);
	if (chunk)
		png_chunk(out, type, chunk->bytes, chunk->len);
	png_chunk(out, "IDAT", data.bytes, data.len);
	png_chunk(out, "IEND", "", 0);
	les_buf_done(&data);
}

void document_png_bomb(struct les_buf *out, uint32_t w_px, uint32_t h_px)
{
	struct les_buf data = LES_BUF(DOCUMENT_BYTES_MAX);
	uint8_t header[13] = {[8] = 8};

	u32be(header, w_px);
	u32be(header + 4, h_px);
	deflate_zeros(&data, ((uint64_t)w_px + 1) * h_px);
	les_buf_put(out, "\x89PNG\r\n\x1a\n", 8);
	png_chunk(out, "IHDR", header, sizeof header);
	png_chunk(out, "IDAT", data.bytes, data.len);
	png_chunk(out, "IEND", "", 0);
	les_buf_done(&data);
}
