#include "image/seam.h"

#include "base/vector.h"

#include <math.h>
#include <stdlib.h>

/* Adds to a column what the cheapest of the three before each of its rows cost; columns have a cell
 * of infinite cost before and after them. */
LES_VECTORISED
static void advance(const float *restrict before, float *restrict column, size_t h)
{
	for (size_t y = 0; y < h; y++) {
		const float side = before[y - 1] < before[y + 1] ? before[y - 1] : before[y + 1];
		column[y] += side < before[y] ? side : before[y];
	}
}

static uint32_t cheapest(const float *column, size_t from, size_t end)
{
	size_t best = from;

	for (size_t y = from + 1; y < end; y++)
		if (column[y] < column[best])
			best = y;
	return (uint32_t)best;
}

enum les_kind les_seam(const struct les_plane *cost, uint32_t *rows, struct les_error *reterr)
{
	const size_t w = cost->w_px, h = cost->h_px, stride = h + 2;
	/* turned, so that a column is a run of memory */
	LES_CLEANUP(les_free_p) float *columns = calloc(w * stride, sizeof *columns);

	if (!columns)
		return les_fail(reterr, LES_NOMEM, "a seam through %zu × %zu pixels", w, h);
	for (size_t x = 0; x < w; x++) {
		float *column = columns + x * stride + 1;
		column[-1] = column[h] = HUGE_VALF;
		for (size_t y = 0; y < h; y++)
			column[y] = les_plane_row(cost, y)[x];
		if (x > 0)
			advance(column - stride, column, h);
	}
	rows[w - 1] = cheapest(columns + (w - 1) * stride + 1, 0, h);
	for (size_t x = w - 1; x-- > 0;) {
		const size_t y = rows[x + 1];
		rows[x] = cheapest(columns + x * stride + 1, y > 0 ? y - 1 : 0,
				   y + 2 < h ? y + 2 : h);
	}
	return LES_OK;
}
