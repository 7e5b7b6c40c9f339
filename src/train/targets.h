#ifndef LES_TRAIN_TARGETS_H
#define LES_TRAIN_TARGETS_H

#include "base/error.h"
#include "train/shape.h"
#include "types/weights.h"

#include <stdbool.h>
#include <stdint.h>

/* What a line finder is to see on a page: u8 [channels][h][w], 0 or 1, at the size of its input.
 *
 * A baseline becomes a band of 8 px with flat ends in its class's channel. Its first and last 5 px
 * (half of a line shorter than 10) become bands of 16 px with square ends in the separators'
 * channels, less the line's own band. A region is filled. Corners are cut to whole pixels; a pixel
 * belongs to what its centre lies in or on the edge of.
 *
 * source  kraken lib/dataset/segmentation.py BaselineSet.transform
 */
#define LES_CHANNEL_NONE UINT32_MAX

struct les_targets {
	uint32_t channels, h, w;
	const struct les_class *classes; /* the net's mapping; without a separator, it is not drawn
					  */
	uint32_t classes_n;
	const uint32_t *channel_of; /* the net's channel of each class number, NONE: it does not
				       learn it; NULL: the class number itself */
	uint32_t channel_of_n;
};

/* Draws in the order given. Lines without length and regions of fewer than three points are passed
 * over; what lies beyond the page is cut off.
 *
 * lines, regions  borrowed
 * out             u8 [channels][h][w], overwritten
 * errors          NOMEM
 */
enum les_kind les_targets_draw(const struct les_targets *targets, const struct les_shape *lines,
			       uint32_t lines_n, const struct les_shape *regions,
			       uint32_t regions_n, uint8_t *out, struct les_error *reterr);

/* Which channel of one mapping each class of another one has, by kind and name:
 * ret[class.channel] for every class of from, whose channels are below ret_n; NONE where to lacks
 * it. */
void les_targets_map(const struct les_class *from, uint32_t from_n, const struct les_class *to,
		     uint32_t to_n, uint32_t *ret, uint32_t ret_n);

#endif
