#include "cli/train_learn.h"

#include "base/cleanup.h"
#include "cli/input.h"
#include "cli/learning.h"
#include "jobs/convert.h"
#include "jobs/training_card.h"
#include "jobs/training_defaults.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static void show_progress(void *context, uint32_t done_n, uint32_t all_n)
{
	const char *doing = context;

	fprintf(stderr, "\r%s %u of %u\033[K", doing, done_n, all_n);
	if (done_n == all_n)
		fputs("\r\033[K", stderr);
}

les_train_counter *les_train_progress(void)
{
	return isatty(STDERR_FILENO) == 1 ? show_progress : NULL;
}

enum les_kind les_train_open(const struct les_train_arguments *a, struct les_pool *pool,
			     struct les_corpus *ret, struct les_error *reterr)
{
	LES_CLEANUP(les_free_p) const char **paths = calloc(a->paths_n + 3ul, sizeof *paths);
	uint32_t n = a->paths_n;

	if (!paths)
		return les_fail(reterr, LES_NOMEM, "no memory for a list of paths");
	memcpy(paths, a->paths, n * sizeof *paths);
	if (a->validation)
		paths[n++] = a->validation;
	if (a->replay)
		paths[n++] = a->replay;
	return les_corpus_open(pool, paths, n, ret, reterr);
}

enum les_kind les_train_letters(const struct les_weights *weights, struct les_alphabet *ret,
				struct les_error *reterr)
{
	enum les_kind kind = LES_OK;

	for (uint32_t i = 0; i < weights->codes_n && kind == LES_OK; i++)
		kind = les_alphabet_add(ret, weights->codes[i].text, reterr);
	return kind;
}

static enum les_kind base_from_file(const char *path, struct les_pool *pool, int *ret_fd,
				    struct les_net_file *ret, struct les_error *reterr)
{
	LES_CLEANUP(les_fd_close) int fd = -1;
	enum les_kind kind = les_input_open(path, LES_WEIGHTS_BYTES_MAX, &fd, reterr);

	return kind == LES_OK ? les_model_convert(pool, fd, "", ret_fd, ret, reterr) : kind;
}

static enum les_kind base_from_registry(const struct les_registry *registry, const char *name,
					int *ret_fd, struct les_net_file *ret,
					struct les_error *reterr)
{
	LES_CLEANUP(les_found_done) struct les_found found = LES_FOUND_NONE;
	enum les_kind kind = les_registry_find(registry, name, &found, reterr);

	return kind == LES_OK ? les_found_net(&found, true, ret_fd, ret, reterr) : kind;
}

static bool is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

enum les_kind les_train_base(const struct les_train_arguments *a, struct les_pool *pool,
			     const struct les_registry *registry, int *ret_fd,
			     struct les_net_file *ret, struct les_error *reterr)
{
	struct les_error error;

	if (!a->base)
		return LES_OK;
	enum les_kind kind = is_file(a->base)
				     ? base_from_file(a->base, pool, ret_fd, ret, &error)
				     : base_from_registry(registry, a->base, ret_fd, ret, &error);
	if (kind == LES_OK && ret->weights.kind != a->training.net)
		kind = les_fail(&error, LES_ARG, "it is no %s",
				a->training.net == LES_NET_RECOGNITION ? "recogniser"
								       : "line finder");
	return kind == LES_OK ? LES_OK
			      : les_fail(reterr, kind, "%.100s: %.120s", a->base, error.message);
}

uint32_t les_train_height(const char *spec)
{
	unsigned batch, h;

	return sscanf(spec, "[%u,%u,", &batch, &h) == 2 ? h : 0;
}

/* A disk, not /tmp, which may be memory. */
const char *les_train_cache(const struct les_train_arguments *a)
{
	const char *folder = getenv("TMPDIR");

	return a->cache ? a->cache : folder && *folder ? folder : "/var/tmp";
}

enum les_kind les_train_check_cache(const struct les_train_arguments *a, uint64_t bytes,
				    struct les_error *reterr)
{
	const char *folder = les_train_cache(a);
	struct statvfs disk;

	if (statvfs(folder, &disk) != 0)
		return les_fail_errno(reterr, "cannot look at %.150s", folder);
	const double free_mb = (double)disk.f_bavail * (double)disk.f_frsize / 1e6;
	fprintf(stderr, "decoded images: about %.0f MB in %s, which has %.0f MB free\n",
		(double)bytes / 1e6, folder, free_mb);
	if ((double)bytes / 1e6 > free_mb)
		return les_fail(reterr, LES_LIMIT,
				"the images do not fit %.100s (--cache chooses another place)",
				folder);
	return LES_OK;
}

