/* lesart train --check, as a user runs it: a folder and a ZIP of the same ground truth, good and
 * bad. */
#include "base/cleanup.h"
#include "tests/documents/documents.h"
#include "tests/test.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *lesart;
static char dir[] = "/tmp/lesart-test-XX"
		    "XX"
		    "XX";

static const char page_xml[] =
	"<?xml version=\"1.0\"?><PcGts><Page imageFilename=\"other.png\" imageWidth=\"240\" "
	"imageHeight=\"160\"><TextRegion id=\"r\"><Coords points=\"0,0 239,0 239,159\"/>"
	"<TextLine id=\"l1\"><Coords points=\"10,20 200,20 200,60 10,60\"/>"
	"<Baseline points=\"10,50 200,50\"/><TextEquiv><Unicode>Gr\xc3\xbc\xc3\x9f"
	"e</Unicode></TextEquiv></TextLine>"
	"<TextLine id=\"l2\"><Coords points=\"10,80 900,80 900,120 10,120\"/>"
	"<Baseline points=\"10,110 900,110\"/><TextEquiv><Unicode>out</Unicode></TextEquiv>"
	"</TextLine><TextLine id=\"l3\"><Coords points=\"10,80 200,80 200,120 10,120\"/>"
	"<TextEquiv><Unicode>none</Unicode></TextEquiv></TextLine>"
	"</TextRegion></Page></PcGts>";

static const char wrong_size_xml[] =
	"<PcGts><Page imageWidth=\"999\" imageHeight=\"160\"/></PcGts>";

enum { FILES_N = 13 };

/* The ground truth, as files by name. */
static void make_files(struct zip_item items[FILES_N], struct les_buf *png, struct les_buf *dot)
{
	document_png(png, PNG_GREY);
	document_png_bomb(dot, 1, 1);
	const struct zip_item all[FILES_N] = {
		{.name = "a.png", .bytes = png->bytes, .n = png->len},
		{.name = "a.gt.txt", .bytes = "Liebe  Mutter!\n", .n = 15},
		{.name = "in/b.png", .bytes = png->bytes, .n = png->len, .deflated = true},
		{.name = "in/b.xml", .bytes = page_xml, .n = sizeof page_xml - 1, .deflated = true},
		{.name = "dot.png", .bytes = dot->bytes, .n = dot->len},
		{.name = "dot.gt.txt", .bytes = "x", .n = 1},
		{.name = "latin1.png", .bytes = png->bytes, .n = png->len},
		{.name = "latin1.gt.txt", .bytes = "Gr\xfc\xdf", .n = 4},
		{.name = "size.png", .bytes = png->bytes, .n = png->len},
		{.name = "size.xml", .bytes = wrong_size_xml, .n = sizeof wrong_size_xml - 1},
		{.name = "alone.gt.txt", .bytes = "x", .n = 1},
		{.name = "broken.png", .bytes = "GIF89a", .n = 6},
		{.name = "broken.gt.txt", .bytes = "x", .n = 1},
	};
	memcpy(items, all, sizeof all);
}

