#include "base/cleanup.h"
#include "jobs/training.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum les_kind write_synced(int fd, const void *bytes, size_t n, const char *path,
				  struct les_error *reterr)
{
	for (const uint8_t *p = bytes; n;) {
		const ssize_t written = write(fd, p, n);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return les_fail_errno(reterr, "cannot write %.150s", path);
		p += written;
		n -= (size_t)written;
	}
	return fsync(fd) == 0 ? LES_OK : les_fail_errno(reterr, "cannot write %.150s", path);
}

/* The new name, too, is to be there after a power cut. */
static void sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	LES_CLEANUP(les_free_p)
	char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	LES_CLEANUP(les_fd_close)
	int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd >= 0)
		fsync(fd);
}

enum les_kind les_file_replace(const char *path, const void *bytes, size_t n,
			       struct les_error *reterr)
{
	LES_CLEANUP(les_free_p) char *part = NULL;
	enum les_kind kind;

	if (asprintf(&part, "%s.part", path) < 0)
		return les_fail(reterr, LES_NOMEM, "no memory for a path");
	LES_CLEANUP(les_fd_close)
	int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		return les_fail_errno(reterr, "cannot write %.150s", part);
	kind = write_synced(fd, bytes, n, part, reterr);
	if (kind == LES_OK && rename(part, path) != 0)
		kind = les_fail_errno(reterr, "cannot write %.150s", path);
	if (kind == LES_OK)
		sync_folder(path);
	else
		unlink(part);
	return kind;
}
