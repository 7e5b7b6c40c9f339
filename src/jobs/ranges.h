#ifndef LES_JOBS_RANGES_H
#define LES_JOBS_RANGES_H

#include "base/error.h"
#include "types/limits.h"

#include <stdbool.h>
#include <stdint.h>

/* Pages chosen by a person: "1-3,5", "7-", "" or NULL for all. */
struct les_ranges {
	uint64_t bits[(LES_PAGES_MAX + 63) / 64]; /* page n is bit n - 1 */
};

/* errors: ARG with the place that is wrong; LIMIT for a page beyond LES_PAGES_MAX. */
enum les_kind les_ranges_parse(const char *s, struct les_ranges *ret, struct les_error *reterr);

bool les_ranges_has(const struct les_ranges *ranges, uint32_t page);

/* The first chosen page after `after` (0 to begin) that is at most last; 0 where there is none. */
uint32_t les_ranges_next(const struct les_ranges *ranges, uint32_t after, uint32_t last);

/* How many chosen pages are at most last. */
uint32_t les_ranges_count(const struct les_ranges *ranges, uint32_t last);

#endif
