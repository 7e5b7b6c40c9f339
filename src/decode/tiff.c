/* TIFF through libtiff: pages, tiles and strips, all compressions libtiff knows. The only file that
 * knows libtiff. Leptonica would refuse tiles, and walks all directories for each page. */
#include "base/cleanup.h"
#include "decode/format.h"

#include <stdlib.h>
#include <string.h>
#include <tiffio.h>

struct tiff {
	struct les_format_input input;
	TIFF *tif;
	uint64_t at; /* where libtiff reads next */
};

/* libtiff's handlers are global: how often it complained since last asked. */
static uint32_t complaints_n;

static void complain(thandle_t client, const char *module, const char *format, va_list args)
{
	(void)client;
	(void)module;
	(void)format;
	(void)args;
	complaints_n++;
}

static tmsize_t mem_read(thandle_t client, void *to, tmsize_t n)
{
	struct tiff *t = client;
	uint64_t left = t->at < t->input.n ? t->input.n - t->at : 0;
	size_t take = (uint64_t)n < left ? (size_t)n : (size_t)left;

	memcpy(to, t->input.bytes + (t->input.n - left), take);
	t->at += take;
	return (tmsize_t)take;
}

static tmsize_t mem_write(thandle_t client, void *from, tmsize_t n)
{
	(void)client;
	(void)from;
	(void)n;
	return 0;
}

static toff_t mem_seek(thandle_t client, toff_t to, int whence)
{
	struct tiff *t = client;

	if (whence == SEEK_CUR)
		to += t->at;
	else if (whence == SEEK_END)
		to += t->input.n;
	t->at = to;
	return to;
}

static int mem_close(thandle_t client)
{
	(void)client;
	return 0;
}

static toff_t mem_size(thandle_t client)
{
	return ((struct tiff *)client)->input.n;
}

static int mem_map(thandle_t client, void **ret_bytes, toff_t *ret_n)
{
	struct tiff *t = client;

	*ret_bytes = (void *)(uintptr_t)t->input.bytes; /* opened "r": libtiff only reads it */
	*ret_n = t->input.n;
	return 1;
}

static void mem_unmap(thandle_t client, void *bytes, toff_t n)
{
	(void)client;
	(void)bytes;
	(void)n;
}

static void tiff_close(void *handle)
{
	struct tiff *t = handle;

	if (t->tif)
		TIFFClose(t->tif);
	free(t);
}
LES_DEFINE_CLEANUP(void, tiff_close)

/* Counts directories, at most one more than allowed: a longer chain is over the limit however it
 * ends. One that cannot be read is a page that will say so; behind it the chain goes on, unless
 * libtiff finds no place to go on at: beyond the file, or where it has been before. */
static uint32_t count_pages(TIFF *tif, uint32_t pages_max)
{
	uint32_t n = 1;
	bool moves = true;

	while (n <= pages_max && moves && !TIFFLastDirectory(tif)) {
		const uint64_t before = TIFFCurrentDirOffset(tif);
		if (!TIFFReadDirectory(tif))
			moves = TIFFCurrentDirOffset(tif) != before;
		n += moves;
	}
	return n;
}

static enum les_kind tiff_open(const struct les_format_input *input, void **ret_handle,
			       uint32_t *ret_pages_n, struct les_error *reterr)
{
	struct tiff *t = calloc(1, sizeof *t);
	LES_CLEANUP(tiff_close_p) void *handle = t;

	if (!t)
		return les_fail(reterr, LES_NOMEM, "no memory for a TIFF");
	t->input = *input;
	TIFFSetWarningHandler(NULL);
	TIFFSetErrorHandler(NULL);
	TIFFSetErrorHandlerExt(complain);
	t->tif = TIFFClientOpen("", "r", t, mem_read, mem_write, mem_seek, mem_close, mem_size,
				mem_map, mem_unmap);
	if (!t->tif)
		return les_fail(reterr, LES_FORMAT, "a TIFF whose first directory cannot be read");
	*ret_pages_n = count_pages(t->tif, input->open->pages_max);
	*ret_handle = LES_TAKE(handle);
	return LES_OK;
}

/* A page's pixels as libtiff gives them: ABGR words, alpha premultiplied, in the stored order. */
struct tiff_rows {
	uint32_t w_px;
	uint32_t px[];
};

