#include "decode/likeness.h"

#include "base/cleanup.h"

#include <math.h>
#include <stdlib.h>

enum {
	SIDE = LES_LIKENESS_SIDE,
	ROWS_ENOUGH = 2048, /* of a taller picture only every second, third … row is looked at */
};

/* How far cells of the same picture are apart when two libraries scaled it: on scans and print
 * below 0.02 in the mean and 0.1 at worst. A line of text on top of a scan moves its cells by more.
 */
static const float mean_difference_max = 0.025f, cell_difference_max = 0.12f;
static const float turn_preference = 0.002f; /* what is not better by this is alike */

static double row_brightness(const struct les_raster *raster, const uint8_t *row, uint32_t x0,
			     uint32_t x1)
{
	uint64_t sum = 0;

	for (size_t i = (size_t)x0 * raster->channels; i < (size_t)x1 * raster->channels; i++)
		sum += row[i];
	return (double)sum / (255.0 * raster->channels);
}

enum les_kind les_likeness_of(const struct les_raster *raster, struct les_likeness *ret,
			      struct les_error *reterr)
{
	LES_CLEANUP(les_free_p) uint8_t *row = malloc((size_t)raster->w_px * raster->channels);
	const uint32_t w = raster->w_px, h = raster->h_px;
	const uint32_t step = h / ROWS_ENOUGH + 1;
	double sum[SIDE][SIDE] = {{0}}, weight[SIDE][SIDE] = {{0}};

	if (!row)
		return les_fail(reterr, LES_NOMEM, "no memory for a row of %u pixels", w);
	for (uint32_t y = 0; y < h; y += step) {
		uint32_t cy = (uint32_t)((uint64_t)y * SIDE / h);
		raster->row(raster, y, row);
		for (uint32_t cx = 0; cx < SIDE; cx++) {
			uint32_t x0 = (uint32_t)((uint64_t)cx * w / SIDE);
			uint32_t x1 = (uint32_t)((uint64_t)(cx + 1) * w / SIDE);
			sum[cy][cx] += row_brightness(raster, row, x0, x1);
			weight[cy][cx] += x1 - x0;
		}
	}
	for (uint32_t y = 0; y < SIDE; y++)
		for (uint32_t x = 0; x < SIDE; x++)
			ret->cell[y][x] = weight[y][x] > 0 ? (float)(sum[y][x] / weight[y][x]) : 1;
	return LES_OK;
}

/* The mean difference of the two under a turn; INFINITY where one cell is too far off. */
static float difference(const struct les_likeness *page, const struct les_likeness *stored,
			struct les_turn turn)
{
	const struct les_affine m = les_turn_to_stored(turn, SIDE, SIDE);
	float sum = 0;

	for (uint32_t y = 0; y < SIDE; y++) {
		for (uint32_t x = 0; x < SIDE; x++) {
			struct les_point at = {(float)x + 0.5f, (float)y + 0.5f};
			at = les_affine_apply(&m, at);
			float d =
				fabsf(page->cell[y][x] - stored->cell[(int)at.y_px][(int)at.x_px]);
			if (d > cell_difference_max)
				return INFINITY;
			sum += d;
		}
	}
	return sum / (SIDE * SIDE);
}

bool les_likeness_turn(const struct les_likeness *page, const struct les_likeness *stored,
		       bool lies, struct les_turn *ret_turn)
{
	/* in the order of how likely they are */
	static const struct les_turn turns[] = {{0, false}, {180, false}, {90, false}, {270, false},
						{0, true},  {180, true},  {90, true},  {270, true}};
	float best = INFINITY;

	for (size_t i = 0; i < LES_COUNT(turns); i++) {
		if ((turns[i].rotation_deg % 180 != 0) != lies)
			continue;
		float d = difference(page, stored, turns[i]);
		if (d + turn_preference < best || (isfinite(d) && !isfinite(best))) {
			best = d;
			*ret_turn = turns[i];
		}
	}
	return best <= mean_difference_max;
}
