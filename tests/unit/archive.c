/* decode/archive.c, ipc/entries.c: a ZIP of ground truth, sound and in all the ways it can lie. */
#include "decode/archive.h"
#include "base/cleanup.h"
#include "base/cursor.h"
#include "tests/documents/documents.h"
#include "tests/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char text[] = "Liebe Mutter, liebe Mutter, liebe Mutter!";

static enum les_kind open_list(const struct les_buf *zip, struct les_archive **ret,
			       struct les_entries *entries, struct les_error *reterr)
{
	*entries = LES_ENTRIES;
	assert_false(zip->failed);
	enum les_kind kind = les_archive_open(zip->bytes, zip->len, ret, reterr);
	return kind == LES_OK ? les_archive_list(*ret, entries, reterr) : kind;
}

static void sound_entries_are_read(void **state)
{
	(void)state;
	const struct zip_item items[] = {
		{.name = "a.gt.txt", .bytes = text, .n = sizeof text - 1},
		{.name = "in/", .unix_mode = S_IFDIR | 0755},
		{.name = "in/\xc3\xbc.gt.txt",
		 .bytes = text,
		 .n = sizeof text - 1,
		 .deflated = true,
		 .flags = 0x800,
		 .unix_mode = S_IFREG | 0644},
		{.name = "empty.gt.txt", .bytes = "", .n = 0},
	};
	LES_CLEANUP(les_buf_done) struct les_buf zip = LES_BUF(DOCUMENT_BYTES_MAX);
	LES_CLEANUP(les_archive_close_p) struct les_archive *archive = NULL;
	LES_CLEANUP(les_entries_done) struct les_entries entries;
	struct les_error error;

	document_zip(&zip, items, LES_COUNT(items), NULL);
	assert_int_equal(open_list(&zip, &archive, &entries, &error), LES_OK);
	assert_int_equal(entries.n, LES_COUNT(items));
	assert_string_equal(entries.at[2].name, items[2].name);
	for (uint32_t i = 0; i < entries.n; i++) {
		LES_CLEANUP(les_free_p) uint8_t *bytes = NULL;
		size_t n;
		assert_int_equal(entries.at[i].refused, i == 1 ? LES_UNSUPPORTED : LES_OK);
		enum les_kind kind = les_archive_read(archive, i, 1000, &bytes, &n, &error);
		assert_int_equal(kind, i == 1 ? LES_UNSUPPORTED : LES_OK);
		if (kind != LES_OK)
			continue;
		assert_int_equal(n, items[i].n);
		assert_memory_equal(bytes, items[i].bytes, n);
	}
	LES_CLEANUP(les_free_p) uint8_t *bytes = NULL;
	size_t n;
	assert_int_equal(les_archive_read(archive, 0, 10, &bytes, &n, &error), LES_LIMIT);
	assert_int_equal(les_archive_read(archive, 4, 10, &bytes, &n, &error), LES_ARG);
}

