#include "models/registry.h"

#include "base/cleanup.h"
#include "models/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char installed[] = "share/lesart/models";

static enum les_kind folder_add(struct les_registry *registry, char *path, struct les_error *reterr)
{
	if (!path)
		return les_fail(reterr, LES_NOMEM, "no memory for a path");
	registry->folders[registry->n++] = path;
	return LES_OK;
}

static char *join(const char *dir, const char *below)
{
	char *path;

	return asprintf(&path, "%s/%s", dir, below) < 0 ? NULL : path;
}

static char *own_folder(const char *state)
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");

	if (state)
		return join(state, "models");
	if (data && data[0] == '/')
		return join(data, "lesart/models");
	return join(home && home[0] == '/' ? home : "", ".local/share/lesart/models");
}

static bool ends_in(const char *s, const char *ending)
{
	const size_t n = strlen(s), ending_n = strlen(ending);

	return n >= ending_n && strcmp(s + n - ending_n, ending) == 0;
}

/* Of a build tree or below a prefix, both two steps above the workers; NULL where that is not
 * there or memory ran out. Without the "..", so that people and Landlock read it, too. */
static char *shipped_folder(const char *binary_dir)
{
	LES_CLEANUP(les_free_p)
	char *folder =
		join(binary_dir, ends_in(binary_dir, "/src/bin") ? "../../models"
								 : "../../share/lesart/models");

	return folder ? realpath(folder, NULL) : NULL;
}

enum les_kind les_registry_init(const char *models, const char *state, const char *binary_dir,
				struct les_registry *ret, struct les_error *reterr)
{
	struct les_registry registry = {0};
	LES_CLEANUP(les_free_p) char *shipped = binary_dir ? shipped_folder(binary_dir) : NULL;
	enum les_kind kind = LES_OK;

	if (models)
		kind = folder_add(&registry, strdup(models), reterr);
	if (kind == LES_OK && (state || !models))
		kind = folder_add(&registry, own_folder(state), reterr);
	if (kind == LES_OK && shipped)
		kind = folder_add(&registry, LES_TAKE(shipped), reterr);
	if (kind == LES_OK)
		kind = folder_add(&registry, join("/usr", installed), reterr);
	if (kind == LES_OK)
		*ret = registry;
	else
		les_registry_done(&registry);
	return kind;
}

void les_registry_done(struct les_registry *registry)
{
	for (uint32_t i = 0; i < registry->n; i++)
		free(registry->folders[i]);
	registry->n = 0;
}

bool les_model_name_valid(const char *name)
{
	const size_t n = strlen(name);
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789._-";

	return n >= 1 && n <= LES_MODEL_NAME_BYTES_MAX && name[0] != '.' &&
	       strspn(name, allowed) == n;
}

void les_found_done(struct les_found *found)
{
	les_fd_close(&found->folder);
	free(found->path);
	*found = LES_FOUND_NONE;
}

/* *ret where path is a folder with a net in it; NOTFOUND otherwise. */
static enum les_kind found_open(const char *path, const char *name, struct les_found *ret,
				struct les_error *reterr)
{
	LES_CLEANUP(les_found_done) struct les_found found = LES_FOUND_NONE;

	found.folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (found.folder < 0 || faccessat(found.folder, LES_WEIGHTS_NAME, R_OK, 0) != 0)
		return errno == ENOENT || errno == ENOTDIR
			       ? les_fail(reterr, LES_NOTFOUND, "there is no model in %s", path)
			       : les_fail_errno(reterr, "cannot open the model in %s", path);
	found.path = strdup(path);
	if (!found.path)
		return les_fail(reterr, LES_NOMEM, "no memory for a path");
	snprintf(found.name, sizeof found.name, "%s", name);
	*ret = found;
	found = LES_FOUND_NONE;
	return LES_OK;
}

static enum les_kind find_path(const char *path, struct les_found *ret, struct les_error *reterr)
{
	size_t n = strlen(path), from;
	char name[LES_MODEL_NAME_BYTES_MAX + 1];

	while (n > 1 && path[n - 1] == '/')
		n--;
	for (from = n; from > 0 && path[from - 1] != '/';)
		from--;
	snprintf(name, sizeof name, "%.*s", (int)(n - from < 65 ? n - from : 65), path + from);
	return found_open(path, name, ret, reterr);
}

enum les_kind les_registry_find(const struct les_registry *registry, const char *name_or_path,
				struct les_found *ret, struct les_error *reterr)
{
	LES_CLEANUP(les_buf_done) struct les_buf looked = LES_BUF(LES_MESSAGE_BYTES_MAX);

