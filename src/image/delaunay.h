#ifndef LES_IMAGE_DELAUNAY_H
#define LES_IMAGE_DELAUNAY_H

#include "image/polyline.h"

#include <stdint.h>

/* Corners of a triangle, indices into the points. */
struct les_triangle {
	uint32_t corner[3];
};

/* Delaunay triangulation of the points' convex hull by incremental insertion (Bowyer, Watson), the
 * outside held by triangles with one corner at infinity. Points are moved by less than 0.001 px
 * while comparing, so that duplicates, collinear and cocircular points need no special care:
 * triangles without area may occur.
 *
 * points   at least 3, at most LES_TRIANGLE_POINTS_MAX
 * *ret     *ret_n triangles, free() them
 * errors   LIMIT, NOMEM
 */
enum les_kind les_delaunay(const struct les_vec *points, size_t n, struct les_triangle **ret,
			   size_t *ret_n, struct les_error *reterr);

#endif
