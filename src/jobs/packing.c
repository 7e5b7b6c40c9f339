#include "jobs/packing.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "ipc/record.h"
#include "jobs/display.h"
#include "train/prepare.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

LES_DEFINE_CLEANUP(struct les_page, les_page_free)

enum { PREPARE_MS = LES_PAGE_SECONDS_DEFAULT * 1000 };

/* What the threads share. */
struct shared {
	struct les_pool *pool;
	struct les_corpus *corpus;
	struct les_survey *survey;
	const struct les_packing_request *request;
	struct les_packed *packed;
	struct les_pack_writer *writer; /* NULL: nothing is kept */
	atomic_uint next;
	pthread_mutex_t lock; /* of what follows, the writer and progress */
	pthread_cond_t turned;
	uint32_t turn; /* the document whose lines are written next */
	enum les_kind kind;
	struct les_error *reterr;
};

/* One thread's hands. */
struct hand {
	struct shared *shared;
	struct les_feed feed;
	struct les_recogniser *cutter; /* NULL after a crash */
};

/* One document on its way. */
struct job {
	uint32_t index;
	uint32_t *numbers; /* of the lines that are cut: indices into the survey's */
	uint32_t n;
	struct les_view view; /* what came back */
	struct les_prepared_line *lines;
};

static void job_done(struct job *job)
{
	free(job->numbers);
	free(job->lines);
	les_view_close(&job->view);
}

/* The lines that the survey keeps, packed to the front of the truth. */
static enum les_kind choose_lines(const struct shared *s, struct les_page *truth, struct job *job,
				  struct les_error *reterr)
{
	const struct les_survey_document *d = &s->survey->documents[job->index];

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

static enum les_kind cutter_for(struct hand *hand, struct les_error *reterr)
{
	return hand->cutter ? LES_OK
			    : les_pool_take_recogniser(hand->shared->pool, LES_ROLE_TRAIN,
						       les_clock_ms() + LES_WORKER_START_MS,
						       &hand->cutter, reterr);
}

static enum les_kind send_lines(struct hand *hand, const struct les_page_info *info, int pixels_fd,
				const struct les_page *truth, struct les_error *reterr)
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
	const struct les_prepare_ask ask = {*info, hand->shared->request->h_px, records.len};
	const int fds[] = {pixels_fd, records_fd};
	les_prepare_ask_encode(&body, &ask);
	return les_worker_send(hand->cutter->worker, LES_MESSAGE_PREPARE, &body, fds, 2, reterr);
}

static enum les_kind receive_lines(struct hand *hand, struct job *job, struct les_error *reterr)
{
	LES_CLEANUP(les_message_done) struct les_message message = LES_MESSAGE_NONE;
	struct les_payload payload;
	enum les_kind kind = les_worker_receive(hand->cutter->worker, les_clock_ms() + PREPARE_MS,
						&message, reterr);

	if (kind != LES_OK)
		return kind;
	kind = les_payload_parse(&message, &payload, reterr);
	if (kind == LES_OK)
		kind = les_view_open_sealed(message.fds[0], payload.bytes, &job->view, reterr);
	if (kind == LES_OK)
		kind = les_prepared_parse(job->view.bytes, job->view.n, job->n, job->lines, reterr);
	return kind;
}

static enum les_kind cut(struct hand *hand, const struct les_page_info *info, int pixels_fd,
			 const struct les_page *truth, struct job *job, struct les_error *reterr)
{
	enum les_kind kind = send_lines(hand, info, pixels_fd, truth, reterr);

	if (kind == LES_OK)
		kind = receive_lines(hand, job, reterr);
	if (kind == LES_PEER || !les_worker_usable(hand->cutter->worker))
		les_pool_give_recogniser(hand->shared->pool, LES_TAKE(hand->cutter), false);
	return kind;
}

/* Its decoding and cutting; *ret_fatal: an error that is not this document's alone. */
static enum les_kind work_on(struct hand *hand, struct job *job, bool *ret_fatal,
			     struct les_error *reterr)
{
	struct shared *s = hand->shared;
	const struct les_survey_document *d = &s->survey->documents[job->index];
	struct les_corpus_document *document = &s->corpus->documents[job->index];
	LES_CLEANUP(les_page_free_p) struct les_page *truth = NULL;
	LES_CLEANUP(les_fd_close) int fd = -1;
	struct les_page_info info;
	enum les_kind kind = cutter_for(hand, reterr);

	*ret_fatal = kind != LES_OK;
	if (kind == LES_OK)
		kind = les_feed_truth(&hand->feed, document, &truth, reterr);
	if (kind == LES_OK)
		kind = choose_lines(s, truth, job, reterr);
	if (kind != LES_OK || job->n == 0)
		return kind;
	kind = les_feed_pixels(&hand->feed, document, &info, &fd, reterr);
	if (kind == LES_OK && (info.w_px != d->w_px || info.h_px != d->h_px))
		kind = les_fail(reterr, LES_FORMAT,
				"its image has %u × %u pixels, not %u × %u as its header says",
				info.w_px, info.h_px, d->w_px, d->h_px);
	if (kind == LES_OK)
		kind = cut(hand, &info, fd, truth, job, reterr);
	return kind;
}

