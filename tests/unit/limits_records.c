/* The caps of types/limits.h on what is said of a page and of ground truth, each at its edge. */
#include "base/cleanup.h"
#include "edge.h"
#include "ipc/entries.h"
#include "ipc/record.h"

LES_DEFINE_CLEANUP(struct les_page, les_page_free)

/* What the records of a page with this one line, or region, come to. */
static enum les_kind records(const struct les_line *line, const struct les_region *region,
			     const char *image_name)
{
	LES_CLEANUP(les_page_free_p) struct les_page *from = les_page_new();
	LES_CLEANUP(les_page_free_p) struct les_page *to = les_page_new();
	LES_CLEANUP(les_buf_done) struct les_buf bytes = LES_BUF(LES_RECORDS_BYTES_MAX);
	struct les_line lines[1];
	struct les_region regions[1];

	assert_true(from && to);
	from->image_name = image_name;
	if (line) {
		lines[0] = *line;
		from->lines = lines;
		from->lines_n = 1;
	}
	if (region) {
		regions[0] = *region;
		from->regions = regions;
		from->regions_n = 1;
	}
	les_records_encode(&bytes, from);
	assert_false(bytes.failed);
	return les_records_parse(bytes.bytes, bytes.len, to, NULL);
}

static const struct les_line plain_line = {
	.id = "", .text = "", .language = "", .script = "", .region = -1};

static enum les_kind line_id(uint64_t n)
{
	struct les_line line = plain_line;
	line.id = letters(n);
	return records(&line, NULL, NULL);
}

static enum les_kind line_text(uint64_t n)
{
	struct les_line line = plain_line;
	line.text = letters(n);
	return records(&line, NULL, NULL);
}

static enum les_kind line_language(uint64_t n)
{
	struct les_line line = plain_line;
	line.language = letters(n);
	return records(&line, NULL, NULL);
}

static enum les_kind line_script(uint64_t n)
{
	struct les_line line = plain_line;
	line.script = letters(n);
	return records(&line, NULL, NULL);
}

static enum les_kind line_points(uint64_t n)
{
	static struct les_point points[LES_POLYGON_POINTS_MAX + 1];
	struct les_line line = plain_line;
	line.polygon = (struct les_points){points, (uint32_t)n};
	return records(&line, NULL, NULL);
}

static enum les_kind line_words(uint64_t n)
{
	static struct les_word words[LES_LINE_WORDS_MAX + 1];
	struct les_line line = plain_line;
	for (size_t i = 0; i < LES_COUNT(words); i++)
		words[i].text = "";
	line.words = words;
	line.words_n = (uint32_t)n;
	return records(&line, NULL, NULL);
}

static enum les_kind line_readings(uint64_t n)
{
	static struct les_alternative readings[LES_LINE_READINGS_MAX + 1];
	struct les_line line = plain_line;
	for (size_t i = 0; i < LES_COUNT(readings); i++)
		readings[i].text = "";
	line.readings = readings;
	line.readings_n = (uint32_t)n;
	return records(&line, NULL, NULL);
}

static enum les_kind line_chars(uint64_t n)
{
	static struct les_char chars[LES_LINE_CHARS_MAX + 1];
	struct les_line line = plain_line;
	for (size_t i = 0; i < LES_COUNT(chars); i++)
		chars[i].text = "";
	line.chars = chars;
	line.chars_n = (uint32_t)n;
	return records(&line, NULL, NULL);
}

static enum les_kind one_char(struct les_char c)
{
	struct les_line line = plain_line;
	line.chars = &c;
	line.chars_n = 1;
	return records(&line, NULL, NULL);
}

static enum les_kind char_text(uint64_t n)
{
	return one_char((struct les_char){.text = letters(n)});
}

static enum les_kind char_alternatives(uint64_t n)
{
	struct les_alternative others[LES_CHAR_ALTERNATIVES_MAX + 1];
	for (size_t i = 0; i < LES_COUNT(others); i++)
		others[i] = (struct les_alternative){"b", 0};
	return one_char((struct les_char){
		.text = "a", .alternatives = others, .alternatives_n = (uint32_t)n});
}

static enum les_kind alternative_text(uint64_t n)
{
	struct les_alternative other = {letters(n), 0};
	return one_char(
		(struct les_char){.text = "a", .alternatives = &other, .alternatives_n = 1});
}

static enum les_kind word_text(uint64_t n)
{
	struct les_word word = {.text = letters(n)};
	struct les_line line = plain_line;
	line.words = &word;
	line.words_n = 1;
	return records(&line, NULL, NULL);
}

static enum les_kind region_id(uint64_t n)
{
	const struct les_region region = {.id = letters(n)};
	return records(NULL, &region, NULL);
}

static enum les_kind image_name(uint64_t n)
{
	return records(NULL, NULL, letters(n));
}

