/* Line records: what is accepted says the same when it is written and read again. */
#include "fuzz/fuzz.h"

#include "base/cleanup.h"
#include "ipc/record.h"

#include <string.h>

LES_DEFINE_CLEANUP(struct les_page, les_page_free)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	LES_CLEANUP(les_page_free_p) struct les_page *page = les_page_new();
	LES_CLEANUP(les_page_free_p) struct les_page *again = les_page_new();
	LES_CLEANUP(les_buf_done) struct les_buf first = LES_BUF(LES_RECORDS_BYTES_MAX);
	LES_CLEANUP(les_buf_done) struct les_buf second = LES_BUF(LES_RECORDS_BYTES_MAX);

	if (!page || !again || les_records_parse(bytes, n, page, NULL) != LES_OK)
		return 0;
	for (uint32_t i = 0; i < page->lines_n; i++)
		FUZZ_HOLDS(page->lines[i].region < (int64_t)page->regions_n);
	les_records_encode(&first, page);
	FUZZ_HOLDS(les_records_parse(first.bytes, first.len, again, NULL) == LES_OK);
	les_records_encode(&second, again);
	FUZZ_HOLDS(first.len == second.len && memcmp(first.bytes, second.bytes, first.len) == 0);
	return 0;
}
