#include "cli/result.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum les_kind les_result_init(struct les_result *result, const struct les_result_places *places,
			      const char *path, struct les_error *reterr)
{
	*result = (struct les_result){.places = places,
				      .name = les_path_name(path, false),
				      .full_name = les_path_name(path, true),
				      .buf = LES_BUF(LES_EXPORT_BYTES_MAX),
				      .output = {.fd = -1}};
	les_clock_utc(result->created);
	if (result->name && result->full_name)
		return LES_OK;
	les_result_done(result);
	return les_fail(reterr, LES_NOMEM, "no memory for a name");
}

static enum les_kind flush(struct les_result *result, int fd, const char *what)
{
	enum les_kind kind =
		les_write_all(fd, result->buf.bytes, result->buf.len, what, &result->error);

	les_buf_reset(&result->buf);
	return kind;
}

/* Where the pages of the whole document go. */
static enum les_kind flush_document(struct les_result *result)
{
	const bool is_file = result->output.path != NULL;

	return flush(result, is_file ? result->output.fd : STDOUT_FILENO,
		     is_file ? result->output.path : "standard output");
}

/* "-0007" of a document of several pages, nothing of a single one. */
static void page_suffix(const struct les_result *result, uint32_t page, const char *ending,
			char *out, size_t n)
{
	if (result->several_pages)
		snprintf(out, n, "-%04u.%s", page, ending);
	else
		snprintf(out, n, ".%s", ending);
}

static enum les_kind start(void *context, const struct les_job_start *start)
{
	struct les_result *result = context;
	const struct les_export_format_info *format = les_export_info(result->places->format);

	for (uint32_t i = 0; i < start->models->n; i++)
		result->models[i] = (struct les_export_model){start->models->at[i].name,
							      start->models->at[i].sha256};
	result->about = (struct les_export_about){.file_name = result->full_name,
						  .kind = start->document.kind,
						  .pages_n = start->pages_chosen_n,
						  .engine = start->engine,
						  .models = result->models,
						  .models_n = start->models->n,
						  .precision = start->precision,
						  .illegible_text = result->places->illegible_text,
						  .created = result->created};
	result->several_pages = start->document.pages_n > 1;
	result->page_files = format->file_per_page && result->places->out_dir;
	les_progress_begin(&result->progress, result->full_name, start->pages_chosen_n);
	if (result->page_files)
		return LES_OK;
	enum les_kind kind = les_export_begin(&result->export, result->places->format,
					      &result->about, &result->buf, &result->error);
	if (kind == LES_OK && result->places->out_dir) {
		LES_CLEANUP(les_free_p) char *suffix = NULL;
		if (asprintf(&suffix, ".%s", format->ending) < 0)
			return LES_NOMEM;
		LES_CLEANUP(les_free_p)
		char *path = les_path_join(result->places->out_dir, result->name, suffix);
		kind = path ? les_output_open(path, &result->output, &result->error) : LES_NOMEM;
	}
	result->begun = kind == LES_OK;
	return kind == LES_OK ? flush_document(result) : kind;
}

static enum les_kind write_file(struct les_result *result, const char *dir, const char *suffix,
				const void *bytes, size_t n)
{
	LES_CLEANUP(les_output_done) struct les_output output = {.fd = -1};
	LES_CLEANUP(les_free_p) char *path = les_path_join(dir, result->name, suffix);

	if (!path)
		return les_fail(&result->error, LES_NOMEM, "no memory for a path");
	enum les_kind kind = les_output_open(path, &output, &result->error);
	if (kind == LES_OK)
		kind = les_write_all(output.fd, bytes, n, path, &result->error);
	if (kind == LES_OK)
		kind = les_output_commit(&output, &result->error);
	return kind;
}

