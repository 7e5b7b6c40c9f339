#include "ipc/memfd.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SEALS = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK };

enum les_kind les_memfd_map_new(size_t n, void **ret_bytes, int *ret_fd, struct les_error *reterr)
{
	LES_CLEANUP(les_fd_close) int fd = memfd_create("lesart", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	void *bytes = NULL;

	if (fd < 0)
		return les_fail_errno(reterr, "cannot make a memfd");
	if (ftruncate(fd, (off_t)n) != 0)
		return errno == EFBIG
			       ? les_fail(reterr, LES_LIMIT,
					  "%zu bytes of output: over this worker's limit", n)
			       : les_fail_errno(reterr, "cannot size a memfd to %zu bytes", n);
	if (n) {
		bytes = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (bytes == MAP_FAILED)
			return les_fail_errno(reterr, "cannot map %zu bytes of output", n);
	}
	*ret_bytes = bytes;
	*ret_fd = LES_TAKE_FD(fd);
	return LES_OK;
}

enum les_kind les_memfd_seal(int fd, void *bytes, size_t n, struct les_error *reterr)
{
	if (n && munmap(bytes, n) != 0)
		return les_fail_errno(reterr, "cannot unmap a memfd");
	if (fcntl(fd, F_ADD_SEALS, SEALS | F_SEAL_SEAL) != 0)
		return les_fail_errno(reterr, "cannot seal a memfd");
	return LES_OK;
}

enum les_kind les_memfd_new(const void *bytes, size_t n, int *ret_fd, struct les_error *reterr)
{
	LES_CLEANUP(les_fd_close) int fd = -1;
	void *to;
	enum les_kind kind = les_memfd_map_new(n, &to, &fd, reterr);

	if (kind != LES_OK)
		return kind;
	if (n)
		memcpy(to, bytes, n);
	kind = les_memfd_seal(fd, to, n, reterr);
	if (kind == LES_OK)
		*ret_fd = LES_TAKE_FD(fd);
	return kind;
}

static enum les_kind map(int fd, size_t n, struct les_view *ret, struct les_error *reterr)
{
	void *bytes;

	*ret = (struct les_view){0};
	if (n == 0)
		return LES_OK;
	bytes = mmap(NULL, n, PROT_READ, MAP_SHARED, fd, 0);
	if (bytes == MAP_FAILED)
		return les_fail_errno(reterr, "cannot map %zu bytes", n);
	*ret = (struct les_view){bytes, n};
	return LES_OK;
}

enum les_kind les_memfd_check(int fd, uint64_t n, struct les_error *reterr)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;

	if (seals < 0 || (seals & SEALS) != SEALS)
		return les_fail(reterr, LES_PEER, "a worker sent memory that is not sealed");
	if (fstat(fd, &st) != 0 || st.st_size < 0 || (uint64_t)st.st_size != n)
		return les_fail(reterr, LES_PEER,
				"a worker sent memory of another size than it said");
	return LES_OK;
}

enum les_kind les_view_open_sealed(int fd, uint64_t n, struct les_view *ret,
				   struct les_error *reterr)
{
	enum les_kind kind = les_memfd_check(fd, n, reterr);

	return kind == LES_OK ? map(fd, (size_t)n, ret, reterr) : kind;
}

enum les_kind les_view_open(int fd, uint64_t cap, struct les_view *ret, struct les_error *reterr)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return les_fail_errno(reterr, "cannot size the input");
	if (!S_ISREG(st.st_mode))
		return les_fail(reterr, LES_IO, "the input is not a regular file");
	if (st.st_size == 0)
		return les_fail(reterr, LES_FORMAT, "the file is empty");
	if ((uint64_t)st.st_size > cap)
		return les_fail(reterr, LES_LIMIT, "the file has %lld bytes, more than %llu",
				(long long)st.st_size, (unsigned long long)cap);
	return map(fd, (size_t)st.st_size, ret, reterr);
}

void les_view_close(struct les_view *view)
{
	if (view->n)
		munmap((void *)(uintptr_t)view->bytes, view->n);
	*view = (struct les_view){0};
}
