/* image/: resizing, polygons, polylines, triangles, a net's input. */
#include "image/delaunay.h"
#include "image/input.h"
#include "image/polygon.h"
#include "image/resize.h"
#include "test.h"
#include "types/limits.h"

#include <stdlib.h>
#include <string.h>

static struct les_polyline polyline(const struct les_vec *at, size_t n)
{
	struct les_polyline line = {0};

	for (size_t i = 0; i < n; i++)
		assert_int_equal(les_polyline_push(&line, at[i], NULL), LES_OK);
	return line;
}

static void bitmap_refuses_impossible_sizes(void **state)
{
	(void)state;
	struct les_bitmap bitmap;
	assert_int_equal(les_bitmap_new(0, 5, 1, &bitmap, NULL), LES_LIMIT);
	assert_int_equal(les_bitmap_new(5, LES_BITMAP_SIDE_MAX + 1, 1, &bitmap, NULL), LES_LIMIT);
	assert_int_equal(les_bitmap_new(50000, 50000, 1, &bitmap, NULL), LES_LIMIT);
}

static void crop_stays_within_the_image(void **state)
{
	(void)state;
	static const uint8_t px[6] = {1, 2, 3, 4, 5, 6};
	const struct les_image image = {px, 3, 2, 3, 1};
	const struct les_image part = les_image_crop(&image, (struct les_box){1, -5, 99, 1});
	assert_int_equal(part.w_px, 2);
	assert_int_equal(part.h_px, 1);
	assert_int_equal(part.px[0], 2);
	assert_int_equal(les_image_crop(&image, (struct les_box){5, 0, 9, 2}).w_px, 0);
}

static void grey_is_luma(void **state)
{
	(void)state;
	static const uint8_t px[6] = {255, 255, 255, 255, 0, 0};
	const struct les_image image = {px, 2, 1, 6, 3};
	struct les_bitmap grey;
	assert_int_equal(les_bitmap_copy(&image, 1, &grey, NULL), LES_OK);
	assert_int_equal(grey.px[0], 255);
	assert_int_equal(grey.px[1], 76);
	les_bitmap_done(&grey);
}

static void resizing_keeps_flat_images_flat(void **state)
{
	(void)state;
	static const struct {
		uint32_t w, h;
	} sizes[] = {{1, 1}, {7, 3}, {40, 90}, {20, 30}, {20, 5}, {3, 30}};
	uint8_t px[20 * 30 * 3];
	memset(px, 77, sizeof px);
	for (size_t i = 0; i < LES_COUNT(sizes); i++) {
		const struct les_image image = {px, 20, 30, 60, 3};
		struct les_bitmap out;
		assert_int_equal(les_resize_lanczos(&image, sizes[i].w, sizes[i].h, &out, NULL),
				 LES_OK);
		assert_int_equal(out.w_px, sizes[i].w);
		assert_int_equal(out.h_px, sizes[i].h);
		for (size_t k = 0; k < (size_t)out.w_px * out.h_px * 3; k++)
			assert_int_equal(out.px[k], 77);
		les_bitmap_done(&out);
	}
}

/* Values of Pillow 9.4: Image.frombytes("L", (8, 1), …).resize((4, 1), LANCZOS) */
static void resizing_gives_pillows_values(void **state)
{
	(void)state;
	static const uint8_t px[8] = {0, 0, 255, 255, 0, 128, 255, 0};
	static const uint8_t want[4] = {22, 208, 108, 134};
	const struct les_image image = {px, 8, 1, 8, 1};
	struct les_bitmap out;
	assert_int_equal(les_resize_lanczos(&image, 4, 1, &out, NULL), LES_OK);
	assert_memory_equal(out.px, want, sizeof want);
	les_bitmap_done(&out);
}

