/* PDF through poppler-glib and cairo. The only file that knows them. */
#include "decode/pdf.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "decode/format.h"
#include "decode/likeness.h"

#include <cairo.h>
#include <iconv.h>
#include <math.h>
#include <poppler.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	THUMBNAIL_PX = 8 * LES_LIKENESS_SIDE, /* whole pixels a cell */
	FONTS_MISSING_MAX = 4096,             /* names kept of one document */
};

static const double points_per_inch = 72;
static const double edge_tolerance = 0.01;   /* how far a scan's sides may differ from the page's */
static const double aspect_tolerance = 0.02; /* how unequal a scan's resolutions may be */

struct pdf {
	struct les_format_input input;
	PopplerDocument *document;
	PopplerFontInfo *fonts;
	uint32_t fonts_pages_n; /* pages that `fonts` has looked through */
	GHashTable *missing;    /* names of fonts that are not embedded */
};

static void object_unref(void *object)
{
	g_object_unref(object);
}
LES_DEFINE_CLEANUP(PopplerPage, object_unref)
LES_DEFINE_CLEANUP(cairo_surface_t, cairo_surface_destroy)
LES_DEFINE_CLEANUP(cairo_t, cairo_destroy)

/* ---- opening ---- */

static void pdf_close(void *handle)
{
	struct pdf *pdf = handle;

	if (pdf->fonts)
		poppler_font_info_free(pdf->fonts);
	if (pdf->missing)
		g_hash_table_unref(pdf->missing);
	if (pdf->document)
		g_object_unref(pdf->document);
	free(pdf);
}
LES_DEFINE_CLEANUP(void, pdf_close)

static enum les_kind explain(const GError *error, const char *password, struct les_error *reterr)
{
	if (!g_error_matches(error, POPPLER_ERROR, POPPLER_ERROR_ENCRYPTED))
		return les_fail(reterr, LES_FORMAT, "the PDF is damaged: %.150s", error->message);
	return les_fail(reterr, LES_ENCRYPTED, "%s",
			password[0] ? "the PDF is encrypted, and this is not its password"
				    : "the PDF is encrypted: it needs a password");
}

/* With a password poppler tries twice, the second time over a copy of its stream. Up to 22.12 at
 * least it takes the copy of bytes for what it is not, and crashes on a wrong password; a copied
 * GInputStream is sound, but slower to read from. */
static PopplerDocument *open_with(GBytes *bytes, const char *password, GError **error)
{
	if (!password[0])
		return poppler_document_new_from_bytes(bytes, NULL, error);
	GInputStream *stream = g_memory_input_stream_new_from_bytes(bytes);
	PopplerDocument *document =
		poppler_document_new_from_stream(stream, -1, password, NULL, error);
	g_object_unref(stream);
	return document;
}

static enum les_kind document_open(const struct les_format_input *input, PopplerDocument **ret,
				   struct les_error *reterr)
{
	const char *password = input->open->password;
	GBytes *bytes = g_bytes_new_static(input->bytes, input->n);
	GError *error = NULL;

	*ret = open_with(bytes, password, &error);
	g_bytes_unref(bytes);
	if (*ret)
		return LES_OK;
	enum les_kind kind = explain(error, password, reterr);
	g_error_free(error);
	return kind;
}

static enum les_kind pdf_open(const struct les_format_input *input, void **ret_handle,
			      uint32_t *ret_pages_n, struct les_error *reterr)
{
	struct pdf *pdf = calloc(1, sizeof *pdf);
	LES_CLEANUP(pdf_close_p) void *handle = pdf;

	if (!pdf)
		return les_fail(reterr, LES_NOMEM, "no memory for a PDF");
	pdf->input = *input;
	enum les_kind kind = document_open(input, &pdf->document, reterr);
	if (kind != LES_OK)
		return kind;
	int pages_n = poppler_document_get_n_pages(pdf->document);
	pdf->fonts = poppler_font_info_new(pdf->document);
	pdf->missing = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	*ret_pages_n = pages_n > 0 ? (uint32_t)pages_n : 0;
	*ret_handle = LES_TAKE(handle);
	return LES_OK;
}

