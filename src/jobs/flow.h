#ifndef LES_JOBS_FLOW_H
#define LES_JOBS_FLOW_H

#include "jobs/job.h"

/* The pages of one document on their way: one decoder, several recognisers, one thread that waits
 * for all of them. At most threads + 1 pages are in flight, and they leave in the order of their
 * numbers. */

enum les_flow_state {
	LES_FLOW_DECODING,
	LES_FLOW_DECODED, /* waits for a recogniser */
	LES_FLOW_READING,
	LES_FLOW_DONE,
	LES_FLOW_FAILED,
};

struct les_flow_page {
	enum les_flow_state state;
	uint32_t number;
	bool announced; /* the sink's page callback was called */
	struct les_page_info info;
	int pixels_fd;
	struct les_recogniser *recogniser;
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
	const char *language, *engine;
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
	uint32_t idle_n, held_n;
	bool started; /* the sink's start callback was called */
};

/* Runs an open document to its end. errors: any kind. */
enum les_kind les_flow_run(struct les_flow *flow, struct les_error *reterr);

/* Takes a decoder and opens the request's document. errors: any kind. */
enum les_kind les_flow_open(struct les_flow *flow, struct les_error *reterr);

/* Gives back and frees everything, also in the middle. */
void les_flow_done(struct les_flow *flow);

#endif
