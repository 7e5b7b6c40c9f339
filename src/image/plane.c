#include "image/plane.h"

#include "types/limits.h"

#include <stdlib.h>

enum les_kind les_plane_new(uint32_t w_px, uint32_t h_px, struct les_plane *ret,
			    struct les_error *reterr)
{
	if (w_px == 0 || h_px == 0 || (uint64_t)w_px * h_px > LES_PLANE_PX_MAX)
		return les_fail(reterr, LES_LIMIT, "a plane of %u × %u pixels", w_px, h_px);
	float *at = calloc((size_t)w_px * h_px, sizeof *at);
	if (!at)
		return les_fail(reterr, LES_NOMEM, "a plane of %u × %u pixels", w_px, h_px);
	*ret = (struct les_plane){at, w_px, h_px};
	return LES_OK;
}

void les_plane_done(struct les_plane *plane)
{
	free(plane->at);
	*plane = (struct les_plane){0};
}
