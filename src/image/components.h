#ifndef LES_IMAGE_COMPONENTS_H
#define LES_IMAGE_COMPONENTS_H

#include "image/bitmap.h"

/* A piece of what is set in a mask. */
struct les_component {
	uint32_t x_px, y_px; /* its topmost pixel, the leftmost of those */
	uint64_t area_px;
};

/* 8-connected pieces, in the order of their first pixels. les_components_done() frees. */
struct les_components {
	uint32_t *label; /* [h_px, w_px]: 0 where unset, else 1 + the index of the piece */
	uint32_t w_px, h_px;
	struct les_component *at;
	uint32_t n;
};

/* mask: 1 channel, 0 or not. errors: NOMEM */
enum les_kind les_components_find(const struct les_bitmap *mask, struct les_components *ret,
				  struct les_error *reterr);
void les_components_done(struct les_components *components);

#endif
