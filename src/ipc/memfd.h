#ifndef LES_IPC_MEMFD_H
#define LES_IPC_MEMFD_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/* Results go up only as sealed memfds: sealing protects the more trusted side from a writer that
 * changes or shrinks what is being read. */

/* A new memfd that holds n bytes, sealed against writing, growing and shrinking. *ret_fd is the
 * caller's. errors: IO, NOMEM; LIMIT where RLIMIT_FSIZE is below n. */
enum les_kind les_memfd_new(const void *bytes, size_t n, int *ret_fd, struct les_error *reterr);

/* For a large output written in place: a memfd of n bytes mapped read-write. Fill *ret_bytes, then
 * les_memfd_seal(), which unmaps (sealing a mapped memfd is EBUSY) and seals. */
enum les_kind les_memfd_map_new(size_t n, void **ret_bytes, int *ret_fd, struct les_error *reterr);
enum les_kind les_memfd_seal(int fd, void *bytes, size_t n, struct les_error *reterr);

/* A read-only view of an fd's content. */
struct les_view {
	const uint8_t *bytes; /* NULL where n is 0 */
	size_t n;
};

/* Checks what a worker sent: sealed (a superset of the three seals), and its size, as the kernel
 * tells it, exactly n. errors: PEER. */
enum les_kind les_memfd_check(int fd, uint64_t n, struct les_error *reterr);

/* Maps what a worker sent, once it is sealed (a superset of the three seals) and its size, as the
 * kernel tells it, is exactly n. fd stays the caller's. errors: PEER where seals or size are wrong;
 * NOMEM. */
enum les_kind les_view_open_sealed(int fd, uint64_t n, struct les_view *ret,
				   struct les_error *reterr);

/* Maps a whole regular file or memfd of at most cap bytes that came from a more trusted side.
 * errors: LIMIT, IO, NOMEM; FORMAT where it is empty. */
enum les_kind les_view_open(int fd, uint64_t cap, struct les_view *ret, struct les_error *reterr);

void les_view_close(struct les_view *view);

#endif
