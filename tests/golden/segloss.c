/* The loss of a line finder against real kraken. */
#include "data.h"

#include "nn/segloss.h"
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHANNELS = 4, TARGET_H = 60, TARGET_W = 80, TARGET_N = CHANNELS * TARGET_H * TARGET_W };

/* Bytes in C order behind a header of 128: the shape is known. */
static uint8_t *target_of(const char *name)
{
	char header[128];
	uint8_t *target = malloc(TARGET_N);
	FILE *file = fopen(golden_path(name), "rbe");

	assert_non_null(target);
	assert_non_null(file);
	assert_int_equal(fread(header, 1, sizeof header, file), sizeof header);
	header[sizeof header - 1] = 0;
	assert_non_null(strstr(header + 10, "'|u1'"));
	assert_non_null(strstr(header + 10, "(1, 4, 60, 80)"));
	assert_int_equal(fread(target, 1, TARGET_N, file), TARGET_N);
	fclose(file);
	return target;
}

static double number(const json_t *entry, const char *key)
{
	return json_number_value(json_object_get(entry, key));
}

static void check_loss(const json_t *entry)
{
	const json_t *files = json_object_get(entry, "files");
	struct golden_array logits = golden_npy(golden_string(files, "logits"));
	struct golden_array want = golden_npy(golden_string(files, "grad_logits"));
	uint8_t *target = target_of(golden_string(files, "target"));
	const size_t n = logits.shape[1] * logits.shape[2] * logits.shape[3];
	float *grad = calloc(n, sizeof *grad);
	struct les_segloss got;
	double largest = 0;

	assert_non_null(grad);
	assert_int_equal(logits.shape[1], CHANNELS);
	const struct les_segloss_input input = {
		.logits = logits.at,
		.channels = CHANNELS,
		.h = (uint32_t)logits.shape[2],
		.w = (uint32_t)logits.shape[3],
		.target = target,
		.target_h = TARGET_H,
		.target_w = TARGET_W,
		.grad = grad,
	};
	assert_int_equal(les_segloss(&input, &got, NULL), LES_OK);
	assert_true(fabs(got.bce - number(entry, "bce")) <= 1e-4 * number(entry, "bce"));
	assert_true(fabs(got.dice - number(entry, "dice")) <= 1e-4 * number(entry, "dice"));
	assert_true(fabs(got.total - number(entry, "total")) <= 1e-4 * number(entry, "total"));
	for (size_t i = 0; i < n; i++)
		largest = fmax(largest, fabsf(want.at[i]));
	for (size_t i = 0; i < n; i++)
		assert_true(fabsf(grad[i] - want.at[i]) <= 1e-4 * largest);
	free(grad);
	free(target);
	free(logits.at);
	free(want.at);
}

static void losses_and_gradients_are_krakens(void **state)
{
	(void)state;
	assert_int_equal(golden_each("seg_loss", check_loss), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(losses_and_gradients_are_krakens),
	};

	if (!golden_present())
		return SKIPPED;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