static enum les_kind write_page_file(struct les_result *result, const struct les_page *page,
				     const char *image_name)
{
	const struct les_export_format_info *format = les_export_info(result->places->format);
	const struct les_export_totals none = {.pages_n = 1};
	struct les_export_about about = result->about;
	struct les_export export;
	char suffix[32];

	about.pages_n = 1;
	if (image_name) /* ALTO names the image once a file */
		about.file_name = image_name;
	enum les_kind kind = les_export_begin(&export, result->places->format, &about, &result->buf,
					      &result->error);
	if (kind == LES_OK)
		kind = les_export_page(&export, page, image_name, &result->buf, &result->error);
	if (kind == LES_OK)
		kind = les_export_end(&export, &none, &result->buf, &result->error);
	les_export_done(&export);
	page_suffix(result, page->info.number, format->ending, suffix, sizeof suffix);
	if (kind == LES_OK)
		kind = write_file(result, result->places->out_dir, suffix, result->buf.bytes,
				  result->buf.len);
	les_buf_reset(&result->buf);
	return kind;
}

static enum les_kind write_pictures(struct les_result *result, const struct les_page *page,
				    const struct les_job_pictures *pictures)
{
	enum les_kind kind = LES_OK;
	char suffix[32];

	page_suffix(result, page->info.number, "png", suffix, sizeof suffix);
	if (result->places->images_dir)
		kind = write_file(result, result->places->images_dir, suffix, pictures->page.bytes,
				  pictures->page.n);
	if (kind == LES_OK && result->places->overlay_dir)
		kind = write_file(result, result->places->overlay_dir, suffix,
				  pictures->overlay.bytes, pictures->overlay.n);
	return kind;
}

static enum les_kind page_done(void *context, const struct les_page *page,
			       const struct les_job_pictures *pictures)
{
	struct les_result *result = context;
	char suffix[32], image_name[LES_NAME_BYTES_MAX + 40];

	page_suffix(result, page->info.number, "png", suffix, sizeof suffix);
	snprintf(image_name, sizeof image_name, "%s%s", result->name, suffix);
	const char *named = result->places->images_dir ? image_name : NULL;
	enum les_kind kind = write_pictures(result, page, pictures);
	if (kind == LES_OK && result->page_files) {
		kind = write_page_file(result, page, named);
	} else if (kind == LES_OK) {
		kind = les_export_page(&result->export, page, named, &result->buf, &result->error);
		if (kind == LES_OK)
			kind = flush_document(result);
	}
	les_progress_page(&result->progress, page->lines_n);
	return kind;
}

static enum les_kind page_error(void *context, uint32_t page, const struct les_error *error)
{
	struct les_result *result = context;
	enum les_kind kind = LES_OK;

	les_progress_end(&result->progress);
	fprintf(stderr, "lesart read: %s, page %u: %s (%s)\n", result->full_name, page,
		error->message, les_kind_info(error->kind)->name);
	if (!result->page_files) {
		kind = les_export_page_error(&result->export, page, error, &result->buf,
					     &result->error);
		if (kind == LES_OK)
			kind = flush_document(result);
	}
	les_progress_page(&result->progress, 0);
	return kind;
}

struct les_job_sink les_result_sink(struct les_result *result)
{
	return (struct les_job_sink){.context = result,
				     .start = start,
				     .page_done = page_done,
				     .page_error = page_error};
}

enum les_kind les_result_finish(struct les_result *result, const struct les_job_totals *totals,
				struct les_error *reterr)
{
	const struct les_export_totals all = {
		totals->pages_n,     totals->pages_failed_n, totals->lines_n,   totals->words_n,
		totals->illegible_n, totals->seconds,        totals->confidence};
	enum les_kind kind = LES_OK;

	les_progress_end(&result->progress);
	if (!result->begun)
		return LES_OK;
	kind = les_export_end(&result->export, &all, &result->buf, reterr);
	if (kind == LES_OK)
		kind = flush_document(result);
	if (kind == LES_OK && result->output.path)
		return les_output_commit(&result->output, reterr);
	if (kind != LES_OK)
		*reterr = result->error;
	return kind;
}

void les_result_done(struct les_result *result)
{
	les_progress_end(&result->progress);
	les_export_done(&result->export);
	les_output_done(&result->output);
	les_buf_done(&result->buf);
	free(result->name);
	free(result->full_name);
	result->name = result->full_name = NULL;
}
