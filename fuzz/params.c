/* Parameters of the HTTP API: lines of name=value. */
#include "fuzz/fuzz.h"

#include "http/params.h"

#include <stdlib.h>
#include <string.h>

static void set(struct les_http_params *params, const uint8_t *line, size_t n)
{
	const uint8_t *equals = memchr(line, '=', n);
	const size_t name_n = equals ? (size_t)(equals - line) : n;
	const size_t value_n = equals ? n - name_n - 1 : 0;
	char *name = strndup((const char *)line, name_n);
	char *value = malloc(value_n ? value_n : 1);

	if (name && value) {
		if (value_n)
			memcpy(value, equals + 1, value_n);
		les_http_params_set(params, name, value, value_n, NULL);
	}
	free(name);
	free(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static struct les_http_params params;
	struct les_job_request request;

	les_http_params_init(&params);
	while (n) {
		const uint8_t *end = memchr(bytes, '\n', n);
		const size_t line = end ? (size_t)(end - bytes) : n;
		set(&params, bytes, line);
		bytes += line + (end != NULL);
		n -= line + (end != NULL);
	}
	les_job_request_init(&request);
	les_http_params_apply(&params, &request);
	FUZZ_HOLDS(request.illegible_below >= 0 && request.illegible_below <= 1);
	return 0;
}
