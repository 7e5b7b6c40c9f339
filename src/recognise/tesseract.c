#include "base/cleanup.h"
#include "base/clock.h"
#include "confine/files.h"
#include "preprocess/preprocess.h"
#include "recognise/engine.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tesseract/capi.h>

/* Print by Tesseract 5. Its models are mapped files which it opens by name through our own fopen()
 * (confine/files.h); so "deu+frk" loads both, which it does not when initialised from memory. */

static const char data_folder[] = "/tessdata"; /* exists in the table of files only */

static TessBaseAPI *api;
static char api_language[LES_LANGUAGE_BYTES_MAX + 1];

enum { DPI_UNKNOWN = 0, DPI_MIN = 70, LINE_MARGIN_PX = 6 };

static enum les_kind model(const struct les_model_ref *model, const uint8_t *bytes, size_t n,
			   struct les_error *reterr)
{
	char path[256];

	if (model->use != LES_MODEL_TESSDATA)
		return les_fail(reterr, LES_UNSUPPORTED, "Tesseract has no use for a net");
	snprintf(path, sizeof path, "%s/%s.traineddata", data_folder, model->id);
	return les_files_add_bytes(path, bytes, n, reterr);
}

/* Whether every language asked for was really loaded: Tesseract goes on without those it misses. */
static enum les_kind check_loaded(const char *language, struct les_error *reterr)
{
	char wanted[LES_LANGUAGE_BYTES_MAX + 1], *rest = wanted;
	char **loaded = TessBaseAPIGetLoadedLanguagesAsVector(api);
	enum les_kind kind = LES_OK;

	memcpy(wanted, language, strlen(language) + 1);
	for (char *name; loaded && kind == LES_OK && (name = strsep(&rest, "+"));) {
		bool found = false;
		for (char **at = loaded; *at && !found; at++)
			found = strcmp(*at, name) == 0;
		if (!found)
			kind = les_fail(reterr, LES_NOTFOUND,
					"the model of \"%s\" could not be loaded", name);
	}
	TessDeleteTextArray(loaded);
	return loaded ? kind : les_fail(reterr, LES_NOMEM, "no memory for a list of languages");
}

static enum les_kind use_language(const char *language, struct les_error *reterr)
{
	if (api && strcmp(api_language, language) == 0)
		return LES_OK;
	if (api)
		TessBaseAPIDelete(api);
	api_language[0] = 0;
	api = TessBaseAPICreate();
	if (!api)
		return les_fail(reterr, LES_NOMEM, "no memory for Tesseract");
	if (TessBaseAPIInit2(api, data_folder, language, OEM_LSTM_ONLY) != 0)
		return les_fail(reterr, LES_NOTFOUND, "Tesseract cannot load the models of \"%s\"",
				language);
	enum les_kind kind = check_loaded(language, reterr);
	if (kind == LES_OK)
		memcpy(api_language, language, strlen(language) + 1);
	return kind;
}

/* Finding lines needs no model; any that is loaded does no harm. */
static enum les_kind use_no_language(struct les_error *reterr)
{
	if (api)
		return LES_OK;
	api = TessBaseAPICreate();
	if (!api)
		return les_fail(reterr, LES_NOMEM, "no memory for Tesseract");
	TessBaseAPIInitForAnalysePage(api);
	return LES_OK;
}

/* ---- results ---- */

/* Growing arrays of one page; they move to its arena when they are complete. */
struct gather {
	struct les_page *page;
	const char *language;
	struct les_region *regions;
	uint32_t regions_n;
	struct les_line *lines;
	uint32_t lines_n;
	struct les_word *words;
	uint32_t words_n;
	struct les_char *chars;
	uint32_t chars_n;
	struct les_buf text;
	bool in_line; /* the last of lines is still growing */
	bool failed;
};

static enum les_kind gather_init(struct gather *g, struct les_page *page, const char *language,
				 struct les_error *reterr)
{
	struct les_arena *arena = &page->arena;

