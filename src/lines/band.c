#include "lines/band.h"

#include "image/vec.h"

#include <stdlib.h>

enum {
	PLACES = 256,                          /* along the baseline, where the outline is met */
	CUTS_MAX = LES_BAND_POINTS_MAX / 2 - 2 /* of the band, its two ends aside */
};
static const double LENGTH_MIN_PX = 5, HEIGHT_MIN_PX = 4, PLACE_PX = 4, BEYOND = 2;

/* Somewhere along the baseline. */
struct place {
	struct les_vec at, along, up; /* unit vectors; up towards the text's top */
};

struct places {
	struct place at[PLACES];
	uint32_t n;
	double step_px;
};

static double length_of(const struct les_points *line)
{
	double length = 0;

	for (uint32_t i = 1; i < line->n; i++)
		length += les_vec_length(les_vec_sub(les_vec_at(line, i), les_vec_at(line, i - 1)));
	return length;
}

/* Whichever way round. */
static double area_of(const struct les_points *polygon)
{
	double sum = 0;

	for (uint32_t i = 0, k = polygon->n - 1; i < polygon->n; k = i++)
		sum += les_vec_cross(les_vec_at(polygon, k), les_vec_at(polygon, i));
	return fabs(sum) / 2;
}

/* Places at even distances, both ends among them. */
static void walk(const struct les_points *baseline, double length, struct places *places)
{
	const double n = fmin(fmax(floor(length / PLACE_PX) + 1, 2), PLACES);
	uint32_t segment = 1;
	double before = 0;

	places->n = (uint32_t)n;
	places->step_px = length / (n - 1);
	for (uint32_t i = 0; i < places->n; i++) {
		const double distance = i * places->step_px;
		struct les_vec a = les_vec_at(baseline, segment - 1),
			       b = les_vec_at(baseline, segment);
		double side = les_vec_length(les_vec_sub(b, a));

		while (before + side < distance && segment + 1 < baseline->n) {
			before += side;
			segment++;
			a = b;
			b = les_vec_at(baseline, segment);
			side = les_vec_length(les_vec_sub(b, a));
		}
		const double t = side > 0 ? fmin((distance - before) / side, 1) : 0;
		places->at[i].at = les_vec_add(a, les_vec_scale(les_vec_sub(b, a), t));
	}
}

/* Directions over as much of the baseline as the line is high, to both sides: hooks at its ends and
 * jags do not count. false: a baseline that returns to where it was */
static bool direct(struct places *places, double height_px)
{
	const double reach = fmin(fmax(height_px / places->step_px, 1), PLACES);
	const uint32_t k = (uint32_t)reach, last = places->n - 1;

	for (uint32_t i = 0; i < places->n; i++) {
		struct place *p = &places->at[i];
		const struct les_vec from = places->at[i > k ? i - k : 0].at;
		const struct les_vec to = places->at[i + k < last ? i + k : last].at;
		const struct les_vec way = les_vec_sub(to, from);
		const double length = les_vec_length(way);

		if (!(length > 0))
			return false;
		p->along = les_vec_scale(way, 1 / length);
		p->up = (struct les_vec){p->along.y, -p->along.x};
	}
	return true;
}

/* How far above and below the place the outline lies: its farthest crossings; 0 where none. */
static void meet(const struct place *place, const struct les_points *polygon, double *ret_above,
		 double *ret_below)
{
	*ret_above = *ret_below = 0;
	for (uint32_t i = 0, k = polygon->n - 1; i < polygon->n; k = i++) {
		const struct les_vec edge =
			les_vec_sub(les_vec_at(polygon, i), les_vec_at(polygon, k));
		const struct les_vec to = les_vec_sub(les_vec_at(polygon, k), place->at);
		const double z = les_vec_cross(place->up, edge);
		const double u = les_vec_cross(to, edge) / z, v = les_vec_cross(to, place->up) / z;

		if (z == 0 || !(v >= 0 && v <= 1))
			continue;
		*ret_above = fmax(*ret_above, u);
		*ret_below = fmax(*ret_below, -u);
	}
}

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double at_most_places(double *values, uint32_t n)
{
	const double at = LES_BAND_SHARE * (n - 1);
	const uint32_t i = (uint32_t)at;

	qsort(values, n, sizeof *values, compare);
	return i + 1 < n ? values[i] + (at - i) * (values[i + 1] - values[i]) : values[i];
}

/* Its edges' distances from the baseline. false: the outline is not about the baseline. */
static bool measure(const struct places *places, const struct les_points *polygon,
		    double *ret_above, double *ret_below)
{
	double above[PLACES], below[PLACES];
	uint32_t n = 0;

	for (uint32_t i = 0; i < places->n; i++) {
		meet(&places->at[i], polygon, &above[n], &below[n]);
		n += above[n] + below[n] > 0;
	}
	if (n == 0)
		return false;
	*ret_above = at_most_places(above, n);
	*ret_below = at_most_places(below, n);
	const double height = *ret_above + *ret_below;
	*ret_above += LES_BAND_MARGIN * height;
	*ret_below += LES_BAND_MARGIN * height;
	return height >= HEIGHT_MIN_PX;
}

/* How far the outline goes on beyond a place, along a direction. */
static double beyond(const struct les_points *polygon, struct les_vec from, struct les_vec along)
{
	double far = 0;

	for (uint32_t i = 0; i < polygon->n; i++)
		far = fmax(far, les_vec_dot(les_vec_sub(les_vec_at(polygon, i), from), along));
	return far;
}

struct page {
	double last_x, last_y;
};

static struct les_point on_page(const struct page *page, struct les_vec p)
{
	return (struct les_point){(float)rint(fmin(fmax(p.x, 0), page->last_x)),
				  (float)rint(fmin(fmax(p.y, 0), page->last_y))};
}

uint32_t les_line_band(const struct les_points *baseline, const struct les_points *polygon,
		       uint32_t w_px, uint32_t h_px, struct les_point ret[LES_BAND_POINTS_MAX])
{
	const struct page page = {(double)w_px - 1, (double)h_px - 1};
	struct places places;
	double above, below;

	if (baseline->n < 2 || polygon->n < 3)
		return 0;
	const double length = length_of(baseline);
	if (!(length >= LENGTH_MIN_PX) || !isfinite(length))
		return 0;
	walk(baseline, length, &places);
	if (!direct(&places, area_of(polygon) / length) ||
	    !measure(&places, polygon, &above, &below))
		return 0;

	const double limit = BEYOND * (above + below);
	const struct place *first = &places.at[0], *last = &places.at[places.n - 1];
	const double before =
		fmin(beyond(polygon, first->at, les_vec_scale(first->along, -1)), limit);
	const double after = fmin(beyond(polygon, last->at, last->along), limit);
	const uint32_t cuts_n = places.n < CUTS_MAX ? places.n : CUTS_MAX, n = cuts_n + 2;

	for (uint32_t i = 0; i < n; i++) {
		const bool is_first = i == 0, is_last = i == n - 1;
		const uint32_t k = is_first  ? 0
				   : is_last ? places.n - 1
					     : (i - 1) * (places.n - 1) / (cuts_n - 1);
		const struct place *p = &places.at[k];
		const double on = is_first ? -before : is_last ? after : 0;
		const struct les_vec at = les_vec_add(p->at, les_vec_scale(p->along, on));

		ret[i] = on_page(&page, les_vec_add(at, les_vec_scale(p->up, above)));
		ret[2 * n - 1 - i] = on_page(&page, les_vec_sub(at, les_vec_scale(p->up, below)));
	}
	return 2 * n;
}
