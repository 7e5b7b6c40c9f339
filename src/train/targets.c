#include "train/targets.h"

#include "image/cover.h"

#include <math.h>
#include <string.h>

static const double SEPARATOR_PX = 5, SPLIT_PX = 0.001; /* kraken cuts a gap of twice that */

enum { CORNER_STEPS = 8 };

/* One channel. */
struct plane {
	uint8_t *at;
	uint32_t h, w;
};

static struct plane plane_of(const struct les_targets *t, uint8_t *out, uint32_t channel)
{
	return (struct plane){out + (size_t)channel * t->h * t->w, t->h, t->w};
}

static bool near(struct les_vec p, struct les_vec q)
{
	return les_vec_length(les_vec_sub(p, q)) < 1e-6;
}

/* ---- bands ---- */

/* All within half of a line, its ends flat or square. */
struct band {
	double half;
	bool square;
	uint8_t value;
};

static const struct band line_band = {4, false, 1}, erased_band = {4, false, 0};
static const struct band separator_band = {8, true, 1};

/* To the right of a–b on the page, half long. */
static struct les_vec side(struct les_vec a, struct les_vec b, double half)
{
	const struct les_vec d = les_vec_sub(b, a);

	return les_vec_scale((struct les_vec){-d.y, d.x}, half / les_vec_length(d));
}

static enum les_kind cover(const struct plane *plane, const struct les_vec *at, size_t n,
			   uint8_t value, struct les_error *reterr)
{
	const struct les_polyline polygon = {(struct les_vec *)at, n, n};

	return les_cover(plane->at, plane->h, plane->w, &polygon, value, reterr);
}

/* The wedge that opens between the bands of two segments, on the outer side of their point. */
static enum les_kind cover_corner(const struct plane *plane, const struct les_vec *p,
				  const struct band *band, struct les_error *reterr)
{
	const struct les_vec from = side(p[-1], p[0], band->half),
			     to = side(p[0], p[1], band->half);
	const double turn = atan2(les_vec_cross(from, to), les_vec_dot(from, to));
	const struct les_vec first = turn > 0 ? les_vec_scale(from, -1) : from;
	struct les_vec fan[CORNER_STEPS + 2] = {*p};

	for (int k = 0; k <= CORNER_STEPS; k++) {
		const double s = sin(turn * k / CORNER_STEPS), c = cos(turn * k / CORNER_STEPS);
		fan[k + 1] = (struct les_vec){p->x + c * first.x - s * first.y,
					      p->y + s * first.x + c * first.y};
	}
	return cover(plane, fan, LES_COUNT(fan), band->value, reterr);
}

/* The band of the segment a–b. A square end goes on by half, and keeps the point before it on one
 * of its sides: cut to a whole pixel, it makes a difference. */
static enum les_kind cover_segment(const struct plane *plane, struct les_vec a, struct les_vec b,
				   const struct band *band, bool first, bool last,
				   struct les_error *reterr)
{
	const struct les_vec s = side(a, b, band->half), on = {s.y, -s.x};
	const struct les_vec start = first && band->square ? les_vec_sub(a, on) : a;
	const struct les_vec end = last && band->square ? les_vec_add(b, on) : b;
	const struct les_vec outline[] = {les_vec_add(start, s), les_vec_add(b, s),
					  les_vec_add(end, s),   les_vec_sub(end, s),
					  les_vec_sub(a, s),     les_vec_sub(start, s)};

	return cover(plane, outline, LES_COUNT(outline), band->value, reterr);
}

/* No two points of the line in a row are the same. */
static enum les_kind cover_band(const struct plane *plane, const struct les_polyline *line,
				const struct band *band, struct les_error *reterr)
{
	enum les_kind kind = LES_OK;

	for (size_t i = 1; i < line->n && kind == LES_OK; i++) {
		const struct les_vec *p = line->at + i;
		kind = cover_segment(plane, p[-1], p[0], band, i == 1, i + 1 == line->n, reterr);
		if (kind == LES_OK && i + 1 < line->n)
			kind = cover_corner(plane, p, band, reterr);
	}
	return kind;
}

/* ---- lines ---- */

/* Appends a point unless it stands there already. */
static enum les_kind push(struct les_polyline *line, struct les_vec p, struct les_error *reterr)
{
	return line->n && near(line->at[line->n - 1], p) ? LES_OK
							 : les_polyline_push(line, p, reterr);
}

/* The part between two distances along the line. */
static enum les_kind part_of(const struct les_polyline *line, double from, double to,
			     struct les_polyline *ret, struct les_error *reterr)
{
	enum les_kind kind = push(ret, les_polyline_at(line, from), reterr);
	double at = 0;

	for (size_t i = 1; i < line->n && kind == LES_OK; i++) {
		at += les_vec_length(les_vec_sub(line->at[i], line->at[i - 1]));
		if (at > from && at < to)
			kind = push(ret, line->at[i], reterr);
	}
	return kind == LES_OK ? push(ret, les_polyline_at(line, to), reterr) : kind;
}

