#include "decode/header.h"

#include "base/cleanup.h"
#include "base/cursor.h"
#include "decode/exif.h"

#include <string.h>

/* Where EXIF lies inside a chunk; some writers put the JPEG's own prefix before it elsewhere too.
 */
static void take_exif(struct les_sniff *sniff, const uint8_t *chunk, size_t n)
{
	if (n >= 6 && memcmp(chunk, "Exif\0\0", 6) == 0) {
		chunk += 6;
		n -= 6;
	}
	sniff->orientation = les_exif_orientation(chunk, n);
}

/* ITU-T T.81: markers up to the first frame header. */
static bool read_jpeg(struct les_rd r, struct les_sniff *sniff)
{
	les_rd_take(&r, 2);
	while (!r.bad) {
		uint8_t marker = les_rd_u8(&r);
		if (marker != 0xff)
			continue; /* junk between segments: libjpeg skips it as well */
		while (marker == 0xff && !r.bad)
			marker = les_rd_u8(&r);
		if (marker == 0 || marker == 1 || (marker >= 0xd0 && marker <= 0xd8))
			continue; /* without a length */
		if (marker == 0xd9 || marker == 0xda)
			return false; /* pixels, or the end, before their size */
		uint16_t length = les_rd_u16be(&r);
		if (length < 2)
			return false;
		const uint8_t *segment = les_rd_take(&r, length - 2u);
		struct les_rd s = les_rd(segment, length - 2u);
		if (segment && marker == 0xe1 && length > 8 && memcmp(segment, "Exif\0\0", 6) == 0)
			take_exif(sniff, segment, length - 2u);
		if (marker < 0xc0 || marker > 0xcf || marker == 0xc4 || marker == 0xc8 ||
		    marker == 0xcc)
			continue;
		les_rd_u8(&s); /* bits a sample */
		sniff->h_px = les_rd_u16be(&s);
		sniff->w_px = les_rd_u16be(&s);
		return !s.bad;
	}
	return false;
}

/* PNG (ISO/IEC 15948): IHDR is the first chunk; eXIf stands before the pixels or after them. */
static bool read_png(struct les_rd r, struct les_sniff *sniff)
{
	les_rd_take(&r, 8);
	uint32_t length = les_rd_u32be(&r);
	const uint8_t *type = les_rd_take(&r, 4);
	sniff->w_px = les_rd_u32be(&r);
	sniff->h_px = les_rd_u32be(&r);
	les_rd_take(&r, 5 + 4);
	if (r.bad || length != 13 || memcmp(type, "IHDR", 4) != 0)
		return false;
	while (les_rd_left(&r) >= 12) {
		length = les_rd_u32be(&r);
		type = les_rd_take(&r, 4);
		const uint8_t *chunk = les_rd_take(&r, length);
		les_rd_u32be(&r); /* CRC */
		if (!r.bad && memcmp(type, "eXIf", 4) == 0)
			take_exif(sniff, chunk, length);
	}
	return true; /* a cut file is the decoder's to judge */
}

/* The first chunk of a WebP tells the size in one of three ways. */
static bool webp_size(const char *type, struct les_rd r, struct les_sniff *sniff)
{
	if (memcmp(type, "VP8X", 4) == 0) {
		les_rd_u32(&r); /* flags */
		sniff->w_px = 1 + (les_rd_u16(&r) | (uint32_t)les_rd_u8(&r) << 16);
		sniff->h_px = 1 + (les_rd_u16(&r) | (uint32_t)les_rd_u8(&r) << 16);
	} else if (memcmp(type, "VP8L", 4) == 0) {
		uint8_t signature = les_rd_u8(&r);
		uint32_t bits = les_rd_u32(&r);
		sniff->w_px = 1 + (bits & 0x3fff);
		sniff->h_px = 1 + (bits >> 14 & 0x3fff);
		return !r.bad && signature == 0x2f;
	} else if (memcmp(type, "VP8 ", 4) == 0) {
		const uint8_t *frame = les_rd_take(&r, 6);
		sniff->w_px = les_rd_u16(&r) & 0x3fff;
		sniff->h_px = les_rd_u16(&r) & 0x3fff;
		return !r.bad && memcmp(frame + 3, "\x9d\x01\x2a", 3) == 0;
	} else {
		return false;
	}
	return !r.bad;
}

