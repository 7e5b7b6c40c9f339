#include "base/cleanup.h"
#include "base/clock.h"
#include "base/cursor.h"
#include "cli/cli.h"
#include "cli/input.h"
#include "cli/reading.h"
#include "cli/truth.h"
#include "evaluate/rates.h"
#include "export/export.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

LES_DEFINE_CLEANUP(struct les_page, les_page_free)

enum { WORST_LINES = 10, CONFUSIONS_SHOWN = 20 };

struct arguments {
	struct les_reading reading;
	bool from_page, json;
	char **paths;
	int paths_n;
};

/* A line, or with --from-page a page, that was read and compared. */
struct compared {
	char *truth, *read;
	uint32_t document;
	double cer;
	uint64_t edits_n;
};

/* What came out of one document. */
struct outcome {
	struct les_rates rates;
	struct les_error error; /* kind LES_OK: read */
	struct compared *compared;
	uint32_t compared_n;
	double seconds;
	uint32_t lines_n; /* that were read */
};

struct evaluation {
	const struct arguments *arguments;
	struct les_pool *pool;
	const struct les_truths *truths;
	struct outcome *outcomes;
	struct les_confusions confusions;
	pthread_mutex_t lock;
	atomic_uint next;
};

static enum les_kind parse(int argc, char **argv, struct arguments *a, struct les_error *reterr)
{
	const struct les_option rows[] = {
		{"from-page", 0, NULL, "find the lines too, instead of taking the truth's",
		 LES_OPTION_FLAG, &a->from_page, 0, 0},
		{"json", 0, NULL, "one JSON object on standard output", LES_OPTION_FLAG, &a->json,
		 0, 0},
		LES_READING_OPTIONS(&a->reading),
	};
	const struct les_options options = {"lesart eval [OPTION]... DIR|FILE...   (images with "
					    ".gt.txt, PAGE or ALTO beside them)",
					    rows, LES_COUNT(rows), false};
	int first;

	les_reading_init(&a->reading);
	enum les_kind kind = les_options_parse(&options, argc, argv, &first, reterr);
	if (kind == LES_OK && first >= argc)
		return les_fail(reterr, LES_ARG, "no folder or file given (lesart eval --help)");
	a->paths = argv + first;
	a->paths_n = argc - first;
	return kind;
}

/* ---- one document ---- */

static enum les_kind read_text(const char *path, char **ret, struct les_error *reterr)
{
	LES_CLEANUP(les_fd_close) int fd = -1;
	LES_CLEANUP(les_buf_done) struct les_buf text = LES_BUF(LES_GT_BYTES_MAX);
	char bytes[4096];
	enum les_kind kind = les_input_open(path, LES_GT_BYTES_MAX, &fd, reterr);

	for (ssize_t n = 1; kind == LES_OK && n > 0;) {
		n = read(fd, bytes, sizeof bytes);
		if (n < 0)
			kind = les_fail_errno(reterr, "cannot read %s", path);
		else
			les_buf_put(&text, bytes, (size_t)n);
	}
	if (kind != LES_OK)
		return kind;
	if (text.failed || !les_utf8_valid((const char *)text.bytes, text.len))
		return les_fail(reterr, LES_FORMAT, "%.200s is not UTF-8", path);
	*ret = les_buf_take(&text);
	return *ret ? LES_OK : les_fail(reterr, LES_NOMEM, "no memory for a text");
}

/* A page's lines joined by one space, in their order. Heap, NULL where memory ran out. */
static char *joined(const struct les_page *page)
{
	LES_CLEANUP(les_buf_done) struct les_buf text = LES_BUF(LES_RECORDS_BYTES_MAX);

	for (uint32_t i = 0; i < page->lines_n; i++) {
		les_buf_puts(&text, i ? " " : "");
		les_buf_puts(&text, page->lines[i].text);
	}
	return les_buf_take(&text);
}

