#include "cli/train_run.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/check.h"
#include "cli/train_learn.h"
#include "jobs/packing.h"

#include <stdio.h>

enum { HEIGHT_PX = 120 }; /* of kraken's default net */

/* What a thorough check and a training have in common. */
struct ground {
	struct les_corpus corpus;
	struct les_survey survey;
	struct les_packed packed;
};

static void ground_done(struct ground *ground)
{
	les_packed_done(&ground->packed);
	les_survey_done(&ground->survey);
	les_corpus_close(&ground->corpus);
}

/* Ground truth, and after it what is only for validation. */
static enum les_kind survey(const struct les_train_arguments *a, struct les_pool *pool,
			    const struct les_alphabet *base, struct ground *ground,
			    struct les_error *reterr)
{
	const struct les_survey_request request = {.rules = a->rules,
						   .base = base,
						   .threads = a->threads,
						   .progress = les_train_progress(),
						   .context = (void *)(uintptr_t) "looked at"};
	enum les_kind kind = les_train_open(a, pool, &ground->corpus, reterr);

	if (kind == LES_OK)
		kind = les_survey_run(pool, &ground->corpus, &request, &ground->survey, reterr);
	return kind;
}

static enum les_kind pack(const struct les_train_arguments *a, struct les_pool *pool,
			  enum les_line_cut cut, uint32_t h_px, const char *folder,
			  const struct les_split *split, int cancel_fd, struct ground *ground,
			  struct les_error *reterr)
{
	const struct les_packing_request request = {
		.cut = cut,
		.h_px = h_px,
		.folder = folder,
		.split = split,
		.threads = a->threads,
		.progress = les_train_progress(),
		.context = (void *)(uintptr_t) "cut the lines of",
		.cancel_fd = cancel_fd,
	};

	return les_packing_run(pool, &ground->corpus, &ground->survey, &request, &ground->packed,
			       reterr);
}

enum les_kind les_train_check(const struct les_train_arguments *a, struct les_pool *pool,
			      int *ret_code, struct les_error *reterr)
{
	LES_CLEANUP(ground_done) struct ground ground = {.packed = {.fd = -1}};
	const double since = les_clock_s();
	enum les_kind kind = survey(a, pool, NULL, &ground, reterr);

	if (kind == LES_OK && a->thorough)
		kind = pack(a, pool, a->training.cut, HEIGHT_PX, NULL, NULL, -1, &ground, reterr);
	if (kind != LES_OK)
		return kind;
	if (a->json)
		les_check_print_json(&ground.survey, les_clock_s() - since);
	else
		les_check_print_text(&ground.survey, les_clock_s() - since);
	*ret_code = les_check_exit(&ground.survey);
	return LES_OK;
}

/* Lines are kept at the net's height. */
static uint32_t line_height(const char *spec)
{
	const uint32_t h = les_train_height(spec);

	return h < LES_LINE_H_MIN || h > LES_LINE_H_MAX ? HEIGHT_PX : h;
}

/* As it was chosen, as the base wants it; else bands, but what has learnt from line images alone
 * has never seen what surrounds a line. */
static enum les_line_cut cut_for(const struct les_train_arguments *a,
				 const struct les_weights *base, const struct les_survey *survey)
{
	uint64_t of_pages_n = 0;

	if (a->cut_chosen)
		return a->training.cut;
	if (base)
		return base->cut;
	for (uint32_t i = 0; i < survey->corpus->documents_n; i++)
		if (survey->corpus->documents[i].pair.layout)
			of_pages_n += survey->documents[i].lines_n;
	return of_pages_n ? LES_CUT_BAND : LES_CUT_POLYGON;
}

/* Says what there is before it is used. */
static enum les_kind state_needs(const struct les_train_arguments *a, const struct ground *ground,
				 const struct les_split *split, uint32_t h_px,
				 struct les_error *reterr)
{
	fprintf(stderr,
		"%llu lines to learn from, %llu to choose by; %u characters; %u documents left "
		"out\n",
		(unsigned long long)(ground->survey.lines_n - split->lines_n - split->replay_n),
		(unsigned long long)split->lines_n, ground->survey.alphabet.n,
		ground->survey.documents_failed_n);
	return les_train_check_cache(a, les_packing_estimate(&ground->survey, h_px), reterr);
}

enum les_kind les_train_run(const struct les_train_arguments *a, struct les_pool *pool,
			    const char *binary_dir, int cancel_fd, struct les_error *reterr)
{
	LES_CLEANUP(ground_done) struct ground ground = {.packed = {.fd = -1}};
	LES_CLEANUP(les_net_file_done) struct les_net_file base = {0};
	LES_CLEANUP(les_alphabet_done) struct les_alphabet letters = {0};
	LES_CLEANUP(les_split_done) struct les_split split = {0};
	LES_CLEANUP(les_registry_done) struct les_registry registry = {.n = 0};
	LES_CLEANUP(les_fd_close) int base_fd = -1;
	enum les_kind kind = les_registry_init(a->models, NULL, binary_dir, &registry, reterr);

	if (kind == LES_OK)
		kind = les_train_base(a, pool, &registry, &base_fd, &base, reterr);

	if (kind == LES_OK && a->base)
		kind = les_train_letters(&base.weights, &letters, reterr);
	if (kind == LES_OK)
		kind = survey(a, pool, a->base ? &letters : NULL, &ground, reterr);
	if (kind != LES_OK)
		return kind;
	const uint32_t h_px = line_height(a->base ? base.weights.spec : a->training.spec);
	const enum les_line_cut cut = cut_for(a, a->base ? &base.weights : NULL, &ground.survey);
	kind = les_split_make(&ground.survey, a->share, a->paths_n,
			      a->paths_n + (a->validation ? 1 : 0), a->training.seed, &split,
			      reterr);
	if (kind == LES_OK)
		kind = state_needs(a, &ground, &split, h_px, reterr);
	if (kind == LES_OK)
		kind = pack(a, pool, cut, h_px, les_train_cache(a), &split, cancel_fd, &ground,
			    reterr);
	const struct les_train_material material = {.pack_fd = ground.packed.fd,
						    .cut = cut,
						    .pack_bytes = ground.packed.bytes,
						    .learnt_n = ground.packed.lines_n -
								ground.packed.validation_n -
								ground.packed.replay_n,
						    .kept_n = ground.packed.validation_n};
	return kind == LES_OK ? les_train_learn(a, binary_dir, &registry, base_fd, cancel_fd,
						&material, reterr)
			      : kind;
}
