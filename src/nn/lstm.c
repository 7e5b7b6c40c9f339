#include "nn/lstm.h"

#include "nn/dnnl_back.h"
#include "nn/ops.h"
#include "nn/vector.h"

#include <string.h>

void les_lstm_turn(const float *weight_hh, uint32_t hidden, float *ret)
{
	for (size_t gate = 0; gate < 4 * (size_t)hidden; gate++)
		for (size_t k = 0; k < hidden; k++)
			ret[k * 4 * hidden + gate] = weight_hh[gate * hidden + k];
}

LES_VECTOR
static void fill_bias(const struct les_lstm_shape *s, const struct les_lstm_weights *w,
		      float *gates)
{
	const size_t width = 4 * (size_t)s->hidden;

	for (size_t row = 0; row < (size_t)s->steps * s->n; row++)
		for (size_t k = 0; k < width; k++)
			gates[row * width + k] = w->bias_ih[k] + w->bias_hh[k];
}

/* One line's step: gates as sums in, as values out. */
LES_VECTOR
static void cell_forward(uint32_t hidden, float *restrict gates, const float *restrict cell_before,
			 float *restrict cell, float *restrict output, float *restrict y)
{
	float *restrict in = gates, *restrict forget = gates + hidden;
	float *restrict new = gates + 2 * (size_t)hidden, *restrict out =
								  gates + 3 * (size_t)hidden;

	for (uint32_t k = 0; k < hidden; k++) {
		const float i = les_fast_sigmoid(in[k]), f = les_fast_sigmoid(forget[k]);
		const float g = les_fast_tanh(new[k]), o = les_fast_sigmoid(out[k]);
		const float c = f * cell_before[k] + i * g;
		const float h = o * les_fast_tanh(c);
		in[k] = i;
		forget[k] = f;
		new[k] = g;
		out[k] = o;
		cell[k] = c;
		output[k] = h;
		y[k] = h;
	}
}

static const float no_state[4096];

static uint32_t step_at(const struct les_lstm_shape *s, uint32_t i)
{
	return s->backwards ? s->steps - 1 - i : i;
}

static enum les_kind check(const struct les_lstm_shape *s, struct les_error *reterr)
{
	if (s->hidden > LES_COUNT(no_state))
		return les_fail(reterr, LES_LIMIT, "LSTM with %u units", s->hidden);
	return LES_OK;
}

/* gates += x · weight_ihᵀ */
static enum les_kind add_inputs(const struct les_lstm_shape *s, const struct les_lstm_weights *w,
				const struct les_lstm_products *p, const float *x, float *gates,
				struct les_error *reterr)
{
	const size_t rows = (size_t)s->steps * s->n, width = 4 * (size_t)s->hidden;
	const struct les_gemm gemm = {.b_turned = true,
				      .m = rows,
				      .n = width,
				      .k = s->in_c,
				      .a = x,
				      .lda = s->in_c,
				      .b = w->weight_ih,
				      .ldb = s->in_c,
				      .beta = 1,
				      .c = gates,
				      .ldc = width};

	if (!p)
		return les_gemm_run(&gemm, reterr);
	les_op_from_f32(LES_BF16, x, p->x, rows * s->in_c);
	return les_lstm_product_run(p, LES_LSTM_INPUTS, p->x, NULL, gates, reterr);
}

/* gates of a step += the outputs of the step before it (first row `before`) · weight_hhᵀ */
static enum les_kind add_state(const struct les_lstm_shape *s, const struct les_lstm_weights *w,
			       const struct les_lstm_products *p, const struct les_lstm_memory *m,
			       size_t before, size_t row, struct les_error *reterr)
{
	const size_t hidden = s->hidden, width = 4 * hidden;
	const struct les_gemm gemm = {.m = s->n,
				      .n = width,
				      .k = hidden,
				      .a = m->outputs + before * hidden,
				      .lda = hidden,
				      .b = w->turned_hh,
				      .ldb = width,
				      .beta = 1,
				      .c = m->gates + row * width,
				      .ldc = width};

	return p ? les_lstm_product_run(p, LES_LSTM_STATE, p->outputs + before * hidden, NULL,
					m->gates + row * width, reterr)
		 : les_gemm_run(&gemm, reterr);
}

enum les_kind les_lstm_forward(const struct les_lstm_shape *s, const struct les_lstm_weights *w,
			       const struct les_lstm_products *p, const float *x,
			       const struct les_lstm_memory *m, float *y, size_t y_stride,
			       struct les_error *reterr)
{
	const size_t hidden = s->hidden, width = 4 * hidden;
	enum les_kind kind = check(s, reterr);

