#include "segment/carve.h"

#include "image/distance.h"
#include "image/polygon.h"
#include "image/seam.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const float OUTSIDE = 99999; /* the cost of leaving the area between line and limit */
static const double SIMPLIFY_PX = 5, BIAS = 150, LEVEL_W_MAX_PX = 600;
enum { GROWTH_PX = 2, ROWS_MARGIN_PX = 4, FRACTION_BITS = 24 };

/* The part of the page between line and limit, upright, and how it lies once the line is level:
 * u runs along the direction, shrunk to at most 600 px, v across it. */
struct patch {
	uint32_t x0_px, y0_px;
	struct les_plane cost;
	struct les_bitmap inside; /* the area, grown by 2 px: 0 or not */
	struct les_polyline area; /* relative to x0, y0 */
	struct les_vec direction;
	double scale; /* px for each u */
};

static void patch_done(struct patch *patch)
{
	les_plane_done(&patch->cost);
	les_bitmap_done(&patch->inside);
	les_polyline_done(&patch->area);
}

static struct les_vec to_level(const struct patch *patch, struct les_vec p)
{
	return (struct les_vec){les_vec_dot(patch->direction, p) / patch->scale,
				les_vec_cross(patch->direction, p)};
}

static struct les_vec to_patch(const struct patch *patch, double u, double v)
{
	const struct les_vec d = patch->direction;

	u *= patch->scale;
	return (struct les_vec){d.x * u - d.y * v, d.y * u + d.x * v};
}

static enum les_kind patch_place(struct patch *patch, const struct les_plane *features,
				 const struct les_polyline *line, const struct les_polyline *limit,
				 struct les_error *reterr)
{
	struct les_vec low = {HUGE_VAL, HUGE_VAL}, high = {0, 0};
	enum les_kind kind = LES_OK;

	for (size_t i = 0; !kind && i < line->n + limit->n; i++) {
		struct les_vec p =
			i < line->n ? line->at[i] : limit->at[limit->n - 1 - (i - line->n)];
		p.x = fmin(fmax(p.x, 0), features->w_px - 1.0);
		p.y = fmin(fmax(p.y, 0), features->h_px - 1.0);
		low = (struct les_vec){fmin(low.x, p.x), fmin(low.y, p.y)};
		high = (struct les_vec){fmax(high.x, p.x), fmax(high.y, p.y)};
		kind = les_polyline_push(&patch->area, p, reterr);
	}
	if (kind)
		return kind;
	patch->x0_px = (uint32_t)low.x;
	patch->y0_px = (uint32_t)low.y;
	for (size_t i = 0; i < patch->area.n; i++)
		patch->area.at[i] = les_vec_sub(patch->area.at[i],
						(struct les_vec){patch->x0_px, patch->y0_px});
	const uint32_t w = (uint32_t)fmin(high.x + 2, features->w_px) - patch->x0_px;
	const uint32_t h = (uint32_t)fmin(high.y + 2, features->h_px) - patch->y0_px;
	patch->scale = fmax(1, (high.x - low.x) / LEVEL_W_MAX_PX);
	kind = les_plane_new(w, h, &patch->cost, reterr);
	return kind ? kind : les_bitmap_new(w, h, 1, &patch->inside, reterr);
}

/* Sets the pixels along a chain (Bresenham); what lies outside is left out. */
static void draw_chain(struct les_bitmap *mask, const struct les_polyline *line, struct les_vec off)
{
	for (size_t i = 1; i < line->n; i++) {
		int64_t x = (int64_t)(line->at[i - 1].x - off.x);
		int64_t y = (int64_t)(line->at[i - 1].y - off.y);
		const int64_t x1 = (int64_t)(line->at[i].x - off.x);
		const int64_t y1 = (int64_t)(line->at[i].y - off.y);
		const int64_t dx = llabs(x1 - x), dy = llabs(y1 - y);
		int64_t rest = dx - dy;

		for (;;) {
			if (x >= 0 && y >= 0 && x < mask->w_px && y < mask->h_px)
				mask->px[(size_t)y * mask->w_px + (size_t)x] = 255;
			if (x == x1 && y == y1)
				break;
			const int64_t twice = 2 * rest;
			if (twice > -dy) {
				rest -= dy;
				x += x < x1 ? 1 : -1;
			}
			if (twice < dx) {
				rest += dx;
				y += y < y1 ? 1 : -1;
			}
		}
	}
}

