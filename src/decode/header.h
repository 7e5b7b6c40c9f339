#ifndef LES_DECODE_HEADER_H
#define LES_DECODE_HEADER_H

#include "decode/sniff.h"

/* Reads size and orientation of an image whose kind is known into *sniff; kinds without a size of
 * their own (PDF, TIFF, XML) are left as they are. Returns false where the header is malformed.
 * Nothing is decoded: the size is what the decoder would make room for. */
bool les_header_read(const uint8_t *bytes, size_t n, struct les_sniff *sniff);

#endif
