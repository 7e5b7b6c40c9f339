#include "jobs/choice.h"

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

/* ---- nets ---- */

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

/* A model file of kraken's, through the decoder's sandbox. */
static enum les_kind convert(struct les_pool *pool, const char *path, int fd, struct converted *ret,
			     struct les_error *reterr)
{
	struct les_net net;
	struct les_error error;
	enum les_kind kind = les_model_convert(pool, fd, "", &ret->model.fd, &net, &error);

	if (kind != LES_OK)
		return les_fail(reterr, kind, "%.100s: %s", path, error.message);
	ret->kind = net.weights.kind;
	les_sha256_hex(net.view.bytes, net.view.n, ret->model.sha256);
	les_net_done(&net);
	ret->model.ref.use = LES_MODEL_NET;
	memcpy(ret->model.ref.id, ret->model.sha256, sizeof ret->model.ref.id - 1);
	name_of_path(path, ret->model.name);
	return LES_OK;
}

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

/* Adds a net of that kind to the choice; id takes what workers call it. */
static enum les_kind add_net(struct les_pool *pool, const struct les_job_request *request,
			     const char *name, enum les_net_kind wanted, struct les_choice *choice,
			     char id[LES_MODEL_NAME_BYTES_MAX + 1], struct les_error *reterr)
{
	struct les_model *model = &choice->models.at[choice->models.n];
	enum les_net_kind found;

	if (!request->model_paths)
		return les_fail(reterr, LES_NOTFOUND, "there is no model \"%.80s\"", name);
	enum les_kind kind = open_path(pool, name, model, &found, reterr);
	if (kind != LES_OK)
		return kind;
	choice->models.n++;
	if (found != wanted)
		return les_fail(reterr, LES_ARG, "the model \"%.100s\" is a %s, not a %s", name,
				found == LES_NET_RECOGNITION ? "recogniser" : "line finder",
				wanted == LES_NET_RECOGNITION ? "recogniser" : "line finder");
	memcpy(id, model->ref.id, sizeof model->ref.id);
	return LES_OK;
}

/* Where the processor multiplies bf16 faster than f32, nets are read in it: what is lost is not
 * seen in any text (docs/precision.md has the figures). */
static enum les_kind choose_precision(const char *asked, struct les_choice *choice,
				      struct les_error *reterr)
{
	static const struct {
		const char *name;
		enum les_read_precision precision;
	} rows[] = {{"f32", LES_READ_F32}, {"bf16", LES_READ_BF16}};

#ifdef __x86_64__
	if (strcmp(asked, "auto") == 0)
		asked = __builtin_cpu_supports("avx512bf16") ? "bf16" : "f32";
#endif
	if (strcmp(asked, "auto") == 0)
		asked = "f32";
	for (size_t i = 0; i < LES_COUNT(rows); i++)
		if (strcmp(rows[i].name, asked) == 0) {
			choice->precision = rows[i].precision;
			choice->precision_name = rows[i].name;
			return LES_OK;
		}
	return les_fail(reterr, LES_ARG, "precision \"%.20s\" is none of auto, f32, bf16", asked);
}

static void add_stage(struct les_choice *choice, enum les_role role, enum les_read_mode mode)
{
	choice->stages[choice->stages_n++] = (struct les_flow_stage){role, mode};
}

static enum les_kind choose_neural(struct les_pool *pool, const struct les_job_request *request,
				   struct les_choice *choice, struct les_error *reterr)
{
	choice->engine = "neural";
	choice->language = "";
	if (!request->model[0])
		return les_fail(reterr, LES_ARG, "the neural engine needs a model: name one");
	enum les_kind kind = choose_precision(request->precision, choice, reterr);
	if (kind == LES_OK)
		kind = add_net(pool, request, request->model, LES_NET_RECOGNITION, choice,
			       choice->recogniser, reterr);
	if (kind == LES_OK && request->mode == LES_READ_PAGE && request->segmenter[0])
		kind = add_net(pool, request, request->segmenter, LES_NET_SEGMENTATION, choice,
			       choice->segmenter, reterr);
	if (kind != LES_OK)
		return kind;
	if (request->mode == LES_READ_PAGE && !choice->segmenter[0]) {
		add_stage(choice, LES_ROLE_TESSERACT, LES_READ_FIND);
		add_stage(choice, LES_ROLE_READ, LES_READ_LINES);
	} else {
		add_stage(choice, LES_ROLE_READ, request->mode);
	}
	return LES_OK;
}

/* ---- print ---- */

static enum les_kind choose_tesseract(const struct les_job_request *request,
				      struct les_choice *choice, struct les_error *reterr)
{
	enum les_kind kind = LES_OK;

	choice->engine = "tesseract";
	choice->precision = LES_READ_F32; /* of nets, and there are none */
	choice->precision_name = "int8";
	choice->language = request->language;
	if (request->model[0] || request->segmenter[0])
		return les_fail(reterr, LES_ARG, "a %s is for the neural engine, not for Tesseract",
				request->model[0] ? "model" : "segmenter");
	if (!request->language[0])
		kind = les_language_for_script(request->script, &choice->language, reterr);
	if (kind == LES_OK)
		kind = les_models_open(request->tessdata, choice->language, &choice->models,
				       reterr);
	add_stage(choice, LES_ROLE_TESSERACT, request->mode);
	return kind;
}

static bool is_handwriting(const char *script)
{
	return strcmp(script, "kurrent") == 0 || strcmp(script, "latin") == 0;
}

bool les_choice_is_neural(const struct les_job_request *request)
{
	return strcmp(request->engine, "neural") == 0 ||
	       (strcmp(request->engine, "auto") == 0 &&
		(request->model[0] || request->segmenter[0] || is_handwriting(request->script)));
}

enum les_kind les_choice_make(struct les_pool *pool, const struct les_job_request *request,
			      struct les_choice *ret, struct les_error *reterr)
{
	if (strcmp(request->engine, "auto") != 0 && strcmp(request->engine, "tesseract") != 0 &&
	    strcmp(request->engine, "neural") != 0)
		return les_fail(reterr, LES_ARG,
				"engine \"%.40s\" is none of auto, tesseract, neural",
				request->engine);
	return les_choice_is_neural(request) ? choose_neural(pool, request, ret, reterr)
					     : choose_tesseract(request, ret, reterr);
}

void les_choice_done(struct les_choice *choice)
{
	les_models_done(&choice->models);
}