	if (kind != LES_OK)
		return kind;
	fill_bias(s, w, m->gates);
	kind = add_inputs(s, w, p, x, m->gates, reterr);
	for (uint32_t i = 0; i < s->steps && kind == LES_OK; i++) {
		const uint32_t t = step_at(s, i);
		const size_t row = (size_t)t * s->n;
		const size_t before = i ? (size_t)step_at(s, i - 1) * s->n : 0;
		if (i)
			kind = add_state(s, w, p, m, before, row, reterr);
		for (uint32_t line = 0; line < s->n; line++) {
			const size_t at = (row + line) * hidden;
			if (t >= s->lengths[line]) {
				memset(m->cells + at, 0, hidden * sizeof(float));
				memset(m->outputs + at, 0, hidden * sizeof(float));
				memset(y + (row + line) * y_stride, 0, hidden * sizeof(float));
				continue;
			}
			cell_forward(s->hidden, m->gates + (row + line) * width,
				     i ? m->cells + (before + line) * hidden : no_state,
				     m->cells + at, m->outputs + at, y + (row + line) * y_stride);
		}
		if (p)
			les_op_from_f32(LES_BF16, m->outputs + row * hidden,
					p->outputs + row * hidden, s->n * hidden);
	}
	return kind;
}

/* One line's step back: gates as values in, as gradients of their sums out. */
LES_VECTOR
static void cell_backward(uint32_t hidden, float *restrict gates, const float *restrict cell_before,
			  const float *restrict cell, const float *restrict dy,
			  const float *restrict dh, float *restrict dc)
{
	float *restrict in = gates, *restrict forget = gates + hidden;
	float *restrict new = gates + 2 * (size_t)hidden, *restrict out =
								  gates + 3 * (size_t)hidden;

	for (uint32_t k = 0; k < hidden; k++) {
		const float i = in[k], f = forget[k], g = new[k], o = out[k];
		const float tc = les_fast_tanh(cell[k]), d = dy[k] + dh[k];
		const float c = dc[k] + d * o * (1 - tc * tc);
		in[k] = c * g * i * (1 - i);
		forget[k] = c * cell_before[k] * f * (1 - f);
		new[k] = c *i *(1 - g * g);
		out[k] = d * tc * o * (1 - o);
		dc[k] = c * f;
	}
}

static enum les_kind
steps_backward(const struct les_lstm_shape *s, const struct les_lstm_weights *w,
	       const struct les_lstm_products *p, const struct les_lstm_memory *m, const float *dy,
	       size_t dy_stride, float *dh, float *dc, struct les_error *reterr)
{
	const size_t hidden = s->hidden, width = 4 * hidden;
	enum les_kind kind = LES_OK;

	memset(dh, 0, s->n * hidden * sizeof(float));
	memset(dc, 0, s->n * hidden * sizeof(float));
	for (uint32_t i = s->steps; i-- > 0 && kind == LES_OK;) {
		const uint32_t t = step_at(s, i);
		const size_t row = (size_t)t * s->n;
		const size_t before = i ? (size_t)step_at(s, i - 1) * s->n : 0;
		const struct les_gemm state = {.m = s->n,
					       .n = hidden,
					       .k = width,
					       .a = m->gates + row * width,
					       .lda = width,
					       .b = w->weight_hh,
					       .ldb = hidden,
					       .c = dh,
					       .ldc = hidden};
		for (uint32_t line = 0; line < s->n; line++) {
			float *gates = m->gates + (row + line) * width;
			if (t >= s->lengths[line]) {
				memset(gates, 0, width * sizeof(float));
				memset(dc + line * hidden, 0, hidden * sizeof(float));
				continue;
			}
			cell_backward(s->hidden, gates,
				      i ? m->cells + (before + line) * hidden : no_state,
				      m->cells + (row + line) * hidden,
				      dy + (row + line) * dy_stride, dh + line * hidden,
				      dc + line * hidden);
		}
		if (p)
			les_op_from_f32(LES_BF16, m->gates + row * width, p->gates + row * width,
					s->n * width);
		if (i)
			kind = p ? les_lstm_product_run(p, LES_LSTM_STATE_BACK,
							p->gates + row * width, NULL, dh, reterr)
				 : les_gemm_run(&state, reterr);
	}
	return kind;
}

