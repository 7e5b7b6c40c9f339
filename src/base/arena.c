#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 16384, ALIGN_BYTES = _Alignof(max_align_t) };

struct les_arena_block {
	struct les_arena_block *next;
	size_t capacity_bytes;
	_Alignas(max_align_t) unsigned char bytes[];
};

static struct les_arena_block *block_add(struct les_arena *arena, size_t need)
{
	size_t capacity = need > BLOCK_BYTES ? need : BLOCK_BYTES;
	struct les_arena_block *block;

	if (need > arena->cap_bytes - arena->total_bytes)
		return NULL;
	block = calloc(1, sizeof *block + capacity);
	if (!block)
		return NULL;
	block->next = arena->blocks;
	block->capacity_bytes = capacity;
	arena->blocks = block;
	arena->used_bytes = 0;
	return block;
}

void *les_arena_alloc(struct les_arena *arena, size_t count, size_t size)
{
	struct les_arena_block *block = arena->blocks;
	size_t need;

	if (__builtin_mul_overflow(count, size, &need) || need > SIZE_MAX / 2)
		return NULL;
	need = (need + ALIGN_BYTES - 1) & ~(size_t)(ALIGN_BYTES - 1);
	if (need > arena->cap_bytes - arena->total_bytes)
		return NULL;
	if (!block || need > block->capacity_bytes - arena->used_bytes)
		block = block_add(arena, need);
	if (!block)
		return NULL;
	void *at = block->bytes + arena->used_bytes;
	arena->used_bytes += need;
	arena->total_bytes += need;
	return at;
}

char *les_arena_strndup(struct les_arena *arena, const char *s, size_t n)
{
	size_t size;
	char *copy;

	if (__builtin_add_overflow(n, 1, &size))
		return NULL;
	copy = les_arena_alloc(arena, size, 1);
	if (copy && n)
		memcpy(copy, s, n);
	return copy;
}

void les_arena_done(struct les_arena *arena)
{
	while (arena->blocks) {
		struct les_arena_block *next = arena->blocks->next;
		free(arena->blocks);
		arena->blocks = next;
	}
	arena->used_bytes = 0;
	arena->total_bytes = 0;
}
