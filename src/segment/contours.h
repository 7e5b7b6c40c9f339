#ifndef LES_SEGMENT_CONTOURS_H
#define LES_SEGMENT_CONTOURS_H

#include "base/team.h"
#include "image/plane.h"
#include "image/polyline.h"

/* Where a model's lines run: along the bottom of the letters, their top or their middle. */
enum les_line_position {
	LES_LINE_BOTTOM,
	LES_LINE_TOP,
	LES_LINE_CENTRE,
};

/* What polygons are made from; borrowed, pixels of features. */
struct les_contour_input {
	const struct les_plane *features; /* les_contour_features() */
	const struct les_polylines *baselines;
	const struct les_polylines *areas; /* or NULL: closed polygons */
	const int32_t *area_of;            /* per baseline: the area that bounds it, or -1 */
	enum les_line_position position;
	struct les_team *team; /* or NULL: who works out the lines */
};

/* What seams shun: edges of the image, slightly blurred.
 *
 * image    1 or 3 channels, borrowed
 * *ret     as large; les_plane_done()
 * errors   LIMIT, NOMEM
 * source   kraken: gaussian_filter(sobel(im), 0.5)
 */
enum les_kind les_contour_features(const struct les_image *image, struct les_plane *ret,
				   struct les_error *reterr);

/* The polygon around each line of writing. Between the baseline and the corridor to its neighbours
 * a seam is carved on either side where there is least ink, dearer with distance from the baseline
 * (8 px above it on the side of the letters); both are simplified, moved outwards by 4 px, and
 * joined through the baseline's ends.
 *
 * wanted   per baseline, or NULL for all: those left out only bound the others
 * *ret     one per baseline, whole coordinates, closed, the first point not repeated; empty where
 *          none was asked for or could be found; les_polylines_done()
 * errors   LIMIT, NOMEM
 * source   kraken lib/segmentation.py calculate_polygonal_environment(), _extract_patch(),
 *          _calc_seam(). Ours joins areas of pixels where kraken intersects polygons, and keeps
 *          the largest piece where kraken gives the line up; a line nearer than 8 px to the image's
 *          border has its seam there, where kraken fails.
 */
enum les_kind les_contours_find(const struct les_contour_input *input, const bool *wanted,
				struct les_polylines *ret, struct les_error *reterr);

#endif
