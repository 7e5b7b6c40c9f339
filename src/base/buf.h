#ifndef LES_BASE_BUF_H
#define LES_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A growing byte buffer with a cap. Errors are sticky: after one failed append every later one is a
 * no-op and `failed` stays set, so that a writer appends freely and tests once at the end.
 *
 *   LES_CLEANUP(les_buf_done) struct les_buf buf = LES_BUF(LES_EXPORT_BYTES_MAX);
 */
struct les_buf {
	uint8_t *bytes; /* always NUL-terminated once something was appended */
	size_t len;
	size_t capacity;
	size_t cap_bytes;
	bool failed; /* out of memory or over the cap */
};

#define LES_BUF(cap) ((struct les_buf){.cap_bytes = (cap)})

void les_buf_put(struct les_buf *buf, const void *bytes, size_t n);
void les_buf_puts(struct les_buf *buf, const char *s);
void les_buf_printf(struct les_buf *buf, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void les_buf_vprintf(struct les_buf *buf, const char *format, va_list args);

/* Little-endian numbers, and strings as u32 length + bytes without NUL: what les_rd reads back. */
void les_buf_u8(struct les_buf *buf, uint8_t v);
void les_buf_u16(struct les_buf *buf, uint16_t v);
void les_buf_u32(struct les_buf *buf, uint32_t v);
void les_buf_u64(struct les_buf *buf, uint64_t v);
void les_buf_i32(struct les_buf *buf, int32_t v);
void les_buf_f32(struct les_buf *buf, float v);
void les_buf_str(struct les_buf *buf, const char *s);

/* Forgets the content and the failure, keeps the memory. */
void les_buf_reset(struct les_buf *buf);

/* The content as a heap string that the caller frees; the buffer is left empty. NULL if failed. */
char *les_buf_take(struct les_buf *buf);

void les_buf_done(struct les_buf *buf);

#endif