static void tiff_row(const struct les_raster *raster, uint32_t y_px, uint8_t *out)
{
	const struct tiff_rows *rows = raster->pixels;
	const uint32_t *line = rows->px + (size_t)y_px * rows->w_px;

	for (uint32_t x = 0; x < rows->w_px; x++, out += 3) {
		const uint32_t white = 255 - TIFFGetA(line[x]);
		const uint32_t rgb[3] = {TIFFGetR(line[x]), TIFFGetG(line[x]), TIFFGetB(line[x])};
		for (int c = 0; c < 3; c++)
			out[c] = (uint8_t)(rgb[c] + white < 255 ? rgb[c] + white : 255);
	}
}

static float tiff_dpi(TIFF *tif)
{
	float x = 0, y = 0;
	uint16_t unit = RESUNIT_INCH;

	if (!TIFFGetField(tif, TIFFTAG_XRESOLUTION, &x))
		return 0;
	if (!TIFFGetField(tif, TIFFTAG_YRESOLUTION, &y))
		y = x;
	TIFFGetFieldDefaulted(tif, TIFFTAG_RESOLUTIONUNIT, &unit);
	if (unit == RESUNIT_NONE)
		return 0;
	return (x + y) / 2 * (unit == RESUNIT_CENTIMETER ? 2.54f : 1);
}

/* Whether all pixels are the same: what is left of a page of which nothing could be decoded. */
static bool is_blank(const struct tiff_rows *rows, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (rows->px[i] != rows->px[0])
			return false;
	return true;
}

/* Reads the directory at hand. The rows come in the stored order: turning is the raster's. */
static enum les_kind read_rows(TIFF *tif, struct les_raster *ret, struct les_error *reterr)
{
	const size_t n = (size_t)ret->w_px * ret->h_px;
	char why[1024];
	TIFFRGBAImage image;
	struct tiff_rows *rows = calloc(1, sizeof *rows + n * sizeof rows->px[0]);

	if (!rows)
		return les_fail(reterr, LES_NOMEM, "no memory for %u × %u pixels", ret->w_px,
				ret->h_px);
	rows->w_px = ret->w_px;
	ret->pixels = rows;
	ret->free = free;
	ret->row = tiff_row;
	ret->channels = 3;
	if (!TIFFRGBAImageOK(tif, why) || !TIFFRGBAImageBegin(&image, tif, 0, why))
		return les_fail(reterr, LES_UNSUPPORTED, "a TIFF page that is not read: %.150s",
				why);
	image.req_orientation = image.orientation;
	complaints_n = 0;
	int ok = TIFFRGBAImageGet(&image, rows->px, ret->w_px, ret->h_px);
	TIFFRGBAImageEnd(&image);
	ret->damaged = !ok || complaints_n > 0;
	if (ret->damaged && is_blank(rows, n))
		return les_fail(reterr, LES_FORMAT, "a TIFF page whose pixels cannot be decoded");
	return LES_OK;
}

static enum les_kind tiff_page(void *handle, uint32_t number, struct les_raster *ret,
			       struct les_error *reterr)
{
	struct tiff *t = handle;
	uint16_t orientation = ORIENTATION_TOPLEFT;
	uint32_t w = 0, h = 0;

	if (!TIFFSetDirectory(t->tif, (tdir_t)(number - 1)))
		return les_fail(reterr, LES_FORMAT, "a TIFF page whose directory cannot be read");
	TIFFGetField(t->tif, TIFFTAG_IMAGEWIDTH, &w);
	TIFFGetField(t->tif, TIFFTAG_IMAGELENGTH, &h);
	enum les_kind kind = les_raster_check_size(w, h, t->input.open->page_px_max, reterr);
	if (kind != LES_OK)
		return kind;
	TIFFGetFieldDefaulted(t->tif, TIFFTAG_ORIENTATION, &orientation);
	ret->w_px = w;
	ret->h_px = h;
	ret->turn = les_turn_from_orientation(orientation);
	ret->source = LES_SOURCE_IMAGE;
	ret->dpi = tiff_dpi(t->tif);
	return read_rows(t->tif, ret, reterr);
}

const struct les_format les_format_tiff = {tiff_open, tiff_page, tiff_close};
