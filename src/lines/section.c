#include "lines/section.h"

#include "image/vec.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

static bool is_inside(const struct les_points *polygon, struct les_vec p)
{
	bool inside = false;

	for (uint32_t i = 0, k = polygon->n - 1; i < polygon->n; k = i++) {
		const struct les_vec a = les_vec_at(polygon, i), b = les_vec_at(polygon, k);

		if ((a.y > p.y) != (b.y > p.y) &&
		    p.x < (b.x - a.x) * (p.y - a.y) / (b.y - a.y) + a.x)
			inside = !inside;
	}
	return inside;
}

/* An end inside the polygon moves outwards along its segment, to the polygon's edge; it stays where
 * it meets the edge not once but more often. */
static struct les_vec drawn_out(const struct les_points *polygon, struct les_vec end,
				struct les_vec next)
{
	enum { REACH = 10 }; /* lengths of the segment */
	const struct les_vec way = les_vec_scale(les_vec_sub(end, next), REACH);
	unsigned crossings_n = 0;
	double first = 0;

	if (!is_inside(polygon, end))
		return end;
	for (uint32_t i = 0, k = polygon->n - 1; i < polygon->n; k = i++) {
		const struct les_vec a = les_vec_at(polygon, k),
				     edge = les_vec_sub(les_vec_at(polygon, i), a);
		const struct les_vec to = les_vec_sub(a, end);
		const double z = les_vec_cross(way, edge);
		const double t = les_vec_cross(to, edge) / z, s = les_vec_cross(to, way) / z;

		if (z != 0 && t >= 0 && t <= 1 && s >= 0 && s < 1) {
			first = t;
			crossings_n++;
		}
	}
	if (crossings_n != 1)
		return end;
	const struct les_vec p = les_vec_add(end, les_vec_scale(way, first));
	return (struct les_vec){trunc(p.x), trunc(p.y)};
}

/* A cut: where on the baseline, and the direction of the baseline there. */
struct cut {
	struct les_vec at, along;
};

static struct les_vec end_point(const struct les_points *baseline, const struct les_points *polygon,
				uint32_t i)
{
	if (i == 0)
		return drawn_out(polygon, les_vec_at(baseline, 0), les_vec_at(baseline, 1));
	if (i == baseline->n - 1)
		return drawn_out(polygon, les_vec_at(baseline, i), les_vec_at(baseline, i - 1));
	return les_vec_at(baseline, i);
}

static struct cut cut_at(const struct les_points *baseline, const struct les_points *polygon,
			 double distance)
{
	struct les_vec a = end_point(baseline, polygon, 0);
	struct cut cut = {a, {1, 0}};
	double before = 0;

	for (uint32_t i = 1; i < baseline->n; i++) {
		const struct les_vec b = end_point(baseline, polygon, i), way = les_vec_sub(b, a);
		const double length = les_vec_length(way);
		const bool is_here = distance <= before + length || i == baseline->n - 1;

		if (length > 0) {
			cut.along = les_vec_scale(way, 1 / length);
			cut.at = les_vec_add(
				a, les_vec_scale(cut.along, fmin(distance - before, length)));
		}
		if (is_here)
			break;
		before += length;
		a = b;
	}
	return cut;
}

/* Where the ray from the cut meets the polygon: side 1 towards the text's top, -1 below. */
static bool crossing(const struct cut *cut, const struct les_points *polygon, int side,
		     struct les_point *ret)
{
	const struct les_vec ray =
		les_vec_scale((struct les_vec){cut->along.y, -cut->along.x}, side);
	const struct les_vec along = les_vec_scale(cut->along, side);

	for (uint32_t i = 0; i < polygon->n; i++) {
		const struct les_vec before = les_vec_at(polygon, i ? i - 1 : polygon->n - 1);
		const struct les_vec u = les_vec_sub(cut->at, before);
		const struct les_vec v = les_vec_sub(les_vec_at(polygon, i), before);
		const double z = les_vec_dot(v, along) + DBL_EPSILON;
		const double t = les_vec_cross(v, u) / z, s = les_vec_dot(u, along) / z;

		if (!(s >= 0 && s <= 1 && t >= 0))
			continue;
		const struct les_vec p = les_vec_add(cut->at, les_vec_scale(ray, t));
		*ret = (struct les_point){(float)nearbyint(p.x), (float)nearbyint(p.y)};
		return true;
	}
	return false;
}

unsigned les_line_section(const struct les_points *baseline, const struct les_points *polygon,
			  double from_px, double to_px,
			  struct les_point ret[LES_SECTION_POINTS_MAX])
{
	const struct cut from = cut_at(baseline, polygon, fmax(from_px, DBL_EPSILON));
	const struct cut to = cut_at(baseline, polygon, fmax(to_px, DBL_EPSILON));

	if (crossing(&from, polygon, 1, &ret[0]) && crossing(&from, polygon, -1, &ret[1]) &&
	    crossing(&to, polygon, -1, &ret[2]) && crossing(&to, polygon, 1, &ret[3]))
		return 4;
	ret[0] = (struct les_point){(float)trunc(from.at.x), (float)trunc(from.at.y)};
	ret[1] = (struct les_point){(float)trunc(to.at.x), (float)trunc(to.at.y)};
	return 2;
}