/* Entries that are refused while the rest of the archive is read: the list says so, or reading. */
static const struct {
	const char *what;
	struct zip_item item;
	enum les_kind listed, read;
	const char *words;
} bad_items[] = {
	{"parent", {.name = "../x.gt.txt"}, LES_FORBIDDEN, LES_FORBIDDEN, "\"..\""},
	{"parent inside", {.name = "a/../../x"}, LES_FORBIDDEN, LES_FORBIDDEN, "\"..\""},
	{"here", {.name = "./x"}, LES_FORBIDDEN, LES_FORBIDDEN, "\".\""},
	{"absolute", {.name = "/etc/x"}, LES_FORBIDDEN, LES_FORBIDDEN, "absolute"},
	{"drive", {.name = "C:/x"}, LES_FORBIDDEN, LES_FORBIDDEN, "drive"},
	{"backslash", {.name = "..\\x"}, LES_FORBIDDEN, LES_FORBIDDEN, "backslash"},
	{"double slash", {.name = "a//x"}, LES_FORBIDDEN, LES_FORBIDDEN, "empty part"},
	{"NUL", {.name = "a.txt\0.png", .name_n = 10}, LES_FORBIDDEN, LES_FORBIDDEN, "NUL"},
	{"control", {.name = "a\x1b[31m"}, LES_FORBIDDEN, LES_FORBIDDEN, "control"},
	{"depth", {.name = "a/b/c/x"}, LES_LIMIT, LES_LIMIT, "deep"},
	{"link",
	 {.name = "x.png", .unix_mode = S_IFLNK | 0777},
	 LES_FORBIDDEN,
	 LES_FORBIDDEN,
	 "link"},
	{"device",
	 {.name = "x.png", .unix_mode = S_IFCHR | 0666},
	 LES_FORBIDDEN,
	 LES_FORBIDDEN,
	 "special"},
	{"encrypted", {.name = "x", .flags = 1}, LES_ENCRYPTED, LES_ENCRYPTED, "encrypted"},
	{"bzip2", {.name = "x", .method = 12}, LES_UNSUPPORTED, LES_UNSUPPORTED, "method 12"},
	{"same name", {.name = "a.gt.txt"}, LES_FORBIDDEN, LES_FORBIDDEN, "more than once"},
	{"longer than it says",
	 {.name = "x", .deflated = true, .says_unpacked = 7},
	 LES_OK,
	 LES_FORMAT,
	 ""},
	{"shorter than it says",
	 {.name = "x", .deflated = true, .says_unpacked = 99},
	 LES_OK,
	 LES_FORMAT,
	 ""},
	{"bad CRC", {.name = "x", .deflated = true, .bad_crc = true}, LES_OK, LES_FORMAT, "CRC"},
	{"no deflate data", {.name = "x", .method = 8}, LES_OK, LES_FORMAT, ""},
	{"claims to be huge",
	 {.name = "x", .deflated = true, .says_unpacked = 0x70000000},
	 LES_LIMIT,
	 LES_LIMIT,
	 "more than"},
	{"ratio",
	 {.name = "x",
	  .deflated = true,
	  .says_unpacked = LES_ENTRY_RATIO_FROM_BYTES + LES_ENTRY_RATIO_MAX},
	 LES_LIMIT,
	 LES_LIMIT,
	 "bomb"},
};

static void bad_entries_cost_only_themselves(void **state)
{
	(void)state;
	for (size_t i = 0; i < LES_COUNT(bad_items); i++) {
		struct zip_item items[] = {
			{.name = "a.gt.txt", .bytes = text, .n = sizeof text - 1},
			bad_items[i].item,
			{.name = "b.gt.txt", .bytes = text, .n = sizeof text - 1},
		};
		LES_CLEANUP(les_buf_done) struct les_buf zip = LES_BUF(DOCUMENT_BYTES_MAX);
		LES_CLEANUP(les_archive_close_p) struct les_archive *archive = NULL;
		LES_CLEANUP(les_entries_done) struct les_entries entries;
		struct les_error error = {.message = ""};

		items[1].bytes = text;
		items[1].n = sizeof text - 1;
		document_zip(&zip, items, LES_COUNT(items), NULL);
		if (open_list(&zip, &archive, &entries, &error) != LES_OK)
			fail_msg("%s: %s", bad_items[i].what, error.message);
		for (uint32_t k = 0; k < 3; k++) {
			LES_CLEANUP(les_free_p) uint8_t *bytes = NULL;
			size_t n;
			enum les_kind listed = k == 1 ? bad_items[i].listed : LES_OK;
			enum les_kind want = k == 1 ? bad_items[i].read : LES_OK;
			if (entries.at[k].refused != listed)
				fail_msg("%s: listed as %d", bad_items[i].what,
					 entries.at[k].refused);
			enum les_kind got = les_archive_read(archive, k, LES_ENTRY_BYTES_MAX,
							     &bytes, &n, &error);
			if (got != want || (k == 1 && !strstr(error.message, bad_items[i].words)))
				fail_msg("%s: %d %s", bad_items[i].what, got, error.message);
		}
	}
}

