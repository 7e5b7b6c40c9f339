#include "segment/corridor.h"

#include "image/polygon.h"
#include "types/geometry.h"
#include "types/limits.h"

#include <math.h>
#include <stdlib.h>

static const double STEP_PX = 10, MARGIN_PX = 1;

/* Rays across the baseline to one side. */
struct side {
	struct les_polyline ends; /* where they leave the image */
	struct les_polyline area; /* between baseline and ends */
	double *reach;            /* of each ray, in px */
};

void les_corridor_done(struct les_corridor *corridor)
{
	les_polyline_done(&corridor->above);
	les_polyline_done(&corridor->below);
}

/* Mean direction of the segments, each weighted by its length twice over, as in kraken. */
static bool direction_of(const struct les_polyline *line, struct les_vec *ret)
{
	struct les_vec sum = {0};

	for (size_t i = 1; i < line->n; i++) {
		const struct les_vec d = les_vec_sub(line->at[i], line->at[i - 1]);
		sum = les_vec_add(sum, les_vec_scale(d, les_vec_length(d)));
	}
	const double length = les_vec_length(sum);
	if (!(length > 1e-9))
		return false;
	*ret = les_vec_scale(sum, 1 / length);
	return true;
}

static enum les_kind resample(const struct les_polyline *line, struct les_polyline *ret,
			      struct les_error *reterr)
{
	enum les_kind kind = les_polyline_push(ret, line->at[0], reterr);
	double done = 0, next = STEP_PX;

	for (size_t i = 1; !kind && i < line->n; i++) {
		const struct les_vec d = les_vec_sub(line->at[i], line->at[i - 1]);
		const double length = les_vec_length(d);
		for (; !kind && next < done + length; next += STEP_PX)
			kind = les_polyline_push(
				ret,
				les_vec_add(line->at[i - 1],
					    les_vec_scale(d, (next - done) / length)),
				reterr);
		done += length;
	}
	return kind ? kind : les_polyline_push(ret, line->at[line->n - 1], reterr);
}

/* Where a ray leaves the image, in whole pixels. */
static struct les_vec leave(struct les_vec p, struct les_vec d, double w, double h)
{
	double t = HUGE_VAL;

	if (d.x != 0)
		t = fmin(t, ((d.x > 0 ? w : 0) - p.x) / d.x);
	if (d.y != 0)
		t = fmin(t, ((d.y > 0 ? h : 0) - p.y) / d.y);
	t = fmax(t, 0);
	return (struct les_vec){trunc(p.x + t * d.x), trunc(p.y + t * d.y)};
}

/* Lowers *low and raises *high to where p + t·d runs within distance r of c. */
static void meet_disc(struct les_vec p, struct les_vec d, struct les_vec c, double r, double *low,
		      double *high)
{
	const struct les_vec to = les_vec_sub(c, p);
	const double along = les_vec_dot(to, d), across = les_vec_cross(to, d);
	const double half = r * r - across * across;

	if (half < 0)
		return;
	*low = fmin(*low, along - sqrt(half));
	*high = fmax(*high, along + sqrt(half));
}

static void meet_band(struct les_vec p, struct les_vec d, struct les_vec a, struct les_vec b,
		      double *low, double *high)
{
	const struct les_vec ab = les_vec_sub(b, a), to = les_vec_sub(p, a);
	const double length = les_vec_length(ab);
	double from = -HUGE_VAL, until = HUGE_VAL;

	if (length == 0)
		return;
	const double at[2] = {les_vec_dot(to, ab) / length, les_vec_cross(ab, to) / length};
	const double by[2] = {les_vec_dot(d, ab) / length, les_vec_cross(ab, d) / length};
	const double min[2] = {0, -MARGIN_PX}, max[2] = {length, MARGIN_PX};
	for (unsigned i = 0; i < 2; i++) {
		if (fabs(by[i]) < 1e-12) {
			if (at[i] < min[i] || at[i] > max[i])
				return;
			continue;
		}
		const double s = (min[i] - at[i]) / by[i], t = (max[i] - at[i]) / by[i];
		from = fmax(from, fmin(s, t));
		until = fmin(until, fmax(s, t));
	}
	if (from <= until) {
		*low = fmin(*low, from);
		*high = fmax(*high, until);
	}
}

