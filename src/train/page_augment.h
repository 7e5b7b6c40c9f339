#ifndef LES_TRAIN_PAGE_AUGMENT_H
#define LES_TRAIN_PAGE_AUGMENT_H

#include "types/geometry.h"

#include <stdint.h>

/* A page as the net reads it: f32 [h][w][c], 0 = the lightest value of all, ink high.
 *
 * px       u8 [h][w][c]; read
 * out      f32 [h][w][c]
 * as       les_input_from_resized() (image/input.h), channels last
 */
void les_page_input(const uint8_t *px, uint32_t h, uint32_t w, uint32_t c, float *out);

/* A page as another camera, scanner or century might have given it: turned by up to 3°, larger or
 * smaller, sheared, and not quite flat; lighter or darker, of less contrast, yellowed or grey, out
 * of focus, with noise. Never mirrored: text has a direction.
 *
 * image     f32 [h][w][c], 0 = paper, ink high, c 1 or 3; changed in place. What comes in from
 *           beyond its edges repeats them
 * points    [points_n], of all baselines and regions; moved as the pixels are, perhaps beyond the
 *           edges
 * strength  0: nothing happens; 1: as strong as a page of old paper is found to be
 * seed      the same one gives the same page
 * scratch   h · w · c floats
 */
void les_page_augment(float *image, uint32_t h, uint32_t w, uint32_t c, struct les_point *points,
		      uint32_t points_n, float strength, uint64_t seed, float *scratch);

#endif
