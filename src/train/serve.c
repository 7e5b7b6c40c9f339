#include "train/serve.h"

#include "base/cleanup.h"
#include "confine/confine.h"
#include "ipc/memfd.h"
#include "ipc/record.h"
#include "train/prepare.h"
#include "train/teach.h"

LES_DEFINE_CLEANUP(struct les_page, les_page_free)

struct server {
	int channel;
	struct les_session session;
	struct les_teaching teaching;
	struct les_error broken; /* what is wrong with a BASE or RESUME, for TRAIN to tell */
};

/* Threads are made between the two: Landlock holds for those made after it, and none can be made
 * under seccomp. */
static enum les_kind get_ready(struct server *server, uint32_t threads_n, struct les_error *reterr)
{
	const uint32_t abi = les_landlock_abi();
	enum les_kind kind = les_confine_files(LES_ROLE_TRAIN, reterr);

	if (kind == LES_OK && threads_n > 0)
		kind = les_crew_new(threads_n, &server->teaching.crew, reterr);
	if (kind == LES_OK && threads_n > 0)
		kind = les_teach_warm_up(server->teaching.crew, reterr);
	if (kind == LES_OK)
		kind = les_confine_calls(LES_ROLE_TRAIN, reterr);
	if (kind == LES_OK)
		kind = les_worker_ready(&server->session, server->channel, abi, reterr);
	return kind;
}

static enum les_kind say_fail(struct server *server, const struct les_error *error,
			      struct les_error *reterr)
{
	return les_session_answer_fail(&server->session, server->channel, error, reterr);
}

/* Maps what came with PREPARE and cuts. */
static enum les_kind cut_lines(const struct les_prepare_ask *ask, const int fds[2],
			       struct les_buf *out, struct les_error *reterr)
{
	LES_CLEANUP(les_view_close) struct les_view pixels = {0};
	LES_CLEANUP(les_view_close) struct les_view records = {0};
	LES_CLEANUP(les_page_free_p) struct les_page *lines = les_page_new();
	const struct les_page_info *p = &ask->page;
	enum les_kind kind = lines ? LES_OK : les_fail(reterr, LES_NOMEM, "no memory for lines");

	if (kind == LES_OK)
		kind = les_view_open_sealed(fds[0], (uint64_t)p->stride_bytes * p->h_px, &pixels,
					    reterr);
	if (kind == LES_OK)
		kind = les_view_open_sealed(fds[1], ask->layout_bytes, &records, reterr);
	if (kind == LES_OK)
		kind = les_records_parse(records.bytes, records.n, lines, reterr);
	if (kind != LES_OK)
		return kind;
	const struct les_image page = {pixels.bytes, p->w_px, p->h_px, p->stride_bytes,
				       p->channels};
	return les_prepare(&page, lines->lines, lines->lines_n, ask->cut, ask->h_px, out, reterr);
}

/* Maps what came with PREPARE_PAGE and scales. */
static enum les_kind scale_page(const struct les_prepare_page_ask *ask, int fd, struct les_buf *out,
				struct les_error *reterr)
{
	LES_CLEANUP(les_view_close) struct les_view pixels = {0};
	const struct les_page_info *p = &ask->page;
	enum les_kind kind =
		les_view_open_sealed(fd, (uint64_t)p->stride_bytes * p->h_px, &pixels, reterr);

	if (kind != LES_OK)
		return kind;
	const struct les_image page = {pixels.bytes, p->w_px, p->h_px, p->stride_bytes,
				       p->channels};
	return les_prepare_page(&page, ask->h_px, ask->channels, out, reterr);
}

/* A message that cannot be parsed ends it; a page that cannot be prepared is told of. */
static enum les_kind on_prepare(struct server *server, const struct les_message *message,
				struct les_error *reterr)
{
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
	LES_CLEANUP(les_buf_done) struct les_buf out = LES_BUF(LES_PREPARED_BYTES_MAX);
	LES_CLEANUP(les_fd_close) int fd = -1;
	const bool whole = message->type == LES_MESSAGE_PREPARE_PAGE;
	struct les_prepare_ask lines;
	struct les_prepare_page_ask page;
	struct les_error error;
	enum les_kind kind = whole ? les_prepare_page_ask_parse(message, &page, reterr)
				   : les_prepare_ask_parse(message, &lines, reterr);

	if (kind != LES_OK)
		return kind;
	kind = whole ? scale_page(&page, message->fds[0], &out, &error)
		     : cut_lines(&lines, message->fds, &out, &error);
	if (kind == LES_OK)
		kind = les_memfd_new(out.bytes, out.len, &fd, &error);
	if (kind != LES_OK)
		return say_fail(server, &error, reterr);
	const struct les_payload payload = {.bytes = out.len, .picture = LES_PICTURE_NONE};
	les_payload_encode(&body, &payload);
	return les_session_answer(&server->session, server->channel, LES_MESSAGE_PREPARED, &body,
				  &fd, reterr);
}

/* A BASE or RESUME that is no good has no answer of its own. */
static void on_part(struct server *server, const struct les_message *message)
{
	enum les_kind kind =
		message->type == LES_MESSAGE_BASE
			? les_teach_base(&server->teaching, message, &server->broken)
			: les_teach_resume(&server->teaching, message, &server->broken);

	(void)kind; /* it is in server->broken */
}

static enum les_kind on_train(struct server *server, const struct les_message *message,
			      struct les_error *reterr)
{
	struct les_error broken = server->broken;

	if (broken.kind == LES_OK && !server->teaching.crew)
		les_fail(&broken, LES_ARG, "this lesart-train was started without threads");
	server->broken = (struct les_error){0};
	enum les_kind kind = broken.kind != LES_OK ? say_fail(server, &broken, reterr)
						   : les_teach(&server->teaching, &server->session,
							       server->channel, message, reterr);
	les_teaching_done(&server->teaching);
	return kind;
}

/* One message and its answer. *ret_end: lesart hung up. */
static enum les_kind step(struct server *server, bool *ret_end, struct les_error *reterr)
{
	LES_CLEANUP(les_message_done) struct les_message message = LES_MESSAGE_NONE;

	if (les_channel_receive(server->channel, -1, &message, NULL) != LES_OK) {
		*ret_end = true; /* gone, or not lesart: either way there is nobody to serve */
		return LES_OK;
	}
	enum les_kind kind = les_session_step(&server->session, LES_ROLE_MAIN, &message, reterr);
	if (kind != LES_OK)
		return kind;
	switch (message.type) {
	case LES_MESSAGE_PREPARE:
	case LES_MESSAGE_PREPARE_PAGE:
		return on_prepare(server, &message, reterr);
	case LES_MESSAGE_BASE:
	case LES_MESSAGE_RESUME:
		on_part(server, &message);
		return LES_OK;
	case LES_MESSAGE_TRAIN:
		return on_train(server, &message, reterr);
	default: /* STOP that crossed with the end */
		return LES_OK;
	}
}

enum les_kind les_train_serve(int channel, uint32_t threads_n, struct les_error *reterr)
{
	struct server server = {.channel = channel,
				.session = {LES_ROLE_TRAIN, LES_STATE_STARTING}};
	enum les_kind kind = get_ready(&server, threads_n, reterr);
	bool end = false;

	while (kind == LES_OK && !end)
		kind = step(&server, &end, reterr);
	les_teaching_done(&server.teaching);
	les_crew_free(server.teaching.crew);
	return kind;
}
