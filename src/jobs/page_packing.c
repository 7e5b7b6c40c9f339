#include "jobs/page_packing.h"

#include "base/cleanup.h"
#include "jobs/survey.h"
#include "jobs/turns.h"
#include "train/prepare.h"

#include <stdlib.h>

enum {
	CLASS_START,
	CLASS_END,
	CLASS_LINE,
	CLASS_REGION,
	CLASSES_MAX = CLASS_REGION + LES_REGION_KIND_N
};

/* A packing under way. */
struct packing {
	struct les_corpus *corpus;
	struct les_page_survey *survey;
	const struct les_page_packing_request *request;
	struct les_packed_pages *packed;
	struct les_pages_writer *writer; /* NULL: nothing is kept */
	struct les_class classes[CLASSES_MAX];
	uint32_t classes_n;
	uint32_t class_of[LES_REGION_KIND_N]; /* 0: it is not learnt */
};

/* One document on its way. */
struct job {
	struct les_page *truth; /* its points are scaled in place */
	struct les_shape *shapes;
	uint32_t lines_n, regions_n;
	struct les_view view; /* what came back */
	struct les_prepared_page page;
};

static void job_done(void *context)
{
	struct job *job = context;

	les_page_free(job->truth);
	free(job->shapes);
	les_view_close(&job->view);
}

/* ---- classes ---- */

static void add_class(struct packing *p, const char *name, enum les_class_kind kind)
{
	p->classes[p->classes_n] = (struct les_class){name, kind, p->classes_n};
	p->classes_n++;
}

/* As a net made for these pages has them. */
static void make_classes(struct packing *p)
{
	const enum les_regions regions = p->request->regions;
	bool text = false;

	add_class(p, "_start_separator", LES_CLASS_AUX);
	add_class(p, "_end_separator", LES_CLASS_AUX);
	add_class(p, "default", LES_CLASS_BASELINE);
	for (uint32_t k = 0; regions != LES_REGIONS_NONE && k < LES_REGION_KIND_N; k++) {
		if (p->survey->regions_n[k] == 0)
			continue;
		if (regions == LES_REGIONS_KINDS || !text)
			add_class(p,
				  les_region_kind_name(regions == LES_REGIONS_TEXT
							       ? LES_REGION_TEXT
							       : (enum les_region_kind)k),
				  LES_CLASS_REGION);
		p->class_of[k] = p->classes_n - 1;
		text = true;
	}
}

/* ---- each document ---- */

/* Where a region has no polygon its box is one. errors: NOMEM */
static enum les_kind outline_of(struct les_page *truth, const struct les_region *region,
				struct les_points *ret, struct les_error *reterr)
{
	const struct les_box *b = &region->box;

	*ret = region->polygon;
	if (ret->n >= 3)
		return LES_OK;
	ret->n = 0;
	if (les_box_is_empty(b))
		return LES_OK;
	struct les_point *at = les_arena_alloc(&truth->arena, 4, sizeof *at);
	if (!at)
		return les_fail(reterr, LES_NOMEM, "no memory for a region");
	const float x0 = (float)b->x0_px, x1 = (float)b->x1_px - 1;
	const float y0 = (float)b->y0_px, y1 = (float)b->y1_px - 1;
	at[0] = (struct les_point){x0, y0};
	at[1] = (struct les_point){x1, y0};
	at[2] = (struct les_point){x1, y1};
	at[3] = (struct les_point){x0, y1};
	*ret = (struct les_points){at, 4};
	return LES_OK;
}

/* The good baselines, then the regions of learnt classes. */
static enum les_kind choose_shapes(const struct packing *p,
				   const struct les_page_survey_document *d, struct job *job,
				   struct les_error *reterr)
{
	struct les_page *truth = job->truth;
	enum les_kind kind = LES_OK;

	job->shapes = calloc(truth->lines_n + truth->regions_n + 1ul, sizeof *job->shapes);
	if (!job->shapes)
		return les_fail(reterr, LES_NOMEM, "no memory for a page's shapes");
	for (uint32_t i = 0; i < truth->lines_n; i++)
		if (les_baseline_judge(&truth->lines[i], d->w_px, d->h_px) == LES_BASELINE_GOOD)
			job->shapes[job->lines_n++] =
				(struct les_shape){truth->lines[i].baseline, CLASS_LINE};
	for (uint32_t i = 0; i < truth->regions_n && kind == LES_OK; i++) {
		const uint32_t number = p->class_of[truth->regions[i].kind];
		struct les_shape *shape = &job->shapes[job->lines_n + job->regions_n];
		shape->class_number = number;
		if (number)
			kind = outline_of(truth, &truth->regions[i], &shape->points, reterr);
		job->regions_n += number && shape->points.n;
	}
	if (kind == LES_OK && job->lines_n != d->verdicts_n[LES_BASELINE_GOOD])
		kind = les_fail(reterr, LES_FORMAT, "it has changed since it was looked at");
	return kind;
}

/* The page's pixels go down to lesart-train and come back at the net's height. */
static enum les_kind scale(const struct packing *p, struct les_hand *hand,
			   const struct les_page_info *info, int pixels_fd, struct job *job,
			   struct les_error *reterr)
{
	const struct les_page_packing_request *r = p->request;
	const struct les_prepare_page_ask ask = {*info, r->h_px, r->channels};
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);

	les_prepare_page_ask_encode(&body, &ask);
	enum les_kind kind = les_hand_prepare(hand, LES_MESSAGE_PREPARE_PAGE, &body, &pixels_fd, 1,
					      &job->view, reterr);
	if (kind != LES_OK)
		return kind;
	kind = les_prepared_page_parse(job->view.bytes, job->view.n, r->h_px, r->channels,
				       &job->page, reterr);
	if (kind != LES_OK)
		les_hand_drop_trainer(hand);
	return kind;
}

