/* lesart model: the registry from the command line. */
#include "base/cleanup.h"
#include "cli/cli.h"
#include "cli/input.h"
#include "cli/model_show.h"
#include "cli/model_test.h"
#include "cli/options.h"
#include "ipc/memfd.h"
#include "jobs/convert.h"
#include "models/registry.h"
#include "models/write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct arguments {
	const char *models, *state;
	const char *name, *part, *format, *self_test;
	struct les_card card;
	bool replace, json, f16, allow_weak_sandbox;
	char **operands;
	int operands_n;
	char *binary_dir; /* NULL where the workers are not found */
	struct les_registry registry;
};

static void arguments_done(struct arguments *a)
{
	les_registry_done(&a->registry);
	free(a->binary_dir);
}

#define FOLDER_OPTIONS(a)                                                                          \
	{"models",                                                                                 \
	 0,                                                                                        \
	 "DIR",                                                                                    \
	 "the models' folder (default: ~/.local/share/lesart/models)",                             \
	 LES_OPTION_STRING,                                                                        \
	 &(a)->models,                                                                             \
	 0,                                                                                        \
	 0},                                                                                       \
	{                                                                                          \
		"state", 0, "DIR", "or that of a server: its models/", LES_OPTION_STRING,          \
			&(a)->state, 0, 0                                                          \
	}

/* Options, then from min to max operands; opens the registry. */
static enum les_kind parse(const struct les_options *options, int argc, char **argv, int min,
			   int max, struct arguments *a, struct les_error *reterr)
{
	int first;
	enum les_kind kind = les_options_parse(options, argc, argv, &first, reterr);

	if (kind != LES_OK)
		return kind;
	a->operands = argv + first;
	a->operands_n = argc - first;
	if (a->operands_n < min || a->operands_n > max)
		return les_fail(reterr, LES_ARG, "usage: %s", options->usage);
	if (les_binary_dir_find(&a->binary_dir, NULL) != LES_OK)
		a->binary_dir = NULL;
	return les_registry_init(a->models, a->state, a->binary_dir, &a->registry, reterr);
}

/* ---- import ---- */

/* A file's name as a model's: what cannot be in one becomes "-". Heap. */
static char *name_from(const char *path)
{
	char *name = les_path_name(path, false);

	for (char *p = name; p && *p; p++) {
		const bool letter = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
				    (*p >= '0' && *p <= '9');
		if (!letter && *p != '_' && !(p != name && (*p == '.' || *p == '-')))
			*p = p == name ? '_' : '-';
	}
	if (name && strlen(name) > LES_MODEL_NAME_BYTES_MAX)
		name[LES_MODEL_NAME_BYTES_MAX] = 0;
	return name;
}

static const char *ending_of(const char *path)
{
	static const char *const known[] = {"safetensors", "mlmodel"};
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; dot && i < LES_COUNT(known); i++)
		if (strcmp(dot + 1, known[i]) == 0)
			return known[i];
	return "bin";
}

static enum les_kind pool_new(const struct arguments *a, struct les_pool **ret,
			      struct les_error *reterr)
{
	const struct les_pool_config config = {
		.binary_dir = a->binary_dir,
		.stock = {[LES_ROLE_READ] = {.max = 1}},
		.threads = 1,
		.recogniser_documents = LES_RECOGNISER_DOCUMENTS_MAX,
		.allow_weak_sandbox = a->allow_weak_sandbox,
	};

	if (!a->binary_dir)
		return les_fail(reterr, LES_NOTFOUND,
				"lesart-decode and lesart-read lie nowhere near lesart");
	return les_pool_new(&config, ret, reterr);
}

/* The card beside a model's file, NAME.md of NAME.safetensors: what it says and the options do not.
 * Strings are the arena's. No such file, or no card in it, is nothing. */
static enum les_kind add_card_beside(const char *path, struct les_arena *arena,
				     struct les_card *card, struct les_error *reterr)
{
	const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
	const size_t n = dot && (!slash || dot > slash) ? (size_t)(dot - path) : strlen(path);
	LES_CLEANUP(les_free_p) char *beside = NULL;
	LES_CLEANUP(les_fd_close) int fd = -1;
	LES_CLEANUP(les_view_close) struct les_view view = {0};
	struct les_card said;

