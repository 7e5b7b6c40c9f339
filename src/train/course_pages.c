#include "base/random.h"
#include "evaluate/baselines.h"
#include "segment/segment.h"
#include "train/course_inside.h"
#include "train/page_augment.h"
#include "train/targets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE_SIDES_MAX = 4 }; /* a page may be so many times as wide as it is high */

/* ---- classes and the net ---- */

static const struct les_class *lookup(const struct les_class *in, uint32_t n,
				      const struct les_class *like)
{
	for (uint32_t i = 0; i < n; i++)
		if (in[i].kind == like->kind && strcmp(in[i].name, like->name) == 0)
			return &in[i];
	return NULL;
}

/* The base's classes stay as they are, new ones come behind them. */
static enum les_kind classes_of_base(struct course *c, struct les_error *reterr)
{
	struct course_pages *p = &c->pages;
	const struct les_weights *base = c->request.base;
	const bool fail = c->options->resize == LES_RESIZE_FAIL;

	for (uint32_t i = 0; i < base->classes_n; i++)
		p->classes[p->classes_n++] = base->classes[i];
	for (uint32_t i = 0; i < p->pack->classes_n; i++) {
		const struct les_class *class = &p->pack->classes[i];
		if (lookup(base->classes, base->classes_n, class))
			continue;
		if (fail)
			return les_fail(reterr, LES_UNSUPPORTED, "the base has no class \"%.60s\"",
					class->name);
		p->classes[p->classes_n] = *class;
		p->classes[p->classes_n++].channel = p->channels++;
	}
	return LES_OK;
}

/* Which classes the net is to have, in which channels, and whose weights each takes over. */
static enum les_kind make_classes(struct course *c, uint32_t base_channels,
				  struct les_error *reterr)
{
	struct course_pages *p = &c->pages;
	const struct les_weights *base = c->request.base;
	const uint32_t most = p->pack->classes_n + (base ? base->classes_n : 0) + base_channels;
	enum les_kind kind = LES_OK;

	p->classes = calloc(most + 1ul, sizeof *p->classes);
	p->channel_of = calloc(most + 1ul, sizeof *p->channel_of);
	p->rows = calloc(most + 1ul, sizeof *p->rows);
	if (!p->classes || !p->channel_of || !p->rows)
		return les_fail(reterr, LES_NOMEM, "no memory for classes");
	if (base && c->options->resize != LES_RESIZE_NEW) {
		p->channels = base_channels;
		kind = classes_of_base(c, reterr);
	} else {
		p->classes_n = p->channels = p->pack->classes_n;
		memcpy(p->classes, p->pack->classes, p->classes_n * sizeof *p->classes);
	}
	for (uint32_t i = 0; i < p->channels; i++)
		p->rows[i] = LES_CHANNEL_NONE;
	for (uint32_t i = 0; base && i < p->classes_n; i++) {
		const struct les_class *from =
			lookup(base->classes, base->classes_n, &p->classes[i]);
		if (from)
			p->rows[p->classes[i].channel] = from->channel;
	}
	les_targets_map(p->pack->classes, p->pack->classes_n, p->classes, p->classes_n,
			p->channel_of, p->pack->classes_n);
	return kind;
}

static enum les_kind make_net(struct course *c, struct les_error *reterr)
{
	struct course_pages *p = &c->pages;
	const struct les_weights *base = c->request.base;
	struct les_graph graph = {0};
	char output[32];
	enum les_kind kind = LES_OK;

	p->pack = c->request.pages;
	if (base && base->kind != LES_NET_SEGMENTATION)
		return les_fail(reterr, LES_ARG, "the base is no line finder");
	if (base)
		kind = les_vgsl_parse(base->spec, &graph, reterr);
	if (kind == LES_OK)
		kind = make_classes(c, graph.out_c, reterr);
	if (kind != LES_OK)
		return kind;
	snprintf(output, sizeof output, "O2l%u", p->channels);
	kind = base ? les_course_base_net(c, "2l", p->channels, reterr)
		    : les_course_new_net(c, output, reterr);
	c->rows = p->rows;
	return kind;
}

/* ---- pages ---- */

static enum les_kind take_pages(struct course *c, struct les_error *reterr)
{
	struct course_pages *p = &c->pages;
	const uint32_t n = p->pack->pages_n;
	enum les_kind kind = les_course_room(c, n, reterr);

