#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/check.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "jobs/packing.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HEIGHT_PX = 120 }; /* of kraken's default net */

struct arguments {
	const char *hyphens, *normal_form;
	bool check, json, thorough, round_s, plain_quotes, expand_macrons, allow_weak_sandbox;
	uint64_t threads;
	struct les_text_rules rules;
	const char *const *paths;
	uint32_t paths_n;
};

static enum les_kind set_rules(struct arguments *a, struct les_error *reterr)
{
	static const struct {
		const char *name;
		enum les_hyphens hyphens;
	} names[] = {{"keep", LES_HYPHENS_KEEP},
		     {"alike", LES_HYPHENS_ALIKE},
		     {"drop", LES_HYPHENS_DROP}};
	bool found = false;

	a->rules = (struct les_text_rules){.round_s = a->round_s,
					   .plain_quotes = a->plain_quotes,
					   .expand_macron = a->expand_macrons};
	a->rules.decompose = strcmp(a->normal_form, "nfd") == 0;
	if (!a->rules.decompose && strcmp(a->normal_form, "nfc") != 0)
		return les_fail(reterr, LES_ARG, "--normal-form: nfc or nfd");
	for (size_t i = 0; i < LES_COUNT(names); i++) {
		if (strcmp(names[i].name, a->hyphens) != 0)
			continue;
		a->rules.hyphens = names[i].hyphens;
		found = true;
	}
	return found ? LES_OK : les_fail(reterr, LES_ARG, "--hyphens: keep, alike or drop");
}

static enum les_kind parse(int argc, char **argv, struct arguments *a, struct les_error *reterr)
{
	const struct les_option rows[] = {
		{"check", 0, NULL, "say what is there and what is wrong with it; train nothing",
		 LES_OPTION_FLAG, &a->check, 0, 0},
		{"json", 0, NULL, "the same for programs", LES_OPTION_FLAG, &a->json, 0, 0},
		{"thorough", 0, NULL, "decode every image and cut out every line, too",
		 LES_OPTION_FLAG, &a->thorough, 0, 0},
		{"normal-form", 0, "FORM", "of the text: nfc (default) or nfd", LES_OPTION_STRING,
		 &a->normal_form, 0, 0},
		{"hyphens", 0, "HOW",
		 "keep (default); alike: ¬ and ⸗ become -; drop: none at a line's end",
		 LES_OPTION_STRING, &a->hyphens, 0, 0},
		{"round-s", 0, NULL, "learn s for ſ", LES_OPTION_FLAG, &a->round_s, 0, 0},
		{"plain-quotes", 0, NULL, "learn \" and ' for quotes of all forms", LES_OPTION_FLAG,
		 &a->plain_quotes, 0, 0},
		{"expand-macrons", 0, NULL, "learn mm and nn for m̄ and n̄", LES_OPTION_FLAG,
		 &a->expand_macrons, 0, 0},
		{"threads", 0, "N", "at work at once (default: the processors)", LES_OPTION_NUMBER,
		 &a->threads, 1, LES_THREADS_MAX},
		{"allow-weak-sandbox", 0, NULL,
		 "go on where this kernel cannot confine the workers", LES_OPTION_FLAG,
		 &a->allow_weak_sandbox, 0, 0},
	};
	const struct les_options options = {
		"lesart train --check [OPTION]... FOLDER|ZIP...\n\n"
		"Ground truth is images with transcriptions: X.png (jpg, tif, webp, jp2) with\n"
		"X.gt.txt, one line of text each; or pages with X.xml, PAGE or ALTO.",
		rows, LES_COUNT(rows), false};
	int first;

	*a = (struct arguments){.hyphens = "keep", .normal_form = "nfc"};
	a->threads = les_processors();
	if (a->threads > LES_THREADS_MAX)
		a->threads = LES_THREADS_MAX;
	enum les_kind kind = les_options_parse(&options, argc, argv, &first, reterr);
	if (kind == LES_OK && first == argc)
		kind = les_fail(reterr, LES_ARG, "no folder and no ZIP was given");
	if (kind == LES_OK && !a->check)
		kind = les_fail(reterr, LES_UNAVAILABLE,
				"this version can only --check ground truth, not train");
	a->paths = (const char *const *)argv + first;
	a->paths_n = (uint32_t)(argc - first);
	return kind == LES_OK ? set_rules(a, reterr) : kind;
}

static void show_progress(void *context, uint32_t done_n, uint32_t all_n)
{
	(void)context;
	fprintf(stderr, "\rlooked at %u of %u\033[K", done_n, all_n);
}

static enum les_kind check(const struct arguments *a, struct les_pool *pool, int *ret_code,
			   struct les_error *reterr)
{
	LES_CLEANUP(les_corpus_close) struct les_corpus corpus = {0};
	LES_CLEANUP(les_survey_done) struct les_survey survey = {0};
	LES_CLEANUP(les_packed_done) struct les_packed packed = {.fd = -1};
	const bool shown = isatty(STDERR_FILENO) == 1;
	const struct les_survey_request request = {.rules = a->rules,
						   .threads = (uint32_t)a->threads,
						   .progress = shown ? show_progress : NULL};
	const struct les_packing_request packing = {.h_px = HEIGHT_PX,
						    .threads = (uint32_t)a->threads,
						    .progress = shown ? show_progress : NULL,
						    .cancel_fd = -1};
	const double since = les_clock_s();
	enum les_kind kind = les_corpus_open(pool, a->paths, a->paths_n, &corpus, reterr);

	if (kind == LES_OK)
		kind = les_survey_run(pool, &corpus, &request, &survey, reterr);
	if (kind == LES_OK && a->thorough)
		kind = les_packing_run(pool, &corpus, &survey, &packing, &packed, reterr);
	if (shown)
		fputs("\r\033[K", stderr);
	if (kind != LES_OK)
		return kind;
	if (a->json)
		les_check_print_json(&survey, les_clock_s() - since);
	else
		les_check_print_text(&survey, les_clock_s() - since);
	*ret_code = les_check_exit(&survey);
	return LES_OK;
}

int les_cli_train(int argc, char **argv)
{
	LES_CLEANUP(les_free_p) char *binary_dir = NULL;
	struct les_pool *pool = NULL;
	struct arguments a;
	struct les_error error;
	int code = 0;
	enum les_kind kind = parse(argc, argv, &a, &error);

	if (kind == LES_OK)
		kind = les_binary_dir_find(&binary_dir, &error);
	if (kind == LES_OK) {
		const struct les_pool_config config = {
			.binary_dir = binary_dir,
			.stock = {[LES_ROLE_TRAIN] = {.max = (uint32_t)a.threads}},
			.threads = 1,
			.recogniser_documents = LES_RECOGNISER_DOCUMENTS_MAX,
			.allow_weak_sandbox = a.allow_weak_sandbox,
		};
		kind = les_pool_new(&config, &pool, &error);
	}
	if (kind == LES_OK)
		kind = check(&a, pool, &code, &error);
	les_pool_free(pool);
	return kind == LES_OK ? code : les_options_exit("train", &error);
}