	*g = (struct gather){
		.page = page, .language = language, .text = LES_BUF(LES_LINE_TEXT_BYTES_MAX)};
	g->regions = les_arena_alloc(arena, LES_PAGE_REGIONS_MAX, sizeof *g->regions);
	g->lines = les_arena_alloc(arena, LES_PAGE_LINES_MAX, sizeof *g->lines);
	g->words = malloc(LES_LINE_WORDS_MAX * sizeof *g->words);
	g->chars = malloc(LES_LINE_CHARS_MAX * sizeof *g->chars);
	if (!g->regions || !g->lines || !g->words || !g->chars)
		return les_fail(reterr, LES_NOMEM, "no memory for a page's lines");
	return LES_OK;
}

static void gather_done(struct gather *g)
{
	free(g->words);
	free(g->chars);
	les_buf_done(&g->text);
}

static const TessPageIterator *position(const TessResultIterator *it)
{
	return TessResultIteratorGetPageIteratorConst(it);
}

static float probability(float percent)
{
	return fminf(fmaxf(percent / 100, 0), 1);
}

static struct les_box box_of(const TessPageIterator *at, TessPageIteratorLevel level)
{
	int x0, y0, x1, y1;

	if (!TessPageIteratorBoundingBox(at, level, &x0, &y0, &x1, &y1))
		return (struct les_box){0};
	return (struct les_box){x0, y0, x1, y1};
}

static const char *keep_text(struct gather *g, TessResultIterator *it, TessPageIteratorLevel level,
			     size_t bytes_max)
{
	char *s = TessResultIteratorGetUTF8Text(it, level);
	const char *kept = NULL;

	if (s && strlen(s) <= bytes_max)
		kept = les_arena_strndup(&g->page->arena, s, strlen(s));
	else if (!s)
		kept = "";
	TessDeleteText(s);
	if (!kept)
		g->failed = true;
	return kept ? kept : "";
}

static void add_char(struct gather *g, TessResultIterator *it)
{
	if (g->chars_n == LES_LINE_CHARS_MAX)
		return;
	struct les_char *c = &g->chars[g->chars_n++];
	*c = (struct les_char){.text = keep_text(g, it, RIL_SYMBOL, LES_CHAR_TEXT_BYTES_MAX),
			       .box = box_of(position(it), RIL_SYMBOL),
			       .confidence =
				       probability(TessResultIteratorConfidence(it, RIL_SYMBOL))};
	if (g->words_n)
		g->words[g->words_n - 1].chars_n++;
}

static void add_word(struct gather *g, TessResultIterator *it)
{
	if (g->words_n == LES_LINE_WORDS_MAX)
		return;
	struct les_word *w = &g->words[g->words_n++];
	*w = (struct les_word){.text = keep_text(g, it, RIL_WORD, LES_LINE_TEXT_BYTES_MAX),
			       .box = box_of(position(it), RIL_WORD),
			       .confidence =
				       probability(TessResultIteratorConfidence(it, RIL_WORD)),
			       .chars_from = g->chars_n};
	if (g->words_n > 1)
		les_buf_puts(&g->text, " ");
	les_buf_puts(&g->text, w->text);
}

static struct les_points points_new(struct gather *g, uint32_t n)
{
	struct les_points points = {les_arena_alloc(&g->page->arena, n, sizeof *points.at), n};

	if (!points.at) {
		g->failed = true;
		points.n = 0;
	}
	return points;
}

static struct les_points baseline_of(struct gather *g, const TessPageIterator *at)
{
	int x0, y0, x1, y1;

	if (!TessPageIteratorBaseline(at, RIL_TEXTLINE, &x0, &y0, &x1, &y1))
		return (struct les_points){0};
	struct les_points base = points_new(g, 2);
	if (base.n) {
		base.at[0] = (struct les_point){(float)x0, (float)y0};
		base.at[1] = (struct les_point){(float)x1, (float)y1};
	}
	return base;
}

/* Around the words: their tops from left to right, their bottoms back; so it follows a slope. */
static struct les_points polygon_of(struct gather *g)
{
	const uint32_t n = g->words_n;

	if (n == 0 || 4 * n > LES_POLYGON_POINTS_MAX)
		return (struct les_points){0};
	struct les_points polygon = points_new(g, 4 * n);
	for (uint32_t i = 0; i < n && polygon.n; i++) {
		const struct les_box *b = &g->words[i].box;
		struct les_point *top = &polygon.at[2 * i],
				 *bottom = &polygon.at[4 * n - 2 - 2 * i];
		top[0] = (struct les_point){(float)b->x0_px, (float)b->y0_px};
		top[1] = (struct les_point){(float)b->x1_px, (float)b->y0_px};
		bottom[0] = (struct les_point){(float)b->x1_px, (float)b->y1_px};
		bottom[1] = (struct les_point){(float)b->x0_px, (float)b->y1_px};
	}
	return polygon;
}

