/* Models into the registry, and whether they are still what was put there. */
#include "base/cleanup.h"
#include "base/json.h"
#include "models/folder.h"
#include "models/registry.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

LES_DEFINE_CLEANUP(json_t, json_decref)

/* path and what is above it. */
static enum les_kind make_folders(const char *path, struct les_error *reterr)
{
	LES_CLEANUP(les_free_p) char *copy = strdup(path);

	if (!copy)
		return les_fail(reterr, LES_NOMEM, "no memory for a path");
	for (char *p = copy + 1;; p++) {
		const char was = *p;
		if (was != '/' && was)
			continue;
		*p = 0;
		if (mkdir(copy, 0755) != 0 && errno != EEXIST)
			return les_fail_errno(reterr, "cannot make the folder %s", copy);
		if (!was)
			return LES_OK;
		*p = was;
	}
}

static enum les_kind fill(int folder, const struct les_import *import, struct les_error *reterr)
{
	LES_CLEANUP(les_buf_done) struct les_buf card = LES_BUF(LES_CARD_BYTES_MAX);
	char original[64];
	enum les_kind kind = les_folder_copy(folder, LES_WEIGHTS_NAME, import->weights_fd, reterr);

	if (kind == LES_OK && import->original_ending) {
		snprintf(original, sizeof original, "original.%s", import->original_ending);
		kind = les_folder_copy(folder, original, import->original_fd, reterr);
	}
	les_card_write(&card, import->card, import->name, import->weights);
	if (kind == LES_OK && card.failed)
		kind = les_fail(reterr, LES_LIMIT, "the card is too large");
	if (kind == LES_OK)
		kind = les_folder_write(folder, LES_CARD_NAME, card.bytes, card.len, reterr);
	if (kind == LES_OK)
		kind = les_folder_sum(folder, reterr);
	if (kind == LES_OK && fsync(folder) != 0)
		kind = les_fail_errno(reterr, "cannot write the folder of %s", import->name);
	return kind;
}

/* The new folder takes its name; what had it before goes. */
static enum les_kind publish(int parent, const char *part, const struct les_import *import,
			     struct les_error *reterr)
{
	if (renameat2(parent, part, parent, import->name, RENAME_NOREPLACE) == 0) {
		fsync(parent);
		return LES_OK;
	}
	if (errno != EEXIST)
		return les_fail_errno(reterr, "cannot put %s in its place", import->name);
	if (!import->replace)
		return les_fail(reterr, LES_ARG,
				"there is a model \"%s\" already (--replace takes its place)",
				import->name);
	if (renameat2(parent, part, parent, import->name, RENAME_EXCHANGE) != 0)
		return les_fail_errno(reterr, "cannot replace %s", import->name);
	les_folder_remove(parent, part);
	fsync(parent);
	return LES_OK;
}

