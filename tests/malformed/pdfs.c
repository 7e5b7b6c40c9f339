#include "tests/malformed/corpus.h"

#include "base/cleanup.h"

#include <stdio.h>
#include <string.h>

static const struct pdf_page plain = {
	.page = "/MediaBox[0 0 100 60]",
	.resources = "/Font<</F0<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>",
	.content = "BT /F0 12 Tf 10 30 Td (Lesart) Tj ET",
};

static void cut(struct les_buf *out, unsigned variant)
{
	document_pdf_scan(out, 0);
	cut_at(out, variant, CUTS);
}

static void flipped(struct les_buf *out, unsigned variant)
{
	document_pdf(out, &plain);
	flip_bits(out, variant + 1, 12);
}

static void flipped_scan(struct les_buf *out, unsigned variant)
{
	document_pdf_scan(out, 90);
	flip_bits(out, variant + 100, 30);
}

static void header_only(struct les_buf *out, unsigned variant)
{
	static const char *const texts[] = {
		"%PDF-1.7", "%PDF-1.7\n%%EOF\n", "%PDF-1.7\nxref\n0 1\ntrailer<</Root 1 0 R>>\n",
		"%PDF-1.7\n1 0 obj\n<</Type/Catalog>>\nendobj\ntrailer<</Root 1 0 R>>\n"};

	les_buf_puts(out, texts[variant]);
}

/* A tree of pages given as its objects from number 2 on. */
static void tree(struct les_buf *out, unsigned variant)
{
	static const char *const trees[][3] = {
		/* a node that is its own child */
		{"<</Type/Pages/Kids[2 0 R]/Count 1>>", "null", "null"},
		/* two nodes that are each other's child */
		{"<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Pages/Kids[2 0 R]/Count 1>>",
		 "null"},
		/* nothing below it, and a count that says otherwise */
		{"<</Type/Pages/Kids[]/Count 3>>", "null", "null"},
		{"<</Type/Pages/Kids 7/Count 1>>", "null", "null"},
		{"<</Type/Pages/Kids[9 0 R 10 0 R]/Count 2>>", "null", "null"},
		{"<</Type/Pages/Count -1>>", "null", "null"},
		{"null", "null", "null"},
	};
	static struct pdf_writer pdf;

	pdf_begin(&pdf, out);
	pdf_object(&pdf, "<</Type/Catalog/Pages 2 0 R>>");
	for (int i = 0; i < 3; i++)
		pdf_object(&pdf, "%s", trees[variant][i]);
	pdf_end(&pdf);
}

static void counts_that_lie(struct les_buf *out, unsigned variant)
{
	static const char *const counts[] = {"2001", "2147483647", "99999999999999999999"};
	static struct pdf_writer pdf;

	pdf_begin(&pdf, out);
	pdf_object(&pdf, "<</Type/Catalog/Pages 2 0 R>>");
	pdf_object(&pdf, "<</Type/Pages/Kids[3 0 R]/Count %s>>", counts[variant]);
	pdf_object(&pdf, "<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>");
	pdf_end(&pdf);
}

static void deep_tree(struct les_buf *out, unsigned variant)
{
	enum { DEPTH = 4000 };
	static struct pdf_writer pdf;

	(void)variant;
	pdf_begin(&pdf, out);
	pdf_object(&pdf, "<</Type/Catalog/Pages 2 0 R>>");
	for (unsigned i = 2; i < DEPTH; i++)
		pdf_object(&pdf, "<</Type/Pages/Parent %u 0 R/Kids[%u 0 R]/Count 1>>", i - 1,
			   i + 1);
	pdf_object(&pdf, "<</Type/Page/Parent %u 0 R/MediaBox[0 0 99 99]>>", DEPTH - 1);
	pdf_end(&pdf);
}

static void deep_arrays(struct les_buf *out, unsigned variant)
{
	static const char *const pairs[] = {"[]", "<<>>", "()"};
	static struct pdf_writer pdf;

	pdf_begin(&pdf, out);
	pdf_object(&pdf, "<</Type/Catalog/Pages 2 0 R>>");
	pdf_object(&pdf, "<</Type/Pages/Kids[3 0 R]/Count 1>>");
	les_buf_puts(out, "3 0 obj\n");
	for (int i = 0; i < 200000; i++)
		les_buf_printf(out, variant == 1 ? "%c</A" : "%c", pairs[variant][0]);
	les_buf_puts(out, "\nendobj\n");
	pdf_end(&pdf);
}

