/* train/curve: a picture that Leptonica reads, of what was learnt. */
#include "train/curve.h"
#include "base/cleanup.h"
#include "test.h"

#include <leptonica/allheaders.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RED = 0xc8321e00, BLUE = 0x1e5ac800, LEFT = 84, RIGHT = LES_CURVE_W_PX - 84 };

static PIX *drawn(const struct les_curve_point *points, uint32_t n)
{
	LES_CLEANUP(les_buf_done) struct les_buf png = LES_BUF(1 << 20);

	assert_int_equal(les_curve_draw(points, n, "CER", &png, NULL), LES_OK);
	PIX *pix = pixReadMemPng(png.bytes, png.len), *rgb = pix ? pixConvertTo32(pix) : NULL;
	assert_non_null(rgb);
	assert_int_equal(pixGetWidth(rgb), LES_CURVE_W_PX);
	assert_int_equal(pixGetHeight(rgb), LES_CURVE_H_PX);
	pixDestroy(&pix);
	return rgb;
}

/* How far down a colour first is in a column; LES_CURVE_H_PX: nowhere. */
static int top_of(PIX *pix, int x, l_uint32 colour)
{
	l_uint32 value;

	for (int y = 34; y < LES_CURVE_H_PX; y++)
		if (pixGetPixel(pix, x, y, &value) == 0 && (value & 0xffffff00) == colour)
			return y;
	return LES_CURVE_H_PX;
}

static void what_falls_is_drawn_falling(void **state)
{
	const struct les_curve_point losses[] = {{200, -1}, {80, -1}, {20, -1}, {12, -1}, {9, -1}};
	const struct les_curve_point errors[] = {
		{0, 0.9f}, {0, 0.4f}, {0, 0.2f}, {0, 0.15f}, {0, 0}};
	PIX *loss = drawn(losses, LES_COUNT(losses)), *error = drawn(errors, LES_COUNT(errors));
	int before[2] = {0, 0};

	(void)state;
	for (int i = 0; i < 5; i++) {
		const int left = LEFT, wide = RIGHT - LEFT;
		const int x = left + i * wide / 4 + (i ? 0 : 2) - (i == 4 ? 1 : 0);
		const int at[2] = {top_of(loss, x, BLUE), top_of(error, x, RED)};
		assert_true(at[0] > before[0] && at[0] < LES_CURVE_H_PX);
		assert_true(at[1] > before[1] && at[1] < LES_CURVE_H_PX);
		memcpy(before, at, sizeof before);
	}
	pixDestroy(&loss);
	pixDestroy(&error);
}

static void other_numbers_are_another_picture(void **state)
{
	const struct les_curve_point one[] = {{9, 0.5f}, {5, 0.2f}},
				     other[] = {{9, 0.5f}, {5, 0.4f}};
	PIX *a = drawn(one, 2), *b = drawn(other, 2), *again = drawn(one, 2);
	l_int32 same;

	(void)state;
	assert_int_equal(pixEqual(a, again, &same), 0);
	assert_true(same);
	assert_int_equal(pixEqual(a, b, &same), 0);
	assert_false(same);
	pixDestroy(&a);
	pixDestroy(&b);
	pixDestroy(&again);
}

/* One epoch, none measured, zeros, what is no number, and very many. */
static void odd_courses_are_drawn(void **state)
{
	static struct les_curve_point many[5000];
	const struct les_curve_point odd[] = {
		{NAN, 0}, {INFINITY, -1}, {0, 0}, {1e30f, 1e30f}, {1e-30f, 1e-30f}};
	const struct les_curve_point unmeasured[] = {{9, -1}, {5, -1}};
	PIX *pix;

	(void)state;
	for (uint32_t i = 0; i < LES_COUNT(many); i++)
		many[i] = (struct les_curve_point){100 / (float)(i + 1), 1 / (float)(i + 1)};
	pix = drawn(many, LES_COUNT(many));
	pixDestroy(&pix);
	for (uint32_t n = 1; n <= LES_COUNT(odd); n++) {
		pix = drawn(odd, n);
		pixDestroy(&pix);
	}
	pix = drawn(unmeasured, 2);
	assert_true(top_of(pix, (LEFT + RIGHT) / 2, BLUE) < LES_CURVE_H_PX);
	assert_int_equal(top_of(pix, (LEFT + RIGHT) / 2, RED), LES_CURVE_H_PX);
	pixDestroy(&pix);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_falls_is_drawn_falling),
		cmocka_unit_test(other_numbers_are_another_picture),
		cmocka_unit_test(odd_courses_are_drawn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
