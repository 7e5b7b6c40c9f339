#ifndef LES_TRAIN_TEXT_H
#define LES_TRAIN_TEXT_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* Transcriptions as a recogniser learns them. Ground truths follow different conventions; a
 * recogniser for several of them has to learn one. */
enum les_hyphens {
	LES_HYPHENS_KEEP,  /* as transcribed */
	LES_HYPHENS_ALIKE, /* ⸗ and ¬ become - */
	LES_HYPHENS_DROP,  /* as ALIKE, and a line's last - goes */
};
struct les_text_rules {
	bool decompose;     /* NFD; else NFC */
	bool round_s;       /* ſ becomes s */
	bool plain_quotes;  /* curly and low quotes become " and ' */
	bool expand_macron; /* m̄ and n̄ become mm and nn */
	enum les_hyphens hyphens;
};

/* Appends what is learnt of one transcribed line: in the normal form, every white space one U+0020
 * and none at the ends, control and format characters gone (but U+200C and U+200D), conventions as
 * ruled; still in logical order. text is UTF-8, borrowed. errors: FORMAT (not UTF-8), NOMEM.
 * source: kraken lib/dataset/utils.py get_reading_…, whose white space we fold in addition */
enum les_kind les_text_prepare(const struct les_text_rules *rules, const char *text,
			       struct les_buf *out, struct les_error *reterr);

/* Whether a text has characters that run from right to left (UAX #9: R, AL, AN). */
bool les_text_is_mixed(const char *text);

/* Code points of valid UTF-8. */
uint32_t les_text_length(const char *text);

#endif
