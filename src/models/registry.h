#ifndef LES_MODELS_REGISTRY_H
#define LES_MODELS_REGISTRY_H

#include "base/error.h"
#include "models/card.h"
#include "models/net.h"
#include "types/limits.h"

#include <stdbool.h>
#include <stdint.h>

/* Where models lie. Each has a folder of its own below one of the registry's folders:
 *
 *   NAME/weights.les    the canonical file (ipc/weights.h)
 *   NAME/card.json      what people want to know (models/card.h)
 *   NAME/original.…     the file that was imported, as it came
 *   NAME/selftest.…     an input and what must come of it, where there is one
 *   NAME/SHA256SUMS     of all but the card, which may be edited; sha256sum -c reads it
 *
 * A folder appears whole or not at all. No foreign bytes are parsed here. */

/* The folders in which names are looked up, first wins; the first is also where imports go. */
struct les_registry {
	char *folders[LES_REGISTRY_FOLDERS_MAX];
	uint32_t n;
};

/* models (--models, $LESART_MODELS; NULL if not given), state/models (where neither is given,
 * $XDG_DATA_HOME or ~/.local/share, /lesart/models); then those that came with the program, told by
 * where its workers lie (binary_dir; NULL: none): BUILD/models of BUILD/src/bin,
 * PREFIX/share/lesart/models of PREFIX/libexec/lesart; then /usr/share/lesart/models.
 * les_registry_done(). errors: NOMEM. */
enum les_kind les_registry_init(const char *models, const char *state, const char *binary_dir,
				struct les_registry *ret, struct les_error *reterr);
void les_registry_done(struct les_registry *registry);

/* Whether it can be a model's name: [A-Za-z0-9._-]{1,64}, no dot first. */
bool les_model_name_valid(const char *name);

/* One model found: its folder, held open. */
struct les_found {
	char name[LES_MODEL_NAME_BYTES_MAX + 1];
	char *path; /* of its folder */
	int folder;
};
#define LES_FOUND_NONE ((struct les_found){.folder = -1})
void les_found_done(struct les_found *found);

/* By name, or, where there is a slash in it, by the path of such a folder. *ret:
 * les_found_done(). errors: ARG (no name), NOTFOUND with the folders looked in, IO. */
enum les_kind les_registry_find(const struct les_registry *registry, const char *name_or_path,
				struct les_found *ret, struct les_error *reterr);

/* All models, folder by folder, in each by name: one's own come before those that came with the
 * program. A name in several folders counts once, as les_registry_find() takes it. Calls back with
 * each; another kind than OK ends it. errors: LIMIT, IO, those of visit. */
enum les_kind les_registry_each(const struct les_registry *registry,
				enum les_kind (*visit)(void *context, const struct les_found *found,
						       struct les_error *reterr),
				void *context, struct les_error *reterr);

/* The net, mapped; les_net_file_done(). verify as in les_net_file_open(). *ret_fd (may be NULL) is
 * its file, read-only, for a worker; the caller's. errors: those of les_net_file_open(), NOTFOUND.
 */
enum les_kind les_found_net(const struct les_found *found, bool verify, int *ret_fd,
			    struct les_net_file *ret, struct les_error *reterr);

/* Its card; empty where there is none. errors: FORMAT, IO, NOMEM. */
enum les_kind les_found_card(const struct les_found *found, struct les_arena *arena,
			     struct les_card *ret, struct les_error *reterr);

/* SHA-256 of its canonical file, hex: what identifies the model in results. */
enum les_kind les_found_sha256(const struct les_found *found, char out[65],
			       struct les_error *reterr);

/* What is put into a folder. original_fd and weights_fd are read from their beginnings; both are
 * borrowed. */
struct les_import {
	const char *name;
	const char
		*original_ending; /* "safetensors", "mlmodel", "bin"; NULL: there is no original */
	int original_fd;
	int weights_fd;
	const struct les_weights *weights; /* what weights_fd holds, for the card */
	const struct les_card *card;
	bool replace; /* a model of that name may be there already */
};

/* Puts a model into the registry's first folder, which is made if it is not there. Nothing half
 * written is ever seen under its name. errors: ARG (a bad name, or it is there already), IO. */
enum les_kind les_registry_import(const struct les_registry *registry,
				  const struct les_import *import, struct les_error *reterr);

/* Checks SHA256SUMS, that all files it must name are there, and the net itself. errors: FORMAT with
 * the file that is damaged, NOTFOUND, IO. */
enum les_kind les_found_verify(const struct les_found *found, struct les_error *reterr);

/* ---- self-test ---- */

/* A line image (any bytes that the reader takes) and what must come of it. */
struct les_self_test {
	struct les_view input; /* of the file; les_self_test_done() */
	char *text;            /* NULL: not said */
	char *logits_sha256;   /* hex; NULL: not said */
};
void les_self_test_done(struct les_self_test *test);

/* Stores one with a model, replacing what was there, and renews SHA256SUMS. errors: LIMIT, IO. */
enum les_kind les_found_self_test_write(const struct les_found *found, const void *input, size_t n,
					const char *text, const char *logits_sha256,
					struct les_error *reterr);

/* errors: NOTFOUND where the model has none; FORMAT, IO. */
enum les_kind les_found_self_test(const struct les_found *found, struct les_self_test *ret,
				  struct les_error *reterr);

#endif
