/* Polygons for lines that came with baselines alone. */
#include "image/resize.h"
#include "segment/place.h"
#include "segment/segment.h"

#include <math.h>
#include <stdlib.h>

enum { WORK_H_PX = 1800 };

/* Baselines in pixels of the smaller page; an empty one where a line has none. */
static enum les_kind collect(const struct les_page *page, double x_scale, double y_scale,
			     struct les_polylines *baselines, bool *wanted,
			     struct les_error *reterr)
{
	enum les_kind kind = LES_OK;

	for (uint32_t i = 0; !kind && i < page->lines_n; i++) {
		const struct les_points *from = &page->lines[i].baseline;
		LES_CLEANUP(les_polyline_done) struct les_polyline line = {0};
		for (uint32_t k = 0; !kind && k < from->n; k++)
			kind = les_polyline_push(
				&line,
				(struct les_vec){trunc(from->at[k].x_px / x_scale),
						 trunc(from->at[k].y_px / y_scale)},
				reterr);
		wanted[i] = from->n >= 2 && page->lines[i].polygon.n == 0;
		if (!kind)
			kind = les_polylines_push(baselines, &line, reterr);
	}
	return kind;
}

/* The page as the polygons are worked out on: itself, or a smaller copy. */
static enum les_kind shrink(const struct les_image *image, struct les_bitmap *copy,
			    struct les_image *ret, struct les_error *reterr)
{
	*ret = *image;
	if (image->h_px <= WORK_H_PX)
		return LES_OK;
	const uint64_t w = (uint64_t)image->w_px * WORK_H_PX / image->h_px;
	const enum les_kind kind =
		les_resize_lanczos(image, w ? (uint32_t)w : 1, WORK_H_PX, copy, reterr);
	if (!kind)
		*ret = les_bitmap_view(copy);
	return kind;
}

enum les_kind les_segment_contours(const struct les_image *image,
				   const struct les_segment_options *options, struct les_page *page,
				   struct les_error *reterr)
{
	LES_CLEANUP(les_bitmap_done) struct les_bitmap copy = {0};
	LES_CLEANUP(les_plane_done) struct les_plane features = {0};
	LES_CLEANUP(les_polylines_done) struct les_polylines baselines = {0};
	LES_CLEANUP(les_polylines_done) struct les_polylines polygons = {0};
	LES_CLEANUP(les_free_p) bool *wanted = calloc((size_t)page->lines_n + 1, sizeof *wanted);
	struct les_image small;
	double height;

	if (!wanted)
		return les_fail(reterr, LES_NOMEM, "%u lines", page->lines_n);
	enum les_kind kind = shrink(image, &copy, &small, reterr);
	if (kind)
		return kind;
	const struct les_placing placing = {(double)image->w_px / small.w_px,
					    (double)image->h_px / small.h_px, image->w_px,
					    image->h_px, options->position};
	const struct les_contour_input input = {.features = &features,
						.baselines = &baselines,
						.position = options->position,
						.team = options->team};
	kind = les_contour_features(&small, &features, reterr);
	if (!kind)
		kind = collect(page, placing.x_scale, placing.y_scale, &baselines, wanted, reterr);
	if (!kind)
		kind = les_contours_find(&input, wanted, &polygons, reterr);
	if (!kind)
		kind = les_typical_height(&baselines, &polygons, &height, reterr);
	for (uint32_t i = 0; !kind && i < page->lines_n; i++)
		if (wanted[i])
			kind = les_place_polygon(&placing, &baselines.at[i], &polygons.at[i],
						 height, page, &page->lines[i], reterr);
	return kind;
}