/* Called locked, in turn. */
static enum les_kind keep(struct shared *s, const struct job *job, struct les_error *reterr)
{
	struct les_survey_document *d = &s->survey->documents[job->index];
	const struct les_split *split = s->request->split;
	LES_CLEANUP(les_buf_done) struct les_buf shown = LES_BUF(4 * LES_LINE_TEXT_BYTES_MAX);
	enum les_kind kind = LES_OK;

	for (uint32_t i = 0; i < job->n && kind == LES_OK; i++) {
		struct les_survey_line *line = &d->lines[job->numbers[i]];
		const struct les_prepared_line *p = &job->lines[i];
		if (p->w_px == 0) {
			line->judged.verdict = LES_VERDICT_FAILED;
			continue;
		}
		const bool validation =
			split &&
			(split->documents[job->index] ||
			 (split->every && s->packed->lines_n % split->every == split->every - 1));
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
			.document = job->index,
			.flags = validation ? LES_PACK_VALIDATION : 0,
		};
		s->packed->lines_n++;
		s->packed->validation_n += validation;
		if (s->writer)
			kind = les_pack_add(s->writer, &packed, reterr);
	}
	return kind;
}

static bool is_cancelled(const struct shared *s)
{
	struct pollfd p = {.fd = s->request->cancel_fd, .events = POLLIN};

	return s->request->cancel_fd >= 0 && poll(&p, 1, 0) > 0;
}

/* Waits for this document's turn, writes, and passes the turn on. */
static bool hand_in(struct shared *s, const struct job *job, enum les_kind kind, bool fatal,
		    const struct les_error *error)
{
	pthread_mutex_lock(&s->lock);
	while (s->turn != job->index)
		pthread_cond_wait(&s->turned, &s->lock);
	if (s->kind == LES_OK && (fatal || kind == LES_NOMEM))
		s->kind = les_fail(s->reterr, kind, "%s", error->message);
	else if (s->kind == LES_OK && is_cancelled(s))
		s->kind = les_fail(s->reterr, LES_CANCELLED, "stopped");
	if (s->kind == LES_OK && kind == LES_OK)
		s->kind = keep(s, job, s->reterr);
	else if (kind != LES_OK)
		s->survey->documents[job->index].error = *error;
	s->turn++;
	if (s->request->progress)
		s->request->progress(s->request->context, s->turn, s->corpus->documents_n);
	const bool go_on = s->kind == LES_OK;
	pthread_cond_broadcast(&s->turned);
	pthread_mutex_unlock(&s->lock);
	return go_on;
}

static void *work(void *context)
{
	struct shared *s = context;
	struct hand hand = {.shared = s, .feed = {.pool = s->pool, .corpus = s->corpus}};
	bool go_on = true;

	for (uint32_t i; go_on && (i = atomic_fetch_add(&s->next, 1)) < s->corpus->documents_n;) {
		LES_CLEANUP(job_done) struct job job = {.index = i};
		struct les_error error = s->survey->documents[i].error;
		bool fatal = false;
		if (error.kind == LES_OK)
			error.kind = work_on(&hand, &job, &fatal, &error);
		go_on = hand_in(s, &job, error.kind, fatal, &error);
	}
	les_feed_done(&hand.feed);
	if (hand.cutter)
		les_pool_give_recogniser(s->pool, hand.cutter, true);
	return NULL;
}

static void work_in_threads(struct shared *s)
{
	pthread_t threads[LES_THREADS_MAX];
	uint32_t n = 0;

	while (n + 1 < s->request->threads && n + 1 < LES_THREADS_MAX &&
	       pthread_create(&threads[n], NULL, work, s) == 0)
		n++;
	work(s);
	while (n)
		pthread_join(threads[--n], NULL);
}

enum les_kind les_packing_run(struct les_pool *pool, struct les_corpus *corpus,
			      struct les_survey *survey, const struct les_packing_request *request,
			      struct les_packed *ret, struct les_error *reterr)
{
	LES_CLEANUP(les_pack_writer_free_p) struct les_pack_writer *writer = NULL;
	LES_CLEANUP(les_packed_done) struct les_packed packed = {.fd = -1};
	enum les_kind kind =
		request->folder ? les_pack_writer_new(request->folder, &writer, reterr) : LES_OK;
	struct shared shared = {.pool = pool,
				.corpus = corpus,
				.survey = survey,
				.request = request,
				.packed = &packed,
				.writer = writer,
				.lock = PTHREAD_MUTEX_INITIALIZER,
				.turned = PTHREAD_COND_INITIALIZER,
				.reterr = reterr};

	if (kind != LES_OK)
		return kind;
	work_in_threads(&shared);
	kind = shared.kind;
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