/* Shortens the rays to where they meet a chain, less the margin. */
static void shorten(struct side *side, const struct les_polyline *from,
		    const struct les_polyline *chain, bool closed)
{
	const size_t segments = chain->n < 2 ? chain->n : closed ? chain->n : chain->n - 1;

	for (size_t i = 0; i < from->n; i++) {
		const struct les_vec p = from->at[i], to = les_vec_sub(side->ends.at[i], p);
		const double length = les_vec_length(to);
		if (length == 0)
			continue;
		const struct les_vec d = les_vec_scale(to, 1 / length);
		for (size_t k = 0; k < segments; k++) {
			const struct les_vec a = chain->at[k], b = chain->at[(k + 1) % chain->n];
			double low = HUGE_VAL, high = -HUGE_VAL;
			meet_disc(p, d, a, MARGIN_PX, &low, &high);
			meet_disc(p, d, b, MARGIN_PX, &low, &high);
			meet_band(p, d, a, b, &low, &high);
			const double at = low > 0 ? low : high;
			if (low <= high && at > 0 && at < side->reach[i])
				side->reach[i] = at;
		}
	}
}

static bool meets(const struct les_polyline *area, const struct les_polyline *chain, bool closed)
{
	const size_t segments = closed ? chain->n : chain->n - 1;

	if (chain->n == 0)
		return false;
	for (size_t i = 0; i < segments; i++)
		for (size_t k = 0; k < area->n; k++)
			if (les_segments_meet(chain->at[i], chain->at[(i + 1) % chain->n],
					      area->at[k], area->at[(k + 1) % area->n]))
				return true;
	return les_polygon_contains(area, chain->at[0]);
}

static struct les_box box_of(const struct les_polyline *line)
{
	struct les_vec low = {HUGE_VAL, HUGE_VAL}, high = {-HUGE_VAL, -HUGE_VAL};

	for (size_t i = 0; i < line->n; i++) {
		low = (struct les_vec){fmin(low.x, line->at[i].x), fmin(low.y, line->at[i].y)};
		high = (struct les_vec){fmax(high.x, line->at[i].x), fmax(high.y, line->at[i].y)};
	}
	return (struct les_box){(int32_t)floor(low.x), (int32_t)floor(low.y),
				(int32_t)ceil(high.x) + 1, (int32_t)ceil(high.y) + 1};
}

static bool apart(const struct les_box *a, const struct les_box *b)
{
	return a->x1_px <= b->x0_px || b->x1_px <= a->x0_px || a->y1_px <= b->y0_px ||
	       b->y1_px <= a->y0_px;
}

static void side_done(struct side *side)
{
	les_polyline_done(&side->ends);
	les_polyline_done(&side->area);
	les_free_p(&side->reach);
}

static enum les_kind side_init(struct side *side, const struct les_neighbours *page,
			       const struct les_polyline *line, const struct les_polyline *from,
			       struct les_vec across, struct les_error *reterr)
{
	enum les_kind kind = LES_OK;

