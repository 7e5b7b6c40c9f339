#ifndef LES_IMAGE_POLYLINE_H
#define LES_IMAGE_POLYLINE_H

#include "base/cleanup.h"
#include "base/error.h"
#include "image/vec.h"

#include <stdbool.h>
#include <stddef.h>

/* A chain of points that grows. {0} is empty; les_polyline_done() frees. */
struct les_polyline {
	struct les_vec *at;
	size_t n, capacity;
};

/* errors: LIMIT beyond LES_TRACE_POINTS_MAX, NOMEM */
enum les_kind les_polyline_push(struct les_polyline *line, struct les_vec p,
				struct les_error *reterr);
void les_polyline_done(struct les_polyline *line);

void les_polyline_reverse(struct les_polyline *line);

double les_polyline_length(const struct les_polyline *line);

/* The point at a distance along the line, its ends beyond them; n ≥ 1. */
struct les_vec les_polyline_at(const struct les_polyline *line, double distance);

/* Whether two segments have a point in common, touching included. */
bool les_segments_meet(struct les_vec a, struct les_vec b, struct les_vec c, struct les_vec d);

/* The point of the segment a–b nearest to p. */
struct les_vec les_segment_nearest(struct les_vec a, struct les_vec b, struct les_vec p);

/* Ramer–Douglas–Peucker in place: drops points that lie within tolerance of the simplified chain.
 * First and last stay. errors: NOMEM
 * source: skimage.measure.approximate_polygon, shapely simplify() */
enum les_kind les_polyline_simplify(struct les_polyline *line, double tolerance,
				    struct les_error *reterr);

/* One round of corner cutting (quadratic B-spline): each segment gives its points at 1/4 and 3/4.
 * An open chain keeps its ends; a closed one (first point repeated) stays closed.
 * errors: as les_polyline_push(); source: skimage.measure.subdivide_polygon, degree 2 */
enum les_kind les_polyline_subdivide(const struct les_polyline *line, struct les_polyline *ret,
				     struct les_error *reterr);

/* Chains in a list that owns them. {0} is empty; les_polylines_done() frees. */
struct les_polylines {
	struct les_polyline *at;
	size_t n, capacity;
};

/* Takes the chain over and leaves an empty one behind. errors: NOMEM (the chain stays) */
enum les_kind les_polylines_push(struct les_polylines *list, struct les_polyline *line,
				 struct les_error *reterr);
void les_polylines_done(struct les_polylines *list);

#endif
