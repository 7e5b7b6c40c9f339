#ifndef LES_NN_CODEC_H
#define LES_NN_CODEC_H

#include "base/error.h"
#include "types/weights.h"

/* A recogniser's alphabet, from its labels' side: which code a run of labels stands for. */
struct les_codec;

/* Borrows the weights' codes. Where a code is the beginning of another, the longer one counts.
 * errors: NOMEM */
enum les_kind les_codec_new(const struct les_weights *weights, struct les_codec **ret,
			    struct les_error *reterr);
void les_codec_free(struct les_codec *codec);

/* The longest code that labels[0..n) begin with; NULL where there is none: such a label says
 * nothing.
 * source  kraken lib/codec.py decode() */
const struct les_code *les_codec_lookup(const struct les_codec *codec, const uint32_t *labels,
					uint32_t n);

#endif
