#include "train/prepare.h"

#include "base/cleanup.h"
#include "image/input.h"
#include "image/resize.h"
#include "lines/extract.h"
#include "types/limits.h"

#include <string.h>

/* Within the page, the last pixel's middle included. */
static float within(float v, uint32_t side)
{
	const float last = (float)(side - 1);

	return v < 0 ? 0 : v > last ? last : v;
}

static enum les_kind clip(const struct les_points *points, const struct les_image *page,
			  struct les_arena *arena, struct les_points *ret, struct les_error *reterr)
{
	ret->n = points->n;
	ret->at = les_arena_alloc(arena, points->n, sizeof *ret->at);
	if (!ret->at)
		return les_fail(reterr, LES_NOMEM, "no memory for a line's outline");
	for (uint32_t i = 0; i < points->n; i++)
		ret->at[i] = (struct les_point){within(points->at[i].x_px, page->w_px),
						within(points->at[i].y_px, page->h_px)};
	return LES_OK;
}

static enum les_kind cut(const struct les_image *page, const struct les_line *line,
			 enum les_line_cut how, struct les_bitmap *ret, struct les_error *reterr)
{
	LES_CLEANUP(les_arena_done) struct les_arena arena = LES_ARENA(1 << 20);
	struct les_points baseline, polygon;
	enum les_kind kind;

	if (line->baseline.n == 0 && line->polygon.n == 0 && les_box_is_empty(&line->box))
		return les_bitmap_copy(page, 1, ret, reterr);
	kind = clip(&line->baseline, page, &arena, &baseline, reterr);
	if (kind == LES_OK)
		kind = clip(&line->polygon, page, &arena, &polygon, reterr);
	return kind == LES_OK ? les_line_extract(page, &baseline, &polygon, how, ret, reterr)
			      : kind;
}

/* Down to the height; where the width would vanish it is one pixel. */
static enum les_kind shrink(struct les_bitmap *line, uint32_t h_px, struct les_error *reterr)
{
	LES_CLEANUP(les_bitmap_done) struct les_bitmap small = {0};

	if (line->h_px <= h_px)
		return LES_OK;
	const struct les_image view = les_bitmap_view(line);
	const uint32_t w = (uint32_t)((uint64_t)line->w_px * h_px / line->h_px);
	enum les_kind kind = les_resize_lanczos(&view, w ? w : 1, h_px, &small, reterr);
	if (kind != LES_OK)
		return kind;
	les_bitmap_done(line);
	*line = small;
	small = (struct les_bitmap){0};
	return LES_OK;
}

static bool is_flat(const struct les_bitmap *line)
{
	const size_t n = (size_t)line->w_px * line->h_px;

	return n < 2 || memcmp(line->px, line->px + 1, n - 1) == 0;
}

enum les_kind les_prepare(const struct les_image *page, const struct les_line *lines,
			  uint32_t lines_n, enum les_line_cut how, uint32_t h_px,
			  struct les_buf *out, struct les_error *reterr)
{
	LES_CLEANUP(les_bitmap_done) struct les_bitmap grey = {0};
	enum les_kind kind = les_bitmap_copy(page, 1, &grey, reterr);

	if (kind != LES_OK)
		return kind;
	const struct les_image view = les_bitmap_view(&grey);
	les_buf_u32(out, LES_PREPARED_MAGIC);
	les_buf_u32(out, lines_n);
	for (uint32_t i = 0; i < lines_n; i++) {
		LES_CLEANUP(les_bitmap_done) struct les_bitmap line = {0};
		kind = cut(&view, &lines[i], how, &line, reterr);
		if (kind == LES_OK)
			kind = shrink(&line, h_px, reterr);
		if (kind == LES_NOMEM)
			return kind;
		const bool good = kind == LES_OK && !is_flat(&line);
		les_buf_u32(out, good ? line.w_px : 0);
		les_buf_u32(out, good ? line.h_px : 0);
		if (good)
			les_buf_put(out, line.px, (size_t)line.w_px * line.h_px);
	}
	return out->failed ? les_fail(reterr, LES_LIMIT, "the page's lines are too large together")
			   : LES_OK;
}

enum les_kind les_prepare_page(const struct les_image *page, uint32_t h_px, uint32_t channels,
			       struct les_buf *out, struct les_error *reterr)
{
	const struct les_input_spec spec = {.channels = channels, .h_px = h_px};
	LES_CLEANUP(les_bitmap_done) struct les_bitmap small = {0};
	uint32_t w, h;
	enum les_kind kind = les_input_size(page, &spec, &w, &h, reterr);

	if (kind == LES_OK && (uint64_t)w * h > LES_PLANE_PX_MAX)
		kind = les_fail(reterr, LES_LIMIT,
				"at the line finder's height the page is %u × %u pixels, too many",
				w, h);
	if (kind == LES_OK)
		kind = les_input_resize(page, &spec, &small, reterr);
	if (kind != LES_OK)
		return kind;
	les_buf_u32(out, LES_PREPARED_PAGE_MAGIC);
	les_buf_u32(out, small.w_px);
	les_buf_u32(out, small.h_px);
	les_buf_u32(out, small.channels);
	les_buf_put(out, small.px, (size_t)small.w_px * small.h_px * small.channels);
	return out->failed ? les_fail(reterr, LES_NOMEM, "no memory for a page") : LES_OK;
}
