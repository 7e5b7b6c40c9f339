/* What is no document at all, or one of a kind that is not read. */
#include "tests/malformed/corpus.h"

#include "base/cleanup.h"

#include <string.h>

static void nothing(struct les_buf *out, unsigned variant)
{
	(void)variant;
	les_buf_puts(out, "");
}

static void one_byte(struct les_buf *out, unsigned variant)
{
	static const uint8_t bytes[] = {0x00, 0x25, 0xff, 0x89};

	les_buf_u8(out, bytes[variant]);
}

static void zeros(struct les_buf *out, unsigned variant)
{
	(void)variant;
	for (int i = 0; i < 100000; i++)
		les_buf_u8(out, 0);
}

static void words(struct les_buf *out, unsigned variant)
{
	static const char *const texts[] = {
		"Liebe Mutter, gestern kam Dein Brief.\n",
		("\x7f"
		 "ELF\2\1\1"),
		"BM6\0\0\0\0\0",
		"{\\rtf1}",
	};
	les_buf_puts(out, texts[variant]);
}

static void known_kinds(struct les_buf *out, unsigned variant)
{
	static const struct {
		const char *bytes;
		size_t n;
	} rows[] = {
		{"GIF89a\1\0\1\0\0\0\0;", 14},
		{"PK\3\4\24\0\0\0\0\0", 10},
		{"\0\0\0\x18"
		 "ftypheic\0\0\0\0",
		 16},
		{"%!PS-Adobe-3.0\nshowpage\n", 24},
	};
	les_buf_put(out, rows[variant].bytes, rows[variant].n);
}

/* Markup is a layout, never a document. */
static void markup(struct les_buf *out, unsigned variant)
{
	static const char *const texts[] = {
		"<?xml version='1.0'?><PcGts><Page/></PcGts>",
		"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><x>&e;</x>",
		"<html><img src='file:///etc/passwd'></html>",
		"<svg xmlns='http://www.w3.org/2000/svg'><image href='/etc/passwd'/></svg>",
	};
	les_buf_puts(out, texts[variant]);
}

/* The first bytes of one kind before the bytes of another. */
static void wrong_magic(struct les_buf *out, unsigned variant)
{
	static const struct {
		const char *bytes;
		size_t n;
	} magics[] = {
		{"\x89PNG\r\n\x1a\n", 8},        {"\xff\xd8\xff\xe0", 4},
		{"II*\0\10\0\0\0", 8},           {"RIFF\xff\0\0\0WEBPVP8 ", 16},
		{"\0\0\0\14jP  \r\n\x87\n", 12},
	};
	struct les_buf body = LES_BUF(DOCUMENT_BYTES_MAX);

	document_pdf_scan(&body, 0);
	memcpy(body.bytes, magics[variant].bytes, magics[variant].n);
	memset(body.bytes + magics[variant].n, 'x', 32);
	les_buf_put(out, body.bytes, body.len);
	les_buf_done(&body);
}

const struct malformed malformed_others[] = {
	{.name = "nothing", .build = nothing, .want = IS_FORMAT},
	{.name = "one byte", .build = one_byte, .variants = 4, .want = IS_FORMAT},
	{.name = "zeros", .build = zeros, .want = IS_FORMAT},
	{.name = "words", .build = words, .variants = 4, .want = IS_FORMAT | IS_UNSUPPORTED},
	{.name = "known kinds", .build = known_kinds, .variants = 4, .want = IS_UNSUPPORTED},
	{.name = "markup", .build = markup, .variants = 4, .want = IS_UNSUPPORTED | IS_FORMAT},
	{.name = "wrong magic", .build = wrong_magic, .variants = 5, .want = IS_FORMAT},
};
const size_t malformed_others_n = LES_COUNT(malformed_others);
