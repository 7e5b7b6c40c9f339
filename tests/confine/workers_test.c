/* Workers under foreign control, started by the real pool: each of their tricks costs them their
 * life and the page an error, and leaves nothing behind. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "tests/test.h"
#include "tests/workers/workers.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a job came to. */
struct heard {
	enum les_kind kind;
	struct les_error error;
	struct les_job_totals totals;
	enum les_kind page_error[4];
};

static enum les_kind on_page_error(void *context, uint32_t page, const struct les_error *error)
{
	struct heard *heard = context;

	if (page < LES_COUNT(heard->page_error))
		heard->page_error[page] = error->kind;
	return LES_OK;
}

static struct heard run(struct les_pool *pool, struct les_job_request *request)
{
	struct heard heard = {0};
	const struct les_job_sink sink = {.context = &heard, .page_error = on_page_error};

	request->page_seconds = 1;
	request->pages_max = 10;
	request->page_px_max = 1000000;
	heard.kind = les_job_run(pool, request, &sink, &heard.totals, &heard.error);
	return heard;
}

/* Tricks of a decoder, told by the document's bytes. Only its first page is read, so that the
 * page's error is the document's. */
static const struct {
	const char *scenario;
	enum les_kind want;
} decoders[] = {
	{"good", LES_OK},
	{"no pages", LES_PEER},
	{"pages beyond the cap", LES_PEER},
	{"pages beyond the request", LES_PEER},
	{"no such kind", LES_PEER},
	{"page before document", LES_PEER},
	{"ready again", LES_PEER},
	{"a layout instead", LES_PEER},
	{"a document with an fd", LES_PEER},
	{"an empty datagram", LES_PEER},
	{"not our magic", LES_PEER},
	{"half a header", LES_PEER},
	{"a length that lies", LES_PEER},
	{"more than fits", LES_PEER},
	{"seven fds", LES_PEER},
	{"fds on nothing", LES_PEER},
	{"words for a terminal", LES_FORMAT},
	{"a kind of its own", LES_PEER},
	{"success as failure", LES_PEER},
	{"a flood of failures", LES_FORMAT},
	{"silence at once", LES_DEADLINE},
	{"its end", LES_PEER},
	{"a crash", LES_PEER},
	{"not sealed", LES_PEER},
	{"not sealed against writing", LES_PEER},
	{"not sealed against shrinking", LES_PEER},
	{"too short", LES_PEER},
	{"too long", LES_PEER},
	{"no bytes", LES_PEER},
	{"not memory", LES_PEER},
	{"a device", LES_PEER},
	{"another number", LES_PEER},
	{"a huge page", LES_PEER},
	{"a page of four billion", LES_PEER},
	{"a page beyond the request", LES_PEER},
	{"a stride that lies", LES_PEER},
	{"numbers that are none", LES_PEER},
	{"no fd", LES_PEER},
	{"a cut body", LES_PEER},
	{"a document again", LES_PEER},
	{"silence", LES_DEADLINE},
	{"endless work", LES_DEADLINE},
	{"its end at a page", LES_PEER},
	{"a flood of pages", LES_OK},
};

static struct heard read_document(struct les_pool *pool, const void *bytes, size_t n,
				  const char *pages, const char *language,
				  const struct folder *data)
{
	const char *const folders[] = {data->path, NULL};
	struct les_job_request request;

	les_job_request_init(&request);
	LES_CLEANUP(les_fd_close) int fd = document_fd(bytes, n);
	request.fd = fd;
	request.tessdata = folders;
	request.language = language;
	assert_int_equal(les_ranges_parse(pages, &request.pages, NULL), LES_OK);
	return run(pool, &request);
}

static struct folder workers, models;

