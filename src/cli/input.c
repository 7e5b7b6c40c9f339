#include "cli/input.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPY_BYTES = 1 << 16 };

enum les_kind les_write_all(int fd, const void *bytes, uint64_t n, const char *what,
			    struct les_error *reterr)
{
	const char *at = bytes;

	while (n) {
		ssize_t written = write(fd, at, n);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return les_fail_errno(reterr, "cannot write %s", what);
		at += written;
		n -= (uint64_t)written;
	}
	return LES_OK;
}

/* A file without a name: gone when it is closed, whatever happens. */
static int unlinked_file(void)
{
	const char *folder = getenv("TMPDIR");
	int fd = open(folder ? folder : "/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	return fd >= 0 ? fd : memfd_create("lesart-input", MFD_CLOEXEC);
}

static enum les_kind copy_stdin(uint64_t bytes_max, int *ret_fd, struct les_error *reterr)
{
	LES_CLEANUP(les_fd_close) int fd = unlinked_file();
	char bytes[COPY_BYTES];
	uint64_t total = 0;

	if (fd < 0)
		return les_fail_errno(reterr, "cannot keep standard input");
	for (;;) {
		ssize_t n = read(STDIN_FILENO, bytes, sizeof bytes);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return les_fail_errno(reterr, "cannot read standard input");
		if (n == 0)
			break;
		total += (uint64_t)n;
		if (total > bytes_max)
			return les_fail(reterr, LES_LIMIT,
					"standard input has more than %llu bytes",
					(unsigned long long)bytes_max);
		enum les_kind kind =
			les_write_all(fd, bytes, (uint64_t)n, "standard input", reterr);
		if (kind != LES_OK)
			return kind;
	}
	*ret_fd = LES_TAKE_FD(fd);
	return LES_OK;
}

enum les_kind les_input_open(const char *path, uint64_t bytes_max, int *ret_fd,
			     struct les_error *reterr)
{
	const bool is_stdin = strcmp(path, "-") == 0;
	LES_CLEANUP(les_fd_close)
	int fd = is_stdin ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return les_fail(reterr, LES_NOTFOUND, "there is no such file");
	if (fd < 0 || fstat(fd, &st) != 0)
		return les_fail_errno(reterr, "cannot open it");
	if (is_stdin && !S_ISREG(st.st_mode))
		return copy_stdin(bytes_max, ret_fd, reterr);
	if (!S_ISREG(st.st_mode))
		return les_fail(reterr, LES_ARG, "not a regular file");
	if ((uint64_t)st.st_size > bytes_max)
		return les_fail(reterr, LES_LIMIT, "%lld bytes, more than %llu",
				(long long)st.st_size, (unsigned long long)bytes_max);
	*ret_fd = LES_TAKE_FD(fd);
	return LES_OK;
}

char *les_path_name(const char *path, bool with_ending)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	const char *dot = strrchr(name, '.');

	if (strcmp(path, "-") == 0)
		return strdup("stdin");
	return with_ending || !dot || dot == name ? strdup(name)
						  : strndup(name, (size_t)(dot - name));
}

char *les_path_join(const char *dir, const char *name, const char *suffix)
{
	char *path;

	return asprintf(&path, "%s/%s%s", dir, name, suffix) < 0 ? NULL : path;
}

enum les_kind les_output_open(const char *path, struct les_output *ret, struct les_error *reterr)
{
	struct les_output output = {.fd = -1, .path = strdup(path)};

	if (!output.path || asprintf(&output.part, "%s.part", path) < 0) {
		free(output.path);
		return les_fail(reterr, LES_NOMEM, "no memory for a path");
	}
	output.fd = open(output.part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (output.fd < 0) {
		enum les_kind kind = les_fail_errno(reterr, "cannot write %s", output.part);
		free(output.path);
		free(output.part);
		return kind;
	}
	*ret = output;
	return LES_OK;
}

enum les_kind les_output_commit(struct les_output *output, struct les_error *reterr)
{
	if (rename(output->part, output->path) != 0)
		return les_fail_errno(reterr, "cannot write %s", output->path);
	free(output->part);
	output->part = NULL;
	return LES_OK;
}

void les_output_done(struct les_output *output)
{
	les_fd_close(&output->fd);
	if (output->part)
		unlink(output->part);
	free(output->part);
	free(output->path);
	*output = (struct les_output){.fd = -1};
}
