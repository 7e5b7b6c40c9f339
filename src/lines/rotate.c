#include "lines/patch.h"
#include "lines/warp.h"

/* Straight baselines: the patch is turned until the baseline is level. The output is large enough
 * for the whole patch. source: kraken lib/segmentation.py _rotate */

struct extent {
	struct les_vec min, max;
};

/* The box around the patch, turned back by the angle. */
static struct extent turned_extent(const struct les_bitmap *px, struct les_vec direction)
{
	const double right = px->w_px - 1, bottom = px->h_px - 1;
	const struct les_vec corners[] = {{0, 0}, {0, bottom}, {right, bottom}, {right, 0}};
	struct extent extent = {{INFINITY, INFINITY}, {-INFINITY, -INFINITY}};

	for (int i = 0; i < 4; i++) {
		const double x = les_vec_dot(direction, corners[i]);
		const double y = les_vec_cross(direction, corners[i]);
		extent.min = (struct les_vec){fmin(extent.min.x, x), fmin(extent.min.y, y)};
		extent.max = (struct les_vec){fmax(extent.max.x, x), fmax(extent.max.y, y)};
	}
	return extent;
}

enum les_kind les_patch_rotate(const struct les_patch *patch, bool legacy, struct les_bitmap *ret,
			       struct les_error *reterr)
{
	const struct les_bitmap *px = &patch->px;
	const struct les_vec along = les_vec_sub(patch->baseline.at[1], patch->baseline.at[0]);
	const struct les_vec u = les_vec_scale(along, 1 / les_vec_length(along));
	const struct extent extent = turned_extent(px, u);
	struct les_warp m = {.a = u.x, .b = -u.y, .d = u.y, .e = u.x};
	enum les_kind kind;

	kind = les_bitmap_new((uint32_t)rint(extent.max.x - extent.min.x + 1),
			      (uint32_t)rint(extent.max.y - extent.min.y + 1), px->channels, ret,
			      reterr);
	if (kind)
		return kind;
	/* kraken's older extraction forgets to move grey images into place, scipy taking the matrix
	 * for a homogeneous one: models were trained on that. */
	if (!legacy || px->channels != 1) {
		const struct les_vec origin = les_warp_apply(&m, extent.min.x, extent.min.y);
		m.c = origin.x;
		m.f = origin.y;
	}
	if (legacy)
		les_warp_nearest(px, &m, ret);
	else
		les_warp_bilinear(px, &m, ret);
	return LES_OK;
}
