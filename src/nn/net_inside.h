#ifndef LES_NN_NET_INSIDE_H
#define LES_NN_NET_INSIDE_H

/* What net.c, plan.c, sequence.c and stream.c share. Nobody else includes this. */

#include "nn/net.h"
#include "nn/ops.h"

#include <pthread.h>

/* Which of a layer's arrays: packed ones are kept by this. */
struct packed_entry {
	struct packed_entry *next;
	struct les_packed *packed;
	enum les_arg arg;
};

struct les_net {
	struct les_graph graph;
	const struct les_weights *weights;
	enum les_type type;
	bool exact;     /* widths as they are, no padding: line finders */
	uint32_t split; /* layers from here on run over the whole batch, time first; layers_n: none
			 */
	pthread_mutex_t lock;
	struct packed_entry *packed[LES_LAYERS_MAX]; /* grown under the lock, entries stay */
};

/* A layer's array in the order that prim wants, packed at first need. masked: an LSTM has one more
 * input that tells padding. Lent by the net. */
enum les_kind les_net_packed(struct les_net *net, uint32_t layer, const struct les_prim *prim,
			     enum les_arg arg, bool masked, void **ret, struct les_error *reterr);

/* gamma and beta of a group norm, lent by the weights. */
const float *les_net_gamma(const struct les_net *net, uint32_t layer);
const float *les_net_beta(const struct les_net *net, uint32_t layer);

/* One step over one image. Memory is told in bytes from the arena's start. */
enum step_kind {
	STEP_PRIM,      /* call */
	STEP_ZERO_TAIL, /* in place */
	STEP_POOL,
	STEP_GROUP_NORM,
	STEP_SOFTMAX, /* in place */
	STEP_FOLD,
	STEP_LSTM, /* gather, call, scatter, a few sequences at a time */
	STEP_PLACE,
	STEP_ADDITION,
};

struct step {
	enum step_kind kind;
	uint32_t layer;
	int32_t len_of; /* the layer whose output's width tells what is padding in `in` */
	struct les_map in_map, out_map;
	size_t in, out;
	size_t work;            /* group norm: moments, scales; LSTM: gathered and computed */
	size_t work_per_thread; /* bytes from one thread's to the next */
	uint32_t lanes_n;       /* LSTM: sequences at a time */
	uint32_t place_at;      /* first channel */
	bool masked;
	struct les_prim *prim;
	struct les_call *calls[LES_THREADS_MAX]; /* more than one: LSTM */
};

enum { STEPS_MAX = 3 * LES_LAYERS_MAX };

/* How the layers before the split run over an image of h × w. */
struct plan {
	struct plan *next;
	uint32_t h, w;
	uint64_t used;       /* when last */
	uint64_t generation; /* of the arena its calls are bound to; 0: none */
	size_t bytes, scratch_bytes;
	struct les_map in_map, out_map;
	size_t in, out;
	struct step *steps;
	uint32_t steps_n;
};

enum les_kind les_plan_new(struct les_net *net, uint32_t threads_n, uint32_t h, uint32_t w,
			   struct plan **ret, struct les_error *reterr);
void les_plan_free(struct plan *plan);
enum les_kind les_plan_bind(struct plan *plan, struct les_net *net, char *arena, char *scratch,
			    uint32_t threads_n, struct les_error *reterr);

/* Runs it on what stands at plan->in. lens[layers_n]: widths of the layers' outputs for the image
 * itself; in_len: its own. */
enum les_kind les_plan_run(struct plan *plan, const struct les_net *net, char *arena,
			   uint32_t threads_n, uint32_t in_len, const struct les_extent *lens,
			   struct les_error *reterr);

/* How the layers from the split on run over n sequences of `steps`. Rows of values are `stride`
 * apart: [steps][n][stride], the one behind the channels being the mask. */
struct sequence {
	struct sequence *next;
	uint32_t n, steps;
	uint64_t used, generation; /* as a plan's */
	size_t stride;
	size_t bytes, scratch_bytes; /* bytes: both buffers and the result */
	size_t in, result;
	struct {
		struct les_prim *prim;
		struct les_call *call;
		uint32_t layer;
		size_t in, out;
	} parts[LES_LAYERS_MAX];
	uint32_t parts_n;
};

enum les_kind les_sequence_new(struct les_net *net, uint32_t n, uint32_t steps,
			       struct sequence **ret, struct les_error *reterr);
void les_sequence_free(struct sequence *sequence);
enum les_kind les_sequence_bind(struct sequence *sequence, struct les_net *net, char *arena,
				char *scratch, struct les_error *reterr);

/* lens[n]: steps that are no padding. */
enum les_kind les_sequence_run(struct sequence *sequence, const struct les_net *net, char *arena,
			       const uint32_t *lens, struct les_error *reterr);

#endif
