#ifndef LES_NN_BLOCKS_H
#define LES_NN_BLOCKS_H

#include "nn/ops.h"

/* What recognisers without LSTMs are made of, beside depthwise and pointwise convolutions
 * (les_prim_conv()). Images and rows as in ops.h; f32 weights. */

/* Values in place: any but LES_ACT_NONE changes them. GELU is x · Φ(x) (Hendrycks and Gimpel 2016,
 * eq. 1), hard-swish x · relu6(x + 3) / 6 (Howard et al. 2019, eq. 5). */
void les_op_act(enum les_type type, enum les_act act, void *at, size_t n);

/* Batch normalisation when reading (Ioffe and Szegedy 2015, algorithm 2): scales and shifts for
 * les_op_scale_channels(). */
void les_op_batch_scales(uint32_t c, const float *mean, const float *variance, const float *gamma,
			 const float *beta, float eps, float *scales, float *shifts);

/* Layer normalisation over each pixel's channels (Ba et al. 2016); in and out may be the same. */
void les_op_layer_norm(const struct les_map *map, const void *in, const float *gamma,
		       const float *beta, float eps, void *out, struct les_rows rows);

/* Squeeze and excitation (Hu et al. 2018, eq. 2 to 4), in place: the mean of each channel over the
 * columns before len goes through down[mid][C], relu, up[C][mid] and a sigmoid (hard: relu6(x + 3)
 * / 6), and scales its channel. scratch: 2 · C + mid values. len 0 leaves all as it is. */
struct les_excite {
	uint32_t mid;
	bool hard;
	const float *down, *down_bias, *up, *up_bias;
};
void les_op_excite(const struct les_map *map, void *at, uint32_t len,
		   const struct les_excite *excite, float *scratch);

/* Self-attention of each of `heads` (Vaswani et al. 2017, eq. 1): out[T][C] from qkv[T][3 · C]
 * (queries, keys, values, each head · C / heads + i), f32. Only steps before len are looked at; out
 * is 0 from there on. scratch: T · (C / heads + 1) values. */
void les_op_attention(const float *qkv, uint32_t steps, uint32_t c, uint32_t heads, uint32_t len,
		      float *out, float *scratch);

#endif
