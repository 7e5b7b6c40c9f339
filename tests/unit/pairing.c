/* jobs/pairing.c, jobs/folder.c: which files belong together, and which are not touched. */
#include "jobs/pairing.h"
#include "base/cleanup.h"
#include "jobs/folder.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
	const char *name, *pair; /* of a truth: its image, "" for one it has to name */
	enum les_paired want;
} files[] = {
	{"a.gt.txt", "a.png", LES_PAIRED_USED},
	{"a.png", NULL, LES_PAIRED_USED},
	{"a.webp", NULL, LES_PAIRED_SECOND_IMAGE},
	{"a.xml", NULL, LES_PAIRED_SECOND_TRUTH},
	{"b.XML", "b.JPG", LES_PAIRED_USED},
	{"b.JPG", NULL, LES_PAIRED_USED},
	{"b.txt", NULL, LES_PAIRED_OTHER},
	{"c.gt.txt", NULL, LES_PAIRED_LONELY_TEXT},
	{"c/c.tif", NULL, LES_PAIRED_LONELY_IMAGE},
	{"d/1.jpg", NULL, LES_PAIRED_USED},
	{"d/page/1.xml", "d/1.jpg", LES_PAIRED_USED},
	{"d/mets.xml", "", LES_PAIRED_USED},
	{"e.bin.png", NULL, LES_PAIRED_USED},
	{"e.gt.txt", "e.bin.png", LES_PAIRED_USED},
	{"page/f.xml", "f.tiff", LES_PAIRED_USED},
	{"f.tiff", NULL, LES_PAIRED_USED},
	{"g.d/x.gt.txt", "g.d/x.jp2", LES_PAIRED_USED},
	{"g.d/x.jp2", NULL, LES_PAIRED_USED},
	{"g/.gt.txt", NULL, LES_PAIRED_OTHER},
	{".xml", NULL, LES_PAIRED_OTHER},
	{"__MACOSX/a.png", NULL, LES_PAIRED_OTHER},
	{"ab.png", NULL, LES_PAIRED_LONELY_IMAGE},
};

static struct les_entries entries_of(void)
{
	struct les_entries entries = LES_ENTRIES;
	const struct les_error why = {LES_FORBIDDEN, "no"};

	for (size_t i = 0; i < LES_COUNT(files); i++)
		assert_int_equal(les_entries_add(&entries, files[i].name, strlen(files[i].name), 1,
						 NULL, NULL),
				 LES_OK);
	assert_int_equal(les_entries_add(&entries, "ab.gt.txt", 9, 1, &why, NULL), LES_OK);
	return entries;
}

static void files_are_paired(void **state)
{
	(void)state;
	LES_CLEANUP(les_entries_done) struct les_entries entries = entries_of();
	LES_CLEANUP(les_pairing_done) struct les_pairing pairing = {0};
	uint32_t pairs_n = 0;

	assert_int_equal(les_pairing_run(&entries, &pairing, NULL), LES_OK);
	for (uint32_t i = 0; i < LES_COUNT(files); i++) {
		if (pairing.paired[i] != files[i].want)
			fail_msg("%s: %d", files[i].name, pairing.paired[i]);
		pairs_n += files[i].pair != NULL;
	}
	assert_int_equal(pairing.paired[LES_COUNT(files)], LES_PAIRED_REFUSED);
	assert_int_equal(pairing.n, pairs_n);
	for (uint32_t k = 0; k < pairing.n; k++) {
		const struct les_pair *p = &pairing.at[k];
		const char *image = p->image == LES_PAIRING_NONE ? "" : entries.at[p->image].name;
		assert_string_equal(image, files[p->truth].pair);
	}
}

static uint32_t index_of(const char *name)
{
	for (uint32_t i = 0; i < LES_COUNT(files); i++)
		if (strcmp(files[i].name, name) == 0)
			return i;
	return LES_PAIRING_NONE;
}

