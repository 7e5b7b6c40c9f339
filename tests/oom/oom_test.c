/* Each piece of work is done with its k-th allocation failing, for all k: it says NOMEM (a buffer
 * says that it failed), frees what it had, and never crashes. */
#include "base/cleanup.h"
#include "decode/layout.h"
#include "export/export.h"
#include "ipc/entries.h"
#include "ipc/message.h"
#include "ipc/record.h"
#include "tests/oom/failing.h"
#include "tests/test.h"

#include <stdio.h>
#include <string.h>

LES_DEFINE_CLEANUP(struct les_page, les_page_free)

enum { ALLOCATIONS_MAX = 100000, LINES_N = 70 };

/* A page that needs several blocks of its arena, and buffers that grow. */
static enum les_kind big_page(struct les_page *page)
{
	static struct les_point points[] = {{1, 20}, {30, 21.5f}};
	static struct les_region region = {"", LES_REGION_TEXT, {0, 0, 40, 30}, {points, 2}};
	static const char decomposed[] = "u\xcc\x88";
	static struct les_char chars[] = {{decomposed, {1, 2, 3, 4}, 0.75f, NULL, 0}};
	static struct les_word words[] = {
		{decomposed, {1, 2, 3, 4}, {NULL, 0}, 0.75f, LES_WORD_ILLEGIBLE, 0, 1}};

	page->info = (struct les_page_info){.number = 1, .w_px = 40, .h_px = 30};
	page->lines = les_arena_alloc(&page->arena, LINES_N, sizeof *page->lines);
	if (!page->lines)
		return LES_NOMEM;
	page->regions = &region;
	region.id = ""; /* normalising gives it one, and other texts */
	words[0].text = chars[0].text = decomposed;
	page->regions_n = 1;
	for (page->lines_n = 0; page->lines_n < LINES_N; page->lines_n++)
		page->lines[page->lines_n] = (struct les_line){.id = "",
							       .baseline = {points, 2},
							       .box = {1, 2, 30, 22},
							       .text = "Gru\xcc\x88\xc3\x9f"
								       "e aus der Ferne",
							       .language = "deu",
							       .script = "",
							       .words = words,
							       .words_n = 1,
							       .chars = chars,
							       .chars_n = 1};
	return LES_OK;
}

static enum les_kind records(void)
{
	LES_CLEANUP(les_page_free_p) struct les_page *page = les_page_new();
	LES_CLEANUP(les_page_free_p) struct les_page *back = les_page_new();
	LES_CLEANUP(les_buf_done) struct les_buf bytes = LES_BUF(LES_RECORDS_BYTES_MAX);
	struct les_error error;

	if (!page || !back || big_page(page) != LES_OK)
		return LES_NOMEM;
	les_records_encode(&bytes, page);
	if (bytes.failed)
		return LES_NOMEM;
	return les_records_parse(bytes.bytes, bytes.len, back, &error);
}

static enum les_kind entries(void)
{
	LES_CLEANUP(les_entries_done) struct les_entries some = LES_ENTRIES;
	LES_CLEANUP(les_entries_done) struct les_entries back = LES_ENTRIES;
	LES_CLEANUP(les_buf_done) struct les_buf bytes = LES_BUF(LES_RECORDS_BYTES_MAX);
	struct les_error error;

	for (int i = 0; i < 600; i++) {
		enum les_kind kind = les_entries_add(&some, "briefe/1.png", 12, 5, NULL, &error);
		if (kind != LES_OK)
			return kind;
	}
	les_entries_encode(&bytes, &some);
	return bytes.failed ? LES_NOMEM : les_entries_parse(bytes.bytes, bytes.len, &back, &error);
}

static enum les_kind message(void)
{
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
	const struct les_read read = {.mode = LES_READ_PAGE, .language = "deu"};
	int ends[2];
	LES_CLEANUP(les_message_done) struct les_message got = LES_MESSAGE_NONE;
	enum les_kind kind = les_channel_pair(ends, NULL);

	assert_int_equal(kind, LES_OK);
	les_read_encode(&body, &read);
	kind = body.failed ? LES_NOMEM
			   : les_channel_send(ends[0], LES_MESSAGE_READ, &body, NULL, 0, NULL);
	if (kind == LES_OK)
		kind = les_channel_receive(ends[1], -1, &got, NULL);
	les_fd_close(&ends[0]);
	les_fd_close(&ends[1]);
	return kind;
}

