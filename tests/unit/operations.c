/* image/: operations on planes and masks, from blurring to seams. */
#include "image/components.h"
#include "image/distance.h"
#include "image/gaussian.h"
#include "image/offset.h"
#include "image/outline.h"
#include "image/polygon.h"
#include "image/ridge.h"
#include "image/seam.h"
#include "image/skeleton.h"
#include "image/sobel.h"
#include "image/thin.h"
#include "test.h"
#include "types/limits.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct les_plane plane(uint32_t w, uint32_t h)
{
	struct les_plane p;

	assert_int_equal(les_plane_new(w, h, &p, NULL), LES_OK);
	return p;
}

/* A mask from rows of '.' and others, a line each. */
static struct les_bitmap mask(const char *rows)
{
	const uint32_t w = (uint32_t)strcspn(rows, "\n");
	const uint32_t h = (uint32_t)(strlen(rows) / (w + 1));
	struct les_bitmap m;

	assert_int_equal(les_bitmap_new(w, h, 1, &m, NULL), LES_OK);
	for (uint32_t i = 0; i < w * h; i++)
		m.px[i] = rows[i / w * (w + 1) + i % w] == '.' ? 0 : 255;
	return m;
}

static void planes_have_limits(void **state)
{
	(void)state;
	struct les_plane p;
	assert_int_equal(les_plane_new(0, 1, &p, NULL), LES_LIMIT);
	assert_int_equal(les_plane_new(UINT32_MAX, UINT32_MAX, &p, NULL), LES_LIMIT);
}

/* The definition, one pixel at a time. */
static double blurred(const struct les_plane *p, int64_t x, int64_t y, double sigma, bool mirror)
{
	const int64_t r = (int64_t)(4 * sigma + 0.5), w = p->w_px, h = p->h_px;
	double sum = 0, weights = 0;

	for (int64_t i = -r; i <= r; i++) {
		for (int64_t k = -r; k <= r; k++) {
			const double weight = exp(-0.5 * (double)(i * i + k * k) / (sigma * sigma));
			int64_t u = x + k, v = y + i;
			weights += weight;
			while (mirror && (u < 0 || u >= w))
				u = u < 0 ? -1 - u : 2 * w - 1 - u;
			while (mirror && (v < 0 || v >= h))
				v = v < 0 ? -1 - v : 2 * h - 1 - v;
			if (u >= 0 && u < w && v >= 0 && v < h)
				sum += weight * les_plane_row(p, (size_t)v)[u];
		}
	}
	return sum / weights;
}

static void blurring_is_a_weighted_mean(void **state)
{
	(void)state;
	static const struct {
		uint32_t w, h;
		double sigma;
	} cases[] = {{1, 1, 1}, {1, 9, 2}, {9, 1, 2}, {150, 3, 0.5}, {67, 20, 3}, {5, 5, 4}};
	srand(7);
	for (size_t i = 0; i < 2 * LES_COUNT(cases); i++) {
		const bool mirror = i % 2;
		const double sigma = cases[i / 2].sigma;
		struct les_plane p = plane(cases[i / 2].w, cases[i / 2].h);
		struct les_plane scratch = plane(p.w_px, p.h_px), out = plane(p.w_px, p.h_px);
		for (size_t k = 0; k < (size_t)p.w_px * p.h_px; k++)
			p.at[k] = (float)(rand() % 1000) / 1000;
		assert_int_equal(les_gaussian(&p, sigma,
					      mirror ? LES_BORDER_MIRROR : LES_BORDER_ZERO,
					      &scratch, &out, NULL),
				 LES_OK);
		for (size_t k = 0; k < (size_t)p.w_px * p.h_px; k++)
			assert_true(fabs(out.at[k] - blurred(&p, (int64_t)(k % p.w_px),
							     (int64_t)(k / p.w_px), sigma,
							     mirror)) < 1e-5);
		les_plane_done(&p);
		les_plane_done(&scratch);
		les_plane_done(&out);
	}
}

static void blurring_refuses_odd_widths(void **state)
{
	(void)state;
	struct les_plane p = plane(3, 3), scratch = plane(3, 3);
	static const double bad[] = {0, -1, NAN, LES_BLUR_SIGMA_MAX + 1};
	for (size_t i = 0; i < LES_COUNT(bad); i++)
		assert_int_equal(les_gaussian(&p, bad[i], LES_BORDER_ZERO, &scratch, &p, NULL),
				 LES_LIMIT);
	les_plane_done(&p);
	les_plane_done(&scratch);
}

