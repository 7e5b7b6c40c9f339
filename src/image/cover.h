#ifndef LES_IMAGE_COVER_H
#define LES_IMAGE_COVER_H

#include "image/polyline.h"

#include <stdint.h>

/* Sets the pixels whose centre lies in a polygon or on its edge (even-odd where it crosses itself).
 * Its corners are first cut to whole pixels, towards 0, and those far beyond the plane are moved
 * nearer.
 *
 * plane    u8 [h][w]
 * polygon  closed by itself
 * errors   NOMEM
 * source   skimage.draw.polygon on corners of type int
 */
enum les_kind les_cover(uint8_t *plane, uint32_t h, uint32_t w, const struct les_polyline *polygon,
			uint8_t value, struct les_error *reterr);

#endif
