#ifndef LES_DECODE_RASTER_H
#define LES_DECODE_RASTER_H

#include "base/error.h"
#include "types/page.h"

#include <stdint.h>

/* A page's pixels on their way out: a memfd mapped for writing, sealed when it is full. */
struct les_raster {
	struct les_page_info
		info; /* w, h, stride, channels are set; the rest is the decoder's to fill */
	uint8_t *px;  /* [h, stride], white at first */
	int fd;
};

/* The eight orientations of EXIF and TIFF (1 to 8): how the stored image has to be mirrored
 * left-right first and then turned clockwise to stand upright. Anything else counts as 1. */
struct les_orientation {
	bool mirrored;
	uint32_t rotation_deg;
};
struct les_orientation les_orientation_from_exif(uint32_t value);

/* Where a pixel of the upright page lies in the stored image: x' = a·x + b·y + c … */
struct les_affine les_orientation_to_stored(struct les_orientation orientation,
					    uint32_t stored_w_px, uint32_t stored_h_px);

/* Whether a page of this size may be read at all. errors: LIMIT, FORMAT (a side of 0). */
enum les_kind les_raster_check(uint64_t w_px, uint64_t h_px, uint64_t page_px_max,
			       struct les_error *reterr);

/* Pixels as a library stores them: any layout that a function can sample row by row. fetch() gives
 * one stored row as RGB, 3 × w_px bytes. */
struct les_stored {
	uint32_t w_px, h_px;
	void (*fetch)(const void *context, uint32_t y, uint8_t *rgb);
	const void *context;
};

/* Writes a stored image upright: 1 channel where all pixels are grey, else 3. Fills info's
 * geometry. *ret: les_raster_done(). errors: NOMEM, IO, LIMIT. */
enum les_kind les_raster_from_stored(const struct les_stored *stored,
				     struct les_orientation orientation, struct les_raster *ret,
				     struct les_error *reterr);

/* Unmaps and seals; *ret_fd is the caller's. */
enum les_kind les_raster_seal(struct les_raster *raster, int *ret_fd, struct les_error *reterr);
void les_raster_done(struct les_raster *raster);

#endif
