#ifndef LES_TRAIN_LEARNER_H
#define LES_TRAIN_LEARNER_H

#include "base/cleanup.h"
#include "base/error.h"
#include "train/crew.h"
#include "train/params.h"
#include "train/replica.h"

#include <stdbool.h>
#include <stdint.h>

/* A net in training: weights, AdamW's moments, and a replica for each of a fixed number of threads,
 * between which the lines (or pages: what is said of lines holds of them, too) of a step are dealt.
 * Same seed, same lines, same number of threads: same weights, to the bit. */
struct les_learner_options {
	enum les_type type;
	uint32_t threads;
	uint32_t lines;  /* of a step at most */
	uint32_t w_max;  /* of any line, as it reaches the net */
	uint64_t px_max; /* lines · width in one thread at a time */
	float clip;      /* the gradient's norm at most */
	float decay;     /* AdamW's */
};

struct les_learner;

/* graph, params and crew are borrowed and must outlive it; params change with each step. errors:
 * LIMIT where the threads together need more than LES_TRAIN_ADDRESS_BYTES; those of
 * les_replica_new(). */
enum les_kind les_learner_new(const struct les_graph *graph, struct les_params *params,
			      const struct les_learner_options *options, struct les_crew *crew,
			      struct les_learner **ret, struct les_error *reterr);
void les_learner_free(struct les_learner *learner);
LES_DEFINE_CLEANUP(struct les_learner, les_learner_free)

/* Makes a line ready: fills image f32 [h][ret->w][c] (room for h · w_max · c) and *ret, which it
 * lends until the step is over. Called in any of the threads, for many lines at once; what it gives
 * may depend on `line` alone. */
typedef void les_line_maker(void *context, uint32_t line, float *image, struct les_sample *ret);

struct les_lines {
	les_line_maker *make;
	void *context;
	const uint32_t *lines; /* [n]: what make is called with; like widths beside each other */
	uint32_t n;            /* a step: at most options.lines */
};

struct les_step {
	float rate;
	uint64_t seed;      /* of dropout */
	const float *rates; /* [tensors_n] factors for the rate, 0 freezes; NULL: all 1 */
};

struct les_stepped {
	double loss;           /* sum over the lines */
	double norm;           /* of the gradient, before clipping */
	uint32_t infeasible_n; /* lines whose text cannot fit */
	bool diverged;         /* loss or norm is no number: the weights were left alone */
};

/* One step of AdamW on the sum of the lines' losses. */
enum les_kind les_learner_step(struct les_learner *learner, const struct les_lines *lines,
			       const struct les_step *step, struct les_stepped *ret,
			       struct les_error *reterr);

/* Reads any number of lines without dropout; read() is called for each, in any thread, one at a
 * time. The reading is lent until it returns. */
typedef void les_line_reader(void *context, uint32_t line, const struct les_sample *sample,
			     const struct les_reading *reading);
enum les_kind les_learner_read(struct les_learner *learner, const struct les_lines *lines,
			       les_line_reader *read, double *ret_loss, struct les_error *reterr);

/* Optimiser's state, for checkpoints: moments f32 [2 · params->values_n], lent, and steps so far.
 */
struct les_learner_state {
	float *moments;
	uint64_t *steps;
};
struct les_learner_state les_learner_state(struct les_learner *learner);

/* The params were changed from outside. */
void les_learner_renew(struct les_learner *learner);

/* Bytes of memory that all threads together take, and the moments; where the time went. */
size_t les_learner_bytes(const struct les_learner *learner);
struct les_replica_times les_learner_times(const struct les_learner *learner);

#endif
