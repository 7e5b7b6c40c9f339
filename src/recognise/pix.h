#ifndef LES_RECOGNISE_PIX_H
#define LES_RECOGNISE_PIX_H

#include "types/image.h"

/* Our pixels as Leptonica's, for the files of this folder. Grey gives 8 bits, RGB 32. NULL where
 * memory ran out; the caller destroys it. */
struct Pix;
struct Pix *les_pix_from_image(const struct les_image *image);
void les_pix_destroy_p(struct Pix **pix);

#endif
