#include "ipc/entries.h"

#include "base/cursor.h"

#include <stdlib.h>
#include <string.h>

enum {
	MAGIC = 0x314e454c, /* "LEN1" */
	ENTRY_BYTES_MIN = 4 + 8 + 4 + 4
};

void les_entries_done(struct les_entries *entries)
{
	les_arena_done(&entries->arena);
	free(entries->at);
	*entries = (struct les_entries){0};
}

/* One part of a name, between slashes. */
static enum les_kind check_part(const char *part, size_t n, struct les_error *reterr)
{
	if (n == 0)
		return les_fail(reterr, LES_FORBIDDEN, "its path has an empty part");
	if (n == 1 && part[0] == '.')
		return les_fail(reterr, LES_FORBIDDEN, "its path has a part \".\"");
	if (n == 2 && part[0] == '.' && part[1] == '.')
		return les_fail(reterr, LES_FORBIDDEN, "its path leads out by \"..\"");
	return LES_OK;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static enum les_kind check_characters(const char *name, size_t n, struct les_error *reterr)
{
	if (n == 0)
		return les_fail(reterr, LES_FORBIDDEN, "it has no name");
	if (n > LES_ENTRY_NAME_BYTES_MAX)
		return les_fail(reterr, LES_LIMIT, "its name has %zu bytes, more than %u", n,
				LES_ENTRY_NAME_BYTES_MAX);
	if (memchr(name, 0, n))
		return les_fail(reterr, LES_FORBIDDEN, "its name has a NUL inside");
	if (!les_utf8_valid(name, n))
		return les_fail(reterr, LES_FORBIDDEN, "its name is not UTF-8");
	if (memchr(name, '\\', n))
		return les_fail(reterr, LES_FORBIDDEN, "its name has a backslash");
	if (name[0] == '/')
		return les_fail(reterr, LES_FORBIDDEN, "its path is absolute");
	if (n >= 2 && is_letter(name[0]) && name[1] == ':')
		return les_fail(reterr, LES_FORBIDDEN, "its path begins with a drive");
	for (size_t i = 0; i < n; i++) /* it is UTF-8: a lead byte is never the last */
		if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f ||
		    (name[i] == '\xc2' && (unsigned char)name[i + 1] < 0xa0))
			return les_fail(reterr, LES_FORBIDDEN, "its name has control characters");
	return LES_OK;
}

enum les_kind les_entry_name_check(const char *name, size_t n, struct les_error *reterr)
{
	enum les_kind kind = check_characters(name, n, reterr);
	uint32_t depth = 0;

	for (size_t from = 0; kind == LES_OK && from <= n;) {
		const char *slash = memchr(name + from, '/', n - from);
		size_t end = slash ? (size_t)(slash - name) : n;
		kind = check_part(name + from, end - from, reterr);
		depth += slash != NULL;
		from = end + 1;
	}
	if (kind == LES_OK && depth > LES_ENTRY_DEPTH_MAX)
		kind = les_fail(reterr, LES_LIMIT, "it lies more than %u folders deep",
				LES_ENTRY_DEPTH_MAX);
	return kind;
}

/* A name that can be shown, whatever its bytes. */
static const char *shown(struct les_arena *arena, const char *name, size_t n)
{
	const size_t cut = n > LES_ENTRY_NAME_BYTES_MAX ? LES_ENTRY_NAME_BYTES_MAX : n;
	char *copy = les_arena_strndup(arena, name, cut);
	const bool valid = les_utf8_valid(name, cut);

	for (size_t i = 0; copy && i < cut; i++) {
		const unsigned char c = (unsigned char)copy[i];
		if (c < 0x20 || c == 0x7f || (c >= 0x80 && !valid))
			copy[i] = '?';
		else if (c == 0xc2 && (unsigned char)copy[i + 1] < 0xa0)
			copy[i] = copy[i + 1] = '?';
	}
	return copy;
}

static enum les_kind push(struct les_entries *entries, const struct les_entry *entry,
			  struct les_error *reterr)
{
	if (entries->n == LES_ENTRIES_MAX)
		return les_fail(reterr, LES_LIMIT, "more than %u entries", LES_ENTRIES_MAX);
	if (entries->n == entries->capacity) {
		uint32_t more = entries->capacity ? 2 * entries->capacity : 256;
		struct les_entry *at = realloc(entries->at, more * sizeof *at);
		if (!at)
			return les_fail(reterr, LES_NOMEM, "no memory for a list of entries");
		entries->at = at;
		entries->capacity = more;
	}
	entries->at[entries->n++] = *entry;
	return LES_OK;
}

enum les_kind les_entries_add(struct les_entries *entries, const char *name, size_t name_bytes,
			      uint64_t bytes, const struct les_error *why, struct les_error *reterr)
{
	struct les_entry entry = {.name = shown(&entries->arena, name, name_bytes),
				  .bytes = bytes,
				  .refused = why ? why->kind : LES_OK,
				  .why = ""};

	if (why)
		entry.why = les_arena_strndup(&entries->arena, why->message, strlen(why->message));
	if (!entry.name || !entry.why)
		return les_fail(reterr, LES_NOMEM, "no memory for a list of entries");
	return push(entries, &entry, reterr);
}

void les_entries_encode(struct les_buf *out, const struct les_entries *entries)
{
	les_buf_u32(out, MAGIC);
	les_buf_u32(out, entries->n);
	for (uint32_t i = 0; i < entries->n; i++) {
		const struct les_entry *e = &entries->at[i];
		les_buf_str(out, e->name);
		les_buf_u64(out, e->bytes);
		les_buf_i32(out, e->refused);
		les_buf_str(out, e->why);
	}
}

/* One entry; false where it is malformed or a name that must not come. */
static bool take(struct les_rd *r, struct les_arena *arena, struct les_entry *ret)
{
	size_t name_n, why_n;
	const char *name = les_rd_str(r, LES_ENTRY_NAME_BYTES_MAX, &name_n);
	bool ok = name != NULL;

	ret->bytes = les_rd_u64(r);
	const int32_t refused = les_rd_i32(r);
	const char *why = les_rd_str(r, LES_MESSAGE_BYTES_MAX, &why_n);
	ret->refused = LES_OK;
	if (refused)
		ok = ok && les_kind_from_number(refused, &ret->refused);
	else
		ok = ok && les_entry_name_check(name, name_n, NULL) == LES_OK;
	ok = ok && !r->bad;
	ret->name = ok ? les_arena_strndup(arena, name, name_n) : "";
	ret->why = ok ? les_arena_strndup(arena, why, why_n) : "";
	return ok;
}

enum les_kind les_entries_parse(const uint8_t *bytes, size_t n, struct les_entries *entries,
				struct les_error *reterr)
{
	struct les_rd r = les_rd(bytes, n);
	enum les_kind kind = LES_OK;

	if (les_rd_u32(&r) != MAGIC)
		r.bad = true;
	const uint32_t count = les_rd_count(&r, LES_ENTRIES_MAX, ENTRY_BYTES_MIN);
	for (uint32_t i = 0; i < count && kind == LES_OK; i++) {
		struct les_entry entry;
		if (!take(&r, &entries->arena, &entry))
			return les_fail(reterr, LES_PEER, "a malformed list of entries");
		if (!entry.name || !entry.why)
			return les_fail(reterr, LES_NOMEM, "no memory for a list of entries");
		kind = push(entries, &entry, reterr);
	}
	if (kind == LES_OK && !les_rd_done(&r))
		kind = les_fail(reterr, LES_PEER, "a malformed list of entries");
	return kind;
}
