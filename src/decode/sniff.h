#ifndef LES_DECODE_SNIFF_H
#define LES_DECODE_SNIFF_H

#include "base/error.h"
#include "types/page.h"

#include <stddef.h>
#include <stdint.h>

/* What a document's first bytes and an image's header tell, before any library sees them. */
struct les_sniff {
	enum les_document_kind kind;
	/* Images but TIFF (whose pages each have their own): the size as stored, and EXIF's
	 * orientation, 1 where there is none. Zeros for the other kinds. */
	uint32_t w_px, h_px;
	uint32_t orientation;
	uint32_t channels, channel_bits; /* JPEG 2000; 0 where the header does not say */
};

/* Finds the kind by the bytes alone and reads an image's header. errors: FORMAT (no kind we know,
 * or a header cut short); UNSUPPORTED (a kind we know and do not read, with its name). */
enum les_kind les_sniff(const uint8_t *bytes, size_t n, struct les_sniff *ret,
			struct les_error *reterr);

/* "PDF", "TIFF" … for words to people. */
const char *les_document_kind_name(enum les_document_kind kind);

#endif