static void edges_are_where_grey_changes(void **state)
{
	(void)state;
	uint8_t px[8 * 6];
	for (size_t i = 0; i < sizeof px; i++)
		px[i] = i % 8 < 4 ? 0 : 255;
	const struct les_image image = {px, 8, 6, 8, 1};
	struct les_plane p = plane(8, 6);
	les_sobel(&image, &p);
	for (size_t i = 0; i < sizeof px; i++)
		assert_true(fabs(p.at[i] - (i % 8 == 3 || i % 8 == 4 ? M_SQRT1_2 : 0)) < 1e-6);
	les_plane_done(&p);
}

static void ridges_answer_to_lines_and_not_to_plains(void **state)
{
	(void)state;
	struct les_plane p = plane(120, 100), ridge;
	for (size_t y = 0; y < 100; y++)
		for (size_t x = 0; x < 120; x++)
			les_plane_row(&p, y)[x] = y >= 46 && y < 54 ? 1 : 0;
	assert_int_equal(les_ridge(&p, &ridge, NULL), LES_OK);
	for (size_t y = 0; y < 100; y++) {
		const float value = les_plane_row(&ridge, y)[60];
		if (y >= 47 && y < 53)
			assert_true(value > 0.17f);
		if (y < 42 || y >= 58)
			assert_true(value < 0.17f);
	}
	les_plane_done(&ridge);
	les_plane_done(&p);
}

static void ridges_of_the_smallest_planes_are_nothing(void **state)
{
	(void)state;
	for (uint32_t w = 1; w <= 3; w++) {
		struct les_plane p = plane(w, 1), ridge;
		assert_int_equal(les_ridge(&p, &ridge, NULL), LES_OK);
		for (uint32_t i = 0; i < w; i++)
			assert_true(ridge.at[i] == 0);
		les_plane_done(&ridge);
		les_plane_done(&p);
	}
}

static size_t count_set(const struct les_bitmap *m)
{
	size_t n = 0;

	for (size_t i = 0; i < (size_t)m->w_px * m->h_px; i++)
		n += m->px[i] != 0;
	return n;
}

static void thinning_leaves_the_middle(void **state)
{
	(void)state;
	struct les_bitmap m = mask("..........\n"
				   ".########.\n"
				   ".########.\n"
				   ".########.\n"
				   "..........\n");
	assert_int_equal(les_thin(&m, NULL), LES_OK);
	assert_in_range(count_set(&m), 5, 8);
	for (size_t i = 3; i < 7; i++)
		assert_true(!m.px[10 + i] && m.px[20 + i] && !m.px[30 + i]);
	les_bitmap_done(&m);
}

/* Every piece stays one piece, whatever it looks like. */
static void thinning_keeps_pieces_together(void **state)
{
	(void)state;
	srand(3);
	for (int round = 0; round < 60; round++) {
		struct les_bitmap m;
		struct les_components before, after;
		assert_int_equal(les_bitmap_new(40, 30, 1, &m, NULL), LES_OK);
		for (int blob = 0; blob < 6; blob++) {
			const int x0 = rand() % 34, y0 = rand() % 24, n = 2 + rand() % 12;
			const int slope = rand() % 3 - 1;
			for (int i = 0; i < n; i++)
				for (int k = 0; k < 3; k++)
					if (x0 + i < 40 && y0 + k + slope * i >= 0 &&
					    y0 + k + slope * i < 30)
						m.px[(y0 + k + slope * i) * 40 + x0 + i] = 255;
		}
		assert_int_equal(les_components_find(&m, &before, NULL), LES_OK);
		assert_int_equal(les_thin(&m, NULL), LES_OK);
		assert_int_equal(les_components_find(&m, &after, NULL), LES_OK);
		assert_int_equal(before.n, after.n);
		les_components_done(&before);
		les_components_done(&after);
		les_bitmap_done(&m);
	}
}

