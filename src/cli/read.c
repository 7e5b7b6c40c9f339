#include "base/cleanup.h"
#include "cli/cli.h"
#include "cli/interrupt.h"
#include "cli/reading.h"
#include "cli/result.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct arguments {
	struct les_reading reading;
	struct les_result_places places;
	const char *format, *pages, *password, *layout;
	bool lines;
	uint64_t readings_n;
	char **files;
	uint32_t files_n;
};

static enum les_kind parse(int argc, char **argv, struct arguments *a, struct les_error *reterr)
{
	const struct les_option rows[] = {
		{"format", 'f', "NAME", "txt (default), json, page, alto or hocr",
		 LES_OPTION_STRING, &a->format, 0, 0},
		{"output", 'o', "DIR", "write DIR/NAME.ENDING instead of to standard output",
		 LES_OPTION_STRING, &a->places.out_dir, 0, 0},
		{"images", 0, "DIR", "write each page's image as PNG", LES_OPTION_STRING,
		 &a->places.images_dir, 0, 0},
		{"overlay", 0, "DIR", "write pictures of what was found on each page",
		 LES_OPTION_STRING, &a->places.overlay_dir, 0, 0},
		{"pages", 0, "LIST", "only these: 1-3,5", LES_OPTION_STRING, &a->pages, 0, 0},
		{"password", 0, "P", "of an encrypted PDF", LES_OPTION_STRING, &a->password, 0, 0},
		{"lines", 0, NULL, "each image is one line of text", LES_OPTION_FLAG, &a->lines, 0,
		 0},
		{"layout", 0, "FILE", "read the lines of this PAGE or ALTO file, find none",
		 LES_OPTION_STRING, &a->layout, 0, 0},
		{"n-best", 0, "N", "give so many readings of each line, too (neural engine, json)",
		 LES_OPTION_NUMBER, &a->readings_n, 1, LES_LINE_READINGS_MAX},
		{"illegible-below", 0, "P", "flag words less sure than this (default 0.3)",
		 LES_OPTION_FRACTION, &a->reading.illegible_below, 0, 0},
		{"illegible-text", 0, "S", "what stands for them in txt (default [unleserlich])",
		 LES_OPTION_STRING, &a->places.illegible_text, 0, 0},
		LES_READING_OPTIONS(&a->reading),
	};
	const struct les_options options = {
		"lesart read [OPTION]... FILE...   (- is standard input)", rows, LES_COUNT(rows),
		false};
	int first;

	les_reading_init(&a->reading);
	enum les_kind kind = les_options_parse(&options, argc, argv, &first, reterr);
	if (kind != LES_OK)
		return kind;
	if (!les_export_from_name(a->format, &a->places.format))
		return les_fail(reterr, LES_ARG,
				"format \"%.40s\" is none of txt, json, page, alto, hocr",
				a->format);
	if (a->readings_n && a->places.format != LES_EXPORT_JSON)
		return les_fail(reterr, LES_ARG,
				"--n-best needs -f json: no other format has room");
	if (first >= argc)
		return les_fail(reterr, LES_ARG, "no file given (lesart read --help)");
	if (a->lines && a->layout)
		return les_fail(reterr, LES_ARG, "--lines and --layout exclude each other");
	a->files = argv + first;
	a->files_n = (uint32_t)(argc - first);
	if (a->layout && a->files_n > 1)
		return les_fail(reterr, LES_ARG, "--layout describes one file, and %u were given",
				a->files_n);
	return LES_OK;
}

/* Two files that would write the same result are an error before work starts. */
static enum les_kind check_names(const struct arguments *a, struct les_error *reterr)
{
	const bool named = a->places.out_dir || a->places.images_dir || a->places.overlay_dir;

	for (uint32_t i = 0; i < a->files_n && named; i++) {
		LES_CLEANUP(les_free_p) char *name = les_path_name(a->files[i], false);
		for (uint32_t k = 0; k < i && name; k++) {
			LES_CLEANUP(les_free_p) char *other = les_path_name(a->files[k], false);
			if (other && strcmp(name, other) == 0)
				return les_fail(reterr, LES_ARG,
						"%s and %s would both write results named %s",
						a->files[k], a->files[i], name);
		}
	}
	return LES_OK;
}

