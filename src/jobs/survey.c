#include "jobs/survey.h"

#include "base/cleanup.h"
#include "jobs/turns.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

LES_DEFINE_CLEANUP(struct les_page, les_page_free)

enum { HEIGHTS_MIN = 5 };

/* What the threads share. */
struct shared {
	struct les_corpus *corpus;
	const struct les_survey_request *request;
	struct les_survey *survey;
	atomic_ullong lines_n;
};

enum les_kind les_truth_check_size(const struct les_page *truth, uint32_t w_px, uint32_t h_px,
				   struct les_error *reterr)
{
	if (truth->info.w_px == 0 || (truth->info.w_px == w_px && truth->info.h_px == h_px))
		return LES_OK;
	return les_fail(reterr, LES_ARG,
			"the layout is of an image of %u × %u pixels, the image has %u × %u",
			truth->info.w_px, truth->info.h_px, w_px, h_px);
}

enum les_kind les_pixels_check_size(const struct les_page_info *info, uint32_t w_px, uint32_t h_px,
				    struct les_error *reterr)
{
	if (info->w_px == w_px && info->h_px == h_px)
		return LES_OK;
	return les_fail(reterr, LES_FORMAT,
			"its image has %u × %u pixels, not %u × %u as its header says", info->w_px,
			info->h_px, w_px, h_px);
}

static bool is_known(const struct les_alphabet *base, const char *text)
{
	for (uint32_t code; (code = les_alphabet_next(&text));)
		if (!les_alphabet_lookup(base, code))
			return false;
	return true;
}

static enum les_kind take_line(const struct shared *s, const struct les_line *line,
			       struct les_survey_document *d, struct les_error *reterr)
{
	LES_CLEANUP(les_buf_done) struct les_buf text = LES_BUF(4 * LES_LINE_TEXT_BYTES_MAX);
	struct les_survey_line *to = &d->lines[d->lines_n];
	enum les_kind kind = les_text_prepare(&s->request->rules, line->text, &text, reterr);

	if (kind != LES_OK)
		return kind;
	to->number = d->lines_n + 1;
	to->judged = les_line_judge(line, d->w_px, d->h_px, (const char *)text.bytes);
	if (to->judged.verdict == LES_VERDICT_GOOD && s->request->base &&
	    !is_known(s->request->base, (const char *)text.bytes))
		to->judged.verdict = LES_VERDICT_UNKNOWN;
	to->text = les_buf_take(&text);
	if (!to->text)
		return les_fail(reterr, LES_NOMEM, "no memory for a text");
	d->lines_n++;
	return LES_OK;
}

