/* lines/band.h: the band that a line is written in. */
#include "lines/band.h"
#include "base/cleanup.h"
#include "test.h"

#include <math.h>
#include <stdlib.h>

enum { W = 1000, H = 400, POINTS = 41 };

struct outline {
	struct les_point baseline[POINTS], polygon[2 * POINTS];
};

/* From x 100 to 900; the outline lies so far above and below. */
static void draw(double (*centre)(double x), float (*above)(uint32_t i), float (*below)(uint32_t i),
		 struct outline *ret)
{
	for (uint32_t i = 0; i < POINTS; i++) {
		const float x = 100 + (float)i * 800 / (POINTS - 1), y = (float)centre((double)x);
		ret->baseline[i] = (struct les_point){x, y};
		ret->polygon[i] = (struct les_point){x, y - above(i)};
		ret->polygon[2 * POINTS - 1 - i] = (struct les_point){x, y + below(i)};
	}
}

static uint32_t band(struct outline *of, struct les_point ret[LES_BAND_POINTS_MAX])
{
	const struct les_points baseline = {of->baseline, POINTS};
	const struct les_points polygon = {of->polygon, 2 * POINTS};

	return les_line_band(&baseline, &polygon, W, H, ret);
}

static double level(double x)
{
	return 200 + 0 * x;
}

static double bow(double x)
{
	return 200 + 40 * sin(x / 200);
}

static float twenty(uint32_t i)
{
	(void)i;
	return 20;
}

static float ten(uint32_t i)
{
	(void)i;
	return 10;
}

/* Winds between the lines: mostly at 20 or just below. */
static float winding(uint32_t i)
{
	return i % 4 ? 20 : 6;
}

/* One tall stroke. */
static float spike(uint32_t i)
{
	return i == 20 ? 120 : 20;
}

static void edges_are_even_and_have_a_margin(void **state)
{
	float (*const shapes[])(uint32_t) = {twenty, winding, spike};
	struct les_point at[LES_BAND_POINTS_MAX];
	struct outline line;

	(void)state;
	for (size_t k = 0; k < LES_COUNT(shapes); k++) {
		draw(level, shapes[k], ten, &line);
		const uint32_t n = band(&line, at);
		/* 20 above and 10 below, and 15 % of 30 */
		assert_in_range(n, 4, LES_BAND_POINTS_MAX);
		for (uint32_t i = 0; i < n; i++)
			assert_true(fabsf(at[i].y_px - (i < n / 2 ? 176 : 214)) <= 1);
		assert_true(at[0].x_px == 100 && at[n / 2 - 1].x_px == 900);
		assert_true(at[n / 2].x_px == 900 && at[n - 1].x_px == 100);
	}
}

static void a_curved_line_keeps_its_height(void **state)
{
	struct les_point at[LES_BAND_POINTS_MAX];
	struct outline line;

	(void)state;
	draw(bow, winding, ten, &line);
	const uint32_t n = band(&line, at);
	assert_int_equal(n, LES_BAND_POINTS_MAX);
	for (uint32_t i = 0; i < n / 2; i++) {
		const struct les_point a = at[i], b = at[n - 1 - i];
		const float height = hypotf(a.x_px - b.x_px, a.y_px - b.y_px);
		assert_true(fabsf(height - 39) <= 2);
	}
}

/* A last point that goes astray, as drawn baselines have them, turns nothing. */
static void a_hook_at_the_end_does_no_harm(void **state)
{
	struct les_point at[LES_BAND_POINTS_MAX];
	struct outline line;

	(void)state;
	draw(level, twenty, ten, &line);
	line.baseline[POINTS - 1] = (struct les_point){882, 212};
	const uint32_t n = band(&line, at);
	assert_in_range(n, 4, LES_BAND_POINTS_MAX);
	for (uint32_t i = 0; i < n / 2 - 2; i++)
		assert_true(fabsf(at[i].y_px - 176) <= 12);
}

/* A baseline that is too short for its line: the band goes on as the outline does, but not for
 * ever. */
static void ends_go_on_with_the_outline(void **state)
{
	struct les_point baseline[] = {{400, 200}, {600, 200}};
	struct les_point polygon[] = {{370, 180}, {990, 180}, {990, 210}, {370, 210}};
	struct les_point at[LES_BAND_POINTS_MAX];

	(void)state;
	const uint32_t n = les_line_band(&(struct les_points){baseline, 2},
					 &(struct les_points){polygon, 4}, W, H, at);
	assert_in_range(n, 4, LES_BAND_POINTS_MAX);
	assert_true(at[0].x_px == 370);
	assert_true(fabsf(at[n / 2 - 1].x_px - (600 + 2 * 39)) <= 1);
}

