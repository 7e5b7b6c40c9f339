/* jobs/: documents whose workers are slow, broken or silent at will. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "jobs/job.h"
#include "tests/flow/setting.h"
#include "tests/test.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

/* A page's deadline: short where a document runs into it, else such that a busy machine does not.
 * To be cancelled takes milliseconds, or minutes where nobody listens until the deadline. */
enum { PAGE_SECONDS_SHORT = 2, PAGE_SECONDS_LONG = 300, CANCELLED_WITHIN_MS = 20000, PAGES = 8 };

/* What a job told its sink: a letter a page, '!' for an error, in the order of telling. */
struct told {
	char pages[PAGES + 1];
	uint32_t n;
	enum les_kind kind, page_kind;
	struct les_error error;
	struct les_job_totals totals;
};

static enum les_kind page_done(void *context, const struct les_page *page,
			       const struct les_job_pictures *pictures)
{
	struct told *told = context;

	(void)pictures;
	assert_int_equal(page->info.number, told->n + 1);
	told->pages[told->n++] = page->lines[0].text[0];
	return LES_OK;
}

static enum les_kind page_error(void *context, uint32_t page, const struct les_error *error)
{
	struct told *told = context;

	assert_int_equal(page, told->n + 1);
	told->pages[told->n++] = '!';
	told->page_kind = error->kind;
	return LES_OK;
}

struct work {
	const struct setting *setting;
	const char *document;
	int cancel_fd;
	uint32_t page_seconds, threads;
	struct told told;
};

static void *work(void *context)
{
	struct work *w = context;
	LES_CLEANUP(les_fd_close) int fd = document_fd(w->document, strlen(w->document));
	const struct les_job_sink sink = {
		.context = &w->told, .page_done = page_done, .page_error = page_error};
	struct les_job_request request;

	les_job_request_init(&request);
	request.fd = fd;
	request.tessdata = w->setting->tessdata;
	request.cancel_fd = w->cancel_fd;
	request.page_seconds = w->page_seconds;
	request.threads = w->threads;
	w->told.kind =
		les_job_run(w->setting->pool, &request, &sink, &w->told.totals, &w->told.error);
	return NULL;
}

static struct told run(const struct setting *setting, const char *document, uint32_t threads)
{
	struct work w = {.setting = setting,
			 .document = document,
			 .cancel_fd = -1,
			 .page_seconds =
				 strchr(document, 'h') ? PAGE_SECONDS_SHORT : PAGE_SECONDS_LONG,
			 .threads = threads};

	work(&w);
	return w.told;
}

static void pages_come_in_order_and_errors_cost_their_page(void **state)
{
	(void)state;
	static const struct {
		const char *document, *pages;
		enum les_kind kind, page_kind;
	} rows[] = {
		{"ooooo", "oooo", LES_OK, LES_OK},
		{"osoos", "soos", LES_OK, LES_OK}, /* a slow page holds back those after it */
		{"oofoo", "o!oo", LES_OK, LES_FORMAT},
		{"ooffo", "o!!o", LES_OK, LES_FORMAT},
		{"oocoo", "o!oo", LES_OK, LES_PEER},
		{"oooco", "oo!o", LES_OK, LES_PEER},
		{"ooooc", "ooo!", LES_OK, LES_PEER}, /* the last: no new decoder is needed */
		{"ooroo", "o!oo", LES_OK, LES_PEER},
		{"orrro", "!!!o", LES_OK, LES_PEER},
		{"oohoo", "o!oo", LES_OK, LES_DEADLINE},
		{"f", "", LES_FORMAT, LES_OK},
		{"c", "", LES_PEER, LES_OK},
		{"h", "", LES_DEADLINE, LES_OK},
		{"of", "", LES_FORMAT, LES_OK}, /* one page that fails is a document that fails */
		{"oc", "", LES_PEER, LES_OK},
		{"or", "", LES_PEER, LES_OK},
	};
	struct setting setting;

	setting_make(&setting, 2);
	for (size_t i = 0; i < LES_COUNT(rows); i++) {
		for (uint32_t threads = 1; threads <= 2; threads++) {
			const struct told told = run(&setting, rows[i].document, threads);
			if (told.kind != rows[i].kind || told.page_kind != rows[i].page_kind ||
			    strcmp(told.pages, rows[i].pages) != 0)
				fail_msg("%s: kind %d, page %d, pages %s: %s", rows[i].document,
					 told.kind, told.page_kind, told.pages, told.error.message);
		}
	}
	assert_true(setting_await(&setting, LES_ROLE_TESSERACT, BUSY_N, 0, PATIENCE_MS));
	setting_remove(&setting);
	assert_false(has_children());
}