static int compare_floats(const void *a, const void *b)
{
	const float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

/* Lines whose polygon is a sliver; a page of a few lines has no measure for it. */
static enum les_kind judge_heights(struct les_survey_document *d, struct les_error *reterr)
{
	LES_CLEANUP(les_free_p) float *heights = calloc(d->lines_n + 1ul, sizeof *heights);
	uint32_t n = 0;

	if (!heights)
		return les_fail(reterr, LES_NOMEM, "no memory for a survey");
	for (uint32_t i = 0; i < d->lines_n; i++)
		if (les_verdict_keeps(d->lines[i].judged.verdict))
			heights[n++] = d->lines[i].judged.height_px;
	qsort(heights, n, sizeof *heights, compare_floats);
	for (uint32_t i = 0; i < d->lines_n && n >= HEIGHTS_MIN; i++)
		d->lines[i].judged.verdict = les_height_judge(&d->lines[i].judged, heights[n / 2]);
	return LES_OK;
}

static enum les_kind look_at(void *context, struct les_hand *hand, uint32_t i, void *job,
			     bool *ret_fatal, struct les_error *reterr)
{
	struct shared *s = context;
	struct les_survey_document *d = job;
	struct les_corpus_document *document = &s->corpus->documents[i];
	LES_CLEANUP(les_page_free_p) struct les_page *truth = NULL;
	enum les_kind kind = les_feed_truth(&hand->feed, document, &truth, reterr);

	(void)ret_fatal;
	if (kind == LES_OK)
		kind = les_feed_size(&hand->feed, document, &d->w_px, &d->h_px, reterr);
	if (kind == LES_OK)
		kind = les_truth_check_size(truth, d->w_px, d->h_px, reterr);
	if (kind != LES_OK)
		return kind;
	if (atomic_fetch_add(&s->lines_n, truth->lines_n) > LES_SURVEY_LINES_MAX)
		return les_fail(reterr, LES_LIMIT, "more than %u lines", LES_SURVEY_LINES_MAX);
	d->lines = calloc(truth->lines_n + 1ul, sizeof *d->lines);
	if (!d->lines)
		return les_fail(reterr, LES_NOMEM, "no memory for a page's lines");
	for (uint32_t k = 0; k < truth->lines_n && kind == LES_OK; k++)
		kind = take_line(s, &truth->lines[k], d, reterr);
	return kind == LES_OK ? judge_heights(d, reterr) : kind;
}

static void document_done(void *context)
{
	struct les_survey_document *d = context;

	for (uint32_t k = 0; k < d->lines_n; k++)
		free(d->lines[k].text);
	free(d->lines);
}

/* Takes the lines over, those before an error, too. */
static enum les_kind note(void *context, uint32_t i, void *job, const struct les_error *error,
			  struct les_error *reterr)
{
	const struct shared *s = context;
	struct les_survey_document *d = &s->survey->documents[i];

	(void)reterr;
	*d = *(const struct les_survey_document *)job;
	*(struct les_survey_document *)job = (struct les_survey_document){.lines_n = 0};
	d->error = *error;
	return LES_OK;
}

static enum les_kind find_median(struct les_survey *survey, uint64_t lines_n,
				 struct les_error *reterr)
{
	LES_CLEANUP(les_free_p) float *pitches = calloc(lines_n + 1, sizeof *pitches);
	uint64_t n = 0;

	if (!pitches)
		return les_fail(reterr, LES_NOMEM, "no memory for a survey");
	for (uint32_t i = 0; i < survey->corpus->documents_n; i++)
		for (uint32_t k = 0; k < survey->documents[i].lines_n && n < lines_n; k++) {
			const struct les_judged *j = &survey->documents[i].lines[k].judged;
			if (les_verdict_keeps(j->verdict) && les_judged_pitch(j) > 0)
				pitches[n++] = les_judged_pitch(j);
		}
	qsort(pitches, n, sizeof *pitches, compare_floats);
	survey->median_pitch = n ? pitches[n / 2] : 0;
	return LES_OK;
}

enum les_kind les_survey_count(struct les_survey *survey, struct les_error *reterr)
{
	enum les_kind kind = LES_OK;

	les_alphabet_done(&survey->alphabet);
	memset(survey->verdicts_n, 0, sizeof survey->verdicts_n);
	survey->lines_n = survey->characters_n = 0;
	survey->documents_failed_n = survey->mixed_n = 0;
	for (uint32_t i = 0; i < survey->corpus->documents_n; i++) {
		struct les_survey_document *d = &survey->documents[i];
		survey->documents_failed_n += d->error.kind != LES_OK;
		for (uint32_t k = 0; d->error.kind == LES_OK && k < d->lines_n && kind == LES_OK;
		     k++) {
			struct les_survey_line *line = &d->lines[k];
			line->judged.verdict = les_pitch_judge(&line->judged, survey->median_pitch);
			survey->verdicts_n[line->judged.verdict]++;
			if (!les_verdict_keeps(line->judged.verdict))
				continue;
			survey->lines_n++;
			survey->characters_n += line->judged.characters_n;
			survey->mixed_n += les_text_is_mixed(line->text);
			kind = les_alphabet_add(&survey->alphabet, line->text, reterr);
		}
	}
	return kind;
}

enum les_kind les_survey_run(struct les_pool *pool, struct les_corpus *corpus,
			     const struct les_survey_request *request, struct les_survey *ret,
			     struct les_error *reterr)
{
	LES_CLEANUP(les_survey_done)
	struct les_survey survey = {
		.corpus = corpus,
		.documents = calloc(corpus->documents_n + 1ul, sizeof *survey.documents)};
	struct shared shared = {corpus, request, &survey, 0};
	const struct les_turns turns = {
		.pool = pool,
		.corpus = corpus,
		.threads = request->threads,
		.progress = request->progress,
		.progress_context = request->context,
		.cancel_fd = -1,
		.context = &shared,
		.job_bytes = sizeof(struct les_survey_document),
		.work = look_at,
		.take = note,
		.job_done = document_done,
	};

	if (!survey.documents)
		return les_fail(reterr, LES_NOMEM, "no memory for a survey");
	enum les_kind kind = les_turns_run(&turns, reterr);
	if (kind == LES_OK)
		kind = find_median(&survey, shared.lines_n, reterr);
	if (kind == LES_OK)
		kind = les_survey_count(&survey, reterr);
	if (kind != LES_OK)
		return kind;
	*ret = survey;
	survey = (struct les_survey){0};
	return LES_OK;
}

void les_survey_done(struct les_survey *survey)
{
	for (uint32_t i = 0; survey->documents && i < survey->corpus->documents_n; i++)
		document_done(&survey->documents[i]);
	free(survey->documents);
	les_alphabet_done(&survey->alphabet);
	*survey = (struct les_survey){0};
}
