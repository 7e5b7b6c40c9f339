/* What reading a typewritten page costs beside what Tesseract itself takes for it, in one run, so
 * that the machine and its moods cancel out; and what lesart serve keeps in memory while it waits.
 *
 *   read_page LESART SOURCE-ROOT
 *
 * Exits with 1 where a bar that does not depend on the machine's load is missed. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "bench/process.h"
#include "export/export.h"
#include "jobs/job.h"

#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAIRS = 5, OVERHEAD_BAR_MS = 60, IDLE_BAR_MB = 90, READY_WITHIN_MS = 10000 };

static const struct {
	const char *path, *language; /* below the source's root; the first that is there */
} samples[] = {
	{"../shared/data/typescript-pages/val/28_674fd_default.webp", "fra"},
	{"samples/letter.jpg", "deu"},
};

struct bench {
	const char *lesart;
	char page[4096];
	const char *language;
	char binary_dir[4096];
};

static bool find_page(struct bench *b, const char *root)
{
	for (size_t i = 0; i < LES_COUNT(samples); i++) {
		snprintf(b->page, sizeof b->page, "%s/%s", root, samples[i].path);
		b->language = samples[i].language;
		if (access(b->page, R_OK) == 0)
			return true;
	}
	return false;
}

static void print_processor(void)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	char line[256] = "";

	while (file && fgets(line, sizeof line, file) && strncmp(line, "model name", 10) != 0)
		;
	if (file)
		fclose(file);
	const char *name = strchr(line, ':');
	printf("processor          %s%s", name ? name + 2 : "unknown\n",
	       name && !strchr(name, '\n') ? "\n" : "");
}

/* Pairs in turn, so that both meet the same load. */
static void compare_with_tesseract(const struct bench *b)
{
	const char *const ours[] = {b->lesart,   "read",      "-f", "txt",   "--language",
				    b->language, "--threads", "1",  b->page, NULL};
	const char *const theirs[] = {"tesseract", b->page, "-", "-l", b->language, NULL};
	double seconds[2][PAIRS], ratios[PAIRS];

	if (WEXITSTATUS(program_run((const char *const[]){"tesseract", "--version", NULL}, false)
				.status) != 0) {
		puts("tesseract's program is not here: no comparison");
		return;
	}
	setenv("OMP_THREAD_LIMIT", "1", 1);
	for (int i = 0; i < PAIRS; i++) {
		seconds[0][i] = program_run(ours, false).seconds;
		seconds[1][i] = program_run(theirs, false).seconds;
		ratios[i] = seconds[0][i] / seconds[1][i];
	}
	const double mb[] = {program_run(ours, true).peak_mb, program_run(theirs, true).peak_mb};
	printf("lesart read        %.3f s, peak %.0f MB\n", median(seconds[0], PAIRS), mb[0]);
	printf("tesseract          %.3f s, peak %.0f MB\n", median(seconds[1], PAIRS), mb[1]);
	printf("ratio              %.3f of the time (median of %d pairs), %.2f of the memory\n",
	       median(ratios, PAIRS), PAIRS, mb[0] / mb[1]);
}

/* From the start of the program until a decoder has looked at its first bytes. */
static void measure_start(const struct bench *b)
{
	char path[] = "/tmp/lesart-bench-XXXXXX";
	const char *const argv[] = {b->lesart, "read", path, NULL};
	double ms[2 * PAIRS + 1];
	int fd = mkstemp(path);

	if (fd < 0 || write(fd, "no document", 11) != 11)
		return;
	close(fd);
	for (size_t i = 0; i < LES_COUNT(ms); i++)
		ms[i] = 1e3 * program_run(argv, false).seconds;
	unlink(path);
	printf("start-up           %.0f ms until a decoder has refused a file of no kind\n",
	       median(ms, LES_COUNT(ms)));
}

/* ---- one page through warm workers ---- */

struct sink {
	struct les_export export;
	struct les_export_about about;
	struct les_buf out;
	struct les_error error;
};

static enum les_kind on_start(void *context, const struct les_job_start *start)
{
	struct sink *sink = context;

	sink->about = (struct les_export_about){.file_name = "page",
						.kind = start->document.kind,
						.pages_n = 1,
						.engine = start->engine,
						.precision = "",
						.illegible_text = "",
						.created = "2026-01-01T00:00:00Z"};
	return les_export_begin(&sink->export, LES_EXPORT_JSON, &sink->about, &sink->out,
				&sink->error);
}

static enum les_kind on_page(void *context, const struct les_page *page,
			     const struct les_job_pictures *pictures)
{
	struct sink *sink = context;

	(void)pictures;
	return les_export_page(&sink->export, page, NULL, &sink->out, &sink->error);
}

