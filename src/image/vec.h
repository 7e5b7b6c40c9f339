#ifndef LES_IMAGE_VEC_H
#define LES_IMAGE_VEC_H

#include "types/geometry.h"

#include <math.h>

/* A point or a direction while geometry is being computed: double, where struct les_point is what
 * travels. */
struct les_vec {
	double x, y;
};

static inline struct les_vec les_vec_at(const struct les_points *points, uint32_t i)
{
	return (struct les_vec){(double)points->at[i].x_px, (double)points->at[i].y_px};
}

static inline struct les_vec les_vec_add(struct les_vec a, struct les_vec b)
{
	return (struct les_vec){a.x + b.x, a.y + b.y};
}

static inline struct les_vec les_vec_sub(struct les_vec a, struct les_vec b)
{
	return (struct les_vec){a.x - b.x, a.y - b.y};
}

static inline struct les_vec les_vec_scale(struct les_vec a, double s)
{
	return (struct les_vec){a.x * s, a.y * s};
}

static inline double les_vec_dot(struct les_vec a, struct les_vec b)
{
	return a.x * b.x + a.y * b.y;
}

/* z of the cross product: positive where b lies clockwise of a on a page (y down). */
static inline double les_vec_cross(struct les_vec a, struct les_vec b)
{
	return a.x * b.y - a.y * b.x;
}

static inline double les_vec_length(struct les_vec a)
{
	return hypot(a.x, a.y);
}

#endif
