#include "recognise/picture.h"

#include "base/cleanup.h"
#include "image/polygon.h"
#include "preprocess/pix.h"

#include <leptonica/allheaders.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static enum les_kind encode(PIX *pix, uint8_t **ret, size_t *ret_n, struct les_error *reterr)
{
	l_uint8 *png = NULL;
	size_t n;

	pixSetZlibCompression(pix, 3); /* scans hardly gain from more, and wait for it */
	if (pixWriteMemPng(&png, &n, pix, 0) != 0)
		return les_fail(reterr, LES_NOMEM, "no memory for a picture of the page");
	if (n > LES_PICTURE_BYTES_MAX) {
		lept_free(png);
		return les_fail(reterr, LES_LIMIT, "the page's picture has %zu bytes", n);
	}
	*ret = png;
	*ret_n = n;
	return LES_OK;
}

enum les_kind les_picture_page(const struct les_image *image, uint8_t **ret, size_t *ret_n,
			       struct les_error *reterr)
{
	LES_CLEANUP(les_pix_destroy_p) PIX *pix = les_pix_from_image(image);

	if (!pix)
		return les_fail(reterr, LES_NOMEM, "no memory for a picture of the page");
	return encode(pix, ret, ret_n, reterr);
}

struct colour {
	l_uint8 r, g, b;
};

static const float wash_share = 0.18f; /* of a word's colour in its paper's */
static const struct colour baseline_colour = {30, 90, 200}, number_colour = {120, 40, 160};

/* Red where nothing is sure, over amber, to green. */
static struct colour confidence_colour(float confidence)
{
	const float c = fminf(fmaxf(confidence, 0), 1);
	const float red = c < 0.5f ? 1 : 2 - 2 * c, green = c < 0.5f ? 2 * c : 1;

	return (struct colour){(l_uint8)(215 * red), (l_uint8)(40 + 125 * green), 40};
}

struct canvas {
	PIX *pix;
	L_BMF *font;
	int stroke_px;
};

static void draw_box(struct canvas *canvas, const struct les_box *box, struct colour c)
{
	BOX *b =
		boxCreate(box->x0_px, box->y0_px, box->x1_px - box->x0_px, box->y1_px - box->y0_px);

	if (!b)
		return;
	/* a wash of the colour shows at a glance, the frame shows where a word ends */
	pixBlendInRect(canvas->pix, b,
		       ((l_uint32)c.r << 24) | ((l_uint32)c.g << 16) | ((l_uint32)c.b << 8),
		       wash_share);
	pixRenderBoxArb(canvas->pix, b, canvas->stroke_px, c.r, c.g, c.b);
	boxDestroy(&b);
}

/* Washes what a polygon holds, as draw_box() does. A polygon too large to be filled is only framed.
 */
static void wash(struct canvas *canvas, const struct les_points *polygon, const struct les_box *box,
		 struct colour c)
{
	LES_CLEANUP(les_polyline_done) struct les_polyline line = {0};
	LES_CLEANUP(les_bitmap_done) struct les_bitmap mask = {0};
	const uint32_t w = (uint32_t)(box->x1_px - box->x0_px);
	const uint32_t h = (uint32_t)(box->y1_px - box->y0_px);
	enum les_kind kind = les_bitmap_new(w, h, 1, &mask, NULL);

	for (uint32_t i = 0; i < polygon->n && kind == LES_OK; i++)
		kind = les_polyline_push(&line,
					 (struct les_vec){(double)polygon->at[i].x_px - box->x0_px,
							  (double)polygon->at[i].y_px - box->y0_px},
					 NULL);
	if (kind != LES_OK || les_polygon_fill(&mask, &line, NULL) != LES_OK)
		return;
	for (uint32_t i = 0; i < w * h; i++) {
		const l_int32 x = box->x0_px + (l_int32)(i % w), y = box->y0_px + (l_int32)(i / w);
		l_int32 r, g, b;

		if (!mask.px[i] || pixGetRGBPixel(canvas->pix, x, y, &r, &g, &b) != 0)
			continue;
		pixSetRGBPixel(canvas->pix, x, y, r + (l_int32)(wash_share * (float)(c.r - r)),
			       g + (l_int32)(wash_share * (float)(c.g - g)),
			       b + (l_int32)(wash_share * (float)(c.b - b)));
	}
}

