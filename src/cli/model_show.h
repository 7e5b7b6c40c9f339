#ifndef LES_CLI_MODEL_SHOW_H
#define LES_CLI_MODEL_SHOW_H

#include "base/error.h"
#include "models/registry.h"

#include <stdbool.h>

/* To standard output, for people or as JSON. A model that cannot be read is listed with what is
 * wrong with it. */
enum les_kind les_model_list(const struct les_registry *registry, bool json,
			     struct les_error *reterr);
enum les_kind les_model_show(const struct les_found *found, bool json, struct les_error *reterr);

#endif
