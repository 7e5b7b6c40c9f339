#include "decode/serve.h"

#include "base/cleanup.h"
#include "confine/confine.h"
#include "confine/files.h"
#include "decode/decoder.h"
#include "decode/fonts.h"
#include "decode/ground.h"
#include "decode/layout.h"
#include "decode/model.h"
#include "decode/pdf.h"
#include "decode/sniff.h"
#include "ipc/memfd.h"
#include "ipc/record.h"
#include "ipc/weights.h"

#include <unistd.h>

LES_DEFINE_CLEANUP(struct les_page, les_page_free)

struct server {
	int channel;
	struct les_session session;
	struct les_view input; /* the document's bytes, mapped as long as it is open */
	struct les_decoder *decoder;
	struct les_ground ground;
};

static void server_done(struct server *server)
{
	les_decoder_close(server->decoder);
	les_ground_done(&server->ground);
	les_view_close(&server->input);
}

/* ---- getting ready ---- */

enum les_kind les_decode_confine(uint32_t *ret_landlock_abi, struct les_error *reterr)
{
	*ret_landlock_abi = les_landlock_abi();
	enum les_kind kind = les_fonts_open(reterr);

	if (kind == LES_OK)
		kind = les_pdf_prepare(reterr);
	if (kind == LES_OK)
		kind = les_confine_files(LES_ROLE_DECODE, reterr);
	if (kind != LES_OK)
		return kind;
	les_files_seal();
	kind = les_pdf_warm_up(reterr);
	return kind == LES_OK ? les_confine_calls(LES_ROLE_DECODE, reterr) : kind;
}

static enum les_kind get_ready(struct server *server, struct les_error *reterr)
{
	uint32_t abi;
	enum les_kind kind = les_decode_confine(&abi, reterr);

	if (kind == LES_OK)
		kind = les_worker_ready(&server->session, server->channel, abi, reterr);
	return kind;
}

/* ---- answering ---- */

static enum les_kind say_fail(struct server *server, const struct les_error *error,
			      struct les_error *reterr)
{
	return les_session_answer_fail(&server->session, server->channel, error, reterr);
}

static enum les_kind send_records(struct server *server, uint16_t type,
				  const struct les_buf *records, struct les_error *reterr)
{
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
	LES_CLEANUP(les_fd_close) int fd = -1;
	struct les_error error;

	if (records->failed) {
		les_fail(&error, LES_LIMIT, "the file holds too much");
		return say_fail(server, &error, reterr);
	}
	if (les_memfd_new(records->bytes, records->len, &fd, &error) != LES_OK)
		return say_fail(server, &error, reterr);
	les_payload_encode(&body, &(struct les_payload){.bytes = records->len});
	return les_session_answer(&server->session, server->channel, type, &body, &fd, reterr);
}

static enum les_kind send_layout(struct server *server, const struct les_page *page,
				 struct les_error *reterr)
{
	LES_CLEANUP(les_buf_done) struct les_buf records = LES_BUF(LES_RECORDS_BYTES_MAX);

	les_records_encode(&records, page);
	return send_records(server, LES_MESSAGE_LAYOUT, &records, reterr);
}

static enum les_kind send_page(struct server *server, const struct les_page_info *info, int fd,
			       struct les_error *reterr)
{
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);

	les_page_info_encode(&body, info);
	return les_session_answer(&server->session, server->channel, LES_MESSAGE_PAGE, &body, &fd,
				  reterr);
}

static enum les_kind answer_layout(struct server *server, struct les_error *reterr)
{
	LES_CLEANUP(les_page_free_p) struct les_page *page = les_page_new();
	struct les_error error;

	if (!page)
		les_fail(&error, LES_NOMEM, "no memory for a layout");
	else if (les_layout_parse(server->input.bytes, server->input.n, page, &error) == LES_OK)
		return send_layout(server, page, reterr);
	return say_fail(server, &error, reterr);
}

/* A foreign model, from input to a sealed memfd that holds the canonical file. */
static enum les_kind convert_model(const struct les_view *input, const char *part, int *ret_fd,
				   size_t *ret_n, struct les_error *reterr)
{
	LES_CLEANUP(les_arena_done) struct les_arena arena = LES_ARENA(LES_WEIGHTS_BYTES_MAX);
	LES_CLEANUP(les_fd_close) int fd = -1;
	struct les_weights weights;
	void *bytes = NULL;
	size_t n = 0;
	enum les_kind kind =
		les_model_file_parse(input->bytes, input->n, part, &arena, &weights, reterr);

	if (kind == LES_OK)
		kind = les_weights_size(&weights, &n, reterr);
	if (kind == LES_OK)
		kind = les_memfd_map_new(n, &bytes, &fd, reterr);
	if (kind != LES_OK)
		return kind;
	les_weights_write(&weights, bytes, n);
	kind = les_memfd_seal(fd, bytes, n, reterr);
	if (kind == LES_OK) {
		*ret_fd = LES_TAKE_FD(fd);
		*ret_n = n;
	}
	return kind;
}

static enum les_kind answer_model(struct server *server, const struct les_open *open,
				  struct les_error *reterr)
{
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
	LES_CLEANUP(les_fd_close) int fd = -1;
	struct les_error error;
	size_t n;

