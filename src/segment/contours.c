#include "segment/contours.h"

#include "image/gaussian.h"
#include "image/offset.h"
#include "image/outline.h"
#include "image/polygon.h"
#include "image/sobel.h"
#include "segment/carve.h"
#include "segment/corridor.h"
#include "types/limits.h"

#include <math.h>
#include <stdlib.h>

static const double OFFSET_PX = 8, BLUR_PX = 0.5, OUTLINE_PX = 0.5;
enum { FINE = 2 }; /* areas are joined at so many times the resolution, for their slanted edges */

enum les_kind les_contour_features(const struct les_image *image, struct les_plane *ret,
				   struct les_error *reterr)
{
	LES_CLEANUP(les_bitmap_done) struct les_bitmap grey = {0};
	LES_CLEANUP(les_plane_done) struct les_plane edges = {0};
	LES_CLEANUP(les_plane_done) struct les_plane scratch = {0};
	enum les_kind kind = les_plane_new(image->w_px, image->h_px, &edges, reterr);

	if (!kind)
		kind = les_plane_new(image->w_px, image->h_px, &scratch, reterr);
	if (!kind)
		kind = les_bitmap_copy(image, 1, &grey, reterr);
	if (kind)
		return kind;
	const struct les_image view = les_bitmap_view(&grey);
	les_sobel(&view, &edges);
	kind = les_gaussian(&edges, BLUR_PX, LES_BORDER_MIRROR, &scratch, &edges, reterr);
	if (kind)
		return kind;
	*ret = edges;
	edges = (struct les_plane){0};
	return LES_OK;
}

/* One line on its way to a polygon. */
struct contour {
	struct les_polyline line;    /* whole coordinates within the image */
	struct les_polyline shifted; /* 8 px towards the letters */
	struct les_polyline above, below;
	struct les_corridor corridor;
};

static void contour_done(struct contour *c)
{
	les_polyline_done(&c->line);
	les_polyline_done(&c->shifted);
	les_polyline_done(&c->above);
	les_polyline_done(&c->below);
	les_corridor_done(&c->corridor);
}

/* Whole coordinates within the image. */
static void settle(struct les_polyline *line, const struct les_plane *features)
{
	for (size_t i = 0; i < line->n; i++)
		line->at[i] = (struct les_vec){
			trunc(fmin(fmax(line->at[i].x, 0), features->w_px - 1.0)),
			trunc(fmin(fmax(line->at[i].y, 0), features->h_px - 1.0)),
		};
}

static enum les_kind carve_both(const struct les_contour_input *input, struct contour *c,
				struct les_error *reterr)
{
	const bool top = input->position == LES_LINE_TOP;
	const struct les_vec d = c->corridor.direction;
	const enum les_kind kind = les_carve(input->features, top ? &c->line : &c->shifted,
					     &c->corridor.above, d, &c->above, reterr);

	return kind ? kind
		    : les_carve(input->features, top ? &c->shifted : &c->line, &c->corridor.below,
				d, &c->below, reterr);
}

/* A mask and where on the page it lies. */
struct stencil {
	struct les_bitmap mask;
	struct les_vec corner;
};

static void stencil_done(struct stencil *s)
{
	les_bitmap_done(&s->mask);
}

static void grow_box(const struct les_polyline *line, struct les_vec *low, struct les_vec *high)
{
	for (size_t i = 0; i < line->n; i++) {
		*low = (struct les_vec){fmin(low->x, line->at[i].x), fmin(low->y, line->at[i].y)};
		*high = (struct les_vec){fmax(high->x, line->at[i].x),
					 fmax(high->y, line->at[i].y)};
	}
}

static struct les_vec to_stencil(const struct stencil *s, struct les_vec p)
{
	return les_vec_scale(les_vec_sub(p, s->corner), FINE);
}