/* The pairs of a document: its texts with the truth, what was read still missing. */
static enum les_kind load_truth(struct evaluation *e, uint32_t index, struct les_page **ret_layout,
				struct les_error *reterr)
{
	const struct les_truth *truth = &e->truths->at[index];
	struct outcome *o = &e->outcomes[index];
	LES_CLEANUP(les_fd_close) int fd = -1;
	uint32_t n = 1;
	enum les_kind kind = LES_OK;

	if (!truth->text) {
		kind = les_input_open(truth->layout, LES_XML_BYTES_MAX, &fd, reterr);
		if (kind == LES_OK)
			kind = les_layout_read(e->pool, fd, ret_layout, reterr);
		if (kind == LES_OK && !e->arguments->from_page)
			n = (*ret_layout)->lines_n;
	}
	if (kind != LES_OK)
		return kind;
	o->compared = calloc(n ? n : 1, sizeof *o->compared);
	if (!o->compared)
		return les_fail(reterr, LES_NOMEM, "no memory for a page's texts");
	o->compared_n = n;
	if (truth->text)
		return read_text(truth->text, &o->compared[0].truth, reterr);
	for (uint32_t i = 0; i < n; i++) {
		o->compared[i].truth = e->arguments->from_page
					       ? joined(*ret_layout)
					       : strdup((*ret_layout)->lines[i].text);
		if (!o->compared[i].truth)
			return les_fail(reterr, LES_NOMEM, "no memory for a text");
	}
	return LES_OK;
}

/* A job's sink: keeps the text of the one page. */
struct taker {
	struct outcome *outcome;
	bool whole;
};

static enum les_kind take_page(void *context, const struct les_page *page,
			       const struct les_job_pictures *pictures)
{
	const struct taker *taker = context;
	struct outcome *o = taker->outcome;

	(void)pictures;
	if (taker->whole) {
		o->compared[0].read = joined(page);
		return o->compared[0].read ? LES_OK : LES_NOMEM;
	}
	for (uint32_t i = 0; i < o->compared_n && i < page->lines_n; i++)
		if (!(o->compared[i].read = strdup(page->lines[i].text)))
			return LES_NOMEM;
	return LES_OK;
}

static enum les_kind compare(struct evaluation *e, uint32_t index, struct les_error *reterr)
{
	struct outcome *o = &e->outcomes[index];
	struct les_confusions *confusions = calloc(1, sizeof *confusions);
	enum les_kind kind =
		confusions ? LES_OK : les_fail(reterr, LES_NOMEM, "no memory to compare");

	for (uint32_t i = 0; i < o->compared_n && kind == LES_OK; i++) {
		struct compared *c = &o->compared[i];
		struct les_rates one = {0};
		c->document = index;
		if (!c->truth[strspn(c->truth, " \t\r\n")])
			continue; /* nobody transcribed it: no error to count */
		kind = les_rates_add(&one, confusions, c->truth, c->read ? c->read : "", reterr);
		c->cer = les_rates_cer(&one);
		c->edits_n = one.edits_n;
		les_rates_merge(&o->rates, &one);
	}
	if (kind == LES_OK) {
		pthread_mutex_lock(&e->lock);
		les_confusions_merge(&e->confusions, confusions);
		pthread_mutex_unlock(&e->lock);
	}
	free(confusions);
	return kind;
}

static enum les_kind evaluate(struct evaluation *e, uint32_t index, struct les_error *reterr)
{
	const struct les_truth *truth = &e->truths->at[index];
	struct outcome *o = &e->outcomes[index];
	LES_CLEANUP(les_page_free_p) struct les_page *layout = NULL;
	LES_CLEANUP(les_fd_close) int image_fd = -1;
	LES_CLEANUP(les_fd_close) int layout_fd = -1;
	struct les_reading reading = e->arguments->reading;
	struct les_job_request request;
	struct les_job_totals totals = {0};
	enum les_kind kind = load_truth(e, index, &layout, reterr);

