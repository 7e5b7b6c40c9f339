/* nn/segloss: its value by the definition, its gradient by differences. */
#include "nn/segloss.h"

#include "base/cleanup.h"
#include "test.h"

#include <math.h>
#include <stdlib.h>

enum { CHANNELS = 2, H = 3, W = 4, TARGET_H = 7, TARGET_W = 9 };

/* The definition, value by value. */
static double reference(const float *logits, const uint8_t *target)
{
	double bce = 0, dice = 0;

	for (size_t c = 0; c < CHANNELS; c++) {
		double both = 0, all = 0;
		for (size_t y = 0; y < TARGET_H; y++) {
			for (size_t x = 0; x < TARGET_W; x++) {
				const double l =
					logits[(c * H + y * H / TARGET_H) * W + x * W / TARGET_W];
				const double t = target[(c * TARGET_H + y) * TARGET_W + x];
				const double p = 1 / (1 + exp(-l));
				bce -= t * log(p) + (1 - t) * log(1 - p);
				both += p * t;
				all += p + t;
			}
		}
		dice += (2 * both + 1) / (all + 1);
	}
	return bce / (CHANNELS * TARGET_H * TARGET_W) + (1 - dice / CHANNELS) / 2;
}

static void fill(float *logits, uint8_t *target)
{
	srand(5);
	for (size_t i = 0; i < CHANNELS * H * W; i++)
		logits[i] = (float)(rand() % 600 - 300) / 100;
	for (size_t i = 0; i < CHANNELS * TARGET_H * TARGET_W; i++)
		target[i] = rand() % 3 == 0;
}

static double loss(const float *logits, const uint8_t *target, float *grad)
{
	const struct les_segloss_input input = {logits, CHANNELS, H,        W,
						target, TARGET_H, TARGET_W, grad};
	struct les_segloss got;

	assert_int_equal(les_segloss(&input, &got, NULL), LES_OK);
	assert_true(fabs(got.total - got.bce - got.dice / 2) <= 1e-12 * got.total);
	return got.total;
}

static void the_loss_is_its_definition(void **state)
{
	(void)state;
	float logits[CHANNELS * H * W];
	uint8_t target[CHANNELS * TARGET_H * TARGET_W];
	fill(logits, target);
	assert_true(fabs(loss(logits, target, NULL) - reference(logits, target)) < 1e-9);
}

static void the_gradient_is_what_differences_say(void **state)
{
	(void)state;
	float logits[CHANNELS * H * W], grad[CHANNELS * H * W];
	uint8_t target[CHANNELS * TARGET_H * TARGET_W];
	fill(logits, target);
	loss(logits, target, grad);
	for (size_t i = 0; i < CHANNELS * H * W; i++) {
		const float at = logits[i], step = 1.0f / 256;
		logits[i] = at + step;
		const double up = reference(logits, target);
		logits[i] = at - step;
		const double down = reference(logits, target);
		logits[i] = at;
		assert_true(fabs((up - down) / (2 * step) - grad[i]) <
			    1e-6 + 1e-3 * fabsf(grad[i]));
	}
}

static void far_logits_stay_finite(void **state)
{
	(void)state;
	float logits[CHANNELS * H * W], grad[CHANNELS * H * W];
	uint8_t target[CHANNELS * TARGET_H * TARGET_W];
	fill(logits, target);
	for (size_t i = 0; i < CHANNELS * H * W; i++)
		logits[i] *= 1e6f;
	assert_true(isfinite(loss(logits, target, grad)));
	for (size_t i = 0; i < CHANNELS * H * W; i++)
		assert_true(isfinite(grad[i]));
}

static void nothing_has_no_loss(void **state)
{
	(void)state;
	const struct les_segloss_input input = {0};
	struct les_segloss got;
	assert_int_equal(les_segloss(&input, &got, NULL), LES_ARG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_loss_is_its_definition),
		cmocka_unit_test(the_gradient_is_what_differences_say),
		cmocka_unit_test(far_logits_stay_finite),
		cmocka_unit_test(nothing_has_no_loss),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
