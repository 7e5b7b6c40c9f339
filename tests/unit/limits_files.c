/* The caps of types/limits.h on files and on what a job is asked for, each at its edge. */
#include "decode/ground.h"
#include "decode/model.h"
#include "decode/model_maker.h"
#include "edge.h"
#include "jobs/job.h"
#include "jobs/models.h"
#include "models/registry.h"
#include "tests/workers/workers.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- what a job is asked for: refused before any worker is ---- */

/* The first thing that is wrong with a request; one that only lacks its layout is fine. */
static enum les_kind request_of(const struct les_job_request *request)
{
	struct les_job_request asked = *request;
	struct les_job_totals totals;
	struct les_error error;

	asked.mode = LES_READ_LINES;
	enum les_kind kind = les_job_run(NULL, &asked, &(struct les_job_sink){0}, &totals, &error);
	assert_int_not_equal(kind, LES_OK);
	return strstr(error.message, "given lines need a layout") ? LES_OK : kind;
}

static enum les_kind request_password(uint64_t n)
{
	struct les_job_request request;

	les_job_request_init(&request);
	request.password = letters(n);
	return request_of(&request);
}

static enum les_kind request_language(uint64_t n)
{
	struct les_job_request request;

	les_job_request_init(&request);
	request.language = letters(n);
	return request_of(&request);
}

static enum les_kind request_threads(uint64_t n)
{
	struct les_job_request request;

	les_job_request_init(&request);
	request.threads = (uint32_t)n;
	return request_of(&request);
}

static enum les_kind request_seconds(uint64_t n)
{
	struct les_job_request request;

	les_job_request_init(&request);
	request.page_seconds = (uint32_t)n;
	return request_of(&request);
}

/* So many languages, each with a model. */
static enum les_kind job_models(uint64_t n)
{
	char language[2 * LES_JOB_MODELS_MAX + 2] = "";
	struct les_models models;
	struct folder folder;
	struct les_error error;

	folder_make(&folder);
	for (uint64_t i = 0; i < n; i++) {
		char name[32];
		const char letter = (char)('a' + i);
		snprintf(name, sizeof name, "%c.traineddata", letter);
		folder_write(&folder, name, "a model", 7, NULL);
		language[2 * i] = letter;
		language[2 * i + 1] = i + 1 < n ? '+' : 0;
	}
	const char *const folders[] = {folder.path, NULL};
	enum les_kind kind = les_models_open(folders, language, &models, &error);
	if (kind == LES_OK)
		les_models_done(&models);
	folder_remove(&folder);
	return kind;
}

static void jobs_end_at_their_caps(void **state)
{
	(void)state;
	static const struct edge edges[] = {
		{"a password", request_password, LES_PASSWORD_BYTES_MAX, LES_LIMIT},
		{"a language", request_language, LES_LANGUAGE_BYTES_MAX, LES_LIMIT},
		{"threads", request_threads, LES_THREADS_MAX, LES_ARG},
		{"seconds a page", request_seconds, LES_PAGE_SECONDS_MAX, LES_ARG},
		{"languages", job_models, LES_JOB_MODELS_MAX, LES_LIMIT},
	};

	edges_hold(edges, LES_COUNT(edges));
}

/* The file has no bytes on the disk; what would be taken is hashed, so only beyond is tried. */
static void tessdata_has_a_cap(void **state)
{
	(void)state;
	char path[PATH_MAX];
	struct les_models models;
	struct folder folder;
	struct les_error error;

	folder_make(&folder);
	folder_write(&folder, "deu.traineddata", "a", 1, path);
	assert_int_equal(truncate(path, LES_TESSDATA_BYTES_MAX + 1), 0);
	const char *const folders[] = {folder.path, NULL};
	assert_int_equal(les_models_open(folders, "deu", &models, &error), LES_LIMIT);
	folder_remove(&folder);
}

static enum les_kind ground_text(uint64_t n)
{
	static const struct les_entry_ask ask = {.want = LES_ENTRY_TEXT};
	LES_CLEANUP(les_fd_close) int fd = document_fd(letters(n), n);
	struct les_ground ground = {0};
	struct les_page *page = les_page_new();

	assert_non_null(page);
	enum les_kind kind = les_ground_layout(&ground, &ask, fd, page, NULL);
	les_page_free(page);
	return kind;
}

static void ground_truth_has_a_cap(void **state)
{
	(void)state;
	static const struct edge edges[] = {
		{"a text", ground_text, LES_GROUND_TEXT_BYTES_MAX, LES_LIMIT},
	};

	edges_hold(edges, LES_COUNT(edges));
}

/* ---- models ---- */

