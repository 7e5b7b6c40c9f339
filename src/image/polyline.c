#include "image/polyline.h"

#include "types/limits.h"

#include <stdbool.h>
#include <stdlib.h>

enum les_kind les_polyline_push(struct les_polyline *line, struct les_vec p,
				struct les_error *reterr)
{
	if (line->n >= LES_TRACE_POINTS_MAX)
		return les_fail(reterr, LES_LIMIT, "an outline of more than %u points",
				LES_TRACE_POINTS_MAX);
	if (line->n == line->capacity) {
		const size_t capacity = line->capacity ? line->capacity * 2 : 32;
		struct les_vec *at = reallocarray(line->at, capacity, sizeof *at);
		if (!at)
			return les_fail(reterr, LES_NOMEM, "an outline of %zu points", capacity);
		line->at = at;
		line->capacity = capacity;
	}
	line->at[line->n++] = p;
	return LES_OK;
}

void les_polyline_done(struct les_polyline *line)
{
	free(line->at);
	*line = (struct les_polyline){0};
}

void les_polyline_reverse(struct les_polyline *line)
{
	for (size_t i = 0, j = line->n; i + 1 < j; i++) {
		const struct les_vec p = line->at[i];
		line->at[i] = line->at[--j];
		line->at[j] = p;
	}
}

double les_polyline_length(const struct les_polyline *line)
{
	double length = 0;

	for (size_t i = 1; i < line->n; i++)
		length += les_vec_length(les_vec_sub(line->at[i], line->at[i - 1]));
	return length;
}

struct les_vec les_polyline_at(const struct les_polyline *line, double distance)
{
	distance = fmax(distance, 0);
	for (size_t i = 1; i < line->n; i++) {
		const struct les_vec step = les_vec_sub(line->at[i], line->at[i - 1]);
		const double length = les_vec_length(step);

		if (distance < length)
			return les_vec_add(line->at[i - 1], les_vec_scale(step, distance / length));
		distance -= length;
	}
	return line->at[line->n - 1];
}

/* The side of a–b on which p lies. */
static double side_of(struct les_vec a, struct les_vec b, struct les_vec p)
{
	return les_vec_cross(les_vec_sub(b, a), les_vec_sub(p, a));
}

static bool in_box(struct les_vec a, struct les_vec b, struct les_vec p)
{
	return p.x >= fmin(a.x, b.x) && p.x <= fmax(a.x, b.x) && p.y >= fmin(a.y, b.y) &&
	       p.y <= fmax(a.y, b.y);
}

bool les_segments_meet(struct les_vec a, struct les_vec b, struct les_vec c, struct les_vec d)
{
	const double abc = side_of(a, b, c), abd = side_of(a, b, d);
	const double cda = side_of(c, d, a), cdb = side_of(c, d, b);

	if (((abc < 0 && abd > 0) || (abc > 0 && abd < 0)) &&
	    ((cda < 0 && cdb > 0) || (cda > 0 && cdb < 0)))
		return true;
	return (abc == 0 && in_box(a, b, c)) || (abd == 0 && in_box(a, b, d)) ||
	       (cda == 0 && in_box(c, d, a)) || (cdb == 0 && in_box(c, d, b));
}

struct les_vec les_segment_nearest(struct les_vec a, struct les_vec b, struct les_vec p)
{
	const struct les_vec d = les_vec_sub(b, a);
	const double square = les_vec_dot(d, d);
	const double t = square > 0 ? les_vec_dot(les_vec_sub(p, a), d) / square : 0;

	return les_vec_add(a, les_vec_scale(d, fmin(fmax(t, 0), 1)));
}

/* The point between first and last farthest from the segment between them; 0 where none is farther
 * than the tolerance. */
static size_t farthest(const struct les_vec *at, size_t first, size_t last, double tolerance)
{
	size_t found = 0;

	for (size_t i = first + 1; i < last; i++) {
		const struct les_vec near = les_segment_nearest(at[first], at[last], at[i]);
		const double distance = les_vec_length(les_vec_sub(at[i], near));
		if (distance > tolerance) {
			tolerance = distance;
			found = i;
		}
	}
	return found;
}

enum les_kind les_polyline_simplify(struct les_polyline *line, double tolerance,
				    struct les_error *reterr)
{
	if (line->n < 3)
		return LES_OK;
	/* ends[]: the ends of the pieces still to be looked at, the nearest on top */
	LES_CLEANUP(les_free_p) size_t *ends = calloc(line->n, sizeof *ends);
	size_t ends_n = 1, kept = 1, first = 0;

	if (!ends)
		return les_fail(reterr, LES_NOMEM, "an outline of %zu points", line->n);
	ends[0] = line->n - 1;
	while (ends_n > 0) {
		const size_t split = farthest(line->at, first, ends[ends_n - 1], tolerance);
		if (split) {
			ends[ends_n++] = split;
		} else {
			first = ends[--ends_n];
			line->at[kept++] = line->at[first];
		}
	}
	line->n = kept;
	return LES_OK;
}

static enum les_kind cut_corner(struct les_polyline *line, struct les_vec a, struct les_vec b,
				struct les_error *reterr)
{
	const struct les_vec quarter = les_vec_scale(les_vec_sub(b, a), 0.25);
	enum les_kind kind = les_polyline_push(line, les_vec_add(a, quarter), reterr);

	return kind ? kind : les_polyline_push(line, les_vec_sub(b, quarter), reterr);
}

enum les_kind les_polyline_subdivide(const struct les_polyline *line, struct les_polyline *ret,
				     struct les_error *reterr)
{
	LES_CLEANUP(les_polyline_done) struct les_polyline out = {0};
	const struct les_vec *at = line->at, *last = at + line->n - 1;
	const bool closed = line->n > 1 && at->x == last->x && at->y == last->y;
	enum les_kind kind = LES_OK;

	if (closed && line->n > 2)
		kind = cut_corner(&out, last[-1], *last, reterr);
	else
		kind = les_polyline_push(&out, *at, reterr);
	for (size_t i = 1; !kind && i < line->n - closed; i++)
		kind = cut_corner(&out, at[i - 1], at[i], reterr);
	if (!kind)
		kind = les_polyline_push(&out, closed ? out.at[0] : *last, reterr);
	if (kind)
		return kind;
	*ret = out;
	out = (struct les_polyline){0};
	return LES_OK;
}

enum les_kind les_polylines_push(struct les_polylines *list, struct les_polyline *line,
				 struct les_error *reterr)
{
	if (list->n == list->capacity) {
		const size_t capacity = list->capacity ? list->capacity * 2 : 32;
		struct les_polyline *at = reallocarray(list->at, capacity, sizeof *at);
		if (!at)
			return les_fail(reterr, LES_NOMEM, "%zu outlines", capacity);
		list->at = at;
		list->capacity = capacity;
	}
	list->at[list->n++] = *line;
	*line = (struct les_polyline){0};
	return LES_OK;
}

void les_polylines_done(struct les_polylines *list)
{
	for (size_t i = 0; i < list->n; i++)
		les_polyline_done(&list->at[i]);
	free(list->at);
	*list = (struct les_polylines){0};
}