	les_reading_request(&reading, &request);
	if (kind == LES_OK)
		kind = les_input_open(truth->image, request.file_bytes_max, &image_fd, reterr);
	if (kind == LES_OK && layout && !e->arguments->from_page)
		kind = les_input_open(truth->layout, LES_XML_BYTES_MAX, &layout_fd, reterr);
	if (kind != LES_OK)
		return kind;
	request.fd = image_fd;
	request.layout_fd = layout_fd;
	request.threads = 1;
	request.mode = truth->text ? LES_READ_ONE : layout_fd >= 0 ? LES_READ_LINES : LES_READ_PAGE;
	struct taker taker = {o, request.mode != LES_READ_LINES};
	const struct les_job_sink sink = {.context = &taker, .page_done = take_page};
	kind = les_job_run(e->pool, &request, &sink, &totals, reterr);
	o->seconds = totals.recognise_seconds;
	o->lines_n = totals.lines_n;
	return kind == LES_OK ? compare(e, index, reterr) : kind;
}

/* ---- all of them ---- */

static void *work(void *context)
{
	struct evaluation *e = context;

	for (uint32_t i; (i = atomic_fetch_add(&e->next, 1)) < e->truths->n;)
		e->outcomes[i].error.kind = evaluate(e, i, &e->outcomes[i].error);
	return NULL;
}

static void work_in_threads(struct evaluation *e)
{
	pthread_t threads[LES_THREADS_MAX];
	uint32_t n = 0;

	while (n + 1 < e->arguments->reading.threads &&
	       pthread_create(&threads[n], NULL, work, e) == 0)
		n++;
	work(e);
	while (n)
		pthread_join(threads[--n], NULL);
}

struct summary {
	struct les_rates rates;
	uint32_t documents_n, failed_n;
	uint64_t lines_n;
	double recognise_seconds, seconds;
	struct compared worst[WORST_LINES];
	uint32_t worst_n;
};

/* Keeps the lines with most edits, most first. */
static void remember_worst(struct summary *s, const struct compared *c)
{
	uint32_t at = s->worst_n;

	if (c->edits_n == 0)
		return;
	while (at && s->worst[at - 1].edits_n < c->edits_n)
		at--;
	if (at == WORST_LINES)
		return;
	uint32_t last = s->worst_n < WORST_LINES ? s->worst_n++ : WORST_LINES - 1;
	memmove(&s->worst[at + 1], &s->worst[at], (last - at) * sizeof *s->worst);
	s->worst[at] = *c;
}

static void summarise(const struct evaluation *e, struct summary *s)
{
	for (uint32_t i = 0; i < e->truths->n; i++) {
		const struct outcome *o = &e->outcomes[i];
		s->documents_n++;
		s->failed_n += o->error.kind != LES_OK;
		s->recognise_seconds += o->seconds;
		s->lines_n += o->lines_n;
		les_rates_merge(&s->rates, &o->rates);
		for (uint32_t k = 0; k < o->compared_n; k++)
			remember_worst(s, &o->compared[k]);
	}
}

/* Of a reader's time, incl. finding the lines with --from-page. */
static double ms_per_line(const struct summary *s)
{
	return s->lines_n ? 1e3 * s->recognise_seconds / (double)s->lines_n : 0;
}

static json_t *json_rates(const struct les_rates *r)
{
	return json_pack("{s:f, s:f, s:f, s:I, s:I, s:I, s:I}", "cer", les_rates_cer(r),
			 "cer_normalised", les_rates_cer_normalised(r), "wer", les_rates_wer(r),
			 "characters", (json_int_t)r->characters_n, "edits", (json_int_t)r->edits_n,
			 "words", (json_int_t)r->words_n, "lines", (json_int_t)r->lines_n);
}

