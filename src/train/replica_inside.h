#ifndef LES_TRAIN_REPLICA_INSIDE_H
#define LES_TRAIN_REPLICA_INSIDE_H

/* What the replica's own files share: replica.c (life, runs), plan.c (memory and primitives for one
 * width), stages.c (each layer forward and back), losses.c (what comes after the last). */

#include "nn/dnnl_back.h"
#include "nn/images.h"
#include "nn/lstm.h"
#include "nn/winograd.h"
#include "train/replica.h"

enum stage_kind {
	STAGE_NONE,
	STAGE_CONV,
	STAGE_POOL,
	STAGE_DROPOUT, /* in place */
	STAGE_NORM,
	STAGE_COLLAPSE, /* from images to a sequence */
	STAGE_LSTM,
	STAGE_LANES, /* an LSTM along the rows or columns of images */
	STAGE_LINEAR,
};

/* A layer as it is trained. */
struct stage {
	enum stage_kind kind;
	const struct les_layer *layer;
	uint32_t layer_number;
	uint32_t first; /* its first tensor in the params */
	bool sequence;  /* what it gives is f32 [steps][n][c], no images */
	bool pooled;    /* convolution: a pool comes next, and undoes the activation, too */
	float slope;    /* convolution and the pool after it: of the activation below zero */
};

/* A stage at one width: offsets into the replica's block, primitives, calls. */
struct place {
	struct les_images in, out; /* a sequence: h 1, w steps, type f32 */
	size_t x, y;               /* input, output */
	size_t kept;               /* picks, moments, an LSTM's memory */
	size_t dx, dy;             /* on the way back */
	struct les_prim *forward, *back_data, *back_weights;
	struct les_call *call_forward, *call_data, *call_weights;
	struct les_packed *packed_forward, *packed_data;     /* lent by the replica */
	struct les_winograd *winograd;                       /* in place of all these, or NULL */
	struct les_packed *kernels[2][LES_WINOGRAD_KERNELS]; /* its own: there, back; lent, too */
	struct les_lstm_products products[2];                /* of each way; in bf16 only */
};

struct plan {
	uint32_t w, lines;
	struct place places[LES_LAYERS_MAX];
	size_t bytes;
	size_t input, logits;
	size_t shared;    /* what one stage after the other works with: lanes, rows as f32 */
	uint32_t *widths; /* [stages + 1][lines]: of the input, then what each stage gives */
	uint32_t *edges;  /* the same, where images are cut off: see shared_edge */
	uint8_t *scratch; /* of primitives; lent by the replica */
	bool compiled;
};

/* An LSTM along images takes so many rows or columns at a time, through memory that all such stages
 * share, and goes the way there once more before the way back: a page's gates would be larger than
 * all else. Offsets into the plan's shared. */
enum { LANES_AT_A_TIME = 64 };
struct lane_room {
	uint32_t steps, all; /* of a lane; lanes in all */
	size_t x, y, dx;     /* f32 [steps][lanes][…] */
	size_t kept;         /* as of an LSTM over a sequence */
	size_t lengths;      /* uint32_t [lanes] */
	size_t bytes;
};
struct lane_room les_lane_room(const struct stage *stage, const struct place *place);

/* A linear layer over bf16 images makes f32 of so many pixels at a time. */
enum { PIXELS_AT_A_TIME = 4096 };

enum packing_form {
	PACKING_PLAIN,
	PACKING_TURNED,   /* packed from its transpose */
	PACKING_WINOGRAD, /* and the next: one of the kernels made of a convolution's */
};

/* Weights in a primitive's order, shared by all widths. */
struct packing {
	uint32_t tensor;
	enum packing_form form;
	struct les_conv conv;        /* of PACKING_WINOGRAD */
	const struct les_prim *prim; /* the first plan's */
	struct les_packed *packed;
};
/* What is packed, as plain values; lent until the next call. */
const float *les_packing_values(const struct les_replica *replica, const struct packing *packing);

enum { SCRATCHES_MAX = 64 };

struct les_replica {
	const struct les_graph *graph;
	const struct les_params *params;
	struct les_replica_options options;
	struct stage stages[LES_LAYERS_MAX];
	uint32_t stages_n, classes;
	struct plan **plans; /* [w_max / step], made when needed */
	uint32_t plans_n;
	struct packing *packings;
	uint32_t packings_n, packings_capacity;
	float *turned; /* weight_hh of the LSTMs, at the params' places */
	bool stale;
	float *gradients;
	uint8_t *block; /* activations */
	size_t block_bytes;
	float *unpacked;                   /* one convolution's gradients */
	uint8_t *scratches[SCRATCHES_MAX]; /* the last has scratch_bytes */
	uint32_t scratches_n;
	size_t scratch_bytes;
	struct les_replica_times times;
};

/* Of an LSTM: 2 where it runs both ways. */
static inline uint32_t les_stage_ways(const struct stage *stage)
{
	return stage->layer->lstm.both_ways ? 2 : 1;
}
/* One way of an LSTM over a sequence. */
struct les_lstm_shape les_stage_lstm_shape(const struct stage *stage, const struct place *place,
					   uint32_t way);
/* Whether it multiplies in bf16. */
bool les_stage_in_bf16(const struct les_replica *replica, const struct stage *stage);

/* Lays a plan out; without primitives. */
enum les_kind les_plan_new(const struct les_replica *replica, uint32_t w, uint32_t lines,
			   struct plan **ret, struct les_error *reterr);
void les_plan_free(struct plan *plan, uint32_t stages_n);
/* Makes its primitives, over the replica's block. */
enum les_kind les_plan_compile(struct les_replica *replica, struct plan *plan,
			       struct les_error *reterr);

struct run {
	struct les_replica *replica;
	struct plan *plan;
	bool dropout;
	uint64_t seed;
};
enum les_kind les_stage_forward(struct run *run, uint32_t stage, struct les_error *reterr);
enum les_kind les_stage_backward(struct run *run, uint32_t stage, struct les_error *reterr);

/* The loss of the run's n samples, added to; their gradients, where wanted, take the logits' place.
 */
enum les_kind les_run_loss(struct run *run, const struct les_sample *samples, uint32_t n,
			   bool gradient, struct les_outcome *ret, struct les_error *reterr);
/* What the run read in its i-th sample; after les_run_loss() without a gradient. */
struct les_reading les_run_reading(struct run *run, uint32_t i);

#endif
