#ifndef LES_CLI_MODEL_TEST_H
#define LES_CLI_MODEL_TEST_H

#include "jobs/pool.h"
#include "models/registry.h"

/* The self-test of models from the command line (jobs/selftest.h). */

/* After an import: reads the image at path, or the built-in one (NULL), and stores what was read;
 * says so on standard output. A net that cannot be read with, or that reads nothing there, stays
 * without; that is said, too, and no error where no image was given. errors: IO, LIMIT; with an
 * image ARG (no recogniser, nothing is read) and those of reading. */
enum les_kind les_model_test_make(struct les_pool *pool, const struct les_registry *registry,
				  const char *name, enum les_net_kind net, const char *path,
				  struct les_error *reterr);

/* Reads it again. *ret_text: what was read, heap; NULL where the model has none. errors: FORMAT
 * where another text comes, with both; those of reading. */
enum les_kind les_model_test_run(struct les_pool *pool, const struct les_registry *registry,
				 const struct les_found *found, char **ret_text,
				 struct les_error *reterr);

#endif