/* A code point as text; "" for nothing. */
static void put_symbol(uint32_t c, char out[5])
{
	size_t n = 0;

	if (c >= 0x10000) {
		out[n++] = (char)(0xf0 | c >> 18);
		out[n++] = (char)(0x80 | (c >> 12 & 0x3f));
	} else if (c >= 0x800) {
		out[n++] = (char)(0xe0 | c >> 12);
	}
	if (c >= 0x800)
		out[n++] = (char)(0x80 | (c >> 6 & 0x3f));
	else if (c >= 0x80)
		out[n++] = (char)(0xc0 | c >> 6);
	if (c >= 0x80)
		out[n++] = (char)(0x80 | (c & 0x3f));
	else if (c)
		out[n++] = (char)c;
	out[n] = 0;
}

static void print_json(const struct evaluation *e, const struct summary *s)
{
	LES_CLEANUP(les_buf_done) struct les_buf out = LES_BUF(LES_EXPORT_BYTES_MAX);
	json_t *total = json_rates(&s->rates), *documents = json_array(),
	       *confusions = json_array(), *worst = json_array();
	char truth[5], read[5];

	json_object_set_new(total, "seconds", json_real(s->seconds));
	json_object_set_new(total, "recognise_seconds", json_real(s->recognise_seconds));
	json_object_set_new(total, "ms_per_line", json_real(ms_per_line(s)));
	json_object_set_new(total, "documents", json_integer(s->documents_n));
	json_object_set_new(total, "failed", json_integer(s->failed_n));
	for (uint32_t i = 0; i < e->truths->n; i++) {
		const struct outcome *o = &e->outcomes[i];
		json_t *d =
			o->error.kind == LES_OK ? json_rates(&o->rates) : les_json_error(&o->error);
		json_object_set_new(d, "image", json_string(e->truths->at[i].image));
		json_array_append_new(documents, d);
	}
	for (uint32_t i = 0; i < e->confusions.n && i < CONFUSIONS_SHOWN; i++) {
		const struct les_confusion *c = &e->confusions.at[i];
		put_symbol(c->truth, truth);
		put_symbol(c->read, read);
		json_array_append_new(confusions,
				      json_pack("{s:s, s:s, s:I}", "truth", truth, "read", read,
						"count", (json_int_t)c->count));
	}
	for (uint32_t i = 0; i < s->worst_n; i++)
		json_array_append_new(worst,
				      json_pack("{s:s, s:f, s:s, s:s}", "image",
						e->truths->at[s->worst[i].document].image, "cer",
						s->worst[i].cer, "truth", s->worst[i].truth, "read",
						s->worst[i].read ? s->worst[i].read : ""));
	les_json_append(&out, json_pack("{s:s, s:o, s:o, s:o, s:o}", "schema", "lesart.eval/1",
					"total", total, "documents", documents, "confusions",
					confusions, "worst", worst));
	if (!out.failed)
		puts((const char *)out.bytes);
}

static void print_text(const struct evaluation *e, const struct summary *s)
{
	char truth[5], read[5];

	for (uint32_t i = 0; i < e->truths->n; i++) {
		const struct outcome *o = &e->outcomes[i];
		if (o->error.kind == LES_OK)
			printf("%6.2f %%  %s\n", 100 * les_rates_cer(&o->rates),
			       e->truths->at[i].image);
	}
	puts("\nmost frequent confusions (truth → read):");
	for (uint32_t i = 0; i < e->confusions.n && i < CONFUSIONS_SHOWN; i++) {
		const struct les_confusion *c = &e->confusions.at[i];
		put_symbol(c->truth, truth);
		put_symbol(c->read, read);
		printf("%8llu  {%s} → {%s}\n", (unsigned long long)c->count, truth, read);
	}
	puts(e->arguments->from_page ? "\nworst pages:" : "\nworst lines:");
	for (uint32_t i = 0; i < s->worst_n; i++)
		printf("%6.1f %%  %s\n  truth  %.300s\n  read   %.300s\n", 100 * s->worst[i].cer,
		       e->truths->at[s->worst[i].document].image, s->worst[i].truth,
		       s->worst[i].read ? s->worst[i].read : "");
	printf("\n%u documents, %llu %s, %llu characters, %.1f s\n", s->documents_n,
	       (unsigned long long)s->rates.lines_n, e->arguments->from_page ? "pages" : "lines",
	       (unsigned long long)s->rates.characters_n, s->seconds);
	printf("%.2f ms a line: %.2f s of readers' time for %llu lines%s\n", ms_per_line(s),
	       s->recognise_seconds, (unsigned long long)s->lines_n,
	       e->arguments->from_page ? ", finding them included" : "");
	printf("CER %.2f %%   reader-normalised %.2f %%   WER %.2f %%\n",
	       100 * les_rates_cer(&s->rates), 100 * les_rates_cer_normalised(&s->rates),
	       100 * les_rates_wer(&s->rates));
}