/* ---- cairo surfaces as rasters ---- */

/* Native-endian words, premultiplied; alpha is taken as 255 where the format has none. */
static void surface_row(const struct les_raster *raster, uint32_t y_px, uint8_t *out)
{
	cairo_surface_t *surface = raster->pixels;
	const bool has_alpha = cairo_image_surface_get_format(surface) == CAIRO_FORMAT_ARGB32;
	const unsigned char *at = cairo_image_surface_get_data(surface) +
				  (size_t)y_px * (size_t)cairo_image_surface_get_stride(surface);

	for (uint32_t x = 0; x < raster->w_px; x++, at += 4, out += 3) {
		uint32_t px;
		memcpy(&px, at, sizeof px);
		const uint32_t white = has_alpha ? 255 - (px >> 24) : 0;
		for (int c = 0; c < 3; c++) {
			uint32_t v = (px >> (16 - 8 * c) & 0xff) + white;
			out[c] = (uint8_t)(v < 255 ? v : 255);
		}
	}
}

static void surface_free(void *pixels)
{
	cairo_surface_destroy(pixels);
}

/* Takes the surface over. */
static struct les_raster surface_raster(cairo_surface_t *surface)
{
	return (struct les_raster){.w_px = (uint32_t)cairo_image_surface_get_width(surface),
				   .h_px = (uint32_t)cairo_image_surface_get_height(surface),
				   .channels = 3,
				   .row = surface_row,
				   .free = surface_free,
				   .pixels = surface};
}

/* Draws a page on white, w_px × h_px however its own sides relate. */
static enum les_kind draw(PopplerPage *page, uint32_t w_px, uint32_t h_px, struct les_raster *ret,
			  struct les_error *reterr)
{
	double w_pt, h_pt;
	LES_CLEANUP(cairo_surface_destroy_p)
	cairo_surface_t *surface =
		cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)w_px, (int)h_px);
	LES_CLEANUP(cairo_destroy_p) cairo_t *cr = cairo_create(surface);

	poppler_page_get_size(page, &w_pt, &h_pt);
	cairo_set_source_rgb(cr, 1, 1, 1);
	cairo_paint(cr);
	cairo_scale(cr, w_px / w_pt, h_px / h_pt);
	poppler_page_render(page, cr);
	cairo_surface_flush(surface);
	cairo_status_t status = cairo_status(cr);
	if (status == CAIRO_STATUS_SUCCESS)
		status = cairo_surface_status(surface);
	if (status == CAIRO_STATUS_NO_MEMORY)
		return les_fail(reterr, LES_NOMEM, "no memory to draw %u × %u pixels", w_px, h_px);
	if (status != CAIRO_STATUS_SUCCESS)
		return les_fail(reterr, LES_FORMAT, "the page cannot be drawn: %s",
				cairo_status_to_string(status));
	*ret = surface_raster(LES_TAKE(surface));
	return LES_OK;
}

/* ---- a page that is one scan ---- */

/* Whether an image has the page's sides, in either order: on a turned page poppler tells the
 * image's sides rightly and its place wrongly. The drawing tells whether it is in place. */
static bool covers(const PopplerRectangle *area, double w_pt, double h_pt)
{
	const double w = fabs(area->x2 - area->x1), h = fabs(area->y2 - area->y1);

	return (fabs(w / w_pt - 1) <= edge_tolerance && fabs(h / h_pt - 1) <= edge_tolerance) ||
	       (fabs(h / w_pt - 1) <= edge_tolerance && fabs(w / h_pt - 1) <= edge_tolerance);
}

/* The image of a page that has one only, as large as the page; NULL otherwise. */
static cairo_surface_t *only_image(PopplerPage *page, double w_pt, double h_pt)
{
	GList *mapping = poppler_page_get_image_mapping(page);
	cairo_surface_t *image = NULL;

	if (mapping && !mapping->next) {
		const PopplerImageMapping *only = mapping->data;
		if (covers(&only->area, w_pt, h_pt))
			image = poppler_page_get_image(page, only->image_id);
	}
	poppler_page_free_image_mapping(mapping);
	if (image && (cairo_surface_status(image) != CAIRO_STATUS_SUCCESS ||
		      cairo_surface_get_type(image) != CAIRO_SURFACE_TYPE_IMAGE)) {
		cairo_surface_destroy(image);
		return NULL;
	}
	return image;
}

