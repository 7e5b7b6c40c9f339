#ifndef LES_IMAGE_OFFSET_H
#define LES_IMAGE_OFFSET_H

#include "image/polyline.h"

/* A chain moved sideways by a distance: to the left of its direction as one sees it on a page (up,
 * for a chain from left to right), to the right where the distance is negative. Corners that open
 * are mitred, at most to twice the distance; those that close meet where the moved segments cross.
 *
 * line     two points or more; segments without length are passed over
 * ret      points are appended
 * errors   as les_polyline_push()
 * as       shapely parallel_offset(), which rounds the corners
 */
enum les_kind les_offset(const struct les_polyline *line, double distance, struct les_polyline *ret,
			 struct les_error *reterr);

/* The area that the segment from point i to the next sweeps when it moves by the distance, with
 * the round corner before it (none at the chain's start), as a polygon.
 *
 * ret      points are appended
 */
enum les_kind les_offset_piece(const struct les_polyline *line, size_t i, double distance,
			       struct les_polyline *ret, struct les_error *reterr);

#endif