/* Archives that lie about themselves are refused as a whole. */
static const struct {
	const char *what;
	struct zip_item second;
	struct zip_end end;
	const char *words;
} bad_archives[] = {
	{"shared bytes", {.name = "a.gt.txt", .shares_with = 1}, {0}, "share bytes"},
	{"another name below", {.name = "x.txt", .local_name_differs = true}, {0}, "x.txt"},
	{"too long", {.name = "x.txt", .says_packed = 1 << 20}, {0}, "x.txt"},
	{"ZIP64 lie", {.name = "x.txt", .zip64_lie = true}, {0}, "x.txt"},
	{"one entry more", {.name = "x.txt"}, {.more_entries = 1}, "too small"},
	{"a million more", {.name = "x.txt"}, {.more_entries = 1000000}, "entries"},
	{"directory elsewhere", {.name = "x.txt"}, {.directory_shift = 3}, ""},
	{"directory outside", {.name = "x.txt"}, {.directory_shift = 1 << 30}, "does not lie"},
	{"bytes before it", {.name = "x.txt"}, {.before = "#!/bin/sh\n"}, NULL},
};

static void archives_that_lie_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < LES_COUNT(bad_archives); i++) {
		struct zip_item items[] = {
			{.name = "a.gt.txt", .bytes = text, .n = sizeof text - 1},
			bad_archives[i].second,
		};
		LES_CLEANUP(les_buf_done) struct les_buf zip = LES_BUF(DOCUMENT_BYTES_MAX);
		LES_CLEANUP(les_archive_close_p) struct les_archive *archive = NULL;
		LES_CLEANUP(les_entries_done) struct les_entries entries;
		struct les_error error = {.message = ""};

		items[1].bytes = text;
		items[1].n = sizeof text - 1;
		document_zip(&zip, items, LES_COUNT(items), &bad_archives[i].end);
		enum les_kind kind = open_list(&zip, &archive, &entries, &error);
		if (!bad_archives[i].words) /* offsets that count are those in the file */
			assert_int_equal(kind, LES_OK);
		else if ((kind != LES_FORMAT && kind != LES_LIMIT) ||
			 !strstr(error.message, bad_archives[i].words))
			fail_msg("%s: %d %s", bad_archives[i].what, kind, error.message);
	}
}