static void a_document_that_ends_its_decoder_twice_is_given_up(void **state)
{
	(void)state;
	struct setting setting;
	struct les_pool_status before, after;

	setting_make(&setting, 1);
	assert_true(setting_await(&setting, LES_ROLE_DECODE, READY_N, 1, PATIENCE_MS));
	les_pool_status(setting.pool, &before);
	const struct told told = run(&setting, "oococooo", 1);
	assert_int_equal(told.kind, LES_PEER);
	assert_non_null(strstr(told.error.message, "2 times"));
	assert_true(setting_await(&setting, LES_ROLE_DECODE, READY_N, 1, PATIENCE_MS));
	les_pool_status(setting.pool, &after);
	assert_int_equal(after.of[LES_ROLE_DECODE].started_n,
			 before.of[LES_ROLE_DECODE].started_n + 2);
	setting_remove(&setting);
}

/* A slow page costs itself and its decoder, however many there are; only crashes add up. */
static void slow_pages_do_not_count_as_crashes(void **state)
{
	(void)state;
	static const struct {
		const char *document, *pages;
		enum les_kind kind, page_kind;
		uint32_t decoders_n;
	} rows[] = {
		{"ohhoo", "!!oo", LES_OK, LES_DEADLINE, 3},
		{"ohhh", "!!!", LES_OK, LES_DEADLINE, 3}, /* after the last none is needed */
		{"ochho", "!!!o", LES_OK, LES_DEADLINE, 4},
		{"ochhco", "!!!", LES_PEER, LES_DEADLINE, 4},
	};
	struct setting setting;
	struct les_pool_status before, after;

	setting_make(&setting, 1);
	for (size_t i = 0; i < LES_COUNT(rows); i++) {
		assert_true(setting_await(&setting, LES_ROLE_DECODE, READY_N, 1, PATIENCE_MS));
		les_pool_status(setting.pool, &before);
		const struct told told = run(&setting, rows[i].document, 1);
		if (told.kind != rows[i].kind || told.page_kind != rows[i].page_kind ||
		    strcmp(told.pages, rows[i].pages) != 0)
			fail_msg("%s: kind %d, page %d, pages %s: %s", rows[i].document, told.kind,
				 told.page_kind, told.pages, told.error.message);
		assert_true(setting_await(&setting, LES_ROLE_DECODE, READY_N, 1, PATIENCE_MS));
		les_pool_status(setting.pool, &after);
		assert_int_equal(after.of[LES_ROLE_DECODE].started_n -
					 before.of[LES_ROLE_DECODE].started_n,
				 rows[i].decoders_n);
	}
	setting_remove(&setting);
	assert_false(has_children());
}

/* Starts a job on a thread of its own, waits until it hangs, cancels it; milliseconds until it had
 * ended. */
static int64_t cancel_while(const struct setting *setting, const char *document, int settle_ms)
{
	LES_CLEANUP(les_fd_close) int cancel_fd = eventfd(0, EFD_CLOEXEC);
	struct work w = {.setting = setting,
			 .document = document,
			 .cancel_fd = cancel_fd,
			 .page_seconds = PAGE_SECONDS_LONG,
			 .threads = 2};
	const uint64_t one = 1;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, work, &w), 0);
	usleep((useconds_t)settle_ms * 1000);
	const int64_t since_ms = les_clock_ms();
	assert_int_equal(write(cancel_fd, &one, sizeof one), sizeof one);
	pthread_join(thread, NULL);
	assert_int_equal(w.told.kind, LES_CANCELLED);
	return les_clock_ms() - since_ms;
}

static void a_cancelled_job_ends_wherever_it_hangs(void **state)
{
	(void)state;
	static const char *const documents[] = {"h", "oh", "ooh", "oH", "ooH", "oHh", "oHHHH"};
	struct setting setting;

	setting_make(&setting, 2);
	for (size_t i = 0; i < LES_COUNT(documents); i++) {
		const int64_t ms = cancel_while(&setting, documents[i], 300);
		if (ms > CANCELLED_WITHIN_MS)
			fail_msg("%s: %lld ms", documents[i], (long long)ms);
		assert_true(setting_await(&setting, LES_ROLE_TESSERACT, BUSY_N, 0, PATIENCE_MS));
	}
	setting_remove(&setting);
	assert_false(has_children());
}

