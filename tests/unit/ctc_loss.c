/* nn/ctc_loss.h: what a line's labels cost, and its gradient. */
#include "nn/ctc_loss.h"
#include "base/cleanup.h"
#include "base/random.h"
#include "test.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { STEPS = 5, CLASSES = 4 };

/* Sum over all CLASSES^STEPS paths of those that read as the labels. */
static double brute_force(const float *logits, const uint32_t *labels, uint32_t labels_n)
{
	double sum = 0;

	for (uint32_t path = 0; path < 1024; path++) { /* 4^5 */
		uint32_t read[STEPS], n = 0, before = 0;
		double p = 1;
		for (uint32_t t = 0, rest = path; t < STEPS; t++, rest /= CLASSES) {
			const uint32_t label = rest % CLASSES;
			double total = 0;
			for (uint32_t c = 0; c < CLASSES; c++)
				total += exp((double)logits[t * CLASSES + c]);
			p *= exp((double)logits[t * CLASSES + label]) / total;
			if (label && label != before)
				read[n++] = label;
			before = label;
		}
		if (n == labels_n && memcmp(read, labels, n * sizeof *read) == 0)
			sum += p;
	}
	return -log(sum);
}

static void the_loss_counts_every_path(void **state)
{
	static const uint32_t texts[][3] = {{1, 2, 3}, {1, 1, 2}, {3, 3, 3},
					    {2, 2, 0}, {1, 0, 0}, {0}};
	static const uint32_t lengths[] = {3, 3, 3, 2, 1, 0};
	struct les_random random = les_random(1, 0, 0);
	float logits[STEPS * CLASSES], grad[STEPS * CLASSES], scratch[256];

	(void)state;
	for (size_t k = 0; k < LES_COUNT(lengths); k++) {
		for (size_t i = 0; i < LES_COUNT(logits); i++)
			logits[i] = 3 * les_random_normal(&random);
		const struct les_ctc ctc = {STEPS, CLASSES,  CLASSES,   logits,
					    grad,  texts[k], lengths[k]};
		assert_true(les_ctc_scratch(STEPS, CLASSES, 3) <= LES_COUNT(scratch));
		const double loss = (double)les_ctc_loss(&ctc, scratch);
		assert_true(fabs(loss - brute_force(logits, texts[k], lengths[k])) <
			    1e-5 * (1 + loss));
		for (size_t i = 0; i < LES_COUNT(logits); i++) {
			const float at = logits[i], high = at + 1e-3f, low = at - 1e-3f;
			logits[i] = high;
			const double above = brute_force(logits, texts[k], lengths[k]);
			logits[i] = low;
			const double below = brute_force(logits, texts[k], lengths[k]);
			logits[i] = at;
			assert_true(fabs((double)grad[i] - (above - below) / (double)(high - low)) <
				    1e-4);
		}
		const struct les_ctc in_place = {STEPS,  CLASSES,  CLASSES,   logits,
						 logits, texts[k], lengths[k]};
		assert_true((double)les_ctc_loss(&in_place, scratch) == loss);
		assert_memory_equal(logits, grad, sizeof grad);
	}
}

static void what_cannot_fit_has_no_loss(void **state)
{
	static const uint32_t labels[] = {1, 1, 1};
	float logits[4 * CLASSES] = {1, 2, 3}, grad[4 * CLASSES], scratch[256];
	const struct les_ctc ctc = {4, CLASSES, CLASSES, logits, grad, labels, 3};

	(void)state;
	memset(grad, 1, sizeof grad);
	assert_int_equal(les_ctc_steps_min(labels, 3), 5);
	assert_true(les_ctc_loss(&ctc, scratch) == 0);
	for (size_t i = 0; i < LES_COUNT(grad); i++)
		assert_true(grad[i] == 0);
}

/* More labels than vectors are wide, likely and most unlikely ones, against sums in double. */
static void the_loss_of_a_long_line_is_exact(void **state)
{
	enum { LONG = 90, KINDS = 40, TEXT = 30, WAYS = 2 * TEXT + 1 };
	struct les_random random = les_random(2, 0, 0);
	static float logits[LONG * KINDS], grad[LONG * KINDS], scratch[8192];
	uint32_t labels[TEXT];
	double ways[WAYS] = {1}, before[WAYS];

	(void)state;
	for (uint32_t i = 0; i < TEXT; i++)
		labels[i] = 1 + i / 2 % (KINDS - 1); /* each twice */
	for (size_t i = 0; i < LES_COUNT(logits); i++)
		logits[i] = (i % KINDS ? 0.0f : 9.0f) + 3 * les_random_normal(&random);
	for (uint32_t t = 0; t < LONG; t++) {
		const float *x = logits + (size_t)t * KINDS;
		double total = 0;
		for (uint32_t i = 0; i < KINDS; i++)
			total += exp((double)x[i]);
		memcpy(before, ways, sizeof ways);
		for (uint32_t k = 0; k < WAYS; k++) {
			const bool skips = k > 1 && k % 2 && labels[k / 2] != labels[k / 2 - 1];
			const double sum = before[k] + (t && k ? before[k - 1] : 0) +
					   (t && skips ? before[k - 2] : 0) +
					   (!t && k == 1 ? before[0] : 0);
			ways[k] = sum * exp((double)x[k % 2 ? labels[k / 2] : 0]) / total;
		}
	}
	const struct les_ctc ctc = {LONG, KINDS, KINDS, logits, grad, labels, TEXT};
	const double want = -log(ways[WAYS - 1] + ways[WAYS - 2]);
	assert_true(les_ctc_scratch(LONG, KINDS, TEXT) <= LES_COUNT(scratch));
	const double loss = (double)les_ctc_loss(&ctc, scratch);
	assert_true(want > 100 && fabs(loss - want) < 1e-5 * want);
	for (uint32_t t = 0; t < LONG; t++) {
		float sum = 0;
		for (uint32_t i = 0; i < KINDS; i++)
			sum += grad[t * KINDS + i];
		assert_true(fabsf(sum) < 1e-5f);
	}
	logits[LONG * KINDS / 2] = NAN;
	assert_true(isnan(les_ctc_loss(&ctc, scratch)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_loss_counts_every_path),
		cmocka_unit_test(what_cannot_fit_has_no_loss),
		cmocka_unit_test(the_loss_of_a_long_line_is_exact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
