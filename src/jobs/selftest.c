#include "jobs/selftest.h"

#include "base/cleanup.h"
#include "image/png.h"
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
	INK = 40,
	PAPER = 235,
};

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

void les_selftest_picture(struct les_buf *out)
{
	static uint8_t px[H_PX][W_PX];

	for (uint32_t y = 0; y < H_PX; y++)
		for (uint32_t x = 0; x < W_PX; x++)
			px[y][x] = is_ink(x, y) ? INK : PAPER;
	les_png_write(out, px[0], W_PX, H_PX, NULL, 0);
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
