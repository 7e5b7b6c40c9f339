#ifndef LES_JOBS_POOL_H
#define LES_JOBS_POOL_H

#include "base/error.h"
#include "confine/worker.h"
#include "types/limits.h"

#include <stdbool.h>
#include <stdint.h>

/* The workers of one lesart process. A thread of the pool starts them (a worker dies with the
 * thread that started it, so that thread lives as long as the pool) and keeps spare ones at READY,
 * so that their start is not felt. Thread-safe. */
struct les_pool;

/* How many workers of a role there are. */
struct les_pool_stock {
	uint32_t spare; /* decoders: kept at READY; recognisers: kept alive, at work or at READY */
	uint32_t max;   /* recognisers alive at once; 0: the role is never asked for */
};

struct les_pool_config {
	const char *binary_dir; /* where the workers' binaries lie; borrowed */
	struct les_pool_stock stock[LES_ROLE_N];
	uint32_t threads;              /* that share a page in a lesart-read */
	uint32_t recogniser_documents; /* a recogniser is replaced after so many documents */
	bool allow_weak_sandbox;
};

/* What the pool knows of itself, for /health and lesart doctor. */
struct les_pool_status {
	struct {
		uint32_t ready_n, busy_n;
		uint32_t started_n;     /* since the beginning */
		struct les_ready ready; /* what confines the latest; zeros before it */
	} of[LES_ROLE_N];
	struct les_error error; /* the latest failure to start one; LES_OK if none since */
};

/* *ret is heap; les_pool_free() ends all workers. errors: ARG, IO, NOMEM. */
enum les_kind les_pool_new(const struct les_pool_config *config, struct les_pool **ret,
			   struct les_error *reterr);
void les_pool_free(struct les_pool *pool);

/* A decoder at READY, for one document; give it to les_worker_end(). Waits for the pool's thread
 * until deadline_ms. errors: DEADLINE; what kept the worker from starting. */
enum les_kind les_pool_take_decoder(struct les_pool *pool, int64_t deadline_ms,
				    struct les_worker **ret, struct les_error *reterr);

/* A recogniser with what it has loaded so far. */
struct les_recogniser {
	struct les_worker *worker;
	uint32_t documents_n;
	enum les_role role;
	uint32_t
		models_n; /* at most LES_JOB_MODELS_MAX when it is taken: a job's own fit besides */
	char models[LES_RECOGNISER_MODELS_MAX][LES_MODEL_NAME_BYTES_MAX + 1]; /* their ids */
};

/* A recogniser of a role at READY. With deadline_ms 0 it gives BUSY at once where none is free.
 * Hand it back with les_pool_give_recogniser(); fit false (it died, was cancelled in the middle, or
 * broke the protocol) ends it and lets another take its place. errors as above. */
enum les_kind les_pool_take_recogniser(struct les_pool *pool, enum les_role role,
				       int64_t deadline_ms, struct les_recogniser **ret,
				       struct les_error *reterr);
void les_pool_give_recogniser(struct les_pool *pool, struct les_recogniser *recogniser, bool fit);

/* Whether somebody waits for a recogniser of that role: a job that holds several should let one go.
 */
bool les_pool_is_wanted(struct les_pool *pool, enum les_role role);

void les_pool_status(struct les_pool *pool, struct les_pool_status *ret);

/* The folder of the workers: that of this executable if they lie beside it (a build tree), else
 * ../libexec/lesart from it. *ret is heap. errors: NOTFOUND, IO. */
enum les_kind les_binary_dir_find(char **ret, struct les_error *reterr);

#endif
