#include "ipc/channel.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/cursor.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAGIC = 0x4c53454c, VERSION = 1 }; /* "LESL" */

enum les_kind les_channel_pair(int ret_fds[2], struct les_error *reterr)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_fds) != 0)
		return les_fail_errno(reterr, "cannot make a channel");
	return LES_OK;
}

/* Room for the fds of one message and one more, so that a surplus is seen instead of lost. */
union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE((LES_MESSAGE_FDS_MAX + 1) * sizeof(int))];
};

static void attach_fds(struct msghdr *msg, union control *control, const int *fds, uint32_t fds_n)
{
	if (fds_n == 0)
		return;
	memset(control, 0, sizeof *control);
	msg->msg_control = control->bytes;
	msg->msg_controllen = CMSG_SPACE(fds_n * sizeof(int));
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(fds_n * sizeof(int));
	memcpy(CMSG_DATA(c), fds, fds_n * sizeof(int));
}

enum les_kind les_channel_send(int channel, uint16_t type, const struct les_buf *body,
			       const int *fds, uint32_t fds_n, struct les_error *reterr)
{
	LES_CLEANUP(les_buf_done)
	struct les_buf datagram = LES_BUF(LES_HEADER_BYTES + LES_BODY_BYTES_MAX);
	union control control;
	struct iovec iov;
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	size_t body_bytes = body ? body->len : 0;

	if ((body && body->failed) || body_bytes > LES_BODY_BYTES_MAX ||
	    fds_n > LES_MESSAGE_FDS_MAX)
		return les_fail(reterr, LES_LIMIT, "message %u is too large to send",
				(unsigned)type);
	les_buf_u32(&datagram, MAGIC);
	les_buf_u16(&datagram, VERSION);
	les_buf_u16(&datagram, type);
	les_buf_u32(&datagram, (uint32_t)body_bytes);
	if (body_bytes)
		les_buf_put(&datagram, body->bytes, body_bytes);
	if (datagram.failed)
		return les_fail(reterr, LES_NOMEM, "no memory for a message");
	iov = (struct iovec){datagram.bytes, datagram.len};
	attach_fds(&msg, &control, fds, fds_n);
	while (sendmsg(channel, &msg, MSG_NOSIGNAL) < 0) {
		if (errno == EINTR)
			continue;
		if (errno == EPIPE || errno == ECONNRESET)
			return les_fail(reterr, LES_PEER, "the other process is gone");
		return les_fail_errno(reterr, "cannot send a message");
	}
	return LES_OK;
}

/* Moves all fds of the control data into the message; false where something is amiss. */
static bool collect_fds(struct msghdr *msg, struct les_message *ret)
{
	bool ok = true;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) {
			ok = false;
			continue;
		}
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;
			memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
			if (ret->fds_n < LES_MESSAGE_FDS_MAX) {
				ret->fds[ret->fds_n++] = fd;
			} else {
				close(fd);
				ok = false;
			}
		}
	}
	return ok;
}

static enum les_kind wait_readable(int channel, int64_t deadline_ms, struct les_error *reterr)
{
	struct pollfd p = {.fd = channel, .events = POLLIN};

	while (deadline_ms >= 0) {
		int n = poll(&p, 1, les_clock_left_ms(deadline_ms));
		if (n > 0)
			break;
		if (n == 0)
			return les_fail(reterr, LES_DEADLINE, "no answer from a worker in time");
		if (errno != EINTR)
			return les_fail_errno(reterr, "cannot wait for a message");
	}
	return LES_OK; /* without a deadline recvmsg() itself waits: workers have no poll() */
}

enum les_kind les_message_parse(const uint8_t *bytes, size_t n, struct les_message *ret,
				struct les_error *reterr)
{
	struct les_rd r = les_rd(bytes, n);
	uint32_t magic = les_rd_u32(&r);
	uint16_t version = les_rd_u16(&r);
	uint16_t type = les_rd_u16(&r);
	uint32_t body_bytes = les_rd_u32(&r);
	const uint8_t *body = les_rd_take(&r, body_bytes);

	if (!les_rd_done(&r) || magic != MAGIC || version != VERSION ||
	    body_bytes > LES_BODY_BYTES_MAX)
		return les_fail(reterr, LES_PEER, "a message breaks the protocol");
	ret->type = type;
	ret->body_bytes = (uint16_t)body_bytes;
	memcpy(ret->body, body, body_bytes);
	return LES_OK;
}

/* By looking, not by poll(), which workers do not have. */
bool les_channel_waiting(int channel)
{
	uint8_t byte;
	struct iovec iov = {&byte, 1};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	return recvmsg(channel, &msg, MSG_PEEK | MSG_DONTWAIT) >= 0 ||
	       (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

enum les_kind les_channel_receive(int channel, int64_t deadline_ms, struct les_message *ret,
				  struct les_error *reterr)
{
	uint8_t datagram[LES_HEADER_BYTES + LES_BODY_BYTES_MAX + 1];
	union control control;
	struct iovec iov = {datagram, sizeof datagram};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control.bytes,
			     .msg_controllen = sizeof control.bytes};
	ssize_t n;

	ret->type = 0;
	ret->body_bytes = 0;
	ret->fds_n = 0;
	for (uint32_t i = 0; i < LES_MESSAGE_FDS_MAX; i++)
		ret->fds[i] = -1;
	enum les_kind kind = wait_readable(channel, deadline_ms, reterr);
	if (kind != LES_OK)
		return kind;
	do
		n = recvmsg(channel, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == ECONNRESET)
		return les_fail(reterr, LES_PEER, "the other process is gone");
	if (n < 0)
		return les_fail_errno(reterr, "cannot receive a message");
	bool ok = collect_fds(&msg, ret);
	if (n == 0)
		return les_fail(reterr, LES_PEER, "the other process is gone");
	if (!ok || (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		return les_fail(reterr, LES_PEER, "a message breaks the protocol");
	return les_message_parse(datagram, (size_t)n, ret, reterr);
}

void les_message_done(struct les_message *message)
{
	for (uint32_t i = 0; i < LES_MESSAGE_FDS_MAX; i++)
		les_fd_close(&message->fds[i]);
	message->fds_n = 0;
}
