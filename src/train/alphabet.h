#ifndef LES_TRAIN_ALPHABET_H
#define LES_TRAIN_ALPHABET_H

#include "base/error.h"
#include "types/limits.h"

#include <stdint.h>

/* How often each character stands in the texts; code points ascending. Label i + 1 of a recogniser
 * trained on them is at[i]; label 0 is the blank. {0} is empty. */
struct les_letter {
	uint32_t code;
	uint64_t count;
};
struct les_alphabet {
	struct les_letter *at;
	uint32_t n, capacity;
};
void les_alphabet_done(struct les_alphabet *alphabet);

/* Counts a text's code points. text is valid UTF-8. errors: LIMIT (LES_CODES_MAX), NOMEM. */
enum les_kind les_alphabet_add(struct les_alphabet *alphabet, const char *text,
			       struct les_error *reterr);
enum les_kind les_alphabet_merge(struct les_alphabet *to, const struct les_alphabet *from,
				 struct les_error *reterr);

/* The letter, or NULL. */
const struct les_letter *les_alphabet_lookup(const struct les_alphabet *alphabet, uint32_t code);

/* The next code point of valid UTF-8, moving *at past it; 0 at the end. */
uint32_t les_alphabet_next(const char **at);

#endif
