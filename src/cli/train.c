#include "base/cleanup.h"
#include "cli/cli.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "cli/train_run.h"
#include "jobs/training_defaults.h"
#include "models/registry.h"

#include <stdlib.h>
#include <string.h>

/* As they are given, before they are checked. */
struct given {
	const char *hyphens, *normal_form, *regions, *spec, *resize, *schedule, *precision,
		*progress, *cut;
	bool round_s, plain_quotes, expand_macrons;
	uint64_t threads, epochs, patience, batch, warm_up, frozen, seed, checkpoint_seconds;
};

/* A word and the number it stands for. */
struct word {
	const char *word;
	int value;
};

static const struct word hyphens[] = {{"keep", LES_HYPHENS_KEEP},
				      {"alike", LES_HYPHENS_ALIKE},
				      {"drop", LES_HYPHENS_DROP},
				      {NULL, 0}};
static const struct word forms[] = {{"nfc", false}, {"nfd", true}, {NULL, 0}};
static const struct word regions[] = {{"kinds", LES_REGIONS_KINDS},
				      {"text", LES_REGIONS_TEXT},
				      {"none", LES_REGIONS_NONE},
				      {NULL, 0}};
static const struct word resizes[] = {
	{"fail", LES_RESIZE_FAIL}, {"union", LES_RESIZE_UNION}, {"new", LES_RESIZE_NEW}, {NULL, 0}};
static const struct word cuts[] = {{"band", LES_CUT_BAND}, {"polygon", LES_CUT_POLYGON}, {NULL, 0}};
static const struct word schedules[] = {{"constant", LES_SCHEDULE_CONSTANT},
					{"cosine", LES_SCHEDULE_COSINE},
					{"plateau", LES_SCHEDULE_PLATEAU},
					{NULL, 0}};
static const struct word precisions[] = {{"auto", LES_PRECISION_AUTO},
					 {"f32", LES_PRECISION_F32},
					 {"bf16", LES_PRECISION_BF16},
					 {NULL, 0}};
static const struct word progresses[] = {{"text", false}, {"json", true}, {NULL, 0}};

static enum les_kind choose(const struct word *words, const char *option, const char *given,
			    int *ret, struct les_error *reterr)
{
	char all[100] = "";

	for (const struct word *w = words; w->word; w++) {
		if (strcmp(w->word, given) == 0) {
			*ret = w->value;
			return LES_OK;
		}
		const size_t n = strlen(all);
		snprintf(all + n, sizeof all - n, "%s%s", n ? ", " : "", w->word);
	}
	return les_fail(reterr, LES_ARG, "--%s: \"%.40s\" is none of %s", option, given, all);
}

static enum les_kind check_words(struct les_train_arguments *a, const struct given *g,
				 struct les_error *reterr)
{
	int hyphen = 0, form = 0, region = 0, resize = 0, schedule = 0, precision = 0, progress = 0,
	    cut = LES_CUT_BAND;
	const struct {
		const struct word *words;
		const char *option, *given;
		int *to;
	} rows[] = {
		{hyphens, "hyphens", g->hyphens, &hyphen},
		{forms, "normal-form", g->normal_form, &form},
		{regions, "regions", g->regions, &region},
		{resizes, "resize", g->resize, &resize},
		{schedules, "schedule", g->schedule, &schedule},
		{precisions, "precision", g->precision, &precision},
		{progresses, "progress", g->progress, &progress},
		{cuts, "cut", g->cut ? g->cut : "band", &cut},
	};
	enum les_kind kind = LES_OK;

	for (size_t i = 0; i < LES_COUNT(rows) && kind == LES_OK; i++)
		kind = choose(rows[i].words, rows[i].option, rows[i].given, rows[i].to, reterr);
	a->rules = (struct les_text_rules){.decompose = form != 0,
					   .round_s = g->round_s,
					   .plain_quotes = g->plain_quotes,
					   .expand_macron = g->expand_macrons,
					   .hyphens = (enum les_hyphens)hyphen};
	a->regions = (enum les_regions)region;
	a->training.resize = (enum les_resize)resize;
	a->training.cut = (enum les_line_cut)cut;
	a->cut_chosen = g->cut != NULL;
	a->training.schedule = (enum les_schedule)schedule;
	a->training.precision = (enum les_precision)precision;
	a->json = a->json || progress != 0;
	return kind;
}

