#ifndef LES_TESTS_OP_TWINS_H
#define LES_TESTS_OP_TWINS_H

#include "nn/dnnl.h"
#include "nn/vgsl.h"

/* The reference twins: the plainest loops that say what a layer is, in double sums, for tests
 * alone. Images are f32 [H][W][C], N = 1. */

struct image {
	uint32_t h, w, c;
	float *at; /* free() */
};

struct image image_new(uint32_t h, uint32_t w, uint32_t c);
float *pixel(const struct image *image, uint32_t y, uint32_t x, uint32_t c);

float twin_act(enum les_act act, float x);

/* Weights as les_prim_conv() takes them: [O][I / groups][kh][kw] (transposed: [O][I][kh][kw]). */
void twin_conv(const struct les_conv *conv, const struct image *in, const float *weights,
	       const float *bias, struct image *out);

void twin_pool_max(const struct image *in, uint32_t kernel_h, uint32_t kernel_w, uint32_t stride_h,
		   uint32_t stride_w, struct image *out);

/* One direction over x[steps] with `stride` values from one to the next; y alike. Weights and
 * biases as torch has them; backwards: from the last step to the first. */
struct twin_lstm {
	uint32_t steps, in_c, hidden;
	bool backwards;
	const float *ih, *hh, *bias; /* bias: b_ih + b_hh */
};
void twin_lstm(const struct twin_lstm *lstm, const float *x, size_t x_stride, float *y,
	       size_t y_stride);

/* y[out] = w[out][in] · x + b */
void twin_linear(uint32_t in, uint32_t out, const float *weights, const float *bias, const float *x,
		 float *y);

void twin_group_norm(const struct image *in, uint32_t len, uint32_t groups, const float *gamma,
		     const float *beta, struct image *out);
void twin_layer_norm(const struct image *in, const float *gamma, const float *beta, float eps,
		     struct image *out);
void twin_softmax(struct image *image);
void twin_excite(struct image *image, uint32_t len, uint32_t mid, bool hard, const float *down,
		 const float *down_bias, const float *up, const float *up_bias);
void twin_attention(const float *qkv, uint32_t steps, uint32_t c, uint32_t heads, uint32_t len,
		    float *out);

#endif
