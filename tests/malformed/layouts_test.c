/* Hostile PAGE and ALTO through the decoder's sandbox, as --layout takes them. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "tests/malformed/corpus.h"
#include "tests/test.h"
#include "tests/workers/workers.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

LES_DEFINE_CLEANUP(struct les_page, les_page_free)

enum { TEXT_MAX = 80 << 20, MS_MAX = 30000 };

#define ALTO_BEGIN "<alto><Layout><Page WIDTH=\"100\" HEIGHT=\"80\"><PrintSpace>"
#define ALTO_END "</PrintSpace></Page></Layout></alto>"
#define PAGE_BEGIN "<PcGts><Page imageWidth=\"100\" imageHeight=\"80\">"
#define PAGE_END "</Page></PcGts>"

static void repeat(struct les_buf *out, const char *text, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		les_buf_puts(out, text);
}

static void around(struct les_buf *out, const char *begin, const char *text, unsigned n,
		   const char *end)
{
	les_buf_puts(out, begin);
	repeat(out, text, n);
	les_buf_puts(out, end);
}

static void entity_of_a_file(struct les_buf *out)
{
	les_buf_puts(out, "<!DOCTYPE alto [<!ENTITY x SYSTEM \"file:///etc/hostname\">]>" ALTO_BEGIN
			  "&x;" ALTO_END);
}
static void parameter_entity(struct les_buf *out)
{
	les_buf_puts(
		out,
		"<!DOCTYPE alto [<!ENTITY % x SYSTEM \"http://127.0.0.1:1/x\"> %x;]>" ALTO_BEGIN
			ALTO_END);
}
static void external_dtd(struct les_buf *out)
{
	les_buf_puts(out, "<!DOCTYPE alto SYSTEM \"file:///etc/passwd\">" ALTO_BEGIN ALTO_END);
}
static void billion_laughs(struct les_buf *out)
{
	les_buf_puts(out, "<!DOCTYPE alto [<!ENTITY a0 \"ha\">");
	for (int i = 1; i < 12; i++)
		les_buf_printf(out, "<!ENTITY a%d \"&a%d;&a%d;&a%d;&a%d;&a%d;&a%d;&a%d;&a%d;\">", i,
			       i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	les_buf_puts(out, "]><alto>&a11;</alto>");
}
static void laughs_in_an_attribute(struct les_buf *out)
{
	les_buf_puts(out, "<!DOCTYPE alto [<!ENTITY a0 \"ha\">");
	for (int i = 1; i < 12; i++)
		les_buf_printf(out, "<!ENTITY a%d \"&a%d;&a%d;&a%d;&a%d;&a%d;&a%d;&a%d;&a%d;\">", i,
			       i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	les_buf_puts(out, "]><alto x=\"&a11;\"/>");
}
static void deep(struct les_buf *out)
{
	around(out, ALTO_BEGIN, "<ComposedBlock>", 100000, "");
}
static void deep_within_limits(struct les_buf *out)
{
	les_buf_puts(out, ALTO_BEGIN);
	repeat(out, "<ComposedBlock>", 200);
	les_buf_puts(out, "<TextBlock/>");
	repeat(out, "</ComposedBlock>", 200);
	les_buf_puts(out, ALTO_END);
}
static void numbers(struct les_buf *out)
{
	les_buf_puts(
		out,
		"<alto><Layout><Page WIDTH=\"4294967296\" HEIGHT=\"-1\"><PrintSpace><TextBlock "
		"HPOS=\"nan\" VPOS=\"inf\" WIDTH=\"1e400\" HEIGHT=\"0x7fffffff\"><TextLine "
		"HPOS=\"30000\" VPOS=\"30000\" WIDTH=\"30000\" HEIGHT=\"30000\" "
		"BASELINE=\"1e30,1e30 -1e30,99999999999999999999\"><Shape><Polygon "
		"POINTS=\"60000 60000 -60000 -60000 4294967295 4294967295\"/></Shape>"
		"</TextLine></TextBlock>" ALTO_END);
}
static void numbers_of_page(struct les_buf *out)
{
	les_buf_puts(out, "<PcGts><Page imageWidth=\"99999999999\" imageHeight=\"nan\"><TextRegion>"
			  "<Coords points=\"99999999,99999999 -99999999,-99999999 nan,inf\"/>"
			  "<TextLine><Baseline points=\"...,--- 1e99,1e99\"/></TextLine>"
			  "</TextRegion>" PAGE_END);
}
static void too_many_points(struct les_buf *out)
{
	around(out, PAGE_BEGIN "<TextRegion><Coords points=\"", "1,1 ", LES_POLYGON_POINTS_MAX + 1,
	       "\"/></TextRegion>" PAGE_END);
}
static void as_many_points_as_may_be(struct les_buf *out)
{
	around(out, PAGE_BEGIN "<TextRegion><Coords points=\"", "1,1 ", LES_POLYGON_POINTS_MAX,
	       "\"/></TextRegion>" PAGE_END);
}
static void too_many_lines(struct les_buf *out)
{
	around(out, ALTO_BEGIN "<TextBlock>", "<TextLine/>", LES_PAGE_LINES_MAX + 1,
	       "</TextBlock>" ALTO_END);
}
static void as_many_lines_as_may_be(struct les_buf *out)
{
	around(out, ALTO_BEGIN "<TextBlock>", "<TextLine/>", LES_PAGE_LINES_MAX,
	       "</TextBlock>" ALTO_END);
}
static void too_many_regions(struct les_buf *out)
{
	around(out, ALTO_BEGIN, "<TextBlock/>", LES_PAGE_REGIONS_MAX + 1, ALTO_END);
}
static void as_many_regions_as_may_be(struct les_buf *out)
{
	around(out, ALTO_BEGIN, "<TextBlock/>", LES_PAGE_REGIONS_MAX, ALTO_END);
}
static void too_much_text(struct les_buf *out)
{
	around(out, PAGE_BEGIN "<TextRegion><TextLine><TextEquiv><Unicode>", "a",
	       LES_LINE_TEXT_BYTES_MAX + 1,
	       "</Unicode></TextEquiv></TextLine></TextRegion>" PAGE_END);
}
static void as_much_text_as_may_be(struct les_buf *out)
{
	around(out, PAGE_BEGIN "<TextRegion><TextLine><TextEquiv><Unicode>", "a",
	       LES_LINE_TEXT_BYTES_MAX - 1,
	       "</Unicode></TextEquiv></TextLine></TextRegion>" PAGE_END);
}
static void a_long_id(struct les_buf *out)
{
	around(out, PAGE_BEGIN "<TextRegion id=\"", "i", 2000000, "\"/>" PAGE_END);
}
static void a_long_name(struct les_buf *out)
{
	around(out, "<PcGts><Page imageFilename=\"", "../", 100000, "\"/></PcGts>");
}
/* Each reference is looked for among all regions. */
static void an_order_of_squares(struct les_buf *out)
{
	les_buf_puts(out, PAGE_BEGIN "<ReadingOrder><OrderedGroup>");
	for (int i = 0; i < 100000; i++)
		les_buf_printf(out, "<RegionRefIndexed index=\"%d\" regionRef=\"none\"/>", i);
	les_buf_puts(out, "</OrderedGroup></ReadingOrder>");
	for (int i = 0; i < 100000; i++)
		les_buf_puts(out, "<TextRegion id=\"r\"/>");
	les_buf_puts(out, PAGE_END);
}
/* Members that come in the reverse of their order. */
static void an_order_backwards(struct les_buf *out)
{
	les_buf_puts(out, PAGE_BEGIN "<ReadingOrder><OrderedGroup>");
	for (int i = 1000000; i > 0; i--)
		les_buf_printf(out, "<A index=\"%d\"/>", i);
	les_buf_puts(out, "</OrderedGroup></ReadingOrder>" PAGE_END);
}
static void too_many_regions_of_page(struct les_buf *out)
{
	around(out, PAGE_BEGIN, "<TextRegion/>", LES_PAGE_REGIONS_MAX + 1, PAGE_END);
}
static void as_many_regions_of_page_as_may_be(struct les_buf *out)
{
	around(out, PAGE_BEGIN, "<TextRegion/>", LES_PAGE_REGIONS_MAX, PAGE_END);
}
static void two_pages(struct les_buf *out)
{
	les_buf_puts(out, "<alto><Layout><Page/><Page/></Layout></alto>");
}
static void no_page(struct les_buf *out)
{
	les_buf_puts(out, "<alto><Layout/></alto>");
}
static void other_units(struct les_buf *out)
{
	les_buf_puts(out, "<alto><Description><MeasurementUnit>mm10</MeasurementUnit></Description>"
			  "<Layout><Page/></Layout></alto>");
}
static void other_xml(struct les_buf *out)
{
	les_buf_puts(out, "<html/>");
}
static void no_xml(struct les_buf *out)
{
	les_buf_puts(out, "%PDF-1.7");
}
static void not_utf8(struct les_buf *out)
{
	les_buf_puts(out, PAGE_BEGIN "<TextRegion id=\"\xff\xfe\"/>" PAGE_END);
}
static void a_nul(struct les_buf *out)
{
	les_buf_put(out, PAGE_BEGIN "\0" PAGE_END, sizeof(PAGE_BEGIN "\0" PAGE_END) - 1);
}
static void another_encoding(struct les_buf *out)
{
	les_buf_puts(out, "<?xml version=\"1.0\" encoding=\"EBCDIC-CP-US\"?><alto/>");
}
static void included(struct les_buf *out)
{
	les_buf_puts(out,
		     "<alto xmlns:xi=\"http://www.w3.org/2001/XInclude\"><xi:include "
		     "href=\"file:///etc/passwd\" parse=\"text\"/><Layout><Page/></Layout></alto>");
}
static void many_attributes(struct les_buf *out)
{
	les_buf_puts(out, "<alto ");
	for (int i = 0; i < 8000; i++)
		les_buf_printf(out, "a%d=\"\" ", i);
	les_buf_puts(out, "><Layout><Page/></Layout></alto>");
}
static void cut_short(struct les_buf *out)
{
	les_buf_puts(out, PAGE_BEGIN "<TextRegion><TextLine>");
}
static void too_large(struct les_buf *out)
{
	les_buf_puts(out, ALTO_BEGIN);
	while (out->len <= LES_XML_BYTES_MAX)
		les_buf_puts(out,
			     "                                                                ");
	les_buf_puts(out, ALTO_END);
}
static void empty(struct les_buf *out)
{
	les_buf_puts(out, "");
}

