#ifndef LES_SEGMENT_BASELINES_H
#define LES_SEGMENT_BASELINES_H

#include "image/plane.h"
#include "image/polyline.h"

/* One class of lines in a heatmap, and the separators that say where a line starts and ends. Views:
 * borrowed, all of the same size, values in [0,1]. start and end may be empty: then all lines run
 * left to right (or top to bottom). */
struct les_line_heat {
	struct les_plane start, end, line;
	bool vertical; /* how lines run of which the separators do not tell: top to bottom */
};

/* Oriented baselines, in heatmap pixels with whole coordinates: ridges, thinned, followed from end
 * to end, simplified to 3 px, extended along their ends to the ridge's border, at least 5 px long.
 *
 * *ret     les_polylines_done(); each has two points or more and runs in reading direction
 * errors   LIMIT, NOMEM
 * source   kraken lib/segmentation.py vectorize_lines(), _extend_boundaries()
 */
enum les_kind les_baselines_find(const struct les_line_heat *heat, struct les_polylines *ret,
				 struct les_error *reterr);

#endif
