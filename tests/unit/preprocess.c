/* preprocess/: what a page is like, what is mended, and the way back. */
#include "preprocess/preprocess.h"
#include "base/cleanup.h"
#include "test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

LES_DEFINE_CLEANUP(struct les_page, les_page_free)

enum { W = 900, H = 1200, MARKS = 5, MARK_PX = 9 };

static const struct les_wishes wishes = {.deskew_min_deg = 0.5f,
					 .deskew_max_deg = 10,
					 .stain_min = 40,
					 .contrast_min = 110,
					 .speckle_min_n = 40};

/* A page as a function: white paper, rows of letters like bars. */
static uint8_t letters(float x, float y)
{
	const int row = (int)floorf(y / 30), column = (int)floorf(x / 12);
	const bool inside = x > 90 && x < W - 90 && y > 120 && y < H - 120;
	const float in_row = y - 30.0f * (float)row, in_column = x - 12.0f * (float)column;

	if (!inside || in_row < 8 || in_row > 22 || (column * 7 + row) % 6 == 0)
		return 240;
	return in_column > 2 && in_column < 6 ? 30 : 240;
}

/* The page of letters, its lines leaning by deg (clockwise positive) about the middle; what lies at
 * p there lies at lean(p) here. */
static struct les_point lean(struct les_point p, float deg)
{
	const float c = cosf(deg * (float)M_PI / 180), s = sinf(deg * (float)M_PI / 180);
	const float x = p.x_px - W / 2.0f, y = p.y_px - H / 2.0f;

	return (struct les_point){W / 2.0f + c * x - s * y, H / 2.0f + s * x + c * y};
}

static uint8_t *page_new(float deg)
{
	uint8_t *px = malloc((size_t)W * H);

	assert_non_null(px);
	for (uint32_t y = 0; y < H; y++) {
		for (uint32_t x = 0; x < W; x++) {
			struct les_point at = {(float)x + 0.5f, (float)y + 0.5f};
			at = lean(at, -deg);
			px[(size_t)y * W + x] = letters(at.x_px, at.y_px);
		}
	}
	return px;
}

static struct les_image image_of(const uint8_t *px)
{
	return (struct les_image){px, W, H, W, 1};
}

static void prepare(const struct les_image *image, struct les_prepared *ret)
{
	struct les_error error;

	if (les_page_prepare(image, &wishes, ret, &error) != LES_OK)
		fail_msg("%s", error.message);
}

static void a_clean_page_stays_as_it_is(void **state)
{
	(void)state;
	LES_CLEANUP(les_free_p) uint8_t *px = page_new(0);
	const struct les_image image = image_of(px);
	struct les_prepared p;

	prepare(&image, &p);
	assert_ptr_equal(p.image.px, px);
	assert_null(p.own);
	assert_false(p.turned || p.evened || p.spread || p.wiped);
	const struct les_point at = les_affine_apply(&p.to_page, (struct les_point){17, 23});
	assert_true(at.x_px == 17 && at.y_px == 23);
	les_prepared_done(&p);
}

static void a_lean_is_found_and_undone(void **state)
{
	(void)state;
	static const float leans[] = {-8, -3.3f, -1, 1.2f, 2.5f, 6, 9};
	struct les_measure m;
	struct les_error error;

	for (size_t i = 0; i < LES_COUNT(leans); i++) {
		LES_CLEANUP(les_free_p) uint8_t *px = page_new(leans[i]);
		LES_CLEANUP(les_prepared_done) struct les_prepared p = {.own = NULL};
		const struct les_image image = image_of(px);

		assert_int_equal(les_page_measure(&image, &wishes, &m, &error), LES_OK);
		assert_true(fabsf(m.deskew_deg + leans[i]) < 0.15f);
		prepare(&image, &p);
		assert_true(p.turned);
		assert_int_equal(les_page_measure(&p.image, &wishes, &m, &error), LES_OK);
		assert_true(fabsf(m.deskew_deg) < 0.15f);
	}
}

/* The middle of the dark pixels within r of a place. */
static struct les_point dark_near(const struct les_image *image, struct les_point p, int r)
{
	double x = 0, y = 0, sum = 0;

	for (int dy = -r; dy <= r; dy++) {
		for (int dx = -r; dx <= r; dx++) {
			const int px = (int)p.x_px + dx, py = (int)p.y_px + dy;
			if (px < 0 || py < 0 || px >= (int)image->w_px || py >= (int)image->h_px)
				continue;
			const double ink =
				255 - image->px[(size_t)py * image->stride_bytes + (size_t)px];
			if (ink < 100)
				continue;
			x += ink * (px + 0.5);
			y += ink * (py + 0.5);
			sum += ink;
		}
	}
	assert_true(sum > 0);
	return (struct les_point){(float)(x / sum), (float)(y / sum)};
}

