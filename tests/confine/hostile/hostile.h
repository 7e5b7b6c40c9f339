#ifndef LES_TESTS_CONFINE_HOSTILE_H
#define LES_TESTS_CONFINE_HOSTILE_H

#include "base/buf.h"
#include "base/cleanup.h"
#include "ipc/channel.h"
#include "ipc/memfd.h"
#include "ipc/message.h"

#include <stdint.h>

/* A worker that confines itself exactly as the release's and then does what it is told. As a
 * decoder it is told by the document's bytes, as a recogniser by the name of the first model; both
 * are a scenario's name. */

/* Answers one message of lesart. Called confined. */
void hostile_hear(struct les_message *message);

/* Confines this process as its role does. */
enum les_kind hostile_confine(uint32_t *ret_landlock_abi, struct les_error *reterr);

/* Sends what no session would allow. */
void send_raw(uint16_t type, const struct les_buf *body, int fd);

/* A datagram without even a header of ours. */
void send_bytes(const void *bytes, size_t n, const int *fds, uint32_t fds_n);

/* A memfd of n zeros with these seals. */
int memfd_with(size_t n, int seals);

void fall_silent(void);
void burn(void);

enum { ALL_SEALS = 0x2 | 0x4 | 0x8 };

#endif
