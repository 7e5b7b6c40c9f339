#ifndef LES_JOBS_PAGE_PACKING_H
#define LES_JOBS_PAGE_PACKING_H

#include "base/error.h"
#include "jobs/corpus.h"
#include "train/pages.h"
#include "types/page.h"

#include <stdbool.h>
#include <stdint.h>

/* What becomes of a layout's regions. */
enum les_regions {
	LES_REGIONS_KINDS, /* a class for each kind of them that there is */
	LES_REGIONS_TEXT,  /* all are "text" */
	LES_REGIONS_NONE,  /* they are not learnt */
};

/* What a line of a layout is to a line finder. */
enum les_baseline_verdict {
	LES_BASELINE_GOOD,
	LES_BASELINE_NONE,    /* it has none */
	LES_BASELINE_SHORT,   /* below LES_BASELINE_PX_MIN */
	LES_BASELINE_OUTSIDE, /* more than a little of it lies beyond the page */
	LES_BASELINE_VERDICT_N,
};
enum { LES_BASELINE_PX_MIN = 5 };

enum { LES_REGION_KIND_N = LES_REGION_OTHER + 1 };

/* What a page holds, before anything is learnt from it. */
struct les_page_survey_document {
	struct les_error error; /* LES_OK, or why it cannot be used */
	uint32_t w_px, h_px;
	uint32_t verdicts_n[LES_BASELINE_VERDICT_N]; /* of its lines */
	uint32_t regions_n[LES_REGION_KIND_N];       /* with an outline */
	bool bare;       /* it can be read, but has no baseline to learn from: left out */
	bool validation; /* kept apart, to choose by */
};

/* All of a corpus. Sums are of the pages that are kept but for bare_n and failed_n. */
struct les_page_survey {
	const struct les_corpus *corpus;
	struct les_page_survey_document *documents; /* one for each of the corpus */
	uint32_t pages_n, validation_n;
	uint32_t bare_n, failed_n;
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

struct les_page_packing_request {
	uint32_t h_px, channels; /* of the net's input */
	enum les_regions regions;
	const char *folder; /* for the cache; NULL: nothing is kept, only tried */
	uint32_t threads;
	void (*progress)(void *context, uint32_t done_n, uint32_t all_n);
	void *context;
	int cancel_fd;
};

struct les_packed_pages {
	int fd; /* train/pages.h, read-only; -1 where nothing was kept */
	uint32_t pages_n, validation_n;
	uint64_t lines_n;
	uint64_t bytes;
};

/* Decodes what the survey found good, has lesart-train bring it to the net's height, and packs it
 * with its baselines and regions, in the order of the survey whatever the threads. A document that
 * fails is marked in the survey and left out; its sums are brought up to date. *ret:
 * les_packed_pages_done(). errors: IO (a full disk), LIMIT, NOMEM, CANCELLED; what keeps workers
 * from starting. */
enum les_kind les_page_packing_run(struct les_pool *pool, struct les_corpus *corpus,
				   struct les_page_survey *survey,
				   const struct les_page_packing_request *request,
				   struct les_packed_pages *ret, struct les_error *reterr);
void les_packed_pages_done(struct les_packed_pages *packed);

/* What the cache takes on disk, in bytes, about. */
uint64_t les_page_packing_estimate(const struct les_page_survey *survey, uint32_t h_px,
				   uint32_t channels);

#endif