	if (asprintf(&beside, "%.*s.md", (int)n, path) < 0)
		return les_fail(reterr, LES_NOMEM, "no memory for a path");
	fd = open(beside, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? LES_OK : les_fail_errno(reterr, "cannot open %s", beside);
	enum les_kind kind = les_view_open(fd, LES_CARD_BYTES_MAX, &view, reterr);
	if (kind == LES_OK)
		kind = les_card_read((const char *)view.bytes, view.n, arena, &said, reterr);
	if (kind == LES_OK)
		les_card_complete(card, &said);
	return kind == LES_FORMAT ? LES_OK : kind;
}

static enum les_kind put_into_registry(struct arguments *a, struct les_pool *pool, const char *name,
				       struct les_error *reterr)
{
	const char *path = a->operands[0];
	LES_CLEANUP(les_fd_close) int original_fd = -1;
	LES_CLEANUP(les_fd_close) int weights_fd = -1;
	LES_CLEANUP(les_net_file_done) struct les_net_file net = {0};
	LES_CLEANUP(les_arena_done) struct les_arena arena = LES_ARENA(2 * LES_CARD_BYTES_MAX);
	struct les_card card = a->card;
	enum les_kind kind = les_input_open(path, LES_MODEL_FILE_BYTES_MAX, &original_fd, reterr);

	if (kind == LES_OK)
		kind = add_card_beside(path, &arena, &card, reterr);
	if (kind == LES_OK)
		kind = les_model_convert(pool, original_fd, a->part, &weights_fd, &net, reterr);
	if (kind != LES_OK)
		return kind;
	const struct les_import what = {.name = name,
					.original_ending = ending_of(path),
					.original_fd = original_fd,
					.weights_fd = weights_fd,
					.weights = &net.weights,
					.card = &card,
					.replace = a->replace};
	kind = les_registry_import(&a->registry, &what, reterr);
	if (kind != LES_OK)
		return kind;
	printf("%s: %s, %llu parameters, in %s\n", name,
	       net.weights.kind == LES_NET_RECOGNITION ? "recognition" : "segmentation",
	       (unsigned long long)les_net_parameters(&net.weights), a->registry.folders[0]);
	return les_model_test_make(pool, &a->registry, name, net.weights.kind, a->self_test,
				   reterr);
}

static enum les_kind import(struct arguments *a, struct les_error *reterr)
{
	LES_CLEANUP(les_free_p)
	char *name = a->name ? strdup(a->name) : name_from(a->operands[0]);
	struct les_pool *pool;

	if (!name)
		return les_fail(reterr, LES_NOMEM, "no memory for a name");
	if (!les_model_name_valid(name))
		return les_fail(reterr, LES_ARG,
				"\"%.70s\" cannot be a model's name: 1 to %u of letters, digits, "
				"., _ and -, no dot first",
				name, LES_MODEL_NAME_BYTES_MAX);
	enum les_kind kind = pool_new(a, &pool, reterr);
	if (kind != LES_OK)
		return kind;
	kind = put_into_registry(a, pool, name, reterr);
	les_pool_free(pool);
	return kind;
}

static enum les_kind cmd_import(int argc, char **argv, struct arguments *a,
				struct les_error *reterr)
{
	struct les_card *card = &a->card;
	const struct les_option rows[] = {
		{"name", 'n', "NAME", "what to call it (default: the file's name)",
		 LES_OPTION_STRING, &a->name, 0, 0},
		{"part", 0, "ID|N", "which model of a file that has several", LES_OPTION_STRING,
		 &a->part, 0, 0},
		{"script", 0, "NAME", "kurrent, latin, fraktur or typescript", LES_OPTION_STRING,
		 &card->script, 0, 0},
		{"language", 0, "NAME", "what it reads: deu, fra …", LES_OPTION_STRING,
		 &card->language, 0, 0},
		{"sender", 0, "NAME", "whose hand it was trained for", LES_OPTION_STRING,
		 &card->sender, 0, 0},
		{"base", 0, "NAME", "the model it was trained from", LES_OPTION_STRING,
		 &card->base_model, 0, 0},
		{"sources", 0, "TEXT", "what it was trained on", LES_OPTION_STRING, &card->sources,
		 0, 0},
		{"licence", 0, "SPDX", "its licence: CC-BY-4.0 …", LES_OPTION_STRING,
		 &card->licence, 0, 0},
		{"origin", 0, "URL", "where the file came from", LES_OPTION_STRING, &card->origin,
		 0, 0},
		{"summary", 0, "TEXT", "one line about it", LES_OPTION_STRING, &card->summary, 0,
		 0},
		{"self-test", 0, "IMAGE",
		 "a line to read now and at each verify (default: built in)", LES_OPTION_STRING,
		 &a->self_test, 0, 0},
		{"replace", 0, NULL, "take the place of a model of that name", LES_OPTION_FLAG,
		 &a->replace, 0, 0},
		FOLDER_OPTIONS(a),
		{"allow-weak-sandbox", 0, NULL,
		 "go on where this kernel cannot confine the workers", LES_OPTION_FLAG,
		 &a->allow_weak_sandbox, 0, 0},
	};
	const struct les_options options = {"lesart model import [OPTION]... FILE", rows,
					    LES_COUNT(rows), false};
	enum les_kind kind = parse(&options, argc, argv, 1, 1, a, reterr);

