#include "lines/patch.h"
#include "lines/warp.h"

#include <stdlib.h>

/* Curved baselines, newer extraction: the band around the baseline is cut into quadrilaterals, with
 * bevelled joints, and each is stretched into an upright box.
 * source: kraken lib/segmentation.py extract_polygons, _bevelled_warping_envelope */

/* A cut across the band: where it lies in the patch, and at which column of the output. */
struct cut {
	struct les_vec top, bottom;
	int32_t x;
};

struct cuts {
	struct cut *at;
	size_t n;
	double above, below; /* the band's edges, from the baseline */
};

struct segment {
	struct les_vec from, along, normal; /* unit vectors; the normal points down */
	double start, length;               /* along the whole baseline */
};

static enum les_kind split(const struct les_polyline *baseline, struct segment **ret,
			   struct les_error *reterr)
{
	struct segment *segments = calloc(baseline->n, sizeof *segments);
	double start = 0;

	if (!segments)
		return les_fail(reterr, LES_NOMEM, "a baseline of %zu points", baseline->n);
	for (size_t i = 0; i + 1 < baseline->n; i++) {
		const struct les_vec step = les_vec_sub(baseline->at[i + 1], baseline->at[i]);
		const double length = les_vec_length(step);
		const struct les_vec along = les_vec_scale(step, 1 / length);
		segments[i] = (struct segment){
			baseline->at[i], along, {-along.y, along.x}, start, length};
		start += length;
	}
	*ret = segments;
	return LES_OK;
}

/* A point of the polygon in the frame of the baseline segment it lies beside most centrally. */
static struct les_vec to_frame(const struct segment *segments, size_t n, struct les_vec p)
{
	double best = INFINITY;
	struct les_vec at = {0, 0};

	for (size_t i = 0; i < n; i++) {
		const struct les_vec d = les_vec_sub(p, segments[i].from);
		const double x = les_vec_dot(d, segments[i].along);
		const double outside = fmax(-x, x - segments[i].length);
		if (outside < best) {
			best = outside;
			at = (struct les_vec){segments[i].start + x,
					      les_vec_cross(segments[i].along, d)};
		}
	}
	return at;
}

/* The output's box on the page, were the baseline laid out level from its first point. */
static enum les_kind output_box(const struct les_patch *patch, const struct segment *segments,
				struct les_box *ret, struct les_error *reterr)
{
	LES_CLEANUP(les_polyline_done) struct les_polyline frame = {0};
	const struct les_vec start = les_vec_add(patch->baseline.at[0], patch->offset);
	enum les_kind kind = LES_OK;

	for (size_t i = 0; !kind && i < patch->polygon.n; i++)
		kind = les_polyline_push(
			&frame,
			les_vec_add(start, to_frame(segments, patch->baseline.n - 1,
						    patch->polygon.at[i])),
			reterr);
	if (!kind)
		*ret = les_frame_box(&frame);
	return kind;
}

static struct les_vec whole(struct les_vec p)
{
	return (struct les_vec){trunc(p.x), trunc(p.y)};
}

static bool same(struct les_vec a, struct les_vec b)
{
	return a.x == b.x && a.y == b.y;
}

static struct cut cut_at(const struct cuts *cuts, struct les_vec p, struct les_vec normal, double x)
{
	return (struct cut){
		.top = whole(les_vec_add(p, les_vec_scale(normal, cuts->above))),
		.bottom = whole(les_vec_add(p, les_vec_scale(normal, cuts->below))),
		.x = (int32_t)x,
	};
}

/* The joint of two segments: cuts along a quadratic Bézier curve from before to after the corner,
 * the normal turning with it. */
