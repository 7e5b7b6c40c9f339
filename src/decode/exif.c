#include "decode/exif.h"

#include "base/cursor.h"

#include <string.h>

enum { TAG_ORIENTATION = 0x0112, TYPE_SHORT = 3, UPRIGHT = 1 };

/* A TIFF block is in the byte order that its first two bytes name. */
struct block {
	struct les_rd r;
	bool big_endian;
};

static uint16_t u16(struct block *b)
{
	return b->big_endian ? les_rd_u16be(&b->r) : les_rd_u16(&b->r);
}

static uint32_t u32(struct block *b)
{
	return b->big_endian ? les_rd_u32be(&b->r) : les_rd_u32(&b->r);
}

uint32_t les_exif_orientation(const uint8_t *bytes, size_t n)
{
	struct block b = {.r = les_rd(bytes, n)};
	const uint8_t *order = les_rd_take(&b.r, 2);

	if (!order || (memcmp(order, "II", 2) != 0 && memcmp(order, "MM", 2) != 0))
		return UPRIGHT;
	b.big_endian = order[0] == 'M';
	uint16_t magic = u16(&b);
	uint32_t directory = u32(&b);
	if (b.r.bad || magic != 42 || directory < 8)
		return UPRIGHT;
	les_rd_take(&b.r, directory - 8);
	for (uint16_t left = u16(&b); left > 0 && !b.r.bad; left--) {
		uint16_t tag = u16(&b), type = u16(&b);
		uint32_t count = u32(&b);
		uint16_t value = u16(&b);
		u16(&b); /* the field's other half */
		if (tag == TAG_ORIENTATION && !b.r.bad)
			return type == TYPE_SHORT && count == 1 && value >= 1 && value <= 8
				       ? value
				       : UPRIGHT;
	}
	return UPRIGHT;
}