	if (strchr(name_or_path, '/'))
		return find_path(name_or_path, ret, reterr);
	if (!les_model_name_valid(name_or_path))
		return les_fail(reterr, LES_ARG,
				"\"%.70s\" is no model's name: 1 to %u of letters, digits, ., _ "
				"and -, no dot first",
				name_or_path, LES_MODEL_NAME_BYTES_MAX);
	for (uint32_t i = 0; i < registry->n; i++) {
		LES_CLEANUP(les_free_p) char *path = join(registry->folders[i], name_or_path);
		if (!path)
			return les_fail(reterr, LES_NOMEM, "no memory for a path");
		enum les_kind kind = found_open(path, name_or_path, ret, reterr);
		if (kind != LES_NOTFOUND)
			return kind;
		les_buf_printf(&looked, "%s%s", i ? ", " : "", registry->folders[i]);
	}
	return les_fail(reterr, LES_NOTFOUND, "there is no model \"%s\" (looked in %s)",
			name_or_path, looked.bytes ? (const char *)looked.bytes : "no folder");
}

/* ---- all of them ---- */

struct names {
	char (*at)[LES_MODEL_NAME_BYTES_MAX + 1];
	uint32_t n;
};

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

static enum les_kind names_of(const char *folder, struct names *names, struct les_error *reterr)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;

	if (!dir)
		return errno == ENOENT || errno == ENOTDIR
			       ? LES_OK
			       : les_fail_errno(reterr, "cannot list %s", folder);
	while ((entry = readdir(dir))) {
		if (!les_model_name_valid(entry->d_name))
			continue;
		if (names->n == LES_REGISTRY_MODELS_MAX) {
			closedir(dir);
			return les_fail(reterr, LES_LIMIT, "more than %u models",
					LES_REGISTRY_MODELS_MAX);
		}
		memcpy(names->at[names->n++], entry->d_name, strlen(entry->d_name) + 1);
	}
	closedir(dir);
	return LES_OK;
}

static bool is_among(const struct names *names, uint32_t n, const char *name)
{
	for (uint32_t i = 0; i < n; i++)
		if (strcmp(names->at[i], name) == 0)
			return true;
	return false;
}

static enum les_kind visit_name(const struct les_registry *registry, const char *name,
				enum les_kind (*visit)(void *context, const struct les_found *found,
						       struct les_error *reterr),
				void *context, struct les_error *reterr)
{
	LES_CLEANUP(les_found_done) struct les_found found = LES_FOUND_NONE;
	enum les_kind kind = les_registry_find(registry, name, &found, reterr);

	if (kind == LES_NOTFOUND)
		return LES_OK; /* some other folder */
	return kind == LES_OK ? visit(context, &found, reterr) : kind;
}

enum les_kind les_registry_each(const struct les_registry *registry,
				enum les_kind (*visit)(void *context, const struct les_found *found,
						       struct les_error *reterr),
				void *context, struct les_error *reterr)
{
	LES_CLEANUP(les_free_p)
	void *room = calloc(LES_REGISTRY_MODELS_MAX, sizeof *((struct names *)0)->at);
	struct names names = {.at = room};
	enum les_kind kind = LES_OK;

	if (!room)
		return les_fail(reterr, LES_NOMEM, "no memory for a list of models");
	for (uint32_t i = 0; i < registry->n && kind == LES_OK; i++) {
		const uint32_t first = names.n;
		kind = names_of(registry->folders[i], &names, reterr);
		qsort(names.at[first], names.n - first, sizeof names.at[0], compare_names);
		for (uint32_t k = first; k < names.n && kind == LES_OK; k++)
			if (!is_among(&names, first, names.at[k]))
				kind = visit_name(registry, names.at[k], visit, context, reterr);
	}
	return kind;
}

/* ---- one of them ---- */

enum les_kind les_found_net(const struct les_found *found, bool verify, int *ret_fd,
			    struct les_net_file *ret, struct les_error *reterr)
{
	LES_CLEANUP(les_fd_close)
	int fd = openat(found->folder, LES_WEIGHTS_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return les_fail_errno(reterr, "cannot open the weights of %s", found->name);
	enum les_kind kind = les_net_file_open(fd, verify, ret, reterr);
	if (kind == LES_OK && ret_fd)
		*ret_fd = LES_TAKE_FD(fd);
	return kind;
}

enum les_kind les_found_card(const struct les_found *found, struct les_arena *arena,
			     struct les_card *ret, struct les_error *reterr)
{
	LES_CLEANUP(les_buf_done) struct les_buf text = LES_BUF(LES_CARD_BYTES_MAX);
	enum les_kind kind = les_folder_read(found->folder, LES_CARD_NAME, &text, reterr);

	if (kind == LES_NOTFOUND) {
		les_card_init(ret);
		return LES_OK;
	}
	return kind == LES_OK
		       ? les_card_load((const char *)text.bytes, text.len, arena, ret, reterr)
		       : kind;
}

enum les_kind les_found_sha256(const struct les_found *found, char out[65],
			       struct les_error *reterr)
{
	return les_folder_hash(found->folder, LES_WEIGHTS_NAME, out, reterr);
}
