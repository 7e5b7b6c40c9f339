#include "train/curve.h"

#include "image/bitmap.h"
#include "image/png.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum colour { PAPER, INK, LOSS, ERROR, COLOURS };
static const uint8_t palette[COLOURS][3] = {[PAPER] = {255, 255, 255},
					    [INK] = {90, 90, 90},
					    [LOSS] = {30, 90, 200},
					    [ERROR] = {200, 50, 30}};

enum {
	GLYPH_W = 5,
	GLYPH_H = 7,
	DOT_PX = 2,
	CHAR_PX = (GLYPH_W + 1) * DOT_PX,
	TEXT_H_PX = GLYPH_H * DOT_PX,
	LEFT_PX = 84,
	RIGHT_PX = LES_CURVE_W_PX - 84,
	TOP_PX = 34,
	BOTTOM_PX = LES_CURVE_H_PX - 54,
	GAP_PX = 8,
	TICKS_MAX = 10,
	MARKED_MAX = 60, /* with so many epochs, each is still marked */
	STEP_MIN = -12,  /* of nice(): 0.0001 */
	STEP_MAX = 27,
};

static const struct {
	char character;
	uint8_t rows[GLYPH_H]; /* the leftmost dot in bit 4 */
} face[] = {
	{'0', {0x0e, 0x11, 0x13, 0x15, 0x19, 0x11, 0x0e}},
	{'1', {0x04, 0x0c, 0x04, 0x04, 0x04, 0x04, 0x0e}},
	{'2', {0x0e, 0x11, 0x01, 0x02, 0x04, 0x08, 0x1f}},
	{'3', {0x1f, 0x02, 0x04, 0x02, 0x01, 0x11, 0x0e}},
	{'4', {0x02, 0x06, 0x0a, 0x12, 0x1f, 0x02, 0x02}},
	{'5', {0x1f, 0x10, 0x1e, 0x01, 0x01, 0x11, 0x0e}},
	{'6', {0x06, 0x08, 0x10, 0x1e, 0x11, 0x11, 0x0e}},
	{'7', {0x1f, 0x01, 0x02, 0x04, 0x08, 0x08, 0x08}},
	{'8', {0x0e, 0x11, 0x11, 0x0e, 0x11, 0x11, 0x0e}},
	{'9', {0x0e, 0x11, 0x11, 0x0f, 0x01, 0x02, 0x0c}},
	{'.', {0x00, 0x00, 0x00, 0x00, 0x00, 0x0c, 0x0c}},
	{'-', {0x00, 0x00, 0x00, 0x1f, 0x00, 0x00, 0x00}},
	{'%', {0x18, 0x19, 0x02, 0x04, 0x08, 0x13, 0x03}},
	{'C', {0x0e, 0x11, 0x10, 0x10, 0x10, 0x11, 0x0e}},
	{'E', {0x1f, 0x10, 0x10, 0x1e, 0x10, 0x10, 0x1f}},
	{'F', {0x1f, 0x10, 0x10, 0x1e, 0x10, 0x10, 0x10}},
	{'R', {0x1e, 0x11, 0x11, 0x1e, 0x14, 0x12, 0x11}},
	{'c', {0x00, 0x00, 0x0e, 0x10, 0x10, 0x11, 0x0e}},
	{'e', {0x00, 0x00, 0x0e, 0x11, 0x1f, 0x10, 0x0e}},
	{'h', {0x10, 0x10, 0x16, 0x19, 0x11, 0x11, 0x11}},
	{'l', {0x0c, 0x04, 0x04, 0x04, 0x04, 0x04, 0x0e}},
	{'o', {0x00, 0x00, 0x0e, 0x11, 0x11, 0x11, 0x0e}},
	{'p', {0x00, 0x00, 0x1e, 0x11, 0x1e, 0x10, 0x10}},
	{'s', {0x00, 0x00, 0x0f, 0x10, 0x0e, 0x01, 0x1e}},
};

/* ---- strokes ---- */

