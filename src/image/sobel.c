#include "image/sobel.h"

#include "base/vector.h"

#include <math.h>

LES_VECTORISED
static void inner(const uint8_t *restrict above, const uint8_t *restrict row,
		  const uint8_t *restrict below, size_t w, float *restrict out)
{
	/* sums of whole grey levels: /4 for the kernels, /255 for the range, √½ for the mean */
	const float scale = (float)(M_SQRT1_2 / (4.0 * 255.0));

	for (size_t x = 1; x + 1 < w; x++) {
		const int v = above[x - 1] + 2 * above[x] + above[x + 1] - below[x - 1] -
			      2 * below[x] - below[x + 1];
		const int h = above[x - 1] + 2 * row[x - 1] + below[x - 1] - above[x + 1] -
			      2 * row[x + 1] - below[x + 1];
		out[x] = scale * sqrtf((float)(v * v + h * h));
	}
}

static float at_border(const uint8_t *above, const uint8_t *row, const uint8_t *below, size_t w,
		       size_t x)
{
	const size_t l = x > 0 ? x - 1 : 0, r = x + 1 < w ? x + 1 : x;
	const int v = above[l] + 2 * above[x] + above[r] - below[l] - 2 * below[x] - below[r];
	const int h = above[l] + 2 * row[l] + below[l] - above[r] - 2 * row[r] - below[r];

	return (float)(M_SQRT1_2 / (4.0 * 255.0)) * sqrtf((float)(v * v + h * h));
}

void les_sobel(const struct les_image *grey, struct les_plane *target)
{
	const size_t w = grey->w_px, h = grey->h_px;

	for (size_t y = 0; y < h; y++) {
		const uint8_t *row = grey->px + y * grey->stride_bytes;
		const uint8_t *above = y > 0 ? row - grey->stride_bytes : row;
		const uint8_t *below = y + 1 < h ? row + grey->stride_bytes : row;
		float *out = les_plane_row(target, y);

		inner(above, row, below, w, out);
		out[0] = at_border(above, row, below, w, 0);
		out[w - 1] = at_border(above, row, below, w, w - 1);
	}
}
