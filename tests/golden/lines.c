/* Lines against real kraken: page → line image → tensor. */
#include "data.h"

#include "lines/extract.h"
#include "lines/section.h"
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

static struct les_points points_of(const json_t *array, struct les_point *at, size_t room)
{
	const size_t n = json_array_size(array);

	assert_in_range(n, 2, room);
	for (size_t i = 0; i < n; i++) {
		const json_t *p = json_array_get(array, i);
		at[i] = (struct les_point){(float)json_number_value(json_array_get(p, 0)),
					   (float)json_number_value(json_array_get(p, 1))};
	}
	return (struct les_points){at, (uint32_t)n};
}

/* Mean absolute difference where both have pixels; sizes differ by one pixel at most. */
static double difference(const struct les_bitmap *a, const struct les_bitmap *b)
{
	const uint32_t w = a->w_px < b->w_px ? a->w_px : b->w_px;
	const uint32_t h = a->h_px < b->h_px ? a->h_px : b->h_px;
	double sum = 0;

	assert_true(a->w_px <= w + 1 && b->w_px <= w + 1);
	assert_true(a->h_px <= h + 1 && b->h_px <= h + 1);
	for (uint32_t y = 0; y < h; y++)
		for (uint32_t x = 0; x < w; x++)
			sum += abs(a->px[(size_t)y * a->w_px + x] - b->px[(size_t)y * b->w_px + x]);
	return sum / ((double)w * h);
}

static void check_extraction(const json_t *entry, bool legacy)
{
	const json_t *files = json_object_get(entry, "files");
	struct les_point baseline_at[100], polygon_at[300];
	const struct les_points baseline =
		points_of(json_object_get(entry, "baseline"), baseline_at, LES_COUNT(baseline_at));
	const struct les_points polygon =
		points_of(json_object_get(entry, "boundary"), polygon_at, LES_COUNT(polygon_at));
	struct les_bitmap source = golden_png(golden_string(entry, "source")), got;
	struct les_bitmap want = golden_png(golden_string(files, legacy ? "legacy" : "new"));
	const struct les_image page = les_bitmap_view(&source);

	assert_int_equal(les_line_extract(&page, &baseline, &polygon,
					  legacy ? LES_CUT_POLYGON_LEGACY : LES_CUT_POLYGON, &got,
					  NULL),
			 LES_OK);
	const double off = difference(&got, &want);
	print_message("%s: off by %.3f grey levels (%ux%u, kraken %ux%u)\n",
		      golden_string(entry, "name"), off, got.w_px, got.h_px, want.w_px, want.h_px);
	assert_true(off <= (legacy ? 2.0 : 1.0));
	les_bitmap_done(&source);
	les_bitmap_done(&want);
	les_bitmap_done(&got);
}

static void check_newer(const json_t *entry)
{
	check_extraction(entry, false);
}

static void check_legacy(const json_t *entry)
{
	check_extraction(entry, true);
}

static void lines_come_out_as_in_kraken(void **state)
{
	(void)state;
	assert_int_equal(golden_each("extract_polygons", check_newer), 16);
}

static void lines_come_out_as_in_older_kraken(void **state)
{
	(void)state;
	assert_int_equal(golden_each("extract_polygons", check_legacy), 16);
}

/* kraken's rpred.py _scale_val(): a step of the net's output to pixels of the line image. */
static double scaled(const json_t *entry, json_int_t step)
{
	const json_t *input = json_object_get(entry, "input_shape");
	const double net_w = json_number_value(json_array_get(input, 2));
	const double steps = json_number_value(json_object_get(entry, "out_len"));
	const double line_w =
		json_number_value(json_array_get(json_object_get(entry, "line_image_size"), 0));
	const double x = ((double)step * net_w / steps - 16) * line_w / (net_w - 32);

	return nearbyint(fmin(fmax(x, 0), line_w - 1));
}

/* One cut of kraken's against ours, character by character. */
static void check_cuts(const json_t *entry)
{
	const json_t *line = json_object_get(entry, "line"), *label;
	const json_t *cuts = json_object_get(entry, "cuts_logical");
	struct les_point baseline_at[100], polygon_at[300], want_at[8];
	size_t i;

	if (!json_object_get(line, "baseline"))
		return; /* a box: its cuts are boxes */
	const struct les_points baseline =
		points_of(json_object_get(line, "baseline"), baseline_at, LES_COUNT(baseline_at));
	const struct les_points polygon =
		points_of(json_object_get(line, "boundary"), polygon_at, LES_COUNT(polygon_at));
	json_array_foreach(json_object_get(entry, "labels"), i, label)
	{
		struct les_point got[LES_SECTION_POINTS_MAX];
		const struct les_points want =
			points_of(json_array_get(cuts, i), want_at, LES_COUNT(want_at));
		const unsigned n = les_line_section(
			&baseline, &polygon,
			scaled(entry, json_integer_value(json_array_get(label, 1))),
			scaled(entry, json_integer_value(json_array_get(label, 2))), got);

		assert_int_equal(n, want.n);
		assert_memory_equal(got, want.at, n * sizeof *got);
	}
}

static void characters_lie_where_kraken_puts_them(void **state)
{
	(void)state;
	assert_int_equal(golden_each("recognition", check_cuts), 17);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_come_out_as_in_kraken),
		cmocka_unit_test(lines_come_out_as_in_older_kraken),
		cmocka_unit_test(line_images_become_krakens_tensors),
		cmocka_unit_test(characters_lie_where_kraken_puts_them),
	};

	if (!golden_present())
		return SKIPPED;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
