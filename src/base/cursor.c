#include "base/cursor.h"

#include <math.h>
#include <string.h>

struct les_rd les_rd(const void *bytes, size_t n)
{
	static const uint8_t nothing[1];
	const uint8_t *p = bytes ? bytes : nothing;

	return (struct les_rd){.p = p, .end = p + (bytes ? n : 0)};
}

const uint8_t *les_rd_take(struct les_rd *r, size_t n)
{
	if (r->bad || n > (size_t)(r->end - r->p)) {
		r->bad = true;
		return NULL;
	}
	const uint8_t *at = r->p;
	r->p += n;
	return at;
}

static uint64_t read_little_endian(struct les_rd *r, size_t n)
{
	const uint8_t *at = les_rd_take(r, n);
	uint64_t v = 0;

	for (size_t i = 0; at && i < n; i++)
		v |= (uint64_t)at[i] << (8 * i);
	return v;
}

uint8_t les_rd_u8(struct les_rd *r)
{
	return (uint8_t)read_little_endian(r, 1);
}

uint16_t les_rd_u16(struct les_rd *r)
{
	return (uint16_t)read_little_endian(r, 2);
}

uint32_t les_rd_u32(struct les_rd *r)
{
	return (uint32_t)read_little_endian(r, 4);
}

uint64_t les_rd_u64(struct les_rd *r)
{
	return read_little_endian(r, 8);
}

int32_t les_rd_i32(struct les_rd *r)
{
	return (int32_t)les_rd_u32(r);
}

static uint32_t read_big_endian(struct les_rd *r, size_t n)
{
	const uint8_t *at = les_rd_take(r, n);
	uint32_t v = 0;

	for (size_t i = 0; at && i < n; i++)
		v = v << 8 | at[i];
	return v;
}

uint16_t les_rd_u16be(struct les_rd *r)
{
	return (uint16_t)read_big_endian(r, 2);
}

uint32_t les_rd_u32be(struct les_rd *r)
{
	return read_big_endian(r, 4);
}

float les_rd_f32(struct les_rd *r)
{
	uint32_t bits = les_rd_u32(r);
	float v;

	memcpy(&v, &bits, sizeof v);
	if (isfinite(v))
		return v;
	r->bad = true;
	return 0;
}

const char *les_rd_str(struct les_rd *r, size_t max_bytes, size_t *ret_n)
{
	uint32_t n = les_rd_u32(r);
	const uint8_t *at = NULL;

	*ret_n = 0;
	if (n <= max_bytes)
		at = les_rd_take(r, n);
	if (!at || !les_utf8_valid((const char *)at, n)) {
		r->bad = true;
		return NULL;
	}
	*ret_n = n;
	return (const char *)at;
}

uint32_t les_rd_count(struct les_rd *r, uint32_t max, size_t item_bytes_min)
{
	uint32_t n = les_rd_u32(r);
	size_t need;

	if (n > max || __builtin_mul_overflow((size_t)n, item_bytes_min, &need) ||
	    need > les_rd_left(r)) {
		r->bad = true;
		return 0;
	}
	return n;
}

/* The number of bytes of the code point at s, 0 if it is malformed. */
static size_t utf8_sequence(const uint8_t *s, size_t left)
{
	static const struct {
		uint8_t lead_min, lead_max, second_min, second_max;
		uint8_t n;
	} rows[] = {
		{0x01, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (s[0] < rows[i].lead_min || s[0] > rows[i].lead_max)
			continue;
		if (rows[i].n > left)
			return 0;
		if (rows[i].n > 1 && (s[1] < rows[i].second_min || s[1] > rows[i].second_max))
			return 0;
		for (size_t k = 2; k < rows[i].n; k++)
			if (s[k] < 0x80 || s[k] > 0xbf)
				return 0;
		return rows[i].n;
	}
	return 0;
}

bool les_utf8_valid(const char *s, size_t n)
{
	for (size_t at = 0, step; at < n; at += step) {
		step = utf8_sequence((const uint8_t *)s + at, n - at);
		if (step == 0)
			return false;
	}
	return true;
}