/* The area of the polygon and 2 px around it. */
static enum les_kind mark_inside(struct patch *patch, uint16_t *distance, struct les_error *reterr)
{
	const size_t n = (size_t)patch->inside.w_px * patch->inside.h_px;
	const enum les_kind kind = les_polygon_fill(&patch->inside, &patch->area, reterr);

	if (kind)
		return kind;
	les_distance(&patch->inside, LES_METRIC_TAXICAB, distance);
	for (size_t i = 0; i < n; i++)
		patch->inside.px[i] = distance[i] <= GROWTH_PX;
	return LES_OK;
}

/* Features inside, dearer with distance from the line. */
static enum les_kind fill_cost(struct patch *patch, const struct les_plane *features,
			       const struct les_polyline *line, struct les_error *reterr)
{
	const uint32_t w = patch->cost.w_px, h = patch->cost.h_px;
	LES_CLEANUP(les_bitmap_done) struct les_bitmap drawn = {0};
	LES_CLEANUP(les_free_p) uint16_t *distance = calloc((size_t)w * h, sizeof *distance);
	enum les_kind kind = les_bitmap_new(w, h, 1, &drawn, reterr);
	double sum = 0;
	size_t n = 0;

	if (!kind && !distance)
		kind = les_fail(reterr, LES_NOMEM, "distances of %u × %u pixels", w, h);
	if (!kind)
		kind = mark_inside(patch, distance, reterr);
	if (kind)
		return kind;
	draw_chain(&drawn, line, (struct les_vec){patch->x0_px, patch->y0_px});
	les_distance(&drawn, LES_METRIC_CHESSBOARD, distance);
	for (size_t y = 0; y < h; y++) {
		const float *from = les_plane_row(features, patch->y0_px + y) + patch->x0_px;
		memcpy(les_plane_row(&patch->cost, y), from, w * sizeof *from);
	}
	for (size_t i = 0; i < (size_t)w * h; i++) {
		sum += patch->inside.px[i] ? patch->cost.at[i] : 0;
		n += patch->inside.px[i];
	}
	const float by_distance = n ? (float)(sum / (double)n / BIAS) : 0;
	for (size_t i = 0; i < (size_t)w * h; i++)
		patch->cost.at[i] = patch->inside.px[i]
					    ? patch->cost.at[i] + by_distance * (float)distance[i]
					    : OUTSIDE;
	return LES_OK;
}

/* One row of the level image: pixels from x0, y0 on, by a step; all in 2⁻²⁴ px, the half that
 * rounds included. */
static void sample_row(const struct les_plane *cost, int64_t x, int64_t y, int64_t step_x,
		       int64_t step_y, float *row, size_t n)
{
	const int64_t w = (int64_t)cost->w_px << FRACTION_BITS;
	const int64_t h = (int64_t)cost->h_px << FRACTION_BITS;

	for (size_t i = 0; i < n; i++, x += step_x, y += step_y)
		row[i] = x >= 0 && y >= 0 && x < w && y < h
				 ? cost->at[(size_t)(y >> FRACTION_BITS) * cost->w_px +
					    (size_t)(x >> FRACTION_BITS)]
				 : OUTSIDE;
}

static int64_t to_fixed(double v)
{
	return (int64_t)floor(v * (1 << FRACTION_BITS) + 0.5);
}

/* The cost at whole u and v from an origin on, nearest pixels. */
static void sample_level(const struct patch *patch, double u0, double v0, struct les_plane *level)
{
	const struct les_vec along = to_patch(patch, 1, 0);

	for (uint32_t v = 0; v < level->h_px; v++) {
		const struct les_vec p = to_patch(patch, u0, v0 + v);
		sample_row(&patch->cost, to_fixed(p.x + 0.5), to_fixed(p.y + 0.5),
			   to_fixed(along.x), to_fixed(along.y), les_plane_row(level, v),
			   level->w_px);
	}
}

/* Rows further from their mean than one deviation are brought back to that, in whole rows. */
static void calm(double *rows, size_t n)
{
	double mean = 0, square = 0;

	for (size_t i = 0; i < n; i++)
		mean += rows[i] / (double)n;
	for (size_t i = 0; i < n; i++)
		square += (rows[i] - mean) * (rows[i] - mean) / (double)n;
	const double deviation = sqrt(square);
	for (size_t i = 0; i < n; i++)
		rows[i] = floor(fmin(fmax(rows[i], mean - deviation), mean + deviation));
}

