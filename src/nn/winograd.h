#ifndef LES_NN_WINOGRAD_H
#define LES_NN_WINOGRAD_H

#include "nn/dnnl.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Convolutions with kernels three pixels high in training, f32, by minimal filtering along the
 * height: F(2, 3), two rows of output out of four rows of input with four kernels one pixel high in
 * place of six. A third of the products is saved; what goes in and comes out is sums of rows.
 *
 *   kernels  g0, (g0 + g1 + g2) / 2, (g0 - g1 + g2) / 2, g2   for the rows g0, g1, g2
 *   input    d0 - d2, d1 + d2, d2 - d1, d1 - d3
 *   output   m0 + m1 + m2, m1 - m2 - m3
 *
 * The products are convolutions one pixel high, oneDNN's; sums and differences change the last bits
 * of the result, no more.
 *
 *   les_winograd_new()     primitives; the caller packs the kernels (les_winograd_kernel())
 *   les_winograd_bind()    to those, to the bias and to scratch
 *
 * source: Winograd, Arithmetic Complexity of Computations (1980); Lavin and Gray, Fast Algorithms
 * for Convolutional Neural Networks (2015)
 */
enum { LES_WINOGRAD_KERNELS = 4 };

struct les_winograd;

/* Whether it is one of these, and worth it: 3 rows, stride and dilation 1, as high as its input, no
 * activation or one of the ReLUs, and channels enough. */
bool les_winograd_fits(const struct les_conv *conv, enum les_type type, enum les_type out_type);

/* errors: as les_prim_conv(). back_data: whether there is a way back to its input. */
enum les_kind les_winograd_new(const struct les_conv *conv, bool back_data,
			       struct les_winograd **ret, struct les_error *reterr);
void les_winograd_free(struct les_winograd *winograd);
LES_DEFINE_CLEANUP(struct les_winograd, les_winograd_free)

/* The k-th kernel [out_c][in_c][kernel_w] of weights [out_c][in_c][3][kernel_w]. */
void les_winograd_kernel(const struct les_conv *conv, const float *weights, uint32_t k, float *ret);

/* To pack the kernels for: LES_ARG_WEIGHTS of these. back_data is NULL where there is none. */
const struct les_prim *les_winograd_prim(const struct les_winograd *winograd, bool back_data);

/* Bytes that only serve while one of the three below runs. */
size_t les_winograd_scratch(const struct les_winograd *winograd);

/* All memory stays the caller's. data: the kernels packed for the way back, or NULL. */
enum les_kind les_winograd_bind(struct les_winograd *winograd,
				struct les_packed *const forward[LES_WINOGRAD_KERNELS],
				struct les_packed *const data[LES_WINOGRAD_KERNELS], float *bias,
				void *scratch, struct les_error *reterr);

/* x, dx: f32 [n][h][w][in_c]; y, dy: f32 [n][h][w][out_c]; the activation is applied to y, and not
 * undone on dy. dweights and dbias are added to. ret_seconds: of the products is added to. */
enum les_kind les_winograd_forward(struct les_winograd *winograd, const float *x, float *y,
				   double *ret_seconds, struct les_error *reterr);
enum les_kind les_winograd_back_data(struct les_winograd *winograd, const float *dy, float *dx,
				     double *ret_seconds, struct les_error *reterr);
enum les_kind les_winograd_back_weights(struct les_winograd *winograd, const float *x,
					const float *dy, float *dweights, float *dbias,
					double *ret_seconds, struct les_error *reterr);

#endif
