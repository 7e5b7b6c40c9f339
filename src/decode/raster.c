#include "decode/raster.h"

#include "base/cleanup.h"
#include "ipc/memfd.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct les_orientation les_orientation_from_exif(uint32_t value)
{
	static const struct les_orientation rows[] = {
		[1] = {false, 0},  [2] = {true, 0},   [3] = {false, 180}, [4] = {true, 180},
		[5] = {true, 270}, [6] = {false, 90}, [7] = {true, 90},   [8] = {false, 270},
	};

	return value >= 1 && value <= 8 ? rows[value] : rows[1];
}

struct les_affine les_orientation_to_stored(struct les_orientation orientation,
					    uint32_t stored_w_px, uint32_t stored_h_px)
{
	const float right = (float)stored_w_px - 1, bottom = (float)stored_h_px - 1;
	struct les_affine m;

	switch (orientation.rotation_deg) { /* undo the turn */
	case 90:
		m = (struct les_affine){0, 1, 0, -1, 0, bottom};
		break;
	case 180:
		m = (struct les_affine){-1, 0, right, 0, -1, bottom};
		break;
	case 270:
		m = (struct les_affine){0, -1, right, 1, 0, 0};
		break;
	default:
		m = (struct les_affine){1, 0, 0, 0, 1, 0};
	}
	if (orientation.mirrored) { /* then the mirroring */
		m.a = -m.a;
		m.b = -m.b;
		m.c = right - m.c;
	}
	return m;
}

enum les_kind les_raster_check(uint64_t w_px, uint64_t h_px, uint64_t page_px_max,
			       struct les_error *reterr)
{
	if (w_px == 0 || h_px == 0)
		return les_fail(reterr, LES_FORMAT, "the image has no pixels");
	if (w_px > LES_PAGE_SIDE_MAX || h_px > LES_PAGE_SIDE_MAX)
		return les_fail(reterr, LES_LIMIT, "%llu × %llu pixels: a side has at most %u",
				(unsigned long long)w_px, (unsigned long long)h_px,
				LES_PAGE_SIDE_MAX);
	if (w_px * h_px > page_px_max)
		return les_fail(reterr, LES_LIMIT, "%llu × %llu pixels: a page has at most %llu",
				(unsigned long long)w_px, (unsigned long long)h_px,
				(unsigned long long)page_px_max);
	return LES_OK;
}

static bool row_is_grey(const uint8_t *rgb, uint32_t w_px)
{
	for (uint32_t x = 0; x < w_px; x++, rgb += 3)
		if (rgb[0] != rgb[1] || rgb[0] != rgb[2])
			return false;
	return true;
}

static bool is_grey(const struct les_stored *stored, uint8_t *row)
{
	for (uint32_t y = 0; y < stored->h_px; y++) {
		stored->fetch(stored->context, y, row);
		if (!row_is_grey(row, stored->w_px))
			return false;
	}
	return true;
}

static enum les_kind raster_new(uint32_t w_px, uint32_t h_px, uint32_t channels,
				struct les_raster *ret, struct les_error *reterr)
{
	struct les_raster raster = {.fd = -1};
	void *px;

	raster.info.w_px = w_px;
	raster.info.h_px = h_px;
	raster.info.channels = channels;
	raster.info.stride_bytes = w_px * channels;
	enum les_kind kind =
		les_memfd_map_new((size_t)raster.info.stride_bytes * h_px, &px, &raster.fd, reterr);
	if (kind != LES_OK)
		return kind;
	raster.px = px;
	*ret = raster;
	return LES_OK;
}

/* Puts a stored row where it belongs on the upright page: from (x0, y0) in steps of (dx, dy). */
static void put_row(struct les_raster *raster, const uint8_t *rgb, uint32_t n, int64_t at_bytes,
		    int64_t step_bytes)
{
	const uint32_t channels = raster->info.channels;

	for (uint32_t i = 0; i < n; i++, rgb += 3, at_bytes += step_bytes)
		memcpy(raster->px + at_bytes, rgb, channels);
}

/* The upright pixel of stored pixel (x, y): the inverse of to_stored, which only permutes and
 * flips. */
static int64_t upright_offset(const struct les_raster *raster, int64_t x, int64_t y)
{
	const struct les_affine *m = &raster->info.to_stored;
	const int64_t dx = x - (int64_t)m->c, dy = y - (int64_t)m->f;
	int64_t px = (int64_t)m->a * dx + (int64_t)m->d * dy;
	int64_t py = (int64_t)m->b * dx + (int64_t)m->e * dy;

	return py * raster->info.stride_bytes + px * raster->info.channels;
}

enum les_kind les_raster_from_stored(const struct les_stored *stored,
				     struct les_orientation orientation, struct les_raster *ret,
				     struct les_error *reterr)
{
	const bool turned = orientation.rotation_deg % 180 != 0;
	const uint32_t w = stored->w_px, h = stored->h_px;
	LES_CLEANUP(les_free_p) uint8_t *row = malloc((size_t)w * 3);
	struct les_raster raster;

	if (!row)
		return les_fail(reterr, LES_NOMEM, "no memory for a row of pixels");
	enum les_kind kind = raster_new(turned ? h : w, turned ? w : h,
					is_grey(stored, row) ? 1 : 3, &raster, reterr);
	if (kind != LES_OK)
		return kind;
	raster.info.rotation_deg = orientation.rotation_deg;
	raster.info.mirrored = orientation.mirrored;
	raster.info.stored_w_px = w;
	raster.info.stored_h_px = h;
	raster.info.to_stored = les_orientation_to_stored(orientation, w, h);
	for (uint32_t y = 0; y < h; y++) {
		int64_t at = upright_offset(&raster, 0, y);
		stored->fetch(stored->context, y, row);
		put_row(&raster, row, w, at, w > 1 ? upright_offset(&raster, 1, y) - at : 0);
	}
	*ret = raster;
	return LES_OK;
}

enum les_kind les_raster_seal(struct les_raster *raster, int *ret_fd, struct les_error *reterr)
{
	size_t n = (size_t)raster->info.stride_bytes * raster->info.h_px;
	enum les_kind kind = les_memfd_seal(raster->fd, LES_TAKE(raster->px), n, reterr);

	if (kind == LES_OK)
		*ret_fd = LES_TAKE_FD(raster->fd);
	return kind;
}

void les_raster_done(struct les_raster *raster)
{
	if (raster->px)
		munmap(raster->px, (size_t)raster->info.stride_bytes * raster->info.h_px);
	raster->px = NULL;
	les_fd_close(&raster->fd);
}