	return kind == LES_OK ? import(a, reterr) : kind;
}

/* ---- list, show ---- */

static enum les_kind cmd_list(int argc, char **argv, struct arguments *a, struct les_error *reterr)
{
	const struct les_option rows[] = {
		{"json", 0, NULL, "as JSON", LES_OPTION_FLAG, &a->json, 0, 0},
		FOLDER_OPTIONS(a),
	};
	const struct les_options options = {"lesart model list [OPTION]...", rows, LES_COUNT(rows),
					    false};
	enum les_kind kind = parse(&options, argc, argv, 0, 0, a, reterr);

	return kind == LES_OK ? les_model_list(&a->registry, a->json, reterr) : kind;
}

static enum les_kind cmd_show(int argc, char **argv, struct arguments *a, struct les_error *reterr)
{
	const struct les_option rows[] = {
		{"json", 0, NULL, "as JSON", LES_OPTION_FLAG, &a->json, 0, 0},
		FOLDER_OPTIONS(a),
	};
	const struct les_options options = {"lesart model show [OPTION]... NAME|PATH", rows,
					    LES_COUNT(rows), false};
	LES_CLEANUP(les_found_done) struct les_found found = LES_FOUND_NONE;
	enum les_kind kind = parse(&options, argc, argv, 1, 1, a, reterr);

	if (kind == LES_OK)
		kind = les_registry_find(&a->registry, a->operands[0], &found, reterr);
	return kind == LES_OK ? les_model_show(&found, a->json, reterr) : kind;
}

/* ---- verify ---- */

struct verifying {
	const struct arguments *arguments;
	struct les_pool *pool;
	uint32_t models_n, failed_n;
	struct les_error worst;
};

/* The files first: what is damaged is not run. */
static enum les_kind check_one(struct verifying *v, const struct les_found *found,
			       struct les_error *reterr)
{
	LES_CLEANUP(les_free_p) char *text = NULL;
	enum les_kind kind = les_found_verify(found, reterr);

	if (kind == LES_OK)
		kind = les_model_test_run(v->pool, &v->arguments->registry, found, &text, reterr);
	if (kind != LES_OK)
		return kind;
	if (text)
		printf("%s: as it was imported, and reads its line as then: \"%s\"\n", found->name,
		       text);
	else
		printf("%s: as it was imported; it has no line to read\n", found->name);
	return LES_OK;
}

static enum les_kind verify_one(void *context, const struct les_found *found,
				struct les_error *reterr)
{
	struct verifying *v = context;
	struct les_error error;

	(void)reterr;
	v->models_n++;
	if (check_one(v, found, &error) == LES_OK)
		return LES_OK;
	printf("%s: %s\n", found->name, error.message);
	v->failed_n++;
	v->worst = error;
	return LES_OK;
}

static enum les_kind verify_all(struct arguments *a, struct verifying *v, struct les_error *reterr)
{
	enum les_kind kind = LES_OK;

	if (a->operands_n == 0)
		return les_registry_each(&a->registry, verify_one, v, reterr);
	for (int i = 0; i < a->operands_n && kind == LES_OK; i++) {
		LES_CLEANUP(les_found_done) struct les_found found = LES_FOUND_NONE;
		kind = les_registry_find(&a->registry, a->operands[i], &found, reterr);
		if (kind == LES_OK)
			verify_one(v, &found, reterr);
	}
	return kind;
}

static enum les_kind cmd_verify(int argc, char **argv, struct arguments *a,
				struct les_error *reterr)
{
	const struct les_option rows[] = {
		FOLDER_OPTIONS(a),
		{"allow-weak-sandbox", 0, NULL,
		 "go on where this kernel cannot confine the workers", LES_OPTION_FLAG,
		 &a->allow_weak_sandbox, 0, 0},
	};
	const struct les_options options = {"lesart model verify [OPTION]... [NAME|PATH]...", rows,
					    LES_COUNT(rows), false};
	struct verifying v = {.arguments = a};
	enum les_kind kind = parse(&options, argc, argv, 0, argc, a, reterr);

