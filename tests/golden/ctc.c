/* What a net's output says, against real kraken. */
#include "data.h"

#include "nn/ctc.h"
#include "test.h"

#include <math.h>
#include <stdlib.h>

static void check_reading(const json_t *entry)
{
	const json_t *files = json_object_get(entry, "files"), *label;
	struct golden_array want = golden_npy(golden_string(files, "logits"));
	/* [labels][steps] */
	const uint32_t labels = (uint32_t)want.shape[0], steps = (uint32_t)want.shape[1];
	const struct les_ctc_logits logits = {want.at, steps, labels, 1, steps, 1};
	struct les_ctc_read *read = calloc(steps, sizeof *read);
	const uint32_t n = les_ctc_greedy(&logits, 1, read);
	size_t i;

	assert_int_equal(n, json_array_size(json_object_get(entry, "labels")));
	json_array_foreach(json_object_get(entry, "labels"), i, label)
	{
		assert_int_equal(read[i].label, json_integer_value(json_array_get(label, 0)));
		assert_int_equal(read[i].first, json_integer_value(json_array_get(label, 1)));
		assert_int_equal(read[i].last, json_integer_value(json_array_get(label, 2)));
		assert_float_equal(read[i].probability,
				   (float)json_number_value(json_array_get(label, 3)), 1e-4);
	}
	free(read);
	free(want.at);
}

static void krakens_logits_say_what_they_say_in_kraken(void **state)
{
	(void)state;
	assert_int_equal(golden_each("recognition", check_reading), 17);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(krakens_logits_say_what_they_say_in_kraken),
	};

	if (!golden_present())
		return SKIPPED;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
