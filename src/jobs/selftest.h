#ifndef LES_JOBS_SELFTEST_H
#define LES_JOBS_SELFTEST_H

#include "base/buf.h"
#include "jobs/pool.h"
#include "models/registry.h"

/* One line image that a recogniser read when it was imported and reads again when it is verified:
 * the same text says that this build, on this machine, does with the model what was done then. It
 * says nothing about how well the model reads. */

/* Appends the line that is drawn where none is given: the words "Lesart 1871" in plain strokes, as
 * a grey PNG. */
void les_selftest_picture(struct les_buf *out);

/* Reads the image (whole, one line) with that model of the registry, in f32. *ret_text is heap.
 * pool: has a decoder and a lesart-read. errors: any of a job. */
enum les_kind les_selftest_read(struct les_pool *pool, const struct les_registry *registry,
				const struct les_found *found, const void *image, size_t image_n,
				char **ret_text, struct les_error *reterr);

#endif
