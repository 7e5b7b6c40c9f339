#include "segment/baselines.h"

#include "image/outline.h"
#include "image/polygon.h"
#include "image/ridge.h"
#include "image/skeleton.h"
#include "image/thin.h"
#include "types/limits.h"

#include <math.h>
#include <stdlib.h>

static const float RIDGE_MIN = 0.17f;    /* of the ridge filter, for a pixel of a line */
static const float SEPARATOR_MIN = 0.2f; /* by which one separator must outweigh the other */
static const double SIMPLIFY_PX = 3, LENGTH_MIN_PX = 5, REACH = 10;
enum { BLOB_AREA_MIN_PX = 6, WINDOW_BEFORE_PX = 10, WINDOW_AFTER_PX = 9 };

static enum les_kind find_blobs(const struct les_plane *line, struct les_bitmap *ret,
				struct les_error *reterr)
{
	LES_CLEANUP(les_plane_done) struct les_plane ridge = {0};
	enum les_kind kind = les_ridge(line, &ridge, reterr);

	if (!kind)
		kind = les_bitmap_new(line->w_px, line->h_px, 1, ret, reterr);
	if (kind)
		return kind;
	for (size_t i = 0; i < (size_t)line->w_px * line->h_px; i++)
		ret->px[i] = ridge.at[i] > RIDGE_MIN;
	return LES_OK;
}

