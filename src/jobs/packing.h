#ifndef LES_JOBS_PACKING_H
#define LES_JOBS_PACKING_H

#include "base/error.h"
#include "jobs/split.h"
#include "jobs/survey.h"
#include "train/pack.h"

#include <stdbool.h>
#include <stdint.h>

/* Decodes what a survey found good, has its lines cut out in lesart-train, and packs them. */
struct les_packing_request {
	enum les_line_cut cut;
	uint32_t h_px;                 /* lines are kept at, at most */
	const char *folder;            /* for the cache; NULL: nothing is kept, only tried */
	const struct les_split *split; /* what is kept apart, or NULL */
	uint32_t threads;
	void (*progress)(void *context, uint32_t done_n, uint32_t all_n); /* or NULL; any thread,
									     one at a time */
	void *context;
	int cancel_fd; /* readable when the work is to end; -1: never */
};

struct les_packed {
	int fd; /* the cache, read-only; -1 where nothing was kept */
	uint32_t lines_n, validation_n, replay_n;
	uint64_t bytes;
};

/* Lines stand in the pack in the order of the survey, whatever the threads. What fails is marked in
 * the survey (a document's error, a line's verdict) and left out; its counts are brought up to
 * date. *ret: les_packed_done(). errors: IO (a full disk), LIMIT, NOMEM, CANCELLED; what keeps
 * workers from starting. */
enum les_kind les_packing_run(struct les_pool *pool, struct les_corpus *corpus,
			      struct les_survey *survey, const struct les_packing_request *request,
			      struct les_packed *ret, struct les_error *reterr);
void les_packed_done(struct les_packed *packed);

/* What the cache may take on disk at most, in bytes: from the sizes of the lines in the survey. */
uint64_t les_packing_estimate(const struct les_survey *survey, uint32_t h_px);

#endif
