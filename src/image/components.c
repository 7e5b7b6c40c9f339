#include "image/components.h"

#include <stdlib.h>

/* Pixels side by side in a row: x0 <= x < x1. */
struct run {
	uint32_t y, x0, x1;
	uint32_t parent; /* a run before it of the same piece; itself for the first */
	uint32_t label;
};

struct runs {
	struct run *at;
	size_t n;
};

static uint32_t root_of(struct run *runs, uint32_t i)
{
	while (runs[i].parent != i) {
		runs[i].parent = runs[runs[i].parent].parent;
		i = runs[i].parent;
	}
	return i;
}

/* The earlier of two roots becomes the root of both. */
static void join(struct run *runs, uint32_t a, uint32_t b)
{
	a = root_of(runs, a);
	b = root_of(runs, b);
	if (a < b)
		runs[b].parent = a;
	else
		runs[a].parent = b;
}

static size_t count_runs(const struct les_bitmap *mask)
{
	size_t n = 0;

	for (size_t y = 0; y < mask->h_px; y++) {
		const uint8_t *row = mask->px + y * mask->w_px;
		n += row[0] != 0;
		for (size_t x = 1; x < mask->w_px; x++)
			n += row[x] && !row[x - 1];
	}
	return n;
}

/* Finds the runs of a row and joins them with those of the row above, which begin at `above`. */
static void add_row(const struct les_bitmap *mask, uint32_t y, size_t above, struct runs *runs)
{
	const uint8_t *row = mask->px + (size_t)y * mask->w_px;
	const size_t end = runs->n;

	for (uint32_t x = 0; x < mask->w_px;) {
		const uint32_t from = x;
		if (!row[x++])
			continue;
		while (x < mask->w_px && row[x])
			x++;
		const uint32_t own = (uint32_t)runs->n++;
		runs->at[own] = (struct run){.y = y, .x0 = from, .x1 = x, .parent = own};
		while (above < end && runs->at[above].x1 < from)
			above++;
		for (size_t i = above; i < end && runs->at[i].x0 <= x; i++)
			join(runs->at, (uint32_t)i, own);
	}
}

static enum les_kind add(struct les_components *out, struct les_component component,
			 size_t *capacity, struct les_error *reterr)
{
	if (out->n == *capacity) {
		const size_t more = *capacity ? 2 * *capacity : 64;
		struct les_component *at = reallocarray(out->at, more, sizeof *at);
		if (!at)
			return les_fail(reterr, LES_NOMEM, "%zu pieces of a mask", more);
		out->at = at;
		*capacity = more;
	}
	out->at[out->n++] = component;
	return LES_OK;
}

/* Roots come before what hangs on them, so that one walk gives every run its label. */
static enum les_kind label_runs(struct runs *runs, struct les_components *out,
				struct les_error *reterr)
{
	size_t capacity = 0;
	enum les_kind kind = LES_OK;

	for (uint32_t i = 0; !kind && i < runs->n; i++) {
		struct run *run = &runs->at[i];
		const uint32_t root = root_of(runs->at, i);
		if (root == i) {
			kind = add(out, (struct les_component){run->x0, run->y, 0}, &capacity,
				   reterr);
			run->label = out->n;
		}
		if (kind)
			break;
		run->label = runs->at[root].label;
		out->at[run->label - 1].area_px += run->x1 - run->x0;
		for (uint32_t x = run->x0; x < run->x1; x++)
			out->label[(size_t)run->y * out->w_px + x] = run->label;
	}
	return kind;
}

enum les_kind les_components_find(const struct les_bitmap *mask, struct les_components *ret,
				  struct les_error *reterr)
{
	const size_t pixels = (size_t)mask->w_px * mask->h_px, n = count_runs(mask);
	LES_CLEANUP(les_components_done)
	struct les_components out = {.w_px = mask->w_px, .h_px = mask->h_px};
	LES_CLEANUP(les_free_p) struct run *at = calloc(n + 1, sizeof *at);
	struct runs runs = {.at = at};
	size_t above = 0;

	out.label = calloc(pixels, sizeof *out.label);
	if (!at || !out.label)
		return les_fail(reterr, LES_NOMEM, "labels of %zu pixels", pixels);
	for (uint32_t y = 0; y < mask->h_px; y++) {
		const size_t own = runs.n;
		add_row(mask, y, above, &runs);
		above = own;
	}
	const enum les_kind kind = label_runs(&runs, &out, reterr);
	if (kind)
		return kind;
	*ret = out;
	out = (struct les_components){0};
	return LES_OK;
}

void les_components_done(struct les_components *components)
{
	free(components->label);
	free(components->at);
	*components = (struct les_components){0};
}