static int compare_doubles(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static bool on_segment(struct les_vec a, struct les_vec b, struct les_vec p)
{
	if (p.x < fmin(a.x, b.x) || p.x > fmax(a.x, b.x) || p.y < fmin(a.y, b.y) ||
	    p.y > fmax(a.y, b.y))
		return false;
	const struct les_vec near = les_segment_nearest(a, b, p);
	return les_vec_length(les_vec_sub(near, p)) < 1e-9;
}

/* Inside or on the outline. */
static bool covers(const struct les_polyline *polygon, struct les_vec p)
{
	for (size_t i = 0; i < polygon->n; i++)
		if (on_segment(polygon->at[i], polygon->at[(i + 1) % polygon->n], p))
			return true;
	return les_polygon_contains(polygon, p);
}

static bool inside(const struct les_polyline *polygon, struct les_vec p)
{
	for (size_t i = 0; i < polygon->n; i++)
		if (on_segment(polygon->at[i], polygon->at[(i + 1) % polygon->n], p))
			return false;
	return les_polygon_contains(polygon, p);
}

/* Where a–b crosses the outline, as fractions of its length, into at; returns how many. */
static size_t crossings(const struct les_polyline *polygon, struct les_vec a, struct les_vec b,
			double *at)
{
	const struct les_vec d = les_vec_sub(b, a);
	size_t n = 0;

	for (size_t i = 0; i < polygon->n; i++) {
		const struct les_vec p = polygon->at[i], q = polygon->at[(i + 1) % polygon->n];
		const struct les_vec e = les_vec_sub(q, p), f = les_vec_sub(p, a);
		const double across = les_vec_cross(d, e);
		if (across == 0)
			continue;
		const double t = les_vec_cross(f, e) / across, u = les_vec_cross(f, d) / across;
		if (t >= 0 && t <= 1 && u >= 0 && u <= 1)
			at[n++] = t;
	}
	return n;
}

/* Whether a chain stays within a polygon, its outline included; at: room for its points. */
static bool contains_chain(const struct les_polyline *polygon, const struct les_polyline *line,
			   double *at)
{
	for (size_t i = 0; i < line->n; i++)
		if (!covers(polygon, line->at[i]))
			return false;
	for (size_t i = 1; i < line->n; i++) {
		const struct les_vec a = line->at[i - 1];
		const struct les_vec d = les_vec_sub(line->at[i], a);
		const size_t n = crossings(polygon, a, line->at[i], at);

		qsort(at, n, sizeof *at, compare_doubles);
		for (size_t k = 1; k < n; k++) {
			const double middle = (at[k - 1] + at[k]) / 2;
			if (at[k] - at[k - 1] > 1e-9 &&
			    !covers(polygon, les_vec_add(a, les_vec_scale(d, middle))))
				return false;
		}
	}
	return true;
}

/* Moves an end on along its segment to the outline, where it crosses that just once. */
static void extend_end(const struct les_polyline *polygon, struct les_vec *end, struct les_vec next,
		       double *at)
{
	const struct les_vec back = les_vec_scale(les_vec_sub(*end, next), REACH);
	const struct les_vec far = les_vec_add(*end, back);

	if (!inside(polygon, *end))
		return;
	size_t n = crossings(polygon, *end, far, at);
	if (n == 2 && fabs(at[0] - at[1]) < 1e-9) /* through a corner */
		n = 1;
	if (n != 1)
		return;
	const struct les_vec hit = les_vec_add(*end, les_vec_scale(back, at[0]));
	*end = (struct les_vec){trunc(hit.x + 1e-9), trunc(hit.y + 1e-9)};
}

/* The blobs, and the outline of the one looked at last. */
struct blobs {
	struct les_components pieces;
	struct les_polyline outline; /* empty: too long, or too small a blob */
	uint32_t label;              /* whose it is, 0 for none yet */
	double *scratch;             /* as many as the outline has points */
};

static void blobs_done(struct blobs *blobs)
{
	les_components_done(&blobs->pieces);
	les_polyline_done(&blobs->outline);
	free(blobs->scratch);
}

static enum les_kind outline_blob(struct blobs *blobs, uint32_t label, struct les_error *reterr)
{
	if (label == blobs->label)
		return LES_OK;
	les_polyline_done(&blobs->outline);
	blobs->label = label;
	if (blobs->pieces.at[label - 1].area_px < BLOB_AREA_MIN_PX)
		return LES_OK;
	enum les_kind kind = les_outline(&blobs->pieces, label - 1, LES_LINE_OUTLINE_MAX,
					 &blobs->outline, reterr);
	if (kind == LES_LIMIT)
		return LES_OK; /* no line of writing */
	if (!kind)
		kind = les_polyline_simplify(&blobs->outline, 0.01, reterr);
	if (kind)
		return kind;
	double *more = reallocarray(blobs->scratch, blobs->outline.n, sizeof *more);
	if (!more)
		return les_fail(reterr, LES_NOMEM, "an outline of %zu points", blobs->outline.n);
	blobs->scratch = more;
	return LES_OK;
}

static enum les_kind extend(struct blobs *blobs, struct les_polyline *line,
			    struct les_error *reterr)
{
	const struct les_vec a = line->at[0];
	const struct les_components *pieces = &blobs->pieces;
	const uint32_t label = pieces->label[(size_t)a.y * pieces->w_px + (size_t)a.x];
	const enum les_kind kind = label ? outline_blob(blobs, label, reterr) : LES_OK;
	const struct les_polyline *outline = &blobs->outline;

	if (kind || !label || outline->n < 3 || outline->n * line->n > LES_EXTENSION_STEPS_MAX ||
	    !contains_chain(outline, line, blobs->scratch))
		return kind;
	const struct les_vec second = line->at[1];
	extend_end(outline, &line->at[0], second, blobs->scratch);
	extend_end(outline, &line->at[line->n - 1], line->at[line->n - 2], blobs->scratch);
	return LES_OK;
}

/* The highest value around a point. */
static float highest(const struct les_plane *plane, struct les_vec p)
{
	const int64_t x = (int64_t)p.x, y = (int64_t)p.y;
	float best = 0;

	for (int64_t v = y - WINDOW_BEFORE_PX; v <= y + WINDOW_AFTER_PX; v++)
		for (int64_t u = x - WINDOW_BEFORE_PX; u <= x + WINDOW_AFTER_PX; u++)
			if (u >= 0 && v >= 0 && u < plane->w_px && v < plane->h_px)
				best = fmaxf(best, les_plane_row(plane, (size_t)v)[u]);
	return best;
}

static bool runs_backwards(const struct les_line_heat *heat, const struct les_polyline *line)
{
	const struct les_vec a = line->at[0], b = line->at[line->n - 1];

	if (heat->start.at && heat->end.at) {
		const float at_a = highest(&heat->start, a) - highest(&heat->end, a);
		const float at_b = highest(&heat->start, b) - highest(&heat->end, b);
		if (at_a > SEPARATOR_MIN && at_b < -SEPARATOR_MIN)
			return false;
		if (at_a < -SEPARATOR_MIN && at_b > SEPARATOR_MIN)
			return true;
	}
	return heat->vertical ? a.y > b.y : a.x > b.x;
}

static enum les_kind finish(const struct les_line_heat *heat, struct blobs *blobs,
			    struct les_polyline *path, struct les_polylines *lines,
			    struct les_error *reterr)
{
	enum les_kind kind = les_polyline_simplify(path, SIMPLIFY_PX, reterr);

	if (!kind)
		kind = extend(blobs, path, reterr);
	if (kind || les_polyline_length(path) < LENGTH_MIN_PX)
		return kind;
	if (runs_backwards(heat, path))
		les_polyline_reverse(path);
	return les_polylines_push(lines, path, reterr);
}

enum les_kind les_baselines_find(const struct les_line_heat *heat, struct les_polylines *ret,
				 struct les_error *reterr)
{
	LES_CLEANUP(les_bitmap_done) struct les_bitmap mask = {0};
	LES_CLEANUP(blobs_done) struct blobs blobs = {0};
	LES_CLEANUP(les_polylines_done) struct les_polylines paths = {0};
	LES_CLEANUP(les_polylines_done) struct les_polylines lines = {0};
	enum les_kind kind = find_blobs(&heat->line, &mask, reterr);

	if (!kind)
		kind = les_components_find(&mask, &blobs.pieces, reterr);
	if (!kind)
		kind = les_thin(&mask, reterr);
	if (!kind)
		kind = les_skeleton_paths(&mask, &paths, reterr);
	for (size_t i = 0; !kind && i < paths.n && lines.n < LES_PAGE_LINES_MAX; i++)
		kind = finish(heat, &blobs, &paths.at[i], &lines, reterr);
	if (kind)
		return kind;
	*ret = lines;
	lines = (struct les_polylines){0};
	return LES_OK;
}
