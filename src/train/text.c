#include "train/text.h"

#include "base/cleanup.h"

#include <string.h>
#include <utf8proc.h>

enum {
	COMBINING_MACRON = 0x304,
	LONG_S = 0x17f,
	NOT_SIGN = 0xac,
	DOUBLE_OBLIQUE_HYPHEN = 0x2e17,
};

/* The text's code points one after the other, and what was written last. */
struct writer {
	const struct les_text_rules *rules;
	struct les_buf *out;
	bool space; /* one is due before the next character */
};

static void put(struct writer *w, utf8proc_int32_t code)
{
	utf8proc_uint8_t bytes[4];

	if (w->space && w->out->len)
		les_buf_u8(w->out, ' ');
	w->space = false;
	les_buf_put(w->out, bytes, (size_t)utf8proc_encode_char(code, bytes));
}

static bool is_white(utf8proc_int32_t code)
{
	const utf8proc_category_t category = utf8proc_category(code);

	return (code >= 9 && code <= 13) || code == 0x85 || category == UTF8PROC_CATEGORY_ZS ||
	       category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP;
}

/* Cannot be seen on paper. The joiners change how their neighbours are written. */
static bool is_invisible(utf8proc_int32_t code)
{
	const utf8proc_category_t category = utf8proc_category(code);

	return category == UTF8PROC_CATEGORY_CC ||
	       (category == UTF8PROC_CATEGORY_CF && code != 0x200c && code != 0x200d);
}

static utf8proc_int32_t plain_quote(utf8proc_int32_t code)
{
	switch (code) {
	case 0x201c:
	case 0x201d:
	case 0x201e:
	case 0x201f:
		return '"';
	case 0x2018:
	case 0x2019:
	case 0x201a:
	case 0x201b:
		return '\'';
	default:
		return code;
	}
}

static utf8proc_int32_t by_rule(const struct les_text_rules *rules, utf8proc_int32_t code)
{
	if (rules->round_s && code == LONG_S)
		return 's';
	if (rules->hyphens != LES_HYPHENS_KEEP &&
	    (code == NOT_SIGN || code == DOUBLE_OBLIQUE_HYPHEN))
		return '-';
	return rules->plain_quotes ? plain_quote(code) : code;
}

static void write_all(struct writer *w, const utf8proc_uint8_t *bytes, utf8proc_ssize_t n)
{
	utf8proc_int32_t code, before = 0;

	for (utf8proc_ssize_t at = 0; at < n;) {
		const utf8proc_ssize_t k = utf8proc_iterate(bytes + at, n - at, &code);
		if (k <= 0)
			return; /* cannot be: utf8proc wrote it */
		at += k;
		if (is_white(code)) {
			w->space = true;
			before = 0;
			continue;
		}
		if (is_invisible(code))
			continue;
		if (code == COMBINING_MACRON && w->rules->expand_macron &&
		    (before == 'm' || before == 'n'))
			code = before;
		before = code;
		put(w, by_rule(w->rules, code));
	}
}

static void drop_last_hyphen(struct les_buf *out)
{
	if (out->failed || out->len == 0 || out->bytes[out->len - 1] != '-')
		return;
	out->len--;
	while (out->len && out->bytes[out->len - 1] == ' ')
		out->len--;
	out->bytes[out->len] = 0;
}

static enum les_kind normal_form(const char *text, utf8proc_option_t form, utf8proc_uint8_t **ret,
				 utf8proc_ssize_t *ret_n, struct les_error *reterr)
{
	*ret_n = utf8proc_map((const utf8proc_uint8_t *)text, 0, ret,
			      UTF8PROC_NULLTERM | UTF8PROC_STABLE | form);
	if (*ret_n == UTF8PROC_ERROR_NOMEM)
		return les_fail(reterr, LES_NOMEM, "no memory for a text");
	return *ret_n < 0 ? les_fail(reterr, LES_FORMAT, "a transcription is not UTF-8") : LES_OK;
}

/* Rules see letters and marks apart; only then the text takes its form, so that what was between
 * the two, or in place of the letter, does not keep them from composing. */
enum les_kind les_text_prepare(const struct les_text_rules *rules, const char *text,
			       struct les_buf *out, struct les_error *reterr)
{
	LES_CLEANUP(les_free_p) utf8proc_uint8_t *apart = NULL;
	LES_CLEANUP(les_free_p) utf8proc_uint8_t *normal = NULL;
	LES_CLEANUP(les_buf_done) struct les_buf ruled = LES_BUF(out->cap_bytes);
	utf8proc_ssize_t n;
	enum les_kind kind = normal_form(text, UTF8PROC_DECOMPOSE, &apart, &n, reterr);

	if (kind != LES_OK)
		return kind;
	struct writer w = {rules, &ruled, false};
	les_buf_puts(&ruled, "");
	write_all(&w, apart, n);
	if (rules->hyphens == LES_HYPHENS_DROP)
		drop_last_hyphen(&ruled);
	if (ruled.failed)
		return les_fail(reterr, LES_NOMEM, "no memory for a text");
	kind = normal_form((const char *)ruled.bytes,
			   rules->decompose ? UTF8PROC_DECOMPOSE : UTF8PROC_COMPOSE, &normal, &n,
			   reterr);
	if (kind != LES_OK)
		return kind;
	les_buf_puts(out, (const char *)normal);
	return out->failed ? les_fail(reterr, LES_NOMEM, "no memory for a text") : LES_OK;
}

static utf8proc_int32_t next_code(const char **at)
{
	utf8proc_int32_t code = 0;
	const utf8proc_ssize_t k = utf8proc_iterate((const utf8proc_uint8_t *)*at, -1, &code);

	*at += k > 0 ? k : 1;
	return code;
}

bool les_text_is_mixed(const char *text)
{
	while (*text) {
		const utf8proc_property_t *p = utf8proc_get_property(next_code(&text));
		if (p->bidi_class == UTF8PROC_BIDI_CLASS_R ||
		    p->bidi_class == UTF8PROC_BIDI_CLASS_AL ||
		    p->bidi_class == UTF8PROC_BIDI_CLASS_AN)
			return true;
	}
	return false;
}

uint32_t les_text_length(const char *text)
{
	uint32_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}
