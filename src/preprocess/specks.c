#include "preprocess/preprocess.h"

#include "base/cleanup.h"

#include <stdlib.h>
#include <string.h>

enum { SPECK_MIN = 48, COUNTED_MAX = 200000 };

struct extremes {
	uint8_t least, most;
};

/* Of a pixel's eight neighbours. */
static struct extremes around(const uint8_t *above, const uint8_t *row, const uint8_t *below,
			      uint32_t x)
{
	const uint8_t *rows[3] = {above, row, below};
	struct extremes e = {255, 0};

	for (int r = 0; r < 3; r++) {
		for (uint32_t k = x - 1; k <= x + 1; k++) {
			if (r == 1 && k == x)
				continue;
			e.least = rows[r][k] < e.least ? rows[r][k] : e.least;
			e.most = rows[r][k] > e.most ? rows[r][k] : e.most;
		}
	}
	return e;
}

uint32_t les_specks_count(const struct les_image *grey)
{
	const uint32_t w = grey->w_px, h = grey->h_px;
	uint64_t seen = 0, specks = 0;
	uint32_t step = 1;

	if (w < 3 || h < 3)
		return 0;
	while ((uint64_t)(w / step) * (h / step) > COUNTED_MAX)
		step++;
	for (uint32_t y = 1; y + 1 < h; y += step) {
		const uint8_t *row = grey->px + (size_t)y * grey->stride_bytes;
		for (uint32_t x = 1; x + 1 < w; x += step, seen++) {
			struct extremes e =
				around(row - grey->stride_bytes, row, row + grey->stride_bytes, x);
			specks += row[x] + SPECK_MIN < e.least || row[x] > e.most + SPECK_MIN;
		}
	}
	return (uint32_t)(specks * 10000 / seen);
}

enum les_kind les_specks_wipe(uint8_t *px, uint32_t w_px, uint32_t h_px, uint32_t stride_bytes,
			      struct les_error *reterr)
{
	/* the two rows above as they were: what was wiped must not count as a neighbour */
	LES_CLEANUP(les_free_p) uint8_t *kept = malloc(2 * (size_t)w_px + 1);

	if (!kept)
		return les_fail(reterr, LES_NOMEM, "no memory to wipe specks away");
	uint8_t *above = kept, *here = kept + w_px;
	for (uint32_t y = 0; y < h_px; y++) {
		uint8_t *row = px + (size_t)y * stride_bytes;
		memcpy(here, row, w_px);
		for (uint32_t x = 1; y > 0 && y + 1 < h_px && x + 1 < w_px; x++) {
			struct extremes e = around(above, here, row + stride_bytes, x);
			if (here[x] + SPECK_MIN < e.least)
				row[x] = e.least;
			else if (here[x] > e.most + SPECK_MIN)
				row[x] = e.most;
		}
		uint8_t *swap = above;
		above = here;
		here = swap;
	}
	return LES_OK;
}
