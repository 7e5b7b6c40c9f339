#ifndef LES_PREPROCESS_PIX_H
#define LES_PREPROCESS_PIX_H

#include "types/image.h"

/* Our pixels as Leptonica's, for the files of recognisers that use it. Grey gives 8 bits, RGB 32.
 * NULL where memory ran out; the caller destroys it. */
struct Pix;
struct Pix *les_pix_from_image(const struct les_image *image);
void les_pix_destroy_p(struct Pix **pix);

/* An 8-bit Pix as grey pixels without padding: heap, w × h bytes; NULL where memory ran out. */
uint8_t *les_pix_grey(struct Pix *pix, struct les_image *ret);

#endif