static int report(struct evaluation *e, double seconds)
{
	struct summary s = {.seconds = seconds};

	summarise(e, &s);
	les_confusions_sort(&e->confusions);
	for (uint32_t i = 0; i < e->truths->n; i++)
		if (e->outcomes[i].error.kind != LES_OK)
			fprintf(stderr, "lesart eval: %s: %s (%s)\n", e->truths->at[i].image,
				e->outcomes[i].error.message,
				les_kind_info(e->outcomes[i].error.kind)->name);
	if (e->arguments->json)
		print_json(e, &s);
	else
		print_text(e, &s);
	return s.failed_n ? 1 : 0;
}

static void outcomes_free(struct outcome *outcomes, uint32_t n)
{
	for (uint32_t i = 0; outcomes && i < n; i++) {
		for (uint32_t k = 0; k < outcomes[i].compared_n; k++) {
			free(outcomes[i].compared[k].truth);
			free(outcomes[i].compared[k].read);
		}
		free(outcomes[i].compared);
	}
	free(outcomes);
}

/* All the paths' pairs in one list. */
static enum les_kind find_all(const struct arguments *a, struct les_truths *ret,
			      struct les_error *reterr)
{
	enum les_kind kind = LES_OK;

	for (int i = 0; i < a->paths_n && kind == LES_OK; i++) {
		struct les_truths found;
		kind = les_truths_find(a->paths[i], &found, reterr);
		if (kind != LES_OK)
			break;
		struct les_truth *at = realloc(ret->at, (ret->n + found.n) * sizeof *at);
		if (!at) {
			les_truths_done(&found);
			return les_fail(reterr, LES_NOMEM, "no memory for a list of files");
		}
		memcpy(at + ret->n, found.at, found.n * sizeof *at);
		ret->at = at;
		ret->n += found.n;
		free(found.at);
	}
	return kind;
}

int les_cli_eval(int argc, char **argv)
{
	struct arguments a = {.from_page = false};
	LES_CLEANUP(les_truths_done) struct les_truths truths = {0};
	LES_CLEANUP(les_free_p) char *binary_dir = NULL;
	struct les_pool *pool = NULL;
	struct les_error error;
	enum les_kind kind = parse(argc, argv, &a, &error);

	if (kind == LES_OK)
		kind = find_all(&a, &truths, &error);
	if (kind == LES_OK)
		kind = les_reading_pool(&a.reading, truths.n, (uint32_t)a.reading.threads,
					&binary_dir, &pool, &error);
	struct evaluation *e = calloc(1, sizeof *e);
	struct outcome *outcomes = calloc(truths.n ? truths.n : 1, sizeof *outcomes);
	if (kind == LES_OK && (!e || !outcomes))
		kind = les_fail(&error, LES_NOMEM, "no memory for results");
	int code;
	if (kind == LES_OK) {
		const double since = les_clock_s();
		*e = (struct evaluation){.arguments = &a,
					 .pool = pool,
					 .truths = &truths,
					 .outcomes = outcomes,
					 .lock = PTHREAD_MUTEX_INITIALIZER};
		work_in_threads(e);
		code = report(e, les_clock_s() - since);
	} else {
		code = les_options_exit("eval", &error);
	}
	les_pool_free(pool);
	les_reading_done(&a.reading);
	outcomes_free(outcomes, truths.n);
	free(e);
	return code;
}
