#include "lines/extract.h"

#include "lines/band.h"
#include "lines/patch.h"

#include <string.h>

static bool column_is_black(const struct les_bitmap *image, uint32_t x)
{
	for (uint32_t y = 0; y < image->h_px; y++)
		for (uint32_t c = 0; c < image->channels; c++)
			if (image->px[((size_t)y * image->w_px + x) * image->channels + c])
				return false;
	return true;
}

static bool row_is_black(const struct les_bitmap *image, uint32_t y)
{
	const size_t n = (size_t)image->w_px * image->channels;
	const uint8_t *row = image->px + y * n;

	for (size_t i = 0; i < n; i++)
		if (row[i])
			return false;
	return true;
}

/* The box of what is not black; everything where all is. */
static struct les_box content(const struct les_bitmap *image)
{
	uint32_t x0 = 0, y0 = 0, x1 = image->w_px, y1 = image->h_px;

	while (y0 < y1 && row_is_black(image, y0))
		y0++;
	if (y0 == y1)
		return (struct les_box){0, 0, (int32_t)image->w_px, (int32_t)image->h_px};
	while (row_is_black(image, y1 - 1))
		y1--;
	while (column_is_black(image, x0))
		x0++;
	while (column_is_black(image, x1 - 1))
		x1--;
	return (struct les_box){(int32_t)x0, (int32_t)y0, (int32_t)x1, (int32_t)y1};
}

enum les_kind les_line_extract(const struct les_image *page, const struct les_points *baseline,
			       const struct les_points *polygon, enum les_line_cut cut,
			       struct les_bitmap *ret, struct les_error *reterr)
{
	LES_CLEANUP(les_patch_done) struct les_patch patch = {0};
	LES_CLEANUP(les_bitmap_done) struct les_bitmap level = {0};
	const bool legacy = cut == LES_CUT_POLYGON_LEGACY;
	struct les_point corners[LES_BAND_POINTS_MAX];
	struct les_points band = {corners, 0};

	if (cut == LES_CUT_BAND)
		band.n = les_line_band(baseline, polygon, page->w_px, page->h_px, corners);
	enum les_kind kind = les_patch_init(page, baseline, band.n ? &band : polygon, band.n == 0,
					    &patch, reterr);
	if (kind)
		return kind;
	if (patch.baseline.n == 2)
		kind = les_patch_rotate(&patch, legacy, &level, reterr);
	else if (legacy)
		kind = les_patch_bend_legacy(&patch, &level, reterr);
	else
		kind = les_patch_bend(&patch, &level, reterr);
	if (kind)
		return kind;
	const struct les_image view = les_bitmap_view(&level);
	const struct les_image trimmed = les_image_crop(&view, content(&level));
	return les_bitmap_copy(&trimmed, level.channels, ret, reterr);
}

static void turn_left(const struct les_image *image, struct les_bitmap *out)
{
	for (uint32_t y = 0; y < out->h_px; y++)
		for (uint32_t x = 0; x < out->w_px; x++)
			memcpy(out->px + ((size_t)y * out->w_px + x) * out->channels,
			       image->px + (size_t)x * image->stride_bytes +
				       (size_t)(image->w_px - 1 - y) * image->channels,
			       out->channels);
}

enum les_kind les_line_extract_box(const struct les_image *page, struct les_box box, bool vertical,
				   struct les_bitmap *ret, struct les_error *reterr)
{
	const struct les_image part = les_image_crop(page, box);
	struct les_bitmap turned;
	enum les_kind kind;

	if (box.x0_px < 0 || box.y0_px < 0 || part.w_px == 0 || part.h_px == 0 ||
	    box.x1_px - box.x0_px != (int32_t)part.w_px ||
	    box.y1_px - box.y0_px != (int32_t)part.h_px)
		return les_fail(reterr, LES_ARG, "the line's box %d,%d–%d,%d leaves the page",
				box.x0_px, box.y0_px, box.x1_px, box.y1_px);
	if (!vertical)
		return les_bitmap_copy(&part, part.channels, ret, reterr);
	if ((kind = les_bitmap_new(part.h_px, part.w_px, part.channels, &turned, reterr)))
		return kind;
	turn_left(&part, &turned);
	*ret = turned;
	return LES_OK;
}
