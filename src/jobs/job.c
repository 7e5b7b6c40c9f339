#include "jobs/job.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "ipc/record.h"
#include "jobs/choice.h"

#include <string.h>

LES_DEFINE_CLEANUP(struct les_page, les_page_free)

void les_job_request_init(struct les_job_request *request)
{
	*request = (struct les_job_request){
		.fd = -1,
		.password = "",
		.engine = "auto",
		.language = "",
		.script = "auto",
		.model = "",
		.segmenter = "",
		.precision = "auto",
		.mode = LES_READ_PAGE,
		.layout_fd = -1,
		.illegible_below = 0.3f,
		.threads = 1,
		.file_bytes_max = LES_FILE_BYTES_MAX,
		.pages_max = LES_PAGES_MAX,
		.page_px_max = LES_PAGE_PX_MAX,
		.page_seconds = LES_PAGE_SECONDS_DEFAULT,
		.tessdata = les_tessdata_folders,
		.cancel_fd = -1,
	};
	les_ranges_parse("", &request->pages, NULL);
}

/* Everything that can be refused before a worker is asked. */
static enum les_kind check_request(const struct les_job_request *request, struct les_error *reterr)
{
	if (strlen(request->password) > LES_PASSWORD_BYTES_MAX)
		return les_fail(reterr, LES_LIMIT, "a password has at most %u bytes",
				LES_PASSWORD_BYTES_MAX);
	if (strlen(request->language) > LES_LANGUAGE_BYTES_MAX)
		return les_fail(reterr, LES_LIMIT, "a language has at most %u bytes",
				LES_LANGUAGE_BYTES_MAX);
	if (!(request->illegible_below >= 0 && request->illegible_below <= 1))
		return les_fail(reterr, LES_ARG, "the illegible threshold lies between 0 and 1");
	if (request->readings_n > LES_LINE_READINGS_MAX)
		return les_fail(reterr, LES_ARG, "readings of a line: at most %u",
				LES_LINE_READINGS_MAX);
	if (request->threads < 1 || request->threads > LES_THREADS_MAX)
		return les_fail(reterr, LES_ARG, "threads: 1 to %u", LES_THREADS_MAX);
	if (request->page_seconds < 1 || request->page_seconds > LES_PAGE_SECONDS_MAX)
		return les_fail(reterr, LES_ARG, "seconds a page: 1 to %u", LES_PAGE_SECONDS_MAX);
	if ((request->mode == LES_READ_LINES) != (request->layout_fd >= 0))
		return les_fail(reterr, LES_ARG,
				"given lines need a layout, and a layout gives lines");
	return LES_OK;
}

static enum les_kind layout_message(struct les_worker *decoder, int fd, struct les_page *page,
				    struct les_error *reterr)
{
	struct les_open open = {.want = LES_OPEN_LAYOUT,
				.pages_max = 1,
				.page_px_max = LES_PAGE_PX_MAX,
				.render_dpi = LES_RENDER_DPI_DEFAULT};
	struct les_payload payload;
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
	LES_CLEANUP(les_message_done) struct les_message message = LES_MESSAGE_NONE;
	LES_CLEANUP(les_view_close) struct les_view view = {0};

	les_open_encode(&body, &open);
	enum les_kind kind = les_worker_send(decoder, LES_MESSAGE_OPEN, &body, &fd, 1, reterr);
	if (kind == LES_OK)
		kind = les_worker_receive(decoder, les_clock_ms() + LES_PAGE_SECONDS_DEFAULT * 1000,
					  &message, reterr);
	if (kind == LES_OK && message.type != LES_MESSAGE_LAYOUT)
		kind = les_fail(reterr, LES_PEER,
				"the decoder answered a layout with something else");
	if (kind == LES_OK)
		kind = les_payload_parse(&message, &payload, reterr);
	if (kind == LES_OK)
		kind = les_view_open_sealed(message.fds[0], payload.bytes, &view, reterr);
	if (kind == LES_OK)
		kind = les_records_parse(view.bytes, view.n, page, reterr);
	return kind;
}

enum les_kind les_layout_read(struct les_pool *pool, int fd, struct les_page **ret,
			      struct les_error *reterr)
{
	LES_CLEANUP(les_page_free_p) struct les_page *page = les_page_new();
	struct les_worker *decoder;

	if (!page)
		return les_fail(reterr, LES_NOMEM, "no memory for a layout");
	enum les_kind kind =
		les_pool_take_decoder(pool, les_clock_ms() + LES_WORKER_START_MS, &decoder, reterr);
	if (kind != LES_OK)
		return kind;
	kind = layout_message(decoder, fd, page, reterr);
	les_worker_end(decoder, kind == LES_PEER ? reterr : NULL);
	if (kind == LES_OK)
		*ret = LES_TAKE(page);
	return kind;
}

static void take_choice(struct les_flow *flow, const struct les_choice *choice)
{
	flow->engine = choice->engine;
	flow->models = &choice->models;
	flow->language = choice->language;
	flow->recogniser = choice->recogniser;
	flow->segmenter = choice->segmenter;
	flow->precision = choice->precision;
	flow->precision_name = choice->precision_name;
	memcpy(flow->stages, choice->stages, sizeof flow->stages);
	flow->stages_n = choice->stages_n;
}

static enum les_kind run(struct les_flow *flow, struct les_error *reterr)
{
	const struct les_job_request *request = flow->request;
	LES_CLEANUP(les_choice_done) struct les_choice choice = {.engine = ""};
	LES_CLEANUP(les_page_free_p) struct les_page *layout = NULL;
	enum les_kind kind = check_request(request, reterr);

	if (kind == LES_OK)
		kind = les_choice_make(flow->pool, request, &choice, reterr);
	if (kind == LES_OK && request->layout_fd >= 0)
		kind = les_layout_read(flow->pool, request->layout_fd, &layout, reterr);
	if (kind != LES_OK)
		return kind;
	take_choice(flow, &choice);
	flow->layout = layout;
	kind = les_flow_open(flow, reterr);
	if (kind == LES_OK && layout && flow->chosen_n != 1)
		kind = les_fail(reterr, LES_ARG, "a layout describes one page, and %u were chosen",
				flow->chosen_n);
	if (kind == LES_OK)
		kind = les_flow_run(flow, reterr);
	les_flow_done(flow);
	return kind;
}

enum les_kind les_job_run(struct les_pool *pool, const struct les_job_request *request,
			  const struct les_job_sink *sink, struct les_job_totals *totals,
			  struct les_error *reterr)
{
	struct les_flow flow = {.pool = pool, .request = request, .sink = sink, .totals = totals};
	double since = les_clock_s();

	*totals = (struct les_job_totals){0};
	enum les_kind kind = run(&flow, reterr);
	totals->seconds = les_clock_s() - since;
	return kind;
}
