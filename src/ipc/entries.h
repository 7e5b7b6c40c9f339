#ifndef LES_IPC_ENTRIES_H
#define LES_IPC_ENTRIES_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "types/limits.h"

#include <stddef.h>
#include <stdint.h>

/* What lies in a ZIP or a folder of ground truth: names and sizes, and for what is not read, why.
 *
 *   entries u32 magic · u32 n · entry…
 *   entry   str name · u64 bytes · i32 refused · str why
 */
struct les_entry {
	const char *name;      /* UTF-8, parts joined by '/' */
	uint64_t bytes;        /* unpacked, as the directory says */
	enum les_kind refused; /* LES_OK, or why it is not read */
	const char *why;       /* "" where it is read */
};

/* All strings are the arena's. les_entries_done() frees. */
struct les_entries {
	struct les_arena arena;
	struct les_entry *at;
	uint32_t n, capacity;
};

#define LES_ENTRIES ((struct les_entries){.arena = LES_ARENA(LES_ENTRIES_ARENA_BYTES_MAX)})
void les_entries_done(struct les_entries *entries);

/* Adds an entry; name of name_bytes is made printable and cut where it is no fit name, so that it
 * can be shown. why may be NULL. errors: LIMIT (LES_ENTRIES_MAX), NOMEM. */
enum les_kind les_entries_add(struct les_entries *entries, const char *name, size_t name_bytes,
			      uint64_t bytes, const struct les_error *why,
			      struct les_error *reterr);

/* Whether a name is one that may be read: relative, without empty parts, "." and "..", backslashes,
 * drive letters and control characters, UTF-8, at most LES_ENTRY_DEPTH_MAX folders deep and
 * LES_ENTRY_NAME_BYTES_MAX long. errors: FORBIDDEN with what is wrong about it, LIMIT. */
enum les_kind les_entry_name_check(const char *name, size_t n, struct les_error *reterr);

void les_entries_encode(struct les_buf *out, const struct les_entries *entries);

/* Reads untrusted bytes into empty entries; names that are read are checked again. errors: PEER,
 * NOMEM. */
enum les_kind les_entries_parse(const uint8_t *bytes, size_t n, struct les_entries *entries,
				struct les_error *reterr);

#endif
