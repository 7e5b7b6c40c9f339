#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BYTES = 256 };

/* Makes room for n more bytes and a NUL. */
static bool reserve(struct les_buf *buf, size_t n)
{
	size_t need;

	if (buf->failed)
		return false;
	if (__builtin_add_overflow(buf->len, n, &need) || need > buf->cap_bytes ||
	    __builtin_add_overflow(need, 1, &need)) {
		buf->failed = true;
		return false;
	}
	if (need <= buf->capacity)
		return true;
	size_t capacity = buf->capacity ? buf->capacity : FIRST_BYTES;
	while (capacity < need)
		capacity = capacity > SIZE_MAX / 2 ? need : capacity * 2;
	uint8_t *bytes = realloc(buf->bytes, capacity);
	if (!bytes) {
		buf->failed = true;
		return false;
	}
	buf->bytes = bytes;
	buf->capacity = capacity;
	return true;
}

void les_buf_put(struct les_buf *buf, const void *bytes, size_t n)
{
	if (!reserve(buf, n))
		return;
	if (n)
		memcpy(buf->bytes + buf->len, bytes, n);
	buf->len += n;
	buf->bytes[buf->len] = 0;
}

void les_buf_puts(struct les_buf *buf, const char *s)
{
	les_buf_put(buf, s, strlen(s));
}

void les_buf_vprintf(struct les_buf *buf, const char *format, va_list args)
{
	va_list again;

	va_copy(again, args);
	int n = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (n < 0) {
		buf->failed = true;
		return;
	}
	if (!reserve(buf, (size_t)n))
		return;
	vsnprintf((char *)buf->bytes + buf->len, (size_t)n + 1, format, args);
	buf->len += (size_t)n;
}

void les_buf_printf(struct les_buf *buf, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	les_buf_vprintf(buf, format, args);
	va_end(args);
}

static void put_little_endian(struct les_buf *buf, uint64_t v, size_t n)
{
	uint8_t bytes[8];

	for (size_t i = 0; i < n; i++)
		bytes[i] = (uint8_t)(v >> (8 * i));
	les_buf_put(buf, bytes, n);
}

void les_buf_u8(struct les_buf *buf, uint8_t v)
{
	put_little_endian(buf, v, 1);
}

void les_buf_u16(struct les_buf *buf, uint16_t v)
{
	put_little_endian(buf, v, 2);
}

void les_buf_u32(struct les_buf *buf, uint32_t v)
{
	put_little_endian(buf, v, 4);
}

void les_buf_u64(struct les_buf *buf, uint64_t v)
{
	put_little_endian(buf, v, 8);
}

void les_buf_i32(struct les_buf *buf, int32_t v)
{
	put_little_endian(buf, (uint32_t)v, 4);
}

void les_buf_f32(struct les_buf *buf, float v)
{
	uint32_t bits;

	memcpy(&bits, &v, sizeof bits);
	les_buf_u32(buf, bits);
}

void les_buf_str(struct les_buf *buf, const char *s)
{
	size_t n = strlen(s);

	if (n > UINT32_MAX) {
		buf->failed = true;
		return;
	}
	les_buf_u32(buf, (uint32_t)n);
	les_buf_put(buf, s, n);
}

void les_buf_reset(struct les_buf *buf)
{
	buf->len = 0;
	buf->failed = false;
	if (buf->bytes)
		buf->bytes[0] = 0;
}

char *les_buf_take(struct les_buf *buf)
{
	if (buf->failed || !reserve(buf, 0))
		return NULL;
	char *s = (char *)buf->bytes;
	s[buf->len] = 0;
	*buf = LES_BUF(buf->cap_bytes);
	return s;
}

void les_buf_done(struct les_buf *buf)
{
	free(buf->bytes);
	*buf = LES_BUF(buf->cap_bytes);
}
