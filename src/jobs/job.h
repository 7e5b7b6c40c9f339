#ifndef LES_JOBS_JOB_H
#define LES_JOBS_JOB_H

#include "base/error.h"
#include "ipc/memfd.h"
#include "ipc/message.h"
#include "jobs/models.h"
#include "jobs/pool.h"
#include "jobs/ranges.h"
#include "models/registry.h"
#include "types/page.h"

#include <stdbool.h>
#include <stdint.h>

/* One document, from its bytes to its lines: les_job_run() takes a decoder and recognisers from the
 * pool, sends pages from one to the others, and tells a sink what happens. It runs on its caller's
 * thread and returns when all is done. cli/ and http/ are two sinks over this one path. */

struct les_job_request {
	int fd; /* the document: a read-only regular file or memfd; borrowed */
	struct les_ranges pages;
	const char *password;          /* "" for none */
	const char *engine;            /* "auto", "tesseract", "neural" */
	const char *language;          /* "deu+frk"; "" lets the script choose */
	const char *script;            /* "auto", "kurrent", "latin", "fraktur", "typescript" */
	const char *model, *segmenter; /* nets, by name or path; "" for none */
	const struct les_registry *registry; /* of names; borrowed; NULL: none */
	bool model_paths;      /* whether a path will do: never for names from a network */
	const char *precision; /* of nets: "auto", "f32", "bf16" */
	enum les_read_mode mode;
	int layout_fd;         /* LES_READ_LINES: PAGE or ALTO XML; else -1; borrowed */
	uint32_t pictures;     /* bits 1 << LES_PICTURE_… */
	float illegible_below; /* [0,1] */
	uint32_t readings_n;   /* of nets, of each whole line besides its text; 0: none */
	uint32_t threads;      /* recognisers at work at once, where the pool has them */
	uint64_t file_bytes_max;
	uint32_t pages_max;
	uint64_t page_px_max;
	uint32_t page_seconds; /* for decoding one page; reading one has LES_READ_SECONDS_FACTOR
				  times that */
	const char *const *tessdata; /* NULL-terminated folders */
	int cancel_fd;               /* becomes readable when the work is to end; -1: never */
};

struct les_job_start {
	struct les_document document;
	uint32_t pages_chosen_n;
	const char *engine;
	const char *precision; /* "int8", "f32", "bf16" */
	const struct les_models *models;
};

/* PNGs that were asked for; bytes NULL otherwise. Valid during the call. */
struct les_job_pictures {
	struct les_view page, overlay;
};

/* Called on the thread of les_job_run(), pages in order of their numbers: start once, then for each
 * page either page + page_done or page_error. Anything but LES_OK from a callback ends the job with
 * that kind (a client that is gone: CANCELLED). A NULL callback is skipped. */
struct les_job_sink {
	void *context;
	enum les_kind (*start)(void *context, const struct les_job_start *start);
	enum les_kind (*page)(void *context, const struct les_page_info *info);
	enum les_kind (*page_done)(void *context, const struct les_page *page,
				   const struct les_job_pictures *pictures);
	enum les_kind (*page_error)(void *context, uint32_t page, const struct les_error *error);
};

struct les_job_totals {
	uint32_t pages_n, pages_failed_n, lines_n, words_n, illegible_n;
	double seconds;
	double decode_seconds, preprocess_seconds, recognise_seconds; /* sums over pages */
	uint32_t pages_with_text_n;
	double confidence; /* mean over the pages with text */
};

/* start is called once the first chosen page was decoded or has failed, so that a file that cannot
 * be read is an error and not a stream. A document of one chosen page whose page fails, fails.
 * *totals is filled on every path. errors: any kind; words say what. */
enum les_kind les_job_run(struct les_pool *pool, const struct les_job_request *request,
			  const struct les_job_sink *sink, struct les_job_totals *totals,
			  struct les_error *reterr);

/* A PAGE or ALTO file through the decoder's sandbox into *ret (les_page_free()); fd is borrowed.
 * errors: any kind of the decoder. */
enum les_kind les_layout_read(struct les_pool *pool, int fd, struct les_page **ret,
			      struct les_error *reterr);

/* Defaults for everything but fd. */
void les_job_request_init(struct les_job_request *request);

#endif
