#ifndef LES_NN_DNNL_H
#define LES_NN_DNNL_H

#include "base/cleanup.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* oneDNN, and the only way to it: dnnl.c is the one file that knows its API (2.6 and 3.x).
 *
 * A primitive is compiled once for its shapes and for the thread count of the thread that makes it
 * (les_threads_set()). It holds no data, so that any number of threads with that thread count may
 * run it at once. A call binds a primitive to memory; a call belongs to one thread at a time.
 *
 *   les_prim_conv(&conv, …, &prim)          compile
 *   les_packed_new(prim, LES_ARG_WEIGHTS, values, &packed)     weights in the primitive's order
 *   les_call_new(prim, args, LES_COUNT(args), &call)           bind
 *   les_call_run(call)                                          run; nothing is allocated
 *
 * Errors: NOMEM; UNSUPPORTED where oneDNN has no such primitive; ARG for shapes that make no sense.
 */

enum les_type { LES_F32, LES_BF16 };

static inline size_t les_type_bytes(enum les_type type)
{
	return type == LES_BF16 ? 2 : 4;
}

/* Where an image [N,C,H,W] lies in memory: [N][ceil(C / block)][H][W][block], and the channels of
 * the last block beyond C are zero. Block 1 is NCHW. LES_BLOCK_LAST stands for one block of exactly
 * C channels: NHWC. */
enum { LES_BLOCK_LAST = 0, LES_BLOCK_ANY = -1, LES_BLOCK_UNKNOWN = -2 };

enum les_arg {
	LES_ARG_SRC,
	LES_ARG_WEIGHTS,
	LES_ARG_WEIGHTS_ITER, /* LSTM: what the last step's output is multiplied with */
	LES_ARG_BIAS,         /* always f32 */
	LES_ARG_DST,
	LES_ARG_WORKSPACE, /* what a forward run in training keeps for the way back */
	LES_ARG_SCRATCH,   /* needed during a run only */
	LES_ARG_DIFF_SRC,
	LES_ARG_DIFF_WEIGHTS,
	LES_ARG_DIFF_WEIGHTS_ITER,
	LES_ARG_DIFF_BIAS,
	LES_ARG_DIFF_DST,
	LES_ARG_N,
};

enum les_act { /* fused to a convolution's end */
	       LES_ACT_NONE,
	       LES_ACT_RELU,
	       LES_ACT_LEAKY, /* slope 0.01 */
	       LES_ACT_SIGMOID,
	       LES_ACT_TANH,
	       LES_ACT_GELU,      /* x · Φ(x), with erf */
	       LES_ACT_HARDSWISH, /* x · min(max(x + 3, 0), 6) / 6 */
};

struct les_prim;
struct les_packed;
struct les_call;

/* y[N,O,H',W'] = act(conv(x[N,C,H,W], k) + b). Plain weights are OIHW with O first and I = C /
 * groups, also of the transposed convolution (torch has its I first). Padding is zero; what is
 * missing at the end follows from in and out. */
struct les_conv {
	uint32_t n, in_c, in_h, in_w, out_c, out_h, out_w;
	uint32_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w;
	uint32_t pad_top, pad_left;
	uint32_t groups; /* 1; in_c and out_c for a depthwise one; in any case no transposed */
	bool transposed;
	enum les_act act;
};

/* in and out are blocks as above (LES_BLOCK_ANY: oneDNN chooses, les_prim_block() tells); the
 * source and the weights have the type, the destination out_type. training keeps the primitive fit
 * for a backward one (no fused act). */
enum les_kind les_prim_conv(const struct les_conv *conv, enum les_type type, enum les_type out_type,
			    int in, int out, bool training, struct les_prim **ret,
			    struct les_error *reterr);

/* Maximum over windows, no padding: y[N,C,H',W'] from x[N,C,H,W], both with the same block. */
struct les_pool_shape {
	uint32_t n, c, in_h, in_w, out_h, out_w;
	uint32_t kernel_h, kernel_w, stride_h, stride_w;
};

