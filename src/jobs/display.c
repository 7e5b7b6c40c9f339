#include "jobs/display.h"

#include "base/cleanup.h"
#include "recognise/bidi.h"
#include "train/alphabet.h"
#include "train/text.h"

#include <stdlib.h>

static void put_code(struct les_buf *out, uint32_t c)
{
	if (c < 0x80) {
		les_buf_u8(out, (uint8_t)c);
		return;
	}
	if (c < 0x800) {
		les_buf_u8(out, (uint8_t)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			les_buf_u8(out, (uint8_t)(0xe0 | c >> 12));
		} else {
			les_buf_u8(out, (uint8_t)(0xf0 | c >> 18));
			les_buf_u8(out, (uint8_t)(0x80 | (c >> 12 & 0x3f)));
		}
		les_buf_u8(out, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
	}
	les_buf_u8(out, (uint8_t)(0x80 | (c & 0x3f)));
}

enum les_kind les_text_display(const char *text, struct les_buf *out, struct les_error *reterr)
{
	if (!les_text_is_mixed(text)) {
		les_buf_puts(out, text);
		return out->failed ? les_fail(reterr, LES_NOMEM, "no memory for a text") : LES_OK;
	}
	const uint32_t n = les_text_length(text);
	LES_CLEANUP(les_free_p) uint32_t *codes = calloc(n + 1ul, sizeof *codes);
	LES_CLEANUP(les_free_p) uint32_t *order = calloc(n + 1ul, sizeof *order);
	bool rtl;

	if (!codes || !order)
		return les_fail(reterr, LES_NOMEM, "no memory for a text");
	for (uint32_t i = 0; i < n; i++)
		codes[i] = les_alphabet_next(&text);
	/* the same turn leads there and back */
	enum les_kind kind = les_bidi_logical(codes, n, order, &rtl, reterr);
	for (uint32_t i = 0; i < n && kind == LES_OK; i++)
		put_code(out, codes[order[i]]);
	if (kind == LES_OK && out->failed)
		kind = les_fail(reterr, LES_NOMEM, "no memory for a text");
	return kind;
}
