/* nn/lstm.c: one direction of a layer with products in bf16, against f32. */
#include "nn/lstm.h"
#include "base/random.h"
#include "nn/dnnl_back.h"
#include "test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Within 2 % of the length of what is wanted. */
static void assert_near(const float *got, const float *want, size_t n)
{
	double off = 0, all = 0;

	for (size_t i = 0; i < n; i++) {
		off += pow((double)(got[i] - want[i]), 2);
		all += pow((double)want[i], 2);
	}
	assert_true(all > 0 && sqrt(off) < 0.02 * sqrt(all));
}

enum { LSTM_LINES = 3, LSTM_IN = 6, LSTM_HIDDEN = 5, LSTM_STEPS = 4 };

/* One direction of a layer, by itself. */
struct lone {
	float weight_ih[4 * LSTM_HIDDEN * LSTM_IN], weight_hh[4 * LSTM_HIDDEN * LSTM_HIDDEN];
	float bias[4 * LSTM_HIDDEN], turned[4 * LSTM_HIDDEN * LSTM_HIDDEN];
	float x[LSTM_STEPS * LSTM_LINES * LSTM_IN], y[LSTM_STEPS * LSTM_LINES * LSTM_HIDDEN];
	float kept[6 * LSTM_STEPS * LSTM_LINES * LSTM_HIDDEN];
	float scratch[2 * LSTM_LINES * LSTM_HIDDEN];
	struct {
		float dx[LSTM_STEPS * LSTM_LINES * LSTM_IN], weight_ih[4 * LSTM_HIDDEN * LSTM_IN];
		float weight_hh[4 * LSTM_HIDDEN * LSTM_HIDDEN];
		float bias_ih[4 * LSTM_HIDDEN], bias_hh[4 * LSTM_HIDDEN];
	} gradient;
};

static void lone_run(struct lone *l, const struct les_lstm_shape *shape,
		     const struct les_lstm_products *products)
{
	const size_t rows = (size_t)shape->steps * shape->n * shape->hidden;
	const struct les_lstm_weights weights = {l->weight_ih, l->weight_hh, l->bias, l->bias,
						 l->turned};
	const struct les_lstm_memory memory = {l->kept, l->kept + 4 * rows, l->kept + 5 * rows};
	const struct les_lstm_gradients gradients = {l->gradient.weight_ih, l->gradient.weight_hh,
						     l->gradient.bias_ih, l->gradient.bias_hh};

	memset(&l->gradient, 0, sizeof l->gradient);
	les_lstm_turn(l->weight_hh, shape->hidden, l->turned);
	assert_int_equal(les_lstm_forward(shape, &weights, products, l->x, &memory, l->y,
					  shape->hidden, NULL),
			 LES_OK);
	assert_int_equal(les_lstm_backward(shape, &weights, products, l->x, &memory, l->y,
					   shape->hidden, false, l->gradient.dx, &gradients,
					   l->scratch, NULL),
			 LES_OK);
}

static void check_lone(uint32_t steps, bool backwards)
{
	const uint32_t lengths[LSTM_LINES] = {steps, steps > 1 ? steps - 1 : 0, steps};
	const struct les_lstm_shape shape = {steps,       LSTM_LINES, LSTM_IN,
					     LSTM_HIDDEN, lengths,    backwards};
	struct les_random random = les_random(steps, backwards, 0);
	struct les_lstm_products products = {0};
	struct les_packed *packed[LES_LSTM_PACKED_N];
	struct lone exact, coarse;
	float *values = (float *)&exact;

	for (size_t i = 0; i < sizeof exact / sizeof *values; i++)
		values[i] = 0.3f * les_random_normal(&random);
	coarse = exact;
	lone_run(&exact, &shape, NULL);
	assert_int_equal(les_lstm_products_compile(&shape, false, &products, NULL), LES_OK);
	for (uint32_t i = 0; i < LES_LSTM_PACKED_N; i++)
		assert_int_equal(les_packed_new(products.prims[i], LES_ARG_WEIGHTS,
						les_lstm_product_of_state((enum les_lstm_product)i)
							? coarse.weight_hh
							: coarse.weight_ih,
						&packed[i], NULL),
				 LES_OK);
	void *rows = aligned_alloc(64, les_lstm_products_bytes(&shape));
	void *scratch = aligned_alloc(64, les_lstm_products_scratch(&products) / 64 * 64 + 64);
	assert_true(rows && scratch);
	assert_int_equal(les_lstm_products_bind(&products, &shape, packed, rows, scratch, NULL),
			 LES_OK);
	lone_run(&coarse, &shape, &products);
	assert_near(coarse.y, exact.y, (size_t)steps * LSTM_LINES * LSTM_HIDDEN);
	assert_near((const float *)&coarse.gradient, (const float *)&exact.gradient,
		    sizeof exact.gradient / sizeof(float));
	for (uint32_t i = 0; i < LES_LSTM_PACKED_N; i++)
		les_packed_free(packed[i]);
	les_lstm_products_done(&products);
	free(rows);
	free(scratch);
}

static void an_lstm_in_bf16_is_close(void **state)
{
	(void)state;
	if (!les_bf16_works())
		skip();
	for (uint32_t steps = 1; steps <= LSTM_STEPS; steps++) {
		check_lone(steps, false);
		check_lone(steps, true);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_lstm_in_bf16_is_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
