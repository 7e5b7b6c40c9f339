/* Lines against real kraken: line image → tensor. */
#include "data.h"

#include "lines/tensor.h"
#include "test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The parts of the VGSL head "[n,h,w,c …". */
static struct les_input_spec spec_of(const json_t *entry)
{
	unsigned h, w, c;

	assert_int_equal(sscanf(golden_string(entry, "vgsl"), "[%*u,%u,%u,%u", &h, &w, &c), 3);
	return (struct les_input_spec){.h_px = h, .w_px = w, .channels = c, .pad_px = 16};
}

static void check_tensor(const json_t *entry)
{
	const json_t *files = json_object_get(entry, "files");
	const struct les_input_spec spec = spec_of(entry);
	struct les_bitmap image = golden_png(golden_string(files, "line_image"));
	struct golden_array want = golden_npy(golden_string(files, "input"));
	const struct les_image line = les_bitmap_view(&image);
	struct les_error error = {0};
	struct les_input got;
	float worst = 0;

	print_message("%s\n", golden_string(entry, "name"));
	assert_int_equal(les_line_tensor(&line, &spec,
					 json_is_true(json_object_get(entry, "valid_norm")), &got,
					 &error),
			 LES_OK);
	assert_int_equal(got.channels, want.shape[0]);
	assert_int_equal(got.h_px, want.shape[1]);
	assert_int_equal(got.w_px, want.shape[2]);
	for (size_t i = 0; i < (size_t)got.h_px * got.w_px; i++)
		worst = fmaxf(worst, fabsf(got.at[i] - want.at[i]));
	assert_true(worst <= 1.0f / 255 + 1e-6f);
	assert_false(got.flat);
	les_input_done(&got);
	les_bitmap_done(&image);
	free(want.at);
}

static void line_images_become_krakens_tensors(void **state)
{
	(void)state;
	assert_int_equal(golden_each("recognition", check_tensor), 17);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(line_images_become_krakens_tensors),
	};

	if (!golden_present())
		return SKIPPED;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
