#include "models/folder.h"

#include "base/cleanup.h"
#include "ipc/memfd.h"
#include "ipc/weights.h"
#include "types/limits.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { COPY_BYTES = 1 << 16 };

/* What SHA256SUMS covers, in its order. */
static const char *const summed[] = {
	LES_WEIGHTS_NAME, "original.safetensors", "original.mlmodel",
	"original.bin",   "selftest.input",       "selftest.json",
};

static enum les_kind open_file(int folder, const char *name, int *ret, struct les_error *reterr)
{
	*ret = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (*ret < 0)
		return errno == ENOENT ? les_fail(reterr, LES_NOTFOUND, "%s is missing", name)
				       : les_fail_errno(reterr, "cannot open %s", name);
	return LES_OK;
}

enum les_kind les_folder_read(int folder, const char *name, struct les_buf *out,
			      struct les_error *reterr)
{
	LES_CLEANUP(les_fd_close) int fd = -1;
	char bytes[COPY_BYTES];
	enum les_kind kind = open_file(folder, name, &fd, reterr);

	while (kind == LES_OK) {
		const ssize_t n = read(fd, bytes, sizeof bytes);
		if (n == 0)
			break;
		if (n > 0)
			les_buf_put(out, bytes, (size_t)n);
		else if (errno != EINTR)
			kind = les_fail_errno(reterr, "cannot read %s", name);
		if (out->failed)
			return les_fail(reterr, LES_LIMIT, "%s is too large", name);
	}
	return kind;
}

static enum les_kind write_all(int fd, const char *bytes, size_t n, const char *name,
			       struct les_error *reterr)
{
	while (n) {
		const ssize_t written = write(fd, bytes, n);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return les_fail_errno(reterr, "cannot write %s", name);
		bytes += written;
		n -= (size_t)written;
	}
	return LES_OK;
}

/* NAME.part, complete on the disk, becomes NAME. */
static enum les_kind finish(int folder, const char *part, const char *name, int fd,
			    struct les_error *reterr)
{
	if (fsync(fd) != 0 || renameat(folder, part, folder, name) != 0)
		return les_fail_errno(reterr, "cannot write %s", name);
	return LES_OK;
}

static int open_part(int folder, const char *name, char part[static 64])
{
	snprintf(part, 64, "%s.part", name);
	return openat(folder, part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
}

enum les_kind les_folder_write(int folder, const char *name, const void *bytes, size_t n,
			       struct les_error *reterr)
{
	char part[64];
	LES_CLEANUP(les_fd_close) int fd = open_part(folder, name, part);

	if (fd < 0)
		return les_fail_errno(reterr, "cannot write %s", name);
	enum les_kind kind = write_all(fd, bytes, n, name, reterr);
	return kind == LES_OK ? finish(folder, part, name, fd, reterr) : kind;
}

enum les_kind les_folder_copy(int folder, const char *name, int from, struct les_error *reterr)
{
	char part[64], bytes[COPY_BYTES];
	LES_CLEANUP(les_fd_close) int fd = open_part(folder, name, part);
	enum les_kind kind = LES_OK;
	off_t at = 0;

	if (fd < 0)
		return les_fail_errno(reterr, "cannot write %s", name);
	while (kind == LES_OK) {
		const ssize_t n = pread(from, bytes, sizeof bytes, at);
		if (n == 0)
			return finish(folder, part, name, fd, reterr);
		if (n > 0)
			kind = write_all(fd, bytes, (size_t)n, name, reterr);
		else if (errno != EINTR)
			kind = les_fail_errno(reterr, "cannot read what becomes %s", name);
		at += n > 0 ? n : 0;
	}
	return kind;
}

enum les_kind les_folder_hash(int folder, const char *name, char out[65], struct les_error *reterr)
{
	LES_CLEANUP(les_fd_close) int fd = -1;
	LES_CLEANUP(les_view_close) struct les_view view = {0};
	enum les_kind kind = open_file(folder, name, &fd, reterr);

	if (kind == LES_OK)
		kind = les_view_open(fd, LES_MODEL_FILE_BYTES_MAX, &view, reterr);
	if (kind == LES_OK)
		les_sha256_hex(view.bytes, view.n, out);
	return kind;
}

enum les_kind les_folder_sum(int folder, struct les_error *reterr)
{
	LES_CLEANUP(les_buf_done) struct les_buf sums = LES_BUF(LES_SUMS_BYTES_MAX);
	char hex[65];

	for (size_t i = 0; i < LES_COUNT(summed); i++) {
		enum les_kind kind = les_folder_hash(folder, summed[i], hex, reterr);
		if (kind == LES_OK)
			les_buf_printf(&sums, "%s  %s\n", hex, summed[i]);
		else if (kind != LES_NOTFOUND)
			return kind;
	}
	if (sums.failed)
		return les_fail(reterr, LES_NOMEM, "no memory for checksums");
	return les_folder_write(folder, LES_SUMS_NAME, sums.bytes, sums.len, reterr);
}

void les_folder_remove(int parent, const char *name)
{
	const int folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *dir = folder >= 0 ? fdopendir(folder) : NULL;
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			unlinkat(folder, entry->d_name, 0);
	if (dir)
		closedir(dir);
	else if (folder >= 0)
		close(folder);
	unlinkat(parent, name, AT_REMOVEDIR);
}
