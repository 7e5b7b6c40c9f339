/* segment/: synthetic heatmaps become lines; hostile ones end. */
#include "segment/segment.h"
#include "segment/baselines.h"
#include "segment/order.h"
#include "test.h"
#include "types/limits.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { START, END, LINE, REGION, CHANNELS };
static const struct les_class CLASSES[CHANNELS] = {
	{"_start_separator", LES_CLASS_AUX, START},
	{"_end_separator", LES_CLASS_AUX, END},
	{"default", LES_CLASS_BASELINE, LINE},
	{"text", LES_CLASS_REGION, REGION},
};

/* A page of white and the heat of what is drawn on it. */
struct sheet {
	float *heat;
	uint8_t *px;
	uint32_t w, h;
};

static struct sheet sheet(uint32_t w, uint32_t h)
{
	struct sheet s = {.w = w, .h = h};

	s.heat = calloc((size_t)w * h * CHANNELS, sizeof *s.heat);
	s.px = malloc((size_t)w * h);
	assert_non_null(s.heat);
	assert_non_null(s.px);
	memset(s.px, 255, (size_t)w * h);
	return s;
}

static void sheet_done(struct sheet *s)
{
	free(s->heat);
	free(s->px);
}

/* Heat around a segment, 8 px high, falling off over 2 px more. */
static void heat_segment(struct sheet *s, unsigned channel, struct les_vec a, struct les_vec b)
{
	for (uint32_t y = 0; y < s->h; y++) {
		for (uint32_t x = 0; x < s->w; x++) {
			const struct les_vec p = {x, y};
			const double d =
				les_vec_length(les_vec_sub(p, les_segment_nearest(a, b, p)));
			const float v = (float)fmin(1, fmax(0, (6 - d) / 2));
			float *at = &s->heat[((size_t)channel * s->h + y) * s->w + x];
			*at = fmaxf(*at, v);
		}
	}
}

static void heat_box(struct sheet *s, unsigned channel, struct les_box box)
{
	for (int32_t y = box.y0_px; y < box.y1_px; y++)
		for (int32_t x = box.x0_px; x < box.x1_px; x++)
			s->heat[((size_t)channel * s->h + (uint32_t)y) * s->w + (uint32_t)x] = 1;
}

/* A line of writing: heat, separators, and letters standing on it. */
static void write_line(struct sheet *s, struct les_vec a, struct les_vec b)
{
	const struct les_vec d = les_vec_sub(b, a);
	const struct les_vec unit = les_vec_scale(d, 1 / les_vec_length(d));

	heat_segment(s, LINE, a, b);
	heat_segment(s, START, les_vec_sub(a, les_vec_scale(unit, 4)), a);
	heat_segment(s, END, b, les_vec_add(b, les_vec_scale(unit, 4)));
	for (double at = 4; at < les_vec_length(d) - 8; at += 7) {
		for (int up = 0; up < 12; up++) {
			const struct les_vec p = {a.x + unit.x * at + unit.y * up,
						  a.y + unit.y * at - unit.x * up};
			if (p.x >= 0 && p.y >= 0 && p.x < s->w && p.y < s->h)
				s->px[(size_t)p.y * s->w + (size_t)p.x] = 20;
		}
	}
}

static struct les_page *segment(const struct sheet *s, const struct les_segment_options *options)
{
	const struct les_heatmap heatmap = {s->heat, CHANNELS, s->h, s->w, CLASSES, CHANNELS};
	const struct les_image image = {s->px, s->w, s->h, s->w, 1};
	struct les_page *page = les_page_new();

	assert_non_null(page);
	assert_int_equal(les_segment_heatmap(&heatmap, &image, options, page, NULL), LES_OK);
	for (uint32_t i = 0; i < page->lines_n; i++) {
		const struct les_line *line = &page->lines[i];
		assert_in_range(line->baseline.n, 2, LES_POLYGON_POINTS_MAX);
		assert_in_range(line->polygon.n, 3, LES_POLYGON_POINTS_MAX);
		assert_false(les_box_is_empty(&line->box));
		assert_true(line->box.x0_px >= 0 && line->box.y0_px >= 0);
		assert_true(line->box.x1_px <= (int32_t)s->w + 1);
		assert_true(line->box.y1_px <= (int32_t)s->h + 1);
	}
	return page;
}

