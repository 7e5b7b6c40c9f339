#ifndef LES_SEGMENT_CARVE_H
#define LES_SEGMENT_CARVE_H

#include "image/plane.h"
#include "image/polyline.h"

/* The seam between a line and its limit on one side.
 *
 * features   what the seam shuns, les_contour_features()
 * line       whole coordinates within the plane, two points or more
 * limit      as many or other points, in the same direction
 * direction  of the line on the whole, of length 1
 * *ret       in that direction, whole coordinates, simplified to 5 px; les_polyline_done()
 * errors     ARG (no seam of two points), LIMIT, NOMEM
 * source     kraken lib/segmentation.py _calc_seam()
 */
enum les_kind les_carve(const struct les_plane *features, const struct les_polyline *line,
			const struct les_polyline *limit, struct les_vec direction,
			struct les_polyline *ret, struct les_error *reterr);

#endif
