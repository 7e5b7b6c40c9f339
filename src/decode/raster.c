#include "decode/raster.h"

#include "base/cleanup.h"
#include "ipc/memfd.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Rows that are turned together: writing one column of a page at a time would miss the cache at
 * every pixel. */
enum { BAND_ROWS = 64 };

void les_raster_done(struct les_raster *raster)
{
	if (raster->free && raster->pixels)
		raster->free(raster->pixels);
	raster->pixels = NULL;
}

enum les_kind les_raster_check_size(uint64_t w_px, uint64_t h_px, uint64_t px_max,
				    struct les_error *reterr)
{
	uint64_t n;

	if (w_px == 0 || h_px == 0)
		return les_fail(reterr, LES_FORMAT, "an image without pixels");
	if (w_px > LES_PAGE_SIDE_MAX || h_px > LES_PAGE_SIDE_MAX)
		return les_fail(reterr, LES_LIMIT, "%llu × %llu pixels, more than %u a side",
				(unsigned long long)w_px, (unsigned long long)h_px,
				LES_PAGE_SIDE_MAX);
	if (__builtin_mul_overflow(w_px, h_px, &n) || n > px_max)
		return les_fail(reterr, LES_LIMIT, "%llu × %llu pixels, more than %llu a page",
				(unsigned long long)w_px, (unsigned long long)h_px,
				(unsigned long long)px_max);
	return LES_OK;
}

static bool row_is_grey(const uint8_t *rgb, uint32_t w_px)
{
	for (uint32_t x = 0; x < w_px; x++)
		if (rgb[3 * x] != rgb[3 * x + 1] || rgb[3 * x] != rgb[3 * x + 2])
			return false;
	return true;
}

/* Whether no pixel has a colour. A coloured page is told from its first rows. */
static bool is_grey(const struct les_raster *raster, uint8_t *row)
{
	for (uint32_t y = 0; raster->channels == 3 && y < raster->h_px; y++) {
		raster->row(raster, y, row);
		if (!row_is_grey(row, raster->w_px))
			return false;
	}
	return true;
}

static void drop_colour(uint8_t *row, uint32_t w_px)
{
	for (uint32_t x = 0; x < w_px; x++)
		row[x] = row[3 * x];
}

/* Where stored pixels go: pixel (x, y) to at + x·dx + y·dy, each `channels` bytes. */
struct target {
	uint8_t *at;
	ptrdiff_t dx, dy;
	uint32_t channels;
};

static struct target target_for(const struct les_raster *raster, const struct les_page_info *info,
				uint8_t *out)
{
	ptrdiff_t px = info->channels, line = info->stride_bytes;
	ptrdiff_t right = (ptrdiff_t)(info->w_px - 1) * px,
		  down = (ptrdiff_t)(info->h_px - 1) * line;
	struct target t;

	switch (raster->turn.rotation_deg) {
	case 90:
		t = (struct target){out + right, line, -px, info->channels};
		break;
	case 180:
		t = (struct target){out + right + down, -px, -line, info->channels};
		break;
	case 270:
		t = (struct target){out + down, -line, px, info->channels};
		break;
	default:
		t = (struct target){out, px, line, info->channels};
	}
	if (raster->turn.mirrored) {
		t.at += (ptrdiff_t)(raster->w_px - 1) * t.dx;
		t.dx = -t.dx;
	}
	return t;
}

static void put_band(const struct target *t, const uint8_t *band, uint32_t w_px, uint32_t y0,
		     uint32_t rows)
{
	const size_t line = (size_t)w_px * t->channels;

	if (t->dx == (ptrdiff_t)t->channels) { /* upright, or nearly: whole rows */
		for (uint32_t y = 0; y < rows; y++)
			memcpy(t->at + (ptrdiff_t)(y0 + y) * t->dy, band + y * line, line);
		return;
	}
	for (uint32_t x = 0; x < w_px; x++) {
		for (uint32_t y = 0; y < rows; y++) {
			const uint8_t *from = band + y * line + (size_t)x * t->channels;
			uint8_t *to = t->at + (ptrdiff_t)x * t->dx + (ptrdiff_t)(y0 + y) * t->dy;
			for (uint32_t c = 0; c < t->channels; c++)
				to[c] = from[c];
		}
	}
}

static enum les_kind copy_turned(const struct les_raster *raster, const struct les_page_info *info,
				 uint8_t *out, struct les_error *reterr)
{
	const struct target target = target_for(raster, info, out);
	const size_t line = (size_t)raster->w_px * info->channels;
	/* a row as decoded may have three channels where one is kept: room for that in the last */
	LES_CLEANUP(les_free_p)
	uint8_t *band = malloc(line * BAND_ROWS + (size_t)raster->w_px * LES_CHANNELS_MAX);

	if (!band)
		return les_fail(reterr, LES_NOMEM, "no memory for a band of rows");
	for (uint32_t y0 = 0; y0 < raster->h_px; y0 += BAND_ROWS) {
		uint32_t rows = raster->h_px - y0 < BAND_ROWS ? raster->h_px - y0 : BAND_ROWS;
		for (uint32_t y = 0; y < rows; y++) {
			raster->row(raster, y0 + y, band + y * line);
			if (info->channels < raster->channels)
				drop_colour(band + y * line, raster->w_px);
		}
		put_band(&target, band, raster->w_px, y0, rows);
	}
	return LES_OK;
}

static struct les_page_info describe(const struct les_raster *raster, uint32_t number,
				     uint32_t channels)
{
	struct les_page_info info = {
		.number = number,
		.channels = channels,
		.dpi = isfinite(raster->dpi) && raster->dpi > 0 && raster->dpi <= (float)LES_DPI_MAX
			       ? raster->dpi
			       : 0,
		.source = raster->source,
		.rotation_deg = raster->turn.rotation_deg,
		.mirrored = raster->turn.mirrored,
		.stored_w_px = raster->w_px,
		.stored_h_px = raster->h_px,
		.to_stored = les_turn_to_stored(raster->turn, raster->w_px, raster->h_px),
		.fonts_substituted = raster->fonts_substituted,
		.damaged = raster->damaged,
	};

	les_turn_size(raster->turn, raster->w_px, raster->h_px, &info.w_px, &info.h_px);
	info.stride_bytes = info.w_px * channels;
	memcpy(info.box_pt, raster->box_pt, sizeof info.box_pt);
	return info;
}

enum les_kind les_raster_emit(const struct les_raster *raster, uint32_t number,
			      struct les_page_info *ret, int *ret_fd, struct les_error *reterr)
{
	LES_CLEANUP(les_fd_close) int fd = -1;
	LES_CLEANUP(les_free_p) uint8_t *row = malloc((size_t)raster->w_px * LES_CHANNELS_MAX);
	void *out;

	if (!row)
		return les_fail(reterr, LES_NOMEM, "no memory for a row of %u pixels",
				raster->w_px);
	struct les_page_info info = describe(raster, number, is_grey(raster, row) ? 1 : 3);
	const size_t bytes = (size_t)info.stride_bytes * info.h_px;
	enum les_kind kind = les_memfd_map_new(bytes, &out, &fd, reterr);
	if (kind != LES_OK)
		return kind;
	kind = copy_turned(raster, &info, out, reterr);
	enum les_kind sealed = les_memfd_seal(fd, out, bytes, reterr);
	if (kind != LES_OK || sealed != LES_OK)
		return kind != LES_OK ? kind : sealed;
	*ret = info;
	*ret_fd = LES_TAKE_FD(fd);
	return LES_OK;
}
