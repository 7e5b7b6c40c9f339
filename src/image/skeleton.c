#include "image/skeleton.h"

#include "types/limits.h"

#include <stdlib.h>

static const int8_t DX[8] = {-1, 0, 1, -1, 1, -1, 0, 1};
static const int8_t DY[8] = {-1, -1, -1, 0, 0, 1, 1, 1};
enum { ROOT = 8, PATHS_MAX = 2 * LES_SKELETON_ENDS_MAX };

struct search {
	const struct les_bitmap *skeleton;
	uint32_t *owner; /* 0: not reached, else 1 + the end from which it was */
	uint8_t *step;   /* the direction in which it was reached, ROOT at an end */
	uint32_t *queue;
	size_t queue_n;
	uint32_t ends_n;
	uint8_t *met; /* bits [ends_n, ends_n] */
};

static void search_done(struct search *s)
{
	free(s->owner);
	free(s->step);
	free(s->queue);
	free(s->met);
}

/* The neighbour in a direction, or SIZE_MAX where the image ends or nothing is set. */
static size_t neighbour(const struct les_bitmap *skeleton, size_t at, unsigned k)
{
	const int64_t x = (int64_t)(at % skeleton->w_px) + DX[k];
	const int64_t y = (int64_t)(at / skeleton->w_px) + DY[k];

	if (x < 0 || y < 0 || x >= skeleton->w_px || y >= skeleton->h_px)
		return SIZE_MAX;
	const size_t near = (size_t)y * skeleton->w_px + (size_t)x;
	return skeleton->px[near] ? near : SIZE_MAX;
}

static bool is_end(const struct les_bitmap *skeleton, size_t at)
{
	unsigned n = 0;

	for (unsigned k = 0; k < 8; k++)
		n += neighbour(skeleton, at, k) != SIZE_MAX;
	return n == 1;
}

static enum les_kind search_init(struct search *s, struct les_error *reterr)
{
	const size_t pixels = (size_t)s->skeleton->w_px * s->skeleton->h_px;
	size_t set = 0;

	for (size_t i = 0; i < pixels; i++)
		set += s->skeleton->px[i] != 0;
	s->owner = calloc(pixels, sizeof *s->owner);
	s->step = calloc(pixels, 1);
	s->queue = calloc(set + 1, sizeof *s->queue);
	if (!s->owner || !s->step || !s->queue)
		return les_fail(reterr, LES_NOMEM, "a skeleton of %zu pixels", set);
	for (size_t i = 0; i < pixels && s->ends_n < LES_SKELETON_ENDS_MAX; i++) {
		if (!s->skeleton->px[i] || !is_end(s->skeleton, i))
			continue;
		s->owner[i] = ++s->ends_n;
		s->step[i] = ROOT;
		s->queue[s->queue_n++] = (uint32_t)i;
	}
	s->met = calloc((size_t)s->ends_n * s->ends_n / 8 + 1, 1);
	return s->met ? LES_OK : les_fail(reterr, LES_NOMEM, "%u ends", s->ends_n);
}

static enum les_kind walk_back(const struct search *s, size_t at, struct les_polyline *line,
			       struct les_error *reterr)
{
	const size_t w = s->skeleton->w_px;
	enum les_kind kind = LES_OK;

	while (!kind) {
		const unsigned k = s->step[at];
		kind = les_polyline_push(line, (struct les_vec){(double)(at % w), (double)(at / w)},
					 reterr);
		if (k == ROOT)
			break;
		at = (size_t)((ptrdiff_t)at - DY[k] * (ptrdiff_t)w - DX[k]);
	}
	return kind;
}

static enum les_kind add_path(const struct search *s, size_t a, size_t b,
			      struct les_polylines *paths, struct les_error *reterr)
{
	LES_CLEANUP(les_polyline_done) struct les_polyline line = {0};
	enum les_kind kind = walk_back(s, a, &line, reterr);

	les_polyline_reverse(&line);
	if (!kind)
		kind = walk_back(s, b, &line, reterr);
	return kind ? kind : les_polylines_push(paths, &line, reterr);
}

/* Whether the fronts of two ends meet for the first time; from then on they have met. */
static bool meet(struct search *s, uint32_t a, uint32_t b)
{
	const size_t low = (a < b ? a : b) - 1, high = (a < b ? b : a) - 1;
	const size_t bit = low * s->ends_n + high;

	if (s->met[bit / 8] >> bit % 8 & 1)
		return false;
	s->met[bit / 8] |= (uint8_t)(1u << bit % 8);
	return true;
}

enum les_kind les_skeleton_paths(const struct les_bitmap *skeleton, struct les_polylines *ret,
				 struct les_error *reterr)
{
	LES_CLEANUP(search_done) struct search s = {.skeleton = skeleton};
	LES_CLEANUP(les_polylines_done) struct les_polylines paths = {0};
	enum les_kind kind = search_init(&s, reterr);

	for (size_t i = 0; !kind && i < s.queue_n; i++) {
		const size_t at = s.queue[i];
		for (unsigned k = 0; !kind && k < 8; k++) {
			const size_t near = neighbour(skeleton, at, k);
			if (near == SIZE_MAX)
				continue;
			if (!s.owner[near]) {
				s.owner[near] = s.owner[at];
				s.step[near] = (uint8_t)k;
				s.queue[s.queue_n++] = (uint32_t)near;
			} else if (s.owner[near] != s.owner[at] && paths.n < PATHS_MAX &&
				   meet(&s, s.owner[at], s.owner[near])) {
				kind = add_path(&s, at, near, &paths, reterr);
			}
		}
	}
	if (kind)
		return kind;
	*ret = paths;
	paths = (struct les_polylines){0};
	return LES_OK;
}
