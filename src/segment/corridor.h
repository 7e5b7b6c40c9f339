#ifndef LES_SEGMENT_CORRIDOR_H
#define LES_SEGMENT_CORRIDOR_H

#include "image/polyline.h"
#include "types/geometry.h"

/* How far a line of writing may reach on both sides of its baseline: up to its neighbours. */
struct les_corridor {
	struct les_polyline above, below; /* one point for each 10 px of the baseline */
	struct les_vec direction;         /* of the baseline on the whole, of length 1 */
};

/* Baselines of a page and what else bounds them, borrowed. */
struct les_neighbours {
	const struct les_polylines *baselines;
	const struct les_polylines *areas; /* or NULL: closed polygons */
	const int32_t *area_of;            /* per baseline: the one that bounds it, or -1 */
	const struct les_box *boxes;       /* per baseline, outwards */
	uint32_t w_px, h_px;               /* of the image */
};

/* Looks from the baseline straight up and down (across its direction) for the first neighbour, less
 * one pixel. A neighbour counts where it meets the area between the baseline and the image's
 * border.
 *
 * *ret     whole coordinates within the image; les_corridor_done()
 * errors   ARG (fewer than two different points), LIMIT, NOMEM
 * source   kraken lib/segmentation.py _calc_roi(). That area is, there as here, the polygon "along
 *          the baseline, then along the border in the same direction", two triangles tip to tip.
 */
enum les_kind les_corridor_find(const struct les_neighbours *page, size_t line,
				struct les_corridor *ret, struct les_error *reterr);
void les_corridor_done(struct les_corridor *corridor);

#endif
