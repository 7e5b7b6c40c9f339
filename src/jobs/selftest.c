#include "jobs/selftest.h"

#include "base/cleanup.h"
#include "ipc/memfd.h"
#include "jobs/job.h"

#include <stdlib.h>
#include <string.h>

/* ---- the picture ---- */

enum {
	DOT_PX = 8,
	MARGIN_DOTS = 2,
	GLYPH_W = 5,
	GLYPH_H = 7,
	LETTERS = 11,
	W_PX = (LETTERS * (GLYPH_W + 1) + 2 * MARGIN_DOTS) * DOT_PX,
	H_PX = (GLYPH_H + 2 * MARGIN_DOTS) * DOT_PX,
	ROW_BYTES = 1 + W_PX, /* a PNG's row begins with its filter */
	INK = 40,
	PAPER = 235,
};
_Static_assert(ROW_BYTES < 65536, "a row is one stored block");

/* "Lesart 1871": a row a line, its leftmost dot in bit 4. */
static const uint8_t glyphs[LETTERS][GLYPH_H] = {
	{0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x1f}, {0x00, 0x00, 0x0e, 0x11, 0x1f, 0x10, 0x0e},
	{0x00, 0x00, 0x0f, 0x10, 0x0e, 0x01, 0x1e}, {0x00, 0x00, 0x0e, 0x01, 0x0f, 0x11, 0x0f},
	{0x00, 0x00, 0x16, 0x19, 0x10, 0x10, 0x10}, {0x08, 0x08, 0x1c, 0x08, 0x08, 0x09, 0x06},
	{0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00}, {0x04, 0x0c, 0x04, 0x04, 0x04, 0x04, 0x0e},
	{0x0e, 0x11, 0x11, 0x0e, 0x11, 0x11, 0x0e}, {0x1f, 0x01, 0x02, 0x04, 0x08, 0x08, 0x08},
	{0x04, 0x0c, 0x04, 0x04, 0x04, 0x04, 0x0e},
};

static bool is_ink(uint32_t x_px, uint32_t y_px)
{
	const uint32_t x = x_px / DOT_PX, y = y_px / DOT_PX;

	if (x < MARGIN_DOTS || y < MARGIN_DOTS || y >= MARGIN_DOTS + GLYPH_H)
		return false;
	const uint32_t letter = (x - MARGIN_DOTS) / (GLYPH_W + 1);
	const uint32_t column = (x - MARGIN_DOTS) % (GLYPH_W + 1);

	return letter < LETTERS && column < GLYPH_W &&
	       (glyphs[letter][y - MARGIN_DOTS] >> (GLYPH_W - 1 - column) & 1);
}

static void put_be32(struct les_buf *out, uint32_t v)
{
	const uint8_t bytes[] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8),
				 (uint8_t)v};

	les_buf_put(out, bytes, sizeof bytes);
}

/* source: PNG (ISO 15948), annex D; bit by bit, since it is done once */
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

static void put_chunk(struct les_buf *out, const struct les_buf *chunk)
{
	if (chunk->failed) {
		out->failed = true;
		return;
	}
	put_be32(out, (uint32_t)chunk->len - 4);
	les_buf_put(out, chunk->bytes, chunk->len);
	put_be32(out, crc32_of(chunk->bytes, chunk->len));
}

/* Rows as stored blocks of a zlib stream (RFC 1950, 1951): nothing is compressed. */
static void put_rows(struct les_buf *chunk)
{
	uint8_t row[ROW_BYTES] = {0};
	uint32_t a = 1, b = 0; /* Adler-32 */

	les_buf_put(chunk, "IDAT\x78\x01", 6);
	for (uint32_t y = 0; y < H_PX; y++) {
		const uint8_t head[] = {y + 1 == H_PX, ROW_BYTES & 255, ROW_BYTES >> 8,
					~ROW_BYTES & 255, ~ROW_BYTES >> 8 & 255};
		for (uint32_t x = 0; x < W_PX; x++)
			row[1 + x] = is_ink(x, y) ? INK : PAPER;
		for (uint32_t i = 0; i < ROW_BYTES; i++) {
			a = (a + row[i]) % 65521;
			b = (b + a) % 65521;
		}
		les_buf_put(chunk, head, sizeof head);
		les_buf_put(chunk, row, sizeof row);
	}
	put_be32(chunk, b << 16 | a);
}

void les_selftest_picture(struct les_buf *out)
{
	LES_CLEANUP(les_buf_done) struct les_buf head = LES_BUF(64);
	LES_CLEANUP(les_buf_done) struct les_buf rows = LES_BUF(LES_SELF_TEST_BYTES_MAX);
	LES_CLEANUP(les_buf_done) struct les_buf end = LES_BUF(64);

	les_buf_put(&head, "IHDR", 4);
	put_be32(&head, W_PX);
	put_be32(&head, H_PX);
	les_buf_put(&head, "\x08\0\0\0\0", 5); /* 8 bits of grey */
	put_rows(&rows);
	les_buf_put(&end, "IEND", 4);
	les_buf_put(out, "\x89PNG\r\n\x1a\n", 8);
	put_chunk(out, &head);
	put_chunk(out, &rows);
	put_chunk(out, &end);
}

/* ---- reading ---- */

static enum les_kind take_text(void *context, const struct les_page *page,
			       const struct les_job_pictures *pictures)
{
	char **text = context;

	(void)pictures;
	*text = strdup(page->lines_n ? page->lines[0].text : "");
	return *text ? LES_OK : LES_NOMEM;
}

enum les_kind les_selftest_read(struct les_pool *pool, const struct les_registry *registry,
				const struct les_found *found, const void *image, size_t image_n,
				char **ret_text, struct les_error *reterr)
{
	LES_CLEANUP(les_fd_close) int fd = -1;
	LES_CLEANUP(les_free_p) char *text = NULL;
	const struct les_job_sink sink = {.context = &text, .page_done = take_text};
	struct les_job_request request;
	struct les_job_totals totals;
	enum les_kind kind = les_memfd_new(image, image_n, &fd, reterr);

	les_job_request_init(&request);
	request.fd = fd;
	request.engine = "neural";
	request.model = found->path; /* a folder below the registry's, so it has a slash */
	request.model_paths = true;
	request.registry = registry;
	request.precision = "f32"; /* the same on every machine */
	request.mode = LES_READ_ONE;
	if (kind == LES_OK)
		kind = les_job_run(pool, &request, &sink, &totals, reterr);
	if (kind == LES_OK && !text)
		kind = les_fail(reterr, LES_PEER, "the line came back without a page");
	if (kind == LES_OK)
		*ret_text = LES_TAKE(text);
	return kind;
}
