#include "base/random.h"
#include "image/input.h"
#include "train/augment.h"
#include "train/course_inside.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct les_image image_of(const struct les_pack_line *line)
{
	return (struct les_image){.px = line->px,
				  .w_px = line->w_px,
				  .h_px = line->h_px,
				  .stride_bytes = line->w_px,
				  .channels = 1};
}

static struct les_input_spec input_spec(const struct course *c)
{
	return (struct les_input_spec){
		.channels = 1, .h_px = c->graph.in_h, .pad_px = COURSE_PAD_PX};
}

enum les_kind les_course_alphabet(const struct les_pack *pack, struct les_alphabet *ret,
				  struct les_error *reterr)
{
	enum les_kind kind = LES_OK;

	for (uint32_t i = 0; i < pack->lines_n && kind == LES_OK; i++) {
		const struct les_pack_line line = les_pack_line(pack, i);
		if (line.flags & LES_PACK_VALIDATION)
			continue;
		LES_CLEANUP(les_free_p) char *text = strndup(line.text, line.text_bytes);
		kind = text ? les_alphabet_add(ret, text, reterr)
			    : les_fail(reterr, LES_NOMEM, "no memory for a text");
	}
	return kind;
}

static enum les_kind take_line(struct course *c, uint32_t i, size_t *labels_at,
			       struct les_error *reterr)
{
	const struct les_pack_line line = les_pack_line(c->request.pack, i);
	const struct les_image image = image_of(&line);
	const struct les_input_spec spec = input_spec(c);
	struct course_line *to = &c->lines[i];
	uint32_t w, h, missing_n;

	if (les_input_size(&image, &spec, &w, &h, NULL) != LES_OK ||
	    w + 2 * COURSE_PAD_PX > COURSE_WIDTH_MAX)
		return LES_OK; /* w stays 0: left out */
	to->w = w + 2 * COURSE_PAD_PX;
	to->labels_at = *labels_at;
	to->labels_n = les_codec_encode(&c->codec, line.text, line.text_bytes,
					c->labels + *labels_at, &missing_n);
	*labels_at += to->labels_n;
	const bool val = line.flags & LES_PACK_VALIDATION;
	if (val)
		c->val[c->val_n++] = i;
	else if (to->labels_n > 0)
		c->train[c->train_n++] = i;
	(void)reterr;
	return LES_OK;
}

static const struct course *sorting; /* qsort has no context; courses run one at a time */

static int by_width(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	const uint32_t wx = sorting->lines[x].w, wy = sorting->lines[y].w;

	return wx != wy ? (wx < wy ? -1 : 1) : x < y ? -1 : x > y;
}

static void sort_by_width(const struct course *c, uint32_t *at, uint32_t n)
{
	sorting = c;
	qsort(at, n, sizeof *at, by_width);
}

enum les_kind les_course_take_lines(struct course *c, struct les_error *reterr)
{
	const struct les_pack *pack = c->request.pack;
	const size_t n = pack->lines_n;
	size_t labels_at = 0;
	enum les_kind kind = LES_OK;

	c->lines = calloc(n + 1, sizeof *c->lines);
	c->train = calloc(n + 1, sizeof *c->train);
	c->val = calloc(n + 1, sizeof *c->val);
	c->order = calloc(n + 1, sizeof *c->order);
	/* a byte of text is at most one code, a code at most so many labels */
	uint32_t per_code = 1;
	for (uint32_t i = 0; i < c->codec.codes_n; i++)
		if (c->codec.codes[i].labels_n > per_code)
			per_code = c->codec.codes[i].labels_n;
	c->labels = calloc((size_t)pack->texts_bytes * per_code + 1, sizeof *c->labels);
	if (!c->lines || !c->train || !c->val || !c->order || !c->labels)
		return les_fail(reterr, LES_NOMEM, "no memory for %zu lines", n);
	for (uint32_t i = 0; i < n && kind == LES_OK; i++)
		kind = take_line(c, i, &labels_at, reterr);
	if (kind == LES_OK && c->train_n == 0)
		return les_fail(reterr, LES_ARG, "there is no line to learn from");
	for (uint32_t i = 0; i < n; i++)
		c->w_max = c->lines[i].w > c->w_max ? c->lines[i].w : c->w_max;
	c->w_max += c->w_max / 8; /* augmentation stretches */
	sort_by_width(c, c->val, c->val_n);
	return kind;
}

uint32_t les_course_batches(const struct course *c)
{
	return (c->train_n + c->options->batch_lines - 1) / c->options->batch_lines;
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
	const uint32_t whole = c->train_n / size;

	memcpy(c->order, c->train, c->train_n * sizeof *c->order);
	shuffle(c->order, c->train_n, &random);
	for (uint32_t at = 0; at < c->train_n; at += POOL_BATCHES * size) {
		const uint32_t left = c->train_n - at;
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

/* A line that cannot be made is as good as an empty one. */
void les_course_make_line(void *context, uint32_t i, float *image, struct les_sample *ret)
{
	const struct course *c = context;
	const struct les_pack_line line = les_pack_line(c->request.pack, i);
	const struct les_image from = image_of(&line);
	const struct les_input_spec spec = input_spec(c);
	const uint32_t h = c->graph.in_h;
	LES_CLEANUP(les_free_p) float *scratch = NULL;
	struct les_input input;

	ret->labels = c->labels + c->lines[i].labels_at;
	ret->labels_n = c->lines[i].labels_n;
	ret->w = c->lines[i].w ? c->lines[i].w : 2 * COURSE_PAD_PX;
	if (c->lines[i].w == 0 || les_input_from_image(&from, &spec, &input, NULL) != LES_OK) {
		memset(image, 0, (size_t)h * ret->w * sizeof(float));
		return;
	}
	if (c->strength > 0)
		scratch = malloc(2 * sizeof(float) * h * c->w_max);
	if (scratch)
		les_augment(input.at, h, input.w_px, c->strength,
			    c->options->seed ^ les_random_mix(c->place.epoch * 0x100000001u + i),
			    c->w_max, image, &ret->w, scratch);
	else
		memcpy(image, input.at, sizeof(float) * h * input.w_px);
	les_input_done(&input);
}

void les_course_read_line(void *context, uint32_t i, const struct les_sample *sample,
			  const uint32_t *labels, uint32_t labels_n)
{
	struct course *c = context;
	const struct les_pack_line line = les_pack_line(c->request.pack, i);
	LES_CLEANUP(les_buf_done) struct les_buf read = LES_BUF(LES_LINE_TEXT_BYTES_MAX);
	LES_CLEANUP(les_free_p) char *truth = strndup(line.text, line.text_bytes);

	(void)sample;
	les_buf_puts(&read, "");
	les_codec_decode(&c->codec, labels, labels_n, &read);
	if (!truth || read.failed)
		c->read_kind = LES_NOMEM;
	else if (les_rates_add(&c->read, NULL, truth, (const char *)read.bytes, NULL) == LES_NOMEM)
		c->read_kind = LES_NOMEM;
}