static void fill(struct les_bitmap *b, int x, int y, int w, int h, enum colour colour)
{
	for (int j = y < 0 ? 0 : y; j < y + h && j < LES_CURVE_H_PX; j++)
		for (int i = x < 0 ? 0 : x; i < x + w && i < LES_CURVE_W_PX; i++)
			b->px[j * LES_CURVE_W_PX + i] = (uint8_t)colour;
}

static void draw_character(struct les_bitmap *b, int x, int y, char character, enum colour colour)
{
	for (size_t i = 0; i < LES_COUNT(face); i++)
		for (int dot = 0; face[i].character == character && dot < GLYPH_W * GLYPH_H; dot++)
			if (face[i].rows[dot / GLYPH_W] >> (GLYPH_W - 1 - dot % GLYPH_W) & 1)
				fill(b, x + dot % GLYPH_W * DOT_PX, y + dot / GLYPH_W * DOT_PX,
				     DOT_PX, DOT_PX, colour);
}

static int text_w(const char *text)
{
	return (int)strlen(text) * CHAR_PX - DOT_PX;
}

/* y: of its middle. */
static void draw_text(struct les_bitmap *b, int x, int y, const char *text, enum colour colour)
{
	for (; *text; text++, x += CHAR_PX)
		draw_character(b, x, y - TEXT_H_PX / 2, *text, colour);
}

static void draw_line(struct les_bitmap *b, const int from[2], const int to[2], enum colour colour)
{
	const int dx = to[0] - from[0], dy = to[1] - from[1];
	const int n = abs(dx) > abs(dy) ? abs(dx) : abs(dy);

	for (int i = 0; i <= n; i++)
		fill(b, from[0] + (n ? dx * i / n : 0) - 1, from[1] + (n ? dy * i / n : 0) - 1, 2,
		     2, colour);
}

/* ---- axes ---- */

/* …, 0.1, 0.2, 0.5, 1, 2, 5, 10, …: step 0 is 1. */
static double nice(int step)
{
	static const double mantissas[] = {1, 2, 5};
	const int decade = (step - STEP_MIN) / 3 + STEP_MIN / 3;

	return mantissas[(step - STEP_MIN) % 3] * pow(10, decade);
}

/* The last that is not above v. */
static int step_below(double v)
{
	int step = STEP_MIN;

	while (step < STEP_MAX && nice(step + 1) <= v * (1 + 1e-6))
		step++;
	return step;
}

struct axis {
	int low, high; /* steps */
};

static struct axis axis_for(double low, double high)
{
	struct axis axis = {step_below(low), step_below(high)};

	if (nice(axis.high) < high || axis.high == axis.low)
		axis.high++;
	return axis;
}

static int y_of(const struct axis *axis, double v)
{
	const double low = log(nice(axis->low)), high = log(nice(axis->high));
	const double at = v > 0 ? (log(v) - low) / (high - low) : 0;

	return BOTTOM_PX - (int)lround(fmin(fmax(at, 0), 1) * (BOTTOM_PX - TOP_PX));
}

static int x_of(uint32_t epoch, uint32_t n)
{
	return n < 2 ? (LEFT_PX + RIGHT_PX) / 2
		     : LEFT_PX + (int)((uint64_t)(epoch - 1) * (RIGHT_PX - LEFT_PX) / (n - 1));
}

static void draw_axis(struct les_bitmap *b, const struct axis *axis, bool left, enum colour colour)
{
	const bool sparse = axis->high - axis->low > TICKS_MAX;
	char text[32];

	for (int step = axis->low; step <= axis->high; step++) {
		const int y = y_of(axis, nice(step)), decimals = step < 0 ? (2 - step) / 3 : 0;
		if (sparse && (step - STEP_MIN) % 3)
			continue;
		snprintf(text, sizeof text, "%.*f", decimals, nice(step));
		fill(b, left ? LEFT_PX - 5 : RIGHT_PX, y, 6, 1, INK);
		draw_text(b, left ? LEFT_PX - GAP_PX - text_w(text) : RIGHT_PX + GAP_PX, y, text,
			  colour);
		for (int x = LEFT_PX; left && x < RIGHT_PX; x += 8)
			fill(b, x, y, 1, 1, INK);
	}
	fill(b, left ? LEFT_PX : RIGHT_PX, TOP_PX, 1, BOTTOM_PX - TOP_PX + 1, INK);
}

