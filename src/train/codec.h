#ifndef LES_TRAIN_CODEC_H
#define LES_TRAIN_CODEC_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "train/alphabet.h"
#include "types/training.h"
#include "types/weights.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Characters and their labels. Codes lie in arena, in the order of their texts' code points for a
 * new one, behind the base's for what is added to a base. {.arena = LES_ARENA(…)} is empty. */
struct les_codec {
	struct les_arena arena;
	struct les_code *codes;
	uint32_t codes_n;
	uint32_t classes; /* labels with the blank */
	/* for each label the base's label whose weights it takes over, or UINT32_MAX */
	uint32_t *from;
};
void les_codec_done(struct les_codec *codec);

/* A label for each letter, from 1 on. source: kraken lib/codec.py, sorted code points */
enum les_kind les_codec_of_alphabet(const struct les_alphabet *alphabet, struct les_codec *codec,
				    struct les_error *reterr);

/* What becomes of a base's codes when it learns from texts of this alphabet. base_classes: labels
 * of the base's last layer. errors: UNSUPPORTED with the characters that a base to be kept as it is
 * does not know; NOMEM. source: kraken train/vgsl.py resize */
enum les_kind les_codec_of_base(const struct les_weights *base, uint32_t base_classes,
				const struct les_alphabet *alphabet, enum les_resize resize,
				struct les_codec *codec, struct les_error *reterr);

/* Labels of a text; characters without a code are left out, *ret_missing_n says how many. Returns
 * how many labels there are; ret (which may be NULL, to count) has room for them. */
uint32_t les_codec_encode(const struct les_codec *codec, const char *text, size_t text_bytes,
			  uint32_t *ret, uint32_t *ret_missing_n);

/* Appends the text that the labels stand for; labels without a code are left out. */
void les_codec_decode(const struct les_codec *codec, const uint32_t *labels, uint32_t labels_n,
		      struct les_buf *out);

#endif
