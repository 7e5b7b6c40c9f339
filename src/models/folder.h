#ifndef LES_MODELS_FOLDER_H
#define LES_MODELS_FOLDER_H

#include "base/buf.h"
#include "base/error.h"

#include <stddef.h>

/* Files of one model's folder, for the registry alone. Names are ours, never from outside. */

#define LES_WEIGHTS_NAME "weights.les"
#define LES_CARD_NAME "card.json"
#define LES_SUMS_NAME "SHA256SUMS"

/* The whole file appended to out. errors: NOTFOUND, LIMIT (out's cap), IO. */
enum les_kind les_folder_read(int folder, const char *name, struct les_buf *out,
			      struct les_error *reterr);

/* A file with this content, on the disk when it returns; one that is there is replaced at once.
 * errors: IO. */
enum les_kind les_folder_write(int folder, const char *name, const void *bytes, size_t n,
			       struct les_error *reterr);

/* As above, out of an fd's content from its beginning. */
enum les_kind les_folder_copy(int folder, const char *name, int from, struct les_error *reterr);

/* SHA-256 of a file, hex. errors: NOTFOUND, IO. */
enum les_kind les_folder_hash(int folder, const char *name, char out[65], struct les_error *reterr);

/* Writes SHA256SUMS over what is there but the card. */
enum les_kind les_folder_sum(int folder, struct les_error *reterr);

/* Removes a folder and the files in it (no folders within). */
void les_folder_remove(int parent, const char *name);

#endif
