#include "segment/place.h"

#include "image/offset.h"
#include "image/polygon.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double HEIGHT_PX = 48;      /* of a strip where no line has a polygon */
static const double LETTERS_PART = 0.75; /* of a strip, on the side of the letters */

/* Whole page pixels, as kraken cuts them, within the page. */
static struct les_point place(const struct les_placing *placing, struct les_vec p)
{
	const double x = fmin(fmax(trunc(p.x * placing->x_scale), 0), placing->w_px);
	const double y = fmin(fmax(trunc(p.y * placing->y_scale), 0), placing->h_px);

	return (struct les_point){(float)x, (float)y};
}

static enum les_kind place_points(const struct les_placing *placing,
				  const struct les_polyline *chain, struct les_page *page,
				  struct les_points *ret, struct les_error *reterr)
{
	LES_CLEANUP(les_polyline_done) struct les_polyline copy = {0};
	enum les_kind kind = LES_OK;

	for (size_t i = 0; !kind && i < chain->n; i++)
		kind = les_polyline_push(&copy, chain->at[i], reterr);
	for (double tolerance = 1; !kind && copy.n > LES_POLYGON_POINTS_MAX; tolerance *= 2)
		kind = les_polyline_simplify(&copy, tolerance, reterr);
	if (kind)
		return kind;
	struct les_point *at = les_arena_alloc(&page->arena, copy.n, sizeof *at);
	if (!at)
		return les_fail(reterr, LES_NOMEM, "an outline of %zu points", copy.n);
	for (size_t i = 0; i < copy.n; i++)
		at[i] = place(placing, copy.at[i]);
	*ret = (struct les_points){at, (uint32_t)copy.n};
	return LES_OK;
}

static enum les_region_kind kind_of(const char *name)
{
	static const struct {
		const char *part;
		enum les_region_kind kind;
	} parts[] = {
		{"image", LES_REGION_IMAGE},        {"graphic", LES_REGION_IMAGE},
		{"illustration", LES_REGION_IMAGE}, {"figure", LES_REGION_IMAGE},
		{"table", LES_REGION_TABLE},        {"separator", LES_REGION_SEPARATOR},
		{"other", LES_REGION_OTHER},
	};

	for (size_t i = 0; i < LES_COUNT(parts); i++)
		if (strcasestr(name, parts[i].part))
			return parts[i].kind;
	return LES_REGION_TEXT;
}

enum les_kind les_place_areas(const struct les_placing *placing, const struct les_polylines *areas,
			      const struct les_class *const *classes, struct les_page *page,
			      struct les_error *reterr)
{
	struct les_region *regions = les_arena_alloc(&page->arena, areas->n, sizeof *regions);
	enum les_kind kind = LES_OK;

	if (!regions)
		return les_fail(reterr, LES_NOMEM, "%zu regions", areas->n);
	for (size_t i = 0; !kind && i < areas->n; i++) {
		regions[i] = (struct les_region){.id = "", .kind = kind_of(classes[i]->name)};
		kind = place_points(placing, &areas->at[i], page, &regions[i].polygon, reterr);
		regions[i].box = les_points_box(&regions[i].polygon);
	}
	if (kind)
		return kind;
	page->regions = regions;
	page->regions_n = (uint32_t)areas->n;
	return LES_OK;
}

static int compare_doubles(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

enum les_kind les_typical_height(const struct les_polylines *lines,
				 const struct les_polylines *polygons, double *ret,
				 struct les_error *reterr)
{
	LES_CLEANUP(les_free_p) double *heights = calloc(lines->n + 1, sizeof *heights);
	size_t n = 0;

	if (!heights)
		return les_fail(reterr, LES_NOMEM, "the heights of %zu lines", lines->n);
	for (size_t i = 0; i < lines->n; i++) {
		const double length = les_polyline_length(&lines->at[i]);
		if (polygons->at[i].n >= 3 && length > 0)
			heights[n++] = fabs(les_polygon_area(&polygons->at[i])) / length;
	}
	qsort(heights, n, sizeof *heights, compare_doubles);
	*ret = n ? heights[n / 2] : HEIGHT_PX;
	return LES_OK;
}

static enum les_kind make_strip(const struct les_placing *placing,
				const struct les_polyline *baseline, double height_px,
				struct les_polyline *ret, struct les_error *reterr)
{
	const double part = placing->position == LES_LINE_BOTTOM ? LETTERS_PART
			    : placing->position == LES_LINE_TOP  ? 1 - LETTERS_PART
								 : 0.5;
	LES_CLEANUP(les_polyline_done) struct les_polyline back = {0};
	enum les_kind kind = les_offset(baseline, part * height_px, ret, reterr);

	if (!kind)
		kind = les_offset(baseline, (part - 1) * height_px, &back, reterr);
	for (size_t i = back.n; !kind && i-- > 0;)
		kind = les_polyline_push(ret, back.at[i], reterr);
	return kind;
}

enum les_kind les_place_polygon(const struct les_placing *placing,
				const struct les_polyline *baseline,
				const struct les_polyline *polygon, double height_px,
				struct les_page *page, struct les_line *line,
				struct les_error *reterr)
{
	LES_CLEANUP(les_polyline_done) struct les_polyline strip = {0};
	enum les_kind kind = LES_OK;

	if (polygon->n < 3)
		kind = make_strip(placing, baseline, height_px, &strip, reterr);
	if (!kind)
		kind = place_points(placing, polygon->n < 3 ? &strip : polygon, page,
				    &line->polygon, reterr);
	if (!kind)
		line->box = les_points_box(&line->polygon);
	return kind;
}

enum les_kind les_place_lines(const struct les_placing *placing, const struct les_polylines *lines,
			      const struct les_polylines *polygons, struct les_page *page,
			      struct les_error *reterr)
{
	struct les_line *at = les_arena_alloc(&page->arena, lines->n, sizeof *at);
	double height;
	enum les_kind kind = les_typical_height(lines, polygons, &height, reterr);

	if (!kind && !at)
		kind = les_fail(reterr, LES_NOMEM, "%zu lines", lines->n);
	for (size_t i = 0; !kind && i < lines->n; i++) {
		at[i] = (struct les_line){
			.id = "", .text = "", .language = "", .script = "", .region = -1};
		kind = place_points(placing, &lines->at[i], page, &at[i].baseline, reterr);
		if (!kind)
			kind = les_place_polygon(placing, &lines->at[i], &polygons->at[i], height,
						 page, &at[i], reterr);
	}
	if (kind)
		return kind;
	page->lines = at;
	page->lines_n = (uint32_t)lines->n;
	return LES_OK;
}
