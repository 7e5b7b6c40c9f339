#ifndef LES_NN_IMAGES_H
#define LES_NN_IMAGES_H

#include "nn/ops.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What happens to images between convolutions in training, forward and back, on the calling thread.
 * Images lie as [N][H][W][C] (LES_BLOCK_LAST) in f32 or bf16. Each of the n has a width of its own;
 * columns beyond it are zero, in values and in gradients. */
struct les_images {
	enum les_type type;
	uint32_t n, h, w, c;
	const uint32_t *widths; /* [n], at most w */
};

static inline size_t les_images_values(const struct les_images *s)
{
	return (size_t)s->n * s->h * s->w * s->c;
}

/* to[i] += from[i] */
void les_values_add(float *to, const float *from, size_t n);

/* Zeroes the columns beyond each width. */
void les_images_mask(const struct les_images *s, void *values);

/* Maximum over windows without padding; picks [out] keeps which of its window's values it was.
 * backward also goes through the ReLU before it: slope is what that has below zero, 1 for none. */
enum { LES_POOL_PLACES = UINT8_MAX }; /* kernel_h · kernel_w at most */
struct les_pool {
	uint32_t kernel_h, kernel_w, stride_h, stride_w;
	float slope;
};
void les_pool_forward(const struct les_pool *pool, const struct les_images *in,
		      const struct les_images *out, const void *x, void *y, uint8_t *picks);
void les_pool_backward(const struct les_pool *pool, const struct les_images *in,
		       const struct les_images *out, const void *y, const uint8_t *picks,
		       const void *dy, void *dx);

/* dy is multiplied with slope where y is not above 0. */
void les_relu_backward(const struct les_images *s, float slope, const void *y, void *dy);

/* Whole channels (dims 2) or single values of each image are zeroed with probability p, the others
 * scaled by 1 / (1 - p); the same seed gives the same choice, so backward is the same call. */
void les_dropout_run(const struct les_images *s, float p, uint32_t dims, uint64_t seed,
		     void *values);

/* Group norm over height, own width and the group's channels, epsilon 1e-5; moments keeps mean and
 * 1 / deviation [n][groups][2]. backward adds to dscale and dshift; dx is not dy.
 * source: kraken lib/layers.py GroupNorm, which leaves the padding out, too */
void les_group_norm_forward(const struct les_images *s, uint32_t groups, const float *scale,
			    const float *shift, const void *x, void *y, float *moments);
void les_group_norm_backward(const struct les_images *s, uint32_t groups, const float *scale,
			     const void *x, const float *moments, const void *dy, float *dscale,
			     float *dshift, void *dx);

/* Sequences out of images and back, f32 [steps][lanes->n][c]: their rows, those of the first image
 * first, along x, or their columns along y. lengths [lanes->n] gets each lane's steps that are no
 * padding: beside an image's width there are none. */
void les_lanes_gather(const struct les_images *s, const struct les_lanes *lanes, const void *from,
		      float *ret);
void les_lanes_scatter(const struct les_images *s, const struct les_lanes *lanes, const float *from,
		       void *ret);
void les_lanes_lengths(const struct les_images *s, const struct les_lanes *lanes, uint32_t *ret);

/* [n][h][w][c] to steps f32 [w][n][h·c], feature = row · c + channel, and the way back.
 * source: kraken lib/layers.py Reshape for S1(1x0)1,3 */
void les_collapse_forward(const struct les_images *s, const void *x, float *y);
void les_collapse_backward(const struct les_images *s, const float *dy, void *dx);

#endif