static void draw_polygon(struct canvas *canvas, const struct les_points *polygon, struct colour c)
{
	const struct les_box box = les_points_box(polygon);
	PTA *points = ptaCreate((l_int32)polygon->n);

	for (uint32_t i = 0; points && i < polygon->n; i++)
		ptaAddPt(points, polygon->at[i].x_px, polygon->at[i].y_px);
	wash(canvas, polygon, &box, c);
	if (points)
		pixRenderPolylineArb(canvas->pix, points, canvas->stroke_px, c.r, c.g, c.b, 1);
	ptaDestroy(&points);
}

static void draw_word(struct canvas *canvas, const struct les_word *word)
{
	const struct colour c = confidence_colour(word->confidence);

	if (word->polygon.n >= 3)
		draw_polygon(canvas, &word->polygon, c);
	else
		draw_box(canvas, &word->box, c);
}

static void draw_baseline(struct canvas *canvas, const struct les_points *base)
{
	const struct colour c = baseline_colour;

	for (uint32_t i = 1; i < base->n; i++)
		pixRenderLineArb(canvas->pix, (l_int32)base->at[i - 1].x_px,
				 (l_int32)base->at[i - 1].y_px, (l_int32)base->at[i].x_px,
				 (l_int32)base->at[i].y_px, canvas->stroke_px, c.r, c.g, c.b);
}

static void draw_number(struct canvas *canvas, const struct les_line *line, uint32_t number)
{
	const struct colour c = number_colour;
	char digits[16];
	l_int32 w = 0;

	if (!canvas->font)
		return;
	snprintf(digits, sizeof digits, "%u", number);
	bmfGetStringWidth(canvas->font, digits, &w);
	const struct les_points *base = &line->baseline;
	const int32_t at_x = base->n ? (int32_t)base->at[0].x_px : line->box.x0_px;
	const int32_t at_y = base->n ? (int32_t)base->at[0].y_px : line->box.y1_px;
	const int32_t left = at_x - w - 4 * canvas->stroke_px;
	pixSetTextline(canvas->pix, canvas->font, digits,
		       ((l_uint32)c.r << 24) | ((l_uint32)c.g << 16) | ((l_uint32)c.b << 8),
		       left > 0 ? left : 0, at_y, NULL, NULL);
}

static void draw_line(struct canvas *canvas, const struct les_line *line, uint32_t number)
{
	for (uint32_t i = 0; i < line->words_n; i++)
		draw_word(canvas, &line->words[i]);
	if (line->words_n == 0)
		draw_box(canvas, &line->box, confidence_colour(line->confidence));
	draw_baseline(canvas, &line->baseline);
	draw_number(canvas, line, number);
}

/* The bitmap font comes in even sizes from 4 to 20 points; the page's size chooses. */
static int font_size(const struct les_image *image)
{
	const uint32_t size = image->h_px / 140 & ~1u;

	return size < 6 ? 6 : size > 20 ? 20 : (int)size;
}

enum les_kind les_picture_overlay(const struct les_image *image, const struct les_page *page,
				  uint8_t **ret, size_t *ret_n, struct les_error *reterr)
{
	LES_CLEANUP(les_pix_destroy_p) PIX *plain = les_pix_from_image(image);
	LES_CLEANUP(les_pix_destroy_p) PIX *colour = plain ? pixConvertTo32(plain) : NULL;

	if (!colour)
		return les_fail(reterr, LES_NOMEM, "no memory for a picture of the page");
	pixDestroy(&plain);
	struct canvas canvas = {.pix = colour,
				.font = bmfCreate(NULL, font_size(image)),
				.stroke_px = image->h_px > 1500 ? 2 : 1};
	for (uint32_t i = 0; i < page->lines_n; i++)
		draw_line(&canvas, &page->lines[i], i + 1);
	bmfDestroy(&canvas.font);
	return encode(colour, ret, ret_n, reterr);
}
