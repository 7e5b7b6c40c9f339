#include "tests/confine/hostile/hostile.h"

#include "base/cursor.h"
#include "base/version.h"
#include "confine/confine.h"
#include "confine/files.h"
#include "tests/confine/acts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

void send_raw(uint16_t type, const struct les_buf *body, int fd)
{
	les_channel_send(LES_CHANNEL_FD, type, body, &fd, fd >= 0 ? 1 : 0, NULL);
}

void send_bytes(const void *bytes, size_t n, const int *fds, uint32_t fds_n)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(8 * sizeof(int))];
	} control = {.bytes = {0}};
	struct iovec iov = {(void *)(uintptr_t)bytes, n};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (fds_n) {
		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(fds_n * sizeof(int));
		struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(fds_n * sizeof(int));
		memcpy(CMSG_DATA(c), fds, fds_n * sizeof(int));
	}
	if (sendmsg(LES_CHANNEL_FD, &msg, MSG_NOSIGNAL) < 0)
		exit(3);
}

int memfd_with(size_t n, int seals)
{
	int fd = memfd_create("hostile", MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, (off_t)n) != 0 || fcntl(fd, F_ADD_SEALS, seals) != 0)
		exit(4);
	return fd;
}

void fall_silent(void)
{
	char byte;

	while (read(LES_CHANNEL_FD, &byte, 1) > 0)
		;
	exit(0);
}

void burn(void)
{
	for (volatile unsigned i = 0;; i++)
		;
}

static void try_act(const struct les_message *message)
{
	struct les_rd r = les_rd(message->body, message->body_bytes);
	struct les_buf answer = LES_BUF(64);
	size_t n;
	const char *name = les_rd_str(&r, 100, &n);

	for (size_t i = 0; name && i < acts_n; i++) {
		if (strlen(acts[i].name) != n || memcmp(acts[i].name, name, n) != 0)
			continue;
		errno = 0;
		long rc = acts[i].run();
		les_buf_i32(&answer, rc == -1 ? errno : 0);
		send_raw(ACT_MESSAGE, &answer, -1);
		les_buf_done(&answer);
		return;
	}
	exit(5);
}

static enum les_kind get_ready(struct les_error *reterr)
{
	struct les_session session = {HOSTILE_ROLE, LES_STATE_STARTING};
	uint32_t abi;
	enum les_kind kind = hostile_confine(&abi, reterr);

#ifdef HOSTILE_STRANGER
	struct les_ready ready = {abi, LES_CONFINED_SECCOMP | LES_CONFINED_LANDLOCK,
				  "another\x1b[2J build"};
	struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);

	les_ready_encode(&body, &ready);
	send_raw(LES_MESSAGE_READY, &body, -1);
	return kind;
#endif
	return kind == LES_OK ? les_worker_ready(&session, LES_CHANNEL_FD, abi, reterr) : kind;
}

int main(void)
{
	struct les_error error;

	if (get_ready(&error) != LES_OK)
		return 1;
	for (;;) {
		LES_CLEANUP(les_message_done) struct les_message message = LES_MESSAGE_NONE;

		if (les_channel_receive(LES_CHANNEL_FD, -1, &message, NULL) != LES_OK)
			return 0;
		if (message.type == ACT_MESSAGE)
			try_act(&message);
		else
			hostile_hear(&message);
	}
}
