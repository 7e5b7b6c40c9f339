#ifndef LES_DECODE_MODEL_H
#define LES_DECODE_MODEL_H

#include "base/arena.h"
#include "base/error.h"
#include "types/weights.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Models of kraken out of untrusted bytes: .safetensors of kraken 7 and .mlmodel of kraken 2 to 6,
 * told apart by their bytes. */

enum les_model_format {
	LES_MODEL_NONE = 0,
	LES_MODEL_SAFETENSORS,
	LES_MODEL_COREML,
};

/* What the first bytes look like. */
enum les_model_format les_model_sniff(const uint8_t *bytes, size_t n);

/* Reads one model.
 *
 * part     which of several in a file: its uuid, or its number from 1; "" takes the only one
 * *ret     everything lies in arena (cap: LES_MODEL_ARENA_BYTES_MAX); bytes may go afterwards.
 *          The spec has names for all layers, every tensor is one that the spec asks for and has
 *          the shape that it asks for (but for the number of input channels, which nn/ checks),
 *          every value is finite, labels and channels are within the last layer's outputs, and no
 *          code is the beginning of another.
 * errors   FORMAT damaged or contradictory; UNSUPPORTED something we do not have, with the name of
 *          the layer or tensor; LIMIT; ARG there is no such part, or a choice is needed (the words
 *          list the models); NOMEM
 * source   kraken 7 models/loaders.py, models/_coreml.py, lib/codec.py; kraken 5 lib/vgsl.py. Ours
 *          takes a model_type of null for recognition and legacy_polygons that is missing in an
 *          .mlmodel for true. As in kraken 7, output layers give logits, also those within a net
 *          (kraken 5 had a softmax after each). */
enum les_kind les_model_file_parse(const uint8_t *bytes, size_t n, const char *part,
				   struct les_arena *arena, struct les_weights *ret,
				   struct les_error *reterr);

#endif
