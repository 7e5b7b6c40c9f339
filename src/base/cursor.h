#ifndef LES_BASE_CURSOR_H
#define LES_BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The sticky byte cursor: every untrusted byte is read through it. Read all fields, test once;
 * after one read past the end all later reads give zeros. Numbers are little-endian.
 *
 *   struct les_rd r = les_rd(bytes, n);
 *   uint32_t w = les_rd_u32(&r), h = les_rd_u32(&r);
 *   if (!les_rd_done(&r)) return les_fail(reterr, LES_FORMAT, …);   leftovers are errors too
 */
struct les_rd {
	const uint8_t *p, *end;
	bool bad;
};

struct les_rd les_rd(const void *bytes, size_t n);

uint8_t les_rd_u8(struct les_rd *r);
uint16_t les_rd_u16(struct les_rd *r);
uint32_t les_rd_u32(struct les_rd *r);
uint64_t les_rd_u64(struct les_rd *r);
int32_t les_rd_i32(struct les_rd *r);

/* Big-endian, as image files have them. */
uint16_t les_rd_u16be(struct les_rd *r);
uint32_t les_rd_u32be(struct les_rd *r);

/* A float that is finite; NaN and infinities set bad. */
float les_rd_f32(struct les_rd *r);

/* n bytes where they lie, or NULL and bad. */
const uint8_t *les_rd_take(struct les_rd *r, size_t n);

/* A string as les_buf_str() writes it: at most max_bytes, valid UTF-8, no NUL inside. Lends the
 * bytes (not NUL-terminated) and their count; NULL, 0 and bad otherwise. */
const char *les_rd_str(struct les_rd *r, size_t max_bytes, size_t *ret_n);

/* A count from outside: bad if above max, or if so many items of at least item_bytes_min cannot fit
 * what is left. Gives 0 when bad, so that loops over it end. */
uint32_t les_rd_count(struct les_rd *r, uint32_t max, size_t item_bytes_min);

static inline size_t les_rd_left(const struct les_rd *r)
{
	return r->bad ? 0 : (size_t)(r->end - r->p);
}

/* True if everything was read and nothing is left over. */
static inline bool les_rd_done(const struct les_rd *r)
{
	return !r->bad && r->p == r->end;
}

/* Whether n bytes are well-formed UTF-8 (RFC 3629: no surrogates, no overlongs) without NUL. */
bool les_utf8_valid(const char *s, size_t n);

#endif
