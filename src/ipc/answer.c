#include "ipc/message.h"

#include "base/cleanup.h"
#include "ipc/memfd.h"

enum les_kind les_session_answer(struct les_session *session, int channel, uint16_t type,
				 const struct les_buf *body, const int *fd,
				 struct les_error *reterr)
{
	return les_session_send(session, session->role, channel, type, body, fd, fd ? 1 : 0,
				reterr);
}

enum les_kind les_session_answer_bytes(struct les_session *session, int channel, uint16_t type,
				       enum les_picture picture, const void *bytes, size_t n,
				       struct les_error *reterr)
{
	const struct les_payload payload = {.bytes = n, .picture = picture};
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
	LES_CLEANUP(les_fd_close) int fd = -1;
	enum les_kind kind = les_memfd_new(bytes, n, &fd, reterr);

	if (kind != LES_OK)
		return kind;
	les_payload_encode(&body, &payload);
	return les_session_answer(session, channel, type, &body, &fd, reterr);
}

enum les_kind les_session_answer_fail(struct les_session *session, int channel,
				      const struct les_error *error, struct les_error *reterr)
{
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);

	les_fail_encode(&body, error);
	return les_session_answer(session, channel, LES_MESSAGE_FAIL, &body, NULL, reterr);
}
