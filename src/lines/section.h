#ifndef LES_LINES_SECTION_H
#define LES_LINES_SECTION_H

#include "types/geometry.h"

/* The part of a line between two distances along its baseline: where a character or a word lies on
 * the page.
 *
 * baseline  at least 2 points, page px; an end inside the polygon is drawn out to its edge
 * polygon   around the line, at least 3 points
 * from_px, to_px   distances along the baseline, from_px <= to_px; beyond its end: its end
 * ret       the four corners in whole pixels: over and under `from`, under and over `to`; they may
 *           fall together, and may lie beyond the polygon where an edge runs along the cut
 * returns   how many corners: 4, or 2 points of the baseline where a cut misses the polygon
 * source    kraken lib/segmentation.py compute_polygon_section: the same corners, also in that of
 *           several crossings the first in the polygon's order counts
 */
enum { LES_SECTION_POINTS_MAX = 4 };
unsigned les_line_section(const struct les_points *baseline, const struct les_points *polygon,
			  double from_px, double to_px,
			  struct les_point ret[LES_SECTION_POINTS_MAX]);

#endif
