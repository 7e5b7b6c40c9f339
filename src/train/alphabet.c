#include "train/alphabet.h"

#include <stdlib.h>
#include <string.h>

void les_alphabet_done(struct les_alphabet *alphabet)
{
	free(alphabet->at);
	*alphabet = (struct les_alphabet){0};
}

/* Where code stands, or would. */
static uint32_t place_of(const struct les_alphabet *alphabet, uint32_t code)
{
	uint32_t low = 0, high = alphabet->n;

	while (low < high) {
		const uint32_t middle = low + (high - low) / 2;
		if (alphabet->at[middle].code < code)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct les_letter *les_alphabet_lookup(const struct les_alphabet *alphabet, uint32_t code)
{
	const uint32_t at = place_of(alphabet, code);

	return at < alphabet->n && alphabet->at[at].code == code ? &alphabet->at[at] : NULL;
}

static enum les_kind count(struct les_alphabet *alphabet, uint32_t code, uint64_t times,
			   struct les_error *reterr)
{
	const uint32_t at = place_of(alphabet, code);

	if (at < alphabet->n && alphabet->at[at].code == code) {
		alphabet->at[at].count += times;
		return LES_OK;
	}
	if (alphabet->n == LES_CODES_MAX)
		return les_fail(reterr, LES_LIMIT, "more than %u different characters",
				LES_CODES_MAX);
	if (alphabet->n == alphabet->capacity) {
		const uint32_t more = alphabet->capacity ? 2 * alphabet->capacity : 128;
		struct les_letter *letters = realloc(alphabet->at, more * sizeof *letters);
		if (!letters)
			return les_fail(reterr, LES_NOMEM, "no memory for an alphabet");
		alphabet->at = letters;
		alphabet->capacity = more;
	}
	memmove(&alphabet->at[at + 1], &alphabet->at[at],
		(alphabet->n - at) * sizeof *alphabet->at);
	alphabet->at[at] = (struct les_letter){code, times};
	alphabet->n++;
	return LES_OK;
}

uint32_t les_alphabet_next(const char **at)
{
	const unsigned char *s = (const unsigned char *)*at;
	const uint32_t n = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	uint32_t code = n == 1 ? s[0] : s[0] & (0xffu >> (n + 1));

	if (!s[0])
		return 0;
	for (uint32_t i = 1; i < n; i++)
		code = code << 6 | (s[i] & 0x3fu);
	*at += n;
	return code;
}

enum les_kind les_alphabet_add(struct les_alphabet *alphabet, const char *text,
			       struct les_error *reterr)
{
	enum les_kind kind = LES_OK;

	for (uint32_t code; kind == LES_OK && (code = les_alphabet_next(&text));)
		kind = count(alphabet, code, 1, reterr);
	return kind;
}

enum les_kind les_alphabet_merge(struct les_alphabet *to, const struct les_alphabet *from,
				 struct les_error *reterr)
{
	enum les_kind kind = LES_OK;

	for (uint32_t i = 0; i < from->n && kind == LES_OK; i++)
		kind = count(to, from->at[i].code, from->at[i].count, reterr);
	return kind;
}