static void a_decoder_reaches_nothing(void **state)
{
	(void)state;
	struct les_pool *pool = pool_over(&workers);
	unsigned wrong = 0;

	for (size_t i = 0; i < LES_COUNT(decoders); i++) {
		const char *scenario = decoders[i].scenario;
		struct heard heard =
			read_document(pool, scenario, strlen(scenario), "1", "good", &models);
		if (heard.kind == decoders[i].want)
			continue;
		print_error("%s: wanted %s, came to %s: %s\n", scenario,
			    les_kind_info(decoders[i].want)->name, les_kind_info(heard.kind)->name,
			    heard.error.message);
		wrong++;
	}
	assert_int_equal(wrong, 0);
	les_pool_free(pool);
}

static void its_words_are_harmless(void **state)
{
	(void)state;
	struct les_pool *pool = pool_over(&workers);
	struct heard heard = read_document(pool, "words for a terminal", 20, "1", "good", &models);

	for (const char *p = heard.error.message; *p; p++)
		assert_true((unsigned char)*p >= 0x20 && (unsigned char)*p < 0x7f);
	les_pool_free(pool);
}

static void a_page_lost_is_only_that_page(void **state)
{
	static const struct {
		const char *scenario;
		enum les_kind page_2;
	} rows[] = {{"a crash at page 2", LES_PEER}, {"a failure at page 2", LES_FORMAT}};
	struct les_pool *pool = pool_over(&workers);

	(void)state;
	for (size_t i = 0; i < LES_COUNT(rows); i++) {
		struct heard heard = read_document(pool, rows[i].scenario, strlen(rows[i].scenario),
						   "", "good", &models);
		assert_int_equal(heard.kind, LES_OK);
		assert_int_equal(heard.totals.pages_n, 3);
		assert_int_equal(heard.totals.pages_failed_n, 1);
		assert_int_equal(heard.page_error[2], rows[i].page_2);
	}
	les_pool_free(pool);
}

static void a_document_that_kills_is_given_up(void **state)
{
	(void)state;
	struct les_pool *pool = pool_over(&workers);
	struct les_pool_status status;
	struct heard heard = read_document(pool, "its end at a page", 17, "", "good", &models);

	assert_int_equal(heard.kind, LES_PEER);
	les_pool_status(pool, &status);
	assert_in_range(status.of[LES_ROLE_DECODE].started_n, LES_DOCUMENT_CRASHES_MAX,
			LES_DOCUMENT_CRASHES_MAX + 1);
	les_pool_free(pool);
}

/* Tricks of a recogniser, told by the language. */
static const struct {
	const char *scenario;
	enum les_kind want;
} recognisers[] = {
	{"good", LES_OK},
	{"good_lines", LES_OK},
	{"lines_not_sealed", LES_PEER},
	{"lines_of_another_size", LES_PEER},
	{"lines_of_zeros", LES_PEER},
	{"lines_of_nothing", LES_PEER},
	{"more_lines_than_the_cap", LES_PEER},
	{"counts_of_four_billion", LES_PEER},
	{"a_region_that_is_not_there", LES_PEER},
	{"lines_twice", LES_PEER},
	{"regions_twice", LES_PEER},
	{"a_flood_of_lines", LES_PEER},
	{"a_picture_unasked", LES_PEER},
	{"a_flood_of_empty_pictures", LES_PEER},
	{"a_miscount", LES_PEER},
	{"the_end_before_the_lines", LES_PEER},
	{"ready_again", LES_PEER},
	{"a_page_of_a_decoder", LES_PEER},
	{"a_failure", LES_NOMEM},
	{"its_end", LES_PEER},
	{"a_crash", LES_PEER},
	{"silence", LES_DEADLINE},
	{"endless_work", LES_DEADLINE},
};