#define ROW(name, kinds)                                                                           \
	{                                                                                          \
#name, name, kinds                                                                 \
	}

static const struct {
	const char *name;
	void (*build)(struct les_buf *out);
	unsigned want;
} rows[] = {
	ROW(entity_of_a_file, IS_UNSUPPORTED | IS_FORMAT),
	ROW(parameter_entity, IS_UNSUPPORTED | IS_FORMAT),
	ROW(external_dtd, IS_UNSUPPORTED | IS_FORMAT),
	ROW(billion_laughs, IS_UNSUPPORTED | IS_FORMAT),
	ROW(laughs_in_an_attribute, IS_UNSUPPORTED | IS_FORMAT),
	ROW(deep, IS_FORMAT),
	ROW(deep_within_limits, IS_OK),
	ROW(numbers, IS_OK),
	ROW(numbers_of_page, IS_OK),
	ROW(too_many_points, IS_LIMIT),
	ROW(as_many_points_as_may_be, IS_OK),
	ROW(too_many_lines, IS_LIMIT),
	ROW(as_many_lines_as_may_be, IS_OK),
	ROW(too_many_regions, IS_LIMIT),
	ROW(as_many_regions_as_may_be, IS_OK),
	ROW(too_much_text, IS_LIMIT),
	ROW(as_much_text_as_may_be, IS_OK),
	ROW(a_long_id, IS_OK),
	ROW(a_long_name, IS_OK),
	ROW(an_order_of_squares, IS_LIMIT),
	ROW(an_order_backwards, IS_LIMIT),
	ROW(too_many_regions_of_page, IS_LIMIT),
	ROW(as_many_regions_of_page_as_may_be, IS_OK),
	ROW(two_pages, IS_UNSUPPORTED),
	ROW(no_page, IS_FORMAT),
	ROW(other_units, IS_UNSUPPORTED),
	ROW(other_xml, IS_UNSUPPORTED),
	ROW(no_xml, IS_FORMAT),
	ROW(not_utf8, IS_FORMAT),
	ROW(a_nul, IS_FORMAT),
	ROW(another_encoding, IS_FORMAT),
	ROW(included, IS_OK), /* nobody follows it */
	ROW(many_attributes, DAMAGED),
	ROW(cut_short, IS_FORMAT),
	ROW(too_large, IS_LIMIT),
	ROW(empty, IS_FORMAT),
};

