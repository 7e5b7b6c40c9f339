#ifndef LES_IMAGE_RESIZE_H
#define LES_IMAGE_RESIZE_H

#include "image/bitmap.h"

/* Resamples with a Lanczos window of three lobes that widens as the image shrinks (antialiasing):
 * first along x, then along y, 8 bits between the two, weights in fixed point with 22 bits.
 * An axis whose size stays is left alone.
 *
 * image    1 or 3 channels; borrowed
 * *ret     w_px × h_px, as many channels
 * errors   LIMIT, NOMEM
 * source   Pillow libImaging/Resample.c (ImagingResample, 8 bits per channel), same rounding
 */
enum les_kind les_resize_lanczos(const struct les_image *image, uint32_t w_px, uint32_t h_px,
				 struct les_bitmap *ret, struct les_error *reterr);

#endif