/* poppler gives an image as it is stored and does not tell how the page shows it: /Rotate, a
 * mirroring matrix, a mask, text on top. A small drawing of the page tells them all. */
static bool find_turn(PopplerPage *page, struct les_raster *image, bool lies)
{
	LES_CLEANUP(les_raster_done) struct les_raster small = {0};
	struct les_likeness of_page, of_image;

	return draw(page, THUMBNAIL_PX, THUMBNAIL_PX, &small, NULL) == LES_OK &&
	       les_likeness_of(&small, &of_page, NULL) == LES_OK &&
	       les_likeness_of(image, &of_image, NULL) == LES_OK &&
	       les_likeness_turn(&of_page, &of_image, lies, &image->turn);
}

/* Whether pixels of a w_px × h_px image are about square on a page of w_pt × h_pt. */
static bool fits(double w_px, double h_px, double w_pt, double h_pt)
{
	return fabs(w_px / w_pt * h_pt / h_px - 1) <= aspect_tolerance;
}

/* Whether every pixel is the same: no scanner gives that, but poppler does for an image whose bytes
 * end in its header, and says nothing. */
static bool is_blank(const struct les_raster *raster)
{
	LES_CLEANUP(les_free_p) uint8_t *row = malloc((size_t)raster->w_px * LES_CHANNELS_MAX);
	uint8_t first[LES_CHANNELS_MAX];

	for (uint32_t y = 0; row && y < raster->h_px; y++) {
		raster->row(raster, y, row);
		if (y == 0)
			memcpy(first, row, sizeof first);
		for (uint32_t x = 0; x < raster->w_px; x++)
			if (memcmp(row + 3 * (size_t)x, first, sizeof first) != 0)
				return false;
	}
	return row;
}

/* Takes the page's own scan at its own resolution; false where the page has to be drawn. */
static bool take_scan(PopplerPage *page, uint64_t px_max, struct les_raster *ret)
{
	double w_pt, h_pt;

	poppler_page_get_size(page, &w_pt, &h_pt);
	cairo_surface_t *image = only_image(page, w_pt, h_pt);
	if (!image)
		return false;
	struct les_raster raster = surface_raster(image);
	const double w = raster.w_px, h = raster.h_px;
	if (les_raster_check_size(raster.w_px, raster.h_px, px_max, NULL) == LES_OK &&
	    ((fits(w, h, w_pt, h_pt) && find_turn(page, &raster, false)) ||
	     (fits(h, w, w_pt, h_pt) && find_turn(page, &raster, true)))) {
		raster.source = LES_SOURCE_NATIVE;
		raster.damaged = is_blank(&raster);
		raster.dpi = (float)(sqrt(w * h / (w_pt * h_pt)) * points_per_inch);
		*ret = raster;
		return true;
	}
	les_raster_done(&raster);
	return false;
}

/* ---- any other page ---- */

/* The resolution asked for, or what keeps a large page within the caps. */
static double fitting_dpi(double w_pt, double h_pt, const struct les_open *open)
{
	const double dpi = open->render_dpi;
	const double px = w_pt * h_pt * (dpi / points_per_inch) * (dpi / points_per_inch);
	const double side = fmax(w_pt, h_pt) * dpi / points_per_inch;
	double less = 1;

	if (px > (double)open->page_px_max)
		less = sqrt((double)open->page_px_max / px);
	if (side * less > LES_PAGE_SIDE_MAX)
		less = LES_PAGE_SIDE_MAX / side;
	return dpi * less;
}

static uint32_t to_px(double pt, double dpi)
{
	double px = floor(pt * dpi / points_per_inch + 1e-6);

	return px < 1 ? 1 : (uint32_t)px;
}

static enum les_kind draw_page(PopplerPage *page, const struct les_open *open,
			       struct les_raster *ret, struct les_error *reterr)
{
	double w_pt, h_pt;