static void a_recogniser_reaches_nothing(void **state)
{
	(void)state;
	struct les_pool *pool = pool_over(&workers);
	unsigned wrong = 0;

	for (size_t i = 0; i < LES_COUNT(recognisers); i++) {
		const char *scenario = recognisers[i].scenario;
		char file[100];
		snprintf(file, sizeof file, "%s.traineddata", scenario);
		folder_write(&models, file, "x", 1, NULL);
		struct heard heard = read_document(pool, "good", 4, "1", scenario, &models);
		struct heard next = read_document(pool, "good", 4, "1", "good", &models);
		if (heard.kind == recognisers[i].want && next.kind == LES_OK)
			continue;
		print_error("%s: wanted %s, came to %s: %s; then %s\n", scenario,
			    les_kind_info(recognisers[i].want)->name,
			    les_kind_info(heard.kind)->name, heard.error.message,
			    les_kind_info(next.kind)->name);
		wrong++;
	}
	assert_int_equal(wrong, 0);
	les_pool_free(pool);
}

static enum les_kind start_from(const char *binary_dir, int64_t patience_ms,
				struct les_error *reterr)
{
	const struct les_spawn spawn = {.binary_dir = binary_dir};
	struct les_worker *worker;
	enum les_kind kind = les_worker_start(LES_ROLE_DECODE, &spawn, &worker, reterr);

	if (kind != LES_OK)
		return kind;
	kind = les_worker_wait_ready(worker, &spawn, les_clock_ms() + patience_ms, reterr);
	les_worker_end(worker, NULL);
	return kind;
}

/* Not even READY: another program by that name. */
static void what_is_no_worker_of_this_build_is_refused(void **state)
{
	static const struct {
		const char *script;
		enum les_kind want;
	} rows[] = {
		{"#!/bin/sh\nexit 0\n", LES_PEER},
		{"#!/bin/sh\nkill -SEGV $$\n", LES_PEER},
		{"#!/bin/sh\nprintf hello >&3\n", LES_PEER},
		{"#!/bin/sh\nexec sleep 60\n", LES_DEADLINE},
		{"\x7f"
		 "ELF",
		 LES_PEER},
	};
	struct les_error error;

	(void)state;
	assert_int_equal(start_from(STRANGE_WORKERS, 10000, &error), LES_PEER);
	assert_non_null(strstr(error.message, "build"));
	assert_null(strchr(error.message, '\x1b'));
	assert_int_equal(start_from("/nonexistent", 1000, &error), LES_NOTFOUND);
	for (size_t i = 0; i < LES_COUNT(rows); i++) {
		struct folder folder;
		char path[4096];
		folder_make(&folder);
		folder_write(&folder, "lesart-decode", rows[i].script, strlen(rows[i].script),
			     path);
		assert_int_equal(start_from(folder.path, 500, &error), LES_NOTFOUND);
		assert_int_equal(chmod(path, 0700), 0);
		assert_int_equal(
			start_from(folder.path, rows[i].want == LES_PEER ? 5000 : 300, &error),
			rows[i].want);
		folder_remove(&folder);
	}
}

static unsigned fds_before;

static int nothing_is_left(void **state)
{
	(void)state;
	assert_false(has_children());
	assert_int_equal(fds_open(), fds_before);
	return 0;
}

static int remember_fds(void **state)
{
	(void)state;
	fds_before = fds_open();
	return 0;
}

static int make_folders(void **state)
{
	(void)state;
	folder_make(&workers);
	folder_link(&workers, HOSTILE_WORKERS, "lesart-decode");
	folder_link(&workers, HOSTILE_WORKERS, "lesart-tesseract");
	folder_make(&models);
	folder_write(&models, "good.traineddata", "x", 1, NULL);
	return 0;
}

static int remove_folders(void **state)
{
	(void)state;
	folder_remove(&workers);
	folder_remove(&models);
	return 0;
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, remember_fds, nothing_is_left)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_decoder_reaches_nothing),
		CASE(its_words_are_harmless),
		CASE(a_page_lost_is_only_that_page),
		CASE(a_document_that_kills_is_given_up),
		CASE(a_recogniser_reaches_nothing),
		CASE(what_is_no_worker_of_this_build_is_refused),
	};
	return cmocka_run_group_tests(tests, make_folders, remove_folders);
}
