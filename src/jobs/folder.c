#include "jobs/folder.h"

#include "base/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Below folder, and nowhere else: the kernel sees to it. */
static int open_beneath(int folder, const char *name, int flags)
{
	struct open_how how = {.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
			       .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};

	return (int)syscall(SYS_openat2, folder, name, &how, sizeof how);
}

enum les_kind les_folder_open(int folder, const char *name, int *ret_fd, struct les_error *reterr)
{
	LES_CLEANUP(les_fd_close) int fd = open_beneath(folder, name, O_RDONLY | O_NONBLOCK);
	struct stat st;

	if (fd < 0 && errno == EXDEV)
		return les_fail(reterr, LES_FORBIDDEN, "it is a link that leads out of the folder");
	if (fd < 0 && errno == ENOENT)
		return les_fail(reterr, LES_NOTFOUND, "it is not there, or a link to nothing");
	if (fd < 0 || fstat(fd, &st) != 0)
		return les_fail_errno(reterr, "it cannot be opened");
	if (!S_ISREG(st.st_mode))
		return les_fail(reterr, LES_FORBIDDEN, "it is not a regular file");
	*ret_fd = LES_TAKE_FD(fd);
	return LES_OK;
}

struct walk {
	int folder;
	struct les_entries *entries;
};

/* A link counts as the file it leads to. */
static enum les_kind add_file(const struct walk *walk, const char *name, int dir, const char *last,
			      struct les_error *reterr)
{
	LES_CLEANUP(les_fd_close) int fd = -1;
	struct les_error why = {.kind = LES_OK};
	struct stat st = {0};

	why.kind = les_entry_name_check(name, strlen(name), &why);
	if (why.kind == LES_OK && fstatat(dir, last, &st, AT_SYMLINK_NOFOLLOW) != 0)
		why.kind = les_fail_errno(&why, "it cannot be looked at");
	if (why.kind == LES_OK && !S_ISREG(st.st_mode)) {
		why.kind = les_folder_open(walk->folder, name, &fd, &why);
		if (why.kind == LES_OK && fstat(fd, &st) != 0)
			why.kind = les_fail_errno(&why, "it cannot be looked at");
	}
	return les_entries_add(walk->entries, name, strlen(name), (uint64_t)st.st_size,
			       why.kind == LES_OK ? NULL : &why, reterr);
}

static bool is_folder(int dir, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* prefix: "" or "folder/". Depth is bounded by LES_ENTRY_DEPTH_MAX. */
static enum les_kind walk_folder(const struct walk *walk, const char *prefix, uint32_t depth,
				 struct les_error *reterr)
{
	char name[LES_ENTRY_NAME_BYTES_MAX + 258];
	enum les_kind kind = LES_OK;
	int fd = open_beneath(walk->folder, prefix[0] ? prefix : ".",
			      O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

	if (!dir) {
		kind = les_fail_errno(reterr, "cannot open the folder %.100s", prefix);
		les_fd_close(&fd);
		return kind;
	}
	for (const struct dirent *entry; kind == LES_OK && (entry = readdir(dir));) {
		if (entry->d_name[0] == '.')
			continue;
		const bool inner = is_folder(dirfd(dir), entry);
		const int n = snprintf(name, sizeof name, "%s%s%s", prefix, entry->d_name,
				       inner ? "/" : "");
		if (n <= 0 || (size_t)n >= sizeof name)
			continue; /* cannot be: both parts are bounded */
		if (!inner)
			kind = add_file(walk, name, dirfd(dir), entry->d_name, reterr);
		else if (depth < LES_ENTRY_DEPTH_MAX && (size_t)n <= LES_ENTRY_NAME_BYTES_MAX)
			kind = walk_folder(walk, name, depth + 1, reterr);
		else
			kind = les_entries_add(
				walk->entries, name, (size_t)n, 0,
				&(struct les_error){LES_LIMIT, "a folder too deep inside"}, reterr);
	}
	closedir(dir);
	return kind;
}

enum les_kind les_folder_list(int folder, struct les_entries *entries, struct les_error *reterr)
{
	const struct walk walk = {folder, entries};

	return walk_folder(&walk, "", 0, reterr);
}
