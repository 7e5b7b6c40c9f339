/* train/page_augment.h: pages as they might have been, and their lines with them. */
#include "train/page_augment.h"
#include "image/input.h"
#include "test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { W = 240, H = 320, C = 3, N = H * W * C, SEEDS = 40 };

struct page {
	float at[N], scratch[N];
};

static float *pixel(struct page *page, uint32_t x, uint32_t y)
{
	return page->at + ((size_t)y * W + x) * C;
}

/* Soft dots, far from each other and the edges, and a level line near the bottom. */
enum { DOTS_X = 4, DOTS_Y = 6, DOTS = DOTS_X * DOTS_Y, LINE_N = 9, LINE_Y = 285 };
static struct page *page_with(struct les_point points[DOTS + LINE_N])
{
	struct page *page = calloc(1, sizeof *page);

	assert_non_null(page);
	for (uint32_t i = 0; i < DOTS; i++)
		points[i] = (struct les_point){30.3f + (float)(i % DOTS_X) * 58.6f,
					       30.8f + (float)(i / DOTS_X) * 42.7f};
	for (uint32_t i = 0; i < LINE_N; i++)
		points[DOTS + i] = (struct les_point){40 + 20 * (float)i, LINE_Y};
	for (uint32_t y = 0; y < H; y++)
		for (uint32_t x = 0; x < W; x++) {
			const float dy = (float)y - LINE_Y;
			float ink = x >= 30 && x < 210 ? 0.7f * expf(-dy * dy / 4) : 0;
			for (uint32_t i = 0; i < DOTS; i++) {
				const float a = (float)x - points[i].x_px;
				const float b = (float)y - points[i].y_px;
				ink += 0.7f * expf(-(a * a + b * b) / 8);
			}
			for (uint32_t c = 0; c < C; c++)
				pixel(page, x, y)[c] = ink;
		}
	return page;
}

/* Where the ink around a place has its middle; weights are what is above half of its highest. */
static struct les_point middle_of(struct page *page, struct les_point near, float reach_x)
{
	const int32_t r = 9;
	double sum = 0, sum_x = 0, sum_y = 0;
	float high = 0, low = 2;

	for (int pass = 0; pass < 2; pass++)
		for (int32_t dy = -r; dy <= r; dy++)
			for (int32_t dx = -(int32_t)reach_x; dx <= (int32_t)reach_x; dx++) {
				const int32_t x = (int32_t)lroundf(near.x_px) + dx;
				const int32_t y = (int32_t)lroundf(near.y_px) + dy;
				assert_in_range(x, 0, W - 1);
				assert_in_range(y, 0, H - 1);
				const float v = pixel(page, (uint32_t)x, (uint32_t)y)[0];
				high = fmaxf(high, v);
				low = fminf(low, v);
				const float weight = v - (high + low) / 2;
				if (pass == 0 || weight <= 0)
					continue;
				sum += weight;
				sum_x += (double)weight * x;
				sum_y += (double)weight * y;
			}
	return (struct les_point){(float)(sum_x / sum), (float)(sum_y / sum)};
}

static bool is_within(struct les_point p)
{
	return p.x_px > 12 && p.y_px > 12 && p.x_px < W - 13 && p.y_px < H - 13;
}

static void points_stay_on_their_pixels(void **state)
{
	(void)state;
	uint32_t seen = 0, moved = 0;

	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		struct les_point was[DOTS + LINE_N], points[DOTS + LINE_N];
		struct page *page = page_with(was);
		memcpy(points, was, sizeof was);
		les_page_augment(page->at, H, W, C, points, DOTS + LINE_N, 1, seed, page->scratch);
		for (uint32_t i = 0; i < DOTS + LINE_N; i++) {
			if (!is_within(points[i]))
				continue;
			const struct les_point at = middle_of(page, points[i], i < DOTS ? 9 : 0);
			const float dx = i < DOTS ? at.x_px - points[i].x_px : 0;
			const float off = hypotf(dx, at.y_px - points[i].y_px);
			if (off > (i < DOTS ? 0.5f : 0.8f))
				fail_msg("seed %u, point %u: %.2f px off", (unsigned)seed, i,
					 (double)off);
			seen++;
			moved += hypotf(points[i].x_px - was[i].x_px,
					points[i].y_px - was[i].y_px) > 2;
		}
		free(page);
	}
	assert_true(seen > SEEDS * (DOTS + LINE_N) * 3 / 4);
	assert_true(moved > seen / 3);
}