static void put_mark(uint8_t *px, int left, int top)
{
	for (int y = -20; y < MARK_PX + 20; y++)
		for (int x = -20; x < MARK_PX + 20; x++)
			px[(top + y) * W + left + x] =
				x >= 0 && y >= 0 && x < MARK_PX && y < MARK_PX ? 0 : 240;
}

/* Where a mark stands on the turned page leads, by the way back, to where it stands on the page. */
static void the_way_back_holds_within_a_pixel(void **state)
{
	(void)state;
	static const int marks[MARKS][2] = {
		{60, 60}, {800, 70}, {440, 610}, {50, 1100}, {820, 1120}};
	static const float leans[] = {-7, 1.5f, 4};

	for (size_t i = 0; i < LES_COUNT(leans); i++) {
		LES_CLEANUP(les_free_p) uint8_t *px = page_new(leans[i]);
		LES_CLEANUP(les_prepared_done) struct les_prepared p = {.own = NULL};
		const struct les_image image = image_of(px);

		for (int k = 0; k < MARKS; k++)
			put_mark(px, marks[k][0], marks[k][1]);
		prepare(&image, &p);
		assert_true(p.turned);
		const struct les_affine *m = &p.to_page;
		const float det = m->a * m->e - m->b * m->d;
		for (int k = 0; k < MARKS; k++) {
			const float x = (float)marks[k][0] + MARK_PX / 2.0f - m->c;
			const float y = (float)marks[k][1] + MARK_PX / 2.0f - m->f;
			const struct les_point there = {(m->e * x - m->b * y) / det,
							(m->a * y - m->d * x) / det};
			const struct les_point seen = dark_near(&p.image, there, 12);
			assert_true(fabsf(seen.x_px - there.x_px) < 1);
			assert_true(fabsf(seen.y_px - there.y_px) < 1);
		}
	}
}

/* Half the page lies in shade. */
static void stained_paper_is_evened(void **state)
{
	(void)state;
	LES_CLEANUP(les_free_p) uint8_t *px = page_new(0);
	const struct les_image image = image_of(px);
	LES_CLEANUP(les_prepared_done) struct les_prepared p = {.own = NULL};

	for (uint32_t i = 0; i < W * H; i++) {
		const float shade = 1 - 0.5f * fminf((float)(i % W) / W * 1.5f, 1);
		px[i] = (uint8_t)((float)px[i] * shade);
	}
	prepare(&image, &p);
	assert_true(p.evened && !p.turned);
	assert_in_range(p.image.px[50 * W + 30], 220, 250);
	assert_in_range(p.image.px[50 * W + 870], 220, 250);
	assert_in_range(p.image.px[(H - 40) * W + 450], 220, 250);
}

static void faded_ink_is_spread(void **state)
{
	(void)state;
	LES_CLEANUP(les_free_p) uint8_t *px = page_new(0);
	const struct les_image image = image_of(px);
	LES_CLEANUP(les_prepared_done) struct les_prepared p = {.own = NULL};
	uint8_t least = 255;

	for (uint32_t i = 0; i < W * H; i++)
		px[i] = (uint8_t)(150 + px[i] / 5);
	prepare(&image, &p);
	assert_true(p.spread && !p.turned && !p.evened);
	for (uint32_t i = 0; i < W * H; i++)
		least = p.image.px[i] < least ? p.image.px[i] : least;
	assert_in_range(least, 0, 40);
	assert_in_range(p.image.px[0], 220, 255);
}

static void specks_are_wiped_and_letters_are_not(void **state)
{
	(void)state;
	LES_CLEANUP(les_free_p) uint8_t *clean = page_new(0);
	LES_CLEANUP(les_free_p) uint8_t *px = page_new(0);
	const struct les_image image = image_of(px);
	LES_CLEANUP(les_prepared_done) struct les_prepared p = {.own = NULL};
	uint32_t random = 1, before = 0, left = 0, harmed = 0;

	for (uint32_t i = 0; i < W * H; i++) {
		random = random * 1664525 + 1013904223;
		if (random >> 16 < 2000) /* of 65536 */
			px[i] = random & 0x8000 ? 255 : 0;
	}
	prepare(&image, &p);
	assert_true(p.wiped);
	for (uint32_t i = 0; i < W * H; i++) {
		const bool was = abs(px[i] - clean[i]) > 60,
			   is = abs(p.image.px[i] - clean[i]) > 60;
		before += was;
		left += is;
		harmed += is && !was;
	}
	/* those that touch ink or each other stay */
	assert_in_range(left, 0, before / 3);
	assert_in_range(harmed, 0, before / 1000);
}

