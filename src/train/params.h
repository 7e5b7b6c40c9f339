#ifndef LES_TRAIN_PARAMS_H
#define LES_TRAIN_PARAMS_H

#include "base/cleanup.h"
#include "base/error.h"
#include "nn/vgsl.h"
#include "types/weights.h"

/* A net's numbers while it is trained: every tensor of the spec, f32 in torch's layout, one after
 * the other in one block, so that gradients and moments are blocks of the same shape. */
struct les_param {
	char name[LES_LAYER_NAME_BYTES_MAX + 32]; /* as in types/weights.h */
	uint32_t rank, dims[LES_TENSOR_RANK_MAX];
	size_t at, n; /* in values */
	uint32_t layer;
};

struct les_params {
	struct les_param *tensors;
	uint32_t tensors_n;
	size_t values_n;
	float *values; /* 64-byte aligned; every tensor begins at such a place */
};

/* All zero. UNSUPPORTED where a layer cannot be trained. *ret: les_params_free(). */
enum les_kind les_params_new(const struct les_graph *graph, struct les_params **ret,
			     struct les_error *reterr);
void les_params_free(struct les_params *params);
LES_DEFINE_CLEANUP(struct les_params, les_params_free)

/* As kraken begins: LSTMs orthogonal with 1 for the forget gate's bias, convolutions uniform in
 * ±0.1, linear layers Xavier, norms 1 and 0. source: kraken lib/vgsl/model.py init_weights */
enum les_kind les_params_init(struct les_params *params, uint64_t seed, struct les_error *reterr);

/* One tensor's fresh values, as above: for an output layer whose alphabet is new. */
enum les_kind les_param_init(struct les_params *params, uint32_t tensor, uint64_t seed,
			     struct les_error *reterr);

/* Takes every tensor from a model of the same spec. FORMAT where one is missing or has other sides.
 */
enum les_kind les_params_load(struct les_params *params, const struct les_weights *weights,
			      struct les_error *reterr);

/* The layer's first tensor; its others follow in the order weight, bias, or weight_ih, weight_hh,
 * bias_ih, bias_hh and the same reversed. tensors_n where it has none. */
uint32_t les_params_first(const struct les_params *params, uint32_t layer);

/* Describes the tensors for types/weights.h: ret holds tensors_n, borrows names and values. */
void les_params_describe(const struct les_params *params, struct les_tensor *ret);

#endif