/* As it is given, or by its name. */
static const char *spec_of(enum les_net_kind net, const char *given)
{
	const bool lines = net == LES_NET_RECOGNITION;

	if (!given)
		return lines ? LES_TRAIN_SPEC_DEFAULT : LES_SEGTRAIN_SPEC_DEFAULT;
	if (strcmp(given, "slim") == 0)
		return lines ? LES_TRAIN_SPEC_SLIM : LES_SEGTRAIN_SPEC_SLIM;
	return given;
}

static enum les_kind check_training(struct les_train_arguments *a, const struct given *g,
				    struct les_error *reterr)
{
	struct les_training *t = &a->training;
	const char *spec = a->base ? "" : spec_of(t->net, g->spec);

	if (strlen(spec) > LES_SPEC_BYTES_MAX)
		return les_fail(reterr, LES_LIMIT, "--spec: longer than %u bytes",
				LES_SPEC_BYTES_MAX);
	if (g->spec && a->base)
		return les_fail(reterr, LES_ARG, "--spec: with --base the net is the base's");
	if (t->rate == 0)
		return les_fail(reterr, LES_ARG, "--rate: more than 0");
	if (!(t->layer_rate > 0))
		return les_fail(reterr, LES_ARG, "--layer-rate: more than 0");
	if (a->replay && !a->base)
		return les_fail(reterr, LES_ARG, "--replay: without --base nothing is forgotten");
	memcpy(t->spec, spec, strlen(spec) + 1);
	t->epochs_max = (uint32_t)g->epochs;
	t->patience = (uint32_t)g->patience;
	t->batch_lines = (uint32_t)g->batch;
	t->warm_up_steps = (uint32_t)g->warm_up;
	t->frozen_epochs = (uint32_t)g->frozen;
	t->seed = g->seed;
	t->checkpoint_seconds = (uint32_t)g->checkpoint_seconds;
	t->threads = (uint32_t)g->threads;
	a->threads = (uint32_t)g->threads;
	return check_words(a, g, reterr);
}

/* Rows of the options: a macro would hide them, and one function may have 80 lines. */
#define STRING LES_OPTION_STRING
#define NUMBER LES_OPTION_NUMBER
#define FRACTION LES_OPTION_FRACTION
#define FLAG LES_OPTION_FLAG
#define CHECK_ROWS(a, g)                                                                           \
	{"check", 0,           NULL, "say what is there and what is wrong; train nothing",         \
	 FLAG,    &(a)->check, 0,    0},                                                           \
		{"json", 0, NULL, "the same for programs", FLAG, &(a)->json, 0, 0},                \
		{"validation",                                                                     \
		 0,                                                                                \
		 "FOLDER|ZIP",                                                                     \
		 "choose the best model by this",                                                  \
		 STRING,                                                                           \
		 &(a)->validation,                                                                 \
		 0,                                                                                \
		 0},                                                                               \
	{                                                                                          \
		"partition", 0, "P", "else keep 1 - P of all for that (default 0.9)", FRACTION,    \
			&(a)->share, 0, 0                                                          \
	}
#define TEXT_ROWS(a, g)                                                                            \
	{"thorough",     0, NULL, "with --check: decode every image, cut out every line", FLAG,    \
	 &(a)->thorough, 0, 0},                                                                    \
		{"normal-form",     0, "FORM", "of the text: nfc (default) or nfd", STRING,        \
		 &(g)->normal_form, 0, 0},                                                         \
		{"hyphens", 0,                                                                     \
		 "HOW",     "keep (default); alike: ¬ and ⸗ become -; drop: none at a line's end", \
		 STRING,    &(g)->hyphens,                                                         \
		 0,         0},                                                                    \
		{"round-s", 0, NULL, "learn s for ſ", FLAG, &(g)->round_s, 0, 0},                  \
		{"cut",                                                                            \
		 0,                                                                                \
		 "HOW",                                                                            \
		 "lines out of pages: band, with what is around (default); polygon, as kraken "    \
		 "does; of a base: its own",                                                       \
		 STRING,                                                                           \
		 &(g)->cut,                                                                        \
		 0,                                                                                \
		 0},                                                                               \
		{"plain-quotes",     0, NULL, "learn \" and ' for quotes of all forms", FLAG,      \
		 &(g)->plain_quotes, 0, 0},                                                        \
		{"expand-macrons",     0, NULL, "learn mm and nn for m̄ and n̄", FLAG,               \
		 &(g)->expand_macrons, 0, 0},                                                      \
		{"replay",                                                                         \
		 0,                                                                                \
		 "FOLDER|ZIP",                                                                     \
		 "lines of the base, some in each epoch, so that it forgets less",                 \
		 STRING,                                                                           \
		 &(a)->replay,                                                                     \
		 0,                                                                                \
		 0},                                                                               \
	{                                                                                          \
		"replay-share", 0, "S", "so many of them for each new line (default 1)", FRACTION, \
			&(a)->training.replay, 0, 0                                                \
	}