static struct folder workers;

static void every_layout_comes_to_its_kind(void **state)
{
	(void)state;
	struct les_pool *pool = pool_over(&workers);
	unsigned wrong = 0;

	for (size_t i = 0; i < LES_COUNT(rows); i++) {
		LES_CLEANUP(les_buf_done) struct les_buf text = LES_BUF(TEXT_MAX);
		LES_CLEANUP(les_page_free_p) struct les_page *page = NULL;
		struct les_error error = {.message = ""};
		const int64_t since_ms = les_clock_ms();
		rows[i].build(&text);
		LES_CLEANUP(les_fd_close) int fd = document_fd(text.bytes, text.len);
		enum les_kind kind = les_layout_read(pool, fd, &page, &error);
		const int64_t took_ms = les_clock_ms() - since_ms;
		if ((rows[i].want & K(kind)) && took_ms < MS_MAX)
			continue;
		print_error("%s: came to %s after %lld ms: %s\n", rows[i].name,
			    les_kind_info(kind)->name, (long long)took_ms, error.message);
		wrong++;
	}
	assert_int_equal(wrong, 0);
	les_pool_free(pool);
	assert_false(has_children());
}

static int make_folders(void **state)
{
	(void)state;
	folder_make(&workers);
	folder_link(&workers, RELEASE_WORKERS, "lesart-decode");
	folder_link(&workers, HOSTILE_WORKERS, "lesart-tesseract");
	return 0;
}

static int remove_folders(void **state)
{
	(void)state;
	folder_remove(&workers);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_layout_comes_to_its_kind),
	};
	return cmocka_run_group_tests(tests, make_folders, remove_folders);
}