static void cut_and_flipped_archives_are_harmless(void **state)
{
	(void)state;
	const struct zip_item items[] = {
		{.name = "a.gt.txt", .bytes = text, .n = sizeof text - 1},
		{.name = "b.gt.txt", .bytes = text, .n = sizeof text - 1, .deflated = true},
	};
	LES_CLEANUP(les_buf_done) struct les_buf zip = LES_BUF(DOCUMENT_BYTES_MAX);
	struct les_error error;

	document_zip(&zip, items, LES_COUNT(items), NULL);
	for (size_t n = 0; n < zip.len; n++) {
		struct les_archive *archive = NULL;
		LES_CLEANUP(les_free_p) uint8_t *copy = malloc(n + 1);
		memcpy(copy, zip.bytes, n);
		assert_int_equal(les_archive_open(copy, n, &archive, &error), LES_FORMAT);
	}
	for (size_t bit = 0; bit < zip.len * 8; bit++) {
		LES_CLEANUP(les_archive_close_p) struct les_archive *archive = NULL;
		LES_CLEANUP(les_entries_done) struct les_entries entries = LES_ENTRIES;
		zip.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (les_archive_open(zip.bytes, zip.len, &archive, &error) == LES_OK)
			assert_int_equal(les_archive_list(archive, &entries, &error), LES_OK);
		for (uint32_t k = 0; k < entries.n; k++) {
			LES_CLEANUP(les_free_p) uint8_t *bytes = NULL;
			size_t n;
			if (les_archive_read(archive, k, 1 << 20, &bytes, &n, &error) != LES_OK)
				continue;
			assert_int_equal(n, sizeof text - 1); /* what is given is what was packed */
			assert_memory_equal(bytes, text, n);
		}
		zip.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

static void a_hundred_thousand_entries_are_listed(void **state)
{
	(void)state;
	enum { N = 100000 };
	struct zip_item *items = calloc(N, sizeof *items);
	char(*names)[16] = calloc(N, sizeof *names);
	LES_CLEANUP(les_buf_done) struct les_buf zip = LES_BUF(DOCUMENT_BYTES_MAX);
	LES_CLEANUP(les_buf_done) struct les_buf bytes = LES_BUF(LES_RECORDS_BYTES_MAX);
	LES_CLEANUP(les_archive_close_p) struct les_archive *archive = NULL;
	LES_CLEANUP(les_entries_done) struct les_entries entries;
	LES_CLEANUP(les_entries_done) struct les_entries back = LES_ENTRIES;
	struct les_error error;

	for (size_t i = 0; i < N; i++) {
		snprintf(names[i], sizeof *names, "%05zu.txt", i);
		items[i] = (struct zip_item){.name = names[i], .bytes = "", .n = 0};
	}
	document_zip(&zip, items, N, NULL);
	assert_int_equal(open_list(&zip, &archive, &entries, &error), LES_OK);
	assert_int_equal(entries.n, N);
	les_entries_encode(&bytes, &entries);
	assert_false(bytes.failed);
	assert_int_equal(les_entries_parse(bytes.bytes, bytes.len, &back, &error), LES_OK);
	assert_int_equal(back.n, N);
	assert_string_equal(back.at[N - 1].name, names[N - 1]);
	free(items);
	free(names);
}

static void lists_from_a_worker_are_checked(void **state)
{
	(void)state;
	LES_CLEANUP(les_entries_done) struct les_entries entries = LES_ENTRIES;
	LES_CLEANUP(les_buf_done) struct les_buf bytes = LES_BUF(LES_RECORDS_BYTES_MAX);
	const struct les_error why = {LES_LIMIT, "too large"};
	struct les_error error;

	assert_int_equal(les_entries_add(&entries, "a", 1, 5, NULL, &error), LES_OK);
	assert_int_equal(les_entries_add(&entries, "..\\\xff", 4, 5, &why, &error), LES_OK);
	les_entries_encode(&bytes, &entries);
	for (size_t n = 0; n < bytes.len; n++) {
		LES_CLEANUP(les_entries_done) struct les_entries back = LES_ENTRIES;
		assert_int_equal(les_entries_parse(bytes.bytes, n, &back, &error), LES_PEER);
	}
	for (size_t bit = 0; bit < bytes.len * 8; bit++) {
		LES_CLEANUP(les_entries_done) struct les_entries back = LES_ENTRIES;
		bytes.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		enum les_kind kind = les_entries_parse(bytes.bytes, bytes.len, &back, &error);
		assert_true(kind == LES_OK || kind == LES_PEER);
		bytes.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	/* a name that may not be read, passed off as one that may */
	les_buf_reset(&bytes);
	entries.at[1].refused = LES_OK;
	les_entries_encode(&bytes, &entries);
	LES_CLEANUP(les_entries_done) struct les_entries back = LES_ENTRIES;
	assert_int_equal(les_entries_parse(bytes.bytes, bytes.len, &back, &error), LES_PEER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sound_entries_are_read),
		cmocka_unit_test(bad_entries_cost_only_themselves),
		cmocka_unit_test(archives_that_lie_are_refused),
		cmocka_unit_test(cut_and_flipped_archives_are_harmless),
		cmocka_unit_test(a_hundred_thousand_entries_are_listed),
		cmocka_unit_test(lists_from_a_worker_are_checked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
