/* A decoder that does as its document says, so that tests can have a slow, a broken and a hanging
 * one at will. The document is one letter for its opening and one for each page:
 *   o  goes well             f  a failure told in good order
 *   c  crash                 h  silence
 * other letters go well and are left to the recogniser, which finds them as the page's one pixel.
 */
#include "base/cleanup.h"
#include "confine/confine.h"
#include "ipc/memfd.h"

#include <stdlib.h>
#include <unistd.h>

static struct les_session session = {LES_ROLE_DECODE, LES_STATE_STARTING};
static struct les_view input;

static enum les_kind say(uint16_t type, const struct les_buf *body, const int *fd)
{
	struct les_error error;

	return les_session_send(&session, LES_ROLE_DECODE, LES_CHANNEL_FD, type, body, fd,
				fd ? 1 : 0, &error);
}

/* True where the letter leaves something to say. */
static bool act(uint8_t letter)
{
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
	struct les_error error;

	if (letter == 'c')
		abort();
	while (letter == 'h')
		pause();
	if (letter != 'f')
		return true;
	les_fail(&error, LES_FORMAT, "as the document says");
	les_fail_encode(&body, &error);
	say(LES_MESSAGE_FAIL, &body, NULL);
	return false;
}

static enum les_kind on_open(const struct les_message *message)
{
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
	struct les_error error;

	if (les_view_open(message->fds[0], 4096, &input, &error) != LES_OK)
		return error.kind;
	if (!act(input.bytes[0]))
		return LES_OK;
	const struct les_document document = {(uint32_t)input.n - 1, LES_DOCUMENT_PDF};
	les_document_encode(&body, &document);
	return say(LES_MESSAGE_DOCUMENT, &body, NULL);
}

static enum les_kind on_next(const struct les_message *message)
{
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
	LES_CLEANUP(les_fd_close) int fd = -1;
	struct les_error error;
	uint32_t number;

	if (les_next_parse(message, &number, &error) != LES_OK)
		return error.kind;
	const uint8_t *letter = &input.bytes[number];
	if (!act(*letter))
		return LES_OK;
	const struct les_page_info info = {.number = number,
					   .w_px = 1,
					   .h_px = 1,
					   .stride_bytes = 1,
					   .channels = 1,
					   .source = LES_SOURCE_IMAGE,
					   .stored_w_px = 1,
					   .stored_h_px = 1,
					   .to_stored = {1, 0, 0, 0, 1, 0}};
	if (les_memfd_new(letter, 1, &fd, &error) != LES_OK)
		return error.kind;
	les_page_info_encode(&body, &info);
	return say(LES_MESSAGE_PAGE, &body, &fd);
}

int main(void)
{
	struct les_error error;
	enum les_kind kind = les_worker_ready(&session, LES_CHANNEL_FD, 0, &error);

	while (kind == LES_OK) {
		LES_CLEANUP(les_message_done) struct les_message message = LES_MESSAGE_NONE;
		if (les_session_receive(&session, LES_ROLE_MAIN, LES_CHANNEL_FD, -1, &message,
					&error) != LES_OK)
			return 0;
		kind = message.type == LES_MESSAGE_OPEN ? on_open(&message) : on_next(&message);
	}
	return 1;
}
