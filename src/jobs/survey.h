#ifndef LES_JOBS_SURVEY_H
#define LES_JOBS_SURVEY_H

#include "base/error.h"
#include "jobs/corpus.h"
#include "train/alphabet.h"
#include "train/judge.h"
#include "train/text.h"

#include <stdbool.h>
#include <stdint.h>

/* What a corpus holds, line by line, before anything is learnt from it: its texts prepared, its
 * geometry judged, its images looked at by their headers. */
struct les_survey_line {
	uint32_t number; /* in its document, from 1 */
	struct les_judged judged;
	char *text; /* prepared */
};

struct les_survey_document {
	struct les_error error; /* LES_OK, or why none of it can be used */
	uint32_t w_px, h_px;
	struct les_survey_line *lines;
	uint32_t lines_n;
};

struct les_survey {
	const struct les_corpus *corpus;
	struct les_survey_document *documents; /* one for each of the corpus */
	struct les_alphabet alphabet;          /* of the lines that are kept */
	uint64_t lines_n, characters_n;        /* kept */
	uint64_t verdicts_n[LES_VERDICT_N];
	uint32_t documents_failed_n, mixed_n; /* mixed: lines with right-to-left text */
	float median_pitch;
};

struct les_survey_request {
	struct les_text_rules rules;
	const struct les_alphabet *base; /* the base's letters, or NULL */
	uint32_t threads;
	void (*progress)(void *context, uint32_t done_n, uint32_t all_n); /* or NULL; any thread,
									     one at a time */
	void *context;
};

/* corpus may learn which image a layout names. A document that cannot be read is a result, not an
 * error. *ret: les_survey_done(). errors: LIMIT (LES_SURVEY_LINES_MAX, LES_CODES_MAX), NOMEM. */
enum les_kind les_survey_run(struct les_pool *pool, struct les_corpus *corpus,
			     const struct les_survey_request *request, struct les_survey *ret,
			     struct les_error *reterr);
void les_survey_done(struct les_survey *survey);

/* Counts anew what follows from the lines' verdicts and the documents' errors: once some have
 * changed. errors: LIMIT, NOMEM. */
enum les_kind les_survey_count(struct les_survey *survey, struct les_error *reterr);

/* A layout is of its image only if the sizes agree; one without a size is taken on trust. errors:
 * ARG. */
enum les_kind les_truth_check_size(const struct les_page *truth, uint32_t w_px, uint32_t h_px,
				   struct les_error *reterr);

/* Pixels that were decoded are those that the header told of. errors: FORMAT. */
enum les_kind les_pixels_check_size(const struct les_page_info *info, uint32_t w_px, uint32_t h_px,
				    struct les_error *reterr);

#endif
