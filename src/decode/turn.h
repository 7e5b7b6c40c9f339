#ifndef LES_DECODE_TURN_H
#define LES_DECODE_TURN_H

#include "types/geometry.h"

#include <stdbool.h>
#include <stdint.h>

/* How a stored image becomes the page that a person sees: mirrored left-right, then turned
 * clockwise. The eight of them are EXIF's and TIFF's eight orientations. */
struct les_turn {
	uint32_t rotation_deg; /* 0, 90, 180, 270 */
	bool mirrored;
};

/* EXIF 2.32 §4.6.4 and TIFF 6.0, tag 274: 1 to 8; any other number is taken as 1, as viewers do. */
struct les_turn les_turn_from_orientation(uint32_t orientation);

/* Size of the page that a stored image of w_px × h_px turns into. */
void les_turn_size(struct les_turn turn, uint32_t w_px, uint32_t h_px, uint32_t *ret_w_px,
		   uint32_t *ret_h_px);

/* Page pixels → pixels of the stored image of w_px × h_px. Pixel (0,0) covers [0,1) × [0,1), so the
 * page's outer edges land on the stored image's outer edges. */
struct les_affine les_turn_to_stored(struct les_turn turn, uint32_t w_px, uint32_t h_px);

#endif
