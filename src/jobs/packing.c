#include "jobs/packing.h"

#include "base/cleanup.h"
#include "ipc/record.h"
#include "jobs/display.h"
#include "jobs/turns.h"
#include "train/prepare.h"

#include <stdlib.h>

LES_DEFINE_CLEANUP(struct les_page, les_page_free)

/* A packing under way. */
struct packing {
	struct les_corpus *corpus;
	struct les_survey *survey;
	const struct les_packing_request *request;
	struct les_packed *packed;
	struct les_pack_writer *writer; /* NULL: nothing is kept */
};

/* One document on its way. */
struct job {
	uint32_t *numbers; /* of the lines that are cut: indices into the survey's */
	uint32_t n;
	struct les_view view; /* what came back */
	struct les_prepared_line *lines;
};

static void job_done(void *context)
{
	struct job *job = context;

	free(job->numbers);
	free(job->lines);
	les_view_close(&job->view);
}

/* The lines that the survey keeps, packed to the front of the truth. */
static enum les_kind choose_lines(const struct les_survey_document *d, struct les_page *truth,
				  struct job *job, struct les_error *reterr)
{
	if (truth->lines_n != d->lines_n)
		return les_fail(reterr, LES_FORMAT, "it has changed since it was looked at");
	job->numbers = calloc(d->lines_n + 1ul, sizeof *job->numbers);
	job->lines = calloc(d->lines_n + 1ul, sizeof *job->lines);
	if (!job->numbers || !job->lines)
		return les_fail(reterr, LES_NOMEM, "no memory for a page's lines");
	for (uint32_t i = 0; i < d->lines_n; i++) {
		if (!les_verdict_keeps(d->lines[i].judged.verdict))
			continue;
		truth->lines[job->n] = truth->lines[i];
		truth->lines[job->n].text = ""; /* whoever cuts need not know it */
		truth->lines[job->n].region = -1;
		job->numbers[job->n++] = i;
	}
	truth->lines_n = job->n;
	truth->regions_n = 0;
	return LES_OK;
}

static enum les_kind cut(const struct packing *p, struct les_hand *hand,
			 const struct les_page_info *info, int pixels_fd,
			 const struct les_page *truth, struct job *job, struct les_error *reterr)
{
	LES_CLEANUP(les_buf_done) struct les_buf records = LES_BUF(LES_RECORDS_BYTES_MAX);
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
	LES_CLEANUP(les_fd_close) int records_fd = -1;

	les_records_encode(&records, truth);
	if (records.failed)
		return les_fail(reterr, LES_LIMIT, "the page has too many lines");
	enum les_kind kind = les_memfd_new(records.bytes, records.len, &records_fd, reterr);
	if (kind != LES_OK)
		return kind;
	const struct les_prepare_ask ask = {*info, p->request->cut, p->request->h_px, records.len};
	const int fds[] = {pixels_fd, records_fd};
	les_prepare_ask_encode(&body, &ask);
	kind = les_hand_prepare(hand, LES_MESSAGE_PREPARE, &body, fds, 2, &job->view, reterr);
	if (kind != LES_OK)
		return kind;
	kind = les_prepared_parse(job->view.bytes, job->view.n, job->n, job->lines, reterr);
	if (kind != LES_OK)
		les_hand_drop_trainer(hand);
	return kind;
}

/* Its decoding and cutting. */
static enum les_kind work_on(void *context, struct les_hand *hand, uint32_t i, void *of,
			     bool *ret_fatal, struct les_error *reterr)
{
	const struct packing *p = context;
	struct job *job = of;
	const struct les_survey_document *d = &p->survey->documents[i];
	struct les_corpus_document *document = &p->corpus->documents[i];
	LES_CLEANUP(les_page_free_p) struct les_page *truth = NULL;
	LES_CLEANUP(les_fd_close) int fd = -1;
	struct les_page_info info;

	if (d->error.kind != LES_OK) {
		*reterr = d->error;
		return d->error.kind;
	}
	enum les_kind kind = les_hand_find_trainer(hand, reterr);
	*ret_fatal = kind != LES_OK;
	if (kind == LES_OK)
		kind = les_feed_truth(&hand->feed, document, &truth, reterr);
	if (kind == LES_OK)
		kind = choose_lines(d, truth, job, reterr);
	if (kind != LES_OK || job->n == 0)
		return kind;
	kind = les_feed_pixels(&hand->feed, document, &info, &fd, reterr);
	if (kind == LES_OK)
		kind = les_pixels_check_size(&info, d->w_px, d->h_px, reterr);
	return kind == LES_OK ? cut(p, hand, &info, fd, truth, job, reterr) : kind;
}