static enum les_kind draw_separator(const struct plane *plane, const struct les_polyline *line,
				    double from, double to, struct les_error *reterr)
{
	LES_CLEANUP(les_polyline_done) struct les_polyline part = {0};
	enum les_kind kind = part_of(line, from, to, &part, reterr);

	if (kind == LES_OK)
		kind = cover_band(plane, &part, &separator_band, reterr);
	return kind == LES_OK ? cover_band(plane, line, &erased_band, reterr) : kind;
}

static enum les_kind take_points(const struct les_points *points, struct les_polyline *ret,
				 struct les_error *reterr)
{
	enum les_kind kind = LES_OK;

	for (uint32_t i = 0; i < points->n && kind == LES_OK; i++)
		kind = push(ret, (struct les_vec){points->at[i].x_px, points->at[i].y_px}, reterr);
	return kind;
}

static uint32_t separator(const struct les_targets *t, const char *name)
{
	for (uint32_t i = 0; i < t->classes_n; i++)
		if (t->classes[i].kind == LES_CLASS_AUX && strcmp(t->classes[i].name, name) == 0 &&
		    t->classes[i].channel < t->channels)
			return t->classes[i].channel;
	return LES_CHANNEL_NONE;
}

static uint32_t channel_of(const struct les_targets *t, uint32_t class_number)
{
	uint32_t channel = class_number;

	if (t->channel_of)
		channel = class_number < t->channel_of_n ? t->channel_of[class_number]
							 : LES_CHANNEL_NONE;
	return channel < t->channels ? channel : LES_CHANNEL_NONE;
}

static enum les_kind draw_line(const struct les_targets *t, const struct les_shape *shape,
			       uint8_t *out, struct les_error *reterr)
{
	LES_CLEANUP(les_polyline_done) struct les_polyline line = {0};
	const uint32_t channel = channel_of(t, shape->class_number);
	const uint32_t start = separator(t, "_start_separator");
	const uint32_t end = separator(t, "_end_separator");
	enum les_kind kind = take_points(&shape->points, &line, reterr);

	if (kind != LES_OK || line.n < 2 || channel == LES_CHANNEL_NONE)
		return kind;
	const double length = les_polyline_length(&line),
		     piece = fmin(SEPARATOR_PX, length / 2) - SPLIT_PX;
	const struct plane plane = plane_of(t, out, channel);
	kind = cover_band(&plane, &line, &line_band, reterr);
	if (kind == LES_OK && start != LES_CHANNEL_NONE) {
		const struct plane at = plane_of(t, out, start);
		kind = draw_separator(&at, &line, 0, piece, reterr);
	}
	if (kind == LES_OK && end != LES_CHANNEL_NONE) {
		const struct plane at = plane_of(t, out, end);
		kind = draw_separator(&at, &line, length - piece, length, reterr);
	}
	return kind;
}

static enum les_kind draw_region(const struct les_targets *t, const struct les_shape *shape,
				 uint8_t *out, struct les_error *reterr)
{
	LES_CLEANUP(les_polyline_done) struct les_polyline outline = {0};
	const uint32_t channel = channel_of(t, shape->class_number);
	enum les_kind kind = take_points(&shape->points, &outline, reterr);

	if (kind != LES_OK || outline.n < 3 || channel == LES_CHANNEL_NONE)
		return kind;
	const struct plane plane = plane_of(t, out, channel);
	return cover(&plane, outline.at, outline.n, 1, reterr);
}

enum les_kind les_targets_draw(const struct les_targets *targets, const struct les_shape *lines,
			       uint32_t lines_n, const struct les_shape *regions,
			       uint32_t regions_n, uint8_t *out, struct les_error *reterr)
{
	enum les_kind kind = LES_OK;

	memset(out, 0, (size_t)targets->channels * targets->h * targets->w);
	for (uint32_t i = 0; i < lines_n && kind == LES_OK; i++)
		kind = draw_line(targets, &lines[i], out, reterr);
	for (uint32_t i = 0; i < regions_n && kind == LES_OK; i++)
		kind = draw_region(targets, &regions[i], out, reterr);
	return kind;
}

void les_targets_map(const struct les_class *from, uint32_t from_n, const struct les_class *to,
		     uint32_t to_n, uint32_t *ret, uint32_t ret_n)
{
	for (uint32_t i = 0; i < ret_n; i++)
		ret[i] = LES_CHANNEL_NONE;
	for (uint32_t i = 0; i < from_n; i++)
		for (uint32_t k = 0; k < to_n; k++)
			if (from[i].kind == to[k].kind && from[i].channel < ret_n &&
			    strcmp(from[i].name, to[k].name) == 0)
				ret[from[i].channel] = to[k].channel;
}