static void components_are_8_connected(void **state)
{
	(void)state;
	struct les_bitmap m = mask("#..##\n"
				   ".#...\n"
				   "....#\n");
	struct les_components c;
	assert_int_equal(les_components_find(&m, &c, NULL), LES_OK);
	assert_int_equal(c.n, 3);
	assert_int_equal(c.at[0].area_px, 2);
	assert_int_equal(c.at[1].x_px, 3);
	assert_int_equal(c.label[6], 1);
	assert_int_equal(c.label[14], 3);
	les_components_done(&c);
	les_bitmap_done(&m);
}

static void outlines_run_around(void **state)
{
	(void)state;
	static const struct {
		const char *rows;
		size_t n;
	} cases[] = {
		{"#\n", 1},
		{"##\n", 2},
		{"...\n.#.\n...\n", 1},
		{"####\n####\n####\n", 10},
		{"###\n#.#\n###\n", 8},
		{"#####\n..#..\n..#..\n", 10}, /* there and back where it is thin */
	};
	for (size_t i = 0; i < LES_COUNT(cases); i++) {
		struct les_bitmap m = mask(cases[i].rows);
		struct les_components c;
		struct les_polyline line;
		assert_int_equal(les_components_find(&m, &c, NULL), LES_OK);
		assert_int_equal(c.n, 1);
		assert_int_equal(les_outline(&c, 0, cases[i].n - 1, &line, NULL), LES_LIMIT);
		assert_int_equal(les_outline(&c, 0, cases[i].n, &line, NULL), LES_OK);
		assert_int_equal(line.n, cases[i].n);
		assert_true(les_polygon_area(&line) >= 0);
		les_polyline_done(&line);
		les_components_done(&c);
		les_bitmap_done(&m);
	}
}

static void skeletons_are_followed_from_end_to_end(void **state)
{
	(void)state;
	struct les_bitmap m = mask("#.......\n"
				   ".##...#.\n"
				   "...###..\n"
				   "........\n"
				   ".##.....\n"
				   ".##..#..\n");
	struct les_polylines paths;
	assert_int_equal(les_skeleton_paths(&m, &paths, NULL), LES_OK);
	assert_int_equal(paths.n, 1); /* neither the square nor the dot has ends */
	assert_int_equal(paths.at[0].n, 7);
	assert_true(les_vec_length(les_vec_sub(paths.at[0].at[0], paths.at[0].at[6])) > 6);
	les_polylines_done(&paths);
	les_bitmap_done(&m);
}

static void forks_give_a_path_for_each_end(void **state)
{
	(void)state;
	struct les_bitmap m = mask(".....#...\n"
				   "....#....\n"
				   "####.....\n"
				   "....#....\n"
				   ".....####\n");
	struct les_polylines paths;
	assert_int_equal(les_skeleton_paths(&m, &paths, NULL), LES_OK);
	assert_in_range(paths.n, 2, 3);
	les_polylines_done(&paths);
	les_bitmap_done(&m);
}

static void distances_count_steps(void **state)
{
	(void)state;
	struct les_bitmap m = mask("....\n"
				   ".#..\n"
				   "....\n");
	uint16_t distance[12];
	les_distance(&m, LES_METRIC_CHESSBOARD, distance);
	static const uint16_t chess[12] = {1, 1, 1, 2, 1, 0, 1, 2, 1, 1, 1, 2};
	assert_memory_equal(distance, chess, sizeof chess);
	les_distance(&m, LES_METRIC_TAXICAB, distance);
	static const uint16_t taxi[12] = {2, 1, 2, 3, 1, 0, 1, 2, 2, 1, 2, 3};
	assert_memory_equal(distance, taxi, sizeof taxi);
	les_bitmap_done(&m);
	m = mask("..\n");
	les_distance(&m, LES_METRIC_TAXICAB, distance);
	assert_int_equal(distance[0], UINT16_MAX / 2);
	les_bitmap_done(&m);
}

static void seams_go_where_it_is_cheap(void **state)
{
	(void)state;
	static float cost[] = {
		9, 9, 1, 9, 9, /**/
		9, 1, 9, 1, 9, /**/
		1, 9, 9, 9, 1, /**/
		0, 9, 9, 9, 0, /* no way from here */
	};
	const struct les_plane p = {cost, 5, 4};
	uint32_t rows[5];
	assert_int_equal(les_seam(&p, rows, NULL), LES_OK);
	static const uint32_t want[5] = {2, 1, 0, 1, 2};
	assert_memory_equal(rows, want, sizeof want);
}