	poppler_page_get_size(page, &w_pt, &h_pt);
	if (!(w_pt > 0) || !(h_pt > 0))
		return les_fail(reterr, LES_FORMAT, "the page has no size");
	const double dpi = fitting_dpi(w_pt, h_pt, open);
	if (dpi < LES_RENDER_DPI_MIN)
		return les_fail(reterr, LES_LIMIT,
				"the page is %.0f × %.0f points: %u dpi would exceed the pixels of "
				"a page",
				w_pt, h_pt, LES_RENDER_DPI_MIN);
	enum les_kind kind = draw(page, to_px(w_pt, dpi), to_px(h_pt, dpi), ret, reterr);
	if (kind != LES_OK)
		return kind;
	ret->source = LES_SOURCE_RENDERED;
	ret->dpi = (float)dpi;
	return LES_OK;
}

/* ---- fonts that were drawn with another ---- */

/* Notes the fonts not embedded on the pages up to `number`. The scanner names each font once, on
 * the first page that has it. */
static void scan_fonts(struct pdf *pdf, uint32_t number)
{
	for (; pdf->fonts_pages_n < number; pdf->fonts_pages_n++) {
		PopplerFontsIter *iter = NULL;
		if (!poppler_font_info_scan(pdf->fonts, 1, &iter))
			continue;
		do {
			const char *name = poppler_fonts_iter_get_full_name(iter);
			if (name && !poppler_fonts_iter_is_embedded(iter) &&
			    g_hash_table_size(pdf->missing) < FONTS_MISSING_MAX)
				g_hash_table_add(pdf->missing, g_strdup(name));
		} while (poppler_fonts_iter_next(iter));
		poppler_fonts_iter_free(iter);
	}
}

/* How many fonts of the page's text are not embedded. */
static uint32_t count_substituted(struct pdf *pdf, PopplerPage *page, uint32_t number)
{
	scan_fonts(pdf, number);
	if (g_hash_table_size(pdf->missing) == 0)
		return 0;
	GList *attributes = poppler_page_get_text_attributes(page);
	GHashTable *used = g_hash_table_new(g_str_hash, g_str_equal);
	for (GList *at = attributes; at; at = at->next) {
		const PopplerTextAttributes *a = at->data;
		if (a->font_name && g_hash_table_contains(pdf->missing, a->font_name))
			g_hash_table_add(used, a->font_name);
	}
	uint32_t n = g_hash_table_size(used);
	g_hash_table_unref(used);
	poppler_page_free_text_attributes(attributes);
	return n;
}

static enum les_kind pdf_page(void *handle, uint32_t number, struct les_raster *ret,
			      struct les_error *reterr)
{
	struct pdf *pdf = handle;
	PopplerRectangle box;
	LES_CLEANUP(object_unref_p)
	PopplerPage *page = poppler_document_get_page(pdf->document, (int)number - 1);

	if (!page)
		return les_fail(reterr, LES_FORMAT, "the page's object is damaged");
	if (!take_scan(page, pdf->input.open->page_px_max, ret)) {
		enum les_kind kind = draw_page(page, pdf->input.open, ret, reterr);
		if (kind != LES_OK)
			return kind;
		ret->fonts_substituted = count_substituted(pdf, page, number);
	}
	poppler_page_get_crop_box(page, &box);
	const double corners[] = {box.x1, box.y1, box.x2, box.y2};
	for (size_t i = 0; i < LES_COUNT(corners); i++)
		ret->box_pt[i] = isfinite((float)corners[i]) ? (float)corners[i] : 0;
	return LES_OK;
}

const struct les_format les_format_pdf = {pdf_open, pdf_page, pdf_close};

/* ---- before any document ---- */

static GLogWriterOutput be_silent(GLogLevelFlags level, const GLogField *fields, gsize n,
				  gpointer data)
{
	(void)level;
	(void)fields;
	(void)n;
	(void)data;
	return G_LOG_WRITER_HANDLED;
}

/* A conversion stays loaded as long as somebody holds it. Without it poppler takes a password for a
 * null pointer. */
