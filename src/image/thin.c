#include "image/thin.h"

#include <stdlib.h>
#include <string.h>

/* A neighbourhood is a byte, bit k for the k-th neighbour clockwise from the north-west. */
enum { NW, N, NE, E, SE, S, SW, W, NEIGHBOURS };
enum { FIRST = 1, SECOND = 2 }; /* the two passes in turn in which a pixel may go */
enum { SET = 1, QUEUED_FIRST = 2, QUEUED_SECOND = 4 };

/* In which passes a pixel with these neighbours goes: FIRST, SECOND, both or none. */
static uint8_t passes_of(unsigned at)
{
	unsigned set = 0, runs = 0, pieces = 0;
	unsigned bit[NEIGHBOURS];

	for (unsigned k = 0; k < NEIGHBOURS; k++)
		bit[k] = at >> k & 1;
	for (unsigned k = 0; k < NEIGHBOURS; k++) {
		const unsigned next = bit[(k + 1) % NEIGHBOURS];
		set += bit[k];
		runs += !bit[k] && next;
		if (k % 2) /* N, E, S, W: 8-connected pieces around the pixel */
			pieces += !bit[k] && (next || bit[(k + 2) % NEIGHBOURS]);
	}
	const unsigned sides = bit[N] + bit[E] + bit[S] + bit[W];
	/* where both passes together would take too much, north decides which one it is */
	const uint8_t either =
		bit[NW] + bit[N] + bit[NE] > bit[SE] + bit[S] + bit[SW] ? FIRST : SECOND;

	if (runs == 2 && pieces == 1 && set <= 3) /* the corner of a staircase */
		return set == 2 ? FIRST | SECOND : bit[N] ? FIRST : SECOND;
	if (runs != 1 || set < 2 || set > 6)
		return 0;
	if (set == 2 || (set == 3 && sides == 2)) /* the end of a strip two pixels wide */
		return either;
	return (uint8_t)(((bit[N] & bit[E] & bit[S]) | (bit[E] & bit[S] & bit[W]) ? 0 : FIRST) |
			 ((bit[N] & bit[E] & bit[W]) | (bit[N] & bit[S] & bit[W]) ? 0 : SECOND));
}

/* The mask with a border of one pixel, and the pixels to look at in each pass: only those whose
 * neighbours changed since the pass before last can change now. */
struct thinning {
	uint8_t *at;
	ptrdiff_t to[NEIGHBOURS];
	uint32_t *queue[2], *gone;
	size_t queue_n[2], gone_n;
	uint8_t passes[256];
};

static void thinning_done(struct thinning *t)
{
	free(t->at);
	free(t->queue[0]);
	free(t->queue[1]);
	free(t->gone);
}

static void enqueue(struct thinning *t, size_t at)
{
	for (unsigned i = 0; i < 2; i++) {
		const uint8_t mark = i ? QUEUED_SECOND : QUEUED_FIRST;
		if ((t->at[at] & SET) && !(t->at[at] & mark)) {
			t->at[at] |= mark;
			t->queue[i][t->queue_n[i]++] = (uint32_t)at;
		}
	}
}

static void thinning_pass(struct thinning *t, unsigned pass)
{
	const uint8_t mark = pass ? QUEUED_SECOND : QUEUED_FIRST, goes = pass ? SECOND : FIRST;

	t->gone_n = 0;
	for (size_t i = 0; i < t->queue_n[pass]; i++) {
		const size_t at = t->queue[pass][i];
		unsigned around = 0;

		t->at[at] &= (uint8_t)~mark;
		if (!(t->at[at] & SET))
			continue;
		for (unsigned k = 0; k < NEIGHBOURS; k++)
			around |= (unsigned)(t->at[(size_t)((ptrdiff_t)at + t->to[k])] & SET) << k;
		if (t->passes[around] & goes)
			t->gone[t->gone_n++] = (uint32_t)at;
	}
	t->queue_n[pass] = 0;
	for (size_t i = 0; i < t->gone_n; i++)
		t->at[t->gone[i]] &= (uint8_t)~SET;
	for (size_t i = 0; i < t->gone_n; i++)
		for (unsigned k = 0; k < NEIGHBOURS; k++)
			enqueue(t, (size_t)((ptrdiff_t)t->gone[i] + t->to[k]));
}

static enum les_kind thinning_init(struct thinning *t, const struct les_bitmap *mask,
				   struct les_error *reterr)
{
	const size_t w = mask->w_px + 2, n = w * (mask->h_px + 2);
	size_t set = 0;

	t->at = calloc(n, 1);
	if (!t->at)
		return les_fail(reterr, LES_NOMEM, "a mask of %zu pixels", n);
	for (size_t y = 0; y < mask->h_px; y++) {
		const uint8_t *row = mask->px + y * mask->w_px;
		for (size_t x = 0; x < mask->w_px; x++) {
			t->at[(y + 1) * w + x + 1] = row[x] ? SET : 0;
			set += row[x] != 0;
		}
	}
	t->queue[0] = calloc(set + 1, sizeof *t->gone);
	t->queue[1] = calloc(set + 1, sizeof *t->gone);
	t->gone = calloc(set + 1, sizeof *t->gone);
	if (!t->queue[0] || !t->queue[1] || !t->gone)
		return les_fail(reterr, LES_NOMEM, "%zu pixels to thin", set);
	const ptrdiff_t s = (ptrdiff_t)w;
	memcpy(t->to, (ptrdiff_t[]){-s - 1, -s, -s + 1, 1, s + 1, s, s - 1, -1}, sizeof t->to);
	for (unsigned i = 0; i < 256; i++)
		t->passes[i] = passes_of(i);
	for (size_t at = w; at < n - w; at++)
		if (t->at[at] & SET)
			enqueue(t, at);
	return LES_OK;
}

enum les_kind les_thin(struct les_bitmap *mask, struct les_error *reterr)
{
	LES_CLEANUP(thinning_done) struct thinning t = {0};
	const enum les_kind kind = thinning_init(&t, mask, reterr);

	if (kind)
		return kind;
	while (t.queue_n[0] + t.queue_n[1] > 0) {
		thinning_pass(&t, 0);
		thinning_pass(&t, 1);
	}
	for (size_t y = 0; y < mask->h_px; y++)
		for (size_t x = 0; x < mask->w_px; x++)
			mask->px[y * mask->w_px + x] =
				t.at[(y + 1) * (mask->w_px + 2) + x + 1] & SET ? 255 : 0;
	return LES_OK;
}