static void seams_cross_planes_of_one_row_or_column(void **state)
{
	(void)state;
	float cost[3] = {2, 1, 3};
	uint32_t rows[3];
	const struct les_plane wide = {cost, 3, 1}, high = {cost, 1, 3};
	assert_int_equal(les_seam(&wide, rows, NULL), LES_OK);
	assert_int_equal(rows[0] + rows[1] + rows[2], 0);
	assert_int_equal(les_seam(&high, rows, NULL), LES_OK);
	assert_int_equal(rows[0], 1);
}

static void offsets_go_up_from_a_line_to_the_right(void **state)
{
	(void)state;
	struct les_vec at[] = {{0, 10}, {10, 10}, {10, 10}, {20, 10}, {20, 30}};
	const struct les_polyline line = {at, 5, 5};
	struct les_polyline moved = {0};
	assert_int_equal(les_offset(&line, 4, &moved, NULL), LES_OK);
	assert_int_equal(moved.n, 4); /* points that stand twice count once */
	assert_true(moved.at[0].x == 0 && fabs(moved.at[0].y - 6) < 1e-9);
	assert_true(fabs(moved.at[2].x - 24) < 1e-9 && fabs(moved.at[2].y - 6) < 1e-9);
	assert_true(fabs(moved.at[3].x - 24) < 1e-9 && fabs(moved.at[3].y - 30) < 1e-9);
	les_polyline_done(&moved);
}

static void pieces_of_an_offset_are_boxes_with_round_corners(void **state)
{
	(void)state;
	struct les_vec at[] = {{0, 10}, {10, 10}, {10, 20}};
	const struct les_polyline line = {at, 3, 3};
	struct les_polyline piece = {0};
	assert_int_equal(les_offset_piece(&line, 0, 4, &piece, NULL), LES_OK);
	assert_true(fabs(fabs(les_polygon_area(&piece)) - 40) < 1e-9);
	piece.n = 0;
	assert_int_equal(les_offset_piece(&line, 1, 4, &piece, NULL), LES_OK);
	assert_true(fabs(fabs(les_polygon_area(&piece)) - 40 - M_PI * 4) < 0.3);
	les_polyline_done(&piece);
}

static void segments_meet_where_they_touch(void **state)
{
	(void)state;
	static const struct {
		double at[8];
		bool meet;
	} cases[] = {
		{{0, 0, 4, 4, 0, 4, 4, 0}, true},  {{0, 0, 4, 0, 2, 0, 2, 5}, true},
		{{0, 0, 4, 0, 3, 0, 9, 0}, true},  {{0, 0, 4, 0, 5, 0, 9, 0}, false},
		{{0, 0, 4, 0, 0, 1, 4, 1}, false}, {{0, 0, 1, 1, 3, 0, 0, 3}, false},
	};
	for (size_t i = 0; i < LES_COUNT(cases); i++) {
		const double *p = cases[i].at;
		assert_int_equal(les_segments_meet((struct les_vec){p[0], p[1]},
						   (struct les_vec){p[2], p[3]},
						   (struct les_vec){p[4], p[5]},
						   (struct les_vec){p[6], p[7]}),
				 cases[i].meet);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(planes_have_limits),
		cmocka_unit_test(blurring_is_a_weighted_mean),
		cmocka_unit_test(blurring_refuses_odd_widths),
		cmocka_unit_test(edges_are_where_grey_changes),
		cmocka_unit_test(ridges_answer_to_lines_and_not_to_plains),
		cmocka_unit_test(ridges_of_the_smallest_planes_are_nothing),
		cmocka_unit_test(thinning_leaves_the_middle),
		cmocka_unit_test(thinning_keeps_pieces_together),
		cmocka_unit_test(components_are_8_connected),
		cmocka_unit_test(outlines_run_around),
		cmocka_unit_test(skeletons_are_followed_from_end_to_end),
		cmocka_unit_test(forks_give_a_path_for_each_end),
		cmocka_unit_test(distances_count_steps),
		cmocka_unit_test(seams_go_where_it_is_cheap),
		cmocka_unit_test(seams_cross_planes_of_one_row_or_column),
		cmocka_unit_test(offsets_go_up_from_a_line_to_the_right),
		cmocka_unit_test(pieces_of_an_offset_are_boxes_with_round_corners),
		cmocka_unit_test(segments_meet_where_they_touch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