/* Between any two points: never the other way round, and at most 3° and a shear turned. */
static void nothing_is_mirrored(void **state)
{
	(void)state;
	struct page *page = calloc(1, sizeof *page);

	assert_non_null(page);
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		struct les_point p[] = {{40, 160}, {200, 160}, {120, 60}, {120, 260}};
		les_page_augment(page->at, H, W, C, p, 4, 1, seed, page->scratch);
		assert_true(p[1].x_px - p[0].x_px > 130);
		assert_true(p[3].y_px - p[2].y_px > 160);
		assert_true(fabsf(p[1].y_px - p[0].y_px) < 0.09f * 160);
	}
	free(page);
}

static void the_same_seed_gives_the_same_page(void **state)
{
	(void)state;
	struct les_point a[DOTS + LINE_N], b[DOTS + LINE_N], c[DOTS + LINE_N];
	struct page *pages[] = {page_with(a), page_with(b), page_with(c)};

	les_page_augment(pages[0]->at, H, W, C, a, DOTS + LINE_N, 0.7f, 5, pages[0]->scratch);
	les_page_augment(pages[1]->at, H, W, C, b, DOTS + LINE_N, 0.7f, 5, pages[1]->scratch);
	les_page_augment(pages[2]->at, H, W, C, c, DOTS + LINE_N, 0.7f, 6, pages[2]->scratch);
	assert_memory_equal(pages[0]->at, pages[1]->at, sizeof pages[0]->at);
	assert_memory_equal(a, b, sizeof a);
	assert_memory_not_equal(pages[0]->at, pages[2]->at, sizeof pages[0]->at);
	for (size_t i = 0; i < N; i++)
		assert_true(pages[0]->at[i] >= 0 && pages[0]->at[i] <= 1);
	for (size_t i = 0; i < LES_COUNT(pages); i++)
		free(pages[i]);
}

static void no_strength_changes_nothing(void **state)
{
	(void)state;
	struct les_point a[DOTS + LINE_N], b[DOTS + LINE_N];
	struct page *page = page_with(a), *same = page_with(b);

	les_page_augment(page->at, H, W, C, a, DOTS + LINE_N, 0, 5, page->scratch);
	assert_memory_equal(page->at, same->at, sizeof page->at);
	assert_memory_equal(a, b, sizeof a);
	les_page_augment(page->at, 0, 0, C, NULL, 0, 1, 5, page->scratch);
	free(page);
	free(same);
}

/* One pixel wide, one high: edges everywhere. */
static void small_pages_are_harmless(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		float column[7] = {1, 0, 1, 0, 0, 1, 0}, row[9] = {0}, scratch[9];
		les_page_augment(column, 7, 1, 1, NULL, 0, 1, seed, scratch);
		les_page_augment(row, 1, 3, 3, NULL, 0, 1, seed, scratch);
		for (size_t i = 0; i < LES_COUNT(column); i++)
			assert_true(column[i] >= 0 && column[i] <= 1);
	}
}

/* What a net learns from is what it reads. */
static void input_is_as_in_reading(void **state)
{
	(void)state;
	static const uint8_t px[] = {10, 20, 250, 40, 50, 60, 0, 80, 90, 100, 110, 240};
	const struct les_image image = {px, 2, 2, 6, 3};
	struct les_input want;
	float got[LES_COUNT(px)];

	assert_int_equal(les_input_from_resized(&image, 0, &want, NULL), LES_OK);
	les_page_input(px, 2, 2, 3, got);
	for (uint32_t i = 0; i < 4; i++)
		for (uint32_t c = 0; c < 3; c++)
			assert_true(got[3 * i + c] == want.at[4 * c + i]);
	les_input_done(&want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(points_stay_on_their_pixels),
		cmocka_unit_test(nothing_is_mirrored),
		cmocka_unit_test(the_same_seed_gives_the_same_page),
		cmocka_unit_test(no_strength_changes_nothing),
		cmocka_unit_test(small_pages_are_harmless),
		cmocka_unit_test(input_is_as_in_reading),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