/* Sets the pixels of "there along one chain, back along the other"; NULL: back straight. */
static enum les_kind fill_between(struct stencil *s, const struct les_polyline *there,
				  const struct les_polyline *back, struct les_error *reterr)
{
	LES_CLEANUP(les_polyline_done) struct les_polyline polygon = {0};
	enum les_kind kind = LES_OK;

	for (size_t i = 0; !kind && i < there->n; i++)
		kind = les_polyline_push(&polygon, to_stencil(s, there->at[i]), reterr);
	for (size_t i = back ? back->n : 0; !kind && i-- > 0;)
		kind = les_polyline_push(&polygon, to_stencil(s, back->at[i]), reterr);
	return kind ? kind : les_polygon_fill(&s->mask, &polygon, reterr);
}

/* The area between both seams, through the baseline's ends, and 4 px further outwards. */
static enum les_kind fill_line(struct stencil *s, const struct contour *c, double widen_px,
			       struct les_error *reterr)
{
	LES_CLEANUP(les_polyline_done) struct les_polyline upper = {0};
	LES_CLEANUP(les_polyline_done) struct les_polyline outer = {0};
	enum les_kind kind = les_polyline_push(&upper, c->line.at[0], reterr);

	for (size_t i = 0; !kind && i < c->above.n; i++)
		kind = les_polyline_push(&upper, c->above.at[i], reterr);
	if (!kind)
		kind = les_polyline_push(&upper, c->line.at[c->line.n - 1], reterr);
	if (!kind)
		kind = fill_between(s, &upper, &c->below, reterr);
	for (unsigned side = 0; !kind && widen_px > 0 && side < 2; side++) {
		const struct les_polyline *seam = side ? &c->below : &c->above;
		for (size_t i = 0; !kind && i + 1 < seam->n; i++) {
			outer.n = 0;
			kind = les_offset_piece(seam, i, side ? -widen_px : widen_px, &outer,
						reterr);
			if (!kind)
				kind = fill_between(s, &outer, NULL, reterr);
		}
	}
	return kind;
}

static enum les_kind biggest_outline(const struct stencil *s, struct les_polyline *ret,
				     struct les_error *reterr)
{
	LES_CLEANUP(les_components_done) struct les_components pieces = {0};
	enum les_kind kind = les_components_find(&s->mask, &pieces, reterr);
	uint32_t best = 0;

	if (!kind && pieces.n == 0)
		kind = les_fail(reterr, LES_ARG, "a line without area");
	if (kind)
		return kind;
	for (uint32_t i = 1; i < pieces.n; i++)
		if (pieces.at[i].area_px > pieces.at[best].area_px)
			best = i;
	kind = les_outline(&pieces, best, LES_TRACE_POINTS_MAX, ret, reterr);
	if (!kind)
		kind = les_polyline_push(ret, ret->at[0], reterr);
	if (!kind)
		kind = les_polyline_simplify(ret, OUTLINE_PX * FINE, reterr);
	if (kind)
		return kind;
	ret->n--;
	if (ret->n < 3)
		return les_fail(reterr, LES_ARG, "a line without area");
	for (size_t i = 0; i < ret->n; i++) {
		const struct les_vec p =
			les_vec_add(les_vec_scale(ret->at[i], 1.0 / FINE), s->corner);
		ret->at[i] = (struct les_vec){trunc(p.x), trunc(p.y)};
	}
	return LES_OK;
}

static enum les_kind assemble(const struct les_contour_input *input, const struct contour *c,
			      struct les_polyline *ret, struct les_error *reterr)
{
	LES_CLEANUP(stencil_done) struct stencil area = {0};
	LES_CLEANUP(stencil_done) struct stencil corridor = {0};
	const double widen = input->position == LES_LINE_CENTRE ? 0 : OFFSET_PX / 2;
	struct les_vec low = {HUGE_VAL, HUGE_VAL}, high = {0, 0};

