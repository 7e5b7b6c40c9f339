#include "tests/workers/workers.h"

#include "base/cleanup.h"
#include "tests/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

void folder_make(struct folder *folder)
{
	snprintf(folder->path, sizeof folder->path, "/tmp/lesart-test-XXXXXX");
	assert_non_null(mkdtemp(folder->path));
}

void folder_remove(struct folder *folder)
{
	DIR *dir = opendir(folder->path);

	assert_non_null(dir);
	for (struct dirent *entry; (entry = readdir(dir));)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	assert_int_equal(rmdir(folder->path), 0);
}

void folder_link(const struct folder *folder, const char *target, const char *binary)
{
	char from[PATH_MAX], to[PATH_MAX];

	snprintf(from, sizeof from, "%s%s", target, binary);
	snprintf(to, sizeof to, "%s/%s", folder->path, binary);
	assert_int_equal(access(from, X_OK), 0);
	assert_int_equal(symlink(from, to), 0);
}

void folder_write(const struct folder *folder, const char *name, const void *bytes, size_t n,
		  char *ret)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/%s", folder->path, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, n, file), n);
	assert_int_equal(fclose(file), 0);
	if (ret)
		memcpy(ret, path, strlen(path) + 1);
}

struct les_pool *pool_over(const struct folder *workers)
{
	const struct les_pool_config config = {
		.binary_dir = workers->path,
		.stock = {[LES_ROLE_DECODE] = {1, 0}, [LES_ROLE_TESSERACT] = {1, 1}},
		.threads = 1,
		.recogniser_documents = 1000};
	struct les_pool *pool;
	struct les_error error;

	if (les_pool_new(&config, &pool, &error) != LES_OK)
		fail_msg("%s", error.message);
	return pool;
}

unsigned fds_open(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

bool has_children(void)
{
	return waitid(P_ALL, 0, &(siginfo_t){0}, WEXITED | WNOHANG | WNOWAIT) == 0;
}

int document_fd(const void *bytes, size_t n)
{
	int fd = memfd_create("document", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), n);
	return fd;
}