static enum les_kind make_folder(const char *dir, struct les_error *reterr)
{
	if (dir && mkdir(dir, 0777) != 0 && errno != EEXIST)
		return les_fail_errno(reterr, "cannot make the folder %s", dir);
	return LES_OK;
}

static enum les_kind prepare_request(struct arguments *a, struct les_job_request *request,
				     struct les_error *reterr)
{
	les_reading_request(&a->reading, request);
	enum les_kind kind = les_ranges_parse(a->pages, &request->pages, reterr);
	if (kind == LES_OK && a->layout) {
		kind = les_input_open(a->layout, LES_XML_BYTES_MAX, &request->layout_fd, reterr);
		request->mode = LES_READ_LINES;
	}
	if (a->lines)
		request->mode = LES_READ_ONE;
	request->password = a->password;
	request->readings_n = (uint32_t)a->readings_n;
	if (a->places.images_dir)
		request->pictures |= 1u << LES_PICTURE_PAGE;
	if (a->places.overlay_dir)
		request->pictures |= 1u << LES_PICTURE_OVERLAY;
	return kind;
}

static enum les_kind read_file(struct les_pool *pool, const struct arguments *a, const char *path,
			       struct les_job_request request, struct les_job_totals *totals,
			       struct les_error *reterr)
{
	LES_CLEANUP(les_fd_close) int fd = -1;
	struct les_result result;

	les_interrupt_allow(true);
	enum les_kind kind = les_input_open(path, request.file_bytes_max, &fd, reterr);
	les_interrupt_allow(false);
	if (kind == LES_OK)
		kind = les_result_init(&result, &a->places, path, reterr);
	if (kind != LES_OK)
		return kind;
	request.fd = fd;
	const struct les_job_sink sink = les_result_sink(&result);
	kind = les_job_run(pool, &request, &sink, totals, reterr);
	if (kind != LES_OK && result.error.kind != LES_OK)
		*reterr = result.error; /* the sink knows better why it ended the job */
	if (kind == LES_OK)
		kind = les_result_finish(&result, totals, reterr);
	les_result_done(&result);
	return kind;
}

/* Reads every file, whatever happens to the others. One file: its own exit code; several: 1 if any
 * failed. */
static int read_files(struct les_pool *pool, struct arguments *a,
		      const struct les_job_request *request)
{
	int code = 0;

	for (uint32_t i = 0; i < a->files_n; i++) {
		struct les_job_totals totals = {0};
		struct les_error error;
		enum les_kind kind = read_file(pool, a, a->files[i], *request, &totals, &error);

		if (kind != LES_OK) {
			fprintf(stderr, "lesart read: %s: %s (%s)\n", a->files[i], error.message,
				les_kind_info(kind)->name);
			code = a->files_n == 1 ? les_kind_info(kind)->exit_code : 1;
			if (kind == LES_CANCELLED)
				return les_kind_info(kind)->exit_code;
		} else if (totals.pages_failed_n) {
			code = 1;
		}
	}
	return code;
}

int les_cli_read(int argc, char **argv)
{
	struct arguments a = {
		.format = "txt", .password = "", .places = {.illegible_text = "[unleserlich]"}};
	struct les_job_request request;
	struct les_error error;
	struct les_pool *pool;
	LES_CLEANUP(les_free_p) char *binary_dir = NULL;
	enum les_kind kind = parse(argc, argv, &a, &error);

	if (kind == LES_OK)
		kind = check_names(&a, &error);
	if (kind == LES_OK)
		kind = make_folder(a.places.out_dir, &error);
	if (kind == LES_OK)
		kind = make_folder(a.places.images_dir, &error);
	if (kind == LES_OK)
		kind = make_folder(a.places.overlay_dir, &error);
	if (kind == LES_OK)
		kind = prepare_request(&a, &request, &error);
	if (kind == LES_OK)
		kind = les_interrupt_open(&request.cancel_fd, &error);
	if (kind == LES_OK)
		kind = les_reading_pool(&a.reading, a.files_n, 1, &binary_dir, &pool, &error);
	if (kind != LES_OK)
		return les_options_exit("read", &error);
	int code = read_files(pool, &a, &request);
	les_pool_free(pool);
	les_reading_done(&a.reading);
	les_fd_close(&request.layout_fd);
	les_fd_close(&request.cancel_fd);
	return code;
}
