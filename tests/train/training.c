/* jobs/training.c: what a trainer sends becomes files, or an error and no files. */
#include "base/cleanup.h"
#include "jobs/training_card.h"
#include "tests/test.h"
#include "tests/train/trainer/trainer.h"
#include "tests/workers/workers.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRAINER LES_BUILD_ROOT "/tests/train/trainer"

/* What is said of it, and the files there are afterwards. */
static const struct {
	const char *name;
	enum act act;
	enum les_kind want;
	const char *words;
	bool model, checkpoint, picture;
} cases[] = {
	{"good", ACT_GOOD, LES_OK, "", true, true, true},
	{"fail", ACT_FAIL, LES_UNSUPPORTED, "no such layer", false, false, false},
	{"crash", ACT_CRASH, LES_PEER, "ABRT", true, false, false},
	{"no model", ACT_NO_MODEL, LES_PEER, "without a model", false, false, false},
	{"unsealed", ACT_UNSEALED, LES_PEER, "not sealed", false, false, false},
	{"garbage", ACT_GARBAGE, LES_FORMAT, "", false, false, false},
	{"wrong size", ACT_WRONG_SIZE, LES_PEER, "another size", false, false, false},
	{"absurd report", ACT_ABSURD, LES_PEER, "REPORT", false, false, false},
	{"unasked", ACT_UNASKED, LES_PEER, "not allowed", false, false, false},
};

static struct les_training_request request_of(const struct folder *folder, enum act act,
					      char output[PATH_MAX])
{
	snprintf(output, PATH_MAX, "%s/out", folder->path);
	return (struct les_training_request){
		.binary_dir = TRAINER,
		.options = {.net = LES_NET_RECOGNITION,
			    .spec = "[1,48,0,1 Cr3,3,8]",
			    .seed = act,
			    .epochs_max = 2,
			    .batch_lines = 1,
			    .rate = 0.001f,
			    .schedule = LES_SCHEDULE_CONSTANT,
			    .resize = LES_RESIZE_NEW,
			    .precision = LES_PRECISION_F32,
			    .layer_rate = 1,
			    .threads = 1},
		.pack_fd = open("/dev/null", O_RDONLY | O_CLOEXEC),
		.base_fd = -1,
		.resume_fd = -1,
		.output = output,
		.cancel_fd = -1,
	};
}

static bool has_file(const char *output, const char *ending)
{
	char path[PATH_MAX + 20];

	snprintf(path, sizeof path, "%s.%s", output, ending);
	return access(path, F_OK) == 0;
}

static void trainers_of_all_sorts(void **state)
{
	(void)state;
	for (size_t i = 0; i < LES_COUNT(cases); i++) {
		struct folder folder;
		char output[PATH_MAX];
		folder_make(&folder);
		const struct les_training_request request =
			request_of(&folder, cases[i].act, output);
		const struct les_training_sink sink = {0};
		struct les_training_result result;
		struct les_error error = {.message = ""};
		const unsigned fds = fds_open();
		const enum les_kind kind = les_training_run(&request, &sink, &result, &error);

		if (kind != cases[i].want || !strstr(error.message, cases[i].words))
			fail_msg("%s: %d %s", cases[i].name, kind, error.message);
		assert_int_equal(has_file(output, "safetensors"), cases[i].model);
		assert_int_equal(has_file(output, "checkpoint"), cases[i].checkpoint);
		assert_int_equal(has_file(output, "png"), cases[i].picture);
		assert_false(has_file(output, "safetensors.part"));
		assert_false(has_children());
		assert_int_equal(result.model_fd >= 0, cases[i].model);
		les_fd_close(&result.model_fd);
		assert_int_equal(fds_open(), fds);
		close(request.pack_fd);
		folder_remove(&folder);
	}
}

static void count(void *context, const struct les_training_report *report)
{
	uint32_t *counts = context;

	counts[report->epoch_done]++;
}

static void keep_plan(void *context, const struct les_training_plan *plan)
{
	uint32_t *counts = context;

	assert_int_equal(counts[0] + counts[1], 0); /* before any report */
	counts[2] = (uint32_t)plan->memory_bytes;
}

