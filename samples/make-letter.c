/* Makes the sample letter: types the text of letter-1.txt and letter-2.txt on old paper, scans it
 * as badly as such letters are scanned, and says in PAGE XML what stands where.
 *
 *   ninja -C build samples/make-letter && build/samples/make-letter samples
 *
 * writes letter.jpg and letter.xml (the first page) and letter.pdf (both). Chance is seeded: the
 * same libraries and fonts give the same bytes. */
#include <cairo-pdf.h>
#include <leptonica/allheaders.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	DPI = 200,
	PAGE_W_PX = 1165, /* A5 */
	PAGE_H_PX = 1654,
	LINES_MAX = 40,
	LINE_BYTES_MAX = 128,
	JPEG_QUALITY = 58,
};

static const double left_px = 0.62 * DPI, top_px = 0.95 * DPI;
static const double advance_px = 0.1 * DPI;      /* ten characters an inch: pica type */
static const double leading_px = 0.3 * DPI;      /* nearly double spacing */
static const double em_px = DPI / 6.0;           /* 12 points */
static const double skew_rad = 0.6 * M_PI / 180; /* nobody lays a letter down straight */

struct line {
	char text[LINE_BYTES_MAX];
	double indent_px, width_px, baseline_px; /* before the page is turned */
};

struct letter {
	struct line lines[LINES_MAX];
	int lines_n;
};

static uint32_t chance_state;

/* Uniform in [-1, 1] (xorshift32). */
static double chance(void)
{
	chance_state ^= chance_state << 13;
	chance_state ^= chance_state >> 17;
	chance_state ^= chance_state << 5;
	return chance_state / (double)UINT32_MAX * 2 - 1;
}

static int char_bytes(const char *s)
{
	int n = 1;

	while (((unsigned char)s[n] & 0xc0) == 0x80)
		n++;
	return n;
}

static void load_letter(const char *dir, int page, struct letter *ret)
{
	char path[4096], row[LINE_BYTES_MAX];
	struct letter letter = {0};
	double y = top_px;

	snprintf(path, sizeof path, "%s/letter-%d.txt", dir, page);
	FILE *in = fopen(path, "r");
	if (!in) {
		perror(path);
		exit(1);
	}
	for (; fgets(row, sizeof row, in); y += leading_px) {
		size_t indent = strspn(row, " ");
		struct line *line = &letter.lines[letter.lines_n];

		row[strcspn(row, "\n")] = 0;
		if (!row[indent] || letter.lines_n == LINES_MAX) {
			y -= leading_px / 3; /* between paragraphs */
			continue;
		}
		snprintf(line->text, sizeof line->text, "%s", row + indent);
		line->indent_px = (double)indent * advance_px;
		line->baseline_px = y;
		for (const char *s = line->text; *s; s += char_bytes(s))
			line->width_px += advance_px;
		letter.lines_n++;
	}
	fclose(in);
	*ret = letter;
}

static cairo_matrix_t page_turn(void)
{
	cairo_matrix_t m;

	cairo_matrix_init_translate(&m, PAGE_W_PX / 2.0, PAGE_H_PX / 2.0);
	cairo_matrix_rotate(&m, skew_rad);
	cairo_matrix_translate(&m, -PAGE_W_PX / 2.0, -PAGE_H_PX / 2.0);
	return m;
}

/* Each type hits the paper a little off its place, a little turned, with more or less ink. */
static void type_line(cairo_t *to, const struct line *line)
{
	double x = left_px + line->indent_px;

	for (const char *s = line->text; *s; s += char_bytes(s), x += advance_px) {
		char one[5] = {0};

		memcpy(one, s, (size_t)char_bytes(s));
		cairo_save(to);
		cairo_translate(to, x + 0.5 * chance(), line->baseline_px + 0.9 * chance());
		cairo_rotate(to, 0.015 * chance());
		cairo_set_source_rgba(to, 0, 0, 0, 0.85 + 0.15 * chance());
		cairo_move_to(to, 0, 0);
		cairo_text_path(to, one);
		cairo_fill_preserve(to);
		cairo_set_line_width(to, 1.1 + 0.5 * chance()); /* the ribbon spreads */
		cairo_stroke(to);
		cairo_restore(to);
	}
}

/* How much ink lies where: 8 bits a pixel. */
static cairo_surface_t *type_page(const struct letter *letter)
{
	cairo_surface_t *ink = cairo_image_surface_create(CAIRO_FORMAT_A8, PAGE_W_PX, PAGE_H_PX);
	cairo_t *to = cairo_create(ink);
	const cairo_matrix_t turn = page_turn();

	cairo_set_matrix(to, &turn);
	cairo_select_font_face(to, "Nimbus Mono PS", CAIRO_FONT_SLANT_NORMAL,
			       CAIRO_FONT_WEIGHT_NORMAL);
	cairo_set_font_size(to, em_px);
	for (int i = 0; i < letter->lines_n; i++)
		type_line(to, &letter->lines[i]);
	cairo_destroy(to);
	cairo_surface_flush(ink);
	return ink;
}

/* Light of the paper at a place: waves, a shadow at the left, a fold across the middle. */
static double paper(int x, int y)
{
	double waves = 0.02 * sin(x / 170.0 + 1) * cos(y / 230.0);
	double shadow = 0.16 * exp(-x / 45.0);
	double fold = 0.09 * exp(-fabs(y - PAGE_H_PX * 0.52 + x * 0.004) / 3);

	return 0.93 + waves - shadow - fold + 0.012 * chance();
}

