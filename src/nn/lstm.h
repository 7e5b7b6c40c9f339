#ifndef LES_NN_LSTM_H
#define LES_NN_LSTM_H

#include "nn/lstm_products.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One direction of an LSTM layer in training, made of matrix products: x·W for all steps at
 * once, then step by step h·W; on the way back the same, and the weights' gradients again at once.
 * Lines of a batch have lengths of their own: beyond its length a line's state and output are
 * exactly 0, so that the way from right to left begins at each line's own end, as in a batch of
 * one. The products are in f32, or with bf16 factors where les_lstm_products says how.
 *
 * Gates are i, f, g, o as in torch; weight_ih [4·hidden][in_c], weight_hh [4·hidden][hidden]. */
struct les_lstm_weights {
	const float *weight_ih, *weight_hh, *bias_ih, *bias_hh;
	const float *turned_hh; /* weight_hh as [hidden][4·hidden]: les_lstm_turn() */
};
struct les_lstm_gradients { /* added to */
	float *weight_ih, *weight_hh, *bias_ih, *bias_hh;
};

/* What forward keeps for backward, floats: gates [steps][n][4·hidden] (backward overwrites them),
 * cells and outputs [steps][n][hidden]. */
struct les_lstm_memory {
	float *gates, *cells, *outputs;
};

void les_lstm_turn(const float *weight_hh, uint32_t hidden, float *ret);

/* products: NULL for f32; else of this shape, and on the way back of this add_dx.
 *
 * y[steps][n], rows y_stride apart, gets hidden values each. x is [steps][n][in_c], dense. */
enum les_kind les_lstm_forward(const struct les_lstm_shape *shape,
			       const struct les_lstm_weights *weights,
			       const struct les_lstm_products *products, const float *x,
			       const struct les_lstm_memory *memory, float *y, size_t y_stride,
			       struct les_error *reterr);

/* dy as y; dx [steps][n][in_c] is written, or added to. scratch: 2 · n · hidden floats. */
enum les_kind les_lstm_backward(const struct les_lstm_shape *shape,
				const struct les_lstm_weights *weights,
				const struct les_lstm_products *products, const float *x,
				const struct les_lstm_memory *memory, const float *dy,
				size_t dy_stride, bool add_dx, float *dx,
				const struct les_lstm_gradients *gradients, float *scratch,
				struct les_error *reterr);

#endif
