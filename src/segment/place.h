#ifndef LES_SEGMENT_PLACE_H
#define LES_SEGMENT_PLACE_H

#include "image/polyline.h"
#include "segment/contours.h"
#include "types/page.h"
#include "types/weights.h"

/* How pixels of a smaller page become page pixels. */
struct les_placing {
	double x_scale, y_scale; /* page px for each px */
	uint32_t w_px, h_px;     /* of the page */
	enum les_line_position position;
};

/* Replaces a page's regions. Kinds follow from the classes' names: those with "image", "graphic",
 * "illustration" or "figure" in them are images, "table" and "separator" say so, all others are
 * text.
 *
 * classes  one per area
 * errors   NOMEM
 */
enum les_kind les_place_areas(const struct les_placing *placing, const struct les_polylines *areas,
			      const struct les_class *const *classes, struct les_page *page,
			      struct les_error *reterr);

/* Replaces a page's lines. Where a polygon is empty, the line gets a strip along its baseline, as
 * high as the median of the others' polygons (48 px where there are none).
 *
 * polygons  one per line
 * errors    LIMIT, NOMEM
 */
enum les_kind les_place_lines(const struct les_placing *placing, const struct les_polylines *lines,
			      const struct les_polylines *polygons, struct les_page *page,
			      struct les_error *reterr);

/* A polygon, or where it is empty the strip, for a line that has a baseline; and its box.
 *
 * height_px  of the strip, les_typical_height()
 */
enum les_kind les_place_polygon(const struct les_placing *placing,
				const struct les_polyline *baseline,
				const struct les_polyline *polygon, double height_px,
				struct les_page *page, struct les_line *line,
				struct les_error *reterr);

/* Median of polygon area / baseline length. errors: NOMEM */
enum les_kind les_typical_height(const struct les_polylines *lines,
				 const struct les_polylines *polygons, double *ret,
				 struct les_error *reterr);

#endif
