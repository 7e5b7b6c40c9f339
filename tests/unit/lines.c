/* lines/: cutting a line out of a page and straightening it. */
#include "lines/extract.h"
#include "lines/tensor.h"
#include "test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { W = 240, H = 120 };

/* A band of ink three pixels above and below a centre line, on white. */
static void draw_band(uint8_t *px, double (*centre)(double x))
{
	memset(px, 250, W * H);
	for (int x = 0; x < W; x++)
		for (int y = 0; y < H; y++)
			if (fabs(y - centre(x)) < 3)
				px[y * W + x] = 20;
}

static double slope(double x)
{
	return 30 + 0.2 * x;
}

static double bow(double x)
{
	return 60 + 15 * sin(x / 40);
}

/* Baseline on the centre line, polygon 15 px around it. Returns the number of points. */
static void layout(double (*centre)(double x), uint32_t n, struct les_point *baseline,
		   struct les_point *polygon)
{
	for (uint32_t i = 0; i < n; i++) {
		const float x = 20 + (float)i * 200 / (float)(n - 1), y = (float)centre(x);
		baseline[i] = (struct les_point){x, y};
		polygon[i] = (struct les_point){x, y - 15};
		polygon[2 * n - 1 - i] = (struct les_point){x, y + 15};
	}
}

/* In the middle half of a straightened line, the row around which the ink of each column lies is
 * nearly the same everywhere. */
static void assert_level(const struct les_bitmap *line)
{
	double lowest = INFINITY, highest = -INFINITY;

	for (uint32_t x = line->w_px / 4; x < line->w_px * 3 / 4; x++) {
		double sum = 0, n = 0;
		for (uint32_t y = 6; y + 6 < line->h_px; y++) {
			if (line->px[y * line->w_px + x] < 100) {
				sum += y;
				n++;
			}
		}
		assert_true(n > 3 && n < 9);
		lowest = fmin(lowest, sum / n);
		highest = fmax(highest, sum / n);
	}
	assert_true(highest - lowest < 2.5);
}

static void check(double (*centre)(double x), uint32_t n, enum les_line_cut cut)
{
	uint8_t px[W * H];
	struct les_point baseline[16], polygon[32];
	const struct les_image page = {px, W, H, W, 1};
	struct les_bitmap line;

	draw_band(px, centre);
	layout(centre, n, baseline, polygon);
	assert_int_equal(les_line_extract(&page, &(struct les_points){baseline, n},
					  &(struct les_points){polygon, 2 * n}, cut, &line, NULL),
			 LES_OK);
	assert_in_range(line.w_px, 195, 230);
	assert_in_range(line.h_px, 24, 44);
	assert_level(&line);
	les_bitmap_done(&line);
}

static void straight_lines_come_out_level(void **state)
{
	(void)state;
	for (enum les_line_cut cut = LES_CUT_POLYGON; cut <= LES_CUT_BAND; cut++) {
		check(slope, 2, cut);
		check(slope, 5, cut);
	}
}

static void curved_lines_come_out_level(void **state)
{
	(void)state;
	for (enum les_line_cut cut = LES_CUT_POLYGON; cut <= LES_CUT_BAND; cut++)
		check(bow, 16, cut);
}

static void repeated_points_do_no_harm(void **state)
{
	(void)state;
	uint8_t px[W * H];
	struct les_point baseline[] = {{20, 60}, {20, 60}, {100, 62}, {100, 62}, {200, 60}};
	struct les_point polygon[] = {{20, 40}, {200, 40}, {200, 40}, {200, 80}, {20, 80}};
	const struct les_image page = {px, W, H, W, 1};
	memset(px, 200, sizeof px);
	for (enum les_line_cut cut = LES_CUT_POLYGON; cut <= LES_CUT_BAND; cut++) {
		struct les_bitmap line;
		assert_int_equal(les_line_extract(&page, &(struct les_points){baseline, 5},
						  &(struct les_points){polygon, 5}, cut, &line,
						  NULL),
				 LES_OK);
		assert_in_range(line.w_px, 170, 190);
		les_bitmap_done(&line);
	}
}

static void colour_stays(void **state)
{
	(void)state;
	uint8_t px[40 * 20 * 3];
	struct les_point baseline[] = {{2, 15}, {37, 15}};
	struct les_point polygon[] = {{2, 2}, {37, 2}, {37, 17}, {2, 17}};
	const struct les_image page = {px, 40, 20, 120, 3};
	struct les_bitmap line;
	for (size_t i = 0; i < sizeof px; i++)
		px[i] = (uint8_t)(10 + 60 * (i % 3));
	assert_int_equal(les_line_extract(&page, &(struct les_points){baseline, 2},
					  &(struct les_points){polygon, 4}, LES_CUT_POLYGON, &line,
					  NULL),
			 LES_OK);
	assert_int_equal(line.channels, 3);
	assert_int_equal(line.w_px, 36);
	assert_int_equal(line.h_px, 16);
	const uint8_t *middle = line.px + (8 * 36 + 18) * 3;
	assert_int_equal(middle[0], 10);
	assert_int_equal(middle[1], 70);
	assert_int_equal(middle[2], 130);
	les_bitmap_done(&line);
}

