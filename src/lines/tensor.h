#ifndef LES_LINES_TENSOR_H
#define LES_LINES_TENSOR_H

#include "image/input.h"

/* A line image as a recogniser's input: float [channels, h_px, w_px], ink high.
 *
 * line     1 or 3 channels, upright; borrowed
 * spec     w_px is 0 in every recogniser that reads lines of any width
 * dewarp   a model of bounding-box lines: where it is grey and of fixed height, the line is
 *          straightened along its centre (lines/dewarp.h) in place of the plain resizing
 * *ret     les_input_done(); flat is set where there is nothing to read
 * errors   LIMIT (an empty image, too wide), NOMEM
 * source   kraken lib/dataset/utils.py ImageInputTransforms
 */
enum les_kind les_line_tensor(const struct les_image *line, const struct les_input_spec *spec,
			      bool dewarp, struct les_input *ret, struct les_error *reterr);

#endif