static const struct les_segment_options PLAIN;

static bool runs(const struct les_line *line, struct les_vec a, struct les_vec b, float within)
{
	const struct les_point *p = &line->baseline.at[0];
	const struct les_point *q = &line->baseline.at[line->baseline.n - 1];

	return hypot(p->x_px - a.x, p->y_px - a.y) <= within &&
	       hypot(q->x_px - b.x, q->y_px - b.y) <= within;
}

static void lines_run_as_their_separators_say(void **state)
{
	(void)state;
	static const struct {
		struct les_vec a, b;
	} cases[] = {
		{{40, 100}, {200, 100}}, {{200, 100}, {40, 100}}, {{120, 30}, {120, 180}},
		{{120, 180}, {120, 30}}, {{50, 50}, {180, 160}},  {{180, 160}, {50, 50}},
		{{60, 160}, {190, 60}},
	};
	for (size_t i = 0; i < LES_COUNT(cases); i++) {
		struct sheet s = sheet(240, 210);
		write_line(&s, cases[i].a, cases[i].b);
		struct les_page *page = segment(&s, &PLAIN);
		assert_int_equal(page->lines_n, 1);
		assert_true(runs(&page->lines[0], cases[i].a, cases[i].b, 10));
		les_page_free(page);
		sheet_done(&s);
	}
}

static void curved_lines_keep_their_bends(void **state)
{
	(void)state;
	struct sheet s = sheet(300, 160);
	for (int x = 30; x < 270; x += 5)
		heat_segment(&s, LINE, (struct les_vec){x, 80 + 25 * sin(x / 40.0)},
			     (struct les_vec){x + 5, 80 + 25 * sin((x + 5) / 40.0)});
	struct les_page *page = segment(&s, &PLAIN);
	assert_int_equal(page->lines_n, 1);
	const struct les_points *line = &page->lines[0].baseline;
	assert_in_range(line->n, 4, 20);
	for (uint32_t i = 0; i < line->n; i++)
		assert_true(fabs(line->at[i].y_px - 80 - 25 * sin(line->at[i].x_px / 40.0)) < 5);
	les_page_free(page);
	sheet_done(&s);
}

static void lines_without_separators_run_to_the_right_or_down(void **state)
{
	(void)state;
	struct sheet s = sheet(240, 200);
	heat_segment(&s, LINE, (struct les_vec){60, 180}, (struct les_vec){90, 20});
	struct les_page *page = segment(&s, &PLAIN);
	assert_int_equal(page->lines_n, 1);
	assert_true(page->lines[0].baseline.at[0].y_px > 150);
	les_page_free(page);
	page = segment(&s, &(struct les_segment_options){.vertical = true});
	assert_true(page->lines[0].baseline.at[0].y_px < 50);
	les_page_free(page);
	sheet_done(&s);
}

/* How much further a line reaches above its baseline at y 100 than below. */
static int32_t reach(const struct les_line *line)
{
	return (100 - line->box.y0_px) - (line->box.y1_px - 100);
}

static void letters_stand_on_lines_or_hang_from_them(void **state)
{
	(void)state;
	struct sheet s = sheet(240, 200);
	write_line(&s, (struct les_vec){30, 100}, (struct les_vec){210, 100});
	struct les_page *page = segment(&s, &PLAIN);
	assert_true(reach(&page->lines[0]) > 5);
	les_page_free(page);
	memset(s.px, 255, (size_t)s.w * s.h);
	for (uint32_t x = 34; x < 205; x += 7)
		for (uint32_t y = 101; y < 113; y++)
			s.px[y * s.w + x] = 20;
	page = segment(&s, &(struct les_segment_options){.position = LES_LINE_TOP});
	assert_true(reach(&page->lines[0]) < -5);
	les_page_free(page);
	page = segment(&s, &(struct les_segment_options){.position = LES_LINE_CENTRE});
	assert_int_equal(page->lines_n, 1);
	les_page_free(page);
	sheet_done(&s);
}

