/* PAGE and ALTO: what is accepted crosses to lesart as records. */
#include "fuzz/fuzz.h"

#include "base/cleanup.h"
#include "decode/layout.h"
#include "ipc/record.h"

LES_DEFINE_CLEANUP(struct les_page, les_page_free)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	LES_CLEANUP(les_page_free_p) struct les_page *page = les_page_new();
	LES_CLEANUP(les_page_free_p) struct les_page *back = les_page_new();
	LES_CLEANUP(les_buf_done) struct les_buf records = LES_BUF(LES_RECORDS_BYTES_MAX);

	if (!page || !back || les_layout_parse(bytes, n, page, NULL) != LES_OK)
		return 0;
	les_records_encode(&records, page);
	FUZZ_HOLDS(!records.failed);
	FUZZ_HOLDS(les_records_parse(records.bytes, records.len, back, NULL) == LES_OK);
	FUZZ_HOLDS(back->lines_n == page->lines_n && back->regions_n == page->regions_n);
	return 0;
}
