#include "lines/patch.h"

#include "types/limits.h"

enum { POLYGON_POINTS_PLAIN = 50 };
static const double POLYGON_TOLERANCE_PX = 2.0, BASELINE_MIN_PX = 5.0;

void les_patch_done(struct les_patch *patch)
{
	les_bitmap_done(&patch->px);
	les_polyline_done(&patch->baseline);
	les_polyline_done(&patch->polygon);
}

/* Rounded to whole pixels; a point that repeats the one before it is dropped. */
static enum les_kind copy_points(const struct les_points *points, const struct les_image *page,
				 const char *what, struct les_polyline *ret,
				 struct les_error *reterr)
{
	enum les_kind kind = LES_OK;

	for (uint32_t i = 0; !kind && i < points->n; i++) {
		const struct les_vec p = {rint(points->at[i].x_px), rint(points->at[i].y_px)};
		if (!(p.x >= 0 && p.x < page->w_px && p.y >= 0 && p.y < page->h_px))
			return les_fail(reterr, LES_ARG, "%s leaves the page at %g, %g", what, p.x,
					p.y);
		if (ret->n == 0 || p.x != ret->at[ret->n - 1].x || p.y != ret->at[ret->n - 1].y)
			kind = les_polyline_push(ret, p, reterr);
	}
	return kind;
}

static void move(struct les_polyline *line, struct les_vec by)
{
	for (size_t i = 0; i < line->n; i++)
		line->at[i] = les_vec_sub(line->at[i], by);
}

static struct les_box box_of(const struct les_polyline *line)
{
	struct les_box box = {INT32_MAX, INT32_MAX, 0, 0};

	for (size_t i = 0; i < line->n; i++) {
		const int32_t x = (int32_t)line->at[i].x, y = (int32_t)line->at[i].y;
		box.x0_px = x < box.x0_px ? x : box.x0_px;
		box.y0_px = y < box.y0_px ? y : box.y0_px;
		box.x1_px = x >= box.x1_px ? x + 1 : box.x1_px;
		box.y1_px = y >= box.y1_px ? y + 1 : box.y1_px;
	}
	return box;
}

static enum les_kind cut_corners(struct les_polyline *polygon, struct les_error *reterr)
{
	struct les_polyline cut;
	enum les_kind kind = LES_OK;

	if (polygon->n > POLYGON_POINTS_PLAIN)
		kind = les_polyline_simplify(polygon, POLYGON_TOLERANCE_PX, reterr);
	if (kind || (kind = les_polyline_subdivide(polygon, &cut, reterr)))
		return kind;
	les_polyline_done(polygon);
	*polygon = cut;
	return LES_OK;
}

static enum les_kind mask_outside(struct les_bitmap *px, const struct les_polyline *polygon,
				  struct les_error *reterr)
{
	LES_CLEANUP(les_bitmap_done) struct les_bitmap mask = {0};
	const size_t n = (size_t)px->w_px * px->h_px;
	enum les_kind kind;

	if ((kind = les_bitmap_new(px->w_px, px->h_px, 1, &mask, reterr)) ||
	    (kind = les_polygon_fill(&mask, polygon, reterr)))
		return kind;
	for (size_t i = 0; i < n; i++)
		for (size_t c = 0; c < px->channels; c++)
			px->px[i * px->channels + c] &= mask.px[i];
	return LES_OK;
}

enum les_kind les_patch_init(const struct les_image *page, const struct les_points *baseline,
			     const struct les_points *polygon, bool smooth, struct les_patch *ret,
			     struct les_error *reterr)
{
	LES_CLEANUP(les_patch_done) struct les_patch patch = {0};
	enum les_kind kind;

	if (polygon->n < 3)
		return les_fail(reterr, LES_ARG, "a line without a polygon");
	if ((kind = copy_points(baseline, page, "the baseline", &patch.baseline, reterr)) ||
	    (kind = copy_points(polygon, page, "the polygon", &patch.polygon, reterr)))
		return kind;
	if (patch.baseline.n < 2 || les_polyline_length(&patch.baseline) < BASELINE_MIN_PX)
		return les_fail(reterr, LES_ARG, "a baseline of less than %g px", BASELINE_MIN_PX);

	const struct les_box box = box_of(&patch.polygon);
	const struct les_image part = les_image_crop(page, box);
	patch.offset = (struct les_vec){box.x0_px, box.y0_px};
	move(&patch.baseline, patch.offset);
	move(&patch.polygon, patch.offset);
	if (smooth && patch.baseline.n > 2 && (kind = cut_corners(&patch.polygon, reterr)))
		return kind;
	if ((kind = les_bitmap_copy(&part, part.channels, &patch.px, reterr)) ||
	    (kind = mask_outside(&patch.px, &patch.polygon, reterr)))
		return kind;
	*ret = patch;
	patch = (struct les_patch){0};
	return LES_OK;
}

struct les_box les_frame_box(const struct les_polyline *frame)
{
	struct les_vec min = frame->at[0], max = frame->at[0];

	for (size_t i = 1; i < frame->n; i++) {
		min = (struct les_vec){fmin(min.x, frame->at[i].x), fmin(min.y, frame->at[i].y)};
		max = (struct les_vec){fmax(max.x, frame->at[i].x), fmax(max.y, frame->at[i].y)};
	}
	return (struct les_box){(int32_t)min.x, (int32_t)min.y, (int32_t)max.x + 1,
				(int32_t)max.y + 1};
}