static void specks_are_counted(void **state)
{
	(void)state;
	uint8_t px[100 * 100];
	const struct les_image image = {px, 100, 100, 100, 1};
	struct les_error error;

	memset(px, 200, sizeof px);
	assert_int_equal(les_specks_count(&image), 0);
	for (int i = 0; i < 98; i++)
		px[(1 + i) * 100 + 1 + (i * 7) % 98] = 10;
	assert_int_equal(les_specks_count(&image), 98 * 10000 / (98 * 98));
	assert_int_equal(les_specks_wipe(px, 100, 100, 100, &error), LES_OK);
	for (size_t i = 0; i < sizeof px; i++)
		assert_int_equal(px[i], 200);
}

static void the_smallest_and_the_empty_stay(void **state)
{
	(void)state;
	static const uint32_t sides[][2] = {{1, 1},   {1, 3000}, {3000, 1},   {15, 15},
					    {16, 16}, {64, 64},  {30, 20000}, {1500, 17}};

	for (size_t i = 0; i < LES_COUNT(sides); i++) {
		const size_t n = (size_t)sides[i][0] * sides[i][1];
		for (uint32_t channels = 1; channels <= 3; channels += 2) {
			LES_CLEANUP(les_free_p) uint8_t *px = malloc(n * channels);
			LES_CLEANUP(les_prepared_done) struct les_prepared p = {.own = NULL};
			assert_non_null(px);
			for (int v = 0; v < 256; v += 85) {
				memset(px, v, n * channels);
				const struct les_image image = {px, sides[i][0], sides[i][1],
								sides[i][0] * channels, channels};
				prepare(&image, &p);
				assert_ptr_equal(p.image.px, px);
				assert_int_equal(p.image.channels, channels);
			}
		}
	}
}

static void colour_becomes_grey_only_where_something_is_mended(void **state)
{
	(void)state;
	for (int lean_deg = 0; lean_deg <= 3; lean_deg += 3) {
		LES_CLEANUP(les_free_p) uint8_t *grey = page_new((float)lean_deg);
		LES_CLEANUP(les_free_p) uint8_t *px = malloc((size_t)W * H * 3);
		LES_CLEANUP(les_prepared_done) struct les_prepared p = {.own = NULL};
		const struct les_image image = {px, W, H, W * 3, 3};

		assert_non_null(px);
		for (size_t i = 0; i < (size_t)W * H * 3; i++)
			px[i] = i % 3 == 2 && grey[i / 3] < 100 ? 120 : grey[i / 3];
		prepare(&image, &p);
		assert_int_equal(p.turned, lean_deg != 0);
		assert_int_equal(p.image.channels, lean_deg ? 1 : 3);
	}
}

static void coordinates_are_taken_through(void **state)
{
	(void)state;
	/* a quarter turn: x' = 100 − y, y' = x */
	static const struct les_affine m = {0, -1, 100, 1, 0, 0};
	LES_CLEANUP(les_page_free_p) struct les_page *page = les_page_new();
	struct les_point base[] = {{10, 20}, {30, 20}};
	struct les_char chars[] = {{.text = "a", .box = {10, 12, 14, 20}}};
	struct les_word words[] = {{.text = "a", .box = {10, 10, 30, 22}, .chars_n = 1}};
	struct les_line lines[] = {{.text = "a",
				    .baseline = {base, 2},
				    .box = {10, 10, 30, 200},
				    .words = words,
				    .words_n = 1,
				    .chars = chars,
				    .chars_n = 1}};
	struct les_error error;

	assert_non_null(page);
	page->info.w_px = page->info.h_px = 100;
	page->lines = lines;
	page->lines_n = 1;
	assert_int_equal(les_page_map(page, &m, &error), LES_OK);
	assert_true(base[0].x_px == 80 && base[0].y_px == 10);
	assert_true(base[1].x_px == 80 && base[1].y_px == 30);
	const struct les_box word = words[0].box, line = lines[0].box, c = chars[0].box;
	assert_true(word.x0_px == 78 && word.y0_px == 10 && word.x1_px == 90 && word.y1_px == 30);
	assert_true(c.x0_px == 80 && c.y0_px == 10 && c.x1_px == 88 && c.y1_px == 14);
	/* cut at the page's side */
	assert_true(line.x0_px == 0 && line.y0_px == 10 && line.x1_px == 90 && line.y1_px == 30);
	assert_int_equal(words[0].polygon.n, 4);
	assert_true(words[0].polygon.at[0].x_px == 90 && words[0].polygon.at[0].y_px == 10);
	page->lines = NULL;
	page->lines_n = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clean_page_stays_as_it_is),
		cmocka_unit_test(a_lean_is_found_and_undone),
		cmocka_unit_test(the_way_back_holds_within_a_pixel),
		cmocka_unit_test(stained_paper_is_evened),
		cmocka_unit_test(faded_ink_is_spread),
		cmocka_unit_test(specks_are_wiped_and_letters_are_not),
		cmocka_unit_test(specks_are_counted),
		cmocka_unit_test(the_smallest_and_the_empty_stay),
		cmocka_unit_test(colour_becomes_grey_only_where_something_is_mended),
		cmocka_unit_test(coordinates_are_taken_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