/* JSON of n bytes: a number behind spaces. */
static enum les_kind model_json(uint64_t n)
{
	LES_CLEANUP(les_free_p) char *text = malloc(n);
	json_t *json;

	assert_non_null(text);
	memset(text, ' ', n);
	text[n - 1] = '1';
	enum les_kind kind = les_model_json(text, n, "a header", &json, NULL);
	if (kind == LES_OK)
		json_decref(json);
	return kind;
}

/* A .safetensors file that speaks of so many models and has no tensors: wrong, but not for its
 * number of models. */
static enum les_kind models_in_file(uint64_t n)
{
	LES_CLEANUP(les_arena_done) struct les_arena arena = LES_ARENA(LES_WEIGHTS_BYTES_MAX);
	LES_CLEANUP(les_buf_done) struct les_buf header = LES_BUF(65536);
	LES_CLEANUP(les_buf_done) struct les_buf file = LES_BUF(65536);
	struct les_weights got;

	les_buf_puts(&header, "{\"__metadata__\":{\"kraken_meta\":\"{");
	for (uint64_t i = 0; i < n; i++)
		les_buf_printf(&header, "%s\\\"m%llu\\\":{}", i ? "," : "", (unsigned long long)i);
	les_buf_puts(&header, "}\"}}");
	les_buf_u64(&file, header.len);
	les_buf_put(&file, header.bytes, header.len);
	assert_false(file.failed);
	enum les_kind kind = les_model_file_parse(file.bytes, file.len, "", &arena, &got, NULL);
	assert_int_not_equal(kind, LES_OK);
	return kind == LES_LIMIT ? kind : LES_OK;
}

static enum les_kind nothing(void *context, const struct les_found *found, struct les_error *reterr)
{
	(void)context;
	(void)found;
	(void)reterr;
	return LES_OK;
}

/* So many names below the registry's folder. */
static enum les_kind registry_models(uint64_t n)
{
	struct folder folder;
	struct les_registry registry = {.n = 1, .folders = {folder.path}};
	struct les_error error;

	folder_make(&folder);
	for (uint64_t i = 0; i < n; i++) {
		char name[32];
		snprintf(name, sizeof name, "m%llu", (unsigned long long)i);
		folder_write(&folder, name, "", 0, NULL);
	}
	enum les_kind kind = les_registry_each(&registry, nothing, NULL, &error);
	folder_remove(&folder);
	return kind;
}

/* A folder of a model in which one file has so many bytes. */
static int found_with(struct folder *folder, const char *name, uint64_t n)
{
	folder_make(folder);
	if (name) {
		LES_CLEANUP(les_free_p) char *bytes = malloc(n);
		assert_non_null(bytes);
		memset(bytes, ' ', n);
		bytes[0] = '{';
		bytes[n - 1] = '}';
		folder_write(folder, name, bytes, n, NULL);
	}
	int fd = open(folder->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static enum les_kind card(uint64_t n)
{
	LES_CLEANUP(les_arena_done) struct les_arena arena = LES_ARENA(LES_CARD_BYTES_MAX);
	struct les_found found = {.name = "m"};
	struct les_card got;
	struct folder folder;
	struct les_error error;

	found.folder = found_with(&folder, "card.json", n);
	enum les_kind kind = les_found_card(&found, &arena, &got, &error);
	close(found.folder);
	folder_remove(&folder);
	return kind;
}

static enum les_kind self_test(uint64_t n)
{
	struct les_found found = {.name = "m"};
	struct folder folder;
	struct les_error error;
	LES_CLEANUP(les_free_p) char *input = calloc(n, 1);

	assert_non_null(input);
	found.folder = found_with(&folder, NULL, 0);
	enum les_kind kind = les_found_self_test_write(&found, input, n, "a", NULL, &error);
	close(found.folder);
	folder_remove(&folder);
	return kind;
}

static void models_end_at_their_caps(void **state)
{
	(void)state;
	static const struct edge edges[] = {
		{"JSON of a model", model_json, LES_MODEL_JSON_BYTES_MAX, LES_LIMIT},
		{"models of a file", models_in_file, LES_MODELS_IN_FILE_MAX, LES_LIMIT},
		{"models of a registry", registry_models, LES_REGISTRY_MODELS_MAX, LES_LIMIT},
		{"a card", card, LES_CARD_BYTES_MAX, LES_LIMIT},
		{"a self-test", self_test, LES_SELF_TEST_BYTES_MAX, LES_LIMIT},
	};

	edges_hold(edges, LES_COUNT(edges));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jobs_end_at_their_caps),
		cmocka_unit_test(tessdata_has_a_cap),
		cmocka_unit_test(ground_truth_has_a_cap),
		cmocka_unit_test(models_end_at_their_caps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
