#ifndef LES_BASE_ARENA_H
#define LES_BASE_ARENA_H

#include <stddef.h>

/* Memory that is given back all at once: one arena holds the geometry and the strings of a page.
 *
 *   LES_CLEANUP(les_arena_done) struct les_arena arena = LES_ARENA(LES_PAGE_TEXT_BYTES_MAX);
 */
struct les_arena_block;

struct les_arena {
	struct les_arena_block *blocks;
	size_t used_bytes; /* of the first block */
	size_t total_bytes;
	size_t cap_bytes;
};

#define LES_ARENA(cap) ((struct les_arena){.cap_bytes = (cap)})

/* count × size zeroed bytes, aligned for any type; NULL where memory or the cap is exhausted, or
 * the product overflows. Zero bytes give a valid pointer. Owned by the arena. */
void *les_arena_alloc(struct les_arena *arena, size_t count, size_t size);

/* A NUL-terminated copy of n bytes. NULL as above. Owned by the arena. */
char *les_arena_strndup(struct les_arena *arena, const char *s, size_t n);

/* Frees everything. The arena may be used again. */
void les_arena_done(struct les_arena *arena);

#endif
