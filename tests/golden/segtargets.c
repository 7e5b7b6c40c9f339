/* What a line finder is to see, against real kraken. */
#include "data.h"

#include "test.h"
#include "train/targets.h"

#include <stdio.h>
#include <stdlib.h>

enum { CHANNELS = 4, CLASS_LINE = 2, CLASS_REGION = 3, POINTS_MAX = 4096, SHAPES_MAX = 256 };

static const struct les_class classes[] = {
	{"_start_separator", LES_CLASS_AUX, 0},
	{"_end_separator", LES_CLASS_AUX, 1},
	{"default", LES_CLASS_BASELINE, CLASS_LINE},
	{"paragraph", LES_CLASS_REGION, CLASS_REGION},
};

/* Shapes of one sort, brought to the net's input as kraken does. */
struct shapes {
	struct les_point points[POINTS_MAX];
	struct les_shape at[SHAPES_MAX];
	uint32_t n;
};

static uint32_t size_at(const json_t *entry, const char *key, size_t i)
{
	return (uint32_t)json_integer_value(json_array_get(json_object_get(entry, key), i));
}

static void take_shapes(const json_t *list, uint32_t class_number, double scale,
			struct shapes *shapes)
{
	uint32_t used = 0;

	shapes->n = (uint32_t)json_array_size(list);
	assert_in_range(shapes->n, 1, SHAPES_MAX);
	for (uint32_t i = 0; i < shapes->n; i++) {
		const json_t *points = json_array_get(list, i);
		const uint32_t n = (uint32_t)json_array_size(points);
		assert_in_range(used + n, 1, POINTS_MAX);
		shapes->at[i] = (struct les_shape){{shapes->points + used, n}, class_number};
		for (uint32_t k = 0; k < n; k++, used++) {
			const json_t *p = json_array_get(points, k);
			shapes->points[used] = (struct les_point){
				(float)(json_number_value(json_array_get(p, 0)) * scale),
				(float)(json_number_value(json_array_get(p, 1)) * scale)};
		}
	}
}

/* Pixels of both over pixels of either. */
static double agreement(const uint8_t *got, const struct les_bitmap *want)
{
	uint64_t both = 0, either = 0;

	for (size_t i = 0; i < (size_t)want->w_px * want->h_px; i++) {
		both += got[i] && want->px[i];
		either += got[i] || want->px[i];
	}
	return (double)both / (double)either;
}

static void check_targets(const json_t *entry)
{
	static const char *const planes[CHANNELS] = {"ch0", "ch1", "ch2", "ch3"};
	static struct shapes lines, regions;
	const json_t *files = json_object_get(entry, "files");
	const uint32_t h = size_at(entry, "target_shape", 1), w = size_at(entry, "target_shape", 2);
	const double scale = (double)w / size_at(entry, "page_size", 0);
	const size_t plane = (size_t)h * w;
	json_t *baselines = golden_json(golden_string(files, "baselines"));
	json_t *areas = golden_json(golden_string(files, "regions"));
	uint8_t *out = malloc(CHANNELS * plane);
	const struct les_targets targets = {CHANNELS, h, w, classes, LES_COUNT(classes), NULL, 0};

	assert_non_null(out);
	take_shapes(baselines, CLASS_LINE, scale, &lines);
	take_shapes(json_object_get(areas, "paragraph"), CLASS_REGION, scale, &regions);
	assert_int_equal(
		les_targets_draw(&targets, lines.at, lines.n, regions.at, regions.n, out, NULL),
		LES_OK);
	for (uint32_t c = 0; c < CHANNELS; c++) {
		struct les_bitmap want = golden_png(golden_string(files, planes[c]));
		assert_int_equal(want.w_px, w);
		assert_int_equal(want.h_px, h);
		const double iou = agreement(out + c * plane, &want);
		/* corners of bands are cut to whole pixels; kraken first drops some of them */
		if (iou < (c == CLASS_REGION ? 1 : 0.997))
			fail_msg("channel %u: IoU %.4f", c, iou);
		les_bitmap_done(&want);
	}
	free(out);
	json_decref(baselines);
	json_decref(areas);
}

static void targets_are_krakens(void **state)
{
	(void)state;
	assert_int_equal(golden_each("seg_target", check_targets), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(targets_are_krakens),
	};

	if (!golden_present())
		return SKIPPED;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
