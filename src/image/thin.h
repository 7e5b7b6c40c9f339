#ifndef LES_IMAGE_THIN_H
#define LES_IMAGE_THIN_H

#include "image/bitmap.h"

/* Thins what is set to lines one pixel wide that keep its 8-connected shape. What lies outside the
 * image is unset.
 *
 * mask     1 channel, 0 or not; becomes 0 or 255
 * errors   NOMEM
 * source   Zhang, Suen 1984, with two rules more, so that slanted strips of two pixels do not
 *          vanish and staircases lose their corners. skimage.morphology.skeletonize has rules to
 *          the same end in a table; on real heatmaps 3 pixels of 1,000 differ.
 */
enum les_kind les_thin(struct les_bitmap *mask, struct les_error *reterr);

#endif
