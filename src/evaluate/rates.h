#ifndef LES_EVALUATE_RATES_H
#define LES_EVALUATE_RATES_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Error rates between what was read and the truth: characters are code points after NFC, white
 * space is folded to single spaces and stripped, words are what spaces separate. Rates are
 * micro-averaged: edits over the truth's length, summed over all texts.
 *
 * The reader-normalised rate forgives what is convention and not reading: ſ for s; ⸗ ¬ and - alike;
 * curly quotes for straight ones; m̄ and n̄ for mm and nn. */
struct les_rates {
	uint64_t characters_n, edits_n; /* raw */
	uint64_t characters_normalised_n, edits_normalised_n;
	uint64_t words_n, word_edits_n;
	uint64_t lines_n; /* texts compared */
};

/* One edit of a best alignment, counted. 0 stands for nothing: an insertion or a deletion. */
struct les_confusion {
	uint32_t truth, read; /* code points */
	uint64_t count;
};

enum { LES_CONFUSIONS_MAX = 4096, LES_EVALUATE_CHARS_MAX = 100000 };

struct les_confusions {
	struct les_confusion at[LES_CONFUSIONS_MAX];
	uint32_t n;
};

/* Compares one text and adds to *rates, and to *confusions where it is given (texts whose table of
 * edits would be larger than 64 MB count in the rates only). truth and read are UTF-8; borrowed.
 * errors: FORMAT (not UTF-8), LIMIT (over LES_EVALUATE_CHARS_MAX characters), NOMEM. */
enum les_kind les_rates_add(struct les_rates *rates, struct les_confusions *confusions,
			    const char *truth, const char *read, struct les_error *reterr);

void les_rates_merge(struct les_rates *to, const struct les_rates *from);
void les_confusions_merge(struct les_confusions *to, const struct les_confusions *from);
/* Most frequent first. */
void les_confusions_sort(struct les_confusions *confusions);

/* As fractions; 0 where there is nothing to compare, 1 where there is only something read. */
double les_rates_cer(const struct les_rates *rates);
double les_rates_cer_normalised(const struct les_rates *rates);
double les_rates_wer(const struct les_rates *rates);

#endif
