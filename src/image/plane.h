#ifndef LES_IMAGE_PLANE_H
#define LES_IMAGE_PLANE_H

#include "image/bitmap.h"

/* One channel of numbers that owns them: float [h_px, w_px]. {0} is empty. les_plane_done() frees.
 */
struct les_plane {
	float *at;
	uint32_t w_px, h_px;
};

/* Zeros. errors: LIMIT (a side of 0, more than LES_PLANE_PX_MAX pixels), NOMEM */
enum les_kind les_plane_new(uint32_t w_px, uint32_t h_px, struct les_plane *ret,
			    struct les_error *reterr);
void les_plane_done(struct les_plane *plane);

static inline float *les_plane_row(const struct les_plane *plane, size_t y)
{
	return plane->at + y * plane->w_px;
}

#endif
