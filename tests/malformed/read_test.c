/* The same documents through `lesart read` itself, all in one run: it lives, says each one's kind
 * on standard error, and leaves nothing behind. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "tests/malformed/corpus.h"
#include "tests/test.h"
#include "tests/workers/workers.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FILES_MAX = 400, SECONDS_MAX = 200 };

static struct folder in, out, tmp;

struct files {
	char *argv[FILES_MAX + 16];
	const struct malformed *rows[FILES_MAX];
	unsigned n, first;
};

static void write_one(void *context, const struct malformed *row, unsigned variant,
		      const struct les_buf *bytes)
{
	struct files *files = context;
	char name[32], path[PATH_MAX];

	(void)variant;
	if (row->slow)
		return;
	assert_true(files->n < FILES_MAX);
	snprintf(name, sizeof name, "%03u.bin", files->n);
	folder_write(&in, name, bytes->bytes, bytes->len, path);
	files->argv[files->first + files->n] = strdup(path);
	files->rows[files->n++] = row;
}

/* Runs lesart with standard error into a file; its exit status, and what it and its workers took.
 */
static int run(char *const argv[], const char *err_path, struct rusage *used)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		int fd = open(err_path, O_CREAT | O_WRONLY, 0600);
		setenv("TMPDIR", tmp.path, 1);
		dup2(fd, STDERR_FILENO);
		execv(argv[0], argv);
		_exit(127);
	}
	assert_int_equal(wait4(pid, &status, 0, used), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* The kind that lesart said of a file, in brackets at the end of its line; OK where it said
 * nothing. */
static enum les_kind kind_said(const char *err, const char *path)
{
	char start[PATH_MAX + 20];

	snprintf(start, sizeof start, "lesart read: %s: ", path);
	for (const char *line = err; (line = strstr(line, start)); line++) {
		const char *end = strchr(line, '\n');
		const char *bracket = end ? memrchr(line, '(', (size_t)(end - line)) : NULL;
		for (int kind = 1; bracket && kind < LES_KIND_N; kind++) {
			const char *name = les_kind_info((enum les_kind) - kind)->name;
			if (strncmp(bracket + 1, name, strlen(name)) == 0 &&
			    bracket[1 + strlen(name)] == ')')
				return (enum les_kind) - kind;
		}
	}
	return LES_OK;
}

static char *read_whole(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = calloc(1, 1 << 20);

	assert_non_null(file);
	assert_non_null(text);
	assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
	fclose(file);
	return text;
}

static unsigned entries_in(const struct folder *folder, const char *ending)
{
	DIR *dir = opendir(folder->path);
	unsigned n = 0;

	assert_non_null(dir);
	for (struct dirent *entry; (entry = readdir(dir));) {
		const size_t len = strlen(entry->d_name), end = strlen(ending);
		n += entry->d_name[0] != '.' && len >= end &&
		     strcmp(entry->d_name + len - end, ending) == 0;
	}
	closedir(dir);
	return n;
}

/* What lesart leaves behind comes to us. Not with AddressSanitizer: a decoder that is killed while
 * the leak detector looks through it leaves the detector's own process. */
static void assert_no_orphan(void)
{
#ifndef __SANITIZE_ADDRESS__
	siginfo_t orphan = {0};
	char path[64];

	if (waitid(P_ALL, 0, &orphan, WEXITED | WNOHANG | WNOWAIT) != 0)
		return;
	snprintf(path, sizeof path, "/proc/%d/comm", (int)orphan.si_pid);
	fail_msg("an orphan: %s", orphan.si_pid ? read_whole(path) : "one that still runs");
#endif
}

static void lesart_survives_them_all(void **state)
{
	(void)state;
	struct files files = {.argv = {(char *)(uintptr_t)RELEASE_WORKERS "lesart",
				       (char *)(uintptr_t) "read", (char *)(uintptr_t) "-o",
				       out.path, (char *)(uintptr_t) "--threads",
				       (char *)(uintptr_t) "1", (char *)(uintptr_t) "-f",
				       (char *)(uintptr_t) "json"},
			      .first = 8};
	struct rusage used;
	char err_path[PATH_MAX];
	unsigned wrong = 0, read = 0;

	malformed_each(write_one, &files);
	assert_true(files.n >= 60);
	snprintf(err_path, sizeof err_path, "%s/err", in.path);
	const int64_t since_ms = les_clock_ms();
	assert_int_equal(run(files.argv, err_path, &used), 1); /* some files failed */
	assert_true(les_clock_ms() - since_ms < SECONDS_MAX * 1000);
	LES_CLEANUP(les_free_p) char *err = read_whole(err_path);
	for (unsigned i = 0; i < files.n; i++) {
		enum les_kind kind = kind_said(err, files.argv[files.first + i]);
		read += kind == LES_OK;
		if (!(files.rows[i]->want & K(kind))) {
			print_error("%s: came to %s\n", files.rows[i]->name,
				    les_kind_info(kind)->name);
			wrong++;
		}
		free(files.argv[files.first + i]);
	}
	assert_int_equal(wrong, 0);
	for (const char *p = err; *p; p++) /* nothing there moves a terminal's cursor */
		assert_true((unsigned char)*p >= 0x20 || *p == '\n' || *p == '\t');
	assert_int_equal(entries_in(&out, ".json"), read);
	assert_int_equal(entries_in(&out, ""), read); /* no half-written file */
	assert_int_equal(entries_in(&tmp, ""), 0);
	assert_no_orphan();
	print_message("%u documents, %u read, peak %ld MiB\n", files.n, read, used.ru_maxrss >> 10);
#ifndef __SANITIZE_ADDRESS__
	assert_true(used.ru_maxrss < 1 << 20); /* a gigabyte, of lesart or any worker */
#endif
}

static int make_folders(void **state)
{
	(void)state;
	folder_make(&in);
	folder_make(&out);
	folder_make(&tmp);
	return prctl(PR_SET_CHILD_SUBREAPER, 1);
}

static int remove_folders(void **state)
{
	(void)state;
	folder_remove(&in);
	folder_remove(&out);
	folder_remove(&tmp);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lesart_survives_them_all),
	};
	return cmocka_run_group_tests(tests, make_folders, remove_folders);
}
