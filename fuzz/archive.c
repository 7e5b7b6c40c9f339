/* ZIPs: what is listed as readable has a fit name, and what is read has the size listed. */
#include "fuzz/fuzz.h"

#include "decode/archive.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	LES_CLEANUP(les_archive_close_p) struct les_archive *archive = NULL;
	LES_CLEANUP(les_entries_done) struct les_entries entries = LES_ENTRIES;

	if (les_archive_open(bytes, n, &archive, NULL) != LES_OK ||
	    les_archive_list(archive, &entries, NULL) != LES_OK)
		return 0;
	for (uint32_t i = 0; i < entries.n; i++) {
		const struct les_entry *e = &entries.at[i];
		LES_CLEANUP(les_free_p) uint8_t *content = NULL;
		size_t content_n;
		if (e->refused == LES_OK)
			FUZZ_HOLDS(les_entry_name_check(e->name, strlen(e->name), NULL) == LES_OK);
		if (les_archive_read(archive, i, 1 << 20, &content, &content_n, NULL) != LES_OK)
			continue;
		FUZZ_HOLDS(e->refused == LES_OK && content_n == e->bytes);
	}
	return 0;
}