static void impossible_lines_are_refused(void **state)
{
	(void)state;
	static uint8_t px[W * H];
	const struct les_image page = {px, W, H, W, 1};
	struct les_point good[] = {{20, 60}, {100, 60}}, shape[] = {{20, 40}, {100, 40}, {60, 80}};
	struct les_point brief[] = {{20, 60}, {24, 60}}, outside[] = {{20, 60}, {W, 60}};
	struct les_point nowhere[] = {{20, 60}, {NAN, 60}}, low[] = {{1, 1}, {9, 1}, {5, H}};
	const struct {
		struct les_points baseline, polygon;
	} cases[] = {
		{{good, 2}, {shape, 2}},    {{good, 1}, {shape, 3}},    {{brief, 2}, {shape, 3}},
		{{outside, 2}, {shape, 3}}, {{nowhere, 2}, {shape, 3}}, {{good, 2}, {low, 3}},
	};
	for (size_t i = 0; i < LES_COUNT(cases); i++) {
		struct les_bitmap line;
		assert_int_equal(les_line_extract(&page, &cases[i].baseline, &cases[i].polygon,
						  false, &line, NULL),
				 LES_ARG);
	}
}

static void boxes_are_cut_and_turned(void **state)
{
	(void)state;
	static const uint8_t px[12] = {0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23};
	static const uint8_t level[4] = {11, 12, 21, 22}, turned[4] = {12, 22, 11, 21};
	const struct les_image page = {px, 4, 3, 4, 1};
	struct les_bitmap line;
	assert_int_equal(
		les_line_extract_box(&page, (struct les_box){1, 1, 3, 3}, false, &line, NULL),
		LES_OK);
	assert_memory_equal(line.px, level, 4);
	les_bitmap_done(&line);
	assert_int_equal(
		les_line_extract_box(&page, (struct les_box){1, 1, 3, 3}, true, &line, NULL),
		LES_OK);
	assert_memory_equal(line.px, turned, 4);
	les_bitmap_done(&line);
	assert_int_equal(
		les_line_extract_box(&page, (struct les_box){1, 1, 5, 3}, false, &line, NULL),
		LES_ARG);
	assert_int_equal(
		les_line_extract_box(&page, (struct les_box){-1, 1, 3, 3}, false, &line, NULL),
		LES_ARG);
	assert_int_equal(
		les_line_extract_box(&page, (struct les_box){1, 1, 1, 3}, false, &line, NULL),
		LES_ARG);
}

/* Bounding-box models: a wavy band is level after dewarping. */
static void dewarping_levels_the_centre(void **state)
{
	(void)state;
	uint8_t px[W * H];
	const struct les_image page = {px, W, H, W, 1};
	const struct les_input_spec spec = {.channels = 1, .h_px = 40, .pad_px = 16};
	struct les_input input;
	draw_band(px, slope);
	assert_int_equal(les_line_tensor(&page, &spec, true, &input, NULL), LES_OK);
	assert_int_equal(input.h_px, 40);
	double lowest = INFINITY, highest = -INFINITY;
	for (uint32_t x = input.w_px / 3; x < input.w_px * 2 / 3; x++) {
		double sum = 0, n = 1e-9;
		for (uint32_t y = 0; y < 40; y++) {
			sum += y * (double)input.at[y * input.w_px + x];
			n += (double)input.at[y * input.w_px + x];
		}
		lowest = fmin(lowest, sum / n);
		highest = fmax(highest, sum / n);
	}
	assert_true(highest - lowest < 12);
	les_input_done(&input);
}

static void dewarping_survives_blank_and_tiny_lines(void **state)
{
	(void)state;
	uint8_t px[9] = {255, 255, 255, 255, 0, 255, 255, 255, 255};
	const struct les_input_spec spec = {.channels = 1, .h_px = 8, .pad_px = 16};
	for (uint32_t w = 1; w <= 3; w++) {
		for (uint32_t h = 1; h <= 3; h++) {
			const struct les_image line = {px, w, h, 3, 1};
			struct les_input input;
			assert_int_equal(les_line_tensor(&line, &spec, true, &input, NULL), LES_OK);
			assert_int_equal(input.flat, w == 1 || h == 1);
			les_input_done(&input);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(straight_lines_come_out_level),
		cmocka_unit_test(curved_lines_come_out_level),
		cmocka_unit_test(repeated_points_do_no_harm),
		cmocka_unit_test(colour_stays),
		cmocka_unit_test(impossible_lines_are_refused),
		cmocka_unit_test(boxes_are_cut_and_turned),
		cmocka_unit_test(dewarping_levels_the_centre),
		cmocka_unit_test(dewarping_survives_blank_and_tiny_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
