/* Transcriptions: whatever stands there, what is learnt is clean, and preparing it again changes
 * nothing. The first byte chooses the rules. */
#include "fuzz/fuzz.h"

#include "base/cleanup.h"
#include "base/cursor.h"
#include "train/alphabet.h"
#include "train/text.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	LES_CLEANUP(les_buf_done) struct les_buf once = LES_BUF(1 << 20);
	LES_CLEANUP(les_buf_done) struct les_buf twice = LES_BUF(1 << 20);
	LES_CLEANUP(les_alphabet_done) struct les_alphabet alphabet = {0};

	if (n == 0)
		return 0;
	const struct les_text_rules rules = {.decompose = bytes[0] & 1,
					     .round_s = bytes[0] & 2,
					     .plain_quotes = bytes[0] & 4,
					     .expand_macron = bytes[0] & 8,
					     .hyphens = (enum les_hyphens)((bytes[0] >> 4) % 2)};
	LES_CLEANUP(les_free_p) char *text = strndup((const char *)bytes + 1, n - 1);
	if (!text || les_text_prepare(&rules, text, &once, NULL) != LES_OK)
		return 0;
	const char *s = (const char *)once.bytes;
	FUZZ_HOLDS(les_utf8_valid(s, once.len) && strlen(s) == once.len);
	FUZZ_HOLDS(once.len == 0 || (s[0] != ' ' && s[once.len - 1] != ' ' && !strstr(s, "  ")));
	if (les_text_prepare(&rules, s, &twice, NULL) != LES_OK)
		return 0;
	FUZZ_HOLDS(twice.len == once.len && memcmp(twice.bytes, s, once.len) == 0);
	if (les_alphabet_add(&alphabet, s, NULL) != LES_OK)
		return 0;
	uint64_t letters = 0;
	for (uint32_t i = 0; i < alphabet.n; i++)
		letters += alphabet.at[i].count;
	FUZZ_HOLDS(letters == les_text_length(s));
	return 0;
}