static enum les_kind keep(void *context, uint32_t index, void *of, const struct les_error *error,
			  struct les_error *reterr)
{
	struct packing *s = context;
	const struct job *job = of;
	struct les_survey_document *d = &s->survey->documents[index];
	const struct les_split *split = s->request->split;
	LES_CLEANUP(les_buf_done) struct les_buf shown = LES_BUF(4 * LES_LINE_TEXT_BYTES_MAX);
	enum les_kind kind = LES_OK;

	d->error = *error;
	for (uint32_t i = 0; error->kind == LES_OK && i < job->n && kind == LES_OK; i++) {
		struct les_survey_line *line = &d->lines[job->numbers[i]];
		const struct les_prepared_line *p = &job->lines[i];
		if (p->w_px == 0) {
			line->judged.verdict = LES_VERDICT_FAILED;
			continue;
		}
		const bool replay = split && split->documents[index] == LES_USE_REPLAY;
		const bool validation =
			split && (split->documents[index] == LES_USE_VALIDATE ||
				  (split->every && !replay &&
				   s->packed->lines_n % split->every == split->every - 1));
		les_buf_reset(&shown);
		kind = les_text_display(line->text, &shown, reterr);
		if (kind != LES_OK)
			break;
		const struct les_pack_line packed = {
			.px = p->px,
			.w_px = p->w_px,
			.h_px = p->h_px,
			.text = (const char *)shown.bytes,
			.text_bytes = (uint32_t)shown.len,
			.document = index,
			.flags = (validation ? LES_PACK_VALIDATION : 0) |
				 (replay ? LES_PACK_REPLAY : 0),
		};
		s->packed->lines_n++;
		s->packed->validation_n += validation;
		s->packed->replay_n += replay;
		if (s->writer)
			kind = les_pack_add(s->writer, &packed, reterr);
	}
	return kind;
}

enum les_kind les_packing_run(struct les_pool *pool, struct les_corpus *corpus,
			      struct les_survey *survey, const struct les_packing_request *request,
			      struct les_packed *ret, struct les_error *reterr)
{
	LES_CLEANUP(les_pack_writer_free_p) struct les_pack_writer *writer = NULL;
	LES_CLEANUP(les_packed_done) struct les_packed packed = {.fd = -1};
	enum les_kind kind =
		request->folder ? les_pack_writer_new(request->folder, &writer, reterr) : LES_OK;
	struct packing packing = {corpus, survey, request, &packed, writer};
	const struct les_turns turns = {
		.pool = pool,
		.corpus = corpus,
		.threads = request->threads,
		.progress = request->progress,
		.progress_context = request->context,
		.cancel_fd = request->cancel_fd,
		.context = &packing,
		.job_bytes = sizeof(struct job),
		.work = work_on,
		.take = keep,
		.job_done = job_done,
	};

	if (kind == LES_OK)
		kind = les_turns_run(&turns, reterr);
	if (kind == LES_OK)
		kind = les_survey_count(survey, reterr);
	if (kind == LES_OK && writer) {
		packed.bytes = les_pack_bytes(writer);
		kind = les_pack_finish(writer, &packed.fd, reterr);
	}
	if (kind != LES_OK)
		return kind;
	*ret = packed;
	packed = (struct les_packed){.fd = -1};
	return LES_OK;
}

void les_packed_done(struct les_packed *packed)
{
	les_fd_close(&packed->fd);
}

uint64_t les_packing_estimate(const struct les_survey *survey, uint32_t h_px)
{
	double bytes = 0;

	for (uint32_t i = 0; i < survey->corpus->documents_n; i++)
		for (uint32_t k = 0; k < survey->documents[i].lines_n; k++) {
			const struct les_judged *j = &survey->documents[i].lines[k].judged;
			const double h = (double)j->height_px, scale = h > h_px ? h_px / h : 1;
			if (les_verdict_keeps(j->verdict) && h > 0)
				bytes += (double)j->length_px * h * scale * scale;
		}
	return (uint64_t)bytes;
}
