#include "base/cleanup.h"
#include "base/clock.h"
#include "http/request.h"

#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* POST /ocr/stream: a thread runs the job and writes events into a bounded buffer; the connection's
 * thread takes them from there, and writes "alive" where a second passes without one. */

enum { ALIVE_AFTER_MS = 1000, STATUS_WITHIN_MS = 10000 };

struct stream {
	struct les_request *request; /* NULL once it is over; the thread ends before that */
	int document_fd, cancel_fd;
	int gone_fd; /* eventfd inside cancel_fd: the answer was dropped */
	pthread_t thread;
	bool joined;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct les_buf waiting; /* events nobody has taken; whole lines */
	bool started;           /* the first event is there: the answer is 200 */
	bool gone;              /* nobody takes events any more */
	bool finished;          /* the job's thread has said its last word */
	bool failed;            /* it ended before there was a stream */
	struct les_error error; /* why there is no start, where it finished without */
	uint64_t seq;

	struct les_buf sending; /* the connection's own: taken, not yet sent */
	size_t sent;
};

/* Adds an event; takes the object. Waits while the client is too slow. Called from the job's
 * thread, and for "alive" from the connection's. */
static enum les_kind emit(struct stream *s, const char *name, json_t *event, bool may_wait)
{
	enum les_kind kind = LES_OK;

	json_object_set_new(event, "schema", json_string(LES_EVENT_SCHEMA));
	json_object_set_new(event, "event", json_string(name));
	pthread_mutex_lock(&s->lock);
	while (may_wait && s->waiting.len > LES_HTTP_EVENTS_BYTES_MAX / 2 && !s->gone)
		pthread_cond_wait(&s->changed, &s->lock);
	json_object_set_new(event, "seq", json_integer((json_int_t)++s->seq));
	les_json_append(&s->waiting, event);
	les_buf_puts(&s->waiting, "\n");
	if (s->waiting.failed)
		kind = LES_NOMEM;
	if (s->gone)
		kind = LES_CANCELLED;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
	return kind;
}

static enum les_kind start(void *context, const struct les_job_start *start)
{
	struct stream *s = context;
	struct les_export_model models[LES_JOB_MODELS_MAX];

	for (uint32_t i = 0; i < start->models->n; i++)
		models[i] = (struct les_export_model){start->models->at[i].name,
						      start->models->at[i].sha256};
	enum les_kind kind = emit(s, "start",
				  json_pack("{s:s, s:s, s:i, s:i, s:s, s:o}", "job", s->request->id,
					    "kind", les_document_kind_name(start->document.kind),
					    "pages", (int)start->pages_chosen_n, "documentPages",
					    (int)start->document.pages_n, "engine", start->engine,
					    "models", les_json_models(models, start->models->n)),
				  true);
	pthread_mutex_lock(&s->lock);
	s->started = true;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
	return kind;
}

static enum les_kind page(void *context, const struct les_page_info *info)
{
	return emit(context, "page", les_json_page_head(info), true);
}

static enum les_kind page_done(void *context, const struct les_page *page,
			       const struct les_job_pictures *pictures)
{
	enum les_kind kind = LES_OK;

	(void)pictures;
	for (uint32_t i = 0; i < page->lines_n && kind == LES_OK; i++) {
		json_t *line = les_json_line(page, i);
		json_object_set_new(line, "page", json_integer(page->info.number));
		kind = emit(context, "line", line, true);
	}
	if (kind != LES_OK)
		return kind;
	json_t *done = json_pack("{s:i, s:i, s:f, s:o}", "page", (int)page->info.number, "lines",
				 (int)page->lines_n, "confidence",
				 round((double)les_page_confidence(page) * 1e4) / 1e4, "regions",
				 les_json_regions(page));
	return emit(context, "page-done", done, true);
}

static enum les_kind page_error(void *context, uint32_t number, const struct les_error *error)
{
	json_t *event = les_json_error(error);

