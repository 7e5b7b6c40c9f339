#ifndef LES_LINES_EXTRACT_H
#define LES_LINES_EXTRACT_H

#include "image/bitmap.h"
#include "types/weights.h"

/* Cut one text line out of a page and straighten it along its baseline. Outside the polygon the
 * result is black, and it is trimmed to what is not: kraken's models have learnt both.
 *
 * page     1 or 3 channels; borrowed
 * baseline polyline in reading direction, page px, rounded to whole ones; two points take a fast
 *          affine path
 * polygon  around the line, on the page
 * cut      of kraken's two methods the older takes nearest or piecewise affine in place of bilinear
 *          rotation or bevelled quadrilaterals; a band goes the newer one's way, and where there is
 *          none to be found (lines/band.h) the polygon does
 * *ret     as many channels as the page
 * errors   ARG (see lines/patch.h), LIMIT, NOMEM
 * source   kraken lib/segmentation.py extract_polygons
 */
enum les_kind les_line_extract(const struct les_image *page, const struct les_points *baseline,
			       const struct les_points *polygon, enum les_line_cut cut,
			       struct les_bitmap *ret, struct les_error *reterr);

/* Cut out a box, for models of bounding-box lines. Vertical text is turned a quarter to the left.
 * errors: ARG (the box is empty or leaves the page), NOMEM */
enum les_kind les_line_extract_box(const struct les_image *page, struct les_box box, bool vertical,
				   struct les_bitmap *ret, struct les_error *reterr);

#endif
