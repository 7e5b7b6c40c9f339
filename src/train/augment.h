#ifndef LES_TRAIN_AUGMENT_H
#define LES_TRAIN_AUGMENT_H

#include <stdint.h>

/* A line as another hand, pen, paper, scanner or cutter might have given it: smaller or larger in
 * its height, stretched, slanted, turned and bent; thicker or thinner strokes; blurred, scaled down
 * and up; ink that fades, paper that is not white; the other side shining through, ruled lines,
 * strokes of the neighbours; noise.
 *
 * in        f32 [h][w], 0 = paper, 1 = ink; borrowed
 * strength  0: nothing happens; 1: as strong as a reader can still read
 * seed      the same one gives the same line
 * out       f32 [h][*ret_w]; *ret_w at most w_max; room for h · w_max
 * scratch   2 · h · w_max floats
 */
void les_augment(const float *in, uint32_t h, uint32_t w, float strength, uint64_t seed,
		 uint32_t w_max, float *out, uint32_t *ret_w, float *scratch);

#endif