static void a_job_that_waits_for_a_recogniser_can_be_cancelled(void **state)
{
	(void)state;
	LES_CLEANUP(les_fd_close) int cancel_fd = eventfd(0, EFD_CLOEXEC);
	struct setting setting;
	const uint64_t one = 1;
	pthread_t thread;

	setting_make(&setting, 1);
	struct work holds = {.setting = &setting,
			     .document = "oH",
			     .cancel_fd = cancel_fd,
			     .page_seconds = PAGE_SECONDS_LONG,
			     .threads = 1};
	assert_int_equal(pthread_create(&thread, NULL, work, &holds), 0);
	assert_true(setting_await(&setting, LES_ROLE_TESSERACT, BUSY_N, 1, PATIENCE_MS));
	assert_in_range(cancel_while(&setting, "ooo", 300), 0, CANCELLED_WITHIN_MS);
	assert_int_equal(write(cancel_fd, &one, sizeof one), sizeof one);
	pthread_join(thread, NULL);
	assert_int_equal(holds.told.kind, LES_CANCELLED);
	setting_remove(&setting);
}

/* No page of one user stays beside the next: whoever was cancelled in the middle is not seen again.
 */
static void a_cancelled_recogniser_is_replaced(void **state)
{
	(void)state;
	struct les_pool_status before, after;
	struct setting setting;

	setting_make(&setting, 1);
	assert_string_equal(run(&setting, "oo", 1).pages, "o");
	les_pool_status(setting.pool, &before);
	assert_string_equal(run(&setting, "oo", 1).pages, "o");
	les_pool_status(setting.pool, &after);
	assert_int_equal(after.of[LES_ROLE_TESSERACT].started_n,
			 before.of[LES_ROLE_TESSERACT].started_n); /* kept warm */
	cancel_while(&setting, "oH", 200);
	assert_string_equal(run(&setting, "oo", 1).pages, "o");
	les_pool_status(setting.pool, &after);
	assert_int_equal(after.of[LES_ROLE_TESSERACT].started_n,
			 before.of[LES_ROLE_TESSERACT].started_n + 1);
	setting_remove(&setting);
}

/* A decoder that dies at its start so many times, each after a while, then is a good one. */
static enum les_kind take_one_that_dies(unsigned times)
{
	static const char script[] = "#!/bin/sh\n"
				     "for i in %.*s; do\n"
				     "	(set -C; : >%s/$i) 2>/dev/null && sleep 0.3 && exit 1\n"
				     "done\n"
				     "exec " FLOW_WORKERS "/lesart-decode \"$@\"\n";
	struct folder folder;
	char text[1000], path[200];
	struct les_pool *pool;
	struct les_worker *decoder = NULL;

	folder_make(&folder);
	const int n = snprintf(text, sizeof text, script, (int)(2 * times), "1 2 3 4 5 6 7 8 ",
			       folder.path);
	folder_write(&folder, "lesart-decode", text, (size_t)n, NULL);
	snprintf(path, sizeof path, "%s/lesart-decode", folder.path);
	assert_int_equal(chmod(path, 0755), 0);
	const struct les_pool_config config = {.binary_dir = folder.path,
					       .stock = {[LES_ROLE_DECODE] = {1, 0}},
					       .threads = 1,
					       .recogniser_documents = 1,
					       .allow_weak_sandbox = true};
	assert_int_equal(les_pool_new(&config, &pool, NULL), LES_OK);
	const enum les_kind kind =
		les_pool_take_decoder(pool, les_clock_ms() + PATIENCE_MS, &decoder, NULL);
	les_worker_end(decoder, NULL);
	les_pool_free(pool);
	folder_remove(&folder);
	return kind;
}

static void a_worker_that_dies_before_it_is_ready_is_started_again(void **state)
{
	(void)state;
	assert_int_equal(take_one_that_dies(0), LES_OK);
	assert_int_equal(take_one_that_dies(1), LES_OK);
	assert_int_not_equal(take_one_that_dies(8), LES_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_come_in_order_and_errors_cost_their_page),
		cmocka_unit_test(a_document_that_ends_its_decoder_twice_is_given_up),
		cmocka_unit_test(slow_pages_do_not_count_as_crashes),
		cmocka_unit_test(a_cancelled_job_ends_wherever_it_hangs),
		cmocka_unit_test(a_job_that_waits_for_a_recogniser_can_be_cancelled),
		cmocka_unit_test(a_cancelled_recogniser_is_replaced),
		cmocka_unit_test(a_worker_that_dies_before_it_is_ready_is_started_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