static PIX *scan(cairo_surface_t *ink)
{
	PIX *sharp = pixCreate(PAGE_W_PX, PAGE_H_PX, 32);
	const unsigned char *rows = cairo_image_surface_get_data(ink);
	const int stride = cairo_image_surface_get_stride(ink);

	for (int y = 0; y < PAGE_H_PX; y++)
		for (int x = 0; x < PAGE_W_PX; x++) {
			double light = paper(x, y);
			double black = rows[y * stride + x] / 255.0 * (0.87 + 0.06 * chance());
			l_uint32 pixel;

			composeRGBPixel((int)(255 * light * (1 - black) + 42 * black),
					(int)(247 * light * (1 - black) + 38 * black),
					(int)(222 * light * (1 - black) + 48 * black), &pixel);
			pixSetPixel(sharp, x, y, pixel);
		}
	PIX *soft = pixBlockconv(sharp, 1, 1);
	pixSetResolution(soft, DPI, DPI);
	pixDestroy(&sharp);
	return soft;
}

static void point(FILE *to, double x, double y, const char *after)
{
	const cairo_matrix_t turn = page_turn();

	cairo_matrix_transform_point(&turn, &x, &y);
	fprintf(to, "%.0f,%.0f%s", x, y, after);
}

static void write_line(FILE *to, const struct line *line, int i)
{
	const double l = left_px + line->indent_px, r = l + line->width_px;
	const double up = line->baseline_px - 0.75 * em_px, down = line->baseline_px + 0.3 * em_px;

	fprintf(to, "      <TextLine id=\"l%d\">\n        <Coords points=\"", i + 1);
	point(to, l, up, " ");
	point(to, r, up, " ");
	point(to, r, down, " ");
	point(to, l, down, "\"/>\n        <Baseline points=\"");
	point(to, l, line->baseline_px, " ");
	point(to, r, line->baseline_px, "\"/>\n");
	fprintf(to, "        <TextEquiv><Unicode>%s</Unicode></TextEquiv>\n      </TextLine>\n",
		line->text);
}

static void write_truth(const char *dir, const struct letter *letter)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/letter.xml", dir);
	FILE *to = fopen(path, "w");
	if (!to) {
		perror(path);
		exit(1);
	}
	fprintf(to,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<PcGts "
		"xmlns=\"http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15\">\n"
		"  <Metadata>\n    <Creator>make-letter</Creator>\n"
		"    <Created>1951-11-14T00:00:00</Created>\n"
		"    <LastChange>1951-11-14T00:00:00</LastChange>\n  </Metadata>\n"
		"  <Page imageFilename=\"letter.jpg\" imageWidth=\"%d\" imageHeight=\"%d\">\n"
		"    <TextRegion id=\"r1\">\n      <Coords points=\"0,0 %d,0 %d,%d 0,%d\"/>\n",
		PAGE_W_PX, PAGE_H_PX, PAGE_W_PX - 1, PAGE_W_PX - 1, PAGE_H_PX - 1, PAGE_H_PX - 1);
	for (int i = 0; i < letter->lines_n; i++)
		write_line(to, &letter->lines[i], i);
	fprintf(to, "    </TextRegion>\n  </Page>\n</PcGts>\n");
	fclose(to);
}

/* The page as its JPEG, unchanged, as a scanner's own PDF has it. */
static void add_to_pdf(cairo_t *pdf, PIX *page)
{
	l_uint8 *jpeg;
	size_t jpeg_bytes;
	cairo_surface_t *image =
		cairo_image_surface_create(CAIRO_FORMAT_RGB24, PAGE_W_PX, PAGE_H_PX);

	pixWriteMemJpeg(&jpeg, &jpeg_bytes, page, JPEG_QUALITY, 0);
	cairo_surface_set_mime_data(image, CAIRO_MIME_TYPE_JPEG, jpeg, jpeg_bytes, free, jpeg);
	cairo_identity_matrix(pdf);
	cairo_scale(pdf, 72.0 / DPI, 72.0 / DPI);
	cairo_set_source_surface(pdf, image, 0, 0);
	cairo_paint(pdf);
	cairo_show_page(pdf);
	cairo_surface_destroy(image);
}

int main(int argc, char **argv)
{
	const char *dir = argc > 1 ? argv[1] : ".";
	char path[4096];

	snprintf(path, sizeof path, "%s/letter.pdf", dir);
	cairo_surface_t *document =
		cairo_pdf_surface_create(path, PAGE_W_PX * 72.0 / DPI, PAGE_H_PX * 72.0 / DPI);
	cairo_pdf_surface_set_metadata(document, CAIRO_PDF_METADATA_CREATE_DATE,
				       "1951-11-14T00:00:00Z");
	cairo_t *pdf = cairo_create(document);

	for (int page = 1; page <= 2; page++) {
		struct letter letter;

		chance_state = 1951u + (uint32_t)page;
		load_letter(dir, page, &letter);
		cairo_surface_t *ink = type_page(&letter);
		PIX *scanned = scan(ink);
		if (page == 1) {
			snprintf(path, sizeof path, "%s/letter.jpg", dir);
			pixWriteJpeg(path, scanned, JPEG_QUALITY, 0);
			write_truth(dir, &letter);
		}
		add_to_pdf(pdf, scanned);
		pixDestroy(&scanned);
		cairo_surface_destroy(ink);
	}
	cairo_destroy(pdf);
	cairo_surface_finish(document);
	bool good = cairo_surface_status(document) == CAIRO_STATUS_SUCCESS;
	cairo_surface_destroy(document);
	return good ? 0 : 1;
}
