#ifndef LES_DECODE_EXIF_H
#define LES_DECODE_EXIF_H

#include <stddef.h>
#include <stdint.h>

/* The orientation (1 to 8) in an EXIF block: a TIFF header and its first directory, as it stands in
 * a JPEG's APP1 after "Exif\0\0", a PNG's eXIf or a WebP's EXIF chunk. 1 where it says nothing or
 * is malformed: an image is not refused for its metadata. Follows no offsets but the first, so
 * loops cannot hold it. */
uint32_t les_exif_orientation(const uint8_t *bytes, size_t n);

#endif
