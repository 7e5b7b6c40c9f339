#include "segment/order.h"

#include "base/cleanup.h"
#include "image/polygon.h"

#include <math.h>
#include <stdlib.h>

/* Something to be ordered. */
struct item {
	double x0, y0, x1, y1;
};

/* The items before each item: bits [n, n]. */
struct before {
	uint8_t *bits;
	size_t n;
};

static void set_before(struct before *b, size_t first, size_t second)
{
	const size_t bit = second * b->n + first;

	b->bits[bit / 8] |= (uint8_t)(1u << bit % 8);
}

static bool is_before(const struct before *b, size_t first, size_t second)
{
	const size_t bit = second * b->n + first;

	return b->bits[bit / 8] >> bit % 8 & 1;
}

struct edge {
	double x;
	size_t item;
};

static int compare_edges(const void *a, const void *b)
{
	const struct edge *p = a, *q = b;

	return (p->x < q->x) - (p->x > q->x);
}

/* What lies across, right of a certain x, above and below an item. */
struct across {
	bool beside;         /* something at the height of the item itself */
	double above, below; /* how far down the things above reach, how far up those below */
};

static void add_across(struct across *across, const struct item *u, const struct item *w)
{
	if (w->y1 >= u->y0 && w->y0 <= u->y1)
		across->beside = true;
	else if (w->y1 < u->y0)
		across->above = fmax(across->above, w->y1);
	else
		across->below = fmin(across->below, w->y0);
}

/* The items right of u that come after it: those that nothing separates from it. Separators begin
 * before u ends and reach beyond the start of the other, so that walking from the right, what
 * separates one separates all that are still to come. starts, ends: from right to left. */
static void order_beside(const struct item *at, size_t u, const struct edge *starts,
			 const struct edge *ends, struct before *before)
{
	struct across across = {false, -HUGE_VAL, HUGE_VAL};
	size_t next = 0;

	for (size_t i = 0; i < before->n; i++) {
		const struct item *v = &at[starts[i].item];
		if (!(at[u].x1 < v->x0))
			break;
		for (; next < before->n && ends[next].x > v->x0; next++) {
			const size_t w = ends[next].item;
			if (w != u && at[w].x0 < at[u].x1)
				add_across(&across, &at[u], &at[w]);
		}
		if (!across.beside && across.above < fmin(at[u].y0, v->y0) &&
		    across.below > fmax(at[u].y1, v->y1))
			set_before(before, u, starts[i].item);
	}
}

static enum les_kind find_before(const struct item *at, struct before *before,
				 struct les_error *reterr)
{
	const size_t n = before->n;
	LES_CLEANUP(les_free_p) struct edge *starts = calloc(n + 1, sizeof *starts);
	LES_CLEANUP(les_free_p) struct edge *ends = calloc(n + 1, sizeof *ends);

	if (!starts || !ends)
		return les_fail(reterr, LES_NOMEM, "the order of %zu lines", n);
	for (size_t i = 0; i < n; i++) {
		starts[i] = (struct edge){at[i].x0, i};
		ends[i] = (struct edge){at[i].x1, i};
	}
	qsort(starts, n, sizeof *starts, compare_edges);
	qsort(ends, n, sizeof *ends, compare_edges);
	for (size_t u = 0; u < n; u++) {
		for (size_t v = 0; v < n; v++)
			if (at[u].x0 < at[v].x1 && at[u].x1 > at[v].x0 && at[u].y0 < at[v].y0)
				set_before(before, u, v);
		order_beside(at, u, starts, ends, before);
	}
	return LES_OK;
}

/* Depth first: what comes before an item, then itself. */
static enum les_kind sort_items(const struct before *before, size_t *order,
				struct les_error *reterr)
{
	const size_t n = before->n;
	LES_CLEANUP(les_free_p) bool *seen = calloc(n + 1, sizeof *seen);
	LES_CLEANUP(les_free_p) size_t *stack = calloc(n + 1, sizeof *stack);
	LES_CLEANUP(les_free_p) size_t *next = calloc(n + 1, sizeof *next);
	size_t done = 0;

	if (!seen || !stack || !next)
		return les_fail(reterr, LES_NOMEM, "the order of %zu lines", n);
	for (size_t first = 0; first < n; first++) {
		size_t depth = 0;
		if (seen[first])
			continue;
		seen[first] = true;
		stack[depth++] = first;
		while (depth > 0) {
			const size_t at = stack[depth - 1];
			while (next[at] < n && (seen[next[at]] || !is_before(before, next[at], at)))
				next[at]++;
			if (next[at] == n) {
				order[done++] = at;
				depth--;
			} else {
				seen[next[at]] = true;
				stack[depth++] = next[at];
			}
		}
	}
	return LES_OK;
}

static enum les_kind order_items(struct item *items, size_t n, bool right_to_left, size_t *order,
				 struct les_error *reterr)
{
	LES_CLEANUP(les_free_p) uint8_t *bits = calloc(n * n / 8 + 1, 1);
	struct before before = {bits, n};

	if (!bits)
		return les_fail(reterr, LES_NOMEM, "the order of %zu lines", n);
	for (size_t i = 0; right_to_left && i < n; i++) {
		const double x0 = items[i].x0;
		items[i].x0 = -items[i].x1;
		items[i].x1 = -x0;
	}
	const enum les_kind kind = find_before(items, &before, reterr);
	return kind ? kind : sort_items(&before, order, reterr);
}

static struct item item_of(const struct les_points *points, const struct les_box *box)
{
	struct item item = {HUGE_VAL, HUGE_VAL, -HUGE_VAL, -HUGE_VAL};