#define PAGE_ROWS(a, g)                                                                            \
	{                                                                                          \
		"regions", 0, "HOW", "kinds (default): a class each; text: all are one; none",     \
			STRING, &(g)->regions, 0, 0                                                \
	}
#define HAND_ROWS(a, g)                                                                            \
	{"language", 0, "NAME", "deu, fra …", STRING, &(a)->language, 0, 0},                       \
		{"script",     0, "NAME", "kurrent, latin, fraktur or typescript", STRING,         \
		 &(a)->script, 0, 0},                                                              \
	{                                                                                          \
		"sender", 0, "NAME", "whose hand it is for", STRING, &(a)->sender, 0, 0            \
	}
#define NET_ROWS(a, g)                                                                             \
	{"output", 'o',          "OUT", "write OUT.safetensors, OUT.md, OUT.checkpoint",           \
	 STRING,   &(a)->output, 0,     0},                                                        \
		{"spec", 's',                                                                      \
		 "VGSL", "the net, without its output layer; or slim (default: kraken's)",         \
		 STRING, &(g)->spec,                                                               \
		 0,      0},                                                                       \
		{"base", 'b',        "MODEL", "go on from this model, by its name or file",        \
		 STRING, &(a)->base, 0,       0},                                                  \
		{"resize",     0, "HOW", "its alphabet: union (default), new or fail", STRING,     \
		 &(g)->resize, 0, 0},                                                              \
		{"freeze", 0,                                                                      \
		 "N",      "epochs in which only its output layer learns (default 0)",             \
		 NUMBER,   &(g)->frozen,                                                           \
		 0,        LES_EPOCHS_MAX},                                                        \
		{"name", 0,          "NAME", "put the model into the registry, too",               \
		 STRING, &(a)->name, 0,      0},                                                   \
		{"models", 0,                                                                      \
		 "DIR",    "the registry (default: ~/.local/share/lesart/models)",                 \
		 STRING,   &(a)->models,                                                           \
		 0,        0},                                                                     \
		{"layer-rate",                                                                     \
		 0,                                                                                \
		 "F",                                                                              \
		 "of a base: each layer learns F times as fast as the one above (default 1)",      \
		 FRACTION,                                                                         \
		 &(a)->training.layer_rate,                                                        \
		 0,                                                                                \
		 0},                                                                               \
	{                                                                                          \
		"resume", 0, "FILE", "go on where this checkpoint was written", STRING,            \
			&(a)->resume, 0, 0                                                         \
	}
#define LEARN_ROWS(a, g)                                                                           \
	{"epochs", 'N',          "N", "at most (default: by the lines, 30 to 60)",                 \
	 NUMBER,   &(g)->epochs, 1,   LES_EPOCHS_MAX},                                             \
		{"patience", 0,                                                                    \
		 "N",        "epochs without getting better (default: 10 or 15; 0: no end)",       \
		 NUMBER,     &(g)->patience,                                                       \
		 0,          LES_EPOCHS_MAX},                                                      \
		{"batch", 'B',         "N", "lines a step, or pages (default: by their number)",   \
		 NUMBER,  &(g)->batch, 1,   LES_BATCH_LINES_MAX},                                  \
		{"rate",   'r',                                                                    \
		 "R",      "of learning (default: by the lines, up to 0.001)",                     \
		 FRACTION, &(a)->training.rate,                                                    \
		 0,        0},                                                                     \
		{"decay",  0,                                                                      \
		 "D",      "of the weights (default 0)",                                           \
		 FRACTION, &(a)->training.weight_decay,                                            \
		 0,        0},                                                                     \
		{"gradient-max",                                                                   \
		 0,                                                                                \
		 "G",                                                                              \
		 "its norm is clipped to (default 1; 0: not)",                                     \
		 FRACTION,                                                                         \
		 &(a)->training.gradient_max,                                                      \
		 0,                                                                                \
		 0},                                                                               \
		{"warm-up", 0,                                                                     \
		 "N",       "steps over which the rate rises (default: by the lines)",             \
		 NUMBER,    &(g)->warm_up,                                                         \
		 0,         1000000},                                                              \
		{"schedule", 0,                                                                    \
		 "NAME",     "of the rate: cosine (default), constant or plateau",                 \
		 STRING,     &(g)->schedule,                                                       \
		 0,          0},                                                                   \
		{"dropout", 0, "P", "in place of the net's own", FRACTION, &(a)->training.dropout, \
		 0,         0},                                                                    \
		{"augment", 0,                                                                     \
		 "S",       "how far images are varied, 0 to 1 (default: 0.4 to 0.6)",             \
		 FRACTION,  &(a)->training.augmentation,                                           \
		 0,         0},                                                                    \
		{"precision",     0, "NAME", "auto (default), f32 or bf16", STRING,                \
		 &(g)->precision, 0, 0},                                                           \
		{"seed", 0,          "N", "the same gives the same model (default 1)",             \
		 NUMBER, &(g)->seed, 0,   UINT64_MAX},                                             \
	{                                                                                          \
		"checkpoint-seconds", 0, "N", "between two (default 300; 0: none)", NUMBER,        \
			&(g)->checkpoint_seconds, 0, 1000000                                       \
	}