static enum les_kind layout_of(const char *begin, const char *line, const char *end)
{
	LES_CLEANUP(les_page_free_p) struct les_page *page = les_page_new();
	LES_CLEANUP(les_buf_done) struct les_buf text = LES_BUF(1 << 20);
	struct les_error error;

	les_buf_puts(&text, begin);
	for (int i = 0; i < LINES_N; i++)
		les_buf_puts(&text, line);
	les_buf_puts(&text, end);
	if (!page || text.failed)
		return LES_NOMEM;
	return les_layout_parse(text.bytes, text.len, page, &error);
}

static enum les_kind layout_page(void)
{
	return layout_of(
		"<PcGts><Page imageWidth=\"9\" imageHeight=\"9\"><TextRegion id=\"r\">",
		"<TextLine id=\"l\"><Coords points=\"1,1 8,1 8,8\"/><Baseline points=\"1,7 "
		"8,7\"/><TextEquiv><Unicode>a</Unicode></TextEquiv></TextLine>",
		"</TextRegion></Page></PcGts>");
}

static enum les_kind layout_alto(void)
{
	return layout_of("<alto><Layout><Page WIDTH=\"9\" HEIGHT=\"9\"><TextBlock>",
			 "<TextLine BASELINE=\"7\" HPOS=\"1\" VPOS=\"1\" WIDTH=\"5\" HEIGHT=\"2\">"
			 "<String CONTENT=\"a\"/></TextLine>",
			 "</TextBlock></Page></Layout></alto>");
}

static enum les_export_format format;

static enum les_kind export_pages(struct les_export *export, const struct les_page *page,
				  struct les_buf *out)
{
	static const struct les_export_about about = {.file_name = "brief.jpg",
						      .kind = LES_DOCUMENT_JPEG,
						      .pages_n = 1,
						      .engine = "tesseract",
						      .precision = "",
						      .illegible_text = "[?]",
						      .created = "2026-11-24T15:02:32Z"};
	struct les_error error;
	enum les_kind kind = les_export_begin(export, format, &about, out, &error);

	if (kind == LES_OK)
		kind = les_export_page(export, page, NULL, out, &error);
	if (kind == LES_OK)
		kind = les_export_end(export, &(struct les_export_totals){.pages_n = 1}, out,
				      &error);
	les_export_done(export);
	return kind == LES_OK && out->failed ? LES_NOMEM : kind;
}

static enum les_kind exports(void)
{
	LES_CLEANUP(les_page_free_p) struct les_page *page = les_page_new();
	LES_CLEANUP(les_buf_done) struct les_buf out = LES_BUF(LES_EXPORT_BYTES_MAX);
	struct les_export export = {.format = format};
	struct les_error error;

	if (!page || big_page(page) != LES_OK)
		return LES_NOMEM;
	enum les_kind kind = les_page_normalise(page, &error);
	return kind == LES_OK ? export_pages(&export, page, &out) : kind;
}

/* Returns how many allocations the work has. */
static unsigned fail_each(enum les_kind (*work)(void))
{
	for (unsigned k = 1; k < ALLOCATIONS_MAX; k++) {
		fail_allocation(k);
		enum les_kind kind = work();
		const bool failed = allocation_failed();
		fail_allocation(0);
		/* a buffer does not tell memory from its cap: where it cannot be known, LIMIT */
		assert_true(failed ? kind == LES_NOMEM || kind == LES_LIMIT : kind == LES_OK);
		if (!failed)
			return k - 1;
	}
	fail_msg("more allocations than anyone waits for");
	return 0;
}

static void work_without_memory_says_so(void **state)
{
	enum les_kind (*const works[])(void) = {records,     entries,     message,
						layout_page, layout_alto, exports};

	(void)state;
	assert_int_equal(layout_page(), LES_OK); /* libxml2 sets itself up once */
	for (size_t i = 0; i < LES_COUNT(works); i++) {
		const bool is_export = works[i] == exports;
		for (unsigned f = 0; f < (is_export ? LES_EXPORT_N : 1u); f++) {
			format = (enum les_export_format)f;
			print_message("%zu.%u: %u allocations\n", i, f, fail_each(works[i]));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(work_without_memory_says_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
