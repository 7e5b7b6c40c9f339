#ifndef LES_DECODE_RASTER_H
#define LES_DECODE_RASTER_H

#include "base/error.h"
#include "decode/turn.h"
#include "types/page.h"

#include <stdint.h>

/* One decoded picture as it is stored, whatever the library that decoded it: it gives its rows one
 * at a time. `free` gives `pixels` back and may be NULL. */
struct les_raster {
	uint32_t w_px, h_px;
	uint32_t channels; /* what row() writes: 1 or 3 */
	/* Writes row y_px: w_px × channels bytes, 0 = black. */
	void (*row)(const struct les_raster *raster, uint32_t y_px, uint8_t *out);
	void (*free)(void *pixels);
	void *pixels;

	struct les_turn turn;
	enum les_source source;
	float dpi; /* 0 where the file does not say */
	float box_pt[4];
	uint32_t fonts_substituted;
	bool damaged;
};

void les_raster_done(struct les_raster *raster);

/* LIMIT unless the picture is at least 1 × 1, at most LES_PAGE_SIDE_MAX a side and px_max pixels.
 * Adapters ask before they decode. */
enum les_kind les_raster_check_size(uint64_t w_px, uint64_t h_px, uint64_t px_max,
				    struct les_error *reterr);

/* Writes the picture, turned upright, into a new sealed memfd: one channel where it has no colour,
 * else three. *ret_fd is the caller's. errors: NOMEM, IO, LIMIT. */
enum les_kind les_raster_emit(const struct les_raster *raster, uint32_t number,
			      struct les_page_info *ret, int *ret_fd, struct les_error *reterr);

#endif
