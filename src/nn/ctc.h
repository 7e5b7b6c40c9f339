#ifndef LES_NN_CTC_H
#define LES_NN_CTC_H

#include "base/error.h"

#include <stdint.h>

/* What a recogniser's output says, by connectionist temporal classification (Graves et al. 2006):
 * label 0 is the blank, equal labels in a row are one. */

/* A net's output for one line: logits[step · step_stride + label · label_stride]; borrowed. */
struct les_ctc_logits {
	const float *at;
	uint32_t steps, labels;
	uint32_t step_stride, label_stride;
	float temperature; /* logits are divided by it; 1 leaves them */
};

enum { LES_CTC_OTHERS_MAX = 3 };

/* One label read: the steps from first to last gave it, with this probability at best. */
struct les_ctc_read {
	uint32_t label;
	uint32_t first, last;
	float probability;
	struct { /* what else might stand there, at the surest step, most probable first */
		uint32_t label;
		float probability;
	} others[LES_CTC_OTHERS_MAX];
	uint32_t others_n;
};

/* The best label of each step. others are labels (not the blank) of at least others_from.
 * ret has room for logits->steps. Returns how many labels were read.
 * source  kraken lib/ctc_decoder.py greedy_decoder */
uint32_t les_ctc_greedy(const struct les_ctc_logits *logits, float others_from,
			struct les_ctc_read *ret);

/* One whole reading out of several. */
struct les_ctc_reading {
	uint32_t *labels; /* heap; free() */
	uint32_t labels_n;
	float log_probability; /* of all alignments together */
};

/* The n most probable readings, most probable first, by prefix beam search that keeps `width`
 * prefixes after each step. *ret_n may be smaller than n. errors: NOMEM, ARG (n 0 or above width,
 * width above LES_CTC_WIDTH_MAX).
 * source  Hannun et al. 2014 (arXiv 1408.2873), without a language model */
enum { LES_CTC_WIDTH_MAX = 256 };
enum les_kind les_ctc_beam(const struct les_ctc_logits *logits, uint32_t width, uint32_t n,
			   struct les_ctc_reading *ret, uint32_t *ret_n, struct les_error *reterr);

#endif