#define OTHER_ROWS(a, g)                                                                             \
	{"summary", 0, "TEXT", "for the card, as the next ones", STRING, &(a)->summary, 0, 0},       \
		{"author", 0, "NAME", "who made the model", STRING, &(a)->author, 0, 0},             \
		{"licence", 0, "SPDX", "of the model", STRING, &(a)->licence, 0, 0},                 \
		{"progress",     0, "HOW", "text (default) or json, one object a line", STRING,      \
		 &(g)->progress, 0, 0},                                                              \
		{"cache", 0,           "FOLDER", "for decoded images (default $TMPDIR or /var/tmp)", \
		 STRING,  &(a)->cache, 0,        0},                                                 \
		{"threads", 0,                                                                       \
		 "N",       "at work at once (default: the processors)",                             \
		 NUMBER,    &(g)->threads,                                                           \
		 1,         LES_THREADS_MAX},                                                        \
	{                                                                                            \
		"allow-weak-sandbox", 0, NULL,                                                       \
			"go on where this kernel cannot confine the workers", FLAG,                  \
			&(a)->allow_weak_sandbox, 0, 0                                               \
	}

static void set_defaults(enum les_net_kind net, struct les_train_arguments *a, struct given *g)
{
	*a = (struct les_train_arguments){
		.share = 0.9f,
		.summary = "",
		.author = "",
		.licence = "",
		.language = "",
		.script = "",
		.sender = "",
		.training = {.net = net,
			     .rate = -1,
			     .gradient_max = 1,
			     .augmentation = -1,
			     .dropout = -1,
			     .layer_rate = 1,
			     .replay = 1},
	};
	*g = (struct given){.hyphens = "keep",
			    .normal_form = "nfc",
			    .regions = "kinds",
			    .resize = "union",
			    .schedule = "cosine",
			    .precision = "auto",
			    .progress = "text",
			    .threads = les_processors(),
			    .epochs = LES_TRAINING_UNSET,
			    .patience = LES_TRAINING_UNSET,
			    .batch = LES_TRAINING_UNSET,
			    .warm_up = LES_TRAINING_UNSET,
			    .seed = 1,
			    .checkpoint_seconds = 300};
	if (g->threads > LES_THREADS_MAX)
		g->threads = LES_THREADS_MAX;
}

static enum les_kind parse_lines(int argc, char **argv, struct les_train_arguments *a,
				 struct given *g, int *ret_first, struct les_error *reterr)
{
	const struct les_option rows[] = {CHECK_ROWS(a, g), TEXT_ROWS(a, g), NET_ROWS(a, g),
					  LEARN_ROWS(a, g), HAND_ROWS(a, g), OTHER_ROWS(a, g)};
	const struct les_options options = {
		"lesart train -o OUT [OPTION]... FOLDER|ZIP...\n"
		"       lesart train --check [OPTION]... FOLDER|ZIP...\n\n"
		"Ground truth is images with transcriptions: X.png (jpg, tif, webp, jp2) with\n"
		"X.gt.txt, one line of text each; or pages with X.xml, PAGE or ALTO.",
		rows, LES_COUNT(rows), false};

