#ifndef LES_DECODE_SNIFF_H
#define LES_DECODE_SNIFF_H

#include "types/page.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A document's kind by its first bytes, never by its name. Returns false where it is none of ours.
 * *ret_known names a format that is recognised but not read ("GIF", "ZIP", …), or is NULL. */
bool les_sniff(const uint8_t *bytes, size_t n, enum les_document_kind *ret, const char **ret_known);

/* The orientation tag (0x0112) of a JPEG's EXIF block, 1 to 8; 1 where there is none or it is
 * broken. Source: EXIF 2.32, 4.5 and 4.6. Never reads beyond n, whatever the offsets say. */
uint32_t les_exif_orientation(const uint8_t *jpeg, size_t n);

#endif
