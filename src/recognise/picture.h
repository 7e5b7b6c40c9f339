#ifndef LES_RECOGNISE_PICTURE_H
#define LES_RECOGNISE_PICTURE_H

#include "base/error.h"
#include "types/image.h"
#include "types/page.h"

#include <stddef.h>
#include <stdint.h>

/* Pictures of a page as PNG, for people and for programs that want the image beside the text. *ret
 * is heap. errors: NOMEM; LIMIT above LES_PICTURE_BYTES_MAX. */

/* The page itself. */
enum les_kind les_picture_page(const struct les_image *image, uint8_t **ret, size_t *ret_n,
			       struct les_error *reterr);

/* The page with what was found: each word's box coloured by its confidence from red to green, each
 * line's baseline, and its number in the reading order. */
enum les_kind les_picture_overlay(const struct les_image *image, const struct les_page *page,
				  uint8_t **ret, size_t *ret_n, struct les_error *reterr);

#endif