static void *keep_array(struct gather *g, const void *from, uint32_t n, size_t size)
{
	void *to = les_arena_alloc(&g->page->arena, n, size);

	if (!to)
		g->failed = true;
	else if (n)
		memcpy(to, from, n * size);
	return to;
}

static float mean_confidence(const struct les_char *chars, uint32_t n)
{
	double sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum += (double)chars[i].confidence;
	return n ? (float)(sum / n) : 0;
}

/* Moves the gathered words and characters into a line. */
static void fill_line(struct gather *g, struct les_line *line)
{
	line->text = les_arena_strndup(&g->page->arena, (const char *)g->text.bytes, g->text.len);
	line->words = keep_array(g, g->words, g->words_n, sizeof *g->words);
	line->chars = keep_array(g, g->chars, g->chars_n, sizeof *g->chars);
	g->failed = g->failed || !line->text || g->text.failed;
	if (g->failed)
		return;
	line->words_n = g->words_n;
	line->chars_n = g->chars_n;
	line->language = g->language;
	line->confidence = mean_confidence(line->chars, line->chars_n);
	g->words_n = g->chars_n = 0;
	les_buf_reset(&g->text);
}

static bool line_is_rtl(TessPageIterator *at)
{
	TessOrientation orientation;
	TessWritingDirection direction;
	TessTextlineOrder order;
	float skew;

	TessPageIteratorOrientation(at, &orientation, &direction, &order, &skew);
	return direction == WRITING_DIRECTION_RIGHT_TO_LEFT;
}

static bool is_blank(const char *s)
{
	return s[strspn(s, " \t\r\n")] == 0;
}

/* Tesseract gives a picture as a line with a blank: such a line is none. */
static void end_line(struct gather *g)
{
	if (!g->in_line)
		return;
	struct les_line *line = &g->lines[g->lines_n - 1];
	line->polygon = polygon_of(g);
	fill_line(g, line);
	if (!g->failed && is_blank(line->text))
		g->lines_n--;
	g->in_line = false;
}

static void add_line(struct gather *g, TessPageIterator *at)
{
	if (g->lines_n == LES_PAGE_LINES_MAX)
		return;
	g->lines[g->lines_n++] = (struct les_line){
		.id = "",
		.text = "",
		.language = "",
		.script = "",
		.baseline = baseline_of(g, at),
		.box = box_of(at, RIL_TEXTLINE),
		.direction = line_is_rtl(at) ? LES_RIGHT_TO_LEFT : LES_LEFT_TO_RIGHT,
		.region = (int32_t)g->regions_n - 1,
	};
	g->in_line = true;
}

/* A region whose lines all were none is none. */
static void end_region(struct gather *g)
{
	const int32_t last = (int32_t)g->regions_n - 1;

	if (last >= 0 && (g->lines_n == 0 || g->lines[g->lines_n - 1].region != last))
		g->regions_n--;
}

static void add_region(struct gather *g, const TessPageIterator *at)
{
	end_region(g);
	if (g->regions_n < LES_PAGE_REGIONS_MAX)
		g->regions[g->regions_n++] = (struct les_region){
			.id = "", .kind = LES_REGION_TEXT, .box = box_of(at, RIL_BLOCK)};
}

/* Walks over the symbols; a symbol tells which word, line and block it begins. */
static void gather_page(struct gather *g, TessResultIterator *it)
{
	TessPageIterator *at = TessResultIteratorGetPageIterator(it);

	do {
		if (TessPageIteratorIsAtBeginningOf(at, RIL_TEXTLINE)) {
			end_line(g);
			if (TessPageIteratorIsAtBeginningOf(at, RIL_BLOCK))
				add_region(g, at);
			add_line(g, at);
		}
		if (TessPageIteratorIsAtBeginningOf(at, RIL_WORD))
			add_word(g, it);
		add_char(g, it);
	} while (!g->failed && TessResultIteratorNext(it, RIL_SYMBOL));
	end_line(g);
	end_region(g);
}