/* The seam's rows above v0 for each whole u from u0 on. */
static enum les_kind find_rows(const struct patch *patch, double u0, double v0, uint32_t w,
			       uint32_t h, double *rows, struct les_error *reterr)
{
	LES_CLEANUP(les_plane_done) struct les_plane level = {0};
	LES_CLEANUP(les_free_p) uint32_t *whole = calloc(w, sizeof *whole);
	enum les_kind kind = les_plane_new(w, h, &level, reterr);

	if (!kind && !whole)
		kind = les_fail(reterr, LES_NOMEM, "a seam of %u points", w);
	if (kind)
		return kind;
	sample_level(patch, u0, v0, &level);
	kind = les_seam(&level, whole, reterr);
	for (uint32_t i = 0; i < w; i++)
		rows[i] = whole[i];
	calm(rows, w);
	return kind;
}

/* Back onto the page; what does not lie in the patch's area is left out. */
static enum les_kind put_back(const struct patch *patch, double u0, double v0, const double *rows,
			      uint32_t n, struct les_polyline *ret, struct les_error *reterr)
{
	enum les_kind kind = LES_OK;

	for (uint32_t i = 0; !kind && i < n; i++) {
		struct les_vec p = to_patch(patch, u0 + i, v0 + rows[i]);
		p = (struct les_vec){trunc(p.x), trunc(p.y)};
		if (p.x < 0 || p.y < 0 || p.x >= patch->cost.w_px || p.y >= patch->cost.h_px ||
		    !patch->inside.px[(size_t)p.y * patch->inside.w_px + (size_t)p.x])
			continue;
		p = les_vec_add(p, (struct les_vec){patch->x0_px, patch->y0_px});
		kind = les_polyline_push(ret, p, reterr);
	}
	if (!kind && ret->n < 2)
		kind = les_fail(reterr, LES_ARG, "no room for a seam");
	return kind ? kind : les_polyline_simplify(ret, SIMPLIFY_PX, reterr);
}

/* Whole u and v relative to the level image's corner, as a rotation of the whole patch into its
 * bounding box has it. */
static struct les_vec corner_of(const struct patch *patch)
{
	const double right = patch->cost.w_px - 1.0, bottom = patch->cost.h_px - 1.0;
	const struct les_vec corners[4] = {{0, 0}, {0, bottom}, {right, bottom}, {right, 0}};
	struct les_vec low = {HUGE_VAL, HUGE_VAL};

	for (size_t i = 0; i < 4; i++) {
		const struct les_vec p = to_level(patch, corners[i]);
		low = (struct les_vec){fmin(low.x, p.x), fmin(low.y, p.y)};
	}
	return low;
}

enum les_kind les_carve(const struct les_plane *features, const struct les_polyline *line,
			const struct les_polyline *limit, struct les_vec direction,
			struct les_polyline *ret, struct les_error *reterr)
{
	LES_CLEANUP(patch_done) struct patch patch = {.direction = direction};
	LES_CLEANUP(les_polyline_done) struct les_polyline seam = {0};
	enum les_kind kind = patch_place(&patch, features, line, limit, reterr);

	if (!kind)
		kind = fill_cost(&patch, features, line, reterr);
	if (kind)
		return kind;
	const struct les_vec corner = corner_of(&patch);
	const double first = round(to_level(&patch, patch.area.at[0]).x - corner.x);
	const double last = round(to_level(&patch, patch.area.at[line->n - 1]).x - corner.x);
	const double from = fmin(first, last), w = fabs(last - first) + 1;
	double top = HUGE_VAL, bottom = -HUGE_VAL;
	for (size_t i = 0; i < patch.area.n; i++) {
		const double v = to_level(&patch, patch.area.at[i]).y - corner.y;
		top = fmin(top, floor(v) - ROWS_MARGIN_PX);
		bottom = fmax(bottom, ceil(v) + ROWS_MARGIN_PX);
	}
	const uint32_t h = (uint32_t)(bottom - top) + 1;
	LES_CLEANUP(les_free_p) double *rows = calloc((size_t)w, sizeof *rows);
	if (!rows)
		return les_fail(reterr, LES_NOMEM, "a seam of %.0f points", w);
	kind = find_rows(&patch, corner.x + from, corner.y + top, (uint32_t)w, h, rows, reterr);
	if (!kind)
		kind = put_back(&patch, corner.x + from, corner.y + top, rows, (uint32_t)w, &seam,
				reterr);
	if (kind)
		return kind;
	*ret = seam;
	seam = (struct les_polyline){0};
	return LES_OK;
}
