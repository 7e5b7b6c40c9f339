#ifndef LES_DECODE_LAYOUT_H
#define LES_DECODE_LAYOUT_H

#include "base/error.h"
#include "types/page.h"

#include <stddef.h>
#include <stdint.h>

/* A layout file as other programs write it, into our types: PAGE XML (PRImA, 2010 to 2019) or ALTO
 * 2 to 4 in pixels. Fills page's regions and lines in their reading order (ids, baselines,
 * polygons, boxes, text), image_name and size. No entity is expanded, no DTD or schema is loaded,
 * nothing is fetched.
 *
 * errors: FORMAT (not well formed, or no page in it), UNSUPPORTED (other XML, units, a DOCTYPE),
 * LIMIT, NOMEM. */
enum les_kind les_layout_parse(const uint8_t *bytes, size_t n, struct les_page *page,
			       struct les_error *reterr);

#endif
