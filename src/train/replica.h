#ifndef LES_TRAIN_REPLICA_H
#define LES_TRAIN_REPLICA_H

#include "base/cleanup.h"
#include "base/error.h"
#include "nn/dnnl.h"
#include "nn/vgsl.h"
#include "train/params.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One thread's part of a training: forward and back through the net for a few lines at a time (or
 * pages, which are but high lines, of a net that finds lines), with gradients of its own. Weights
 * are read from the params, which nobody may change meanwhile. All memory for activations is taken
 * once, for the widest lines; primitives are made once for each width, which is rounded up to a
 * multiple of LES_REPLICA_WIDTH_STEP. Lines in one run may have any widths: each gets what it would
 * get alone. */
enum { LES_REPLICA_WIDTH_STEP = 64 };

struct les_replica_options {
	enum les_type type; /* of convolutions and what is between; LSTMs and the last layer are f32
			       in any case */
	uint32_t lines;     /* at a time at most */
	uint32_t w_max;     /* of any line */
	uint64_t px_max;    /* lines · width at a time at most; one line always goes */
	bool shared_edge; /* as kraken trains batches: beyond a line's end, up to the widest line's,
			     convolutions see what those before them left there. For comparing. */
	uint64_t bytes_max; /* of memory; 0: no limit */
};

struct les_replica;

/* graph and params are borrowed and must outlive it. LIMIT beyond bytes_max; UNSUPPORTED where the
 * net is not a series of layers that we can train, or ends neither in an O1 layer (a recogniser)
 * nor in an O2 layer (a line finder). To be made, used and freed in one thread, whose thread count
 * counts. */
enum les_kind les_replica_new(const struct les_graph *graph, const struct les_params *params,
			      const struct les_replica_options *options, struct les_replica **ret,
			      struct les_error *reterr);
void les_replica_free(struct les_replica *replica);
LES_DEFINE_CLEANUP(struct les_replica, les_replica_free)

/* Bytes of memory that it takes once lines have gone through it: activations, gradients, and about
 * as much for weights in oneDNN's order as there are. */
size_t les_replica_bytes(const struct les_replica *replica);

/* How many lines of that width go at a time. */
uint32_t les_replica_fits(const struct les_replica *replica, uint32_t w);

/* One line or page: image f32 [h][w][c] as the net reads it (ink high, paper 0), and what is to be
 * read there. All is borrowed. */
struct les_sample {
	const float *image;
	uint32_t w;
	const uint32_t *labels; /* of a recogniser */
	uint32_t labels_n;
	const uint8_t *target; /* of a line finder: 0 or 1, [classes][h][w]; NULL of a recogniser */
};

struct les_outcome {
	double loss;           /* sum over the lines (CTC) or pages (struct les_segloss's total) */
	uint32_t infeasible_n; /* lines whose text cannot fit their width */
};

/* What a net says of one line or page; lent until the replica's next run. */
struct les_reading {
	const uint32_t *labels; /* of a recogniser; NULL of a line finder */
	uint32_t labels_n;
	const float *logits; /* of a line finder: f32 [channels][h][w], of the page's own width */
	uint32_t channels, h, w;
};

/* The weights have changed. */
void les_replica_renew(struct les_replica *replica);

/* Gradients are set to zero; les_replica_train() adds to them. */
void les_replica_clear(struct les_replica *replica);
float *les_replica_gradients(struct les_replica *replica);

/* Forward with dropout (seed chooses; no_dropout for tests), loss, backward. n is at most
 * les_replica_fits() of the widest. *ret is added to. */
enum les_kind les_replica_train(struct les_replica *replica, const struct les_sample *samples,
				uint32_t n, uint64_t seed, bool no_dropout, struct les_outcome *ret,
				struct les_error *reterr);

/* Forward without dropout; the loss, and what was read: ret_readings [n]. */
enum les_kind les_replica_read(struct les_replica *replica, const struct les_sample *samples,
			       uint32_t n, struct les_outcome *ret,
			       struct les_reading *ret_readings, struct les_error *reterr);

/* Where the time went, seconds since the start: in oneDNN, and in all. */
struct les_replica_times {
	double primitives, all;
};
struct les_replica_times les_replica_times(const struct les_replica *replica);

#endif
