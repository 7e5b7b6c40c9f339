#ifndef LES_JOBS_TURNS_H
#define LES_JOBS_TURNS_H

#include "base/buf.h"
#include "base/error.h"
#include "ipc/memfd.h"
#include "jobs/corpus.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A corpus's documents worked on in threads, whichever comes next, and their results taken in
 * turn: in the order of the corpus, whatever the threads. */

/* One thread's hands. */
struct les_hand {
	struct les_feed feed;
	struct les_recogniser *trainer; /* NULL until it is needed, and after a crash */
};

struct les_turns {
	struct les_pool *pool;
	struct les_corpus *corpus;
	uint32_t threads;
	void (*progress)(void *context, uint32_t done_n, uint32_t all_n); /* or NULL; any thread,
									     one at a time */
	void *progress_context;
	int cancel_fd; /* readable when the work is to end; -1: never */

	void *context; /* of what follows */
	size_t job_bytes;
	/* Works on document i; job is zeroed. An error is the document's; *ret_fatal makes it
	 * everybody's. Any thread, many at a time. */
	enum les_kind (*work)(void *context, struct les_hand *hand, uint32_t i, void *job,
			      bool *ret_fatal, struct les_error *reterr);
	/* Takes what became of it: error is LES_OK, or why nothing did. An error of its own ends
	 * everything. In turn. */
	enum les_kind (*take)(void *context, uint32_t i, void *job, const struct les_error *error,
			      struct les_error *reterr);
	void (*job_done)(void *job); /* or NULL */
};

/* errors: CANCELLED, NOMEM, those of take() and the fatal ones of work(). */
enum les_kind les_turns_run(const struct les_turns *turns, struct les_error *reterr);

/* A lesart-train for this thread, unless it has one. errors: what keeps workers from starting. */
enum les_kind les_hand_find_trainer(struct les_hand *hand, struct les_error *reterr);

/* One message to it, and the bytes of its PREPARED, mapped: les_view_close(). A trainer that broke
 * is given back. errors: its own, PEER, DEADLINE. */
enum les_kind les_hand_prepare(struct les_hand *hand, uint16_t type, const struct les_buf *body,
			       const int *fds, uint32_t fds_n, struct les_view *ret,
			       struct les_error *reterr);

/* Its bytes made no sense: it is given back. */
void les_hand_drop_trainer(struct les_hand *hand);

#endif
