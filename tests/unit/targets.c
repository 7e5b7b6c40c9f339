/* train/targets.h: what a line finder is to see. */
#include "train/targets.h"
#include "image/cover.h"
#include "test.h"

#include <math.h>
#include <string.h>

enum { W = 60, H = 40, CHANNELS = 4 };

static const struct les_class classes[] = {
	{"_start_separator", LES_CLASS_AUX, 0},
	{"_end_separator", LES_CLASS_AUX, 1},
	{"default", LES_CLASS_BASELINE, 2},
	{"text", LES_CLASS_REGION, 3},
};
static const struct les_targets some = {CHANNELS, H, W, classes, LES_COUNT(classes), NULL, 0};

static uint32_t count(const uint8_t *plane)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < W * H; i++)
		n += plane[i];
	return n;
}

/* Rows of '#' and '.', as they are covered. */
static void check_cover(const struct les_vec *at, size_t n, const char *want)
{
	enum { SIDE = 6 };
	const struct les_polyline polygon = {(struct les_vec *)at, n, n};
	uint8_t plane[SIDE * SIDE] = {0};
	char got[SIDE * SIDE + 1] = "";

	assert_int_equal(les_cover(plane, SIDE, SIDE, &polygon, 1, NULL), LES_OK);
	for (size_t i = 0; i < SIDE * SIDE; i++)
		got[i] = plane[i] ? '#' : '.';
	assert_string_equal(got, want);
}

static void pixels_on_an_edge_are_covered(void **state)
{
	(void)state;
	static const struct les_vec square[] = {{1.9, 1}, {4.2, 1.5}, {4, 3}, {1, 3.9}};
	static const struct les_vec corner[] = {{0, 0}, {5, 0}, {0, 5}};
	static const struct les_vec bow[] = {{0, 0}, {4, 4}, {4, 0}, {0, 4}};
	static const struct les_vec far[] = {{-1e30, 2}, {1e30, 2}, {1e30, 1e9}, {-1e30, 1e9}};
	static const struct les_vec dot[] = {{3, 3}};

	check_cover(square, 4,
		    "......"
		    ".####."
		    ".####."
		    ".####."
		    "......"
		    "......");
	check_cover(corner, 3,
		    "######"
		    "#####."
		    "####.."
		    "###..."
		    "##...."
		    "#.....");
	check_cover(bow, 4,
		    "#...#."
		    "##.##."
		    "#####."
		    "##.##."
		    "#...#."
		    "......");
	check_cover(far, 4,
		    "......"
		    "......"
		    "######"
		    "######"
		    "######"
		    "######");
	check_cover(dot, 1,
		    "......"
		    "......"
		    "......"
		    "...#.."
		    "......"
		    "......");
	check_cover(dot, 0,
		    "......"
		    "......"
		    "......"
		    "......"
		    "......"
		    "......");
}

static void a_line_and_its_ends_are_drawn(void **state)
{
	(void)state;
	static struct les_point base[] = {{20, 20}, {20, 20}, {40, 20}};
	const struct les_shape line = {{base, 3}, 2};
	uint8_t out[CHANNELS][H][W];

	memset(out, 7, sizeof out);
	assert_int_equal(les_targets_draw(&some, &line, 1, NULL, 0, out[0][0], NULL), LES_OK);
	assert_int_equal(count(out[2][0]), 21 * 9);
	assert_int_equal(out[2][16][20] + out[2][24][40], 2);
	assert_int_equal(out[2][15][20] + out[2][25][40] + out[2][20][19] + out[2][20][41], 0);
	/* 5 px and 8 more to either side; less the band */
	assert_int_equal(count(out[0][0]), (8 + 5 + 8) * 17 - (5 + 8) * 9);
	assert_int_equal(out[0][12][12] + out[0][28][32] + out[0][20][19], 3);
	assert_int_equal(out[0][20][20], 0);
	assert_int_equal(out[1][20][41] + out[1][12][48] + out[1][28][27], 3);
	assert_int_equal(out[1][20][40], 0);
	assert_int_equal(count(out[3][0]), 0);
}

/* Whatever a layout says: nothing beyond the planes is touched (ASan watches), the rest is drawn.
 */
static void degenerate_shapes_are_harmless(void **state)
{
	(void)state;
	static struct les_point dot[] = {{5, 5}, {5, 5}}, out_of[] = {{-90, -90}, {-50, -60}};
	static struct les_point across[] = {{-1e9f, 20}, {1e9f, 20}},
				short_one[] = {{5, 5}, {5.5f, 5}};
	static struct les_point back[] = {{10, 10}, {30, 10}, {10, 10}};
	static struct les_point area[] = {{-5, 30}, {100, 30}, {100, 100}, {-5, 100}};
	const struct les_shape lines[] = {{{dot, 0}, 2},    {{dot, 1}, 2},      {{dot, 2}, 2},
					  {{out_of, 2}, 2}, {{across, 2}, 2},   {{back, 3}, 2},
					  {{across, 2}, 4}, {{short_one, 2}, 2}};
	const struct les_shape regions[] = {{{area, 4}, 3}, {{area, 2}, 3}, {{area, 4}, 99}};
	uint8_t out[CHANNELS][H][W];

	assert_int_equal(les_targets_draw(&some, lines, 3, NULL, 0, out[0][0], NULL), LES_OK);
	for (uint32_t c = 0; c < CHANNELS; c++)
		assert_int_equal(count(out[c][0]), 0);
	assert_int_equal(les_targets_draw(&some, lines, LES_COUNT(lines), regions,
					  LES_COUNT(regions), out[0][0], NULL),
			 LES_OK);
	for (uint32_t x = 0; x < W; x++)
		assert_int_equal(out[2][20][x], 1);
	assert_int_equal(out[2][5][5], 1);
	assert_int_equal(count(out[3][0]), 10 * W);
}

static void classes_find_their_channels(void **state)
{
	(void)state;
	static const struct les_class net[] = {
		{"text", LES_CLASS_BASELINE, 0},
		{"default", LES_CLASS_BASELINE, 1},
		{"_start_separator", LES_CLASS_AUX, 2},
	};
	static struct les_point base[] = {{20, 20}, {40, 20}}, area[] = {{0, 0}, {9, 0}, {9, 9}};
	const struct les_shape line = {{base, 2}, 2}, region = {{area, 3}, 3};
	uint32_t map[5];
	uint8_t out[3][H][W];

	les_targets_map(classes, LES_COUNT(classes), net, LES_COUNT(net), map, LES_COUNT(map));
	assert_int_equal(map[0], 2);
	assert_int_equal(map[1], LES_CHANNEL_NONE);
	assert_int_equal(map[2], 1);
	assert_int_equal(map[3], LES_CHANNEL_NONE); /* the same name, but of lines */
	assert_int_equal(map[4], LES_CHANNEL_NONE);
	const struct les_targets targets = {3, H, W, net, LES_COUNT(net), map, LES_COUNT(map)};
	assert_int_equal(les_targets_draw(&targets, &line, 1, &region, 1, out[0][0], NULL), LES_OK);
	assert_int_equal(count(out[0][0]), 0);
	assert_int_equal(count(out[1][0]), 21 * 9);
	assert_true(count(out[2][0]) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pixels_on_an_edge_are_covered),
		cmocka_unit_test(a_line_and_its_ends_are_drawn),
		cmocka_unit_test(degenerate_shapes_are_harmless),
		cmocka_unit_test(classes_find_their_channels),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
