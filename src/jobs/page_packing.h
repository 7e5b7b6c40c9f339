#ifndef LES_JOBS_PAGE_PACKING_H
#define LES_JOBS_PAGE_PACKING_H

#include "base/error.h"
#include "jobs/page_survey.h"
#include "train/pages.h"

#include <stdbool.h>
#include <stdint.h>

/* What becomes of a layout's regions. */
enum les_regions {
	LES_REGIONS_KINDS, /* a class for each kind of them that there is */
	LES_REGIONS_TEXT,  /* all are "text" */
	LES_REGIONS_NONE,  /* they are not learnt */
};

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
 * les_packed_pages_done(). errors: IO (a full disk), LIMIT, NOMEM, CANCELLED; ARG (no page is left
 * to learn from); what keeps workers from starting. */
enum les_kind les_page_packing_run(struct les_pool *pool, struct les_corpus *corpus,
				   struct les_page_survey *survey,
				   const struct les_page_packing_request *request,
				   struct les_packed_pages *ret, struct les_error *reterr);
void les_packed_pages_done(struct les_packed_pages *packed);

/* What the cache takes on disk, in bytes, about. */
uint64_t les_page_packing_estimate(const struct les_page_survey *survey, uint32_t h_px,
				   uint32_t channels);

#endif
