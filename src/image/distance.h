#ifndef LES_IMAGE_DISTANCE_H
#define LES_IMAGE_DISTANCE_H

#include "image/bitmap.h"

enum les_metric {
	LES_METRIC_CHESSBOARD, /* a step to any of eight neighbours counts 1 */
	LES_METRIC_TAXICAB,    /* a step to one of four neighbours counts 1 */
};

/* For each pixel the steps to the nearest one that is set; where none is set, UINT16_MAX / 2.
 *
 * mask      1 channel, 0 or not
 * distance  [h_px, w_px], written; steps beyond UINT16_MAX / 2 are cut to that
 * as        scipy.ndimage.distance_transform_cdt(mask == 0)
 */
void les_distance(const struct les_bitmap *mask, enum les_metric metric, uint16_t *distance);

#endif