static enum les_kind write_card(const struct les_train_arguments *a,
				const struct les_training *options,
				const struct les_train_material *material,
				const struct les_learning *learning,
				const struct les_training_result *result, struct les_error *reterr)
{
	LES_CLEANUP(les_buf_done) struct les_buf card = LES_BUF(LES_EXPORT_BYTES_MAX);
	LES_CLEANUP(les_free_p) char *name = les_path_name(a->output, true);
	LES_CLEANUP(les_free_p) char *path = NULL;
	LES_CLEANUP(les_net_file_done) struct les_net_file net = {0};
	LES_CLEANUP(les_alphabet_done) struct les_alphabet letters = {0};
	enum les_kind kind = les_net_file_open(result->model_fd, false, &net, reterr);

	if (kind == LES_OK)
		kind = les_train_letters(&net.weights, &letters, reterr);
	if (kind != LES_OK)
		return kind;
	if (!name || asprintf(&path, "%s.md", a->output) < 0)
		return les_fail(reterr, LES_NOMEM, "no memory for a card");
	les_training_card_write(
		&card, &(struct les_training_card){.name = name,
						   .summary = a->summary[0] ? a->summary : name,
						   .author = a->author,
						   .licence = a->licence,
						   .language = a->language,
						   .script = a->script,
						   .sender = a->sender,
						   .base = a->base ? a->base : "",
						   .sources = a->paths,
						   .sources_n = a->paths_n,
						   .lines_n = material->learnt_n,
						   .validation_n = material->kept_n,
						   .rules = a->rules,
						   .alphabet = &letters,
						   .classes = net.weights.classes,
						   .classes_n = net.weights.classes_n,
						   .options = options,
						   .result = result,
						   .epochs = learning->epochs,
						   .epochs_n = learning->epochs_n});
	if (card.failed)
		return les_fail(reterr, LES_NOMEM, "no memory for a card");
	return les_file_replace(path, card.bytes, card.len, reterr);
}

/* Into the registry, under the name asked for. */
static enum les_kind enrol(const struct les_train_arguments *a, const struct les_registry *registry,
			   const struct les_train_material *material,
			   const struct les_training_result *result, struct les_error *reterr)
{
	LES_CLEANUP(les_net_file_done) struct les_net_file net = {0};
	LES_CLEANUP(les_free_p) char *path = NULL;
	LES_CLEANUP(les_fd_close) int original_fd = -1;
	struct les_card card;
	enum les_kind kind = les_net_file_open(result->model_fd, false, &net, reterr);

	if (kind != LES_OK)
		return kind;
	if (asprintf(&path, "%s.safetensors", a->output) < 0)
		return les_fail(reterr, LES_NOMEM, "no memory for a path");
	kind = les_input_open(path, LES_WEIGHTS_BYTES_MAX, &original_fd, reterr);
	les_card_init(&card);
	card.summary = a->summary;
	card.script = a->script;
	card.language = a->language;
	card.sender = a->sender;
	card.licence = a->licence;
	card.base_model = les_training_card_path(a->base ? a->base : "");
	card.sources = les_training_card_path(a->paths[0]);
	card.lines_n = material->learnt_n;
	if (result->best.epoch && result->best.cer >= 0) {
		card.cer_raw = result->best.cer;
		card.cer_normalised = result->best.cer_normalised;
	}
	const struct les_import import = {.name = a->name,
					  .original_ending = "safetensors",
					  .original_fd = original_fd,
					  .weights_fd = result->model_fd,
					  .weights = &net.weights,
					  .card = &card,
					  .replace = true};
	return kind == LES_OK ? les_registry_import(registry, &import, reterr) : kind;
}

static void say_end(const struct les_train_arguments *a, const struct les_training_result *result)
{
	static const char *const ends[] = {
		[LES_TRAINING_COMPLETE] = "all epochs are done",
		[LES_TRAINING_SETTLED] = "it gets no better",
		[LES_TRAINING_STOPPED] = "stopped",
	};

	fprintf(stderr, "%s after %u epochs, %.0f s: %s.safetensors", ends[result->end],
		result->last.epoch, result->seconds, a->output);
	if (result->best.epoch && result->best.cer >= 0)
		fprintf(stderr, ", of epoch %u: CER %.2f %%", result->best.epoch,
			100 * (double)result->best.cer);
	if (result->best.epoch && result->best.f1 >= 0)
		fprintf(stderr, ", of epoch %u: baselines %.3f", result->best.epoch,
			(double)result->best.f1);
	fputc('\n', stderr);
}

enum les_kind les_train_learn(const struct les_train_arguments *a, const char *binary_dir,
			      const struct les_registry *registry, int base_fd, int cancel_fd,
			      const struct les_train_material *material, struct les_error *reterr)
{
	LES_CLEANUP(les_learning_done) struct les_learning learning;
	LES_CLEANUP(les_fd_close) int resume_fd = -1;
	const struct les_training_sink sink = {&learning, les_learning_report, les_learning_plan};
	struct les_training_result result;
	struct les_training options = a->training;
	enum les_kind kind = LES_OK;

	options.cut = material->cut;
	les_training_default(&options, a->base, material->learnt_n);
	les_learning_begin(&learning, options.net, a->json, options.epochs_max);
	if (a->resume)
		kind = les_input_open(a->resume, LES_CHECKPOINT_BYTES_MAX, &resume_fd, reterr);
	if (kind != LES_OK)
		return kind;
	const struct les_training_request request = {
		.binary_dir = binary_dir,
		.allow_weak_sandbox = a->allow_weak_sandbox,
		.options = options,
		.pack_fd = material->pack_fd,
		.pack_bytes = material->pack_bytes,
		.base_fd = base_fd,
		.resume_fd = resume_fd,
		.output = a->output,
		.cancel_fd = cancel_fd,
	};
	kind = les_training_run(&request, &sink, &result, reterr);
	les_learning_end(&learning);
	if (result.models_n) { /* also where it ended badly: the best so far has its card */
		enum les_kind carded = write_card(a, &options, material, &learning, &result,
						  kind == LES_OK ? reterr : NULL);
		kind = kind == LES_OK ? carded : kind;
	}
	if (kind == LES_OK && a->name)
		kind = enrol(a, registry, material, &result, reterr);
	les_fd_close(&result.model_fd);
	if (kind == LES_OK)
		say_end(a, &result);
	return kind;
}
