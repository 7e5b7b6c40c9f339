#ifndef LES_LINES_WARP_H
#define LES_LINES_WARP_H

#include "image/bitmap.h"
#include "image/vec.h"

/* Where a pixel of the output lies in the source: x' = a·x + b·y + c, y' = d·x + e·y + f. */
struct les_warp {
	double a, b, c, d, e, f;
};

static inline struct les_vec les_warp_apply(const struct les_warp *m, double x, double y)
{
	return (struct les_vec){m->a * x + m->b * y + m->c, m->d * x + m->e * y + m->f};
}

/* Writes into out (all of it) what lies at the mapped place in source; 0 outside. The two have as
 * many channels.
 *
 * bilinear  pixels are squares whose middle is at .5, as in Pillow's transform(); values are cut
 * nearest   pixels are points at whole numbers, as in scipy's affine_transform(order=0)
 */
void les_warp_bilinear(const struct les_bitmap *source, const struct les_warp *m,
		       struct les_bitmap *out);
void les_warp_nearest(const struct les_bitmap *source, const struct les_warp *m,
		      struct les_bitmap *out);

/* Fills a box of out with a quadrilateral of source whose corners are given as north west, south
 * west, south east, north east. As Pillow's QUAD transform. */
void les_warp_quad(const struct les_bitmap *source, const struct les_vec quad[4],
		   struct les_bitmap *out, struct les_box box);

/* One pixel, points at whole numbers, bilinear, values cut; left alone where p is outside. As
 * scipy's map_coordinates(order=1, mode="constant"). */
void les_sample_point(const struct les_bitmap *source, struct les_vec p, uint8_t *ret);

#endif