static void the_best_is_kept_and_told(void **state)
{
	(void)state;
	struct folder folder;
	char output[PATH_MAX], path[PATH_MAX + 20], bytes[16] = "";
	uint32_t counts[3] = {0, 0, 0};
	const struct les_training_sink sink = {counts, count, keep_plan};
	struct les_training_result result;
	struct les_error error;

	folder_make(&folder);
	const struct les_training_request request = request_of(&folder, ACT_GOOD, output);
	assert_int_equal(les_training_run(&request, &sink, &result, &error), LES_OK);
	assert_int_equal(counts[0], 1);
	assert_int_equal(counts[1], 2);
	assert_int_equal(counts[2], 420000000);
	assert_int_equal(result.end, LES_TRAINING_COMPLETE);
	assert_int_equal(result.models_n, 2);
	assert_int_equal(result.parameters_n, 4);
	assert_int_equal(result.best.epoch, 2);
	assert_float_equal(result.best.cer, 0.25, 1e-6);
	snprintf(path, sizeof path, "%s.checkpoint", output);
	LES_CLEANUP(les_fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(read(fd, bytes, sizeof bytes - 1), 6);
	assert_string_equal(bytes, "second");
	close(request.pack_fd);
	close(result.model_fd);
	folder_remove(&folder);
}

static void a_stop_keeps_what_there_is(void **state)
{
	(void)state;
	struct folder folder;
	char output[PATH_MAX];
	int ends[2];
	const struct les_training_sink sink = {0};
	struct les_training_result result;
	struct les_error error;

	folder_make(&folder);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	struct les_training_request request = request_of(&folder, ACT_WAIT, output);
	request.cancel_fd = ends[0];
	assert_int_equal(les_training_run(&request, &sink, &result, &error), LES_OK);
	assert_int_equal(result.end, LES_TRAINING_STOPPED);
	assert_true(has_file(output, "safetensors"));
	close(ends[0]);
	close(ends[1]);
	close(request.pack_fd);
	close(result.model_fd);
	folder_remove(&folder);
}

static void the_card_says_what_is_known(void **state)
{
	(void)state;
	static const char *const sources[] = {"letters/", "a \"b\".zip", "/home/anna/letters/1890"};
	struct les_letter letters[] = {{' ', 3}, {0xfc, 2}};
	const struct les_alphabet alphabet = {letters, 2, 2};
	const struct les_training options = {.spec = "[1,48,0,1 Lbx8]", .rate = 1e-3f};
	const struct les_training_report epoch = {.epoch = 4, .cer = 0.0525f, .loss = 2};
	const struct les_training_result result = {.best = epoch, .last = epoch};
	const struct les_training_card card = {.name = "mine",
					       .summary = "Letters: one hand",
					       .author = "",
					       .licence = "CC-BY-4.0",
					       .language = "deu",
					       .script = "kurrent",
					       .sender = "Anna",
					       .base = "/srv/models/latin.safetensors",
					       .sources = sources,
					       .sources_n = 3,
					       .lines_n = 90,
					       .validation_n = 10,
					       .alphabet = &alphabet,
					       .options = &options,
					       .result = &result,
					       .epochs = &epoch,
					       .epochs_n = 1};
	static const char *const want[] = {
		"---\nsummary: \"Letters: one hand\"\nlicense: \"CC-BY-4.0\"\n",
		"script:\n  - \"Latf\"\n",
		"datasets:\n  - \"letters/\"\n  - \"a \\\"b\\\".zip\"\n  - \"letters/1890\"\n",
		"base_model:\n  - \"models/latin.safetensors\"\n",
		"tags:\n  - \"kurrent\"\n",
		"metrics:\n  cer: 5.25\n  cer_normalised: 0.00\n---\n",
		"one writer: Anna",
		"on 90 lines",
		"On the 10 lines kept apart, after epoch 4: CER 5.25 %",
		"| 4 | 2.000 | 5.25 |",
		"2 characters: U+0020 U+00FC",
	};
	LES_CLEANUP(les_buf_done) struct les_buf out = LES_BUF(1 << 20);

	les_training_card_write(&out, &card);
	for (size_t i = 0; i < LES_COUNT(want); i++)
		if (!strstr((const char *)out.bytes, want[i]))
			fail_msg("\"%s\" is not in\n%s", want[i], (const char *)out.bytes);
	assert_null(strstr((const char *)out.bytes, "authors"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trainers_of_all_sorts),
		cmocka_unit_test(the_best_is_kept_and_told),
		cmocka_unit_test(a_stop_keeps_what_there_is),
		cmocka_unit_test(the_card_says_what_is_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