	p->targets = calloc(n + 1ul, sizeof *p->targets);
	if (kind == LES_OK && !p->targets)
		kind = les_fail(reterr, LES_NOMEM, "no memory for %u pages", n);
	for (uint32_t i = 0; i < n && kind == LES_OK; i++) {
		const struct les_packed_page page = les_page_at(p->pack, i);
		struct course_sample sample = {.w = page.w_px};
		if (page.h_px != c->graph.in_h || page.channels != c->graph.in_c)
			return les_fail(reterr, LES_FORMAT,
					"page %u is %u px high with %u channels, not %u and %u", i,
					page.h_px, page.channels, c->graph.in_h, c->graph.in_c);
		if (page.w_px > PAGE_SIDES_MAX * page.h_px)
			sample.w = 0;
		les_course_add(c, i, sample,
			       page.flags & LES_PAGES_VALIDATION ? LES_PACK_VALIDATION : 0);
	}
	if (kind == LES_OK)
		kind = les_course_added(c, reterr);
	p->blank = calloc((size_t)p->channels * c->graph.in_h, c->w_max);
	if (kind == LES_OK && !p->blank)
		kind = les_fail(reterr, LES_NOMEM, "no memory for a page's target");
	return kind;
}

/* A page's shapes, in memory that can be moved. */
struct shapes {
	struct les_shape *at; /* baselines, then regions */
	struct les_point *points;
};

static void shapes_done(struct shapes *shapes)
{
	free(shapes->at);
	free(shapes->points);
}

static enum les_kind take_shapes(const struct les_pages *pack, uint32_t i,
				 const struct les_packed_page *page, struct shapes *ret)
{
	ret->at = calloc((size_t)page->lines_n + page->regions_n + 1, sizeof *ret->at);
	ret->points = calloc(page->points_n + 1ul, sizeof *ret->points);
	if (!ret->at || !ret->points)
		return LES_NOMEM;
	les_page_shapes(pack, i, ret->at, ret->points);
	return LES_OK;
}

static enum les_kind draw_target(const struct course *c, uint32_t i,
				 const struct les_packed_page *page, const struct shapes *shapes)
{
	const struct course_pages *p = &c->pages;
	const struct les_targets targets = {.channels = p->channels,
					    .h = page->h_px,
					    .w = page->w_px,
					    .classes = p->classes,
					    .classes_n = p->classes_n,
					    .channel_of = p->channel_of,
					    .channel_of_n = p->pack->classes_n};

	p->targets[i] = malloc((size_t)p->channels * page->h_px * page->w_px);
	return p->targets[i] ? les_targets_draw(&targets, shapes->at, page->lines_n,
						shapes->at + page->lines_n, page->regions_n,
						p->targets[i], NULL)
			     : LES_NOMEM;
}

static enum les_kind try_make(const struct course *c, uint32_t i, float *image)
{
	const struct les_packed_page page = les_page_at(c->pages.pack, i);
	LES_CLEANUP(shapes_done) struct shapes shapes = {0};
	enum les_kind kind = take_shapes(c->pages.pack, i, &page, &shapes);

	if (kind != LES_OK)
		return kind;
	les_page_input(page.px, page.h_px, page.w_px, page.channels, image);
	if (c->strength > 0) {
		LES_CLEANUP(les_free_p)
		float *scratch = malloc(sizeof(float) * page.h_px * page.w_px * page.channels);
		if (!scratch)
			return LES_NOMEM;
		les_page_augment(image, page.h_px, page.w_px, page.channels, shapes.points,
				 page.points_n, c->strength,
				 c->options->seed ^
					 les_random_mix(c->place.epoch * 0x100000001u + i),
				 scratch);
	}
	return draw_target(c, i, &page, &shapes);
}

/* Where memory is short an empty page is made, and the course ends with an error. */
static void make_page(void *context, uint32_t i, float *image, struct les_sample *ret)
{
	struct course *c = context;
	const uint32_t w = c->samples[i].w;
	enum les_kind kind = try_make(c, i, image);

	if (kind != LES_OK) {
		atomic_store(&c->made_kind, (int)kind);
		memset(image, 0, (size_t)c->graph.in_h * w * c->graph.in_c * sizeof *image);
	}
	*ret = (struct les_sample){.image = image,
				   .w = w,
				   .target = kind == LES_OK ? c->pages.targets[i] : c->pages.blank};
}

static void unmake_page(struct course *c, uint32_t i)
{
	free(c->pages.targets[i]);
	c->pages.targets[i] = NULL;
}

/* ---- judging ---- */

static void begin(struct course *c)
{
	c->pages.read = (struct course_pages_read){0};
}

static void count_pixels(struct course_pages_read *read, const float *heat, const uint8_t *target,
			 size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const bool found = heat[i] > 0.5f, there = target[i];
		read->both_n += found && there;
		read->found_n += found;
		read->there_n += there;
	}
}

