#ifndef LES_IPC_RECORD_H
#define LES_IPC_RECORD_H

#include "base/buf.h"
#include "base/error.h"
#include "types/page.h"

#include <stddef.h>
#include <stdint.h>

/* A page's regions and lines as bytes: what LINES and LAYOUT carry in their fd. Little-endian,
 * strings as u32 length + UTF-8, counts before items, every count capped by types/limits.h.
 *
 *   page    u32 magic · str image_name · u32 w_px · u32 h_px (0 where unknown)
 *           u32 regions_n · region… · u32 lines_n · line…
 *   region  str id · u32 kind · box · points
 *   line    str id · points baseline · points polygon · box · str text · u32 direction
 *           str language · str script · f32 confidence · i32 region
 *           u32 chars_n · char… · u32 words_n · word…
 *           u32 readings_n · (str text · f32 confidence)…
 *   char    str text · box · f32 confidence · u32 n · (str text · f32 confidence)…
 *   word    str text · box · points polygon · f32 confidence · u32 flags · u32 chars_from · u32
 * chars_n box     i32 × 4          points  u32 n · (f32 x · f32 y)…
 */

/* Appends page's image name, size, regions and lines. out->failed tells of a cap or of memory. */
void les_records_encode(struct les_buf *out, const struct les_page *page);

/* Reads untrusted records into page, whose regions and lines must be empty; strings and arrays go
 * to its arena. Checks every count, index, enumeration and probability. Where size is given (w_px >
 * 0) page->info takes it over only if it has none yet. errors: PEER where the bytes are malformed;
 * NOMEM where memory or the page's arena is exhausted. */
enum les_kind les_records_parse(const uint8_t *bytes, size_t n, struct les_page *page,
				struct les_error *reterr);

#endif
