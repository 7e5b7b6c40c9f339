#ifndef LES_TESTS_GOLDEN_DATA_H
#define LES_TESTS_GOLDEN_DATA_H

#include "base/buf.h"
#include "image/bitmap.h"

#include <jansson.h>
#include <stdio.h>

/* Results of real kraken live beside the repository, in ../shared/golden, or where LESART_SHARED
 * says. Meson takes 77 as "skipped". */
enum { SKIPPED = 77 };

/* The folder's existence; says so in words where it is missing. */
bool golden_present(void);

/* The readers below are for tests: whatever is missing or malformed fails the running test. */

/* "golden/" + name in the shared folder; valid until the next call. */
const char *golden_path(const char *name);

/* A PNG as it is: grey or RGB. les_bitmap_done() frees. */
struct les_bitmap golden_png(const char *name);

/* A float32 .npy of up to 4 dimensions in C or Fortran order, row-major here. free() the values. */
struct golden_array {
	float *at;
	size_t shape[4];
	uint32_t dims;
};
struct golden_array golden_npy(const char *name);
struct golden_array golden_npy_read(FILE *file); /* closes it */

/* A whole file; les_buf_done() frees. */
struct les_buf golden_bytes(const char *name);

/* A JSON file; json_decref() frees. */
json_t *golden_json(const char *name);

/* The entries of index.json of one kind, in its order: calls back with each, returns how many. */
size_t golden_each(const char *kind, void (*visit)(const json_t *entry));

/* entry[key] as a string; fails the test where it is none. */
const char *golden_string(const json_t *object, const char *key);

#endif