static enum les_kind compare(const struct les_polylines *lines, const struct shapes *shapes,
			     uint32_t truth_n, struct les_baseline_score *ret)
{
	LES_CLEANUP(les_free_p)
	struct les_points *chains = calloc(lines->n + truth_n + 1, sizeof *chains);
	LES_CLEANUP(les_free_p) struct les_point *points = NULL;
	size_t n = 0;

	for (size_t i = 0; i < lines->n; i++)
		n += lines->at[i].n;
	points = calloc(n + 1, sizeof *points);
	if (!chains || !points)
		return LES_NOMEM;
	n = 0;
	for (size_t i = 0; i < lines->n; i++) {
		chains[i] = (struct les_points){points + n, (uint32_t)lines->at[i].n};
		for (size_t k = 0; k < lines->at[i].n; k++)
			points[n++] = (struct les_point){(float)lines->at[i].at[k].x,
							 (float)lines->at[i].at[k].y};
	}
	for (uint32_t i = 0; i < truth_n; i++)
		chains[lines->n + i] = shapes->at[i].points;
	return les_baselines_compare(chains + lines->n, truth_n, chains, (uint32_t)lines->n, ret,
				     NULL);
}

static enum les_kind judge(struct course *c, uint32_t i, const struct les_sample *sample,
			   const struct les_reading *reading)
{
	const struct course_pages *p = &c->pages;
	const struct les_packed_page page = les_page_at(p->pack, i);
	LES_CLEANUP(shapes_done) struct shapes shapes = {0};
	LES_CLEANUP(les_free_p) float *heat = NULL;
	LES_CLEANUP(les_polylines_done) struct les_polylines lines = {0};
	struct les_baseline_score score;
	enum les_kind kind =
		les_heat_from_logits(reading->logits, reading->channels, reading->h, reading->w,
				     c->graph.in_h, sample->w, &heat, NULL);

	if (kind != LES_OK)
		return kind;
	const struct les_heatmap map = {heat,      p->channels, c->graph.in_h,
					sample->w, p->classes,  p->classes_n};
	count_pixels(&c->pages.read, heat, sample->target,
		     (size_t)p->channels * c->graph.in_h * sample->w);
	kind = les_segment_baselines(&map, &lines, NULL);
	if (kind == LES_LIMIT) /* a net that sees lines everywhere finds none */
		les_polylines_done(&lines);
	if (kind == LES_OK || kind == LES_LIMIT)
		kind = take_shapes(p->pack, i, &page, &shapes);
	if (kind == LES_OK)
		kind = compare(&lines, &shapes, page.lines_n, &score);
	if (kind != LES_OK)
		return kind;
	c->pages.read.precision += score.precision;
	c->pages.read.recall += score.recall;
	c->pages.read.pages_n++;
	return LES_OK;
}

static void read_page(void *context, uint32_t i, const struct les_sample *sample,
		      const struct les_reading *reading)
{
	struct course *c = context;
	enum les_kind kind = judge(c, i, sample, reading);

	if (kind != LES_OK)
		c->read_kind = kind;
	unmake_page(c, i);
}

/* Precision and recall are means over the pages, as in cBAD. */
static float score(const struct course *c, struct les_training_report *report)
{
	const struct course_pages_read *read = &c->pages.read;
	const double n = read->pages_n, pixels = (double)(read->found_n + read->there_n);
	const double precision = n > 0 ? read->precision / n : 0;
	const double recall = n > 0 ? read->recall / n : 0;
	const double sum = precision + recall;

	report->precision = (float)precision;
	report->recall = (float)recall;
	report->f1 = sum > 0 ? (float)(2 * precision * recall / sum) : 0;
	report->pixel_f1 = pixels > 0 ? (float)(2 * (double)read->both_n / pixels) : 1;
	return 1 - report->f1;
}

static void describe(const struct course *c, struct les_weights *weights)
{
	weights->topline = c->request.base && c->request.base->topline;
	weights->classes = c->pages.classes;
	weights->classes_n = c->pages.classes_n;
}

static void done(struct course *c)
{
	for (uint32_t i = 0; c->pages.targets && i < c->samples_n; i++)
		free(c->pages.targets[i]);
	free(c->pages.targets);
	free(c->pages.blank);
	free(c->pages.classes);
	free(c->pages.channel_of);
	free(c->pages.rows);
}

const struct course_task les_course_of_pages = {.net = LES_NET_SEGMENTATION,
						.loss_slack = 0.5,
						.make_net = make_net,
						.take_samples = take_pages,
						.make = make_page,
						.unmake = unmake_page,
						.begin = begin,
						.read = read_page,
						.score = score,
						.describe = describe,
						.done = done};