static bool read_once(const struct bench *b, struct les_pool *pool, struct les_job_totals *ret)
{
	LES_CLEANUP(les_fd_close) int fd = open(b->page, O_RDONLY | O_CLOEXEC);
	struct sink sink = {.out = LES_BUF(LES_EXPORT_BYTES_MAX)};
	const struct les_job_sink callbacks = {
		.context = &sink, .start = on_start, .page_done = on_page};
	struct les_job_request request;
	struct les_error error;

	les_job_request_init(&request);
	request.fd = fd;
	request.language = b->language;
	const enum les_kind kind = les_job_run(pool, &request, &callbacks, ret, &error);
	if (kind != LES_OK)
		printf("the page was not read: %s\n", error.message);
	les_export_done(&sink.export);
	les_buf_done(&sink.out);
	return kind == LES_OK;
}

static bool measure_overhead(const struct bench *b)
{
	const struct les_pool_config config = {
		.binary_dir = b->binary_dir,
		.stock = {[LES_ROLE_DECODE] = {1, 0}, [LES_ROLE_TESSERACT] = {1, 1}},
		.threads = 1,
		.recogniser_documents = 1000,
		.allow_weak_sandbox = true};
	double decode[PAIRS], prepare[PAIRS], recognise[PAIRS], rest[PAIRS];
	struct les_job_totals t;
	struct les_pool *pool;
	struct les_error error;
	bool ok = les_pool_new(&config, &pool, &error) == LES_OK;

	if (!ok)
		return false;
	ok = read_once(b, pool, &t); /* warms up */
	for (int i = 0; i < PAIRS && ok; i++) {
		usleep(300000); /* the next decoder gets ready meanwhile, as between two requests */
		ok = read_once(b, pool, &t);
		decode[i] = 1e3 * t.decode_seconds;
		prepare[i] = 1e3 * t.preprocess_seconds;
		recognise[i] = 1e3 * t.recognise_seconds;
		rest[i] = 1e3 * (t.seconds - t.decode_seconds - t.recognise_seconds);
	}
	les_pool_free(pool);
	if (!ok)
		return false;
	const double ms = median(rest, PAIRS);
	printf("a page             decode %.0f ms, recognise %.0f ms; neither: %.0f ms (bar: %d), "
	       "of which preparing %.0f\n",
	       median(decode, PAIRS), median(recognise, PAIRS), ms, OVERHEAD_BAR_MS,
	       median(prepare, PAIRS));
	return true;
}

/* ---- a server that waits ---- */

static bool measure_idle(const struct bench *b)
{
	char folder[] = "/tmp/lesart-bench-XXXXXX", listen[64], url[64];
	uint32_t n = 0;
	double mb = 0;

	if (!mkdtemp(folder))
		return false;
	snprintf(listen, sizeof listen, "unix:%s/socket", folder);
	snprintf(url, sizeof url, "%s", listen);
	const char *const serve[] = {b->lesart,   "serve", "--listen", listen,
				     "--threads", "1",     NULL};
	const char *const health[] = {b->lesart, "health", url, NULL};
	const int64_t deadline_ms = les_clock_ms() + READY_WITHIN_MS;
	const pid_t pid = program_start(serve);
	while (pid > 0 && les_clock_left_ms(deadline_ms) && program_run(health, false).status != 0)
		usleep(20000);
	while (pid > 0 && les_clock_left_ms(deadline_ms) && n != 3) {
		usleep(500000);
		mb = tree_mb(pid, &n); /* lesart, one decoder, one recogniser */
	}
	if (pid > 0) {
		kill(pid, SIGTERM);
		waitpid(pid, NULL, 0);
	}
	rmdir(folder);
	if (n != 3) {
		puts("lesart serve       its workers' memory cannot be seen: only root may look");
		return geteuid() != 0;
	}
	printf("lesart serve       %.1f MB idle, sum of PSS of %u processes (bar: %d)\n", mb, n,
	       IDLE_BAR_MB);
	return mb <= IDLE_BAR_MB;
}

int main(int argc, char **argv)
{
	struct bench b = {.lesart = argc > 1 ? argv[1] : "lesart"};
	char copy[4096];

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc != 3 || !find_page(&b, argv[2])) {
		fputs("usage: read_page LESART SOURCE-ROOT\n", stderr);
		return 2;
	}
	snprintf(copy, sizeof copy, "%s", b.lesart);
	snprintf(b.binary_dir, sizeof b.binary_dir, "%s", dirname(copy));
	print_processor();
	printf("page               %s (%s)\n", strrchr(b.page, '/') + 1, b.language);
	compare_with_tesseract(&b);
	measure_start(&b);
	const bool read = measure_overhead(&b), idle = measure_idle(&b);
	return read && idle ? 0 : 1;
}
