#ifndef LES_IMAGE_GAUSSIAN_H
#define LES_IMAGE_GAUSSIAN_H

#include "image/plane.h"

enum les_border {
	LES_BORDER_ZERO,   /* zeros lie outside */
	LES_BORDER_MIRROR, /* d c b a | a b c d | d c b a */
};

/* Blurs with a sampled Gaussian, cut at four deviations and normalised.
 *
 * source   may be the target
 * scratch  as large as both; overwritten
 * sigma    of the blur in pixels, above 0, at most LES_BLUR_SIGMA_MAX (else LIMIT)
 * target   as large as source
 * errors   LIMIT, NOMEM
 * as       scipy.ndimage.gaussian_filter (modes "constant", "reflect"), to rounding in float
 */
enum les_kind les_gaussian(const struct les_plane *source, double sigma, enum les_border border,
			   struct les_plane *scratch, struct les_plane *target,
			   struct les_error *reterr);

#endif
