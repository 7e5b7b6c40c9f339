#ifndef LES_MODELS_WRITE_H
#define LES_MODELS_WRITE_H

#include "base/buf.h"
#include "base/error.h"
#include "types/weights.h"

#include <stdbool.h>

/* Nets as files that kraken reads. The same net gives the same bytes. */

/* .safetensors of kraken 7 (H models/writers.py): header as the safetensors library lays it out
 * (tensors by name, padded to 8 bytes), the model's id made from the net's hash. f16: half the
 * size, each value rounded to the nearest. errors: LIMIT (a value that f16 does not have, with the
 * tensor's name; the file is too large), NOMEM. */
enum les_kind les_safetensors_write(const struct les_weights *weights, bool f16,
				    struct les_buf *out, struct les_error *reterr);

/* .mlmodel of kraken 2 to 6 (kraken 5 lib/vgsl.py save_model, lib/layers.py serialize). An LSTM's
 * two biases become their sum, since CoreML has one. errors as above; FORMAT where the spec and the
 * tensors do not fit each other. */
enum les_kind les_mlmodel_write(const struct les_weights *weights, struct les_buf *out,
				struct les_error *reterr);

#endif
