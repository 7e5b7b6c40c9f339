#include "jobs/choice.h"

#include "base/cleanup.h"
#include "jobs/nets.h"

#include <string.h>

/* ---- nets ---- */

/* Adds a net to the choice; id takes what workers call it. */
static void add_net(struct les_choice *choice, const struct les_model *model,
		    char id[LES_MODEL_NAME_BYTES_MAX + 1])
{
	choice->models.at[choice->models.n++] = *model;
	memcpy(id, model->ref.id, sizeof model->ref.id);
}

static enum les_kind choose_recogniser(struct les_pool *pool, const struct les_job_request *request,
				       struct les_choice *choice, struct les_error *reterr)
{
	struct les_model model;
	enum les_kind kind =
		request->model[0]
			? les_net_named(pool, request->registry, request->model,
					request->model_paths, LES_NET_RECOGNITION, &model, reterr)
			: les_net_for_script(request->registry, request->script,
					     LES_NET_RECOGNITION, &model, reterr);

	if (kind == LES_OK)
		add_net(choice, &model, choice->recogniser);
	return kind;
}

static bool is_print(const char *script)
{
	return strcmp(script, "fraktur") == 0 || strcmp(script, "typescript") == 0;
}

/* A line finder is not needed: Tesseract finds lines, too, and those of print it finds better than
 * what has learnt hands. */
static enum les_kind choose_segmenter(struct les_pool *pool, const struct les_job_request *request,
				      struct les_choice *choice, struct les_error *reterr)
{
	struct les_model model;

	if (!request->segmenter[0] && is_print(request->script))
		return LES_OK;
	enum les_kind kind =
		request->segmenter[0]
			? les_net_named(pool, request->registry, request->segmenter,
					request->model_paths, LES_NET_SEGMENTATION, &model, reterr)
			: les_net_for_script(request->registry, "auto", LES_NET_SEGMENTATION,
					     &model, reterr);

	if (kind == LES_OK)
		add_net(choice, &model, choice->segmenter);
	return kind == LES_NOTFOUND && !request->segmenter[0] ? LES_OK : kind;
}

/* Where the processor multiplies bf16 faster than f32, nets are read in it: what is lost is not
 * seen in any text (docs/models.md has the figures). */
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
	enum les_kind kind = choose_precision(request->precision, choice, reterr);
	if (kind == LES_OK)
		kind = choose_recogniser(pool, request, choice, reterr);
	if (kind == LES_OK && request->mode == LES_READ_PAGE)
		kind = choose_segmenter(pool, request, choice, reterr);
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
	if (request->readings_n)
		return les_fail(reterr, LES_ARG,
				"several readings of a line are for the neural engine");
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

/* Whether a script of print was named for which the registry has a net; a language that was named
 * is Tesseract's. */
static bool has_net_for_print(const struct les_job_request *request)
{
	struct les_model model;

	if (request->language[0] || strcmp(request->script, "auto") == 0 ||
	    les_net_for_script(request->registry, request->script, LES_NET_RECOGNITION, &model,
			       NULL) != LES_OK)
		return false;
	les_fd_close(&model.fd);
	return true;
}

bool les_choice_is_neural(const struct les_job_request *request)
{
	return strcmp(request->engine, "neural") == 0 ||
	       (strcmp(request->engine, "auto") == 0 &&
		(request->model[0] || request->segmenter[0] || is_handwriting(request->script) ||
		 has_net_for_print(request)));
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
