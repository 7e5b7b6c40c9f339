#ifndef LES_IMAGE_POLYGON_H
#define LES_IMAGE_POLYGON_H

#include "image/bitmap.h"
#include "image/polyline.h"

/* Sets the pixels of a polygon, its outline included, to 255. Coordinates are cut to whole pixels;
 * what lies outside the mask is left out.
 *
 * mask     1 channel
 * polygon  closed by itself; even-odd where it crosses itself
 * errors   NOMEM
 * source   Pillow ImageDraw.polygon (libImaging/Draw.c), same rounding
 */
enum les_kind les_polygon_fill(struct les_bitmap *mask, const struct les_polyline *polygon,
			       struct les_error *reterr);

/* Whether a point lies inside (even-odd); on the outline either may be said. */
bool les_polygon_contains(const struct les_polyline *polygon, struct les_vec p);

/* Signed area, positive where the outline runs clockwise on a page (y down). */
double les_polygon_area(const struct les_polyline *polygon);

#endif
