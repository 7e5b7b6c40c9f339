#include "segment/areas.h"

#include "image/outline.h"
#include "image/polygon.h"
#include "types/limits.h"

#include <stdlib.h>

static const float HEAT_MIN = 0.5f;
static const double SIMPLIFY_PX = 10;

/* Whether one of the areas found so far surrounds a point. */
static bool surrounded(const struct les_polylines *areas, struct les_vec p)
{
	for (size_t i = 0; i < areas->n; i++)
		if (les_polygon_contains(&areas->at[i], p))
			return true;
	return false;
}

static enum les_kind add_area(const struct les_components *pieces, uint32_t piece,
			      struct les_polylines *areas, struct les_error *reterr)
{
	LES_CLEANUP(les_polyline_done) struct les_polyline outline = {0};
	const struct les_component *first = &pieces->at[piece];

	if (first->area_px < 3 ||
	    surrounded(areas, (struct les_vec){first->x_px, first->y_px + 0.5}))
		return LES_OK;
	enum les_kind kind = les_outline(pieces, piece, LES_AREA_OUTLINE_MAX, &outline, reterr);
	if (kind == LES_LIMIT)
		return LES_OK; /* noise, no area */
	/* closed while it is simplified, so that the way back counts too */
	if (!kind)
		kind = les_polyline_push(&outline, outline.at[0], reterr);
	if (!kind)
		kind = les_polyline_simplify(&outline, SIMPLIFY_PX, reterr);
	if (kind || outline.n < 4)
		return kind;
	outline.n--;
	return les_polylines_push(areas, &outline, reterr);
}

enum les_kind les_areas_find(const struct les_plane *heat, struct les_polylines *ret,
			     struct les_error *reterr)
{
	LES_CLEANUP(les_bitmap_done) struct les_bitmap mask = {0};
	LES_CLEANUP(les_components_done) struct les_components pieces = {0};
	LES_CLEANUP(les_polylines_done) struct les_polylines areas = {0};
	enum les_kind kind = les_bitmap_new(heat->w_px, heat->h_px, 1, &mask, reterr);

	for (size_t i = 0; !kind && i < (size_t)heat->w_px * heat->h_px; i++)
		mask.px[i] = heat->at[i] > HEAT_MIN;
	if (!kind)
		kind = les_components_find(&mask, &pieces, reterr);
	for (uint32_t i = 0; !kind && i < pieces.n && areas.n < LES_PAGE_REGIONS_MAX; i++)
		kind = add_area(&pieces, i, &areas, reterr);
	if (kind)
		return kind;
	*ret = areas;
	areas = (struct les_polylines){0};
	return LES_OK;
}

enum les_kind les_areas_assign(const struct les_polylines *areas, const struct les_polylines *lines,
			       int32_t **ret, struct les_error *reterr)
{
	int32_t *area_of = calloc(lines->n + 1, sizeof *area_of);

	if (!area_of)
		return les_fail(reterr, LES_NOMEM, "the regions of %zu lines", lines->n);
	for (size_t i = 0; i < lines->n; i++) {
		const struct les_polyline *line = &lines->at[i];
		area_of[i] = -1;
		if (line->n == 0)
			continue;
		const struct les_vec middle = les_polyline_at(line, les_polyline_length(line) / 2);
		for (size_t k = 0; k < areas->n && area_of[i] < 0; k++)
			if (les_polygon_contains(&areas->at[k], middle))
				area_of[i] = (int32_t)k;
	}
	*ret = area_of;
	return LES_OK;
}