	if (kind == LES_OK)
		kind = pool_new(a, &v.pool, reterr);
	if (kind != LES_OK)
		return kind;
	kind = verify_all(a, &v, reterr);
	les_pool_free(v.pool);
	if (kind == LES_OK && v.failed_n)
		return les_fail(reterr, v.worst.kind, "%u of %u models did not pass", v.failed_n,
				v.models_n);
	return kind;
}

/* ---- export ---- */

static enum les_kind write_file(const struct les_buf *bytes, const char *path,
				struct les_error *reterr)
{
	struct les_output output;
	enum les_kind kind = les_output_open(path, &output, reterr);

	if (kind != LES_OK)
		return kind;
	kind = les_write_all(output.fd, bytes->bytes, bytes->len, path, reterr);
	if (kind == LES_OK)
		kind = les_output_commit(&output, reterr);
	les_output_done(&output);
	return kind;
}

static enum les_kind export_net(const struct arguments *a, const struct les_weights *weights,
				struct les_error *reterr)
{
	LES_CLEANUP(les_buf_done) struct les_buf bytes = LES_BUF(LES_MODEL_FILE_BYTES_MAX);
	const char *path = a->operands[1];
	const char *format = a->format ? a->format : ending_of(path);
	enum les_kind kind;

	if (strcmp(format, "safetensors") == 0)
		kind = les_safetensors_write(weights, a->f16, &bytes, reterr);
	else if (strcmp(format, "mlmodel") != 0)
		kind = les_fail(reterr, LES_ARG,
				"format \"%.20s\" is neither safetensors nor mlmodel", format);
	else if (a->f16)
		kind = les_fail(reterr, LES_ARG, "--f16 is for safetensors only");
	else
		kind = les_mlmodel_write(weights, &bytes, reterr);
	return kind == LES_OK ? write_file(&bytes, path, reterr) : kind;
}

static enum les_kind cmd_export(int argc, char **argv, struct arguments *a,
				struct les_error *reterr)
{
	const struct les_option rows[] = {
		{"format", 'f', "NAME", "safetensors or mlmodel (default: FILE's ending)",
		 LES_OPTION_STRING, &a->format, 0, 0},
		{"f16", 0, NULL, "numbers in half the size (safetensors)", LES_OPTION_FLAG, &a->f16,
		 0, 0},
		FOLDER_OPTIONS(a),
	};
	const struct les_options options = {"lesart model export [OPTION]... NAME|PATH FILE", rows,
					    LES_COUNT(rows), false};
	LES_CLEANUP(les_found_done) struct les_found found = LES_FOUND_NONE;
	struct les_net_file net;
	enum les_kind kind = parse(&options, argc, argv, 2, 2, a, reterr);

	if (kind == LES_OK)
		kind = les_registry_find(&a->registry, a->operands[0], &found, reterr);
	if (kind == LES_OK)
		kind = les_found_net(&found, true, NULL, &net, reterr);
	if (kind != LES_OK)
		return kind;
	kind = export_net(a, &net.weights, reterr);
	les_net_file_done(&net);
	return kind;
}

/* ---- which ---- */

static const struct {
	const char *name, *summary;
	enum les_kind (*run)(int argc, char **argv, struct arguments *a, struct les_error *reterr);
} commands[] = {
	{"import", "take a model of kraken (.safetensors, .mlmodel) into the folder", cmd_import},
	{"list", "all models", cmd_list},
	{"show", "one model: its spec, alphabet, card", cmd_show},
	{"verify", "whether models are what was imported, and read as then", cmd_verify},
	{"export", "write a model as a file that kraken reads", cmd_export},
};

static int help(FILE *to, int code)
{
	fputs("usage: lesart model COMMAND [OPTION]... (lesart model COMMAND --help tells "
	      "more)\n\n",
	      to);
	for (size_t i = 0; i < LES_COUNT(commands); i++)
		fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].summary);
	return code;
}

int les_cli_model(int argc, char **argv)
{
	LES_CLEANUP(arguments_done) struct arguments a = {.part = ""};
	const char *name = argc > 1 ? argv[1] : "";
	struct les_error error;

	les_card_init(&a.card);
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
		return help(stdout, 0);
	for (size_t i = 0; i < LES_COUNT(commands); i++) {
		if (strcmp(commands[i].name, name) != 0)
			continue;
		return commands[i].run(argc - 1, argv + 1, &a, &error) == LES_OK
			       ? 0
			       : les_options_exit("model", &error);
	}
	return help(stderr, les_kind_info(LES_ARG)->exit_code);
}
