#include "jobs/convert.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <string.h>

static enum les_kind ask(struct les_worker *decoder, int fd, const char *part, int *ret_fd,
			 struct les_error *reterr)
{
	struct les_open open = {.want = LES_OPEN_MODEL,
				.pages_max = 1,
				.page_px_max = LES_PAGE_PX_MAX,
				.render_dpi = LES_RENDER_DPI_DEFAULT};
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
	LES_CLEANUP(les_message_done) struct les_message message = LES_MESSAGE_NONE;
	struct les_payload payload;

	memcpy(open.part, part, strlen(part));
	les_open_encode(&body, &open);
	enum les_kind kind = les_worker_send(decoder, LES_MESSAGE_OPEN, &body, &fd, 1, reterr);
	if (kind == LES_OK)
		kind = les_worker_receive(decoder, les_clock_ms() + LES_PAGE_SECONDS_DEFAULT * 1000,
					  &message, reterr);
	if (kind == LES_OK && message.type != LES_MESSAGE_WEIGHTS)
		kind = les_fail(reterr, LES_PEER,
				"the decoder answered a model with something else");
	if (kind == LES_OK)
		kind = les_payload_parse(&message, &payload, reterr);
	if (kind == LES_OK)
		kind = les_memfd_check(message.fds[0], payload.bytes, reterr);
	if (kind == LES_OK)
		*ret_fd = LES_TAKE_FD(message.fds[0]);
	return kind;
}

enum les_kind les_model_convert(struct les_pool *pool, int fd, const char *part, int *ret_fd,
				struct les_net_file *ret, struct les_error *reterr)
{
	LES_CLEANUP(les_fd_close) int memfd = -1;
	struct les_worker *decoder;

	if (strlen(part) > LES_PART_BYTES_MAX)
		return les_fail(reterr, LES_ARG, "there is no model called \"%.80s\" in it", part);
	enum les_kind kind =
		les_pool_take_decoder(pool, les_clock_ms() + LES_WORKER_START_MS, &decoder, reterr);
	if (kind != LES_OK)
		return kind;
	kind = ask(decoder, fd, part, &memfd, reterr);
	les_worker_end(decoder, kind == LES_PEER ? reterr : NULL);
	if (kind == LES_OK)
		kind = les_net_file_open(memfd, true, ret, reterr);
	if (kind == LES_OK)
		*ret_fd = LES_TAKE_FD(memfd);
	return kind;
}