static void polygon_covers_its_outline(void **state)
{
	(void)state;
	static const struct les_vec corners[] = {{1, 1}, {4, 1}, {4, 3}, {1, 3}};
	struct les_polyline square = polyline(corners, LES_COUNT(corners));
	struct les_bitmap mask;
	assert_int_equal(les_bitmap_new(6, 5, 1, &mask, NULL), LES_OK);
	assert_int_equal(les_polygon_fill(&mask, &square, NULL), LES_OK);
	for (uint32_t y = 0; y < 5; y++)
		for (uint32_t x = 0; x < 6; x++)
			assert_int_equal(mask.px[y * 6 + x],
					 x >= 1 && x <= 4 && y >= 1 && y <= 3 ? 255 : 0);
	assert_true(les_polygon_area(&square) == 6);
	assert_true(les_polygon_contains(&square, (struct les_vec){2, 2}));
	assert_false(les_polygon_contains(&square, (struct les_vec){5, 2}));
	les_bitmap_done(&mask);
	les_polyline_done(&square);
}

static void polygon_beyond_the_mask_is_cut(void **state)
{
	(void)state;
	static const struct les_vec corners[] = {{-50, -20}, {90, -30}, {80, 70}, {-40, 60}};
	struct les_polyline large = polyline(corners, LES_COUNT(corners));
	struct les_bitmap mask;
	assert_int_equal(les_bitmap_new(6, 5, 1, &mask, NULL), LES_OK);
	assert_int_equal(les_polygon_fill(&mask, &large, NULL), LES_OK);
	for (size_t i = 0; i < 30; i++)
		assert_int_equal(mask.px[i], 255);
	les_bitmap_done(&mask);
	les_polyline_done(&large);
}

static void polyline_simplifies_to_its_corners(void **state)
{
	(void)state;
	static const struct les_vec at[] = {{0, 0}, {5, 1}, {10, 0}, {10, 5}, {11, 10}, {10, 20}};
	struct les_polyline line = polyline(at, LES_COUNT(at));
	assert_int_equal(les_polyline_simplify(&line, 3, NULL), LES_OK);
	assert_int_equal(line.n, 3);
	assert_true(line.at[1].x == 10 && line.at[1].y == 0);
	assert_true(line.at[2].y == 20);
	les_polyline_done(&line);
}

static void polyline_measures_along_itself(void **state)
{
	(void)state;
	static const struct les_vec at[] = {{0, 0}, {0, 0}, {10, 0}, {10, 10}};
	struct les_polyline line = polyline(at, LES_COUNT(at));
	assert_true(les_polyline_length(&line) == 20);
	assert_true(les_polyline_at(&line, 15).y == 5);
	assert_true(les_polyline_at(&line, -3).x == 0);
	assert_true(les_polyline_at(&line, 99).y == 10);
	les_polyline_done(&line);
}

static void subdivision_cuts_corners(void **state)
{
	(void)state;
	static const struct les_vec at[] = {{0, 0}, {4, 0}, {4, 4}, {0, 0}};
	struct les_polyline line = polyline(at, 4), open, closed;
	assert_int_equal(les_polyline_subdivide(&line, &closed, NULL), LES_OK);
	assert_int_equal(closed.n, 7);
	assert_true(closed.at[0].x == 3 && closed.at[0].y == 3 && closed.at[6].x == 3);
	line.n = 3;
	assert_int_equal(les_polyline_subdivide(&line, &open, NULL), LES_OK);
	assert_int_equal(open.n, 6);
	assert_true(open.at[0].x == 0 && open.at[1].x == 1 && open.at[5].y == 4);
	les_polyline_done(&line);
	les_polyline_done(&open);
	les_polyline_done(&closed);
}

static double area_of(const struct les_vec *at, const struct les_triangle *t)
{
	return les_vec_cross(les_vec_sub(at[t->corner[1]], at[t->corner[0]]),
			     les_vec_sub(at[t->corner[2]], at[t->corner[0]])) /
	       2;
}