/* As above, into one line whatever Tesseract thinks the lines are. */
static void gather_words(struct gather *g, TessResultIterator *it, struct les_line *line)
{
	const TessPageIterator *at = position(it);

	do {
		if (TessPageIteratorIsAtBeginningOf(at, RIL_WORD))
			add_word(g, it);
		add_char(g, it);
	} while (!g->failed && TessResultIteratorNext(it, RIL_SYMBOL));
	fill_line(g, line);
}

/* An empty result gives an iterator that stands nowhere: its first symbol has no text. */
static TessResultIterator *results(void)
{
	TessResultIterator *it = TessBaseAPIGetIterator(api);
	char *text = it ? TessResultIteratorGetUTF8Text(it, RIL_SYMBOL) : NULL;
	bool something = text && text[0];

	TessDeleteText(text);
	if (something || !it)
		return it;
	TessResultIteratorDelete(it);
	return NULL;
}

/* ---- the modes ---- */

static enum les_kind recognise(struct les_error *reterr)
{
	return TessBaseAPIRecognize(api, NULL) == 0
		       ? LES_OK
		       : les_fail(reterr, LES_NOMEM, "Tesseract could not read the page");
}

static void keep_page(struct gather *g)
{
	g->page->regions = g->regions;
	g->page->regions_n = g->regions_n;
	g->page->lines = g->lines;
	g->page->lines_n = g->lines_n;
}

static enum les_kind read_whole_page(struct gather *g, struct les_error *reterr)
{
	TessBaseAPISetPageSegMode(api, PSM_AUTO);
	enum les_kind kind = recognise(reterr);
	if (kind != LES_OK)
		return kind;
	TessResultIterator *it = results();
	if (it) {
		gather_page(g, it);
		TessResultIteratorDelete(it);
	}
	keep_page(g);
	return LES_OK;
}

/* Where lines are, without what they say. An empty page has no iterator. */
static enum les_kind find_lines(struct gather *g)
{
	TessBaseAPISetPageSegMode(api, PSM_AUTO);
	TessPageIterator *at = TessBaseAPIAnalyseLayout(api);
	if (!at)
		return LES_OK;
	do {
		if (TessPageIteratorIsAtBeginningOf(at, RIL_BLOCK))
			add_region(g, at);
		const TessPolyBlockType type = TessPageIteratorBlockType(at);
		if (type > PT_UNKNOWN && type < PT_FLOWING_IMAGE)
			add_line(g, at);
	} while (!g->failed && TessPageIteratorNext(at, RIL_TEXTLINE));
	end_region(g);
	TessPageIteratorDelete(at);
	keep_page(g);
	return LES_OK;
}

static int32_t clamp(int32_t v, int32_t low, int32_t high)
{
	return v < low ? low : v > high ? high : v;
}

/* One given line: the rectangle around it, with a little room. */
static enum les_kind read_given_line(struct gather *g, struct les_line *line,
				     struct les_error *reterr)
{
	const int32_t w = (int32_t)g->page->info.w_px, h = (int32_t)g->page->info.h_px;
	struct les_box b = line->polygon.n ? les_points_box(&line->polygon) : line->box;

	b.x0_px = clamp(b.x0_px - LINE_MARGIN_PX, 0, w);
	b.y0_px = clamp(b.y0_px - LINE_MARGIN_PX, 0, h);
	b.x1_px = clamp(b.x1_px + LINE_MARGIN_PX, 0, w);
	b.y1_px = clamp(b.y1_px + LINE_MARGIN_PX, 0, h);
	line->text = "";
	if (les_box_is_empty(&b))
		return LES_OK; /* a line outside the page: found, but not read */
	if (les_box_is_empty(&line->box))
		line->box = b;
	TessBaseAPISetRectangle(api, b.x0_px, b.y0_px, b.x1_px - b.x0_px, b.y1_px - b.y0_px);
	enum les_kind kind = recognise(reterr);
	TessResultIterator *it = kind == LES_OK ? results() : NULL;
	if (it) {
		gather_words(g, it, line);
		TessResultIteratorDelete(it);
	}
	return kind;
}