static void scale_shapes(struct job *job, float scale_x, float scale_y)
{
	for (uint32_t i = 0; i < job->lines_n + job->regions_n; i++)
		for (uint32_t k = 0; k < job->shapes[i].points.n; k++) {
			job->shapes[i].points.at[k].x_px *= scale_x;
			job->shapes[i].points.at[k].y_px *= scale_y;
		}
}

static enum les_kind work_on(void *context, struct les_hand *hand, uint32_t i, void *of,
			     bool *ret_fatal, struct les_error *reterr)
{
	const struct packing *p = context;
	struct job *job = of;
	const struct les_page_survey_document *d = &p->survey->documents[i];
	struct les_corpus_document *document = &p->corpus->documents[i];
	LES_CLEANUP(les_fd_close) int fd = -1;
	struct les_page_info info;

	if (d->error.kind != LES_OK) {
		*reterr = d->error;
		return d->error.kind;
	}
	if (!les_page_survey_keeps(d))
		return LES_OK;
	enum les_kind kind = les_hand_find_trainer(hand, reterr);
	*ret_fatal = kind != LES_OK;
	if (kind == LES_OK)
		kind = les_feed_truth(&hand->feed, document, &job->truth, reterr);
	if (kind == LES_OK)
		kind = choose_shapes(p, d, job, reterr);
	if (kind == LES_OK)
		kind = les_feed_pixels(&hand->feed, document, &info, &fd, reterr);
	if (kind == LES_OK)
		kind = les_pixels_check_size(&info, d->w_px, d->h_px, reterr);
	return kind == LES_OK ? scale(p, hand, &info, fd, job, reterr) : kind;
}

static enum les_kind keep(void *context, uint32_t i, void *of, const struct les_error *error,
			  struct les_error *reterr)
{
	struct packing *p = context;
	struct job *job = of;
	struct les_page_survey_document *d = &p->survey->documents[i];

	d->error = *error;
	if (!les_page_survey_keeps(d))
		return LES_OK;
	const struct les_packed_page page = {
		.px = job->page.px,
		.w_px = job->page.w_px,
		.h_px = job->page.h_px,
		.channels = job->page.channels,
		.scale_x = (float)job->page.w_px / (float)d->w_px,
		.scale_y = (float)job->page.h_px / (float)d->h_px,
		.document = i,
		.flags = d->validation ? LES_PAGES_VALIDATION : 0,
		.lines_n = job->lines_n,
		.regions_n = job->regions_n,
	};
	scale_shapes(job, page.scale_x, page.scale_y);
	p->packed->pages_n++;
	p->packed->validation_n += d->validation;
	p->packed->lines_n += job->lines_n;
	return p->writer ? les_pages_add(p->writer, &page, job->shapes, reterr) : LES_OK;
}

/* ---- all of them ---- */

static enum les_kind pack(struct les_pool *pool, struct packing *p, struct les_error *reterr)
{
	const struct les_page_packing_request *request = p->request;
	const struct les_turns turns = {
		.pool = pool,
		.corpus = p->corpus,
		.threads = request->threads,
		.progress = request->progress,
		.progress_context = request->context,
		.cancel_fd = request->cancel_fd,
		.context = p,
		.job_bytes = sizeof(struct job),
		.work = work_on,
		.take = keep,
		.job_done = job_done,
	};
	enum les_kind kind = les_turns_run(&turns, reterr);

	les_page_survey_count(p->survey);
	if (kind == LES_OK && p->packed->pages_n == p->packed->validation_n)
		kind = les_fail(reterr, LES_ARG, "there are no pages to learn from");
	if (kind == LES_OK && p->writer) {
		p->packed->bytes = les_pages_bytes(p->writer);
		kind = les_pages_finish(p->writer, &p->packed->fd, reterr);
	}
	return kind;
}

enum les_kind les_page_packing_run(struct les_pool *pool, struct les_corpus *corpus,
				   struct les_page_survey *survey,
				   const struct les_page_packing_request *request,
				   struct les_packed_pages *ret, struct les_error *reterr)
{
	LES_CLEANUP(les_pages_writer_free_p) struct les_pages_writer *writer = NULL;
	LES_CLEANUP(les_packed_pages_done) struct les_packed_pages packed = {.fd = -1};
	struct packing p = {
		.corpus = corpus, .survey = survey, .request = request, .packed = &packed};
	enum les_kind kind = LES_OK;

	make_classes(&p);
	if (request->folder)
		kind = les_pages_writer_new(request->folder, p.classes, p.classes_n, &writer,
					    reterr);
	p.writer = writer;
	if (kind == LES_OK)
		kind = pack(pool, &p, reterr);
	if (kind != LES_OK)
		return kind;
	*ret = packed;
	packed = (struct les_packed_pages){.fd = -1};
	return LES_OK;
}

void les_packed_pages_done(struct les_packed_pages *packed)
{
	les_fd_close(&packed->fd);
}

uint64_t les_page_packing_estimate(const struct les_page_survey *survey, uint32_t h_px,
				   uint32_t channels)
{
	double bytes = 0;

	for (uint32_t i = 0; i < survey->corpus->documents_n; i++) {
		const struct les_page_survey_document *d = &survey->documents[i];
		if (les_page_survey_keeps(d))
			bytes += (double)channels * h_px * h_px * d->w_px / d->h_px;
	}
	return (uint64_t)bytes;
}
