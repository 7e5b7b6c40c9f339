#include "image/polygon.h"

#include <stdlib.h>
#include <string.h>

struct edge {
	int32_t x0, y0, y_min, y_max;
	float slope; /* x for each y */
};

static void fill_span(struct les_bitmap *mask, int32_t y, int32_t x0, int32_t x1)
{
	if (y < 0 || y >= (int32_t)mask->h_px)
		return;
	x0 = x0 < 0 ? 0 : x0;
	x1 = x1 >= (int32_t)mask->w_px ? (int32_t)mask->w_px - 1 : x1;
	if (x0 <= x1)
		memset(mask->px + (size_t)y * mask->w_px + (uint32_t)x0, 255,
		       (size_t)(x1 - x0) + 1);
}

/* Halves go away from zero, or towards it. */
static int32_t round_out(float v)
{
	return (int32_t)(v >= 0 ? floorf(v + 0.5f) : -floorf(-v + 0.5f));
}

static int32_t round_in(float v)
{
	return (int32_t)(v >= 0 ? ceilf(v - 0.5f) : -ceilf(-v - 0.5f));
}

/* Level edges are drawn at once, the others collected. Returns how many. */
static size_t collect_edges(struct les_bitmap *mask, const struct les_polyline *polygon,
			    struct edge *edges)
{
	size_t n = 0;

	for (size_t i = 0; i < polygon->n; i++) {
		const struct les_vec a = polygon->at[i], b = polygon->at[(i + 1) % polygon->n];
		const int32_t x0 = (int32_t)a.x, y0 = (int32_t)a.y;
		const int32_t x1 = (int32_t)b.x, y1 = (int32_t)b.y;

		if (y0 == y1)
			fill_span(mask, y0, x0 < x1 ? x0 : x1, x0 < x1 ? x1 : x0);
		else
			edges[n++] = (struct edge){
				.x0 = x0,
				.y0 = y0,
				.y_min = y0 < y1 ? y0 : y1,
				.y_max = y0 < y1 ? y1 : y0,
				.slope = (float)(x1 - x0) / (float)(y1 - y0),
			};
	}
	return n;
}

static int compare_floats(const void *a, const void *b)
{
	const float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

/* Where the edges cross row y, in order. An edge's last row counts twice, except at the polygon's
 * bottom, so that the edge that goes on below pairs up. */
static size_t crossings(const struct edge *edges, size_t n, int32_t y, int32_t bottom, float *ret_x)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		if (y < edges[i].y_min || y > edges[i].y_max)
			continue;
		const float x = (float)(y - edges[i].y0) * edges[i].slope + (float)edges[i].x0;
		ret_x[found++] = x;
		if (y == edges[i].y_max && y < bottom)
			ret_x[found++] = x;
	}
	qsort(ret_x, found, sizeof *ret_x, compare_floats);
	return found;
}

enum les_kind les_polygon_fill(struct les_bitmap *mask, const struct les_polyline *polygon,
			       struct les_error *reterr)
{
	LES_CLEANUP(les_free_p) struct edge *edges = calloc(polygon->n + 1, sizeof *edges);
	LES_CLEANUP(les_free_p) float *x = calloc(2 * polygon->n + 1, sizeof *x);
	int32_t top = INT32_MAX, bottom = INT32_MIN;

	if (!edges || !x)
		return les_fail(reterr, LES_NOMEM, "a polygon of %zu points", polygon->n);
	const size_t n = collect_edges(mask, polygon, edges);
	for (size_t i = 0; i < n; i++) {
		top = edges[i].y_min < top ? edges[i].y_min : top;
		bottom = edges[i].y_max > bottom ? edges[i].y_max : bottom;
	}
	for (int32_t y = top < 0 ? 0 : top; y <= bottom && y < (int32_t)mask->h_px; y++) {
		const size_t found = crossings(edges, n, y, bottom, x);
		for (size_t i = 1; i < found; i += 2)
			fill_span(mask, y, round_out(x[i - 1]), round_in(x[i]));
	}
	return LES_OK;
}

bool les_polygon_contains(const struct les_polyline *polygon, struct les_vec p)
{
	bool inside = false;

	for (size_t i = 0; i < polygon->n; i++) {
		const struct les_vec a = polygon->at[i], b = polygon->at[(i + 1) % polygon->n];
		if ((a.y > p.y) != (b.y > p.y) &&
		    p.x < a.x + (p.y - a.y) / (b.y - a.y) * (b.x - a.x))
			inside = !inside;
	}
	return inside;
}

double les_polygon_area(const struct les_polyline *polygon)
{
	double twice = 0;

	for (size_t i = 0; i < polygon->n; i++)
		twice += les_vec_cross(polygon->at[i], polygon->at[(i + 1) % polygon->n]);
	return twice / 2;
}
