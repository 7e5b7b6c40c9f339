#ifndef LES_SEGMENT_AREAS_H
#define LES_SEGMENT_AREAS_H

#include "image/plane.h"
#include "image/polyline.h"

/* Outlines of what a region's heat marks: pieces above 0.5, holes filled and what lies in them left
 * out, simplified to 10 px.
 *
 * heat     borrowed, values in [0,1]
 * *ret     closed polygons in heatmap pixels, the first point not repeated; les_polylines_done()
 * errors   LIMIT, NOMEM
 * source   kraken lib/segmentation.py vectorize_regions()
 */
enum les_kind les_areas_find(const struct les_plane *heat, struct les_polylines *ret,
			     struct les_error *reterr);

/* For each line the first area that contains its middle, or -1. *ret: free() it. errors: NOMEM */
enum les_kind les_areas_assign(const struct les_polylines *areas, const struct les_polylines *lines,
			       int32_t **ret, struct les_error *reterr);

#endif
