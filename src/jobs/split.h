#ifndef LES_JOBS_SPLIT_H
#define LES_JOBS_SPLIT_H

#include "jobs/survey.h"

/* Which lines are kept apart to choose between models by. Whole images, where there are enough of
 * them: lines of one page have its hand, its ink and its words in common. */
struct les_split {
	uint8_t *documents; /* enum les_use, one for each of the corpus */
	uint32_t every;     /* of the other documents, each so-manieth line is; 0: none */
	uint64_t lines_n;   /* kept apart */
	uint64_t replay_n;  /* of a base, to be learnt again */
};

enum les_use { /* of a document's lines */
	       LES_USE_LEARN,
	       LES_USE_VALIDATE,
	       LES_USE_REPLAY, /* some of them in each epoch, so that the base is not forgotten */
};

enum {
	LES_SPLIT_DOCUMENTS_MIN = 10, /* below, single lines are kept apart */
	LES_SPLIT_LINES_MIN = 60,     /* below, none are: all are needed */
};

/* share        of the lines to learn from, 0 to 1; 1: none is kept apart
 * validate     sources from this one on are for validation; then share does not count
 * replay       sources from this one on are the base's, to be replayed; validate where there are
 *              none for validation, corpus->sources_n where there are none to be replayed
 * seed         chooses; with the names alone, so that the same files stay apart wherever they lie
 * *ret         les_split_done()
 * errors       ARG (nothing is left to learn from, or nothing was found to validate by), NOMEM */
enum les_kind les_split_make(const struct les_survey *survey, float share, uint32_t validate,
			     uint32_t replay, uint64_t seed, struct les_split *ret,
			     struct les_error *reterr);
void les_split_done(struct les_split *split);

/* Of the documents with a weight, sets to 1 in ret so many that their weights reach what is wanted
 * (*ret_weight, from 0), but never the last one: in an order that only their names and the seed
 * decide. weights, ret: one for each document of the corpus. errors: NOMEM. */
enum les_kind les_split_documents(const struct les_corpus *corpus, const uint32_t *weights,
				  uint64_t want, uint64_t seed, uint8_t *ret, uint64_t *ret_weight,
				  struct les_error *reterr);

#endif
