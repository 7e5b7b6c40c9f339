#include "decode/sniff.h"

#include "base/cleanup.h"
#include "base/cursor.h"

#include <string.h>

struct magic {
	const char *bytes;
	uint8_t n, at;
	int kind; /* 0: known, but not read */
	const char *name;
};

static const struct magic magics[] = {
	{"\x89PNG\r\n\x1a\n", 8, 0, LES_DOCUMENT_PNG, "PNG"},
	{"\xff\xd8\xff", 3, 0, LES_DOCUMENT_JPEG, "JPEG"},
	{"II*\0", 4, 0, LES_DOCUMENT_TIFF, "TIFF"},
	{"MM\0*", 4, 0, LES_DOCUMENT_TIFF, "TIFF"},
	{"II+\0", 4, 0, LES_DOCUMENT_TIFF, "BigTIFF"},
	{"MM\0+", 4, 0, LES_DOCUMENT_TIFF, "BigTIFF"},
	{"WEBP", 4, 8, LES_DOCUMENT_WEBP, "WebP"},
	{"\0\0\0\x0cjP  \r\n\x87\n", 12, 0, LES_DOCUMENT_JP2, "JPEG 2000"},
	{"\xff\x4f\xff\x51", 4, 0, LES_DOCUMENT_JP2, "JPEG 2000 codestream"},
	{"GIF8", 4, 0, 0, "GIF"},
	{"BM", 2, 0, 0, "BMP"},
	{"PK\x03\x04", 4, 0, 0, "ZIP (or DOCX, ODT, EPUB)"},
	{"\xd0\xcf\x11\xe0", 4, 0, 0, "old Office document"},
	{"8BPS", 4, 0, 0, "Photoshop"},
	{"AT&TFORM", 8, 0, 0, "DjVu"},
	{"ftypheic", 8, 4, 0, "HEIC"},
	{"ftypavif", 8, 4, 0, "AVIF"},
	{"%!PS", 4, 0, 0, "PostScript"},
	{"{\\rtf", 5, 0, 0, "RTF"},
};

enum { PDF_HEADER_WITHIN = 1024 }; /* junk before %PDF- is common and allowed by readers */

static bool is_xml(const uint8_t *bytes, size_t n)
{
	static const char bom[] = "\xef\xbb\xbf";
	size_t at = n >= 3 && memcmp(bytes, bom, 3) == 0 ? 3 : 0;

	while (at < n && at < 64 && memchr(" \t\r\n", bytes[at], 4))
		at++;
	return n - at >= 5 &&
	       (memcmp(bytes + at, "<?xml", 5) == 0 || memcmp(bytes + at, "<PcGt", 5) == 0 ||
		memcmp(bytes + at, "<alto", 5) == 0);
}

bool les_sniff(const uint8_t *bytes, size_t n, enum les_document_kind *ret, const char **ret_known)
{
	size_t head = n < PDF_HEADER_WITHIN ? n : PDF_HEADER_WITHIN;

	*ret_known = NULL;
	for (size_t i = 0; i < LES_COUNT(magics); i++) {
		const struct magic *m = &magics[i];
		if (n < (size_t)m->at + m->n || memcmp(bytes + m->at, m->bytes, m->n) != 0)
			continue;
		*ret_known = m->name;
		*ret = (enum les_document_kind)m->kind;
		return m->kind != 0;
	}
	if (is_xml(bytes, n)) {
		*ret = LES_DOCUMENT_XML;
		return true;
	}
	if (head && memmem(bytes, head, "%PDF-", 5)) {
		*ret = LES_DOCUMENT_PDF;
		return true;
	}
	return false;
}

/* TIFF numbers inside EXIF, in the block's own byte order. */
struct exif {
	const uint8_t *bytes;
	size_t n;
	bool big_endian;
};

static uint32_t exif_number(const struct exif *exif, size_t at, size_t size)
{
	uint32_t v = 0;

	if (at > exif->n || size > exif->n - at)
		return 0;
	for (size_t i = 0; i < size; i++) {
		size_t k = exif->big_endian ? size - 1 - i : i;
		v |= (uint32_t)exif->bytes[at + i] << (8 * k);
	}
	return v;
}

static uint32_t orientation_in(const struct exif *exif)
{
	enum { ENTRY_BYTES = 12, TAG_ORIENTATION = 0x0112, TYPE_SHORT = 3 };
	size_t directory = exif_number(exif, 4, 4);
	uint32_t entries = exif_number(exif, directory, 2);

	for (uint32_t i = 0; i < entries; i++) {
		size_t at = directory + 2 + (size_t)i * ENTRY_BYTES;
		if (at > exif->n)
			break;
		if (exif_number(exif, at, 2) != TAG_ORIENTATION)
			continue;
		uint32_t value = exif_number(exif, at + 8, 2);
		bool ok = exif_number(exif, at + 2, 2) == TYPE_SHORT && value >= 1 && value <= 8;
		return ok ? value : 1;
	}
	return 1;
}

uint32_t les_exif_orientation(const uint8_t *jpeg, size_t n)
{
	struct les_rd r = les_rd(jpeg, n);

	les_rd_take(&r, 2);
	for (;;) { /* segments: ff marker, length (big-endian, itself included) */
		const uint8_t *head = les_rd_take(&r, 4);
		if (!head || head[0] != 0xff || head[1] == 0xda || head[1] == 0xd9)
			return 1;
		size_t length = (size_t)head[2] << 8 | head[3];
		const uint8_t *body = length >= 2 ? les_rd_take(&r, length - 2) : NULL;
		if (!body)
			return 1;
		if (head[1] != 0xe1 || length < 2 + 14 || memcmp(body, "Exif\0\0", 6) != 0)
			continue;
		struct exif exif = {body + 6, length - 2 - 6, body[6] == 'M'};
		return orientation_in(&exif);
	}
}