	json_object_set_new(event, "page", json_integer(number));
	return emit(context, "page-error", event, true);
}

static enum les_kind last_word(struct stream *s, enum les_kind kind,
			       const struct les_job_totals *totals, const struct les_error *error)
{
	if (kind != LES_OK)
		return emit(s, "error", les_json_error(error), false);
	return emit(s, "done",
		    json_pack("{s:i, s:i, s:i, s:i, s:i, s:f, s:f}", "pages", (int)totals->pages_n,
			      "pagesFailed", (int)totals->pages_failed_n, "lines",
			      (int)totals->lines_n, "words", (int)totals->words_n, "illegible",
			      (int)totals->illegible_n, "confidence",
			      round(totals->confidence * 1e4) / 1e4, "seconds",
			      round(totals->seconds * 1e3) / 1e3),
		    false);
}

static void *run(void *context)
{
	struct stream *s = context;
	const struct les_job_sink sink = {.context = s,
					  .start = start,
					  .page = page,
					  .page_done = page_done,
					  .page_error = page_error};
	struct les_job_request job;
	struct les_job_totals totals = {0};
	struct les_error error = {.kind = LES_OK};
	enum les_kind kind = les_request_turn(s->request, s->cancel_fd, &error);

	les_request_job(s->request, s->document_fd, s->cancel_fd, &job);
	if (kind == LES_OK)
		kind = les_job_run(s->request->server->config.pool, &job, &sink, &totals, &error);
	les_request_over(s->request); /* taking the answer is not work */
	/* from here on an answer that waits for its status line gets a failure, not a stream */
	pthread_mutex_lock(&s->lock);
	bool streams = s->started;
	s->error = error;
	s->failed = !streams;
	pthread_mutex_unlock(&s->lock);
	if (streams)
		last_word(s, kind, &totals, &error);
	pthread_mutex_lock(&s->lock);
	s->finished = true;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* ---- the connection's side ---- */

static bool wait_changed(struct stream *s, int64_t deadline_ms)
{
	const struct timespec until = {.tv_sec = deadline_ms / 1000,
				       .tv_nsec = (deadline_ms % 1000) * 1000000};

	return pthread_cond_timedwait(&s->changed, &s->lock, &until) == 0;
}

/* Moves what is waiting to what is being sent; an "alive" where a second passed without anything.
 * False at the end. */
static bool refill(struct stream *s)
{
	const int64_t deadline_ms = les_clock_ms() + ALIVE_AFTER_MS;
	bool in_time = true;

	pthread_mutex_lock(&s->lock);
	while (s->waiting.len == 0 && !s->finished && in_time)
		in_time = wait_changed(s, deadline_ms);
	bool silent = s->waiting.len == 0 && !s->finished;
	pthread_mutex_unlock(&s->lock);
	if (silent)
		emit(s, "alive", json_object(), false);
	pthread_mutex_lock(&s->lock);
	struct les_buf taken = s->waiting;
	les_buf_reset(&s->sending);
	s->waiting = s->sending;
	s->sending = taken;
	s->sent = 0;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
	return s->sending.len > 0;
}

static ssize_t next_bytes(void *context, uint64_t position, char *to, size_t max)
{
	struct stream *s = context;

	(void)position;
	if (s->sent == s->sending.len && !refill(s))
		return MHD_CONTENT_READER_END_OF_STREAM;
	size_t n = s->sending.len - s->sent;
	n = n < max ? n : max;
	memcpy(to, s->sending.bytes + s->sent, n);
	s->sent += n;
	return (ssize_t)n;
}

/* The job ends, its thread is waited for. */
static void end_job(struct stream *s)
{
	const uint64_t one = 1;

	if (s->joined)
		return;
	if (write(s->gone_fd, &one, sizeof one) < 0)
		abort(); /* an eventfd takes a 1 */
	pthread_mutex_lock(&s->lock);
	s->gone = true; /* lets a writer that waits for room go on, into the cancellation */
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	s->joined = true;
}

/* The library ends a request and drops its answer in an order that depends on its version. */
void les_stream_end(struct les_request *request)
{
	struct stream *s = LES_TAKE(request->stream);

	if (!s)
		return;
	end_job(s);
	s->request = NULL;
}

/* The answer is dropped. */
static void stream_free(void *context)
{
	struct stream *s = context;

	end_job(s);
	if (s->request)
		s->request->stream = NULL;
	pthread_cond_destroy(&s->changed);
	pthread_mutex_destroy(&s->lock);
	les_buf_done(&s->waiting);
	les_buf_done(&s->sending);
	les_fd_close(&s->document_fd);
	les_fd_close(&s->cancel_fd);
	les_fd_close(&s->gone_fd);
	free(s);
}

static enum les_kind stream_new(struct les_request *request, int document_fd, struct stream **ret,
				struct les_error *reterr)
{
	struct stream *s = calloc(1, sizeof *s);
	struct epoll_event gone = {.events = EPOLLIN};
	pthread_condattr_t attr;

	if (!s)
		return les_fail(reterr, LES_NOMEM, "no memory for a stream");
	s->request = request;
	s->waiting = s->sending = LES_BUF(LES_HTTP_EVENTS_BYTES_MAX);
	s->cancel_fd = -1;
	s->gone_fd = eventfd(0, EFD_CLOEXEC);
	s->document_fd = fcntl(document_fd, F_DUPFD_CLOEXEC, 0);
	enum les_kind kind = les_request_watch(request, &s->cancel_fd, reterr);
	if (kind == LES_OK && (s->gone_fd < 0 || s->document_fd < 0 ||
			       epoll_ctl(s->cancel_fd, EPOLL_CTL_ADD, s->gone_fd, &gone) != 0))
		kind = les_fail_errno(reterr, "cannot watch the stream");
	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->changed, &attr);
	pthread_condattr_destroy(&attr);
	if (kind == LES_OK && pthread_create(&s->thread, NULL, run, s) != 0)
		kind = les_fail(reterr, LES_NOMEM, "cannot start a thread for the document");
	if (kind == LES_OK) {
		request->stream = *ret = s;
		return LES_OK;
	}
	les_fd_close(&s->document_fd);
	les_fd_close(&s->cancel_fd);
	les_fd_close(&s->gone_fd);
	free(s);
	return kind;
}