LES_VECTOR
static void add_bias(const float *restrict gates, size_t rows, size_t width,
		     float *restrict bias_ih, float *restrict bias_hh)
{
	for (size_t row = 0; row < rows; row++)
		for (size_t k = 0; k < width; k++) {
			bias_ih[k] += gates[row * width + k];
			bias_hh[k] += gates[row * width + k];
		}
}

/* Once all gates' gradients are there: those of x and of the weights. */
static enum les_kind gradients_f32(const struct les_lstm_shape *s, const struct les_lstm_weights *w,
				   const float *x, const struct les_lstm_memory *m, bool add_dx,
				   float *dx, const struct les_lstm_gradients *gradients,
				   struct les_error *reterr)
{
	const size_t hidden = s->hidden, width = 4 * hidden, rows = (size_t)s->steps * s->n;
	const size_t later = (size_t)s->n * width, state = (size_t)s->n * hidden;
	const struct les_gemm inputs = {.m = rows,
					.n = s->in_c,
					.k = width,
					.a = m->gates,
					.lda = width,
					.b = w->weight_ih,
					.ldb = s->in_c,
					.beta = add_dx ? 1 : 0,
					.c = dx,
					.ldc = s->in_c};
	const struct les_gemm weight_ih = {.a_turned = true,
					   .m = width,
					   .n = s->in_c,
					   .k = rows,
					   .a = m->gates,
					   .lda = width,
					   .b = x,
					   .ldb = s->in_c,
					   .beta = 1,
					   .c = gradients->weight_ih,
					   .ldc = s->in_c};
	/* each step's gates with the outputs of the step before it */
	const struct les_gemm weight_hh = {.a_turned = true,
					   .m = width,
					   .n = hidden,
					   .k = rows - s->n,
					   .a = m->gates + (s->backwards ? 0 : later),
					   .lda = width,
					   .b = m->outputs + (s->backwards ? state : 0),
					   .ldb = hidden,
					   .beta = 1,
					   .c = gradients->weight_hh,
					   .ldc = hidden};
	enum les_kind kind = dx ? les_gemm_run(&inputs, reterr) : LES_OK;

	if (kind == LES_OK)
		kind = les_gemm_run(&weight_ih, reterr);
	if (kind == LES_OK && s->steps > 1)
		kind = les_gemm_run(&weight_hh, reterr);
	return kind;
}

/* The same, of what the steps left in p->gates. */
static enum les_kind gradients_bf16(const struct les_lstm_shape *s,
				    const struct les_lstm_products *p, const float *x,
				    const struct les_lstm_memory *m, float *dx,
				    const struct les_lstm_gradients *gradients,
				    struct les_error *reterr)
{
	const size_t rows = (size_t)s->steps * s->n, hidden = s->hidden;
	const size_t later = s->backwards ? 0 : (size_t)s->n * 4 * hidden;
	const size_t earlier = s->backwards ? (size_t)s->n * hidden : 0;
	enum les_kind kind = LES_OK;

	les_op_from_f32(LES_BF16, x, p->x, rows * s->in_c);
	les_op_from_f32(LES_BF16, m->outputs, p->outputs, rows * hidden);
	if (dx)
		kind = les_lstm_product_run(p, LES_LSTM_INPUTS_BACK, p->gates, NULL, dx, reterr);
	if (kind == LES_OK)
		kind = les_lstm_product_run(p, LES_LSTM_WEIGHT_IH, p->gates, p->x,
					    gradients->weight_ih, reterr);
	if (kind == LES_OK && s->steps > 1)
		kind = les_lstm_product_run(p, LES_LSTM_WEIGHT_HH, p->gates + later,
					    p->outputs + earlier, gradients->weight_hh, reterr);
	return kind;
}

enum les_kind les_lstm_backward(const struct les_lstm_shape *s, const struct les_lstm_weights *w,
				const struct les_lstm_products *p, const float *x,
				const struct les_lstm_memory *m, const float *dy, size_t dy_stride,
				bool add_dx, float *dx, const struct les_lstm_gradients *gradients,
				float *scratch, struct les_error *reterr)
{
	const size_t rows = (size_t)s->steps * s->n;
	enum les_kind kind = steps_backward(s, w, p, m, dy, dy_stride, scratch,
					    scratch + (size_t)s->n * s->hidden, reterr);

	if (kind == LES_OK)
		kind = p ? gradients_bf16(s, p, x, m, dx, gradients, reterr)
			 : gradients_f32(s, w, x, m, add_dx, dx, gradients, reterr);
	if (kind == LES_OK)
		add_bias(m->gates, rows, 4 * (size_t)s->hidden, gradients->bias_ih,
			 gradients->bias_hh);
	return kind;
}
