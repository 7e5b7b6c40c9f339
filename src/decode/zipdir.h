#ifndef LES_DECODE_ZIPDIR_H
#define LES_DECODE_ZIPDIR_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/* A ZIP's central directory as its bytes have it, with what libzip does not tell: the raw names,
 * and where each entry's bytes lie. libzip's reading of the same bytes must agree with it. */
struct les_zip_item {
	const uint8_t *name; /* as stored, any bytes; lent */
	uint16_t name_bytes;
	uint64_t from, to; /* [from, to): local header and packed bytes, in the file */
	uint64_t packed_bytes, unpacked_bytes;
};

/* Reads the whole directory, ZIP64 too. Every entry must have a local header of the same name, and
 * no two may share bytes, with each other or with the directory; the archive has one part, and
 * nothing before its first entry moves its offsets.
 *
 * *ret     *ret_n items in the directory's order; free()
 * errors   FORMAT, with the entry's number; LIMIT (LES_ENTRIES_MAX); NOMEM
 * source   PKWARE APPNOTE 6.3.9, 4.3.6 to 4.3.16, 4.5.3
 */
enum les_kind les_zip_directory(const uint8_t *bytes, size_t n, struct les_zip_item **ret,
				uint32_t *ret_n, struct les_error *reterr);

#endif
