#include "base/random.h"
#include "train/course_inside.h"

#include <stdlib.h>
#include <string.h>

enum les_kind les_course_room(struct course *c, uint32_t n, struct les_error *reterr)
{
	c->samples = calloc(n + 1ul, sizeof *c->samples);
	c->train = calloc(n + 1ul, sizeof *c->train);
	c->val = calloc(n + 1ul, sizeof *c->val);
	c->replay = calloc(n + 1ul, sizeof *c->replay);
	c->order = calloc(n + 1ul, sizeof *c->order);
	c->samples_n = n;
	return c->samples && c->train && c->val && c->replay && c->order
		       ? LES_OK
		       : les_fail(reterr, LES_NOMEM, "no memory for %u samples", n);
}

void les_course_add(struct course *c, uint32_t i, struct course_sample sample, uint32_t flags)
{
	c->samples[i] = sample;
	if (sample.w == 0)
		return;
	c->w_max = sample.w > c->w_max ? sample.w : c->w_max;
	if (flags & LES_PACK_VALIDATION)
		c->val[c->val_n++] = i;
	else if (flags & LES_PACK_REPLAY)
		c->replay[c->replay_n++] = i;
	else
		c->train[c->train_n++] = i;
}

static const struct course *sorting; /* qsort has no context; courses run one at a time */

static int by_width(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	const uint32_t wx = sorting->samples[x].w, wy = sorting->samples[y].w;

	return wx != wy ? (wx < wy ? -1 : 1) : x < y ? -1 : x > y;
}

static void sort_by_width(const struct course *c, uint32_t *at, uint32_t n)
{
	sorting = c;
	qsort(at, n, sizeof *at, by_width);
}

enum les_kind les_course_added(struct course *c, struct les_error *reterr)
{
	if (c->train_n == 0)
		return les_fail(reterr, LES_ARG, "there is no %s to learn from",
				c->task->net == LES_NET_RECOGNITION ? "line" : "page");
	const float replay = c->options->replay * (float)c->train_n;
	c->epoch_n = c->train_n + (replay < (float)c->replay_n ? (uint32_t)replay : c->replay_n);
	sort_by_width(c, c->val, c->val_n);
	return LES_OK;
}

uint32_t les_course_batches(const struct course *c)
{
	return (c->epoch_n + c->options->batch_lines - 1) / c->options->batch_lines;
}

static void shuffle(uint32_t *at, uint32_t n, struct les_random *random)
{
	for (uint32_t i = n; i > 1; i--) {
		const uint32_t k = les_random_below(random, i), swap = at[i - 1];
		at[i - 1] = at[k];
		at[k] = swap;
	}
}

/* A new order for each epoch: lines of like width in one batch, but not always the same ones, and
 * the batches mixed. */
void les_course_shuffle(struct course *c)
{
	enum { POOL_BATCHES = 24 };
	const uint32_t size = c->options->batch_lines;
	struct les_random random = les_random(c->options->seed, 0x5417, c->place.epoch);
	const uint32_t whole = c->epoch_n / size;

	memcpy(c->order, c->train, c->train_n * sizeof *c->order);
	memcpy(c->order + c->train_n, c->replay, c->replay_n * sizeof *c->order);
	if (c->replay_n > 0) /* the first of them are this epoch's */
		shuffle(c->order + c->train_n, c->replay_n, &random);
	shuffle(c->order, c->epoch_n, &random);
	for (uint32_t at = 0; at < c->epoch_n; at += POOL_BATCHES * size) {
		const uint32_t left = c->epoch_n - at;
		sort_by_width(c, c->order + at,
			      left < POOL_BATCHES * size ? left : POOL_BATCHES * size);
	}
	for (uint32_t i = whole; i > 1; i--) { /* an incomplete one stays last */
		uint32_t *a = c->order + (size_t)(i - 1) * size;
		uint32_t *b = c->order + (size_t)les_random_below(&random, i) * size;
		for (uint32_t k = 0; k < size; k++) {
			const uint32_t swap = a[k];
			a[k] = b[k];
			b[k] = swap;
		}
	}
}
