#ifndef LES_CLI_RESULT_H
#define LES_CLI_RESULT_H

#include "base/buf.h"
#include "cli/input.h"
#include "cli/progress.h"
#include "export/export.h"
#include "jobs/job.h"

/* Where the results of lesart read go: to standard output, or to files named after the document. */
struct les_result_places {
	enum les_export_format format;
	const char *out_dir, *images_dir, *overlay_dir; /* NULL: standard output; no pictures */
	const char *illegible_text;
};

/* One document's results on their way. As a sink of a job it writes each page as it comes. */
struct les_result {
	const struct les_result_places *places;
	char *name, *full_name; /* "letter", "letter.jpg" */
	char created[21];
	struct les_export export;
	struct les_export_about about;
	struct les_export_model models[LES_JOB_MODELS_MAX];
	struct les_buf buf;
	struct les_output output; /* one file for all pages, where the format has that */
	struct les_progress progress;
	bool page_files, several_pages, begun;
	struct les_error error; /* why a callback ended the job */
};

/* path: the document's. errors: NOMEM. */
enum les_kind les_result_init(struct les_result *result, const struct les_result_places *places,
			      const char *path, struct les_error *reterr);
struct les_job_sink les_result_sink(struct les_result *result);
/* After les_job_run() was LES_OK: completes the files. errors: IO, NOMEM. */
enum les_kind les_result_finish(struct les_result *result, const struct les_job_totals *totals,
				struct les_error *reterr);
void les_result_done(struct les_result *result);

#endif
