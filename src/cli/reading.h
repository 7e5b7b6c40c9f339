#ifndef LES_CLI_READING_H
#define LES_CLI_READING_H

#include "base/error.h"
#include "cli/options.h"
#include "jobs/job.h"

/* What lesart read and lesart eval have in common: how a document is to be read. */
struct les_reading {
	const char *engine, *language, *script, *model, *segmenter, *precision, *models, *tessdata;
	struct les_registry registry; /* les_reading_pool() opens it */
	uint64_t threads;
	float illegible_below;
	bool allow_weak_sandbox;
	const char *tessdata_folders[2]; /* --tessdata, if it was given */
};

void les_reading_init(struct les_reading *reading);
void les_reading_done(struct les_reading *reading);

/* Rows for a subcommand's table of options. */
#define LES_READING_OPTIONS(r)                                                                       \
	{"engine", 0, "NAME", "auto, tesseract or neural", LES_OPTION_STRING, &(r)->engine, 0, 0},   \
		{"language",                                                                         \
		 0,                                                                                  \
		 "NAME",                                                                             \
		 "of print: deu, fra, deu+frk, script/Fraktur …",                                    \
		 LES_OPTION_STRING,                                                                  \
		 &(r)->language,                                                                     \
		 0,                                                                                  \
		 0},                                                                                 \
		{"script",                                                                           \
		 0,                                                                                  \
		 "NAME",                                                                             \
		 "auto, kurrent, latin, fraktur or typescript",                                      \
		 LES_OPTION_STRING,                                                                  \
		 &(r)->script,                                                                       \
		 0,                                                                                  \
		 0},                                                                                 \
		{"model",           0,           "NAME|PATH", "a recognition model (neural engine)", \
		 LES_OPTION_STRING, &(r)->model, 0,           0},                                    \
		{"segmenter",                                                                        \
		 0,                                                                                  \
		 "NAME|PATH",                                                                        \
		 "a line finder (neural engine)",                                                    \
		 LES_OPTION_STRING,                                                                  \
		 &(r)->segmenter,                                                                    \
		 0,                                                                                  \
		 0},                                                                                 \
		{"precision",     0, "NAME", "of nets: auto, f32 or bf16", LES_OPTION_STRING,        \
		 &(r)->precision, 0, 0},                                                             \
		{"models",                                                                           \
		 0,                                                                                  \
		 "DIR",                                                                              \
		 "where models lie (default: ~/.local/share/lesart/models)",                         \
		 LES_OPTION_STRING,                                                                  \
		 &(r)->models,                                                                       \
		 0,                                                                                  \
		 0},                                                                                 \
		{"tessdata",     0, "DIR", "where Tesseract's models lie", LES_OPTION_STRING,        \
		 &(r)->tessdata, 0, 0},                                                              \
		{"threads",                                                                          \
		 0,                                                                                  \
		 "N",                                                                                \
		 "pages read at once (default: the processors)",                                     \
		 LES_OPTION_NUMBER,                                                                  \
		 &(r)->threads,                                                                      \
		 1,                                                                                  \
		 LES_THREADS_MAX},                                                                   \
	{                                                                                            \
		"allow-weak-sandbox", 0, NULL,                                                       \
			"go on where this kernel cannot confine the workers", LES_OPTION_FLAG,       \
			&(r)->allow_weak_sandbox, 0, 0                                               \
	}

/* Fills a request; reading is borrowed by it. */
void les_reading_request(struct les_reading *reading, struct les_job_request *request);

/* A pool for a command line with so many files, of which at_once are read at the same time. */
enum les_kind les_reading_pool(struct les_reading *reading, uint32_t files_n, uint32_t at_once,
			       char **ret_binary_dir, struct les_pool **ret,
			       struct les_error *reterr);

#endif
