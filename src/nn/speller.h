#ifndef LES_NN_SPELLER_H
#define LES_NN_SPELLER_H

#include "base/error.h"
#include "types/weights.h"

/* A recogniser's alphabet, from its labels' side: which code a run of labels stands for. */
struct les_speller;

/* Borrows the weights' codes. Where a code is the beginning of another, the longer one counts.
 * errors: NOMEM */
enum les_kind les_speller_new(const struct les_weights *weights, struct les_speller **ret,
			      struct les_error *reterr);
void les_speller_free(struct les_speller *speller);

/* The longest code that labels[0..n) begin with; NULL where there is none: such a label says
 * nothing.
 * source  kraken lib/codec.py decode() */
const struct les_code *les_speller_lookup(const struct les_speller *speller, const uint32_t *labels,
					  uint32_t n);

#endif
