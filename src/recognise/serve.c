#include "base/cleanup.h"
#include "confine/confine.h"
#include "ipc/memfd.h"
#include "ipc/record.h"
#include "recognise/engine.h"
#include "recognise/picture.h"

#include <string.h>

LES_DEFINE_CLEANUP(struct les_page, les_page_free)

/* One recogniser's life: which engine it has makes no difference here. */
struct server {
	const struct les_engine *engine;
	struct les_session *session;
	int channel;
	struct les_error model_error; /* of the models for the next page: told when it comes */
};

static enum les_kind take_model(struct server *server, struct les_message *message,
				struct les_error *reterr)
{
	struct les_model_ref model;
	struct les_view view;
	enum les_kind kind = les_model_ref_parse(message, &model, reterr);

	if (kind == LES_OK)
		kind = les_view_open(message->fds[0], LES_TESSDATA_BYTES_MAX, &view, reterr);
	if (kind != LES_OK)
		return kind;
	/* the view stays for good: an engine reads its models from where they lie */
	struct les_error error;
	if (server->engine->model(&model, view.bytes, view.n, &error) != LES_OK &&
	    server->model_error.kind == LES_OK)
		server->model_error = error;
	return LES_OK;
}

static enum les_kind send_pictures(struct server *server, const struct les_read *request,
				   const struct les_image *image, const struct les_page *page,
				   struct les_error *reterr)
{
	enum les_kind kind = LES_OK;

	for (uint32_t p = LES_PICTURE_PAGE; p <= LES_PICTURE_OVERLAY && kind == LES_OK; p++) {
		LES_CLEANUP(les_free_p) uint8_t *png = NULL;
		size_t n;

		if (!(request->pictures & 1u << p))
			continue;
		kind = p == LES_PICTURE_PAGE ? les_picture_page(image, &png, &n, reterr)
					     : les_picture_overlay(image, page, &png, &n, reterr);
		if (kind == LES_OK)
			kind = les_session_answer_bytes(server->session, server->channel,
							LES_MESSAGE_PICTURE, (enum les_picture)p,
							png, n, reterr);
	}
	return kind;
}

static enum les_kind send_lines(struct server *server, const struct les_page *page,
				struct les_error *reterr)
{
	LES_CLEANUP(les_buf_done) struct les_buf records = LES_BUF(LES_RECORDS_BYTES_MAX);

	les_records_encode(&records, page);
	if (records.failed)
		return les_fail(reterr, LES_LIMIT, "the page has too much text");
	return les_session_answer_bytes(server->session, server->channel, LES_MESSAGE_LINES,
					LES_PICTURE_NONE, records.bytes, records.len, reterr);
}

static void flag_illegible(struct les_page *page, float below)
{
	for (uint32_t i = 0; i < page->lines_n; i++)
		for (uint32_t k = 0; k < page->lines[i].words_n; k++)
			if (page->lines[i].words[k].confidence < below)
				page->lines[i].words[k].flags |= LES_WORD_ILLEGIBLE;
}

/* The given lines, where the request has some. */
static enum les_kind take_layout(const struct les_read *request, const struct les_message *message,
				 struct les_page *page, struct les_error *reterr)
{
	struct les_view view;

	if (request->mode != LES_READ_LINES)
		return LES_OK;
	enum les_kind kind =
		les_view_open_sealed(message->fds[1], request->layout_bytes, &view, reterr);
	if (kind != LES_OK)
		return kind;
	kind = les_records_parse(view.bytes, view.n, page, reterr);
	les_view_close(&view);
	return kind;
}

static enum les_kind read_page(struct server *server, const struct les_read *request,
			       const struct les_message *message, const struct les_image *image,
			       struct les_error *reterr)
{
	LES_CLEANUP(les_page_free_p) struct les_page *page = les_page_new();
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
	struct les_read_done done = {0};

	if (!page)
		return les_fail(reterr, LES_NOMEM, "no memory for a page");
	page->info = request->page;
	enum les_kind kind = take_layout(request, message, page, reterr);
	if (kind == LES_OK)
		kind = server->engine->read(request, image, page, &done, reterr);
	if (kind != LES_OK)
		return kind;
	flag_illegible(page, request->illegible_below);
	kind = send_lines(server, page, reterr);
	if (kind == LES_OK)
		kind = send_pictures(server, request, image, page, reterr);
	if (kind != LES_OK)
		return kind;
	done.lines_n = page->lines_n;
	les_read_done_encode(&body, &done);
	return les_session_answer(server->session, server->channel, LES_MESSAGE_READ_DONE, &body,
				  NULL, reterr);
}

static enum les_kind take_page(struct server *server, const struct les_message *message,
			       struct les_error *reterr)
{
	struct les_read request;
	struct les_view view;
	enum les_kind kind = les_read_parse(message, &request, reterr);

	if (kind == LES_OK)
		kind = les_view_open_sealed(message->fds[0],
					    (uint64_t)request.page.stride_bytes * request.page.h_px,
					    &view, reterr);
	if (kind != LES_OK)
		return kind;
	const struct les_image image = {.px = view.bytes,
					.w_px = request.page.w_px,
					.h_px = request.page.h_px,
					.stride_bytes = request.page.stride_bytes,
					.channels = request.page.channels};
	if (server->model_error.kind == LES_OK) {
		kind = read_page(server, &request, message, &image, reterr);
	} else {
		*reterr = server->model_error;
		kind = server->model_error.kind;
		server->model_error.kind = LES_OK;
	}
	les_view_close(&view);
	return kind;
}

/* A page that failed in good order is told; the process goes on with the next. */
static enum les_kind tell_failure(struct server *server, const struct les_error *error)
{
	struct les_error ignored;

	if (server->session->state != LES_STATE_READING)
		return LES_PEER;
	return les_session_answer_fail(server->session, server->channel, error, &ignored);
}

int les_recogniser_serve(const struct les_engine *engine, struct les_session *session, int channel,
			 uint32_t landlock_abi)
{
	struct server server = {.engine = engine, .session = session, .channel = channel};
	struct les_error error;
	enum les_kind kind = les_worker_ready(session, channel, landlock_abi, &error);

	while (kind == LES_OK) {
		LES_CLEANUP(les_message_done) struct les_message message = LES_MESSAGE_NONE;

		if (les_session_receive(session, LES_ROLE_MAIN, channel, -1, &message, &error) !=
		    LES_OK)
			return 0; /* lesart is gone or has finished with us */
		kind = message.type == LES_MESSAGE_MODEL ? take_model(&server, &message, &error)
							 : take_page(&server, &message, &error);
		if (kind != LES_OK)
			kind = tell_failure(&server, &error);
	}
	return 1;
}
