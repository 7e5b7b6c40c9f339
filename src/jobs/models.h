#ifndef LES_JOBS_MODELS_H
#define LES_JOBS_MODELS_H

#include "base/error.h"
#include "ipc/message.h"
#include "types/limits.h"

#include <stddef.h>
#include <stdint.h>

/* The models an engine needs, as files that are never parsed here: opened, hashed, handed down. For
 * Tesseract a language string "deu+frk" names the files deu.traineddata and frk.traineddata below
 * one of the folders; names are [A-Za-z0-9_/-]+ without "..". */
struct les_model {
	struct les_model_ref ref;                /* what workers call it */
	char name[LES_MODEL_NAME_BYTES_MAX + 1]; /* "deu", "script/Fraktur" */
	char sha256[65];                         /* hex, lower case */
	int fd;                                  /* read-only */
};

struct les_models {
	struct les_model at[LES_JOB_MODELS_MAX];
	uint32_t n;
};

/* SHA-256 of a model's file, hex; remembered per file (device, inode, size, time). errors: IO. */
enum les_kind les_model_hash(int fd, char out[65], struct les_error *reterr);

/* Opens and hashes what `language` names, from the first of the NULL-terminated folders that has
 * it. *ret: les_models_done(). errors:
 * ARG malformed; NOTFOUND names the language and the folders; LIMIT; IO. */
enum les_kind les_models_open(const char *const *folders, const char *language,
			      struct les_models *ret, struct les_error *reterr);
void les_models_done(struct les_models *models);

/* The language that a script asks for where no --language was given: typescript, auto → "deu",
 * fraktur → "frk". errors: ARG unknown script; UNAVAILABLE for scripts that need the neural reader.
 */
enum les_kind les_language_for_script(const char *script, const char **ret,
				      struct les_error *reterr);

/* Calls found() for each language that a folder has a readable model for, with its name as
 * --language takes it ("deu", "script/Fraktur"). Where there is none, reason says why. */
void les_languages_find(const char *const *folders,
			void (*found)(void *context, const char *language), void *context,
			char *reason, size_t reason_n);

/* Where Debian keeps Tesseract's models; NULL-terminated. */
extern const char *const les_tessdata_folders[];

#endif