static void boxes(struct les_buf *out, unsigned variant)
{
	static const char *const pages[] = {
		"/MediaBox[0 0 1000000 1000000]",
		"/MediaBox[0 0 1e300 1e300]",
		"/MediaBox[0 0 60000 60000]/UserUnit 1000",
		"/MediaBox[-2147483648 -2147483648 2147483647 2147483647]",
	};
	struct pdf_page page = plain;

	page.page = pages[variant];
	document_pdf(out, &page);
}

/* Pages without an area: poppler takes another box, or the page fails; it is never a crash. */
static void no_area(struct les_buf *out, unsigned variant)
{
	static const char *const pages[] = {
		"/MediaBox[0 0 0 0]",       "/MediaBox[5 5 5 9]",
		"/MediaBox[100 60 0 0]",    "/MediaBox[0 0 1 1]",
		"/MediaBox[(a) null]",      "/MediaBox[0 0 100 60]/CropBox[200 200 300 300]",
		"/MediaBox[0 0 0.01 0.01]",
	};
	struct pdf_page page = plain;

	page.page = pages[variant];
	document_pdf(out, &page);
}

static void rotations(struct les_buf *out, unsigned variant)
{
	static const char *const pages[] = {"/MediaBox[0 0 100 60]/Rotate 45",
					    "/MediaBox[0 0 100 60]/Rotate 2147483647",
					    "/MediaBox[0 0 100 60]/Rotate -90000000000"};
	struct pdf_page page = plain;

	page.page = pages[variant];
	document_pdf(out, &page);
}

/* Drawn by drawing itself. */
static void forms_that_loop(struct les_buf *out, unsigned variant)
{
	static const char *const resources[] = {
		"/XObject<</X 5 0 R>>",
		"/Pattern<</X 5 0 R>>",
		"/Font<</X 5 0 R>>",
	};
	static const char *const contents[] = {
		"/X Do",
		"/Pattern cs /X scn 0 0 100 60 re f",
		"BT /X 9 Tf 9 9 Td (a) Tj ET",
	};
	static const char *const dictionaries[] = {
		"/Type/XObject/Subtype/Form/BBox[0 0 99 99]/Resources<</XObject<</X 5 0 R>>>>",
		"/Type/Pattern/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 9 9]/XStep 1/YStep 1"
		"/Resources<</Pattern<</X 5 0 R>>>>",
		"/Type/Font/Subtype/Type3/FontBBox[0 0 9 9]/FontMatrix[1 0 0 1 0 0]/FirstChar 97"
		"/LastChar 97/Widths[9]/Encoding<</Differences[97/a]>>/CharProcs<</a 5 0 R>>"
		"/Resources<</Font<</X 5 0 R>>>>",
	};
	static struct pdf_writer pdf;

	pdf_begin(&pdf, out);
	pdf_object(&pdf, "<</Type/Catalog/Pages 2 0 R>>");
	pdf_object(&pdf, "<</Type/Pages/Kids[3 0 R]/Count 1>>");
	pdf_object(&pdf,
		   "<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R/Resources<<%s>>>>",
		   resources[variant]);
	pdf_stream(&pdf, "", contents[variant], strlen(contents[variant]));
	pdf_stream(&pdf, dictionaries[variant], contents[variant], strlen(contents[variant]));
	pdf_end(&pdf);
}

static void deep_states(struct les_buf *out, unsigned variant)
{
	struct les_buf content = LES_BUF(1 << 22);
	struct pdf_page page = plain;

	(void)variant;
	for (int i = 0; i < 30000; i++)
		les_buf_puts(&content, "q 1 0 0 1 1 1 cm ");
	page.content = (const char *)content.bytes;
	document_pdf(out, &page);
	les_buf_done(&content);
}

