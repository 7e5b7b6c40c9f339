/* nn/ctc.h: what a net's output says. */
#include "nn/ctc.h"

#include "base/cleanup.h"
#include "test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LABELS = 3, STEPS = 5 };

/* Logits whose softmax is these probabilities. */
static struct les_ctc_logits logits_of(const float *p, float *at, uint32_t steps, uint32_t labels)
{
	for (uint32_t i = 0; i < steps * labels; i++)
		at[i] = logf(p[i]) + 3; /* softmax does not see a constant */
	return (struct les_ctc_logits){at, steps, labels, labels, 1, 1};
}

static void greedy_reads_runs_and_drops_blanks(void **state)
{
	static const float p[] = {
		0.9f, 0.05f, 0.05f, /* blank */
		0.2f, 0.6f,  0.2f,  /* 1 */
		0.1f, 0.8f,  0.1f,  /* 1 still */
		0.6f, 0.2f,  0.2f,  /* blank */
		0.3f, 0.4f,  0.3f,  /* 1 anew */
		0.1f, 0.15f, 0.75f, /* 2, straight after it */
	};
	float at[LES_COUNT(p)];
	struct les_ctc_read read[6];
	const struct les_ctc_logits logits = logits_of(p, at, 6, LABELS);

	(void)state;
	assert_int_equal(les_ctc_greedy(&logits, 0.1f, read), 3);
	assert_int_equal(read[0].label, 1);
	assert_int_equal(read[0].first, 1);
	assert_int_equal(read[0].last, 2);
	assert_float_equal(read[0].probability, 0.8f, 1e-6);
	assert_int_equal(read[0].others_n, 1); /* of the surest step, and never the blank */
	assert_int_equal(read[0].others[0].label, 2);
	assert_float_equal(read[0].others[0].probability, 0.1f, 1e-6);
	assert_int_equal(read[1].label, 1);
	assert_int_equal(read[1].first, 4);
	assert_int_equal(read[2].label, 2);
	assert_int_equal(read[2].last, 5);
	assert_int_equal(read[2].others_n, 1);
	assert_int_equal(read[2].others[0].label, 1);
}

static void others_come_most_probable_first(void **state)
{
	static const float p[] = {0.01f, 0.05f, 0.5f, 0.1f, 0.2f, 0.14f};
	float at[LES_COUNT(p)];
	struct les_ctc_read read;
	const struct les_ctc_logits logits = logits_of(p, at, 1, LES_COUNT(p));

	(void)state;
	assert_int_equal(les_ctc_greedy(&logits, 0.02f, &read), 1);
	assert_int_equal(read.others_n, LES_CTC_OTHERS_MAX);
	assert_int_equal(read.others[0].label, 4);
	assert_int_equal(read.others[1].label, 5);
	assert_int_equal(read.others[2].label, 3);
}

static void strides_and_temperature_count(void **state)
{
	static const float by_label[] = {0, 0, 2, 0, 0, 4}; /* [label][step] */
	const struct les_ctc_logits logits = {by_label, 2, 3, 1, 2, 2};
	struct les_ctc_read read[2];

	(void)state;
	assert_int_equal(les_ctc_greedy(&logits, 1, read), 2);
	assert_int_equal(read[0].label, 1);
	assert_float_equal(read[0].probability, expf(1) / (2 + expf(1)), 1e-6);
	assert_int_equal(read[1].label, 2);
	assert_float_equal(read[1].probability, expf(2) / (2 + expf(2)), 1e-6);
}

static void nothing_reads_as_nothing(void **state)
{
	const struct les_ctc_logits none = {NULL, 0, 5, 5, 1, 1};
	struct les_ctc_reading reading;
	uint32_t n;

	(void)state;
	assert_int_equal(les_ctc_greedy(&none, 0, NULL), 0);
	assert_int_equal(les_ctc_beam(&none, 4, 2, &reading, &n, NULL), LES_OK);
	assert_int_equal(n, 1);
	assert_int_equal(reading.labels_n, 0);
	free(reading.labels);
	assert_int_equal(les_ctc_beam(&none, 4, 5, &reading, &n, NULL), LES_ARG);
	assert_int_equal(les_ctc_beam(&none, LES_CTC_WIDTH_MAX + 1, 1, &reading, &n, NULL),
			 LES_ARG);
}

/* The probability of a reading, by summing over every alignment there is. */
static double by_force(const float *p, const uint32_t *labels, uint32_t labels_n)
{
	double sum = 0;

	for (uint32_t path = 0; path < 243; path++) { /* LABELS to the power of STEPS */
		uint32_t got[STEPS], n = 0, before = 0, rest = path;
		double probability = 1;

		for (uint32_t t = 0; t < STEPS; t++, rest /= LABELS) {
			const uint32_t label = rest % LABELS;
			probability *= (double)p[t * LABELS + label];
			if (label && label != before)
				got[n++] = label;
			before = label;
		}
		if (n == labels_n && memcmp(got, labels, n * sizeof *got) == 0)
			sum += probability;
	}
	return sum;
}

static void beam_finds_what_brute_force_finds(void **state)
{
	(void)state;
	srand(7);
	for (int round = 0; round < 50; round++) {
		float p[STEPS * LABELS], at[STEPS * LABELS];
		struct les_ctc_reading readings[LES_CTC_WIDTH_MAX];
		uint32_t n;
		double all = 0;

		for (uint32_t t = 0; t < STEPS; t++) {
			float sum = 0;
			for (uint32_t i = 0; i < LABELS; i++)
				sum += p[t * LABELS + i] = (float)(rand() % 1000 + 1);
			for (uint32_t i = 0; i < LABELS; i++)
				p[t * LABELS + i] /= sum;
		}
		const struct les_ctc_logits logits = logits_of(p, at, STEPS, LABELS);
		assert_int_equal(les_ctc_beam(&logits, LES_CTC_WIDTH_MAX, LES_CTC_WIDTH_MAX,
					      readings, &n, NULL),
				 LES_OK);
		for (uint32_t i = 0; i < n; i++) {
			const double got = exp((double)readings[i].log_probability);
			assert_float_equal(
				got, by_force(p, readings[i].labels, readings[i].labels_n), 1e-5);
			if (i)
				assert_true(readings[i].log_probability <=
					    readings[i - 1].log_probability);
			all += got;
			free(readings[i].labels);
		}
		assert_float_equal(all, 1, 1e-4); /* every reading there is was found */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(greedy_reads_runs_and_drops_blanks),
		cmocka_unit_test(others_come_most_probable_first),
		cmocka_unit_test(strides_and_temperature_count),
		cmocka_unit_test(nothing_reads_as_nothing),
		cmocka_unit_test(beam_finds_what_brute_force_finds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
