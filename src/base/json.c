#include "base/json.h"

#include "base/cursor.h"

#include <string.h>

/* Bytes of the code point at s: 1 to 4, or 0 where it is malformed. */
static size_t step_at(const char *s, size_t left)
{
	for (size_t n = 1; n <= 4 && n <= left; n++)
		if (les_utf8_valid(s, n))
			return n;
	return 0;
}

static void put_escape(struct les_buf *out, unsigned char c)
{
	static const char from[] = "\"\\\n\r\t";
	static const char *const to[] = {"\\\"", "\\\\", "\\n", "\\r", "\\t"};
	const char *hit = c ? strchr(from, c) : NULL;

	if (hit)
		les_buf_puts(out, to[hit - from]);
	else
		les_buf_printf(out, "\\u%04x", c);
}

void les_json_string(struct les_buf *out, const char *s)
{
	size_t left = strlen(s);

	les_buf_puts(out, "\"");
	while (left) {
		unsigned char c = (unsigned char)*s;
		size_t n = step_at(s, left);

		if (n == 0) {
			les_buf_puts(out, "\xef\xbf\xbd");
			n = 1;
		} else if (c < 0x20 || c == 0x7f || c == '"' || c == '\\') {
			put_escape(out, c);
		} else {
			les_buf_put(out, s, n);
		}
		s += n;
		left -= n;
	}
	les_buf_puts(out, "\"");
}
