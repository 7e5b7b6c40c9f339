#include "image/delaunay.h"
#include "lines/patch.h"
#include "lines/warp.h"

/* Curved baselines, older extraction: baseline and polygon are laid out level, the points in
 * between follow by triangles (piecewise affine). source: kraken lib/segmentation.py
 * extract_polygons with legacy=True; skimage.transform.PiecewiseAffineTransform */

/* Tolerance of "inside a triangle", in barycentric coordinates: neighbours leave no gap. */
static const double INSIDE = -1e-9;

/* {distance along, distance below} of the point's nearest place on the baseline. */
static struct les_vec to_frame(const struct les_polyline *baseline, struct les_vec p)
{
	double best = INFINITY, start = 0;
	struct les_vec at = {0, 0};

	for (size_t i = 0; i + 1 < baseline->n; i++) {
		const struct les_vec a = baseline->at[i], b = baseline->at[i + 1];
		const struct les_vec near = les_segment_nearest(a, b, p);
		const double distance = les_vec_length(les_vec_sub(p, near));
		const double side = les_vec_cross(les_vec_sub(b, a), les_vec_sub(p, a));

		if (distance < best) {
			best = distance;
			at.x = start + les_vec_length(les_vec_sub(near, a));
			at.y = side > 0 ? distance : side < 0 ? -distance : 0;
		}
		start += les_vec_length(les_vec_sub(b, a));
	}
	return at;
}

/* from: points in the patch; to: the same points in the output. */
struct layout {
	struct les_polyline from, to;
};

static void layout_done(struct layout *layout)
{
	les_polyline_done(&layout->from);
	les_polyline_done(&layout->to);
}

/* Both ends of one correspondence. */
static enum les_kind place(struct layout *layout, struct les_vec from, struct les_vec to,
			   struct les_error *reterr)
{
	enum les_kind kind = les_polyline_push(&layout->from, from, reterr);

	return kind ? kind : les_polyline_push(&layout->to, to, reterr);
}

/* The polygon comes first, then the baseline; `to` is on the page still. */
static enum les_kind lay_out(const struct les_patch *patch, struct layout *layout,
			     struct les_error *reterr)
{
	const struct les_vec start = les_vec_add(patch->baseline.at[0], patch->offset);
	double along = 0;
	enum les_kind kind = LES_OK;

	for (size_t i = 0; !kind && i < patch->polygon.n; i++)
		kind = place(layout, patch->polygon.at[i],
			     les_vec_add(start, to_frame(&patch->baseline, patch->polygon.at[i])),
			     reterr);
	for (size_t i = 0; !kind && i < patch->baseline.n; i++) {
		if (i > 0)
			along += les_vec_length(
				les_vec_sub(patch->baseline.at[i], patch->baseline.at[i - 1]));
		kind = place(layout, patch->baseline.at[i],
			     (struct les_vec){start.x + along, start.y}, reterr);
	}
	return kind;
}

/* Barycentric coordinate k at (x, y): w[k].x·x + w[k].y·y + c[k]. */
struct weights {
	struct les_vec w[3];
	double c[3];
};

static bool weights_of(const struct les_vec p[3], struct weights *ret)
{
	const double area = les_vec_cross(les_vec_sub(p[1], p[0]), les_vec_sub(p[2], p[0]));

	if (fabs(area) < 1e-9)
		return false;
	for (int k = 0; k < 3; k++) {
		const struct les_vec a = p[(k + 1) % 3], b = p[(k + 2) % 3];
		ret->w[k] = (struct les_vec){(a.y - b.y) / area, (b.x - a.x) / area};
		ret->c[k] = les_vec_cross(a, b) / area;
	}
	return true;
}

/* The columns of row y that lie inside; empty where *ret_x0 > *ret_x1. */
static void columns_inside(const struct weights *weights, double y, double *ret_x0, double *ret_x1)
{
	for (int k = 0; k < 3; k++) {
		const double slope = weights->w[k].x;
		const double rest = INSIDE - weights->c[k] - weights->w[k].y * y;

		if (slope > 0)
			*ret_x0 = fmax(*ret_x0, rest / slope);
		else if (slope < 0)
			*ret_x1 = fmin(*ret_x1, rest / slope);
		else if (rest > 0)
			*ret_x1 = -1;
	}
}

static void draw_triangle(const struct les_bitmap *source, const struct les_vec from[3],
			  const struct les_vec to[3], struct les_bitmap *out)
{
	const double y0 = fmax(0, ceil(fmin(fmin(to[0].y, to[1].y), to[2].y)));
	const double y1 = fmin(out->h_px - 1, floor(fmax(fmax(to[0].y, to[1].y), to[2].y)));
	struct weights weights;
	struct les_warp m = {0};

	if (!weights_of(to, &weights))
		return;
	for (int k = 0; k < 3; k++) {
		m.a += weights.w[k].x * from[k].x;
		m.b += weights.w[k].y * from[k].x;
		m.c += weights.c[k] * from[k].x;
		m.d += weights.w[k].x * from[k].y;
		m.e += weights.w[k].y * from[k].y;
		m.f += weights.c[k] * from[k].y;
	}
	for (double y = y0; y <= y1; y++) {
		double x0 = 0, x1 = out->w_px - 1;
		columns_inside(&weights, y, &x0, &x1);
		for (double x = ceil(x0); x <= floor(x1); x++)
			les_sample_point(source, les_warp_apply(&m, x, y),
					 out->px + ((size_t)y * out->w_px + (size_t)x) *
							   out->channels);
	}
}

enum les_kind les_patch_bend_legacy(const struct les_patch *patch, struct les_bitmap *ret,
				    struct les_error *reterr)
{
	LES_CLEANUP(layout_done) struct layout layout = {0};
	LES_CLEANUP(les_bitmap_done) struct les_bitmap out = {0};
	LES_CLEANUP(les_free_p) struct les_triangle *triangles = NULL;
	size_t n;
	enum les_kind kind;

	if ((kind = lay_out(patch, &layout, reterr)))
		return kind;
	const struct les_polyline polygon = {.at = layout.to.at, .n = patch->polygon.n};
	const struct les_box box = les_frame_box(&polygon);
	for (size_t i = 0; i < layout.to.n; i++)
		layout.to.at[i] =
			les_vec_sub(layout.to.at[i], (struct les_vec){box.x0_px, box.y0_px});
	if ((kind = les_bitmap_new((uint32_t)(box.x1_px - box.x0_px),
				   (uint32_t)(box.y1_px - box.y0_px), patch->px.channels, &out,
				   reterr)) ||
	    (kind = les_delaunay(layout.to.at, layout.to.n, &triangles, &n, reterr)))
		return kind;
	for (size_t i = 0; i < n; i++) {
		const uint32_t *c = triangles[i].corner;
		const struct les_vec from[3] = {layout.from.at[c[0]], layout.from.at[c[1]],
						layout.from.at[c[2]]};
		const struct les_vec to[3] = {layout.to.at[c[0]], layout.to.at[c[1]],
					      layout.to.at[c[2]]};
		draw_triangle(&patch->px, from, to, &out);
	}
	*ret = out;
	out.px = NULL;
	return LES_OK;
}
