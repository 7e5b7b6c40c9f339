#ifndef LES_DECODE_MODEL_MAKER_H
#define LES_DECODE_MODEL_MAKER_H

#include "base/arena.h"
#include "base/cursor.h"
#include "base/error.h"
#include "nn/vgsl.h"
#include "types/weights.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the two readers of model files share: a net while it is put together, its metadata, its
 * spec. Inside decode/ only. */

enum les_storage {
	LES_STORED_F32 = 1u << 0,
	LES_STORED_F16 = 1u << 1,
	LES_STORED_BF16 = 1u << 2,
};

struct les_maker {
	struct les_arena *arena;
	struct les_weights *weights; /* kind, spec … so far */
	uint32_t storage;            /* LES_STORED_… seen */
	struct les_error *reterr;
};

/* One more tensor; *ret_values has room for all its values and is to be filled. name is copied.
 * errors: FORMAT (a side of 0, the name is there already), LIMIT, NOMEM. */
enum les_kind les_maker_tensor(struct les_maker *maker, const char *name, uint32_t rank,
			       const uint32_t *dims, float **ret_values);

/* Reads n stored values, turned to f32. errors: FORMAT naming the tensor where they are too few, or
 * one is not finite. */
enum les_kind les_maker_values(struct les_maker *maker, const char *name, struct les_rd *r,
			       enum les_storage storage, size_t n, float *to);

/* ---- metadata ---- */

/* Parses JSON as Python writes it (NaN and Infinity become
 * null); json_decref() the result.
 * errors: FORMAT with `what`, LIMIT. */
enum les_kind les_model_json(const char *text, size_t n, const char *what, json_t **ret,
			     struct les_error *reterr);

/* Takes kind, flags, classes and the rest out of kraken_meta (NULL for none); `spec` and `codec`
 * win over what the metadata says; NULL where they are not given. errors as
 * les_model_file_parse(). */
struct les_model_meta {
	json_t *meta;
	const char *spec;
	json_t *codec;
	const char *type_key;         /* "_tasks" or "model_type" */
	bool legacy_polygons_missing; /* what is meant where it is not said */
};
enum les_kind les_maker_meta(struct les_maker *maker, const struct les_model_meta *from);

/* ---- spec ---- */

/* Turns weights->spec into one in which every layer has its name, and checks that every layer has
 * its tensors, that they have the right shapes, and that there are no others. *graph is filled.
 * errors: those of les_vgsl_parse(); FORMAT, UNSUPPORTED naming layer or tensor; NOMEM. */
enum les_kind les_maker_spec(struct les_maker *maker, struct les_graph *graph);

/* ---- the two readers ---- */

enum les_kind les_safetensors_parse(struct les_maker *maker, const uint8_t *bytes, size_t n,
				    const char *part);
enum les_kind les_coreml_parse(struct les_maker *maker, const uint8_t *bytes, size_t n);

#endif
