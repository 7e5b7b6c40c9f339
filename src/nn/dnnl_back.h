#ifndef LES_NN_DNNL_BACK_H
#define LES_NN_DNNL_BACK_H

#include "nn/dnnl.h"

/* The way back through a convolution, for training; kept apart from dnnl.h, since who only reads
 * needs none of it. All primitives take the layouts of the forward one they belong to.
 *
 *   back_data     DIFF_DST, WEIGHTS → DIFF_SRC
 *   back_weights  SRC, DIFF_DST     → DIFF_WEIGHTS, DIFF_BIAS (both f32, written, not added to)
 *
 * The fused activation is not part of it: DIFF_DST is what arrives before the activation.
 * errors: as les_prim_conv(); UNSUPPORTED for transposed and grouped ones */
enum les_kind les_prim_conv_back_data(const struct les_conv *conv, const struct les_prim *forward,
				      struct les_prim **ret, struct les_error *reterr);
enum les_kind les_prim_conv_back_weights(const struct les_conv *conv,
					 const struct les_prim *forward, struct les_prim **ret,
					 struct les_error *reterr);

/* Values that change: new ones into a packed made for the same primitive and argument. */
enum les_kind les_packed_set(struct les_packed *packed, const struct les_prim *prim,
			     enum les_arg arg, const float *values, struct les_error *reterr);

/* The reverse: what a primitive wrote to DIFF_WEIGHTS (bytes, in its order) as plain f32 OIHW. */
enum les_kind les_unpack(const struct les_prim *prim, enum les_arg arg, const void *bytes,
			 float *ret_values, struct les_error *reterr);

/* c[m][n] = a · b + beta · c, f32, rows lda, ldb, ldc values apart. a is [m][k] ([k][m] where
 * a_turned), b is [k][n] ([n][k] where b_turned). Runs on the calling thread's thread count. */
struct les_gemm {
	bool a_turned, b_turned;
	size_t m, n, k;
	const float *a;
	size_t lda;
	const float *b;
	size_t ldb;
	float beta;
	float *c;
	size_t ldc;
};
enum les_kind les_gemm_run(const struct les_gemm *gemm, struct les_error *reterr);

/* A product as a primitive, compiled for its shape: a and b in type, sums and c in f32. b lies in
 * the primitive's own order where it is packed (les_packed_new() from f32 values, [k][n] or, where
 * b_turned, [n][k]), else as [k][n].
 *
 *   SRC a, WEIGHTS b, DST c, SCRATCH */
struct les_product {
	size_t m, n, k;
	bool a_turned; /* a is [k][m] */
	bool b_turned, packed;
	bool add; /* to what c holds */
};
enum les_kind les_prim_product(const struct les_product *product, enum les_type type,
			       struct les_prim **ret, struct les_error *reterr);

#endif
