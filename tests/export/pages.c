#include "export/pages.h"

#include "base/cleanup.h"
#include "test.h"

#include <string.h>

LES_DEFINE_CLEANUP(struct les_page, les_page_free)

const char *const sample_names[SAMPLE_N] = {"letter",   "empty", "hebrew",
					    "vertical", "loose", "odd"};

#define POINTS(name)                                                                               \
	{                                                                                          \
		name, LES_COUNT(name)                                                              \
	}

static struct les_point level[] = {{10, 48}, {300, 50.4f}};
static struct les_point upright[] = {{500, 20}, {501, 700}};
static struct les_point around[] = {{8, 20}, {310, 22}, {310, 60}, {8, 58}};
static struct les_point off_page[] = {{-40, -3}, {9000, 0}, {9000, 9000}, {-40, 9000}};
static struct les_point one_point[] = {{30, 30}};

static struct les_alternative other = {"m", 0.25f};
static struct les_alternative letter_readings[] = {{"fu\xcc\x88r Anna", 0.0625f},
						   {"fur Anna", 0.001f}};

static struct les_char letter_chars[] = {
	{"f", {10, 20, 20, 50}, 0.9f, NULL, 0},
	{"u\xcc\x88", {20, 20, 30, 50}, 0.6f, &other, 1},
	{"r", {30, 20, 40, 50}, 0.9f, NULL, 0},
};
static struct les_word letter_words[] = {
	{"fu\xcc\x88r", {10, 20, 40, 50}, {NULL, 0}, 0.8f, 0, 0, 3},
	{"Anna", {50, 20, 120, 50}, POINTS(around), 0.1f, LES_WORD_ILLEGIBLE, 3, 0},
};
static struct les_line letter_lines[] = {
	{.id = "",
	 .baseline = POINTS(level),
	 .polygon = POINTS(around),
	 .box = {8, 20, 310, 60},
	 .text = "fu\xcc\x88r Anna",
	 .language = "deu",
	 .script = "latin",
	 .confidence = 0.7f,
	 .region = 0,
	 .words = letter_words,
	 .words_n = 2,
	 .chars = letter_chars,
	 .chars_n = 3,
	 .readings = letter_readings,
	 .readings_n = 2},
	{.id = "",
	 .baseline = POINTS(level),
	 .box = {8, 120, 310, 160},
	 .text = "<Ende> & \"Schlu\xc3\x9f\"",
	 .language = "",
	 .script = "",
	 .confidence = 0.5f,
	 .region = 1},
};
static struct les_region letter_regions[] = {
	{"", LES_REGION_TEXT, {0, 0, 400, 100}, {NULL, 0}},
	{"", LES_REGION_TEXT, {0, 100, 400, 200}, POINTS(around)},
};

static struct les_word hebrew_words[] = {
	{"\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d", {200, 20, 300, 50}, {NULL, 0}, 0.9f, 0, 0, 0},
	{"\xd7\xa8\xd7\x91", {100, 20, 190, 50}, {NULL, 0}, 0.2f, LES_WORD_ILLEGIBLE, 0, 0},
};
static struct les_line hebrew_lines[] = {
	{.id = "",
	 .baseline = POINTS(level),
	 .box = {100, 20, 300, 50},
	 .text = "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d \xd7\xa8\xd7\x91",
	 .direction = LES_RIGHT_TO_LEFT,
	 .language = "heb",
	 .script = "",
	 .confidence = 0.8f,
	 .region = -1,
	 .words = hebrew_words,
	 .words_n = 2},
};

static struct les_word vertical_words[] = {
	{"\xe5\xae\xb6\xe6\x9b\xb8", {480, 20, 520, 700}, {NULL, 0}, 0.9f, 0, 0, 0},
};
static struct les_line vertical_lines[] = {
	{.id = "",
	 .baseline = POINTS(upright),
	 .box = {480, 20, 520, 700},
	 .text = "\xe5\xae\xb6\xe6\x9b\xb8",
	 .direction = LES_TOP_TO_BOTTOM,
	 .language = "jpn_vert",
	 .script = "",
	 .confidence = 0.9f,
	 .region = -1,
	 .words = vertical_words,
	 .words_n = 1},
	{.id = "",
	 .baseline = POINTS(upright),
	 .box = {440, 20, 478, 700},
	 .text = "B",
	 .direction = LES_BOTTOM_TO_TOP,
	 .language = "",
	 .script = "",
	 .confidence = 0.9f,
	 .region = -1},
};

static struct les_line loose_lines[] = {
	{.id = "",
	 .baseline = POINTS(level),
	 .box = {8, 20, 310, 60},
	 .text = "ohne W\xc3\xb6rter",
	 .language = "deu",
	 .script = "kurrent",
	 .confidence = 0.4f,
	 .region = -1},
	{.id = "",
	 .baseline = POINTS(level),
	 .box = {8, 22, 310, 62},
	 .text = "",
	 .language = "",
	 .script = "",
	 .region = -1},
	{.id = "", .text = "x", .language = "", .script = "", .confidence = 1, .region = 0},
};
static struct les_region loose_regions[] = {
	{"", LES_REGION_TABLE, {0, 0, 400, 100}, {NULL, 0}},
	{"", LES_REGION_IMAGE, {0, 0, 0, 0}, {NULL, 0}},
	{"", LES_REGION_SEPARATOR, {0, 99, 400, 100}, {NULL, 0}},
	{"", LES_REGION_OTHER, {5, 5, 9, 9}, {NULL, 0}},
};

