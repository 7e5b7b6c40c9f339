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

#endif
