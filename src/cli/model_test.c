#include "cli/model_test.h"

#include "base/cleanup.h"
#include "cli/input.h"
#include "jobs/selftest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum les_kind load_image(const char *path, struct les_buf *out, struct les_error *reterr)
{
	LES_CLEANUP(les_fd_close) int fd = -1;
	LES_CLEANUP(les_view_close) struct les_view view = {0};
	enum les_kind kind = LES_OK;

	if (path) {
		kind = les_input_open(path, LES_SELF_TEST_BYTES_MAX, &fd, reterr);
		if (kind == LES_OK)
			kind = les_view_open(fd, LES_SELF_TEST_BYTES_MAX, &view, reterr);
		if (kind == LES_OK)
			les_buf_put(out, view.bytes, view.n);
	} else {
		les_selftest_picture(out);
	}
	if (kind == LES_OK && out->failed)
		kind = les_fail(reterr, LES_NOMEM, "no memory for a line");
	return kind;
}

static enum les_kind make(struct les_pool *pool, const struct les_registry *registry,
			  const struct les_found *found, const char *path, struct les_error *reterr)
{
	LES_CLEANUP(les_buf_done) struct les_buf image = LES_BUF(LES_SELF_TEST_BYTES_MAX);
	LES_CLEANUP(les_free_p) char *text = NULL;
	enum les_kind kind = load_image(path, &image, reterr);

	if (kind == LES_OK)
		kind = les_selftest_read(pool, registry, found, image.bytes, image.len, &text,
					 reterr);
	if (kind != LES_OK)
		return kind;
	if (!text[strspn(text,
			 " ")]) /* whatever becomes of the model, it would read nothing again */
		return les_fail(reterr, LES_ARG, "it reads nothing in %s",
				path ? path : "the built-in line");
	kind = les_found_self_test_write(found, image.bytes, image.len, text, NULL, reterr);
	if (kind == LES_OK)
		printf("%s: reads \"%s\" in %s; verify will read it again\n", found->name, text,
		       path ? path : "the built-in line");
	return kind;
}

enum les_kind les_model_test_make(struct les_pool *pool, const struct les_registry *registry,
				  const char *name, enum les_net_kind net, const char *path,
				  struct les_error *reterr)
{
	LES_CLEANUP(les_found_done) struct les_found found = LES_FOUND_NONE;
	struct les_error error;

	if (net != LES_NET_RECOGNITION)
		return path ? les_fail(reterr, LES_ARG, "a line finder reads no line: %s", path)
			    : LES_OK;
	enum les_kind kind = les_registry_find(registry, name, &found, reterr);
	if (kind != LES_OK)
		return kind;
	kind = make(pool, registry, &found, path, &error);
	if (kind != LES_OK && path) {
		*reterr = error;
		return kind;
	}
	if (kind != LES_OK)
		printf("%s: no self-test: %s (--self-test IMAGE takes another line)\n", name,
		       error.message);
	return LES_OK;
}

enum les_kind les_model_test_run(struct les_pool *pool, const struct les_registry *registry,
				 const struct les_found *found, char **ret_text,
				 struct les_error *reterr)
{
	LES_CLEANUP(les_self_test_done) struct les_self_test test = {0};
	LES_CLEANUP(les_free_p) char *text = NULL;
	enum les_kind kind = les_found_self_test(found, &test, reterr);

	*ret_text = NULL;
	if (kind == LES_NOTFOUND)
		return LES_OK;
	if (kind == LES_OK && !test.text)
		kind = les_fail(reterr, LES_FORMAT, "its self-test has no text");
	if (kind == LES_OK)
		kind = les_selftest_read(pool, registry, found, test.input.bytes, test.input.n,
					 &text, reterr);
	if (kind == LES_OK && strcmp(text, test.text) != 0)
		kind = les_fail(reterr, LES_FORMAT,
				"its line reads \"%.80s\" now, and read \"%.80s\" at import", text,
				test.text);
	if (kind == LES_OK)
		*ret_text = LES_TAKE(text);
	return kind;
}