static void it_stays_on_the_page(void **state)
{
	struct les_point baseline[] = {{2, 5}, {500, 3}, {997, 5}};
	struct les_point polygon[] = {{0, 0}, {999, 0}, {999, 30}, {0, 30}};
	struct les_point at[LES_BAND_POINTS_MAX];

	(void)state;
	const uint32_t n = les_line_band(&(struct les_points){baseline, 3},
					 &(struct les_points){polygon, 4}, W, H, at);
	assert_in_range(n, 4, LES_BAND_POINTS_MAX);
	for (uint32_t i = 0; i < n; i++) {
		assert_true(at[i].x_px >= 0 && at[i].x_px <= W - 1);
		assert_true(at[i].y_px >= 0 && at[i].y_px <= H - 1);
	}
}

static void where_there_is_none_none_is_said(void **state)
{
	struct les_point good[] = {{100, 200}, {300, 200}}, brief[] = {{100, 200}, {104, 200}};
	struct les_point nowhere[] = {{100, 200}, {NAN, 200}}, far[] = {{100, 200}, {INFINITY, 0}};
	struct les_point back[] = {{100, 200}, {101, 200}, {100, 200},
				   {101, 200}, {100, 200}, {101, 200}};
	struct les_point same[] = {{100, 200}, {100, 200}};
	struct les_point shape[] = {{90, 180}, {310, 180}, {310, 210}, {90, 210}};
	struct les_point elsewhere[] = {{600, 180}, {700, 180}, {700, 210}, {600, 210}};
	struct les_point flat[] = {{90, 200}, {310, 200}, {310, 201}, {90, 201}};
	struct les_point nothing[] = {{NAN, NAN}, {NAN, NAN}, {NAN, NAN}};
	const struct {
		const char *name;
		struct les_points baseline, polygon;
	} cases[] = {
		{"no baseline", {good, 0}, {shape, 4}},
		{"one point", {good, 1}, {shape, 4}},
		{"4 px of baseline", {brief, 2}, {shape, 4}},
		{"a baseline of one place", {same, 2}, {shape, 4}},
		{"a baseline to nowhere", {nowhere, 2}, {shape, 4}},
		{"a baseline without end", {far, 2}, {shape, 4}},
		{"no polygon", {good, 2}, {shape, 0}},
		{"two points of polygon", {good, 2}, {shape, 2}},
		{"a polygon elsewhere", {good, 2}, {elsewhere, 4}},
		{"a polygon without height", {good, 2}, {flat, 4}},
		{"a polygon of nothing", {good, 2}, {nothing, 3}},
	};
	struct les_point at[LES_BAND_POINTS_MAX];

	(void)state;
	for (size_t i = 0; i < LES_COUNT(cases); i++)
		if (les_line_band(&cases[i].baseline, &cases[i].polygon, W, H, at) != 0)
			fail_msg("%s: a band", cases[i].name);
	/* to and fro on one pixel: whatever comes of it, it is bounded */
	assert_true(les_line_band(&(struct les_points){back, 6}, &(struct les_points){shape, 4}, W,
				  H, at) <= LES_BAND_POINTS_MAX);
}

/* Anything goes in, at most so many corners come out, and they lie on the page. */
static void any_outline_is_bounded(void **state)
{
	struct les_point at[LES_BAND_POINTS_MAX], baseline[60], polygon[60];
	uint64_t seed = 7;

	(void)state;
	for (unsigned round = 0; round < 2000; round++) {
		for (unsigned i = 0; i < 120; i++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			const float x = (float)(seed >> 40) / 16000 - 20;
			const float y = (float)((seed >> 20) & 0xffff) / 160 - 5;
			*(i < 60 ? &baseline[i] : &polygon[i - 60]) = (struct les_point){x, y};
		}
		const uint32_t n =
			les_line_band(&(struct les_points){baseline, 2 + round % 59},
				      &(struct les_points){polygon, 3 + round % 58}, W, H, at);
		assert_true(n <= LES_BAND_POINTS_MAX && n % 2 == 0);
		for (uint32_t i = 0; i < n; i++)
			assert_true(at[i].x_px >= 0 && at[i].x_px < W && at[i].y_px >= 0 &&
				    at[i].y_px < H);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(edges_are_even_and_have_a_margin),
		cmocka_unit_test(a_curved_line_keeps_its_height),
		cmocka_unit_test(a_hook_at_the_end_does_no_harm),
		cmocka_unit_test(ends_go_on_with_the_outline),
		cmocka_unit_test(it_stays_on_the_page),
		cmocka_unit_test(where_there_is_none_none_is_said),
		cmocka_unit_test(any_outline_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
