#include "image/distance.h"

#include "base/vector.h"

enum { FAR = UINT16_MAX / 2 };

static uint16_t nearer(uint16_t a, uint16_t b)
{
	const uint16_t step = (uint16_t)(b + 1);

	return step < a ? step : a;
}

/* Lowers a row by the row beside it, which is done. */
LES_VECTORISED
static void lower(uint16_t *restrict row, const uint16_t *restrict beside, size_t w,
		  enum les_metric metric)
{
	for (size_t x = 0; x < w; x++)
		row[x] = nearer(row[x], beside[x]);
	if (metric == LES_METRIC_TAXICAB)
		return;
	for (size_t x = 1; x < w; x++)
		row[x] = nearer(row[x], beside[x - 1]);
	for (size_t x = 1; x < w; x++)
		row[x - 1] = nearer(row[x - 1], beside[x]);
}

void les_distance(const struct les_bitmap *mask, enum les_metric metric, uint16_t *distance)
{
	const size_t w = mask->w_px, h = mask->h_px;

	for (size_t i = 0; i < w * h; i++)
		distance[i] = mask->px[i] ? 0 : FAR;
	for (size_t y = 0; y < h; y++) {
		uint16_t *row = distance + y * w;
		if (y > 0)
			lower(row, row - w, w, metric);
		for (size_t x = 1; x < w; x++)
			row[x] = nearer(row[x], row[x - 1]);
	}
	for (size_t y = h; y-- > 0;) {
		uint16_t *row = distance + y * w;
		if (y + 1 < h)
			lower(row, row + w, w, metric);
		for (size_t x = w - 1; x-- > 0;)
			row[x] = nearer(row[x], row[x + 1]);
	}
}