static void write_file(const char *name, const void *bytes, size_t n)
{
	char path[256];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static json_t *run(const char *arguments, int want_code)
{
	char command[600];
	json_error_t error;

	snprintf(command, sizeof command, "%s train --check --json %s", lesart, arguments);
	FILE *p = popen(command, "r");
	assert_non_null(p);
	json_t *json = json_loadf(p, 0, &error);
	const int status = pclose(p);
	assert_int_equal(WEXITSTATUS(status), want_code);
	if (!json)
		fail_msg("%s: %s", command, error.text);
	return json;
}

static json_int_t total(json_t *json, const char *name)
{
	return json_integer_value(json_object_get(json_object_get(json, "total"), name));
}

static const char *detail(json_t *json, const char *list, const char *name, const char *field)
{
	size_t i;
	json_t *row;

	json_array_foreach(json_object_get(json, list), i,
			   row) if (strcmp(json_string_value(json_object_get(row, "name")), name) ==
				    0) return json_string_value(json_object_get(row, field));
	fail_msg("%s is not in %s", name, list);
	return "";
}

static void expect(json_t *json)
{
	json_t *letters = json_object_get(json, "alphabet");
	json_t *verdicts = json_object_get(json_object_get(json, "total"), "verdicts");

	assert_int_equal(total(json, "documents"), 6);
	assert_int_equal(total(json, "documents_failed"), 3);
	assert_int_equal(total(json, "lines"), 2); /* Liebe Mutter! Grüße */
	assert_int_equal(total(json, "characters"), 13 + 5);
	assert_int_equal(json_integer_value(json_object_get(letters, "\xc3\xbc")), 1);
	assert_int_equal(json_integer_value(json_object_get(letters, " ")), 1);
	assert_int_equal(json_integer_value(json_object_get(verdicts, "outside")), 1);
	assert_int_equal(json_integer_value(json_object_get(verdicts, "no-baseline")), 1);
	assert_int_equal(json_integer_value(json_object_get(verdicts, "tiny")), 1);
	assert_string_equal(detail(json, "ignored", "alone.gt.txt", "reason"), "no-image");
	assert_non_null(strstr(detail(json, "failed", "latin1.gt.txt", "message"), "UTF-8"));
	assert_non_null(strstr(detail(json, "failed", "size.xml", "message"), "999"));
	assert_non_null(strstr(detail(json, "failed", "broken.gt.txt", "message"), "GIF"));
}

static void folder_and_zip_are_read_alike(void **state)
{
	(void)state;
	static const char *const ways[] = {"", "--thorough", "--threads 1"};
	struct zip_item items[FILES_N + 2];
	LES_CLEANUP(les_buf_done) struct les_buf png = LES_BUF(DOCUMENT_BYTES_MAX);
	LES_CLEANUP(les_buf_done) struct les_buf dot = LES_BUF(DOCUMENT_BYTES_MAX);
	LES_CLEANUP(les_buf_done) struct les_buf zip = LES_BUF(DOCUMENT_BYTES_MAX);
	char path[256], arguments[300];

	make_files(items, &png, &dot);
	snprintf(path, sizeof path, "%s/folder", dir);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(path, sizeof path, "%s/folder/in", dir);
	assert_int_equal(mkdir(path, 0755), 0);
	for (size_t i = 0; i < FILES_N; i++) {
		snprintf(path, sizeof path, "folder/%s", items[i].name);
		write_file(path, items[i].bytes, items[i].n);
	}
	items[FILES_N] = (struct zip_item){.name = "../evil.gt.txt", .bytes = "x", .n = 1};
	items[FILES_N + 1] = (struct zip_item){
		.name = "l.png", .bytes = "/etc/passwd", .n = 11, .unix_mode = S_IFLNK | 0777};
	document_zip(&zip, items, FILES_N + 2, NULL);
	write_file("truth.zip", zip.bytes, zip.len);
	for (size_t i = 0; i < LES_COUNT(ways); i++) {
		snprintf(arguments, sizeof arguments, "%s %s/folder", ways[i], dir);
		json_t *json = run(arguments, 1);
		expect(json);
		json_decref(json);
		snprintf(arguments, sizeof arguments, "%s %s/truth.zip", ways[i], dir);
		json = run(arguments, 1);
		expect(json);
		assert_string_equal(detail(json, "ignored", "../evil.gt.txt", "reason"), "refused");
		assert_non_null(strstr(detail(json, "ignored", "l.png", "message"), "link"));
		json_decref(json);
	}
}

static void what_is_no_ground_truth_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *name, *bytes;
	} cases[] = {
		{"not.zip", "this is not a ZIP"},
		{"cut.zip", "PK\3\4"},
	};
	char command[600];

	for (size_t i = 0; i < LES_COUNT(cases); i++) {
		write_file(cases[i].name, cases[i].bytes, strlen(cases[i].bytes));
		snprintf(command, sizeof command, "%s train --check %s/%s 2>&1 | grep -q %s",
			 lesart, dir, cases[i].name, cases[i].name);
		assert_int_equal(system(command), 0); /* the words name it */
		snprintf(command, sizeof command, "%s train --check %s/%s 2>/dev/null", lesart, dir,
			 cases[i].name);
		assert_int_not_equal(system(command), 0);
	}
}

static int clear(void **state)
{
	char command[100];

	(void)state;
	snprintf(command, sizeof command, "rm -r %s", dir);
	return system(command);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(folder_and_zip_are_read_alike),
		cmocka_unit_test(what_is_no_ground_truth_is_refused),
	};
	if (argc != 2 || !mkdtemp(dir))
		return 1;
	lesart = argv[1];
	return cmocka_run_group_tests(tests, NULL, clear);
}
