#ifndef LES_JOBS_CHOICE_H
#define LES_JOBS_CHOICE_H

#include "jobs/flow.h"

/* What reads a document, from what was asked for: the engine, its models, and who does what with a
 * page. */
struct les_choice {
	const char *engine;   /* "tesseract", "neural" */
	const char *language; /* of print; "" for nets */
	struct les_models models;
	char recogniser[LES_MODEL_NAME_BYTES_MAX + 1]; /* ids of nets, "" for none */
	char segmenter[LES_MODEL_NAME_BYTES_MAX + 1];
	enum les_read_precision precision;
	const char *precision_name; /* "int8", "f32", "bf16" */
	struct les_flow_stage stages[LES_FLOW_STAGES_MAX];
	uint32_t stages_n;
};

/* Whether nets will read it. An engine that does not exist is not neural. */
bool les_choice_is_neural(const struct les_job_request *request);

/* Chooses and opens. `auto` reads with nets where a model is named, the script is handwriting, or
 * the registry has a net for a script of print that was named, and no language was.
 * Lines come from a layout, from the line finder, or, where there is none or the script is print
 * and none was named, from Tesseract.
 * *ret: les_choice_done(). errors: ARG, NOTFOUND (which model, and where it was looked for), what
 * keeps a model from being opened. */
enum les_kind les_choice_make(struct les_pool *pool, const struct les_job_request *request,
			      struct les_choice *ret, struct les_error *reterr);
void les_choice_done(struct les_choice *choice);

#endif
