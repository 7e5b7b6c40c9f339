#include "train/codec.h"

#include "base/cleanup.h"

#include <stdio.h>
#include <string.h>

void les_codec_done(struct les_codec *codec)
{
	les_arena_done(&codec->arena);
}

static size_t put_utf8(uint32_t code, char ret[5])
{
	static const uint8_t leads[4] = {0, 0xc0, 0xe0, 0xf0};
	size_t n = 0;

	if (code < 0x80) {
		ret[n++] = (char)code;
	} else {
		const uint32_t more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
		ret[n++] = (char)(leads[more] | code >> 6 * more);
		for (uint32_t i = more; i-- > 0;)
			ret[n++] = (char)(0x80 | (code >> 6 * i & 0x3f));
	}
	ret[n] = 0;
	return n;
}

/* A code of one label. */
static bool add_code(struct les_codec *codec, const char *text, size_t n, uint32_t label)
{
	struct les_code *code = &codec->codes[codec->codes_n];
	uint32_t *labels = les_arena_alloc(&codec->arena, 1, sizeof *labels);

	code->text = les_arena_strndup(&codec->arena, text, n);
	code->labels = labels;
	code->labels_n = 1;
	if (!labels || !code->text)
		return false;
	*labels = label;
	codec->codes_n++;
	return true;
}

static enum les_kind take_room(struct les_codec *codec, size_t codes_n, size_t classes,
			       struct les_error *reterr)
{
	codec->codes = les_arena_alloc(&codec->arena, codes_n, sizeof *codec->codes);
	codec->from = les_arena_alloc(&codec->arena, classes, sizeof *codec->from);
	if (!codec->codes || !codec->from)
		return les_fail(reterr, LES_NOMEM, "no memory for an alphabet");
	memset(codec->from, 0xff, classes * sizeof *codec->from);
	codec->from[0] = 0; /* the blank */
	return LES_OK;
}

enum les_kind les_codec_of_alphabet(const struct les_alphabet *alphabet, struct les_codec *codec,
				    struct les_error *reterr)
{
	enum les_kind kind = take_room(codec, alphabet->n, (size_t)alphabet->n + 1, reterr);

	codec->classes = 1;
	for (uint32_t i = 0; i < alphabet->n && kind == LES_OK; i++) {
		char text[5];
		const size_t n = put_utf8(alphabet->at[i].code, text);
		if (!add_code(codec, text, n, codec->classes++))
			kind = les_fail(reterr, LES_NOMEM, "no memory for an alphabet");
	}
	return kind;
}

/* The code that begins a text, NULL where none does. No code is another's beginning. */
static const struct les_code *code_at(const struct les_code *codes, uint32_t codes_n,
				      const char *text, size_t n)
{
	for (uint32_t i = 0; i < codes_n; i++) {
		const size_t len = strlen(codes[i].text);
		if (len > 0 && len <= n && memcmp(codes[i].text, text, len) == 0)
			return &codes[i];
	}
	return NULL;
}

/* Whether a character stands anywhere in the base's codes. */
static bool base_knows(const struct les_weights *base, const char *character)
{
	for (uint32_t i = 0; i < base->codes_n; i++)
		if (strstr(base->codes[i].text, character))
			return true;
	return false;
}

static enum les_kind fail_unknown(const struct les_weights *base,
				  const struct les_alphabet *alphabet, struct les_error *reterr)
{
	LES_CLEANUP(les_buf_done) struct les_buf words = LES_BUF(LES_MESSAGE_BYTES_MAX);
	char text[5];

	for (uint32_t i = 0; i < alphabet->n && words.len < 100; i++) {
		put_utf8(alphabet->at[i].code, text);
		if (!base_knows(base, text))
			les_buf_printf(&words, " %s", text);
	}
	return words.len ? les_fail(reterr, LES_UNSUPPORTED, "the base does not know:%s",
				    (const char *)words.bytes)
			 : LES_OK;
}

/* The base's codes as they are, with its labels. */
static void take_base(struct les_codec *codec, const struct les_weights *base, uint32_t classes)
{
	memcpy(codec->codes, base->codes, base->codes_n * sizeof *codec->codes);
	codec->codes_n = base->codes_n;
	codec->classes = classes;
	for (uint32_t i = 0; i < classes; i++)
		codec->from[i] = i;
}

static enum les_kind renew(struct les_codec *codec, const struct les_weights *base,
			   const struct les_alphabet *alphabet, struct les_error *reterr)
{
	enum les_kind kind = les_codec_of_alphabet(alphabet, codec, reterr);

	for (uint32_t i = 0; i < codec->codes_n && kind == LES_OK; i++)
		for (uint32_t k = 0; k < base->codes_n; k++)
			if (base->codes[k].labels_n == 1 &&
			    strcmp(base->codes[k].text, codec->codes[i].text) == 0)
				codec->from[codec->codes[i].labels[0]] = base->codes[k].labels[0];
	return kind;
}

enum les_kind les_codec_of_base(const struct les_weights *base, uint32_t base_classes,
				const struct les_alphabet *alphabet, enum les_resize resize,
				struct les_codec *codec, struct les_error *reterr)
{
	enum les_kind kind = LES_OK;

	if (resize == LES_RESIZE_NEW)
		return renew(codec, base, alphabet, reterr);
	if (resize == LES_RESIZE_FAIL)
		kind = fail_unknown(base, alphabet, reterr);
	if (kind == LES_OK)
		kind = take_room(codec, (size_t)base->codes_n + alphabet->n,
				 (size_t)base_classes + alphabet->n, reterr);
	if (kind != LES_OK)
		return kind;
	take_base(codec, base, base_classes);
	for (uint32_t i = 0; i < alphabet->n && kind == LES_OK; i++) {
		char text[5];
		const size_t n = put_utf8(alphabet->at[i].code, text);
		if (!base_knows(base, text) && !add_code(codec, text, n, codec->classes++))
			kind = les_fail(reterr, LES_NOMEM, "no memory for an alphabet");
	}
	return kind;
}

uint32_t les_codec_encode(const struct les_codec *codec, const char *text, size_t text_bytes,
			  uint32_t *ret, uint32_t *ret_missing_n)
{
	uint32_t n = 0, missing_n = 0;

	for (size_t at = 0; at < text_bytes;) {
		const struct les_code *code =
			code_at(codec->codes, codec->codes_n, text + at, text_bytes - at);
		if (!code) {
			missing_n++;
			do
				at++;
			while (at < text_bytes && (text[at] & 0xc0) == 0x80);
			continue;
		}
		for (uint32_t i = 0; i < code->labels_n; i++, n++)
			if (ret)
				ret[n] = code->labels[i];
		at += strlen(code->text);
	}
	*ret_missing_n = missing_n;
	return n;
}

void les_codec_decode(const struct les_codec *codec, const uint32_t *labels, uint32_t labels_n,
		      struct les_buf *out)
{
	for (uint32_t at = 0; at < labels_n;) {
		uint32_t step = 1;
		for (uint32_t i = 0; i < codec->codes_n; i++) {
			const struct les_code *code = &codec->codes[i];
			if (code->labels_n > labels_n - at ||
			    memcmp(code->labels, labels + at, code->labels_n * sizeof *labels) != 0)
				continue;
			les_buf_puts(out, code->text);
			step = code->labels_n;
			break;
		}
		at += step;
	}
}