/* So many lines, or regions, of one page. */
static enum les_kind many(uint64_t lines_n, uint64_t regions_n)
{
	static struct les_line lines[LES_PAGE_LINES_MAX + 1];
	static struct les_region regions[LES_PAGE_REGIONS_MAX + 1];
	LES_CLEANUP(les_page_free_p) struct les_page *from = les_page_new();
	LES_CLEANUP(les_page_free_p) struct les_page *to = les_page_new();
	LES_CLEANUP(les_buf_done) struct les_buf bytes = LES_BUF(LES_RECORDS_BYTES_MAX);

	assert_true(from && to);
	for (size_t i = 0; i < LES_COUNT(lines); i++)
		lines[i] = plain_line;
	for (size_t i = 0; i < LES_COUNT(regions); i++)
		regions[i].id = "";
	from->lines = lines;
	from->lines_n = (uint32_t)lines_n;
	from->regions = regions;
	from->regions_n = (uint32_t)regions_n;
	les_records_encode(&bytes, from);
	return les_records_parse(bytes.bytes, bytes.len, to, NULL);
}

static enum les_kind page_lines(uint64_t n)
{
	return many(n, 0);
}

static enum les_kind page_regions(uint64_t n)
{
	return many(0, n);
}

static void records_end_at_their_caps(void **state)
{
	(void)state;
	static const struct edge edges[] = {
		{"a line's id", line_id, LES_ID_BYTES_MAX, LES_PEER},
		{"a line's text", line_text, LES_LINE_TEXT_BYTES_MAX, LES_PEER},
		{"a line's language", line_language, LES_LANGUAGE_BYTES_MAX, LES_PEER},
		{"a line's script", line_script, LES_LANGUAGE_BYTES_MAX, LES_PEER},
		{"a line's polygon", line_points, LES_POLYGON_POINTS_MAX, LES_PEER},
		{"a line's words", line_words, LES_LINE_WORDS_MAX, LES_PEER},
		{"a line's readings", line_readings, LES_LINE_READINGS_MAX, LES_PEER},
		{"a line's characters", line_chars, LES_LINE_CHARS_MAX, LES_PEER},
		{"a character", char_text, LES_CHAR_TEXT_BYTES_MAX, LES_PEER},
		{"alternatives", char_alternatives, LES_CHAR_ALTERNATIVES_MAX, LES_PEER},
		{"an alternative", alternative_text, LES_CHAR_TEXT_BYTES_MAX, LES_PEER},
		{"a word", word_text, LES_LINE_TEXT_BYTES_MAX, LES_PEER},
		{"a region's id", region_id, LES_ID_BYTES_MAX, LES_PEER},
		{"the image's name", image_name, LES_NAME_BYTES_MAX, LES_PEER},
		{"a page's lines", page_lines, LES_PAGE_LINES_MAX, LES_PEER},
		{"a page's regions", page_regions, LES_PAGE_REGIONS_MAX, LES_PEER},
	};

	edges_hold(edges, LES_COUNT(edges));
}

static enum les_kind entry_name(uint64_t n)
{
	return les_entry_name_check(letters(n), n, NULL);
}

static enum les_kind entry_depth(uint64_t n)
{
	char name[64] = "";

	for (uint64_t i = 0; i < n; i++)
		memcpy(name + 2 * i, "a/", 2);
	name[2 * n] = 'a';
	return les_entry_name_check(name, strlen(name), NULL);
}

static enum les_kind entries(uint64_t n)
{
	LES_CLEANUP(les_entries_done) struct les_entries list = LES_ENTRIES;
	enum les_kind kind = LES_OK;

	for (uint64_t i = 0; i < n && kind == LES_OK; i++)
		kind = les_entries_add(&list, "a", 1, 0, NULL, NULL);
	return kind;
}

static void entries_end_at_their_caps(void **state)
{
	(void)state;
	static const struct edge edges[] = {
		{"a name", entry_name, LES_ENTRY_NAME_BYTES_MAX, LES_LIMIT},
		{"folders", entry_depth, LES_ENTRY_DEPTH_MAX, LES_LIMIT},
		{"entries", entries, LES_ENTRIES_MAX, LES_LIMIT},
	};

	edges_hold(edges, LES_COUNT(edges));
}

/* What does not fit a page's arena is no memory, not a crash. */
static void an_arena_ends_at_its_cap(void **state)
{
	(void)state;
	LES_CLEANUP(les_page_free_p) struct les_page *one = les_page_new();
	LES_CLEANUP(les_entries_done) struct les_entries list = LES_ENTRIES;

	assert_non_null(one);
	assert_null(les_arena_alloc(&one->arena, 1, LES_PAGE_ARENA_BYTES_MAX + 1));
	assert_non_null(les_arena_alloc(&one->arena, 1, 1));
	assert_null(les_arena_alloc(&list.arena, 1, LES_ENTRIES_ARENA_BYTES_MAX + 1));
	assert_non_null(les_arena_alloc(&list.arena, 1, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_end_at_their_caps),
		cmocka_unit_test(entries_end_at_their_caps),
		cmocka_unit_test(an_arena_ends_at_its_cap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
