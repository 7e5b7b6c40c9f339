#ifndef LES_JOBS_FLOW_H
#define LES_JOBS_FLOW_H

#include "jobs/job.h"

/* The pages of one document on their way: one decoder, several recognisers, one thread that waits
 * for all of them. At most threads + 1 pages are in flight, and they leave in the order of their
 * numbers. */

/* What a recogniser does with a page. A page goes through one stage, or two where one engine finds
 * the lines and another reads them. */
struct les_flow_stage {
	enum les_role role;
	enum les_read_mode mode;
};
enum { LES_FLOW_STAGES_MAX = 2 };

enum les_flow_state {
	LES_FLOW_DECODING,
	LES_FLOW_DECODED, /* waits for the recogniser of its stage */
	LES_FLOW_READING,
	LES_FLOW_DONE,
	LES_FLOW_FAILED,
};

struct les_flow_page {
	enum les_flow_state state;
	uint32_t number;
	bool announced;   /* the sink's page callback was called */
	bool lines_taken; /* LINES of this stage came: once, however few they are */
	struct les_page_info info;
	int pixels_fd;
	uint32_t stage;
	struct les_recogniser *recogniser;
	struct les_page *found; /* lines of the stage before, or NULL */
	struct les_page *page;
	struct les_job_pictures pictures;
	struct les_error error;
	int64_t deadline_ms;
};

struct les_flow {
	struct les_pool *pool;
	const struct les_job_request *request;
	const struct les_job_sink *sink;
	struct les_job_totals *totals;
	const struct les_models *models;
	const char *language, *engine, *precision_name;
	struct les_flow_stage stages[LES_FLOW_STAGES_MAX];
	uint32_t stages_n;
	const char *recogniser, *segmenter; /* ids of nets, "" for none */
	enum les_read_precision precision;
	const struct les_page *layout; /* given lines, or NULL */

	struct les_worker *decoder; /* NULL once no page is left to decode */
	uint32_t decoder_crashes_n;
	struct les_document document;
	uint32_t chosen_n;
	uint32_t next_page; /* to ask the decoder for; 0 when all were asked for */

	struct les_flow_page *pages; /* a ring of capacity */
	uint32_t capacity, first, count;
	struct les_recogniser
		*idle[LES_THREADS_MAX]; /* taken from the pool, no page at the moment */
	uint32_t idle_n;
	uint32_t held_n[LES_ROLE_N];
	bool started; /* the sink's start callback was called */
};

/* Runs an open document to its end. errors: any kind. */
enum les_kind les_flow_run(struct les_flow *flow, struct les_error *reterr);

/* Takes a decoder and opens the request's document. errors: any kind. */
enum les_kind les_flow_open(struct les_flow *flow, struct les_error *reterr);

/* The recognisers' side (flow_read.c). les_flow_recognise() hands a decoded page to the recogniser
 * of its stage; errors: BUSY where none is free now, and what ends the job. les_flow_hear() takes
 * what the page's recogniser says, or its silence at the deadline; failures become the page's. */
enum les_kind les_flow_recognise(struct les_flow *flow, struct les_flow_page *p,
				 struct les_error *reterr);
void les_flow_hear(struct les_flow *flow, struct les_flow_page *p);
void les_flow_recogniser_drop(struct les_flow *flow, struct les_recogniser *recogniser, bool fit);

/* Of both sides. */
void les_flow_page_fail(struct les_flow_page *p, const struct les_error *error);
int64_t les_flow_read_deadline(const struct les_flow *flow);

/* Gives back and frees everything, also in the middle. */
void les_flow_done(struct les_flow *flow);

#endif
