#include "base/cleanup.h"
#include "base/clock.h"
#include "http/request.h"

#include <poll.h>
#include <string.h>
#include <sys/epoll.h>

enum { TURN_SLICE_MS = 100 };

enum les_kind les_request_watch(const struct les_request *request, int *ret_fd,
				struct les_error *reterr)
{
	LES_CLEANUP(les_fd_close) int fd = epoll_create1(EPOLL_CLOEXEC);
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	/* not EPOLLIN: a client may send its next request early. Level-triggered, so it stays
	 * readable */
	struct epoll_event hangup = {.events = EPOLLRDHUP};
	struct epoll_event ending = {.events = EPOLLIN};

	if (fd < 0 || !info || epoll_ctl(fd, EPOLL_CTL_ADD, info->connect_fd, &hangup) != 0 ||
	    epoll_ctl(fd, EPOLL_CTL_ADD, request->server->ending_fd, &ending) != 0)
		return les_fail_errno(reterr, "cannot watch the connection");
	*ret_fd = LES_TAKE_FD(fd);
	return LES_OK;
}

enum les_kind les_request_turn(struct les_request *request, int cancel_fd, struct les_error *reterr)
{
	while (!les_slots_run(&request->server->slots, TURN_SLICE_MS)) {
		struct pollfd p = {.fd = cancel_fd, .events = POLLIN};
		if (poll(&p, 1, 0) > 0)
			return les_fail(reterr, LES_CANCELLED, "cancelled");
	}
	request->running = true;
	return LES_OK;
}

void les_request_over(struct les_request *request)
{
	if (request->running)
		les_slots_finish(&request->server->slots);
	request->running = false;
}

void les_request_job(const struct les_request *request, int document_fd, int cancel_fd,
		     struct les_job_request *ret)
{
	const struct les_server_config *config = &request->server->config;

	les_job_request_init(ret);
	ret->fd = document_fd;
	ret->cancel_fd = cancel_fd;
	ret->threads = config->threads;
	ret->file_bytes_max = config->file_bytes_max;
	ret->pages_max = config->pages_max;
	ret->page_px_max = config->page_px_max;
	ret->page_seconds = config->page_seconds;
	ret->tessdata = config->tessdata;
	ret->registry = config->registry;
	les_http_params_apply(&request->params, ret);
}

/* A job's sink that gathers one answer. */
struct whole {
	struct les_export export;
	struct les_export_about about;
	struct les_export_model models[LES_JOB_MODELS_MAX];
	enum les_export_format format;
	const char *illegible_text;
	char created[21];
	struct les_buf out;
	struct les_error error;
};

static enum les_kind start(void *context, const struct les_job_start *start)
{
	struct whole *whole = context;

	for (uint32_t i = 0; i < start->models->n; i++)
		whole->models[i] = (struct les_export_model){start->models->at[i].name,
							     start->models->at[i].sha256};
	whole->about = (struct les_export_about){.file_name = "document",
						 .kind = start->document.kind,
						 .pages_n = start->pages_chosen_n,
						 .engine = start->engine,
						 .models = whole->models,
						 .models_n = start->models->n,
						 .precision = start->precision,
						 .illegible_text = whole->illegible_text,
						 .created = whole->created};
	return les_export_begin(&whole->export, whole->format, &whole->about, &whole->out,
				&whole->error);
}

static enum les_kind page_done(void *context, const struct les_page *page,
			       const struct les_job_pictures *pictures)
{
	struct whole *whole = context;

	(void)pictures;
	return les_export_page(&whole->export, page, NULL, &whole->out, &whole->error);
}

static enum les_kind page_error(void *context, uint32_t page, const struct les_error *error)
{
	struct whole *whole = context;

	return les_export_page_error(&whole->export, page, error, &whole->out, &whole->error);
}

static enum les_kind read_whole(struct les_request *request, int document_fd, struct whole *whole,
				struct les_error *reterr)
{
	const struct les_job_sink sink = {
		.context = whole, .start = start, .page_done = page_done, .page_error = page_error};
	LES_CLEANUP(les_fd_close) int cancel_fd = -1;
	struct les_job_request job;
	struct les_job_totals totals;

	if (request->params.readings_n && whole->format != LES_EXPORT_JSON)
		return les_fail(reterr, LES_ARG, "nBest needs format=json: no other has room");
	enum les_kind kind = les_request_watch(request, &cancel_fd, reterr);

	les_request_job(request, document_fd, cancel_fd, &job);
	if (kind == LES_OK)
		kind = les_request_turn(request, cancel_fd, reterr);
	if (kind == LES_OK)
		kind = les_job_run(request->server->config.pool, &job, &sink, &totals, reterr);
	les_request_over(request); /* taking the answer is not work */
	if (kind != LES_OK) {
		if (whole->error.kind != LES_OK)
			*reterr = whole->error;
		return reterr->kind;
	}
	const struct les_export_totals all = {
		totals.pages_n,     totals.pages_failed_n, totals.lines_n,   totals.words_n,
		totals.illegible_n, totals.seconds,        totals.confidence};
	return les_export_end(&whole->export, &all, &whole->out, reterr);
}

enum MHD_Result les_route_ocr(struct les_request *request, int document_fd)
{
	struct whole whole = {.format = request->params.format,
			      .illegible_text = request->params.illegible_text,
			      .out = LES_BUF(LES_HTTP_ANSWER_BYTES_MAX)};
	struct les_error error;
	enum MHD_Result result;

	les_clock_utc(whole.created);
	if (read_whole(request, document_fd, &whole, &error) == LES_OK)
		result = les_answer(request, 200, les_export_info(whole.format)->media_type,
				    whole.out.bytes, whole.out.len);
	else
		result = les_answer_error(request, &error);
	les_export_done(&whole.export);
	les_buf_done(&whole.out);
	return result;
}
