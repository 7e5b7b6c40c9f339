#ifndef LES_TYPES_GEOMETRY_H
#define LES_TYPES_GEOMETRY_H

#include <stdint.h>

/* Page pixels: origin top left, y down, the page as a person sees it. */
struct les_point {
	float x_px, y_px;
};

/* An open or closed chain of points: baselines run in reading direction, polygons are closed
 * without repeating the first point. n 0 where there is none. */
struct les_points {
	struct les_point *at;
	uint32_t n;
};

/* Half-open: covers x0 <= x < x1. Empty where x1 <= x0. */
struct les_box {
	int32_t x0_px, y0_px, x1_px, y1_px;
};

/* x' = a·x + b·y + c, y' = d·x + e·y + f */
struct les_affine {
	float a, b, c, d, e, f;
};

#endif