/* A grid is the hardest case: every four points lie on a circle, whole rows on a line. */
static void triangles_cover_the_hull_once(void **state)
{
	(void)state;
	struct les_vec at[9 * 7 + 1];
	struct les_triangle *triangles;
	size_t n;
	double area = 0;
	for (int i = 0; i < 9 * 7; i++)
		at[i] = (struct les_vec){i % 9 * 10, i / 9 * 10};
	at[9 * 7] = at[5]; /* a duplicate */
	assert_int_equal(les_delaunay(at, LES_COUNT(at), &triangles, &n, NULL), LES_OK);
	for (size_t i = 0; i < n; i++) {
		assert_true(area_of(at, &triangles[i]) > -1);
		area += area_of(at, &triangles[i]);
	}
	assert_true(fabs(area - 80 * 60) < 1);
	free(triangles);
	assert_int_equal(les_delaunay(at, 2, &triangles, &n, NULL), LES_LIMIT);
	assert_int_equal(les_delaunay(at, LES_TRIANGLE_POINTS_MAX + 1, &triangles, &n, NULL),
			 LES_LIMIT);
}

static void input_is_inverted_and_padded(void **state)
{
	(void)state;
	static const uint8_t px[4] = {0, 255, 51, 102};
	const struct les_image image = {px, 2, 2, 2, 1};
	const struct les_input_spec spec = {.channels = 1, .h_px = 2, .pad_px = 3};
	struct les_input input;
	assert_int_equal(les_input_from_image(&image, &spec, &input, NULL), LES_OK);
	assert_int_equal(input.w_px, 8);
	assert_true(input.at[0] == 0 && input.at[7] == 0);
	assert_true(fabsf(input.at[3] - 1) < 1e-6f && input.at[4] == 0);
	assert_true(fabsf(input.at[11] - 0.8f) < 1e-6f);
	assert_false(input.flat);
	les_input_done(&input);
}

static void input_without_padding_starts_at_its_lightest(void **state)
{
	(void)state;
	static const uint8_t px[12] = {10, 20, 30, 40, 50, 60, 10, 20, 30, 40, 50, 60};
	const struct les_image image = {px, 2, 2, 6, 3};
	const struct les_input_spec spec = {.channels = 3, .h_px = 2, .w_px = 2};
	struct les_input input;
	assert_int_equal(les_input_from_image(&image, &spec, &input, NULL), LES_OK);
	assert_true(fabsf(input.at[0] - 50 / 255.0f) < 1e-6f); /* red plane first */
	assert_true(fabsf(input.at[4] - 40 / 255.0f) < 1e-6f);
	assert_true(input.at[9] == 0);
	les_input_done(&input);
}

static void flat_input_says_so(void **state)
{
	(void)state;
	uint8_t px[64];
	memset(px, 255, sizeof px);
	const struct les_image image = {px, 8, 8, 8, 1};
	const struct les_input_spec spec = {.channels = 1, .h_px = 4, .pad_px = 16};
	struct les_input input;
	assert_int_equal(les_input_from_image(&image, &spec, &input, NULL), LES_OK);
	assert_true(input.flat);
	les_input_done(&input);
	const struct les_input_spec wide = {.channels = 1, .h_px = 4 * LES_BITMAP_SIDE_MAX};
	assert_int_equal(les_input_from_image(&image, &wide, &input, NULL), LES_LIMIT);
	const struct les_image empty = {px, 0, 8, 0, 1};
	assert_int_equal(les_input_from_image(&empty, &spec, &input, NULL), LES_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bitmap_refuses_impossible_sizes),
		cmocka_unit_test(crop_stays_within_the_image),
		cmocka_unit_test(grey_is_luma),
		cmocka_unit_test(resizing_keeps_flat_images_flat),
		cmocka_unit_test(resizing_gives_pillows_values),
		cmocka_unit_test(polygon_covers_its_outline),
		cmocka_unit_test(polygon_beyond_the_mask_is_cut),
		cmocka_unit_test(polyline_simplifies_to_its_corners),
		cmocka_unit_test(polyline_measures_along_itself),
		cmocka_unit_test(subdivision_cuts_corners),
		cmocka_unit_test(triangles_cover_the_hull_once),
		cmocka_unit_test(input_is_inverted_and_padded),
		cmocka_unit_test(input_without_padding_starts_at_its_lightest),
		cmocka_unit_test(flat_input_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
