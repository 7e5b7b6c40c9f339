/* Kinds and headers of documents, and EXIF by itself. */
#include "fuzz/fuzz.h"

#include "decode/exif.h"
#include "decode/sniff.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct les_sniff sniff = {0};

	if (les_sniff(bytes, n, &sniff, NULL) == LES_OK) {
		FUZZ_HOLDS(sniff.kind >= LES_DOCUMENT_PDF && sniff.kind < LES_DOCUMENT_KIND_N);
		FUZZ_HOLDS(sniff.orientation <= 8);
	}
	const uint32_t orientation = les_exif_orientation(bytes, n);
	FUZZ_HOLDS(orientation >= 1 && orientation <= 8);
	return 0;
}
