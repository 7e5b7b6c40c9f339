/* Lists of what lies in an archive: no accepted name leads out of it. */
#include "fuzz/fuzz.h"

#include "base/cleanup.h"
#include "ipc/entries.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	LES_CLEANUP(les_entries_done) struct les_entries entries = LES_ENTRIES;

	if (les_entries_parse(bytes, n, &entries, NULL) != LES_OK)
		return 0;
	for (uint32_t i = 0; i < entries.n; i++) {
		const char *name = entries.at[i].name;
		if (entries.at[i].refused != LES_OK)
			continue;
		const size_t len = strlen(name);
		FUZZ_HOLDS(name[0] != '/' && strncmp(name, "../", 3) != 0 && !strstr(name, "/../"));
		FUZZ_HOLDS(strcmp(name, "..") != 0 &&
			   (len < 3 || strcmp(name + len - 3, "/..") != 0));
	}
	return 0;
}
