/* Names of ground truth, one a line: what is paired is there, once, and never what was refused. */
#include "fuzz/fuzz.h"

#include "base/cleanup.h"
#include "jobs/pairing.h"

#include <stdlib.h>
#include <string.h>

static void check_pair(const struct les_entries *entries, const struct les_pairing *pairing,
		       const struct les_pair *pair, uint8_t *seen)
{
	FUZZ_HOLDS(pair->truth < entries->n && seen[pair->truth]++ == 0);
	FUZZ_HOLDS(entries->at[pair->truth].refused == LES_OK);
	if (pair->image == LES_PAIRING_NONE) {
		FUZZ_HOLDS(pair->layout);
		return;
	}
	FUZZ_HOLDS(pair->image < entries->n && seen[pair->image]++ == 0);
	FUZZ_HOLDS(entries->at[pair->image].refused == LES_OK);
	FUZZ_HOLDS(pairing->paired[pair->image] == LES_PAIRED_USED);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	LES_CLEANUP(les_entries_done) struct les_entries entries = LES_ENTRIES;
	LES_CLEANUP(les_pairing_done) struct les_pairing pairing = {0};

	while (n && entries.n < 1000) {
		const uint8_t *end = memchr(bytes, '\n', n);
		const size_t line = end ? (size_t)(end - bytes) : n;
		struct les_error why = {.kind = LES_OK};
		why.kind = les_entry_name_check((const char *)bytes, line, &why);
		les_entries_add(&entries, (const char *)bytes, line, 1,
				why.kind == LES_OK ? NULL : &why, NULL);
		bytes += line + (end != NULL);
		n -= line + (end != NULL);
	}
	if (les_pairing_run(&entries, &pairing, NULL) != LES_OK)
		return 0;
	LES_CLEANUP(les_free_p) uint8_t *seen = calloc(entries.n + 1ul, 1);
	for (uint32_t i = 0; seen && i < pairing.n; i++)
		check_pair(&entries, &pairing, &pairing.at[i], seen);
	for (uint32_t i = 0; i < entries.n; i++) {
		const uint32_t found =
			les_pairing_find_named(&pairing, &entries, i, entries.at[0].name);
		FUZZ_HOLDS(found == LES_PAIRING_NONE || (found < entries.n && found != i &&
							 entries.at[found].refused == LES_OK));
	}
	return 0;
}
