#ifndef LES_HTTP_SERVER_H
#define LES_HTTP_SERVER_H

#include "base/error.h"
#include "http/slots.h"
#include "jobs/pool.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* The HTTP side of lesart serve: libmicrohttpd with a thread a connection, so that a handler may
 * wait. What a client may do is bounded: connections, bytes, documents in the queue, seconds of
 * silence. */

enum {
	LES_HTTP_CONNECTIONS_MAX = 128,
	LES_HTTP_STACK_BYTES = 512 * 1024,
	LES_HTTP_IDLE_SECONDS = 30, /* of a client that neither sends nor takes */
	LES_HTTP_FIELD_BYTES_MAX = 4096,
	LES_HTTP_RETRY_SECONDS = 5, /* Retry-After of a 429 */
	LES_HTTP_ANSWER_BYTES_MAX = 512 << 20,
	LES_HTTP_EVENTS_BYTES_MAX = 64 << 20, /* events nobody has taken yet, of one stream */
};

struct les_server_config {
	struct les_pool *pool;
	int listen_fd;
	uint64_t file_bytes_max, page_px_max;
	uint64_t room_bytes_max; /* of all documents that are here at once, at least file_bytes_max
				  */
	uint32_t pages_max, page_seconds;
	uint32_t running_max, waiting_max; /* documents */
	uint32_t threads;                  /* recognisers a document may have */
	const char *const *tessdata;
	const char *spool_dir; /* uploads go to unlinked files here; NULL: to memory */
	const char *state_dir; /* NULL: none was given */
	const struct les_registry *registry;
	const char *models_dir; /* what is imported and trained; NULL: none was given */
	bool allow_weak_sandbox;
};

struct les_server {
	struct les_server_config config;
	struct les_slots slots;
	int ending_fd;          /* eventfd: readable once running work is to be cancelled */
	atomic_uint requests_n; /* being answered */
	double since_s;
};

struct MHD_Daemon;

/* Starts to listen. *ret is heap; les_server_stop(). errors: IO, NOMEM. */
enum les_kind les_server_start(const struct les_server_config *config, struct les_server **ret,
			       struct MHD_Daemon **ret_daemon, struct les_error *reterr);

/* Takes no more work, lets what runs finish for at most drain_ms, cancels the rest, ends. */
void les_server_stop(struct les_server *server, struct MHD_Daemon *daemon, int drain_ms);

/* A listening socket: "127.0.0.1:8000", "[::1]:8000", "0.0.0.0:8000" or "unix:PATH". A stale unix
 * socket is replaced. errors: ARG, IO. */
enum les_kind les_listen(const char *address, int *ret_fd, struct les_error *reterr);

#endif
