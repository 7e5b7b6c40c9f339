#include "confine/landlock.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Debian's headers are older than the kernels it runs on: the structures and rights of ABI 1 to 7
 * are spelt out here (Linux 6.18, include/uapi/linux/landlock.h), and the kernel is told the size
 * that its ABI knows. */
struct ruleset_attr {
	uint64_t handled_access_fs;
	uint64_t handled_access_net; /* ABI 4 */
	uint64_t scoped;             /* ABI 6 */
};

struct path_beneath_attr {
	uint64_t allowed_access;
	int32_t parent_fd;
} __attribute__((packed));

enum {
	RULESET_VERSION = 1u << 0,
	RULE_PATH_BENEATH = 1,

	FS_EXECUTE = 1u << 0,
	FS_WRITE_FILE = 1u << 1,
	FS_READ_FILE = 1u << 2,
	FS_READ_DIR = 1u << 3,
	FS_ABI_1 = (1u << 13) - 1,
	FS_REFER = 1u << 13,     /* ABI 2 */
	FS_TRUNCATE = 1u << 14,  /* ABI 3 */
	FS_IOCTL_DEV = 1u << 15, /* ABI 5 */

	NET_ALL = (1u << 2) - 1,    /* ABI 4: bind and connect TCP */
	SCOPED_ALL = (1u << 2) - 1, /* ABI 6: abstract unix sockets, signals */
};

static const struct {
	uint32_t abi;
	uint64_t fs_added;
	size_t attr_bytes;
} abis[] = {
	{1, FS_ABI_1, 8}, {2, FS_REFER, 8},      {3, FS_TRUNCATE, 8},
	{4, 0, 16},       {5, FS_IOCTL_DEV, 16}, {6, 0, 24},
};

uint32_t les_landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, RULESET_VERSION);

	return abi > 0 ? (uint32_t)abi : 0;
}

/* All that this kernel's ABI can deny. */
static size_t everything(uint32_t abi, struct ruleset_attr *ret)
{
	size_t bytes = 0;

	*ret = (struct ruleset_attr){0};
	for (size_t i = 0; i < LES_COUNT(abis) && abis[i].abi <= abi; i++) {
		ret->handled_access_fs |= abis[i].fs_added;
		bytes = abis[i].attr_bytes;
	}
	if (abi >= 4)
		ret->handled_access_net = NET_ALL;
	if (abi >= 6)
		ret->scoped = SCOPED_ALL;
	return bytes;
}

/* The kernel lets only those confine themselves who can gain nothing by it, or who are root. */
static enum les_kind restrict_self(int ruleset, struct les_error *reterr)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return les_fail_errno(reterr, "cannot give up privileges");
	if (syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
		return les_fail_errno(reterr, "cannot confine this process with Landlock");
	return LES_OK;
}

enum les_kind les_landlock_deny_all(bool *ret_held, struct les_error *reterr)
{
	struct ruleset_attr attr;
	uint32_t abi = les_landlock_abi();
	size_t attr_bytes = everything(abi, &attr);

	*ret_held = false;
	if (abi == 0)
		return LES_OK;
	LES_CLEANUP(les_fd_close)
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, attr_bytes, 0);
	if (ruleset < 0)
		return les_fail_errno(reterr, "cannot make a Landlock ruleset");
	enum les_kind kind = restrict_self(ruleset, reterr);
	*ret_held = kind == LES_OK;
	return kind;
}

/* Allows `access` at and below path; a path that does not exist is skipped. A file takes only the
 * rights that files have. */
static enum les_kind allow(int ruleset, const char *path, uint64_t access, struct les_error *reterr)
{
	LES_CLEANUP(les_fd_close) int fd = open(path, O_PATH | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return LES_OK;
	if (fd < 0 || fstat(fd, &st) != 0)
		return les_fail_errno(reterr, "cannot open %s", path);
	if (!S_ISDIR(st.st_mode))
		access &= FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV;
	struct path_beneath_attr rule = {access, fd};
	if (syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0) != 0)
		return les_fail_errno(reterr, "cannot allow %s", path);
	return LES_OK;
}

static enum les_kind allow_each(int ruleset, const char *const *paths, uint64_t access,
				struct les_error *reterr)
{
	enum les_kind kind = LES_OK;

	for (; paths && *paths && kind == LES_OK; paths++)
		kind = allow(ruleset, *paths, access, reterr);
	return kind;
}

enum les_kind les_confine_server(const struct les_serve_paths *paths, struct les_error *reterr)
{
	static const char *const devices[] = {"/dev/null", NULL};
	struct ruleset_attr attr;
	uint32_t abi = les_landlock_abi();

	if (abi == 0)
		return les_fail(reterr, LES_UNAVAILABLE, "this kernel has no Landlock");
	/* files only: the server listens, and its workers deny themselves the rest */
	everything(abi, &attr);
	LES_CLEANUP(les_fd_close)
	int ruleset =
		(int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr.handled_access_fs, 0);
	if (ruleset < 0)
		return les_fail_errno(reterr, "cannot make a Landlock ruleset");
	const uint64_t read = FS_READ_FILE | FS_READ_DIR;
	enum les_kind kind = allow_each(ruleset, paths->read_only, read, reterr);
	if (kind == LES_OK)
		kind = allow_each(ruleset, paths->execute, read | FS_EXECUTE, reterr);
	if (kind == LES_OK)
		kind = allow_each(ruleset, paths->read_write,
				  attr.handled_access_fs & ~(uint64_t)FS_EXECUTE, reterr);
	if (kind == LES_OK)
		kind = allow_each(ruleset, devices, FS_READ_FILE | FS_WRITE_FILE, reterr);
	return kind == LES_OK ? restrict_self(ruleset, reterr) : kind;
}
