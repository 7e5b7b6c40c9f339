/* Every malformed document through the real decoder and the real pool; the recogniser is one that
 * reads nothing, since only decoding is at stake. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "tests/malformed/corpus.h"
#include "tests/test.h"
#include "tests/workers/workers.h"

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* A page's deadline: short where a document may run into it, else such that a busy machine does
 * not. */
enum { PAGE_SECONDS_SHORT = 4, PAGE_SECONDS_LONG = 60 };

static uint32_t page_seconds(const struct malformed *row)
{
	return row->want & IS_DEADLINE ? PAGE_SECONDS_SHORT : PAGE_SECONDS_LONG;
}

/* What a document may take with everything around it. */
static int64_t document_ms_max(const struct malformed *row)
{
	return 4 * (int64_t)page_seconds(row) * 1000 + 3000;
}

static struct folder workers, models;

struct tally {
	struct les_pool *pool;
	unsigned documents_n, wrong_n;
};

static enum les_kind run(struct les_pool *pool, const struct les_buf *bytes, const char *password,
			 uint32_t seconds, struct les_job_totals *totals, struct les_error *error)
{
	static const char *const folders[] = {models.path, NULL};
	LES_CLEANUP(les_fd_close) int fd = document_fd(bytes->bytes, bytes->len);
	struct les_job_request request;

	les_job_request_init(&request);
	request.fd = fd;
	request.password = password;
	request.tessdata = folders;
	request.language = "good";
	request.page_seconds = seconds;
	return les_job_run(pool, &request, &(struct les_job_sink){0}, totals, error);
}

static void check(void *context, const struct malformed *row, unsigned variant,
		  const struct les_buf *bytes)
{
	struct tally *tally = context;
	struct les_job_totals totals;

	struct les_error error = {.message = ""};
	const int64_t since_ms = les_clock_ms();
	enum les_kind kind = run(tally->pool, bytes, "", page_seconds(row), &totals, &error);
	const int64_t took_ms = les_clock_ms() - since_ms;
	const bool right = row->want & K(kind) && (kind != LES_OK || !row->pages_failed ||
						   totals.pages_failed_n == row->pages_failed);

	tally->documents_n++;
	if (right && took_ms < document_ms_max(row))
		return;
	print_error("%s %u: came to %s after %lld ms, %u of %u pages failed: %s\n", row->name,
		    variant, les_kind_info(kind)->name, (long long)took_ms, totals.pages_failed_n,
		    totals.pages_n, error.message);
	tally->wrong_n++;
}

static void every_document_comes_to_its_kind(void **state)
{
	(void)state;
	const unsigned fds_before = fds_open();
	struct tally tally = {.pool = pool_over(&workers)};
	struct rusage used;

	malformed_each(check, &tally);
	les_pool_free(tally.pool);
	assert_int_equal(tally.wrong_n, 0);
	assert_true(tally.documents_n >= 60);
	assert_false(has_children());
	assert_int_equal(fds_open(), fds_before);
	/* no decoder ever held more than its share */
	assert_int_equal(getrusage(RUSAGE_CHILDREN, &used), 0);
	const uint64_t peak = (uint64_t)used.ru_maxrss * 1024;
	print_message("%u documents, a decoder's peak %llu MiB\n", tally.documents_n,
		      (unsigned long long)(peak >> 20));
#ifndef __SANITIZE_ADDRESS__
	assert_true(peak < LES_DECODE_BASE_BYTES + LES_FILE_BYTES_MAX +
				   LES_DECODE_BYTES_PER_PX * LES_PAGE_PX_MAX);
#endif
}

static void a_lock_opens_to_its_password(void **state)
{
	static const struct {
		const char *password;
		enum les_kind want;
	} rows[] = {{"", LES_ENCRYPTED}, {"Eiche", LES_ENCRYPTED}, {"Linde", LES_OK}};
	struct les_pool *pool = pool_over(&workers);
	LES_CLEANUP(les_buf_done) struct les_buf bytes = LES_BUF(DOCUMENT_BYTES_MAX);

	(void)state;
	document_pdf_locked(&bytes, "Linde", "/MediaBox[0 0 99 99]");
	for (size_t i = 0; i < LES_COUNT(rows); i++) {
		struct les_job_totals totals;
		struct les_error error;
		enum les_kind kind =
			run(pool, &bytes, rows[i].password, PAGE_SECONDS_LONG, &totals, &error);
		if (kind != rows[i].want)
			fail_msg("\"%s\": %s", rows[i].password, error.message);
	}
	les_pool_free(pool);
}

static int make_folders(void **state)
{
	(void)state;
	folder_make(&workers);
	folder_link(&workers, RELEASE_WORKERS, "lesart-decode");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_document_comes_to_its_kind),
		cmocka_unit_test(a_lock_opens_to_its_password),
	};
	return cmocka_run_group_tests(tests, make_folders, remove_folders);
}
