#ifndef LES_MODELS_WRITE_META_H
#define LES_MODELS_WRITE_META_H

#include "base/error.h"
#include "types/weights.h"

#include <jansson.h>

/* A net's description as kraken has it, for the two writers. json_decref() the results, which are
 * NULL where memory ran out. */

/* The metadata that came with it, put right for what the net says: kraken 7's keys (_model, _tasks
 * …, model_type a list), or, for older ones, none of those and model_type a word. Without spec and
 * codec. */
json_t *les_meta_json(const struct les_weights *weights, bool kraken_7);

/* {"a": [1], …}, or NULL where there are no codes. */
json_t *les_codec_json(const struct les_weights *weights);

/* As Python writes it: ASCII, a blank after , and :. Heap. */
char *les_json_python(const json_t *json);

#endif
