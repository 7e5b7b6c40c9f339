#include "types/page.h"

#include "base/cleanup.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct les_page *les_page_new(void)
{
	struct les_page *page = calloc(1, sizeof *page);

	if (page)
		page->arena = LES_ARENA(LES_PAGE_ARENA_BYTES_MAX);
	return page;
}

void les_page_free(struct les_page *page)
{
	if (!page)
		return;
	les_arena_done(&page->arena);
	free(page);
}

struct les_box les_points_box(const struct les_points *points)
{
	float x0 = INFINITY, y0 = INFINITY, x1 = -INFINITY, y1 = -INFINITY;

	if (points->n == 0)
		return (struct les_box){0};
	for (uint32_t i = 0; i < points->n; i++) {
		x0 = fminf(x0, points->at[i].x_px);
		y0 = fminf(y0, points->at[i].y_px);
		x1 = fmaxf(x1, points->at[i].x_px);
		y1 = fmaxf(y1, points->at[i].y_px);
	}
	return (struct les_box){(int32_t)floorf(x0), (int32_t)floorf(y0), (int32_t)floorf(x1) + 1,
				(int32_t)floorf(y1) + 1};
}

bool les_box_is_empty(const struct les_box *box)
{
	return box->x1_px <= box->x0_px || box->y1_px <= box->y0_px;
}

struct les_point les_affine_apply(const struct les_affine *m, struct les_point p)
{
	return (struct les_point){m->a * p.x_px + m->b * p.y_px + m->c,
				  m->d * p.x_px + m->e * p.y_px + m->f};
}

float les_page_confidence(const struct les_page *page)
{
	double sum = 0, weight = 0;

	for (uint32_t i = 0; i < page->lines_n; i++) {
		double n = (double)strlen(page->lines[i].text);
		sum += n * (double)page->lines[i].confidence;
		weight += n;
	}
	return weight > 0 ? (float)(sum / weight) : 0;
}

const char *les_region_kind_name(enum les_region_kind kind)
{
	static const char *const names[LES_REGION_KIND_N] = {"text", "image", "table", "separator",
							     "other"};

	return names[kind < LES_REGION_KIND_N ? kind : LES_REGION_OTHER];
}
