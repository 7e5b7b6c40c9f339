#ifndef LES_MODELS_CARD_H
#define LES_MODELS_CARD_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "types/weights.h"

#include <stdbool.h>
#include <stddef.h>

/* What people want to know of a model and its numbers do not say: card.json. Fields are those of
 * the HTRMoPo schema where it has them. Strings are the arena's; "" stands for not said. */
struct les_card {
	const char *summary;    /* one line */
	const char *script;     /* "kurrent", "latin", "fraktur", "typescript"; ISO 15924 is fine */
	const char *language;   /* "deu", "deu+fra" */
	const char *sender;     /* whose hand it was trained for */
	const char *base_model; /* the model it was trained from */
	const char *sources;    /* what it was trained on */
	const char *licence;    /* SPDX */
	const char *origin;     /* where the file came from */
	float cer_raw, cer_normalised; /* in [0,1] on the lines it was measured on; -1: not known */
	uint64_t lines_n;              /* it was trained on; 0: not known */
};

/* All fields empty. */
void les_card_init(struct les_card *card);

/* Appends card as JSON, with what the net itself says (kind, spec, parameters, alphabet's size),
 * for those who read the folder without lesart. */
void les_card_write(struct les_buf *out, const struct les_card *card, const char *name,
		    const struct les_weights *weights);

/* Reads such JSON; what is not there stays empty, what is not known is passed over. errors: FORMAT,
 * NOMEM. */
enum les_kind les_card_load(const char *text, size_t n, struct les_arena *arena,
			    struct les_card *ret, struct les_error *reterr);

/* Reads a card as models are published with: Markdown whose front matter has the fields of the
 * HTRMoPo schema (source: https://github.com/mittagessen/HTRMoPo, v1). Several languages, sources
 * and bases become one field each; a tag that is a script of ours says more than its ISO 15924
 * code. What is written in another way than usual, or has control characters, is passed over.
 * errors: FORMAT (no front matter, not UTF-8), NOMEM. */
enum les_kind les_card_read(const char *text, size_t n, struct les_arena *arena,
			    struct les_card *ret, struct les_error *reterr);

/* What is not said in card is taken from other; strings are borrowed. */
void les_card_complete(struct les_card *card, const struct les_card *other);

#endif
