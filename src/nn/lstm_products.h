#ifndef LES_NN_LSTM_PRODUCTS_H
#define LES_NN_LSTM_PRODUCTS_H

#include "nn/dnnl.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What goes through one direction of an LSTM layer, and how far. */
struct les_lstm_shape {
	uint32_t steps, n, in_c, hidden;
	const uint32_t *lengths; /* [n], at most steps */
	bool backwards;          /* from the last step to the first */
};

/* Its matrix products with bf16 factors and f32 sums, twice as fast as in f32 where the processor
 * multiplies bf16. Each is compiled for one shape (lengths and direction are no matter).
 *
 *   les_lstm_products_compile()   primitives; the caller packs the weights for the first four
 *   les_lstm_products_bind()      to those, to rows (les_lstm_products_bytes()) and scratch */
enum les_lstm_product {
	LES_LSTM_INPUTS,      /* gates += x · weight_ihᵀ, all steps at once */
	LES_LSTM_STATE,       /* gates += output before · weight_hhᵀ, a step */
	LES_LSTM_STATE_BACK,  /* doutput before = dgates · weight_hh, a step */
	LES_LSTM_INPUTS_BACK, /* dx = dgates · weight_ih, or added */
	LES_LSTM_WEIGHT_IH,   /* dweight_ih += dgatesᵀ · x */
	LES_LSTM_WEIGHT_HH, /* dweight_hh += dgatesᵀ · outputs before; none where it is one step */
	LES_LSTM_PRODUCTS_N,
	LES_LSTM_PACKED_N = LES_LSTM_WEIGHT_IH,
};

struct les_lstm_products {
	struct les_prim *prims[LES_LSTM_PRODUCTS_N];
	struct les_call *calls[LES_LSTM_PRODUCTS_N];
	uint16_t *x, *gates, *outputs; /* as bf16: [steps][n][in_c, 4·hidden, hidden] */
};

/* errors: UNSUPPORTED where the processor has no bf16, NOMEM */
enum les_kind les_lstm_products_compile(const struct les_lstm_shape *shape, bool add_dx,
					struct les_lstm_products *ret, struct les_error *reterr);

/* Whether a product's weights are weight_hh (else weight_ih), where it has packed ones. */
bool les_lstm_product_of_state(enum les_lstm_product product);

size_t les_lstm_products_bytes(const struct les_lstm_shape *shape);
size_t les_lstm_products_scratch(const struct les_lstm_products *products);

/* All memory stays the caller's; rows and scratch may serve others between two runs. */
enum les_kind les_lstm_products_bind(struct les_lstm_products *products,
				     const struct les_lstm_shape *shape,
				     struct les_packed *const packed[LES_LSTM_PACKED_N], void *rows,
				     void *scratch, struct les_error *reterr);

/* One of them, from a and b (bf16; NULL: the packed weights) to c. */
enum les_kind les_lstm_product_run(const struct les_lstm_products *products,
				   enum les_lstm_product product, const uint16_t *a,
				   const uint16_t *b, float *c, struct les_error *reterr);

void les_lstm_products_done(struct les_lstm_products *products);

#endif