static void draw_epochs(struct les_bitmap *b, uint32_t n)
{
	int step = 0;
	char text[32];

	while (n / nice(step) > TICKS_MAX)
		step++;
	const uint32_t every = (uint32_t)nice(step);
	for (uint32_t epoch = every; epoch <= n; epoch += every) {
		const int x = x_of(epoch, n);
		snprintf(text, sizeof text, "%u", epoch);
		fill(b, x, BOTTOM_PX, 1, 6, INK);
		draw_text(b, x - text_w(text) / 2, BOTTOM_PX + GAP_PX + TEXT_H_PX / 2 + 2, text,
			  INK);
	}
	fill(b, LEFT_PX, BOTTOM_PX, RIGHT_PX - LEFT_PX + 1, 1, INK);
	draw_text(b, (LEFT_PX + RIGHT_PX - text_w("epoch")) / 2, LES_CURVE_H_PX - TEXT_H_PX,
		  "epoch", INK);
}

/* ---- curves ---- */

static double value_of(const struct les_curve_point *point, enum colour which)
{
	return which == LOSS ? (double)point->loss : 100 * (double)point->error;
}

/* Whether any epoch has that; its least and greatest positive values. */
static bool range_of(const struct les_curve_point *points, uint32_t n, enum colour which,
		     double *ret_low, double *ret_high)
{
	bool any = false;

	*ret_low = *ret_high = 1;
	for (uint32_t i = 0; i < n; i++) {
		const double v = value_of(&points[i], which);
		if (!isfinite(v) || v <= 0)
			continue;
		*ret_low = any ? fmin(*ret_low, v) : v;
		*ret_high = any ? fmax(*ret_high, v) : v;
		any = true;
	}
	return any;
}

static void draw_curve(struct les_bitmap *b, const struct les_curve_point *points, uint32_t n,
		       enum colour which)
{
	double low, high;
	int before[2] = {-1, -1};

	if (!range_of(points, n, which, &low, &high))
		return;
	const struct axis axis = axis_for(low, high);
	draw_axis(b, &axis, which == LOSS, which);
	for (uint32_t i = 0; i < n; i++) {
		const double v = value_of(&points[i], which);
		if (!isfinite(v) || v < 0)
			continue;
		const int at[2] = {x_of(i + 1, n), y_of(&axis, v)};
		draw_line(b, before[0] < 0 ? at : before, at, which);
		if (n <= MARKED_MAX)
			fill(b, at[0] - 3, at[1] - 3, 6, 6, which);
		memcpy(before, at, sizeof before);
	}
}

enum les_kind les_curve_draw(const struct les_curve_point *points, uint32_t n,
			     const char *error_name, struct les_buf *out, struct les_error *reterr)
{
	LES_CLEANUP(les_bitmap_done) struct les_bitmap b = {0};
	char name[32];
	enum les_kind kind = les_bitmap_new(LES_CURVE_W_PX, LES_CURVE_H_PX, 1, &b, reterr);

	if (kind != LES_OK)
		return kind;
	draw_epochs(&b, n);
	draw_curve(&b, points, n, LOSS);
	draw_curve(&b, points, n, ERROR);
	snprintf(name, sizeof name, "%.20s %%", error_name);
	draw_text(&b, LEFT_PX - CHAR_PX, TOP_PX / 2 - 2, "loss", LOSS);
	draw_text(&b, RIGHT_PX + CHAR_PX - text_w(name), TOP_PX / 2 - 2, name, ERROR);
	les_png_write(out, b.px, b.w_px, b.h_px, palette, COLOURS);
	return out->failed ? les_fail(reterr, LES_NOMEM, "no memory for a curve") : LES_OK;
}
