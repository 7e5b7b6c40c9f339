#include "jobs/nets.h"

#include "base/cleanup.h"
#include "ipc/weights.h"
#include "jobs/convert.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- by path ---- */

/* "sets/kurrent.safetensors" → "kurrent" */
static void name_of_path(const char *path, char out[LES_MODEL_NAME_BYTES_MAX + 1])
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	const char *dot = strrchr(base, '.');
	const size_t n = dot && dot != base ? (size_t)(dot - base) : strlen(base);

	snprintf(out, LES_MODEL_NAME_BYTES_MAX + 1, "%.*s",
		 (int)(n < LES_MODEL_NAME_BYTES_MAX ? n : LES_MODEL_NAME_BYTES_MAX), base);
}

/* Model files that were converted, by what makes a file the same file: an evaluation of thousands
 * of lines names one model. Theirs for the life of the process. */
static struct converted {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec changed;
	struct les_model model;
	enum les_net_kind kind;
} converted[LES_JOB_MODELS_MAX];
static uint32_t converted_n;
static pthread_mutex_t converted_lock = PTHREAD_MUTEX_INITIALIZER;

static const struct converted *recall(const struct stat *st)
{
	for (uint32_t i = 0; i < converted_n; i++) {
		const struct converted *c = &converted[i];
		if (c->device == st->st_dev && c->inode == st->st_ino && c->size == st->st_size &&
		    c->changed.tv_sec == st->st_ctim.tv_sec &&
		    c->changed.tv_nsec == st->st_ctim.tv_nsec)
			return c;
	}
	return NULL;
}

/* A copy with an fd of its own. */
static enum les_kind lend(const struct converted *c, struct les_model *model,
			  enum les_net_kind *ret_kind, struct les_error *reterr)
{
	*model = c->model;
	*ret_kind = c->kind;
	model->fd = fcntl(c->model.fd, F_DUPFD_CLOEXEC, 0);
	return model->fd < 0 ? les_fail_errno(reterr, "cannot open a model again") : LES_OK;
}

static enum les_kind convert(struct les_pool *pool, const char *path, int fd, struct converted *ret,
			     struct les_error *reterr)
{
	struct les_net_file net;
	struct les_error error;
	enum les_kind kind = les_model_convert(pool, fd, "", &ret->model.fd, &net, &error);

	if (kind != LES_OK)
		return les_fail(reterr, kind, "%.100s: %s", path, error.message);
	ret->kind = net.weights.kind;
	les_sha256_hex(net.view.bytes, net.view.n, ret->model.sha256);
	les_net_file_done(&net);
	ret->model.ref.use = LES_MODEL_NET;
	memcpy(ret->model.ref.id, ret->model.sha256, sizeof ret->model.ref.id - 1);
	name_of_path(path, ret->model.name);
	return LES_OK;
}

/* A model file of kraken's, through the decoder's sandbox. */
static enum les_kind open_path(struct les_pool *pool, const char *path, struct les_model *model,
			       enum les_net_kind *ret_kind, struct les_error *reterr)
{
	LES_CLEANUP(les_fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return les_fail(reterr, LES_NOTFOUND, "there is no model %.180s", path);
	if (fd < 0 || fstat(fd, &st) != 0)
		return les_fail_errno(reterr, "cannot open the model %.150s", path);
	pthread_mutex_lock(&converted_lock);
	const struct converted *known = recall(&st);
	enum les_kind kind = LES_OK;
	if (!known && converted_n == LES_COUNT(converted))
		kind = les_fail(reterr, LES_LIMIT, "more than %u model files", converted_n);
	if (!known && kind == LES_OK) {
		struct converted *c = &converted[converted_n];
		*c = (struct converted){.device = st.st_dev,
					.inode = st.st_ino,
					.size = st.st_size,
					.changed = st.st_ctim};
		kind = convert(pool, path, fd, c, reterr);
		if (kind == LES_OK) {
			converted_n++;
			known = c;
		}
	}
	if (kind == LES_OK)
		kind = lend(known, model, ret_kind, reterr);
	pthread_mutex_unlock(&converted_lock);
	return kind;
}

/* ---- from the registry ---- */

static enum les_kind open_found(const struct les_found *found, struct les_model *ret,
				enum les_net_kind *ret_kind, struct les_error *reterr)
{
	LES_CLEANUP(les_fd_close) int fd = -1;
	struct les_model model = {.ref.use = LES_MODEL_NET, .fd = -1};
	struct les_net_file net;
	enum les_kind kind = les_found_net(found, false, &fd, &net, reterr);