	grow_box(&c->line, &low, &high);
	grow_box(&c->above, &low, &high);
	grow_box(&c->below, &low, &high);
	low = (struct les_vec){fmax(low.x - widen - 1, 0), fmax(low.y - widen - 1, 0)};
	const uint32_t w = (uint32_t)(high.x + widen + 2 - low.x) * FINE;
	const uint32_t h = (uint32_t)(high.y + widen + 2 - low.y) * FINE;
	area.corner = corridor.corner = low;
	enum les_kind kind = les_bitmap_new(w, h, 1, &area.mask, reterr);
	if (!kind)
		kind = les_bitmap_new(w, h, 1, &corridor.mask, reterr);
	if (!kind)
		kind = fill_line(&area, c, widen, reterr);
	if (!kind)
		kind = fill_between(&corridor, &c->line, &c->corridor.above, reterr);
	if (!kind)
		kind = fill_between(&corridor, &c->line, &c->corridor.below, reterr);
	if (kind)
		return kind;
	for (size_t i = 0; i < (size_t)w * h; i++)
		area.mask.px[i] &= corridor.mask.px[i];
	return biggest_outline(&area, ret, reterr);
}

static enum les_kind find_one(const struct les_contour_input *input,
			      const struct les_neighbours *page, size_t i, struct les_polyline *ret,
			      struct les_error *reterr)
{
	const struct les_polyline *baseline = &input->baselines->at[i];
	LES_CLEANUP(contour_done) struct contour c = {0};
	const double offset = input->position == LES_LINE_CENTRE ? 0
			      : input->position == LES_LINE_TOP  ? -OFFSET_PX
								 : OFFSET_PX;

	if (baseline->n < 2)
		return les_fail(reterr, LES_ARG, "a baseline of %zu points", baseline->n);
	enum les_kind kind = les_corridor_find(page, i, &c.corridor, reterr);
	for (size_t k = 0; !kind && k < baseline->n; k++)
		kind = les_polyline_push(&c.line, baseline->at[k], reterr);
	if (!kind)
		kind = les_offset(baseline, offset, &c.shifted, reterr);
	if (kind)
		return kind;
	settle(&c.line, input->features);
	settle(&c.shifted, input->features);
	kind = carve_both(input, &c, reterr);
	return kind ? kind : assemble(input, &c, ret, reterr);
}

struct work {
	const struct les_contour_input *input;
	struct les_neighbours page;
	const bool *wanted;
	struct les_polyline *found;
	enum les_kind *kinds;
};

static void job(void *context, size_t i, uint32_t member)
{
	const struct work *work = context;

	(void)member;
	if (!work->wanted || work->wanted[i])
		work->kinds[i] = find_one(work->input, &work->page, i, &work->found[i], NULL);
}

static struct les_box box_around(const struct les_polyline *line)
{
	struct les_vec low = {HUGE_VAL, HUGE_VAL}, high = {0, 0};

	if (line->n == 0)
		return (struct les_box){0};
	grow_box(line, &low, &high);
	return (struct les_box){(int32_t)floor(low.x), (int32_t)floor(low.y),
				(int32_t)ceil(high.x) + 1, (int32_t)ceil(high.y) + 1};
}

enum les_kind les_contours_find(const struct les_contour_input *input, const bool *wanted,
				struct les_polylines *ret, struct les_error *reterr)
{
	const size_t n = input->baselines->n;
	LES_CLEANUP(les_polylines_done)
	struct les_polylines found = {.at = calloc(n + 1, sizeof *found.at), .capacity = n + 1};
	LES_CLEANUP(les_free_p) enum les_kind *kinds = calloc(n + 1, sizeof *kinds);
	LES_CLEANUP(les_free_p) struct les_box *boxes = calloc(n + 1, sizeof *boxes);

	if (!found.at || !kinds || !boxes)
		return les_fail(reterr, LES_NOMEM, "%zu polygons", n);
	found.n = n;
	for (size_t i = 0; i < n; i++)
		boxes[i] = box_around(&input->baselines->at[i]);
	struct work work = {
		.input = input,
		.page = {.baselines = input->baselines,
			 .areas = input->areas,
			 .area_of = input->area_of,
			 .boxes = boxes,
			 .w_px = input->features->w_px,
			 .h_px = input->features->h_px},
		.wanted = wanted,
		.found = found.at,
		.kinds = kinds,
	};
	les_team_run(input->team, job, &work, n);
	for (size_t i = 0; i < n; i++)
		if (kinds[i] == LES_NOMEM)
			return les_fail(reterr, LES_NOMEM, "the polygon of a line");
	*ret = found;
	found = (struct les_polylines){0};
	return LES_OK;
}
