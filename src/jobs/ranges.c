#include "jobs/ranges.h"

#include <string.h>

/* Reads a page number at *s; 0 where there is none, UINT32_MAX where it is too large. */
static uint32_t number(const char **s)
{
	uint32_t n = 0;

	for (; **s >= '0' && **s <= '9'; (*s)++)
		n = n > LES_PAGES_MAX ? UINT32_MAX : n * 10 + (uint32_t)(**s - '0');
	return n > LES_PAGES_MAX ? UINT32_MAX : n;
}

static void add(struct les_ranges *ranges, uint32_t first, uint32_t last)
{
	for (uint32_t page = first; page <= last; page++)
		ranges->bits[(page - 1) / 64] |= 1ull << (page - 1) % 64;
}

enum les_kind les_ranges_parse(const char *s, struct les_ranges *ret, struct les_error *reterr)
{
	struct les_ranges ranges = {0};
	const char *p = s;

	if (!s || !*s) {
		add(&ranges, 1, LES_PAGES_MAX);
		*ret = ranges;
		return LES_OK;
	}
	for (;;) {
		const char *at = p;
		uint32_t first = number(&p), last = first;

		if (first && *p == '-') {
			p++;
			last = *p && *p != ',' ? number(&p) : LES_PAGES_MAX;
		}
		if (first == UINT32_MAX || last == UINT32_MAX)
			return les_fail(reterr, LES_LIMIT, "pages: \"%.40s\" is beyond page %u", at,
					LES_PAGES_MAX);
		if (first == 0 || last < first || (*p && *p != ','))
			return les_fail(
				reterr, LES_ARG,
				"pages: \"%.40s\" is not a list like 1-3,5 (wrong at \"%.20s\")", s,
				at);
		add(&ranges, first, last);
		if (!*p)
			break;
		p++;
	}
	*ret = ranges;
	return LES_OK;
}

bool les_ranges_has(const struct les_ranges *ranges, uint32_t page)
{
	return page >= 1 && page <= LES_PAGES_MAX &&
	       ranges->bits[(page - 1) / 64] >> (page - 1) % 64 & 1;
}

uint32_t les_ranges_next(const struct les_ranges *ranges, uint32_t after, uint32_t last)
{
	for (uint32_t page = after + 1; page <= last && page <= LES_PAGES_MAX; page++)
		if (les_ranges_has(ranges, page))
			return page;
	return 0;
}

uint32_t les_ranges_count(const struct les_ranges *ranges, uint32_t last)
{
	uint32_t n = 0;

	for (uint32_t page = 0; (page = les_ranges_next(ranges, page, last));)
		n++;
	return n;
}
