#ifndef LES_HTTP_REQUEST_H
#define LES_HTTP_REQUEST_H

#include "base/buf.h"
#include "http/params.h"
#include "http/server.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

/* One request from its headers to its answer. */
struct les_request {
	struct les_server *server;
	struct MHD_Connection *connection;
	char id[17];                /* in X-Request-Id, in error bodies and in logs */
	const char *method, *route; /* of the table; never what the client wrote */
	int64_t since_ms;
	unsigned status; /* answered with; 0: not yet */

	/* a document's upload */
	bool admitted;
	bool running;            /* it is its turn */
	struct stream *stream;   /* of /ocr/stream, while its job runs or its answer is there */
	uint64_t reserved_bytes; /* of the server's room for documents */
	int spool_fd;
	uint64_t spooled_bytes;
	struct MHD_PostProcessor *form; /* multipart/form-data, else NULL */
	struct les_buf field;           /* the form's field at hand, which may come in pieces */
	char field_name[64];            /* "" between fields */
	bool has_file;
	struct les_http_params params;
	struct les_error error; /* what went wrong with the upload so far */
};

/* Answers with bytes of a type; Lesart's own headers are added. */
enum MHD_Result les_answer(struct les_request *request, unsigned status, const char *media_type,
			   const void *bytes, size_t n);

/* Answers with {"schema","kind","message","request"} and the kind's status. */
enum MHD_Result les_answer_error(struct les_request *request, const struct les_error *error);

/* Adds the headers every answer has. */
void les_answer_headers(struct les_request *request, struct MHD_Response *response);

/* {"schema","kind","message","request"} as text. */
void les_error_body(const struct les_request *request, const struct les_error *error,
		    struct les_buf *out);

/* An fd that becomes readable when the client hangs up or the server ends: an epoll over the two.
 * errors: IO. */
enum les_kind les_request_watch(const struct les_request *request, int *ret_fd,
				struct les_error *reterr);

/* Upload: prepares for a body of declared_bytes (UINT64_MAX: not declared), takes its pieces. An
 * error stays in request->error. */
void les_upload_begin(struct les_request *request, uint64_t declared_bytes);
void les_upload_piece(struct les_request *request, const char *bytes, size_t n);
/* The whole body is there: a read-only fd of it. errors: FORMAT (empty), ARG (a form without file),
 * IO. */
enum les_kind les_upload_end(struct les_request *request, int *ret_fd, struct les_error *reterr);
void les_upload_done(struct les_request *request);

/* The routes' work. */
enum MHD_Result les_route_health(struct les_request *request);
enum MHD_Result les_route_ocr(struct les_request *request, int document_fd);
enum MHD_Result les_route_stream(struct les_request *request, int document_fd);

/* Ends the job of a request that is over, if it has one; its answer may live a little longer. */
void les_stream_end(struct les_request *request);

/* A job's request as the server's limits and the parameters have it. */
void les_request_job(const struct les_request *request, int document_fd, int cancel_fd,
		     struct les_job_request *ret);

/* Waits for the turn of this document; les_request_over() ends it. errors: CANCELLED where the
 * client or the server went away.
 */
enum les_kind les_request_turn(struct les_request *request, int cancel_fd,
			       struct les_error *reterr);
void les_request_over(struct les_request *request);

#endif