	for (size_t i = 0; !kind && i < from->n; i++)
		kind = les_polyline_push(
			&side->ends, leave(from->at[i], across, page->w_px, page->h_px), reterr);
	for (size_t i = 0; !kind && i < line->n; i++)
		kind = les_polyline_push(&side->area, line->at[i], reterr);
	LES_CLEANUP(les_polyline_done) struct les_polyline border = {0};
	for (size_t i = 0; !kind && i < side->ends.n; i++)
		kind = les_polyline_push(&border, side->ends.at[i], reterr);
	if (!kind)
		kind = les_polyline_simplify(&border, 1e-6, reterr);
	for (size_t i = 0; !kind && i < border.n; i++)
		kind = les_polyline_push(&side->area, border.at[i], reterr);
	if (kind)
		return kind;
	side->reach = calloc(from->n, sizeof *side->reach);
	if (!side->reach)
		return les_fail(reterr, LES_NOMEM, "%zu rays", from->n);
	for (size_t i = 0; i < from->n; i++)
		side->reach[i] = les_vec_length(les_vec_sub(side->ends.at[i], from->at[i]));
	shorten(side, from, &border, false);
	return LES_OK;
}

/* Each neighbour bounds one side: above, else below. */
static void bound(struct side sides[2], const struct les_box boxes[2],
		  const struct les_polyline *from, const struct les_polyline *chain,
		  const struct les_box *box, bool closed)
{
	for (unsigned i = 0; i < 2; i++) {
		if (apart(&boxes[i], box) || !meets(&sides[i].area, chain, closed))
			continue;
		shorten(&sides[i], from, chain, closed);
		return;
	}
}

static void bound_by_all(const struct les_neighbours *page, size_t line, struct side sides[2],
			 const struct les_polyline *from)
{
	const struct les_box boxes[2] = {box_of(&sides[0].area), box_of(&sides[1].area)};
	const int32_t area = page->areas && page->area_of ? page->area_of[line] : -1;

	for (size_t i = 0; i < page->baselines->n; i++)
		if (i != line)
			bound(sides, boxes, from, &page->baselines->at[i], &page->boxes[i], false);
	if (area >= 0) {
		const struct les_polyline *outline = &page->areas->at[area];
		const struct les_box box = box_of(outline);
		bound(sides, boxes, from, outline, &box, true);
	}
}

static enum les_kind collect(const struct side *side, const struct les_polyline *from,
			     struct les_polyline *ret, struct les_error *reterr)
{
	enum les_kind kind = LES_OK;

	for (size_t i = 0; !kind && i < from->n; i++) {
		const struct les_vec to = les_vec_sub(side->ends.at[i], from->at[i]);
		const double length = les_vec_length(to);
		const double part = length > 0 ? side->reach[i] / length : 0;
		const struct les_vec p = les_vec_add(from->at[i], les_vec_scale(to, part));
		kind = les_polyline_push(ret, (struct les_vec){trunc(p.x), trunc(p.y)}, reterr);
	}
	return kind;
}

enum les_kind les_corridor_find(const struct les_neighbours *page, size_t line,
				struct les_corridor *ret, struct les_error *reterr)
{
	const struct les_polyline *baseline = &page->baselines->at[line];
	LES_CLEANUP(les_corridor_done) struct les_corridor corridor = {0};
	LES_CLEANUP(les_polyline_done) struct les_polyline from = {0};
	LES_CLEANUP(side_done) struct side above = {0};
	LES_CLEANUP(side_done) struct side below = {0};

	if (!direction_of(baseline, &corridor.direction))
		return les_fail(reterr, LES_ARG, "a baseline without length");
	const struct les_vec d = corridor.direction;
	enum les_kind kind = resample(baseline, &from, reterr);
	if (!kind)
		kind = side_init(&above, page, baseline, &from, (struct les_vec){d.y, -d.x},
				 reterr);
	if (!kind)
		kind = side_init(&below, page, baseline, &from, (struct les_vec){-d.y, d.x},
				 reterr);
	if (kind)
		return kind;
	struct side sides[2] = {above, below};
	bound_by_all(page, line, sides, &from);
	kind = collect(&above, &from, &corridor.above, reterr);
	if (!kind)
		kind = collect(&below, &from, &corridor.below, reterr);
	if (kind)
		return kind;
	*ret = corridor;
	corridor = (struct les_corridor){0};
	return LES_OK;
}