static struct les_word odd_words[] = {
	{"a\x01\xef\xbf\xbf"
	 "b",
	 {-9, -9, 9000, 9000},
	 POINTS(off_page),
	 1,
	 0,
	 0,
	 0},
};
static struct les_line odd_lines[] = {
	{.id = "l1",
	 .baseline = POINTS(one_point),
	 .polygon = POINTS(off_page),
	 .box = {-9, -9, 9000, 9000},
	 .text = "a\x01\xef\xbf\xbf"
		 "b",
	 .language = "",
	 .script = "",
	 .confidence = 1,
	 .region = 0,
	 .words = odd_words,
	 .words_n = 1},
	{.id = "l1", .text = "1\t2", .language = "", .script = "", .confidence = 1, .region = 0},
};
static struct les_region odd_regions[] = {
	{"not an id", LES_REGION_TEXT, {-9, -9, 9000, 9000}, POINTS(off_page)},
};

#define ROW(name)                                                                                  \
	{                                                                                          \
		name##_lines, LES_COUNT(name##_lines), NULL, 0                                     \
	}
#define ROW_WITH_REGIONS(name)                                                                     \
	{                                                                                          \
		name##_lines, LES_COUNT(name##_lines), name##_regions, LES_COUNT(name##_regions)   \
	}

static const struct {
	const struct les_line *lines;
	uint32_t lines_n;
	const struct les_region *regions;
	uint32_t regions_n;
} rows[SAMPLE_N] = {
	[SAMPLE_LETTER] = ROW_WITH_REGIONS(letter),
	[SAMPLE_EMPTY] = {NULL, 0, NULL, 0},
	[SAMPLE_HEBREW] = ROW(hebrew),
	[SAMPLE_VERTICAL] = ROW(vertical),
	[SAMPLE_LOOSE] = ROW_WITH_REGIONS(loose),
	[SAMPLE_ODD] = ROW_WITH_REGIONS(odd),
};

/* Copies in the arena, since normalising writes into them. */
static void *copy(struct les_page *page, const void *from, size_t n, size_t size)
{
	void *to = les_arena_alloc(&page->arena, n, size);

	assert_non_null(to);
	if (n)
		memcpy(to, from, n * size);
	return to;
}

struct les_page *sample_page(enum sample sample)
{
	struct les_page *page = les_page_new();

	assert_non_null(page);
	page->info = (struct les_page_info){.number = 1,
					    .w_px = 600,
					    .h_px = 800,
					    .stride_bytes = 600,
					    .channels = 1,
					    .dpi = sample == SAMPLE_EMPTY ? 0 : 150,
					    .source = sample == SAMPLE_LETTER ? LES_SOURCE_NATIVE
									      : LES_SOURCE_IMAGE,
					    .rotation_deg = 90,
					    .stored_w_px = 800,
					    .stored_h_px = 600,
					    .to_stored = {0, 1, 0, -1, 0, 600},
					    .box_pt = {0, 0, 288, 384}};
	page->lines_n = rows[sample].lines_n;
	page->lines = copy(page, rows[sample].lines, page->lines_n, sizeof *page->lines);
	for (uint32_t i = 0; i < page->lines_n; i++) {
		struct les_line *l = &page->lines[i];
		l->words = copy(page, l->words, l->words_n, sizeof *l->words);
		l->chars = copy(page, l->chars, l->chars_n, sizeof *l->chars);
		l->readings = copy(page, l->readings, l->readings_n, sizeof *l->readings);
	}
	page->regions_n = rows[sample].regions_n;
	page->regions = copy(page, rows[sample].regions, page->regions_n, sizeof *page->regions);
	assert_int_equal(les_page_normalise(page, NULL), LES_OK);
	return page;
}

struct les_buf sample_export(enum les_export_format format, const enum sample *samples, uint32_t n)
{
	static const struct les_export_model model = {
		"deu", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"};
	const struct les_export_about about = {.file_name = "brief <1>.pdf",
					       .kind = LES_DOCUMENT_PDF,
					       .pages_n = n,
					       .engine = "tesseract",
					       .models = &model,
					       .models_n = 1,
					       .precision = "int8",
					       .illegible_text = "[unleserlich]",
					       .created = "2026-11-24T15:02:32Z"};
	const struct les_export_totals totals = {.pages_n = n, .seconds = 1.5, .confidence = 0.5};
	struct les_buf out = LES_BUF(1 << 20);
	struct les_export export;

	assert_int_equal(les_export_begin(&export, format, &about, &out, NULL), LES_OK);
	for (uint32_t i = 0; i < n; i++) {
		LES_CLEANUP(les_page_free_p) struct les_page *page = sample_page(samples[i]);
		page->info.number = i + 1;
		assert_int_equal(les_export_page(&export, page, NULL, &out, NULL), LES_OK);
	}
	assert_int_equal(les_export_end(&export, &totals, &out, NULL), LES_OK);
	les_buf_puts(&out, ""); /* NUL-terminated, also where a format writes nothing */
	return out;
}
