#ifndef LES_LINES_DEWARP_H
#define LES_LINES_DEWARP_H

#include "image/bitmap.h"

/* Straightens a line that was cut out as a box: the centre of the ink is found column by column on
 * a heavily blurred copy, the band of ±4 mean deviations around it is cut out and scaled to h_px.
 * An image of one grey level is scaled as it is.
 *
 * line     grey; borrowed
 * *ret     grey, h_px high
 * errors   LIMIT, NOMEM
 * source   kraken lib/lineest.py CenterNormalizer (range 4, smoothness 1, extra 0.3); where a band
 *          reaches beyond the padding kraken fails, ours goes on in the lightest grey
 */
enum les_kind les_line_dewarp(const struct les_image *line, uint32_t h_px, struct les_bitmap *ret,
			      struct les_error *reterr);

#endif
