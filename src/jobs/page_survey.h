#ifndef LES_JOBS_PAGE_SURVEY_H
#define LES_JOBS_PAGE_SURVEY_H

#include "base/error.h"
#include "jobs/corpus.h"
#include "train/judge.h"
#include "types/page.h"

#include <stdbool.h>
#include <stdint.h>

/* What a page holds, before anything is learnt from it. */
struct les_page_survey_document {
	struct les_error error; /* LES_OK, or why it cannot be used */
	uint32_t w_px, h_px;
	uint32_t verdicts_n[LES_BASELINE_VERDICT_N]; /* of its lines */
	uint32_t regions_n[LES_REGION_KIND_N];
	bool bare;       /* it can be read, but has no good baseline: left out */
	bool spare;      /* it could be learnt from, but pages_max come before it: left out */
	bool validation; /* kept apart, to choose by */
};

/* All of a corpus. verdicts_n also counts the lines of pages that are bare. */
struct les_page_survey {
	const struct les_corpus *corpus;
	struct les_page_survey_document *documents; /* one for each of the corpus */
	uint32_t pages_n, validation_n;
	uint32_t bare_n, spare_n, failed_n;
	uint64_t verdicts_n[LES_BASELINE_VERDICT_N];
	uint64_t regions_n[LES_REGION_KIND_N];
};

struct les_page_survey_request {
	float share;        /* of the pages to learn from, 0 to 1 */
	uint32_t sources_n; /* sources from this one on are for validation; then share does not
			       count. corpus->sources_n: there are none */
	uint64_t seed;      /* chooses */
	uint32_t pages_max; /* the first so many that can be used; 0: all */
	uint32_t threads;
	void (*progress)(void *context, uint32_t done_n, uint32_t all_n); /* or NULL; any thread,
									     one at a time */
	void *context;
	int cancel_fd; /* readable when the work is to end; -1: never */
};

/* Layouts and the images' headers; a document that cannot be used is a result, not an error.
 * corpus may learn which image a layout names. *ret: les_page_survey_done(). errors: ARG (there is
 * nothing to learn from but what is kept apart), NOMEM, CANCELLED; what keeps workers from
 * starting. */
enum les_kind les_page_survey_run(struct les_pool *pool, struct les_corpus *corpus,
				  const struct les_page_survey_request *request,
				  struct les_page_survey *ret, struct les_error *reterr);
void les_page_survey_done(struct les_page_survey *survey);

/* Whether it is learnt from, or validated with. */
bool les_page_survey_keeps(const struct les_page_survey_document *document);

/* Counts anew what follows from the documents: once some have changed. */
void les_page_survey_count(struct les_page_survey *survey);

#endif