	if (convert_model(&server->input, open->part, &fd, &n, &error) != LES_OK)
		return say_fail(server, &error, reterr);
	les_payload_encode(&body, &(struct les_payload){.bytes = n});
	return les_session_answer(&server->session, server->channel, LES_MESSAGE_WEIGHTS, &body,
				  &fd, reterr);
}

static enum les_kind answer_document(struct server *server, const struct les_open *open,
				     struct les_error *reterr)
{
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
	struct les_error error;

	if (les_decoder_open(server->input.bytes, server->input.n, open, &server->decoder,
			     &error) != LES_OK)
		return say_fail(server, &error, reterr);
	const struct les_document document = les_decoder_document(server->decoder);
	les_document_encode(&body, &document);
	return les_session_answer(&server->session, server->channel, LES_MESSAGE_DOCUMENT, &body,
				  NULL, reterr);
}

static enum les_kind on_open(struct server *server, const struct les_message *message,
			     struct les_error *reterr)
{
	struct les_open open;
	struct les_error error;
	enum les_kind kind = les_open_parse(message, &open, reterr);

	if (kind != LES_OK)
		return kind;
	static const uint64_t caps[] = {[LES_OPEN_DOCUMENT] = LES_FILE_BYTES_MAX,
					[LES_OPEN_LAYOUT] = LES_XML_BYTES_MAX,
					[LES_OPEN_MODEL] = LES_MODEL_FILE_BYTES_MAX};

	if (les_view_open(message->fds[0], caps[open.want], &server->input, &error) != LES_OK)
		return say_fail(server, &error, reterr);
	switch (open.want) {
	case LES_OPEN_LAYOUT:
		return answer_layout(server, reterr);
	case LES_OPEN_MODEL:
		return answer_model(server, &open, reterr);
	default:
		return answer_document(server, &open, reterr);
	}
}

static enum les_kind on_next(struct server *server, const struct les_message *message,
			     struct les_error *reterr)
{
	LES_CLEANUP(les_fd_close) int fd = -1;
	struct les_page_info info;
	struct les_error error;
	uint32_t number;
	enum les_kind kind = les_next_parse(message, &number, reterr);

	if (kind != LES_OK)
		return kind;
	if (les_decoder_page(server->decoder, number, &info, &fd, &error) != LES_OK)
		return say_fail(server, &error, reterr);
	return send_page(server, &info, fd, reterr);
}

/* ---- ground truth ---- */

static enum les_kind on_source(struct server *server, const struct les_message *message,
			       struct les_error *reterr)
{
	LES_CLEANUP(les_entries_done) struct les_entries entries = LES_ENTRIES;
	LES_CLEANUP(les_buf_done) struct les_buf records = LES_BUF(LES_RECORDS_BYTES_MAX);
	struct les_source_open open;
	struct les_error error;
	enum les_kind kind = les_source_open_parse(message, &open, reterr);

	if (kind != LES_OK)
		return kind;
	if (les_ground_begin(&server->ground, &open, message->fds[0], &entries, &error) != LES_OK)
		return say_fail(server, &error, reterr);
	les_entries_encode(&records, &entries);
	return send_records(server, LES_MESSAGE_ENTRIES, &records, reterr);
}

static enum les_kind on_entry(struct server *server, const struct les_message *message,
			      struct les_error *reterr)
{
	LES_CLEANUP(les_page_free_p) struct les_page *page = les_page_new();
	LES_CLEANUP(les_fd_close) int fd = -1;
	struct les_page_info info;
	struct les_entry_ask ask;
	struct les_error error;
	enum les_kind kind = les_entry_ask_parse(message, &ask, reterr);

	if (kind != LES_OK)
		return kind;
	if (!page)
		kind = les_fail(&error, LES_NOMEM, "no memory for a page");
	else if (ask.want == LES_ENTRY_PIXELS)
		kind = les_ground_pixels(&server->ground, &ask, message->fds[0], &info, &fd,
					 &error);
	else
		kind = les_ground_layout(&server->ground, &ask, message->fds[0], page, &error);
	if (kind != LES_OK)
		return say_fail(server, &error, reterr);
	return ask.want == LES_ENTRY_PIXELS ? send_page(server, &info, fd, reterr)
					    : send_layout(server, page, reterr);
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
	case LES_MESSAGE_OPEN:
		return on_open(server, &message, reterr);
	case LES_MESSAGE_NEXT:
		return on_next(server, &message, reterr);
	case LES_MESSAGE_SOURCE:
		return on_source(server, &message, reterr);
	default: /* the table lets nothing else through */
		return on_entry(server, &message, reterr);
	}
}

enum les_kind les_decode_serve(int channel, struct les_error *reterr)
{
	LES_CLEANUP(server_done)
	struct server server = {.channel = channel,
				.session = {LES_ROLE_DECODE, LES_STATE_STARTING}};
	enum les_kind kind = get_ready(&server, reterr);
	bool end = false;

	while (kind == LES_OK && !end)
		kind = step(&server, &end, reterr);
	return kind;
}
