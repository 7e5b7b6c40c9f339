#ifndef LES_IMAGE_RIDGE_H
#define LES_IMAGE_RIDGE_H

#include "image/plane.h"

/* Bright ridges of any width from about 2 to 25 pixels: for each pixel the highest σ²·λ over
 * σ = 1, 3, 5, 7, 9, where λ is the larger eigenvalue of minus the Hessian of the blurred plane, 0
 * where it is negative. Zeros lie outside.
 *
 * source   borrowed
 * *ret     as large; les_plane_done()
 * errors   LIMIT, NOMEM
 * source   Sato et al. 1998, eq. 9 and 22; skimage 0.19 filters.sato(black_ridges=False). Ours
 *          blurs the blurred plane further instead of starting anew for each σ: a difference in
 *          the third digit.
 */
enum les_kind les_ridge(const struct les_plane *source, struct les_plane *ret,
			struct les_error *reterr);

#endif
