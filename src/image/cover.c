#include "image/cover.h"

#include <stdlib.h>
#include <string.h>

enum { CORNER_MAX = 1 << 20 };

struct plane {
	uint8_t *at;
	int64_t h, w;
	uint8_t value;
};

struct corner {
	int64_t x, y;
};

/* Where an edge crosses a row: the whole pixels before and after, the same one if it meets it. */
struct crossing {
	int64_t floor, ceil;
};

static int64_t whole(double v)
{
	return v >= CORNER_MAX ? CORNER_MAX : v > -CORNER_MAX ? (int64_t)v : -CORNER_MAX;
}

static void set(const struct plane *plane, int64_t y, int64_t x0, int64_t x1)
{
	x0 = x0 < 0 ? 0 : x0;
	x1 = x1 >= plane->w ? plane->w - 1 : x1;
	if (y >= 0 && y < plane->h && x0 <= x1)
		memset(plane->at + y * plane->w + x0, plane->value, (size_t)(x1 - x0) + 1);
}

/* a.y and b.y differ. */
static struct crossing cross(struct corner a, struct corner b, int64_t y)
{
	const int64_t dy = b.y > a.y ? b.y - a.y : a.y - b.y;
	const int64_t product = (b.y > a.y ? y - a.y : a.y - y) * (b.x - a.x);
	const int64_t part = product / dy - (product % dy < 0);

	return (struct crossing){a.x + part, a.x + part + (product % dy != 0)};
}

static int compare_crossings(const void *a, const void *b)
{
	const struct crossing *p = a, *q = b;
	const int64_t x = p->floor + p->ceil, y = q->floor + q->ceil;

	return (x > y) - (x < y);
}

/* The edges' own pixels at once; what is between them where they cross the row half-open. */
static void cover_row(const struct plane *plane, int64_t y, const struct corner *corners, size_t n,
		      struct crossing *crossings)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		const struct corner a = corners[i], b = corners[i + 1 < n ? i + 1 : 0];
		if ((y < a.y && y < b.y) || (y > a.y && y > b.y))
			continue;
		if (a.y == b.y) {
			set(plane, y, a.x < b.x ? a.x : b.x, a.x < b.x ? b.x : a.x);
			continue;
		}
		const struct crossing c = cross(a, b, y);
		set(plane, y, c.ceil, c.floor);
		if ((a.y > y) != (b.y > y))
			crossings[found++] = c;
	}
	qsort(crossings, found, sizeof *crossings, compare_crossings);
	for (size_t i = 1; i < found; i += 2)
		set(plane, y, crossings[i - 1].ceil, crossings[i].floor);
}

enum les_kind les_cover(uint8_t *at, uint32_t h, uint32_t w, const struct les_polyline *polygon,
			uint8_t value, struct les_error *reterr)
{
	const struct plane plane = {at, h, w, value};
	LES_CLEANUP(les_free_p) struct corner *corners = calloc(polygon->n + 1, sizeof *corners);
	LES_CLEANUP(les_free_p)
	struct crossing *crossings = calloc(polygon->n + 1, sizeof *crossings);
	int64_t top = CORNER_MAX, bottom = -CORNER_MAX;

	if (!corners || !crossings)
		return les_fail(reterr, LES_NOMEM, "a polygon of %zu points", polygon->n);
	for (size_t i = 0; i < polygon->n; i++) {
		const struct corner c = {whole(polygon->at[i].x), whole(polygon->at[i].y)};
		corners[i] = c;
		top = c.y < top ? c.y : top;
		bottom = c.y > bottom ? c.y : bottom;
	}
	for (int64_t y = top < 0 ? 0 : top; y <= bottom && y < plane.h; y++)
		cover_row(&plane, y, corners, polygon->n, crossings);
	return LES_OK;
}
