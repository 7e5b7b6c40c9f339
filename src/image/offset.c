#include "image/offset.h"

#include <math.h>

static const double MITRE_MAX = 2;
static const int CORNER_STEPS = 6;

/* Unit vector to the left of a–b on the page; {0} where the points are the same. */
static struct les_vec normal_of(struct les_vec a, struct les_vec b)
{
	const struct les_vec d = les_vec_sub(b, a);
	const double length = les_vec_length(d);

	return length > 0 ? (struct les_vec){d.y / length, -d.x / length} : (struct les_vec){0};
}

/* Where two segments with these normals meet once both have moved by 1, from their common point. */
static struct les_vec corner(struct les_vec a, struct les_vec b)
{
	const struct les_vec sum = les_vec_add(a, b);
	const double square = les_vec_dot(sum, sum);

	/* the cosine of half the angle between them is √square / 2 */
	if (square < 4 / (MITRE_MAX * MITRE_MAX))
		return square > 1e-9 ? les_vec_scale(sum, MITRE_MAX / sqrt(square)) : a;
	return les_vec_scale(sum, 2 / square);
}

enum les_kind les_offset(const struct les_polyline *line, double distance, struct les_polyline *ret,
			 struct les_error *reterr)
{
	struct les_vec before = {0};
	enum les_kind kind = LES_OK;
	size_t at = 0;

	for (size_t i = 1; !kind && i < line->n; i++) {
		const struct les_vec normal = normal_of(line->at[at], line->at[i]);
		if (normal.x == 0 && normal.y == 0)
			continue;
		const struct les_vec by =
			at == 0 && before.x == 0 && before.y == 0 ? normal : corner(before, normal);
		kind = les_polyline_push(
			ret, les_vec_add(line->at[at], les_vec_scale(by, distance)), reterr);
		before = normal;
		at = i;
	}
	return kind ? kind
		    : les_polyline_push(
			      ret,
			      les_vec_add(line->at[line->n - 1], les_vec_scale(before, distance)),
			      reterr);
}

enum les_kind les_offset_piece(const struct les_polyline *line, size_t i, double distance,
			       struct les_polyline *ret, struct les_error *reterr)
{
	const struct les_vec a = line->at[i], b = line->at[i + 1];
	const struct les_vec normal = les_vec_scale(normal_of(a, b), distance);
	enum les_kind kind = les_polyline_push(ret, b, reterr);

	if (!kind)
		kind = les_polyline_push(ret, a, reterr);
	if (!kind && i > 0) {
		const struct les_vec before =
			les_vec_scale(normal_of(line->at[i - 1], a), distance);
		const double turn =
			atan2(les_vec_cross(before, normal), les_vec_dot(before, normal));
		for (int k = 0; !kind && k < CORNER_STEPS && turn * distance > 0; k++) {
			const double s = sin(turn * k / CORNER_STEPS);
			const double c = cos(turn * k / CORNER_STEPS);
			kind = les_polyline_push(
				ret,
				(struct les_vec){a.x + c * before.x - s * before.y,
						 a.y + s * before.x + c * before.y},
				reterr);
		}
	}
	if (!kind)
		kind = les_polyline_push(ret, les_vec_add(a, normal), reterr);
	return kind ? kind : les_polyline_push(ret, les_vec_add(b, normal), reterr);
}