static void add_joint(struct cuts *cuts, const struct segment *before, const struct segment *after,
		      double bevel_max_px, double origin_x)
{
	const double back = fmin(before->length / 2, bevel_max_px);
	const double ahead = fmin(after->length / 2, bevel_max_px);
	const double steps = fmax(1, rint((back + ahead) / (bevel_max_px / 2)));

	for (double i = 0; i <= steps; i++) {
		const double t = i / steps, s = 1 - t;
		const struct les_vec p = les_vec_add(
			after->from, les_vec_sub(les_vec_scale(after->along, t * t * ahead),
						 les_vec_scale(before->along, s * s * back)));
		const struct les_vec turning = les_vec_add(les_vec_scale(before->normal, s),
							   les_vec_scale(after->normal, t));
		const struct les_vec normal = les_vec_scale(turning, 1 / les_vec_length(turning));
		const double x = origin_x + after->start - s * s * back + t * t * ahead;
		const struct cut cut = cut_at(cuts, p, normal, x), *last = &cuts->at[cuts->n - 1];

		if (!same(cut.top, last->top) && !same(cut.bottom, last->bottom) &&
		    cut.x != last->x)
			cuts->at[cuts->n++] = cut;
	}
}

/* Joints of up to BEVEL_STEPS + 1 cuts each (twice bevel_max in steps of half of it). */
enum { BEVEL_STEPS = 4 };

static enum les_kind cut_band(const struct segment *segments, size_t n, struct les_vec origin,
			      uint32_t w_px, uint32_t h_px, struct cuts *ret,
			      struct les_error *reterr)
{
	struct cuts cuts = {
		.at = calloc(2 + n * (BEVEL_STEPS + 1), sizeof *cuts.at),
		.above = -origin.y,
		.below = h_px - origin.y,
	};
	const struct segment *first = segments, *last = segments + n - 1;

	if (!cuts.at)
		return les_fail(reterr, LES_NOMEM, "a baseline of %zu segments", n);
	cuts.at[cuts.n++] =
		cut_at(&cuts, les_vec_sub(first->from, les_vec_scale(first->along, origin.x)),
		       first->normal, 0);
	for (size_t i = 1; i < n; i++)
		add_joint(&cuts, &segments[i - 1], &segments[i], h_px / 3.0, origin.x);
	const struct les_vec end =
		les_vec_add(last->from, les_vec_scale(last->along, w_px - last->start - origin.x));
	cuts.at[cuts.n++] = (struct cut){
		.top = les_vec_add(end, les_vec_scale(last->normal, cuts.above)),
		.bottom = les_vec_add(end, les_vec_scale(last->normal, cuts.below)),
		.x = (int32_t)w_px,
	};
	*ret = cuts;
	return LES_OK;
}

enum les_kind les_patch_bend(const struct les_patch *patch, struct les_bitmap *ret,
			     struct les_error *reterr)
{
	LES_CLEANUP(les_free_p) struct segment *segments = NULL;
	LES_CLEANUP(les_bitmap_done) struct les_bitmap out = {0};
	struct cuts cuts = {0};
	struct les_box box;
	enum les_kind kind;

	if ((kind = split(&patch->baseline, &segments, reterr)) ||
	    (kind = output_box(patch, segments, &box, reterr)) ||
	    (kind = les_bitmap_new((uint32_t)(box.x1_px - box.x0_px),
				   (uint32_t)(box.y1_px - box.y0_px), patch->px.channels, &out,
				   reterr)))
		return kind;
	const struct les_vec start = les_vec_add(patch->baseline.at[0], patch->offset);
	const struct les_vec origin = {start.x - box.x0_px, start.y - box.y0_px};
	if ((kind = cut_band(segments, patch->baseline.n - 1, origin, out.w_px, out.h_px, &cuts,
			     reterr)))
		return kind;
	for (size_t i = 0; i + 1 < cuts.n; i++) {
		const struct cut *a = &cuts.at[i], *b = &cuts.at[i + 1];
		const struct les_vec quad[4] = {a->top, a->bottom, b->bottom, b->top};
		if (a->x < b->x)
			les_warp_quad(&patch->px, quad, &out,
				      (struct les_box){a->x, 0, b->x, (int32_t)out.h_px});
	}
	free(cuts.at);
	*ret = out;
	out.px = NULL;
	return LES_OK;
}