/* 256 MiB of nothing in a few kilobytes, as page content, as an image, as the table itself. */
static void flate_bomb(struct les_buf *out, unsigned variant)
{
	static const char *const dictionaries[] = {
		"/Filter/FlateDecode",
		"/Type/XObject/Subtype/Image/Width 60000/Height 60000/ColorSpace/DeviceGray"
		"/BitsPerComponent 8/Filter/FlateDecode",
		"/Type/XObject/Subtype/Image/Width 2147483647/Height 2147483647/BitsPerComponent 16"
		"/ColorSpace/DeviceCMYK/Filter/FlateDecode",
		"/Filter[/FlateDecode/FlateDecode/FlateDecode/ASCII85Decode/LZWDecode]",
	};
	const bool is_image = variant == 1 || variant == 2;
	struct les_buf packed = LES_BUF(DOCUMENT_BYTES_MAX);
	static struct pdf_writer pdf;

	deflate_zeros(&packed, 1ull << 28);
	pdf_begin(&pdf, out);
	pdf_object(&pdf, "<</Type/Catalog/Pages 2 0 R>>");
	pdf_object(&pdf, "<</Type/Pages/Kids[3 0 R]/Count 1>>");
	pdf_object(&pdf,
		   "<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents %u 0 R"
		   "/Resources<</XObject<</I 4 0 R>>>>>>",
		   is_image ? 5 : 4);
	pdf_stream(&pdf, dictionaries[variant], packed.bytes, packed.len);
	pdf_stream(&pdf, "", "99 0 0 99 0 0 cm /I Do", 22);
	pdf_end(&pdf);
	les_buf_done(&packed);
}

/* Work without end: a pattern of a million tiles, each blended over the page. */
static void endless_work(struct les_buf *out, unsigned variant)
{
	struct les_buf content = LES_BUF(1 << 26);
	struct pdf_page page = {.page = "/MediaBox[0 0 2000 2000]",
				.resources = "/ExtGState<</G<</CA 0.5/ca 0.5/BM/Luminosity>>>>"};

	(void)variant;
	les_buf_puts(&content, "/G gs ");
	for (int i = 0; i < 20000; i++)
		les_buf_puts(&content, "0 0 m 2000 0 l 7 1999 l 1900 2000 l 3 9 l f ");
	page.content = (const char *)content.bytes;
	document_pdf(out, &page);
	les_buf_done(&content);
}

/* What would act, fetch or run in another program. */
static void actions(struct les_buf *out, unsigned variant)
{
	static const char *const pages[] = {
		"/MediaBox[0 0 99 99]/AA<</O<</S/Launch/F(/bin/sh)>>>>",
		"/MediaBox[0 0 99 99]/AA<</O<</S/JavaScript/JS(while\\(1\\){})>>>>",
		"/MediaBox[0 0 99 99]/AA<</O<</S/URI/URI(http://127.0.0.1:1/)>>>>",
		("/MediaBox[0 0 99 99]/Annots[<</Type/Annot/Subtype/FileAttachment/Rect[0 0 9 9]"
		 "/FS<</F(/etc/passwd)>>>>]"),
	};
	struct pdf_page page = plain;

	page.page = pages[variant];
	document_pdf(out, &page);
}

/* A stream of another file, as PDF allows in principle. */
static void external_stream(struct les_buf *out, unsigned variant)
{
	static struct pdf_writer pdf;

	(void)variant;
	pdf_begin(&pdf, out);
	pdf_object(&pdf, "<</Type/Catalog/Pages 2 0 R>>");
	pdf_object(&pdf, "<</Type/Pages/Kids[3 0 R]/Count 1>>");
	pdf_object(&pdf, "<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R>>");
	pdf_stream(&pdf, "/F(/etc/passwd)/FFilter/FlateDecode", "", 0);
	pdf_end(&pdf);
}

