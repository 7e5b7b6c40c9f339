#ifndef LES_IPC_CHANNEL_H
#define LES_IPC_CHANNEL_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A channel is one end of a SOCK_SEQPACKET socket pair: one recvmsg() is one message with its own
 * fds. A message is a header of LES_HEADER_BYTES (magic, version, type, body length: little-endian)
 * and a body. A datagram of no bytes, a truncated one, or more fds than LES_MESSAGE_FDS_MAX is a
 * protocol error, not the end of file. */
enum {
	LES_CHANNEL_FD = 3, /* where every worker finds its end */
	LES_HEADER_BYTES = 12,
	LES_BODY_BYTES_MAX = 16384, /* larger things are memfds */
	LES_MESSAGE_FDS_MAX = 2,
};

struct les_message {
	uint16_t type; /* enum les_message_type, unchecked until les_message_check() */
	uint16_t body_bytes;
	uint32_t fds_n;
	int fds[LES_MESSAGE_FDS_MAX]; /* owned by the message; take with LES_TAKE_FD */
	uint8_t body[LES_BODY_BYTES_MAX];
};

/* An empty message, for LES_CLEANUP(les_message_done) locals. */
#define LES_MESSAGE_NONE ((struct les_message){.fds = {-1, -1}})

/* A connected pair, both ends close-on-exec. */
enum les_kind les_channel_pair(int ret_fds[2], struct les_error *reterr);

/* Sends one message; fds are borrowed. errors: PEER where the other side is gone, IO, LIMIT. */
enum les_kind les_channel_send(int channel, uint16_t type, const struct les_buf *body,
			       const int *fds, uint32_t fds_n, struct les_error *reterr);

/* Waits until deadline_ms (les_clock_ms(); -1: for ever) for one message. *ret must be given to
 * les_message_done() on every path, and is initialised on every path. errors: PEER where the other
 * side is gone or broke the framing; DEADLINE; IO. */
enum les_kind les_channel_receive(int channel, int64_t deadline_ms, struct les_message *ret,
				  struct les_error *reterr);

/* Whether a message is there, or the other side is gone: les_channel_receive() would not wait. */
bool les_channel_waiting(int channel);

/* Parses a datagram's bytes into type and body. Separate from the socket for the fuzzer. */
enum les_kind les_message_parse(const uint8_t *bytes, size_t n, struct les_message *ret,
				struct les_error *reterr);

/* Closes the fds nobody took. */
void les_message_done(struct les_message *message);

#endif
