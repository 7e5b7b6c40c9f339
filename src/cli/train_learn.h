#ifndef LES_CLI_TRAIN_LEARN_H
#define LES_CLI_TRAIN_LEARN_H

#include "cli/train_run.h"
#include "jobs/corpus.h"
#include "models/net.h"
#include "models/registry.h"
#include "train/alphabet.h"

/* What the trainings of recognisers and of line finders have in common: a base, a place for what is
 * decoded, the training itself, and its model with a card. */

/* Opens the ground truth, and behind it what is only for validation, then what is to be
 * replayed.
 * errors: as les_corpus_open() */
enum les_kind les_train_open(const struct les_train_arguments *a, struct les_pool *pool,
			     struct les_corpus *ret, struct les_error *reterr);

/* What counts documents on a terminal; its context is what is being done. NULL where there is
 * none. */
typedef void les_train_counter(void *context, uint32_t done_n, uint32_t all_n);
les_train_counter *les_train_progress(void);

/* The base by its name or file, canonical; nothing is done where there is none. *ret_fd is the
 * caller's. errors name it: NOTFOUND, ARG (another kind of net), what reading it says. */
enum les_kind les_train_base(const struct les_train_arguments *a, struct les_pool *pool,
			     const struct les_registry *registry, int *ret_fd,
			     struct les_net_file *ret, struct les_error *reterr);

/* Adds a model's letters: those of its codes that are one character. errors: LIMIT, NOMEM */
enum les_kind les_train_letters(const struct les_weights *weights, struct les_alphabet *ret,
				struct les_error *reterr);

/* A net's height out of "[1,120,0,1 …"; 0 where there is none. */
uint32_t les_train_height(const char *spec);

/* Where decoded images go; lent. */
const char *les_train_cache(const struct les_train_arguments *a);

/* Says what they take there, and refuses what cannot fit. errors: IO, LIMIT */
enum les_kind les_train_check_cache(const struct les_train_arguments *a, uint64_t bytes,
				    struct les_error *reterr);

/* What there is to learn from: lines or pages. */
struct les_train_material {
	int pack_fd;           /* borrowed */
	enum les_line_cut cut; /* of lines */
	uint64_t pack_bytes;
	uint64_t learnt_n, kept_n; /* kept: to validate by */
};

/* Trains, and writes model, card and curve, and the registry's entry where one is asked for.
 * errors: as les_training_run(); what was best before it stays. */
enum les_kind les_train_learn(const struct les_train_arguments *a, const char *binary_dir,
			      const struct les_registry *registry, int base_fd, int cancel_fd,
			      const struct les_train_material *material, struct les_error *reterr);

#endif