static void layouts_name_their_images(void **state)
{
	(void)state;
	LES_CLEANUP(les_entries_done) struct les_entries entries = entries_of();
	LES_CLEANUP(les_pairing_done) struct les_pairing pairing = {0};
	static const struct {
		const char *truth, *names, *want;
	} cases[] = {
		{"d/mets.xml", "1.jpg", "d/1.jpg"},   {"d/mets.xml", "../scans/1.jpg", "d/1.jpg"},
		{"d/page/1.xml", "1.jpg", "d/1.jpg"}, {"d/mets.xml", "a.png", "a.png"},
		{"d/mets.xml", "ab.gt.txt", ""}, /* refused */
		{"d/mets.xml", "mets.xml", ""},       {"d/mets.xml", "", ""},
		{"a.xml", "/etc/passwd", ""},
	};
	assert_int_equal(les_pairing_run(&entries, &pairing, NULL), LES_OK);
	for (size_t i = 0; i < LES_COUNT(cases); i++)
		assert_int_equal(les_pairing_find_named(&pairing, &entries,
							index_of(cases[i].truth), cases[i].names),
				 index_of(cases[i].want));
}

/* A folder with all that must not be followed. */
static void folders_are_not_left(void **state)
{
	(void)state;
	char dir[] = "/tmp/lesart-test-XX"
		     "XX"
		     "XX",
	     command[600];
	static const struct {
		const char *name;
		enum les_kind want;
	} want[] = {
		{"in/b.png", LES_OK},
		{"link-in.png", LES_OK},
		{"plain.png", LES_OK},
		{"link-out.png", LES_FORBIDDEN},
		{"link-absolute.png", LES_FORBIDDEN},
		{"link-nowhere.png", LES_NOTFOUND},
		{"in/two/three/", LES_LIMIT},
		{"pipe.png", LES_FORBIDDEN},
		{"back\\slash.png", LES_FORBIDDEN},
		{"loop.png", LES_IO},
	};
	if (syscall(SYS_openat2, -1, "", NULL, 0) != 0 && errno == ENOSYS)
		skip(); /* valgrind 3.19 does not know it; every kernel with Landlock does */
	assert_non_null(mkdtemp(dir));
	snprintf(command, sizeof command,
		 "cd %s && mkdir -p in/two/three .git && touch plain.png in/b.png .hidden "
		 ".git/a.png in/two/three/c.png 'back\\slash.png' && ln -s in/b.png link-in.png && "
		 "ln -s ../../etc/passwd link-out.png && ln -s /etc/passwd link-absolute.png && "
		 "ln -s gone link-nowhere.png && mkfifo pipe.png && ln -s loop.png loop.png && "
		 "ln -s .. up",
		 dir);
	assert_int_equal(system(command), 0);
	LES_CLEANUP(les_entries_done) struct les_entries entries = LES_ENTRIES;
	LES_CLEANUP(les_fd_close) int folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct les_error error;
	assert_int_equal(les_folder_list(folder, &entries, &error), LES_OK);
	for (size_t i = 0; i < LES_COUNT(want); i++) {
		bool found = false;
		for (uint32_t k = 0; k < entries.n; k++) {
			if (strcmp(entries.at[k].name, want[i].name) != 0)
				continue;
			found = true;
			if (entries.at[k].refused != want[i].want)
				fail_msg("%s: %d %s", want[i].name, entries.at[k].refused,
					 entries.at[k].why);
		}
		if (!found)
			fail_msg("%s is not listed", want[i].name);
	}
	assert_int_equal(entries.n, LES_COUNT(want) + 1); /* "up", a link to a folder */
	int fd;
	assert_int_equal(les_folder_open(folder, "../etc/passwd", &fd, &error), LES_FORBIDDEN);
	assert_int_equal(les_folder_open(folder, "up/plain.png", &fd, &error), LES_FORBIDDEN);
	assert_int_equal(les_folder_open(folder, "in", &fd, &error), LES_FORBIDDEN);
	snprintf(command, sizeof command, "rm -r %s", dir);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_paired),
		cmocka_unit_test(layouts_name_their_images),
		cmocka_unit_test(folders_are_not_left),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
