/* The Landlock of lesart serve: a process of its own confines itself as the server does, and tries
 * what the server may do and what it may not. */
#include "base/cleanup.h"
#include "confine/confine.h"
#include "tests/test.h"
#include "tests/workers/workers.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct folder state_dir, models_dir, other_dir;

static int open_error(const char *dir, const char *name, int flags)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%s%s%s", dir, name ? "/" : "", name ? name : "");
	LES_CLEANUP(les_fd_close) int fd = open(path, flags, 0600);
	return fd < 0 ? errno : 0;
}

static int exec_error(const char *path)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execl(path, path, "-c", "exit 0", NULL);
		_exit(errno);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The first row that does not come out as it should, from 1; 0 if all do. Runs confined. */
static int first_wrong(void)
{
	const struct {
		int came, want;
	} rows[] = {
		{open_error(state_dir.path, "new", O_CREAT | O_RDWR), 0},
		{open_error(state_dir.path, "file", O_RDWR | O_TRUNC), 0},
		{open_error(state_dir.path, NULL, O_TMPFILE | O_RDWR), 0},
		{open_error(models_dir.path, "file", O_RDONLY), 0},
		{open_error(models_dir.path, "file", O_RDWR), EACCES},
		{open_error(models_dir.path, "new", O_CREAT | O_RDWR), EACCES},
		{open_error(other_dir.path, "file", O_RDONLY), EACCES},
		{open_error(other_dir.path, "new", O_CREAT | O_RDWR), EACCES},
		{open_error(other_dir.path, NULL, O_RDONLY | O_DIRECTORY), EACCES},
		{open_error("/etc/hostname", NULL, O_RDONLY), EACCES},
		{open_error("/dev/null", NULL, O_RDWR), 0},
		{rename("x", "y") == 0 ? 0 : ENOENT, ENOENT},
		{exec_error("/bin/sh"), EACCES},
		{exec_error(RELEASE_WORKERS "lesart") == EACCES, 0},
		{prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 1, 0},
	};

	for (size_t i = 0; i < LES_COUNT(rows); i++)
		if (rows[i].came != rows[i].want)
			return (int)i + 1;
	return 0;
}

static void the_server_reaches_its_own_folders_only(void **state)
{
	(void)state;
	const char *const read_only[] = {models_dir.path, "/etc/ld.so.cache", "/nonexistent", NULL};
	const char *const read_write[] = {state_dir.path, NULL};
	const char *const execute[] = {RELEASE_WORKERS, "/lib", "/lib64", "/usr/lib", NULL};
	const struct les_serve_paths paths = {read_only, read_write, execute};
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(les_confine_server(&paths, NULL) == LES_OK ? first_wrong() : 100);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int make_folders(void **state)
{
	struct folder *const folders[] = {&state_dir, &models_dir, &other_dir};

	(void)state;
	for (size_t i = 0; i < LES_COUNT(folders); i++) {
		folder_make(folders[i]);
		folder_write(folders[i], "file", "x", 1, NULL);
	}
	return 0;
}

static int remove_folders(void **state)
{
	(void)state;
	folder_remove(&state_dir);
	folder_remove(&models_dir);
	folder_remove(&other_dir);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_server_reaches_its_own_folders_only),
	};

	if (les_landlock_abi() == 0) {
		puts("skipped: this kernel has no Landlock");
		return 77;
	}
	return cmocka_run_group_tests(tests, make_folders, remove_folders);
}