static void polygons_stop_at_their_neighbours(void **state)
{
	(void)state;
	struct sheet s = sheet(300, 200);
	write_line(&s, (struct les_vec){30, 80}, (struct les_vec){270, 80});
	write_line(&s, (struct les_vec){30, 110}, (struct les_vec){270, 110});
	struct les_page *page = segment(&s, &PLAIN);
	assert_int_equal(page->lines_n, 2);
	for (uint32_t i = 0; i < page->lines[1].polygon.n; i++)
		assert_true(page->lines[1].polygon.at[i].y_px >= 78);
	for (uint32_t i = 0; i < page->lines[0].polygon.n; i++)
		assert_true(page->lines[0].polygon.at[i].y_px <= 112);
	les_page_free(page);
	sheet_done(&s);
}

/* Two columns, one line across both above them: it comes first, then the left column. */
static void columns_are_read_one_after_the_other(void **state)
{
	(void)state;
	static const struct les_vec lines[][2] = {
		{{220, 150}, {380, 150}}, {{20, 120}, {180, 120}}, {{220, 112}, {380, 112}},
		{{20, 160}, {180, 160}},  {{30, 50}, {370, 50}},
	};
	static const unsigned left_first[] = {4, 1, 3, 2, 0}, right_first[] = {4, 2, 0, 1, 3};
	struct sheet s = sheet(400, 220);
	for (size_t i = 0; i < LES_COUNT(lines); i++)
		write_line(&s, lines[i][0], lines[i][1]);
	for (unsigned rtl = 0; rtl < 2; rtl++) {
		struct les_page *page =
			segment(&s, &(struct les_segment_options){.right_to_left = rtl});
		const unsigned *want = rtl ? right_first : left_first;
		assert_int_equal(page->lines_n, LES_COUNT(lines));
		for (uint32_t i = 0; i < page->lines_n; i++)
			assert_true(
				runs(&page->lines[i], lines[want[i]][0], lines[want[i]][1], 10));
		les_page_free(page);
	}
	sheet_done(&s);
}

static void regions_hold_their_lines_together(void **state)
{
	(void)state;
	struct sheet s = sheet(400, 240);
	heat_box(&s, REGION, (struct les_box){10, 20, 190, 200});
	heat_box(&s, REGION, (struct les_box){210, 20, 390, 200});
	write_line(&s, (struct les_vec){220, 60}, (struct les_vec){380, 60});
	write_line(&s, (struct les_vec){20, 80}, (struct les_vec){180, 80});
	write_line(&s, (struct les_vec){20, 150}, (struct les_vec){180, 150});
	write_line(&s, (struct les_vec){60, 225}, (struct les_vec){330, 225});
	struct les_page *page = segment(&s, &PLAIN);
	assert_int_equal(page->regions_n, 2);
	assert_int_equal(page->regions[0].kind, LES_REGION_TEXT);
	assert_int_equal(page->regions[0].polygon.n, 4);
	assert_int_equal(page->lines_n, 4);
	static const int32_t want[] = {0, 0, 1, -1};
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(page->lines[i].region, want[i]);
	les_page_free(page);
	sheet_done(&s);
}

static void classes_are_found_by_their_names(void **state)
{
	(void)state;
	static const struct les_class classes[] = {
		{"heading", LES_CLASS_BASELINE, START},
		{"default", LES_CLASS_BASELINE, LINE},
		{"GraphicZone", LES_CLASS_REGION, END},
		{"MainZone", LES_CLASS_REGION, REGION},
	};
	struct sheet s = sheet(300, 200);
	heat_segment(&s, START, (struct les_vec){30, 40}, (struct les_vec){200, 40});
	heat_segment(&s, LINE, (struct les_vec){30, 90}, (struct les_vec){200, 90});
	heat_box(&s, END, (struct les_box){220, 20, 280, 180});
	heat_box(&s, REGION, (struct les_box){10, 20, 210, 180});
	const struct les_heatmap heatmap = {s.heat, CHANNELS, s.h, s.w, classes, 4};
	const struct les_image image = {s.px, s.w, s.h, s.w, 1};
	struct les_page *page = les_page_new();
	assert_int_equal(les_segment_heatmap(&heatmap, &image, &PLAIN, page, NULL), LES_OK);
	assert_int_equal(page->lines_n, 2);
	assert_int_equal(page->regions_n, 2);
	assert_int_equal(page->regions[0].kind, LES_REGION_IMAGE);
	assert_int_equal(page->regions[1].kind, LES_REGION_TEXT);
	les_page_free(page);
	sheet_done(&s);
}

