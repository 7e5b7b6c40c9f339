#ifndef LES_IMAGE_SKELETON_H
#define LES_IMAGE_SKELETON_H

#include "image/bitmap.h"
#include "image/polyline.h"

/* Follows a skeleton from all its ends (pixels with one neighbour) at the same speed; where two
 * fronts meet for the first time, the way between their ends is a path. A plain line gives one
 * path; a fork gives one from the end nearest to it to each of the others; rings without ends give
 * none. Ends beyond LES_SKELETON_ENDS_MAX, counted from the top of the page, and paths beyond twice
 * that number are left out.
 *
 * skeleton  1 channel, 0 or not, as left by les_thin()
 * *ret      les_polylines_done(); each runs through all its pixels
 * errors    LIMIT, NOMEM
 * source    skimage.graph.MCP_Connect over a cost of 0 on the skeleton, as kraken
 *           lib/segmentation.py LineMCP uses it; there the order of a heap decides which end wins
 *           at a fork
 */
enum les_kind les_skeleton_paths(const struct les_bitmap *skeleton, struct les_polylines *ret,
				 struct les_error *reterr);

#endif
