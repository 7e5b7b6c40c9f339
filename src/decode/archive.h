#ifndef LES_DECODE_ARCHIVE_H
#define LES_DECODE_ARCHIVE_H

#include "base/cleanup.h"
#include "base/error.h"
#include "ipc/entries.h"

#include <stddef.h>
#include <stdint.h>

/* A ZIP of ground truth, read through libzip. */
struct les_archive;

/* bytes are borrowed until les_archive_close(). errors: FORMAT (no ZIP, damaged, its directory lies
 * or is ambiguous), LIMIT (too many entries), NOMEM. */
enum les_kind les_archive_open(const uint8_t *bytes, size_t n, struct les_archive **ret,
			       struct les_error *reterr);
void les_archive_close(struct les_archive *archive);
LES_DEFINE_CLEANUP(struct les_archive, les_archive_close)

/* Lists every entry, in the archive's order, into empty entries. Refused, each with why: names that
 * are not fit to be read, names that stand twice (the first stays), links and other special files,
 * encrypted entries, packing other than deflate, entries that unpack to more than
 * LES_ENTRY_BYTES_MAX or LES_ENTRY_RATIO_MAX times their size, and all that would unpack to more
 * than LES_ARCHIVE_BYTES_MAX together. Folders are listed as UNSUPPORTED. errors: LIMIT, NOMEM. */
enum les_kind les_archive_list(struct les_archive *archive, struct les_entries *entries,
			       struct les_error *reterr);

/* Unpacks entry `index` (from 0, as listed) and checks its size and CRC. Refuses what the list
 * refused. *ret is heap, of *ret_n bytes, never more than bytes_max. errors: as listed; FORMAT (not
 * as long as it says, or damaged); LIMIT; NOMEM. */
enum les_kind les_archive_read(struct les_archive *archive, uint32_t index, uint64_t bytes_max,
			       uint8_t **ret, size_t *ret_n, struct les_error *reterr);

#endif