enum les_kind les_prim_pool(const struct les_pool_shape *pool, enum les_type type, int block,
			    bool training, struct les_prim **ret, struct les_error *reterr);

/* One LSTM layer over x[T][N][in_c], rows in_stride values apart, to y[T][N][out], rows out_stride
 * apart; out = hidden, or 2 · hidden if it runs both ways (forward first). Gates i, f, g, o as in
 * torch. Plain weights, f32: [directions][4][hidden][in_c], iter [directions][4][hidden][hidden],
 * bias [directions][4][hidden]. It starts from zeros. Weights in type, state of the cell f32. */
struct les_lstm {
	uint32_t steps, n, in_c, hidden;
	uint32_t in_stride, out_stride;
	bool both_ways;
};

enum les_kind les_prim_lstm(const struct les_lstm *lstm, enum les_type type, bool training,
			    struct les_prim **ret, struct les_error *reterr);

/* y[rows][out] = x[rows][in] · wᵀ + b. Plain weights as torch has them: [out][in]. x's rows are
 * in_stride values apart, y is dense. */
struct les_linear {
	uint32_t rows, in, out, in_stride;
};

enum les_kind les_prim_linear(const struct les_linear *linear, enum les_type type,
			      enum les_type out_type, struct les_prim **ret,
			      struct les_error *reterr);

void les_prim_free(struct les_prim *prim);
LES_DEFINE_CLEANUP(struct les_prim, les_prim_free)

/* Bytes of an argument, 0 where the primitive has none such. */
size_t les_prim_bytes(const struct les_prim *prim, enum les_arg arg);

/* The block of a four-dimensional argument, LES_BLOCK_UNKNOWN where it is another layout. */
int les_prim_block(const struct les_prim *prim, enum les_arg arg);

/* "brgemm:avx512_core": what oneDNN chose. Lent. */
const char *les_prim_name(const struct les_prim *prim);

/* Values in the order (and type) that a primitive wants for an argument, made once and then only
 * read. The bytes are the packed's own. */
enum les_kind les_packed_new(const struct les_prim *prim, enum les_arg arg, const float *values,
			     struct les_packed **ret, struct les_error *reterr);
void les_packed_free(struct les_packed *packed);

/* Whether it can serve as that argument of another primitive, too. */
bool les_packed_fits(const struct les_packed *packed, const struct les_prim *prim,
		     enum les_arg arg);
void *les_packed_bytes(const struct les_packed *packed);

/* Binds a primitive to memory, 64-byte aligned, which stays the caller's. */
struct les_bind {
	enum les_arg arg;
	void *bytes;
};
enum les_kind les_call_new(const struct les_prim *prim, const struct les_bind *binds,
			   size_t binds_n, struct les_call **ret, struct les_error *reterr);
enum les_kind les_call_run(struct les_call *call, struct les_error *reterr);

/* Binds one of its arguments to other memory from now on. */
enum les_kind les_call_move(struct les_call *call, enum les_arg arg, void *bytes,
			    struct les_error *reterr);
void les_call_free(struct les_call *call);
LES_DEFINE_CLEANUP(struct les_call, les_call_free)

/* How many threads primitives use that the calling thread makes from now on, and that it runs. */
void les_threads_set(uint32_t threads_n);

/* run(context, i, n) for i in 0..n-1 at once, on the threads that primitives of the calling thread
 * use, n of them as it set. Returns when all are done. */
void les_threads_run(uint32_t threads_n, void (*run)(void *context, uint32_t i, uint32_t n),
		     void *context);

/* Whether this processor multiplies bf16 at all (AVX512), and faster than f32 (AVX512-BF16, AMX).
 */
bool les_bf16_works(void);
bool les_bf16_is_fast(void);

/* The widest instruction set that oneDNN uses here ("AVX512-BF16"), and its version ("2.6.3").
 * Static strings. */
const char *les_dnnl_isa(void);
const char *les_dnnl_version(void);

#endif