enum les_kind les_pdf_prepare(struct les_error *reterr)
{
	static iconv_t held;

	held = iconv_open("ISO-8859-1", "UTF-8");
	if (held == (iconv_t)-1)
		return les_fail(reterr, LES_UNAVAILABLE, "the C library has no ISO-8859-1");
	return LES_OK;
}

/* One page of all base fonts and an image. It has no table of objects: poppler makes one. */
static void warm_page_build(struct les_buf *out)
{
	static const char *const names[] = {
		"Times-Roman",
		"Times-Bold",
		"Times-Italic",
		"Times-BoldItalic",
		"Helvetica",
		"Helvetica-Bold",
		"Courier",
		"Helvetica-Oblique",
		"Courier-Bold",
		"Symbol",
		"Courier-Oblique",
		"Courier-BoldOblique",
		"Helvetica-BoldOblique",
		"ZapfDingbats",
		"Unknown",
	};
	LES_CLEANUP(les_buf_done) struct les_buf text = LES_BUF(4096);

	les_buf_puts(out, "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
			  "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
			  "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 200]/Contents 4 0 R"
			  "/Resources<</Font<<");
	les_buf_puts(&text, "q 9 0 0 9 0 0 cm BI /W 1 /H 1 /CS /G /BPC 8 ID 0 EI Q BT 9 195 Td");
	for (size_t i = 0; i < LES_COUNT(names); i++) {
		les_buf_printf(out, "/F%zu<</Type/Font/Subtype/Type1/BaseFont/%s>>", i, names[i]);
		les_buf_printf(&text, " /F%zu 9 Tf 0 -12 Td (Abg) Tj", i);
	}
	les_buf_printf(out, ">>>>>>endobj\n4 0 obj<</Length %zu>>stream\n", text.len + 3);
	les_buf_put(out, text.bytes, text.len);
	les_buf_puts(out, " ET\nendstream endobj\ntrailer<</Root 1 0 R>>\n");
}

/* Opens it for good and draws it. poppler tells standard error of each file of poppler-data that it
 * may not open; there are to be none. */
static enum les_kind warm_page_draw(const struct les_buf *bytes, struct les_raster *ret,
				    struct les_error *reterr)
{
	static const struct les_open open = {
		.pages_max = 1, .page_px_max = LES_PAGE_PX_MAX, .render_dpi = 72};
	static void *document; /* never closed: what it warmed stays warm */
	const struct les_format_input input = {bytes->bytes, bytes->len, NULL, &open};
	LES_CLEANUP(les_fd_close) int heard = dup(STDERR_FILENO);
	uint32_t pages_n;

	dup2(STDIN_FILENO, STDERR_FILENO); /* /dev/null in every worker */
	enum les_kind kind = pdf_open(&input, &document, &pages_n, reterr);
	if (kind == LES_OK)
		kind = pdf_page(document, 1, ret, reterr);
	if (heard >= 0)
		dup2(heard, STDERR_FILENO);
	return kind;
}

enum les_kind les_pdf_warm_up(struct les_error *reterr)
{
	static struct les_buf bytes = LES_BUF(16384); /* the document that stays open borrows it */
	LES_CLEANUP(les_raster_done) struct les_raster raster = {0};
	struct les_likeness likeness;

	g_log_set_writer_func(be_silent, NULL, NULL);
	warm_page_build(&bytes);
	if (bytes.failed)
		return les_fail(reterr, LES_NOMEM, "no memory for the warm-up page");
	enum les_kind kind = warm_page_draw(&bytes, &raster, reterr);
	if (kind == LES_OK)
		kind = les_likeness_of(&raster, &likeness, reterr);
	if (kind != LES_OK)
		return kind;
	for (int y = 0; y < LES_LIKENESS_SIDE; y++) /* the text, not the image below it */
		for (int x = 0; x < LES_LIKENESS_SIDE && y < LES_LIKENESS_SIDE / 2; x++)
			if (likeness.cell[y][x] < 0.9f)
				return LES_OK;
	return les_fail(reterr, LES_UNAVAILABLE, "PDF text without fonts of its own stays blank");
}