enum les_kind les_registry_import(const struct les_registry *registry,
				  const struct les_import *import, struct les_error *reterr)
{
	char path[PATH_MAX];
	LES_CLEANUP(les_fd_close) int parent = -1;
	LES_CLEANUP(les_fd_close) int folder = -1;

	if (!les_model_name_valid(import->name))
		return les_fail(reterr, LES_ARG,
				"\"%.70s\" cannot be a model's name: 1 to %u of letters, digits, "
				"., _ and -, no dot first",
				import->name, LES_MODEL_NAME_BYTES_MAX);
	enum les_kind kind = make_folders(registry->folders[0], reterr);
	if (kind != LES_OK)
		return kind;
	parent = open(registry->folders[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* a dot first: no model's name, so nobody takes it for one */
	snprintf(path, sizeof path, "%s/.part-XXXXXX", registry->folders[0]);
	if (parent < 0 || !mkdtemp(path) || chmod(path, 0755) != 0)
		return les_fail_errno(reterr, "cannot write below %s", registry->folders[0]);
	const char *part = strrchr(path, '/') + 1;
	folder = openat(parent, part, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	kind = folder < 0 ? les_fail_errno(reterr, "cannot open %s", path)
			  : fill(folder, import, reterr);
	if (kind == LES_OK)
		kind = publish(parent, part, import, reterr);
	if (kind != LES_OK)
		les_folder_remove(parent, part);
	return kind;
}

/* ---- checking ---- */

/* One line of SHA256SUMS: 64 hex digits, two blanks, a name of ours. */
static enum les_kind check_sum(int folder, char *line, bool *ret_weights, struct les_error *reterr)
{
	char hex[65];
	const char *name = line + 66;

	if (strlen(line) < 67 || line[64] != ' ' || line[65] != ' ' || strchr(name, '/'))
		return les_fail(reterr, LES_FORMAT, "%s is damaged", LES_SUMS_NAME);
	enum les_kind kind = les_folder_hash(folder, name, hex, reterr);
	if (kind != LES_OK)
		return kind;
	if (strncmp(hex, line, 64) != 0)
		return les_fail(reterr, LES_FORMAT, "%s is not what was imported", name);
	*ret_weights = *ret_weights || strcmp(name, LES_WEIGHTS_NAME) == 0;
	return LES_OK;
}

enum les_kind les_found_verify(const struct les_found *found, struct les_error *reterr)
{
	LES_CLEANUP(les_buf_done) struct les_buf sums = LES_BUF(LES_SUMS_BYTES_MAX);
	struct les_net_file net;
	bool weights = false;
	char *save = NULL;
	enum les_kind kind = les_folder_read(found->folder, LES_SUMS_NAME, &sums, reterr);

	if (kind != LES_OK)
		return kind;
	for (char *line = sums.bytes ? strtok_r((char *)sums.bytes, "\n", &save) : NULL;
	     line && kind == LES_OK; line = strtok_r(NULL, "\n", &save))
		kind = check_sum(found->folder, line, &weights, reterr);
	if (kind == LES_OK && !weights)
		kind = les_fail(reterr, LES_FORMAT, "%s does not name the weights", LES_SUMS_NAME);
	if (kind == LES_OK)
		kind = les_found_net(found, true, NULL, &net, reterr);
	if (kind == LES_OK)
		les_net_file_done(&net);
	return kind;
}

/* ---- self-test ---- */

void les_self_test_done(struct les_self_test *test)
{
	les_view_close(&test->input);
	free(test->text);
	free(test->logits_sha256);
	*test = (struct les_self_test){0};
}

static void put_member(struct les_buf *out, const char *key, const char *value)
{
	if (!value)
		return;
	les_buf_puts(out, out->len > 1 ? "," : "");
	les_json_string(out, key);
	les_buf_puts(out, ":");
	les_json_string(out, value);
}

enum les_kind les_found_self_test_write(const struct les_found *found, const void *input, size_t n,
					const char *text, const char *logits_sha256,
					struct les_error *reterr)
{
	LES_CLEANUP(les_buf_done) struct les_buf json = LES_BUF(LES_CARD_BYTES_MAX);

	if (n == 0 || n > LES_SELF_TEST_BYTES_MAX)
		return les_fail(reterr, LES_LIMIT, "a self-test's input has 1 to %u bytes",
				LES_SELF_TEST_BYTES_MAX);
	les_buf_puts(&json, "{");
	put_member(&json, "text", text);
	put_member(&json, "logits_sha256", logits_sha256);
	les_buf_puts(&json, "}\n");
	if (json.failed)
		return les_fail(reterr, LES_LIMIT, "a self-test's text is too long");
	enum les_kind kind = les_folder_write(found->folder, "selftest.input", input, n, reterr);
	if (kind == LES_OK)
		kind = les_folder_write(found->folder, "selftest.json", json.bytes, json.len,
					reterr);
	return kind == LES_OK ? les_folder_sum(found->folder, reterr) : kind;
}

static char *member(const json_t *json, const char *key)
{
	const char *s = json_string_value(json_object_get(json, key));

	return s ? strdup(s) : NULL;
}

enum les_kind les_found_self_test(const struct les_found *found, struct les_self_test *ret,
				  struct les_error *reterr)
{
	LES_CLEANUP(les_buf_done) struct les_buf text = LES_BUF(LES_CARD_BYTES_MAX);
	LES_CLEANUP(json_decref_p) json_t *json = NULL;
	LES_CLEANUP(les_fd_close) int fd = -1;
	struct les_self_test test = {0};
	enum les_kind kind = les_folder_read(found->folder, "selftest.json", &text, reterr);

	if (kind != LES_OK)
		return kind;
	json = json_loadb((const char *)text.bytes, text.len, 0, NULL);
	fd = openat(found->folder, "selftest.input", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (!json_is_object(json) || fd < 0)
		return les_fail(reterr, LES_FORMAT, "the self-test of %s is damaged", found->name);
	kind = les_view_open(fd, LES_SELF_TEST_BYTES_MAX, &test.input, reterr);
	if (kind != LES_OK)
		return kind;
	test.text = member(json, "text");
	test.logits_sha256 = member(json, "logits_sha256");
	*ret = test;
	return LES_OK;
}
