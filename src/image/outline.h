#ifndef LES_IMAGE_OUTLINE_H
#define LES_IMAGE_OUTLINE_H

#include "image/components.h"
#include "image/polyline.h"

/* The outer outline of a piece as the centres of its outermost pixels, clockwise on the page from
 * its first pixel, that pixel not repeated. Where the piece is one pixel wide the outline runs
 * there and back. One point for a single pixel.
 *
 * component  index of the piece
 * max        points, at most LES_TRACE_POINTS_MAX
 * *ret       les_polyline_done()
 * errors     LIMIT beyond that, NOMEM
 * source     Moore neighbourhood tracing with Jacob's end: back at the start in the same way
 */
enum les_kind les_outline(const struct les_components *components, uint32_t component, size_t max,
			  struct les_polyline *ret, struct les_error *reterr);

#endif