static void results_are_in_page_pixels(void **state)
{
	(void)state;
	struct sheet s = sheet(240, 200);
	write_line(&s, (struct les_vec){40, 100}, (struct les_vec){200, 100});
	struct les_page *page = segment(&(struct sheet){s.heat, s.px, s.w, s.h}, &PLAIN);
	struct les_page *large = les_page_new();
	const struct les_heatmap heatmap = {s.heat, CHANNELS, s.h, s.w, CLASSES, CHANNELS};
	const struct les_image image = {s.px, s.w, s.h, s.w, 1};
	const struct les_segment_options options = {.page_w_px = 720, .page_h_px = 400};
	assert_int_equal(les_segment_heatmap(&heatmap, &image, &options, large, NULL), LES_OK);
	assert_int_equal(large->lines_n, 1);
	assert_int_equal(large->lines[0].polygon.n, page->lines[0].polygon.n);
	for (uint32_t i = 0; i < page->lines[0].polygon.n; i++) {
		assert_true(large->lines[0].polygon.at[i].x_px ==
			    3 * page->lines[0].polygon.at[i].x_px);
		assert_true(large->lines[0].polygon.at[i].y_px ==
			    2 * page->lines[0].polygon.at[i].y_px);
	}
	les_page_free(page);
	les_page_free(large);
	sheet_done(&s);
}

/* A line of the page with a baseline at these points. */
static struct les_line given_line(struct les_point *at, uint32_t n)
{
	return (struct les_line){
		.id = "", .text = "", .language = "", .script = "", .baseline = {at, n}};
}

static void given_baselines_get_polygons(void **state)
{
	(void)state;
	struct sheet s = sheet(300, 200);
	write_line(&s, (struct les_vec){30, 80}, (struct les_vec){270, 80});
	write_line(&s, (struct les_vec){30, 130}, (struct les_vec){270, 130});
	struct les_point a[] = {{30, 80}, {270, 80}}, b[] = {{30, 130}, {270, 130}};
	struct les_point nowhere[] = {{50, 50}, {50, 50}}, own[] = {{1, 1}, {9, 1}, {9, 9}};
	struct les_line lines[] = {given_line(a, 2), given_line(b, 2), given_line(nowhere, 2),
				   given_line(NULL, 0)};
	struct les_page *page = les_page_new();
	const struct les_image image = {s.px, s.w, s.h, s.w, 1};
	lines[1].polygon = (struct les_points){own, 3};
	page->lines = lines;
	page->lines_n = 4;
	assert_int_equal(les_segment_contours(&image, &PLAIN, page, NULL), LES_OK);
	assert_in_range(lines[0].polygon.n, 4, 300);
	assert_true(lines[0].box.y0_px < 72 && lines[0].box.y1_px > 80);
	assert_ptr_equal(lines[1].polygon.at, own);
	assert_in_range(lines[2].polygon.n, 2, 8); /* all there is of it */
	assert_int_equal(lines[3].polygon.n, 0);
	les_page_free(page);
	sheet_done(&s);
}

static void a_line_without_polygon_keeps_a_strip(void **state)
{
	(void)state;
	struct sheet s = sheet(60, 3); /* no room for a seam on either side */
	struct les_point a[] = {{2, 0}, {58, 0}};
	struct les_line lines[] = {given_line(a, 2)};
	struct les_page *page = les_page_new();
	const struct les_image image = {s.px, s.w, s.h, s.w, 1};
	page->lines = lines;
	page->lines_n = 1;
	assert_int_equal(les_segment_contours(&image, &PLAIN, page, NULL), LES_OK);
	assert_in_range(lines[0].polygon.n, 3, 20);
	assert_false(les_box_is_empty(&lines[0].box));
	les_page_free(page);
	sheet_done(&s);
}

enum { ONES, CHECKERS, NOISE, STRIPES, NANS, GRID, HOSTILE_N };

static float hostile(unsigned what, uint32_t x, uint32_t y)
{
	switch (what) {
	case ONES:
		return 1;
	case CHECKERS:
		return (float)((x + y) % 2);
	case NOISE:
		return (float)(rand() % 1000) / 999;
	case STRIPES:
		return y % 9 < 3;
	case NANS:
		return x % 3 ? NAN : INFINITY;
	default:
		return x % 16 < 3 || y % 16 < 3;
	}
}