	if (points->n == 0)
		return (struct item){box->x0_px, box->y0_px, box->x1_px, box->y1_px};
	for (uint32_t i = 0; i < points->n; i++) {
		item.x0 = fmin(item.x0, points->at[i].x_px);
		item.y0 = fmin(item.y0, points->at[i].y_px);
		item.x1 = fmax(item.x1, points->at[i].x_px);
		item.y1 = fmax(item.y1, points->at[i].y_px);
	}
	return item;
}

static enum les_kind copy_points(const struct les_points *points, struct les_polyline *ret,
				 struct les_error *reterr)
{
	enum les_kind kind = LES_OK;

	for (uint32_t i = 0; !kind && i < points->n; i++)
		kind = les_polyline_push(
			ret, (struct les_vec){points->at[i].x_px, points->at[i].y_px}, reterr);
	return kind;
}

static enum les_kind middle_of(const struct les_line *line, struct les_vec *ret,
			       struct les_error *reterr)
{
	LES_CLEANUP(les_polyline_done) struct les_polyline chain = {0};
	const enum les_kind kind = copy_points(&line->baseline, &chain, reterr);

	if (kind)
		return kind;
	if (chain.n > 0)
		*ret = les_polyline_at(&chain, les_polyline_length(&chain) / 2);
	else
		*ret = (struct les_vec){(line->box.x0_px + line->box.x1_px) / 2.0,
					(line->box.y0_px + line->box.y1_px) / 2.0};
	return LES_OK;
}

static enum les_kind assign_regions(struct les_page *page, struct les_error *reterr)
{
	for (uint32_t i = 0; i < page->lines_n; i++)
		page->lines[i].region = -1;
	for (uint32_t r = 0; r < page->regions_n; r++) {
		LES_CLEANUP(les_polyline_done) struct les_polyline outline = {0};
		enum les_kind kind = copy_points(&page->regions[r].polygon, &outline, reterr);
		for (uint32_t i = 0; !kind && i < page->lines_n; i++) {
			struct les_vec middle;
			if (page->lines[i].region >= 0)
				continue;
			kind = middle_of(&page->lines[i], &middle, reterr);
			if (!kind && les_polygon_contains(&outline, middle))
				page->lines[i].region = (int32_t)r;
		}
		if (kind)
			return kind;
	}
	return LES_OK;
}

/* The lines of one region (-1: of none), their indices into which. */
static size_t lines_of(const struct les_page *page, int32_t region, uint32_t *which,
		       struct item *items)
{
	size_t n = 0;

	for (uint32_t i = 0; i < page->lines_n; i++) {
		if (page->lines[i].region != region)
			continue;
		which[n] = i;
		items[n++] = item_of(&page->lines[i].baseline, &page->lines[i].box);
	}
	return n;
}

struct scratch {
	struct item *items;
	size_t *order, *inner;
	uint32_t *which, *inner_which;
	struct les_line *sorted;
};

static void scratch_done(struct scratch *s)
{
	free(s->items);
	free(s->order);
	free(s->inner);
	free(s->which);
	free(s->inner_which);
	free(s->sorted);
}

static enum les_kind scratch_init(struct scratch *s, size_t n, struct les_error *reterr)
{
	s->items = calloc(n + 1, sizeof *s->items);
	s->order = calloc(n + 1, sizeof *s->order);
	s->inner = calloc(n + 1, sizeof *s->inner);
	s->which = calloc(n + 1, sizeof *s->which);
	s->inner_which = calloc(n + 1, sizeof *s->inner_which);
	s->sorted = calloc(n + 1, sizeof *s->sorted);
	if (!s->items || !s->order || !s->inner || !s->which || !s->inner_which || !s->sorted)
		return les_fail(reterr, LES_NOMEM, "the order of %zu lines", n);
	return LES_OK;
}

/* Lines without a region and regions with lines are ordered together. */
static enum les_kind order_page(struct les_page *page, bool right_to_left, struct scratch *s,
				struct les_error *reterr)
{
	const size_t free_n = lines_of(page, -1, s->which, s->items);
	size_t n = free_n, done = 0;
	enum les_kind kind = LES_OK;

	for (uint32_t r = 0; r < page->regions_n; r++) {
		bool used = false;
		for (uint32_t i = 0; !used && i < page->lines_n; i++)
			used = page->lines[i].region == (int32_t)r;
		if (!used)
			continue;
		s->which[n] = r;
		s->items[n++] = item_of(&page->regions[r].polygon, &page->regions[r].box);
	}
	kind = order_items(s->items, n, right_to_left, s->order, reterr);
	for (size_t i = 0; !kind && i < n; i++) {
		const size_t at = s->order[i];
		if (at < free_n) {
			s->sorted[done++] = page->lines[s->which[at]];
			continue;
		}
		const size_t inner =
			lines_of(page, (int32_t)s->which[at], s->inner_which, s->items);
		kind = order_items(s->items, inner, right_to_left, s->inner, reterr);
		for (size_t k = 0; !kind && k < inner; k++)
			s->sorted[done++] = page->lines[s->inner_which[s->inner[k]]];
	}
	for (size_t i = 0; !kind && i < done; i++)
		page->lines[i] = s->sorted[i];
	return kind;
}

enum les_kind les_order_lines(struct les_page *page, bool right_to_left, struct les_error *reterr)
{
	LES_CLEANUP(scratch_done) struct scratch scratch = {0};
	enum les_kind kind =
		scratch_init(&scratch, (size_t)page->lines_n + page->regions_n, reterr);

	if (!kind)
		kind = assign_regions(page, reterr);
	return kind ? kind : order_page(page, right_to_left, &scratch, reterr);
}
