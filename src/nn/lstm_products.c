#include "nn/lstm_products.h"

#include "nn/dnnl_back.h"

static size_t aligned(size_t bytes)
{
	return (bytes + 63) & ~(size_t)63;
}

enum les_kind les_lstm_products_compile(const struct les_lstm_shape *s, bool add_dx,
					struct les_lstm_products *ret, struct les_error *reterr)
{
	const size_t rows = (size_t)s->steps * s->n, hidden = s->hidden, width = 4 * hidden;
	const struct les_product shapes[] = {
		[LES_LSTM_INPUTS] = {.m = rows,
				     .n = width,
				     .k = s->in_c,
				     .b_turned = true,
				     .packed = true,
				     .add = true},
		[LES_LSTM_STATE] = {.m = s->n,
				    .n = width,
				    .k = hidden,
				    .b_turned = true,
				    .packed = true,
				    .add = true},
		[LES_LSTM_STATE_BACK] = {.m = s->n, .n = hidden, .k = width, .packed = true},
		[LES_LSTM_INPUTS_BACK] =
			{.m = rows, .n = s->in_c, .k = width, .packed = true, .add = add_dx},
		[LES_LSTM_WEIGHT_IH] =
			{.m = width, .n = s->in_c, .k = rows, .a_turned = true, .add = true},
		[LES_LSTM_WEIGHT_HH] =
			{.m = width, .n = hidden, .k = rows - s->n, .a_turned = true, .add = true},
	};
	enum les_kind kind = LES_OK;

	for (size_t i = 0; i < LES_LSTM_PRODUCTS_N && kind == LES_OK; i++)
		if (shapes[i].k > 0)
			kind = les_prim_product(&shapes[i], LES_BF16, &ret->prims[i], reterr);
	return kind;
}

bool les_lstm_product_of_state(enum les_lstm_product product)
{
	return product == LES_LSTM_STATE || product == LES_LSTM_STATE_BACK;
}

size_t les_lstm_products_bytes(const struct les_lstm_shape *s)
{
	const size_t rows = (size_t)s->steps * s->n * sizeof(uint16_t);

	return aligned(rows * s->in_c) + aligned(rows * 4 * s->hidden) + aligned(rows * s->hidden);
}

size_t les_lstm_products_scratch(const struct les_lstm_products *products)
{
	size_t most = 0;

	for (size_t i = 0; i < LES_LSTM_PRODUCTS_N; i++) {
		const struct les_prim *prim = products->prims[i];
		const size_t bytes = prim ? les_prim_bytes(prim, LES_ARG_SCRATCH) : 0;
		most = bytes > most ? bytes : most;
	}
	return most;
}

enum les_kind les_lstm_products_bind(struct les_lstm_products *products,
				     const struct les_lstm_shape *s,
				     struct les_packed *const packed[LES_LSTM_PACKED_N], void *rows,
				     void *scratch, struct les_error *reterr)
{
	const size_t rows_bytes = (size_t)s->steps * s->n * sizeof(uint16_t);
	uint8_t *at = rows;
	enum les_kind kind = LES_OK;

	products->x = (uint16_t *)(void *)at;
	at += aligned(rows_bytes * s->in_c);
	products->gates = (uint16_t *)(void *)at;
	at += aligned(rows_bytes * 4 * s->hidden);
	products->outputs = (uint16_t *)(void *)at;
	for (size_t i = 0; i < LES_LSTM_PRODUCTS_N && kind == LES_OK; i++) {
		/* what is not lasting is bound when it runs */
		const struct les_bind binds[] = {
			{LES_ARG_SRC, rows},
			{LES_ARG_WEIGHTS,
			 i < LES_LSTM_PACKED_N ? les_packed_bytes(packed[i]) : rows},
			{LES_ARG_DST, rows},
			{LES_ARG_SCRATCH, scratch}};
		if (products->prims[i])
			kind = les_call_new(products->prims[i], binds, LES_COUNT(binds),
					    &products->calls[i], reterr);
	}
	return kind;
}

enum les_kind les_lstm_product_run(const struct les_lstm_products *products,
				   enum les_lstm_product product, const uint16_t *a,
				   const uint16_t *b, float *c, struct les_error *reterr)
{
	struct les_call *call = products->calls[product];
	enum les_kind kind = les_call_move(call, LES_ARG_SRC, (void *)(uintptr_t)a, reterr);

	if (kind == LES_OK && b)
		kind = les_call_move(call, LES_ARG_WEIGHTS, (void *)(uintptr_t)b, reterr);
	if (kind == LES_OK)
		kind = les_call_move(call, LES_ARG_DST, c, reterr);
	return kind == LES_OK ? les_call_run(call, reterr) : kind;
}

void les_lstm_products_done(struct les_lstm_products *products)
{
	for (size_t i = 0; i < LES_LSTM_PRODUCTS_N; i++) {
		les_call_free(products->calls[i]);
		les_prim_free(products->prims[i]);
	}
	*products = (struct les_lstm_products){0};
}