static void hostile_heat_ends(void **state)
{
	(void)state;
	static const struct {
		uint32_t w, h;
	} sizes[] = {{1, 1}, {1, 90}, {90, 1}, {2, 2}, {13, 9}, {300, 260}};
	srand(11);
	for (unsigned what = 0; what < HOSTILE_N; what++) {
		for (size_t k = 0; k < LES_COUNT(sizes); k++) {
			struct sheet s = sheet(sizes[k].w, sizes[k].h);
			for (size_t i = 0; i < (size_t)s.w * s.h * CHANNELS; i++)
				s.heat[i] = hostile(what, (uint32_t)(i % s.w),
						    (uint32_t)(i / s.w % s.h));
			for (size_t i = 0; i < (size_t)s.w * s.h; i++)
				s.px[i] = (uint8_t)rand();
			struct les_page *page = les_page_new();
			const struct les_heatmap heatmap = {s.heat, CHANNELS, s.h,
							    s.w,    CLASSES,  CHANNELS};
			const struct les_image image = {s.px, s.w, s.h, s.w, 1};
			assert_int_equal(les_segment_heatmap(&heatmap, &image, &PLAIN, page, NULL),
					 LES_OK);
			for (uint32_t i = 0; i < page->lines_n; i++)
				assert_in_range(page->lines[i].polygon.n, 3,
						LES_POLYGON_POINTS_MAX);
			les_page_free(page);
			sheet_done(&s);
		}
	}
}

static void impossible_heatmaps_are_refused(void **state)
{
	(void)state;
	static const struct les_class beyond = {"default", LES_CLASS_BASELINE, 7};
	float heat[4] = {0};
	uint8_t px[4] = {0};
	const struct les_image image = {px, 2, 2, 2, 1};
	const struct {
		struct les_heatmap heatmap;
		enum les_kind want;
	} cases[] = {
		{{heat, 1, 2, 2, &beyond, 1}, LES_ARG},
		{{heat, 1, 2, 2, NULL, 0}, LES_ARG},
		{{heat, 4, 0, 2, CLASSES, 4}, LES_LIMIT},
		{{heat, 4, UINT32_MAX, UINT32_MAX, CLASSES, 4}, LES_LIMIT},
	};
	struct les_page *page = les_page_new();
	for (size_t i = 0; i < LES_COUNT(cases); i++)
		assert_int_equal(les_segment_heatmap(&cases[i].heatmap, &image, &PLAIN, page, NULL),
				 cases[i].want);
	les_page_free(page);
}

static void logits_become_heat_of_any_size(void **state)
{
	(void)state;
	static const float logits[] = {0, 100, -100, 0};
	float *heat;
	assert_int_equal(les_heat_from_logits(logits, 1, 2, 2, 4, 6, &heat, NULL), LES_OK);
	assert_true(heat[0] == 0.5f && heat[2] == 0.5f && heat[3] == 1 && heat[5] == 1);
	assert_true(heat[12] < 1e-6f && heat[23] == 0.5f);
	free(heat);
	assert_int_equal(les_heat_from_logits(logits, 0, 2, 2, 4, 6, &heat, NULL), LES_LIMIT);
	assert_int_equal(les_heat_from_logits(logits, 1, 2, 2, 60000, 60000, &heat, NULL),
			 LES_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_run_as_their_separators_say),
		cmocka_unit_test(curved_lines_keep_their_bends),
		cmocka_unit_test(lines_without_separators_run_to_the_right_or_down),
		cmocka_unit_test(letters_stand_on_lines_or_hang_from_them),
		cmocka_unit_test(polygons_stop_at_their_neighbours),
		cmocka_unit_test(columns_are_read_one_after_the_other),
		cmocka_unit_test(regions_hold_their_lines_together),
		cmocka_unit_test(classes_are_found_by_their_names),
		cmocka_unit_test(results_are_in_page_pixels),
		cmocka_unit_test(given_baselines_get_polygons),
		cmocka_unit_test(a_line_without_polygon_keeps_a_strip),
		cmocka_unit_test(hostile_heat_ends),
		cmocka_unit_test(impossible_heatmaps_are_refused),
		cmocka_unit_test(logits_become_heat_of_any_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
