#ifndef LES_IMAGE_PNG_H
#define LES_IMAGE_PNG_H

#include "base/buf.h"

#include <stdint.h>

enum { LES_PNG_COLOURS_MAX = 4 };

/* Appends a PNG without compression: for small pictures of our own, where no library is at hand.
 *
 * px         uint8 [h_px, w_px], w_px < 65535: grey, or numbers of colours
 * palette    uint8 [colours_n][3], red, green, blue; a pixel takes two bits then
 * colours_n  up to LES_PNG_COLOURS_MAX; 0: px are grey, a byte each
 * source     PNG (ISO 15948), zlib (RFC 1950), deflate (RFC 1951) */
void les_png_write(struct les_buf *out, const uint8_t *px, uint32_t w_px, uint32_t h_px,
		   const uint8_t palette[][3], uint32_t colours_n);

#endif