/* Waits for the first success or failure, so that a file that cannot be read is an error and not a
 * stream. */
static bool await_start(struct stream *s, struct les_error *reterr)
{
	const int64_t deadline_ms = les_clock_ms() + STATUS_WITHIN_MS;
	bool in_time = true;

	pthread_mutex_lock(&s->lock);
	while (!s->started && !s->failed && in_time)
		in_time = wait_changed(s, deadline_ms);
	bool failed = s->failed;
	if (failed)
		*reterr = s->error;
	else if (!s->started) /* still undecided: it becomes a stream, whose last word is the error
			       */
		s->started = true;
	pthread_mutex_unlock(&s->lock);
	return !failed;
}

enum MHD_Result les_route_stream(struct les_request *request, int document_fd)
{
	struct les_error error;
	struct stream *s = NULL;

	if (stream_new(request, document_fd, &s, &error) != LES_OK)
		return les_answer_error(request, &error);
	if (!await_start(s, &error)) {
		stream_free(s);
		return les_answer_error(request, &error);
	}
	struct MHD_Response *response = MHD_create_response_from_callback(
		MHD_SIZE_UNKNOWN, 65536, next_bytes, s, stream_free);
	if (!response) {
		stream_free(s);
		return MHD_NO;
	}
	les_answer_headers(request, response);
	MHD_add_response_header(response, "Content-Type", "application/x-ndjson");
	MHD_add_response_header(response, "X-Accel-Buffering", "no");
	request->status = 200;
	enum MHD_Result queued = MHD_queue_response(request->connection, 200, response);
	MHD_destroy_response(response);
	return queued;
}