/* WebP container: RIFF chunks, padded to even lengths. */
static bool read_webp(struct les_rd r, struct les_sniff *sniff)
{
	const uint8_t *riff = les_rd_take(&r, 12);

	if (!riff || memcmp(riff, "RIFF", 4) != 0)
		return false;
	for (bool first = true; les_rd_left(&r) >= 8; first = false) {
		const uint8_t *type = les_rd_take(&r, 4);
		uint32_t length = les_rd_u32(&r);
		size_t here = length < les_rd_left(&r) ? length : les_rd_left(&r);
		const uint8_t *chunk = les_rd_take(&r, here);
		if (first && !webp_size((const char *)type, les_rd(chunk, here), sniff))
			return false;
		if (memcmp(type, "EXIF", 4) == 0)
			take_exif(sniff, chunk, here);
		if (length % 2 && les_rd_left(&r))
			les_rd_u8(&r);
	}
	return sniff->w_px != 0;
}

/* The codestream's own SIZ marker (ISO/IEC 15444-1 A.5.1): what the decoder makes room for,
 * whatever the file's boxes around it say. */
static bool read_j2k(struct les_rd r, struct les_sniff *sniff)
{
	const uint8_t *soc_siz = les_rd_take(&r, 4);

	les_rd_take(&r, 4); /* length, capabilities */
	uint32_t x1 = les_rd_u32be(&r), y1 = les_rd_u32be(&r);
	uint32_t x0 = les_rd_u32be(&r), y0 = les_rd_u32be(&r);
	if (r.bad || memcmp(soc_siz, "\xff\x4f\xff\x51", 4) != 0 || x0 >= x1 || y0 >= y1)
		return false;
	sniff->w_px = x1 - x0;
	sniff->h_px = y1 - y0;
	les_rd_take(&r, 16); /* tiles */
	const uint32_t channels = les_rd_u16be(&r), bits = (les_rd_u8(&r) & 0x7fu) + 1;
	if (!r.bad) {
		sniff->channels = channels;
		sniff->channel_bits = bits;
	}
	return true;
}

/* JP2 boxes up to the codestream. */
static bool read_jp2(struct les_rd r, struct les_sniff *sniff)
{
	struct les_rd ahead = r;
	const uint8_t *start = les_rd_take(&ahead, 4);

	if (start && start[0] == 0xff)
		return read_j2k(r, sniff);
	while (les_rd_left(&r) >= 8) {
		uint64_t length = les_rd_u32be(&r);
		const uint8_t *type = les_rd_take(&r, 4);
		uint64_t header = 8;
		if (length == 1) {
			length = (uint64_t)les_rd_u32be(&r) << 32;
			length |= les_rd_u32be(&r);
			header = 16;
		}
		if (!r.bad && memcmp(type, "jp2c", 4) == 0)
			return read_j2k(r, sniff);
		if (r.bad || length < header || length - header > les_rd_left(&r))
			return false;
		les_rd_take(&r, (size_t)(length - header));
	}
	return false;
}

bool les_header_read(const uint8_t *bytes, size_t n, struct les_sniff *sniff)
{
	static bool (*const readers[LES_DOCUMENT_KIND_N])(struct les_rd, struct les_sniff *) = {
		[LES_DOCUMENT_JPEG] = read_jpeg,
		[LES_DOCUMENT_PNG] = read_png,
		[LES_DOCUMENT_WEBP] = read_webp,
		[LES_DOCUMENT_JP2] = read_jp2,
	};

	if (!readers[sniff->kind])
		return true;
	sniff->orientation = 1;
	return readers[sniff->kind](les_rd(bytes, n), sniff);
}
