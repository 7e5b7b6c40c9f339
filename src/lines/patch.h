#ifndef LES_LINES_PATCH_H
#define LES_LINES_PATCH_H

#include "image/polygon.h"
#include "types/geometry.h"

/* One line cut out of its page, what lies outside its polygon black. Coordinates are the page's
 * less the offset, whole pixels before corners are cut. les_patch_done() frees. */
struct les_patch {
	struct les_bitmap px;
	struct les_vec offset;
	struct les_polyline baseline, polygon;
};

/* smooth   for curved baselines the polygon is simplified (over 50 points, 2 px) and its
 *          corners are cut, as kraken does
 * errors   ARG (fewer than 2 points or less than 5 px of baseline, fewer than 3 points of
 *          polygon, points outside the page), LIMIT, NOMEM
 * source   kraken lib/segmentation.py extract_polygons */
enum les_kind les_patch_init(const struct les_image *page, const struct les_points *baseline,
			     const struct les_points *polygon, bool smooth, struct les_patch *ret,
			     struct les_error *reterr);
void les_patch_done(struct les_patch *patch);

/* The three ways to straighten a patch. *ret: not trimmed yet. errors: LIMIT, NOMEM. */
enum les_kind les_patch_rotate(const struct les_patch *patch, bool legacy, struct les_bitmap *ret,
			       struct les_error *reterr);
enum les_kind les_patch_bend(const struct les_patch *patch, struct les_bitmap *ret,
			     struct les_error *reterr);
enum les_kind les_patch_bend_legacy(const struct les_patch *patch, struct les_bitmap *ret,
				    struct les_error *reterr);

/* Polygon points in the frame of the straightened baseline: {distance along, distance below}. */
struct les_box les_frame_box(const struct les_polyline *frame);

#endif