static enum les_kind read_given_lines(struct gather *g, struct les_error *reterr)
{
	enum les_kind kind = LES_OK;

	TessBaseAPISetPageSegMode(api, PSM_SINGLE_LINE);
	for (uint32_t i = 0; i < g->page->lines_n && kind == LES_OK && !g->failed; i++)
		kind = read_given_line(g, &g->page->lines[i], reterr);
	return kind;
}

static enum les_kind read_one_line(struct gather *g, struct les_error *reterr)
{
	const struct les_page_info *info = &g->page->info;

	g->lines[0] = (struct les_line){.id = "",
					.text = "",
					.language = "",
					.script = "",
					.region = -1,
					.box = {0, 0, (int32_t)info->w_px, (int32_t)info->h_px}};
	g->page->lines = g->lines;
	g->page->lines_n = 1;
	TessBaseAPISetPageSegMode(api, PSM_SINGLE_LINE);
	enum les_kind kind = recognise(reterr);
	TessResultIterator *it = kind == LES_OK ? results() : NULL;
	if (it) {
		g->lines[0].baseline = baseline_of(g, position(it));
		gather_words(g, it, &g->lines[0]);
		TessResultIteratorDelete(it);
	}
	return kind;
}

static enum les_kind read_mode(struct gather *g, enum les_read_mode mode, struct les_error *reterr)
{
	switch (mode) {
	case LES_READ_LINES:
		return read_given_lines(g, reterr);
	case LES_READ_ONE:
		return read_one_line(g, reterr);
	case LES_READ_FIND:
		return find_lines(g);
	default:
		return read_whole_page(g, reterr);
	}
}

/* What helps Tesseract, chosen on typewritten pages as they are and made to lean, stained, faded
 * and specked. It levels lines that lean a little by itself, and better; and it is not troubled by
 * faded ink, which it spreads line by line. */
static struct les_wishes wishes_of(enum les_read_mode mode)
{
	struct les_wishes wishes = {.stain_min = 80, .speckle_min_n = 40};

	if (mode == LES_READ_PAGE || mode == LES_READ_FIND) { /* given lines lie where they lie */
		wishes.deskew_min_deg = 1;
		wishes.deskew_max_deg = 10;
	}
	return wishes;
}

static enum les_kind read_prepared(const struct les_read *request,
				   const struct les_prepared *prepared, struct les_page *page,
				   struct les_error *reterr)
{
	const struct les_image *image = &prepared->image;
	struct gather g;
	enum les_kind kind = gather_init(&g, page, request->language, reterr);

	if (kind == LES_OK) {
		TessBaseAPISetImage(api, image->px, (int)image->w_px, (int)image->h_px,
				    (int)image->channels, (int)image->stride_bytes);
		if (page->info.dpi >= DPI_MIN) /* else Tesseract estimates it from the letters */
			TessBaseAPISetSourceResolution(api, (int)lroundf(page->info.dpi));
		kind = read_mode(&g, request->mode, reterr);
		if (kind == LES_OK && g.failed)
			kind = les_fail(reterr, LES_LIMIT, "the page has more text than fits");
		TessBaseAPIClear(api);
	}
	gather_done(&g);
	if (kind == LES_OK && prepared->turned)
		kind = les_page_map(page, &prepared->to_page, reterr);
	return kind;
}

static enum les_kind read_page(const struct les_read *request, const struct les_image *image,
			       struct les_page *page, struct les_read_done *done,
			       struct les_error *reterr)
{
	const struct les_wishes wishes = wishes_of(request->mode);
	double since = les_clock_s();
	LES_CLEANUP(les_prepared_done) struct les_prepared prepared = {.own = NULL};
	enum les_kind kind = les_page_prepare(image, &wishes, &prepared, reterr);

	done->preprocess_us = (uint32_t)(1e6 * (les_clock_s() - since));
	since = les_clock_s();
	if (kind == LES_OK)
		kind = request->mode == LES_READ_FIND ? use_no_language(reterr)
						      : use_language(request->language, reterr);
	if (kind == LES_OK)
		kind = read_prepared(request, &prepared, page, reterr);
	done->recognise_us = (uint32_t)(1e6 * (les_clock_s() - since));
	return kind;
}

const struct les_engine les_engine_tesseract = {.model = model, .read = read_page};
