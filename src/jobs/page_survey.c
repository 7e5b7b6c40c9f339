#include "jobs/page_survey.h"

#include "base/cleanup.h"
#include "jobs/split.h"
#include "jobs/survey.h"
#include "jobs/turns.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

LES_DEFINE_CLEANUP(struct les_page, les_page_free)

bool les_page_survey_keeps(const struct les_page_survey_document *document)
{
	return document->error.kind == LES_OK && !document->bare && !document->spare;
}

/* A survey under way. */
struct looking {
	struct les_corpus *corpus;
	struct les_page_survey *survey;
};

static enum les_kind look_at(void *context, struct les_hand *hand, uint32_t i, void *job,
			     bool *ret_fatal, struct les_error *reterr)
{
	struct les_corpus *corpus = ((struct looking *)context)->corpus;
	struct les_page_survey_document *d = job;
	LES_CLEANUP(les_page_free_p) struct les_page *truth = NULL;
	enum les_kind kind = les_feed_truth(&hand->feed, &corpus->documents[i], &truth, reterr);

	(void)ret_fatal;
	if (kind == LES_OK)
		kind = les_feed_size(&hand->feed, &corpus->documents[i], &d->w_px, &d->h_px,
				     reterr);
	if (kind == LES_OK)
		kind = les_truth_check_size(truth, d->w_px, d->h_px, reterr);
	if (kind != LES_OK)
		return kind;
	for (uint32_t k = 0; k < truth->lines_n; k++)
		d->verdicts_n[les_baseline_judge(&truth->lines[k], d->w_px, d->h_px)]++;
	for (uint32_t k = 0; k < truth->regions_n; k++)
		d->regions_n[truth->regions[k].kind]++;
	d->bare = d->verdicts_n[LES_BASELINE_GOOD] == 0;
	return LES_OK;
}

static enum les_kind note(void *context, uint32_t i, void *job, const struct les_error *error,
			  struct les_error *reterr)
{
	struct les_page_survey_document *d = job;
	struct les_page_survey *survey = ((struct looking *)context)->survey;

	(void)reterr;
	d->error = *error;
	survey->documents[i] = *d;
	return LES_OK;
}

void les_page_survey_count(struct les_page_survey *survey)
{
	const uint32_t n = survey->corpus->documents_n;

	*survey =
		(struct les_page_survey){.corpus = survey->corpus, .documents = survey->documents};
	for (uint32_t i = 0; i < n; i++) {
		const struct les_page_survey_document *d = &survey->documents[i];
		const bool kept = les_page_survey_keeps(d);
		survey->failed_n += d->error.kind != LES_OK;
		survey->bare_n += d->error.kind == LES_OK && d->bare;
		survey->spare_n += d->error.kind == LES_OK && d->spare;
		survey->pages_n += kept;
		survey->validation_n += kept && d->validation;
		for (uint32_t k = 0; kept && k < LES_REGION_KIND_N; k++)
			survey->regions_n[k] += d->regions_n[k];
		for (uint32_t k = 0; (kept || d->bare) && k < LES_BASELINE_VERDICT_N; k++)
			survey->verdicts_n[k] += d->verdicts_n[k];
	}
}

/* ---- which of them ---- */

/* A source of its own for validation does not take part. */
static void spare_the_rest(struct les_page_survey *survey,
			   const struct les_page_survey_request *request)
{
	uint32_t n = 0;

	for (uint32_t i = 0; request->pages_max && i < survey->corpus->documents_n; i++) {
		struct les_page_survey_document *d = &survey->documents[i];
		if (survey->corpus->documents[i].source < request->sources_n &&
		    les_page_survey_keeps(d))
			d->spare = n++ >= request->pages_max;
	}
}

static enum les_kind keep_share(struct les_page_survey *survey,
				const struct les_page_survey_request *request,
				struct les_error *reterr)
{
	const uint32_t n = survey->corpus->documents_n;
	LES_CLEANUP(les_free_p) uint32_t *weights = calloc(n + 1ul, sizeof *weights);
	LES_CLEANUP(les_free_p) uint8_t *chosen = calloc(n + 1ul, 1);
	uint64_t pages_n = 0, chosen_n = 0;

	if (!weights || !chosen)
		return les_fail(reterr, LES_NOMEM, "no memory to choose pages for validation");
	for (uint32_t i = 0; i < n; i++)
		pages_n += weights[i] = les_page_survey_keeps(&survey->documents[i]);
	const uint64_t want = (uint64_t)llround((double)pages_n * (1 - (double)request->share));
	enum les_kind kind = les_split_documents(survey->corpus, weights, want, request->seed,
						 chosen, &chosen_n, reterr);
	for (uint32_t i = 0; i < n; i++)
		survey->documents[i].validation = chosen[i];
	return kind;
}

static enum les_kind split(struct les_page_survey *survey,
			   const struct les_page_survey_request *request, struct les_error *reterr)
{
	const struct les_corpus *corpus = survey->corpus;
	enum les_kind kind = LES_OK;

	if (request->sources_n >= corpus->sources_n)
		kind = keep_share(survey, request, reterr);
	for (uint32_t i = 0; i < corpus->documents_n; i++)
		if (corpus->documents[i].source >= request->sources_n)
			survey->documents[i].validation = true;
	les_page_survey_count(survey);
	if (kind == LES_OK && survey->pages_n && survey->validation_n == survey->pages_n)
		kind = les_fail(reterr, LES_ARG, "there are no pages to learn from");
	return kind;
}

enum les_kind les_page_survey_run(struct les_pool *pool, struct les_corpus *corpus,
				  const struct les_page_survey_request *request,
				  struct les_page_survey *ret, struct les_error *reterr)
{
	LES_CLEANUP(les_page_survey_done)
	struct les_page_survey survey = {
		.corpus = corpus,
		.documents = calloc(corpus->documents_n + 1ul, sizeof *survey.documents)};
	struct looking looking = {corpus, &survey};
	const struct les_turns turns = {
		.pool = pool,
		.corpus = corpus,
		.threads = request->threads,
		.progress = request->progress,
		.progress_context = request->context,
		.cancel_fd = request->cancel_fd,
		.context = &looking,
		.job_bytes = sizeof(struct les_page_survey_document),
		.work = look_at,
		.take = note,
	};

	if (!survey.documents)
		return les_fail(reterr, LES_NOMEM, "no memory for a survey");
	enum les_kind kind = les_turns_run(&turns, reterr);
	if (kind != LES_OK)
		return kind;
	spare_the_rest(&survey, request);
	kind = split(&survey, request, reterr);
	if (kind != LES_OK)
		return kind;
	*ret = survey;
	survey = (struct les_page_survey){.documents = NULL};
	return LES_OK;
}

void les_page_survey_done(struct les_page_survey *survey)
{
	free(survey->documents);
	*survey = (struct les_page_survey){.documents = NULL};
}
