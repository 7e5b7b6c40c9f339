#include "base/cleanup.h"
#include "base/version.h"
#include "http/request.h"

#include <stdio.h>
#include <string.h>

void les_answer_headers(struct les_request *request, struct MHD_Response *response)
{
	MHD_add_response_header(response, "X-Request-Id", request->id);
	MHD_add_response_header(response, "Server", "Lesart/" LES_VERSION);
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(response, "Cache-Control", "no-store");
}

enum MHD_Result les_answer(struct les_request *request, unsigned status, const char *media_type,
			   const void *bytes, size_t n)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(n, (void *)(uintptr_t)bytes, MHD_RESPMEM_MUST_COPY);
	char seconds[16];

	if (!response)
		return MHD_NO;
	les_answer_headers(request, response);
	MHD_add_response_header(response, "Content-Type", media_type);
	if (status == 429) {
		snprintf(seconds, sizeof seconds, "%d", LES_HTTP_RETRY_SECONDS);
		MHD_add_response_header(response, "Retry-After", seconds);
	}
	if (status == 405)
		MHD_add_response_header(response, "Allow",
					strcmp(request->route, "/health") == 0 ? "GET, HEAD"
									       : "POST");
	request->status = status;
	enum MHD_Result queued = MHD_queue_response(request->connection, status, response);
	MHD_destroy_response(response);
	return queued;
}

void les_error_body(const struct les_request *request, const struct les_error *error,
		    struct les_buf *out)
{
	json_t *body = les_json_error(error);

	json_object_set_new(body, "schema", json_string("lesart.error/1"));
	json_object_set_new(body, "request", json_string(request->id));
	les_json_append(out, body);
	les_buf_puts(out, "\n");
}

enum MHD_Result les_answer_error(struct les_request *request, const struct les_error *error)
{
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_HTTP_FIELD_BYTES_MAX);

	les_error_body(request, error, &body);
	if (body.failed)
		return MHD_NO;
	return les_answer(request, (unsigned)les_kind_info(error->kind)->http_status,
			  "application/json", body.bytes, body.len);
}
