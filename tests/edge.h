#ifndef LES_TESTS_EDGE_H
#define LES_TESTS_EDGE_H

#include "base/cleanup.h"
#include "base/error.h"
#include "test.h"
#include "types/limits.h"

#include <string.h>

/* A cap at its edge: the cap itself is taken, one more is refused. */
struct edge {
	const char *what;
	enum les_kind (*at)(uint64_t value);
	uint64_t max;
	enum les_kind beyond;
};

static inline void edges_hold(const struct edge *edges, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const enum les_kind at = edges[i].at(edges[i].max);
		const enum les_kind beyond = edges[i].at(edges[i].max + 1);
		if (at != LES_OK || beyond != edges[i].beyond)
			fail_msg("%s: %s at the cap, %s beyond", edges[i].what,
				 les_kind_info(at)->name, les_kind_info(beyond)->name);
	}
}

/* n letters; good until the next call. */
static inline const char *letters(uint64_t n)
{
	static char s[LES_LINE_TEXT_BYTES_MAX + 2];

	assert_true(n < sizeof s);
	memset(s, 'a', n);
	s[n] = 0;
	return s;
}

#endif
