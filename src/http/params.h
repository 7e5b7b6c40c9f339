#ifndef LES_HTTP_PARAMS_H
#define LES_HTTP_PARAMS_H

#include "base/error.h"
#include "export/export.h"
#include "jobs/job.h"

/* The parameters of /ocr and /ocr/stream, from the query or from the fields of a form. */
struct les_http_params {
	enum les_export_format format;
	struct les_ranges pages;
	float illegible_below;
	uint32_t readings_n;
	char language[LES_LANGUAGE_BYTES_MAX + 1];
	char script[32], engine[32];
	char model[LES_MODEL_NAME_BYTES_MAX + 1], segmenter[LES_MODEL_NAME_BYTES_MAX + 1];
	char sender[LES_MODEL_NAME_BYTES_MAX + 1]; /* accepted; no engine has writers' models yet */
	char illegible_text[65];
	char password[LES_PASSWORD_BYTES_MAX + 1];
};

void les_http_params_init(struct les_http_params *params);

/* Sets one parameter; value_n bytes, which must be UTF-8. errors: ARG with its name: unknown, not
 * of its form, too long. */
enum les_kind les_http_params_set(struct les_http_params *params, const char *name,
				  const char *value, size_t value_n, struct les_error *reterr);

/* What they mean for a job. params is borrowed by the request. */
void les_http_params_apply(const struct les_http_params *params, struct les_job_request *request);

#endif