	return les_options_parse(&options, argc, argv, ret_first, reterr);
}

static enum les_kind parse_pages(int argc, char **argv, struct les_train_arguments *a,
				 struct given *g, int *ret_first, struct les_error *reterr)
{
	const struct les_option rows[] = {CHECK_ROWS(a, g), PAGE_ROWS(a, g), NET_ROWS(a, g),
					  LEARN_ROWS(a, g), OTHER_ROWS(a, g)};
	const struct les_options options = {
		"lesart segtrain -o OUT [OPTION]... FOLDER|ZIP...\n"
		"       lesart segtrain --check [OPTION]... FOLDER|ZIP...\n\n"
		"Ground truth is pages: X.png (jpg, tif, webp, jp2) with X.xml, PAGE or ALTO,\n"
		"whose lines have baselines.",
		rows, LES_COUNT(rows), false};

	return les_options_parse(&options, argc, argv, ret_first, reterr);
}

static enum les_kind parse(enum les_net_kind net, int argc, char **argv,
			   struct les_train_arguments *a, struct les_error *reterr)
{
	struct given g;
	int first = argc;

	set_defaults(net, a, &g);
	enum les_kind kind = net == LES_NET_RECOGNITION
				     ? parse_lines(argc, argv, a, &g, &first, reterr)
				     : parse_pages(argc, argv, a, &g, &first, reterr);
	if (kind == LES_OK && first == argc)
		kind = les_fail(reterr, LES_ARG, "no folder and no ZIP was given");
	if (kind == LES_OK && !a->check && !a->output)
		kind = les_fail(reterr, LES_ARG, "--output says what the model is to be called");
	if (kind == LES_OK && a->name && !les_model_name_valid(a->name))
		kind = les_fail(reterr, LES_ARG,
				"--name: letters, digits, \".\", \"_\" and \"-\", at most 64");
	a->paths = (const char *const *)argv + first;
	a->paths_n = (uint32_t)(argc - first);
	return kind == LES_OK ? check_training(a, &g, reterr) : kind;
}

/* What each kind of net is trained by. */
struct trade {
	const char *command;
	enum les_net_kind net;
	enum les_kind (*check)(const struct les_train_arguments *a, struct les_pool *pool,
			       int *ret_code, struct les_error *reterr);
	enum les_kind (*run)(const struct les_train_arguments *a, struct les_pool *pool,
			     const char *binary_dir, int cancel_fd, struct les_error *reterr);
};

static int command(const struct trade *trade, int argc, char **argv)
{
	LES_CLEANUP(les_free_p) char *binary_dir = NULL;
	LES_CLEANUP(les_fd_close) int cancel_fd = -1;
	struct les_pool *pool = NULL;
	struct les_train_arguments a;
	struct les_error error;
	int code = 0;
	enum les_kind kind = parse(trade->net, argc, argv, &a, &error);

	if (kind == LES_OK)
		kind = les_binary_dir_find(&binary_dir, &error);
	if (kind == LES_OK) {
		const struct les_pool_config config = {
			.binary_dir = binary_dir,
			.stock = {[LES_ROLE_TRAIN] = {.max = a.threads}},
			.threads = 1,
			.recogniser_documents = LES_RECOGNISER_DOCUMENTS_MAX,
			.allow_weak_sandbox = a.allow_weak_sandbox,
		};
		if (!a.check)
			kind = les_interrupt_open(&cancel_fd, &error);
		if (kind == LES_OK)
			kind = les_pool_new(&config, &pool, &error);
	}
	if (kind == LES_OK)
		kind = a.check ? trade->check(&a, pool, &code, &error)
			       : trade->run(&a, pool, binary_dir, cancel_fd, &error);
	les_pool_free(pool);
	if (kind == LES_CANCELLED && cancel_fd >= 0) {
		fprintf(stderr, "\nlesart %s: stopped before it began to learn\n", trade->command);
		return 1;
	}
	return kind == LES_OK ? code : les_options_exit(trade->command, &error);
}

int les_cli_train(int argc, char **argv)
{
	static const struct trade lines = {"train", LES_NET_RECOGNITION, les_train_check,
					   les_train_run};

	return command(&lines, argc, argv);
}

int les_cli_segtrain(int argc, char **argv)
{
	static const struct trade pages = {"segtrain", LES_NET_SEGMENTATION, les_segtrain_check,
					   les_segtrain_run};

	return command(&pages, argc, argv);
}
