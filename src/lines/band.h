#ifndef LES_LINES_BAND_H
#define LES_LINES_BAND_H

#include "types/geometry.h"

#include <stdbool.h>

/* The band that a line is written in: even edges along its baseline, high and low enough for its
 * ascenders and descenders. Outlines, found or drawn, wind between the lines and cut strokes off;
 * and of one with a single tall stroke all other letters come out small. A band shows all there is,
 * letters of a hand at one size, and something of the neighbours.
 *
 * Its edges lie as far from the baseline as the outline does at most places (LES_BAND_SHARE), and
 * somewhat farther (LES_BAND_MARGIN of the height so far); along the line it goes as far as the
 * outline does, at most twice its height beyond either end.
 */
enum { LES_BAND_POINTS_MAX = 50 };
#define LES_BAND_SHARE 0.85
#define LES_BAND_MARGIN 0.15

/* baseline  polyline in reading direction, page px
 * polygon   around the line
 * w_px, h_px of the page; the band is cut off at its edges
 * ret       corners in whole px: along the top, back along the bottom
 * returns   how many; 0 where there is no band to be found: fewer than 2 points or less than 5 px
 * of baseline, fewer than 3 points of polygon, a polygon that does not lie about the baseline
 */
uint32_t les_line_band(const struct les_points *baseline, const struct les_points *polygon,
		       uint32_t w_px, uint32_t h_px, struct les_point ret[LES_BAND_POINTS_MAX]);

#endif
