/* With it glibc renames open() to open64() under our hands; both are defined here. */
#undef _FILE_OFFSET_BITS

#include "confine/files.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct entry {
	char path[256];
	int fd;            /* -1: bytes only */
	const void *bytes; /* NULL: fd only */
	size_t n;
};

static struct entry entries[LES_FILES_MAX];
static size_t entries_n;
static bool sealed;

static struct entry *lookup(const char *path)
{
	for (size_t i = 0; i < entries_n; i++)
		if (strcmp(entries[i].path, path) == 0)
			return &entries[i];
	return NULL;
}

static enum les_kind entry_new(const char *path, struct entry **ret, struct les_error *reterr)
{
	struct entry *entry = lookup(path);

	if (strlen(path) >= sizeof entry->path || (!entry && entries_n == LES_FILES_MAX))
		return les_fail(reterr, LES_LIMIT, "no room for %s in the table of files", path);
	if (!entry)
		entry = &entries[entries_n++];
	*entry = (struct entry){.fd = -1};
	memcpy(entry->path, path, strlen(path) + 1);
	*ret = entry;
	return LES_OK;
}

static int open_really(const char *path, int flags, unsigned mode)
{
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

enum les_kind les_files_add(const char *path, struct les_error *reterr)
{
	struct entry *entry;
	int fd = open_really(path, O_RDONLY | O_CLOEXEC, 0);

	if (fd < 0)
		return errno == ENOENT ? les_fail(reterr, LES_NOTFOUND, "%s is missing", path)
				       : les_fail_errno(reterr, "cannot open %s", path);
	enum les_kind kind = entry_new(path, &entry, reterr);
	if (kind == LES_OK)
		entry->fd = fd;
	else
		close(fd);
	return kind;
}

enum les_kind les_files_add_bytes(const char *path, const void *bytes, size_t n,
				  struct les_error *reterr)
{
	struct entry *entry;
	enum les_kind kind = entry_new(path, &entry, reterr);

	if (kind == LES_OK) {
		entry->bytes = bytes;
		entry->n = n;
	}
	return kind;
}

void les_files_seal(void)
{
	sealed = true;
}

/* ---- what the libraries call; the prototypes are glibc's, which hides some of them ---- */

int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);

static int open_sealed(const char *path, int flags)
{
	const struct entry *entry = lookup(path);

	if (!entry || entry->fd < 0 || (flags & O_ACCMODE) != O_RDONLY) {
		errno = entry ? EACCES : ENOENT;
		return -1;
	}
	if (lseek(entry->fd, 0, SEEK_SET) < 0) /* a dup shares the position */
		return -1;
	return dup(entry->fd);
}

int open(const char *path, int flags, ...)
{
	unsigned mode = 0;

	if (flags & (O_CREAT | __O_TMPFILE)) {
		va_list args;
		va_start(args, flags);
		mode = va_arg(args, unsigned);
		va_end(args);
	}
	return sealed ? open_sealed(path, flags) : open_really(path, flags, mode);
}

int open64(const char *path, int flags, ...) __attribute__((alias("open")));
int __open_2(const char *path, int flags)
{
	return open(path, flags);
}
int __open64_2(const char *path, int flags)
{
	return open(path, flags);
}

FILE *fopen(const char *path, const char *mode)
{
	if (!sealed) {
		FILE *(*real)(const char *, const char *);
		void *symbol = dlsym(RTLD_NEXT, "fopen");
		memcpy(&real, &symbol, sizeof real);
		return real(path, mode);
	}
	const struct entry *entry = lookup(path);
	if (entry && entry->bytes && mode[0] == 'r')
		return fmemopen((void *)(unsigned long)entry->bytes, entry->n, "r");
	int fd = open_sealed(path, mode[0] == 'r' ? O_RDONLY : O_WRONLY);
	return fd < 0 ? NULL : fdopen(fd, "r");
}

FILE *fopen64(const char *path, const char *mode) __attribute__((alias("fopen")));

/* glibc's own makes newfstatat(fd, ""), whose path a filter cannot see. */
int fstat(int fd, struct stat *st)
{
	return (int)syscall(SYS_fstat, fd, st);
}

int fstat64(int fd, struct stat64 *st)
{
	return (int)syscall(SYS_fstat, fd, st);
}