	if (kind != LES_OK)
		return kind;
	*ret_kind = net.weights.kind;
	les_net_file_done(&net);
	kind = les_model_hash(fd, model.sha256, reterr);
	if (kind != LES_OK)
		return kind;
	memcpy(model.ref.id, model.sha256, sizeof model.ref.id - 1);
	memcpy(model.name, found->name, sizeof model.name);
	model.fd = LES_TAKE_FD(fd);
	*ret = model;
	return LES_OK;
}

static enum les_kind open_name(const struct les_registry *registry, const char *name, bool paths,
			       struct les_model *ret, enum les_net_kind *ret_kind,
			       struct les_error *reterr)
{
	LES_CLEANUP(les_found_done) struct les_found found = LES_FOUND_NONE;

	if (!paths && !les_model_name_valid(name))
		return les_fail(reterr, LES_ARG, "\"%.80s\" is not a model's name", name);
	if (!registry)
		return les_fail(reterr, LES_NOTFOUND, "there is no model \"%.80s\"", name);
	enum les_kind kind = les_registry_find(registry, name, &found, reterr);
	return kind == LES_OK ? open_found(&found, ret, ret_kind, reterr) : kind;
}

static bool is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static const char *kind_name(enum les_net_kind kind)
{
	return kind == LES_NET_RECOGNITION ? "recogniser" : "line finder";
}

enum les_kind les_net_named(struct les_pool *pool, const struct les_registry *registry,
			    const char *name, bool paths, enum les_net_kind kind,
			    struct les_model *ret, struct les_error *reterr)
{
	struct les_model model = {.fd = -1};
	enum les_net_kind found;
	enum les_kind opened = paths && is_file(name)
				       ? open_path(pool, name, &model, &found, reterr)
				       : open_name(registry, name, paths, &model, &found, reterr);

	if (opened != LES_OK)
		return opened;
	if (found == kind) {
		*ret = model;
		return LES_OK;
	}
	les_fd_close(&model.fd);
	return les_fail(reterr, LES_ARG, "the model \"%.100s\" is a %s, not a %s", name,
			kind_name(found), kind_name(kind));
}

struct search {
	const char *script;
	enum les_net_kind kind;
	struct les_model model; /* fd -1 until one is found */
};

/* Whether it is what is looked for; hashes nothing, so that many models cost little. */
static bool fits(const struct search *search, const struct les_found *found)
{
	LES_CLEANUP(les_arena_done) struct les_arena arena = LES_ARENA(1 << 20);
	struct les_net_file net;
	struct les_card card;

	if (les_found_net(found, false, NULL, &net, NULL) != LES_OK)
		return false;
	const bool of_kind = net.weights.kind == search->kind;
	les_net_file_done(&net);
	return of_kind && (strcmp(search->script, "auto") == 0 ||
			   (les_found_card(found, &arena, &card, NULL) == LES_OK &&
			    strcmp(card.script, search->script) == 0));
}

/* A model that cannot be opened is passed over: it is said where it is asked for by name. */
static enum les_kind look_at(void *context, const struct les_found *found, struct les_error *reterr)
{
	struct search *search = context;
	struct les_model model;
	enum les_net_kind kind;

	(void)reterr;
	if (search->model.fd < 0 && fits(search, found) &&
	    open_found(found, &model, &kind, NULL) == LES_OK)
		search->model = model;
	return LES_OK;
}

enum les_kind les_net_for_script(const struct les_registry *registry, const char *script,
				 enum les_net_kind kind, struct les_model *ret,
				 struct les_error *reterr)
{
	struct search search = {.script = script, .kind = kind, .model.fd = -1};
	enum les_kind looked =
		registry ? les_registry_each(registry, look_at, &search, reterr) : LES_OK;

	if (looked != LES_OK) {
		les_fd_close(&search.model.fd);
		return looked;
	}
	if (search.model.fd < 0)
		return les_fail(reterr, LES_NOTFOUND,
				"there is no %s for the script \"%.20s\": take one into the folder "
				"with lesart model import, or name one",
				kind_name(kind), script);
	*ret = search.model;
	return LES_OK;
}
