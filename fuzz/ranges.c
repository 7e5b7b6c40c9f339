/* Page ranges: what is accepted names at least one page, in order. */
#include "fuzz/fuzz.h"

#include "jobs/ranges.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	char *text = strndup((const char *)bytes, n);
	struct les_ranges ranges;
	uint32_t counted = 0;

	if (text && les_ranges_parse(text, &ranges, NULL) == LES_OK) {
		for (uint32_t at = 0, next; (next = les_ranges_next(&ranges, at, LES_PAGES_MAX));
		     at = next, counted++)
			FUZZ_HOLDS(next > at && les_ranges_has(&ranges, next));
		FUZZ_HOLDS(counted >= 1 && counted == les_ranges_count(&ranges, LES_PAGES_MAX));
	}
	free(text);
	return 0;
}
