#include "decode/sniff.h"

#include "base/cleanup.h"
#include "base/cursor.h"
#include "decode/header.h"
#include "decode/model.h"

#include <string.h>

enum {
	PDF_JUNK_BYTES_MAX = 1024, /* what readers tolerate before %PDF- */
};

/* Magic bytes at an offset. Where two fit, the first one wins. */
static const struct magic {
	uint16_t at, n;
	const char *bytes;
	enum les_document_kind kind; /* 0: known, and not read */
	const char *name;
} magics[] = {
	{0, 5, "%PDF-", LES_DOCUMENT_PDF, "PDF"},
	{0, 4, "II*\0", LES_DOCUMENT_TIFF, "TIFF"},
	{0, 4, "MM\0*", LES_DOCUMENT_TIFF, "TIFF"},
	{0, 4, "II+\0", LES_DOCUMENT_TIFF, "BigTIFF"},
	{0, 4, "MM\0+", LES_DOCUMENT_TIFF, "BigTIFF"},
	{0, 3, "\xff\xd8\xff", LES_DOCUMENT_JPEG, "JPEG"},
	{0, 8, "\x89PNG\r\n\x1a\n", LES_DOCUMENT_PNG, "PNG"},
	{8, 4, "WEBP", LES_DOCUMENT_WEBP, "WebP"},
	{0, 12, "\0\0\0\x0cjP  \r\n\x87\n", LES_DOCUMENT_JP2, "JPEG 2000"},
	{0, 4, "\xff\x4f\xff\x51", LES_DOCUMENT_JP2, "JPEG 2000"},
	{0, 4, "GIF8", 0, "GIF"},
	{0, 2, "BM", 0, "BMP"},
	{0, 3, "P4\n", 0, "PNM"},
	{0, 3, "P5\n", 0, "PNM"},
	{0, 3, "P6\n", 0, "PNM"},
	{0, 4, "PK\3\4", 0, "ZIP or an office document"},
	{0, 8, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0, "an old office document"},
	{4, 8, "ftypheic", 0, "HEIC"},
	{4, 8, "ftypheix", 0, "HEIC"},
	{4, 8, "ftypmif1", 0, "HEIF"},
	{4, 8, "ftypavif", 0, "AVIF"},
	{4, 4, "ftyp", 0, "a video"},
	{0, 8, "AT&TFORM", 0, "DjVu"},
	{0, 4, "8BPS", 0, "Photoshop"},
	{0, 8, "gimp xcf", 0, "GIMP"},
	{0, 2, "\x1f\x8b", 0, "gzip"},
	{0, 3, "BZh", 0, "bzip2"},
	{0, 6,
	 "\xfd"
	 "7zXZ\0",
	 0, "xz"},
	{0, 6, "7z\xbc\xaf\x27\x1c", 0, "7-Zip"},
	{0, 4, "Rar!", 0, "RAR"},
	{0, 2, "%!", 0, "PostScript"},
	{0, 5, "{\\rtf", 0, "RTF"},
	{0, 12, "\0\0\0\x0cJXL \r\n\x87\n", 0, "JPEG XL"},
	{0, 2, "\xff\x0a", 0, "JPEG XL"},
	{0, 8, "\x97JB2\r\n\x1a\n", 0, "JBIG2"},
};

static const struct magic *magic_find(const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < LES_COUNT(magics); i++) {
		const struct magic *m = &magics[i];
		if (n >= (size_t)m->at + m->n && memcmp(bytes + m->at, m->bytes, m->n) == 0)
			return m;
	}
	return NULL;
}

/* Markup: a '<' after an optional byte order mark and white space; UTF-16 by its mark alone. */
static bool is_xml(const uint8_t *bytes, size_t n)
{
	size_t at = 0;

	if (n >= 4 &&
	    (memcmp(bytes, "\xff\xfe<\0", 4) == 0 || memcmp(bytes, "\xfe\xff\0<", 4) == 0))
		return true;
	if (n >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
		at = 3;
	while (at < n && at < 256 && strchr(" \t\r\n", bytes[at]) && bytes[at])
		at++;
	return at < n && bytes[at] == '<';
}

static bool is_pdf_after_junk(const uint8_t *bytes, size_t n)
{
	return memmem(bytes, n < PDF_JUNK_BYTES_MAX ? n : PDF_JUNK_BYTES_MAX, "%PDF-", 5);
}

enum les_kind les_sniff(const uint8_t *bytes, size_t n, struct les_sniff *ret,
			struct les_error *reterr)
{
	const struct magic *m = magic_find(bytes, n);
	struct les_sniff found = {0};

	if (n == 0)
		return les_fail(reterr, LES_FORMAT, "the file is empty");
	if (m)
		found.kind = m->kind;
	else if (is_xml(bytes, n))
		found.kind = LES_DOCUMENT_XML;
	else if (is_pdf_after_junk(bytes, n))
		found.kind = LES_DOCUMENT_PDF;
	else if (les_model_sniff(bytes, n) != LES_MODEL_NONE)
		return les_fail(reterr, LES_UNSUPPORTED,
				"the file is a model of kraken; lesart model import takes it");
	else
		return les_fail(reterr, LES_FORMAT,
				"neither PDF nor an image: its first bytes say nothing known");
	if (found.kind == 0)
		return les_fail(reterr, LES_UNSUPPORTED, "the file is %s, which is not read",
				m->name);
	if (!les_header_read(bytes, n, &found))
		return les_fail(reterr, LES_FORMAT,
				"a %s image whose header is cut short or damaged",
				les_document_kind_name(found.kind));
	*ret = found;
	return LES_OK;
}

const char *les_document_kind_name(enum les_document_kind kind)
{
	for (size_t i = 0; i < LES_COUNT(magics); i++)
		if (magics[i].kind == kind)
			return magics[i].name;
	return "XML";
}