static void fonts(struct les_buf *out, unsigned variant)
{
	static const char *const types[] = {"/FontFile", "/FontFile2", "/FontFile3"};
	static struct pdf_writer pdf;
	char junk[3000];

	for (size_t i = 0; i < sizeof junk; i++)
		junk[i] = (char)(i * i * 31 + variant);
	memcpy(junk, variant == 1 ? "\0\1\0\0\0\xff" : "%!PS-AdobeFont-1.0", 6);
	pdf_begin(&pdf, out);
	pdf_object(&pdf, "<</Type/Catalog/Pages 2 0 R>>");
	pdf_object(&pdf, "<</Type/Pages/Kids[3 0 R]/Count 1>>");
	pdf_object(&pdf,
		   "<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R/Resources<</Font"
		   "<</F<</Type/Font/Subtype/TrueType/BaseFont/X/FontDescriptor<</Type"
		   "/FontDescriptor/FontName/X/Flags 4%s 5 0 R>>>>>>>>>>",
		   types[variant]);
	pdf_stream(&pdf, "", "BT /F 20 Tf 9 9 Td (abc) Tj ET", 30);
	pdf_stream(&pdf, "/Length1 3000/Subtype/Type1C", junk, sizeof junk);
	pdf_end(&pdf);
}

static void broken_between_good(struct les_buf *out, unsigned variant)
{
	static const char *const broken[] = {"null", "(no page)"};
	static struct pdf_writer pdf;

	pdf_begin(&pdf, out);
	pdf_object(&pdf, "<</Type/Catalog/Pages 2 0 R>>");
	pdf_object(&pdf, "<</Type/Pages/Kids[3 0 R 4 0 R 5 0 R]/Count 3>>");
	for (unsigned i = 0; i < 3; i++)
		pdf_object(&pdf, "%s",
			   i == 1 ? broken[variant]
				  : "<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>");
	pdf_end(&pdf);
}

static void wrong_table(struct les_buf *out, unsigned variant)
{
	document_pdf(out, &plain);
	uint8_t *at = place_of(out, "startxref\n", 10) + 10;
	memcpy(at, variant ? "99" : "-1", 2);
}

static void locked(struct les_buf *out, unsigned variant)
{
	(void)variant;
	document_pdf_locked(out, "Linde", "/MediaBox[0 0 99 99]");
}

const struct malformed malformed_pdfs[] = {
	{.name = "PDF cut", .build = cut, .variants = CUTS, .want = DAMAGED},
	{.name = "PDF flipped", .build = flipped, .variants = FLIPS, .want = FLIPPED},
	{.name = "PDF scan flipped", .build = flipped_scan, .variants = FLIPS, .want = FLIPPED},
	{.name = "PDF header only", .build = header_only, .variants = 4, .want = IS_FORMAT},
	{.name = "PDF page tree", .build = tree, .variants = 7, .want = DAMAGED},
	{.name = "PDF counts that lie",
	 .build = counts_that_lie,
	 .variants = 3,
	 .want = IS_LIMIT | DAMAGED},
	{.name = "PDF deep tree", .build = deep_tree, .want = DAMAGED | IS_PEER},
	{.name = "PDF deep arrays", .build = deep_arrays, .variants = 3, .want = DAMAGED},
	{.name = "PDF huge boxes", .build = boxes, .variants = 4, .want = IS_LIMIT | DAMAGED},
	{.name = "PDF no area", .build = no_area, .variants = 7, .want = DAMAGED | IS_LIMIT},
	{.name = "PDF rotations", .build = rotations, .variants = 3, .want = DAMAGED},
	{.name = "PDF loops", .build = forms_that_loop, .variants = 3, .want = DAMAGED},
	{.name = "PDF deep states", .build = deep_states, .want = DAMAGED | IS_PEER},
	{.name = "PDF flate bomb",
	 .build = flate_bomb,
	 .variants = 4,
	 .want = DAMAGED | IS_LIMIT | IS_NOMEM | IS_DEADLINE | IS_PEER,
	 .slow = true},
	{.name = "PDF endless work", .build = endless_work, .want = IS_DEADLINE, .slow = true},
	{.name = "PDF actions", .build = actions, .variants = 4, .want = IS_OK},
	{.name = "PDF external stream", .build = external_stream, .want = IS_OK},
	{.name = "PDF fonts", .build = fonts, .variants = 3, .want = IS_OK},
	{.name = "PDF broken between good",
	 .build = broken_between_good,
	 .variants = 2,
	 .want = IS_OK,
	 .pages_failed = 1},
	{.name = "PDF wrong table", .build = wrong_table, .variants = 2, .want = IS_OK},
	{.name = "PDF locked", .build = locked, .want = IS_ENCRYPTED},
};
const size_t malformed_pdfs_n = LES_COUNT(malformed_pdfs);
