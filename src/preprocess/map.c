#include "preprocess/preprocess.h"

#include <math.h>

struct mapping {
	struct les_page *page;
	const struct les_affine *m;
	bool turns; /* boxes do not stay upright */
	bool failed;
};

static void map_points(const struct mapping *map, struct les_points *points)
{
	for (uint32_t i = 0; i < points->n; i++)
		points->at[i] = les_affine_apply(map->m, points->at[i]);
}

static int32_t cut(float v, uint32_t most)
{
	return v < 0 ? 0 : v > (float)most ? (int32_t)most : (int32_t)v;
}

/* The box around the mapped one; its corners, clockwise from left top, to corners. */
static struct les_box map_box(const struct mapping *map, const struct les_box *box,
			      struct les_point corners[4])
{
	const float x0 = (float)box->x0_px, y0 = (float)box->y0_px, x1 = (float)box->x1_px,
		    y1 = (float)box->y1_px;
	const struct les_point before[4] = {{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}};
	const struct les_page_info *info = &map->page->info;
	float left = INFINITY, top = INFINITY, right = -INFINITY, bottom = -INFINITY;

	for (int i = 0; i < 4; i++) {
		corners[i] = les_affine_apply(map->m, before[i]);
		left = fminf(left, corners[i].x_px);
		top = fminf(top, corners[i].y_px);
		right = fmaxf(right, corners[i].x_px);
		bottom = fmaxf(bottom, corners[i].y_px);
	}
	if (les_box_is_empty(box))
		return (struct les_box){0};
	return (struct les_box){cut(floorf(left), info->w_px), cut(floorf(top), info->h_px),
				cut(ceilf(right), info->w_px), cut(ceilf(bottom), info->h_px)};
}

/* A box, and the polygon beside it: mapped where there is one, else made where boxes turn. */
static void map_outline(struct mapping *map, struct les_box *box, struct les_points *polygon)
{
	struct les_point corners[4];
	const bool made = map->turns && polygon->n == 0 && !les_box_is_empty(box);

	*box = map_box(map, box, corners);
	map_points(map, polygon);
	if (!made)
		return;
	polygon->at = les_arena_alloc(&map->page->arena, 4, sizeof *polygon->at);
	map->failed = map->failed || !polygon->at;
	polygon->n = polygon->at ? 4 : 0;
	for (uint32_t i = 0; i < polygon->n; i++)
		polygon->at[i] = corners[i];
}

static void map_line(struct mapping *map, struct les_line *line)
{
	struct les_point unused[4];

	map_points(map, &line->baseline);
	map_outline(map, &line->box, &line->polygon);
	for (uint32_t i = 0; i < line->words_n; i++)
		map_outline(map, &line->words[i].box, &line->words[i].polygon);
	for (uint32_t i = 0; i < line->chars_n; i++)
		line->chars[i].box = map_box(map, &line->chars[i].box, unused);
}

enum les_kind les_page_map(struct les_page *page, const struct les_affine *m,
			   struct les_error *reterr)
{
	struct mapping map = {page, m, m->b != 0 || m->d != 0, false};

	for (uint32_t i = 0; i < page->regions_n; i++)
		map_outline(&map, &page->regions[i].box, &page->regions[i].polygon);
	for (uint32_t i = 0; i < page->lines_n; i++)
		map_line(&map, &page->lines[i]);
	return map.failed ? les_fail(reterr, LES_LIMIT, "the page has more text than fits")
			  : LES_OK;
}
