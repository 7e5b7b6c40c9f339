#include "base/cleanup.h"
#include "http/request.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FORM_BUFFER_BYTES = 65536 };

/* An unlinked file below the spool folder, or memory where there is none. */
static int spool_new(const struct les_server_config *config)
{
	int fd = -1;

	if (config->spool_dir)
		fd = open(config->spool_dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	return fd >= 0 ? fd : memfd_create("lesart-upload", MFD_CLOEXEC);
}

/* Room is taken in steps, or at once where the length was declared. */
static bool reserve(struct les_request *request, uint64_t bytes)
{
	if (bytes <= request->reserved_bytes)
		return true;
	const uint64_t more = bytes - request->reserved_bytes;
	if (les_slots_reserve(&request->server->slots, more, &request->error) != LES_OK)
		return false;
	request->reserved_bytes = bytes;
	return true;
}

static void spool(struct les_request *request, const char *bytes, size_t n)
{
	const uint64_t max = request->server->config.file_bytes_max;

	if (n > max - request->spooled_bytes) {
		les_fail(&request->error, LES_LIMIT, "the document has more than %llu bytes",
			 (unsigned long long)max);
		return;
	}
	if (!reserve(request, request->spooled_bytes + n))
		return;
	while (n) {
		ssize_t written = write(request->spool_fd, bytes, n);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0) {
			les_fail_errno(&request->error, "cannot keep the document");
			return;
		}
		bytes += written;
		n -= (size_t)written;
		request->spooled_bytes += (uint64_t)written;
	}
}

/* A parameter is complete: its next piece would have come before another field. */
static void end_field(struct les_request *request)
{
	const struct les_buf *field = &request->field;

	if (request->field_name[0] && request->error.kind == LES_OK)
		les_http_params_set(&request->params, request->field_name,
				    field->len ? (const char *)field->bytes : "", field->len,
				    &request->error);
	request->field_name[0] = 0;
	les_buf_reset(&request->field);
}

/* A piece of a parameter: how a value is cut depends on how its bytes arrive. */
static void add_to_field(struct les_request *request, const char *name, const char *bytes, size_t n)
{
	les_buf_put(&request->field, bytes, n);
	if (request->field.failed || strlen(name) >= sizeof request->field_name)
		les_fail(&request->error, LES_ARG, "%.40s: too long", name);
	else
		memcpy(request->field_name, name, strlen(name) + 1);
}

/* A piece of a form's field: the file's bytes, or a parameter. */
static enum MHD_Result on_field(void *context, enum MHD_ValueKind kind, const char *name,
				const char *file_name, const char *content_type,
				const char *transfer_encoding, const char *bytes, uint64_t offset,
				size_t n)
{
	struct les_request *request = context;

	(void)kind;
	(void)file_name;
	(void)content_type;
	(void)transfer_encoding;
	if (!name) {
		les_fail(&request->error, LES_ARG, "the form has a field without a name");
		return MHD_NO;
	}
	if (request->error.kind != LES_OK)
		return MHD_NO;
	/* the library may give a first piece of nothing before the first piece of something */
	if (strcmp(name, request->field_name) != 0 || (offset == 0 && request->field.len))
		end_field(request);
	if (request->error.kind != LES_OK)
		return MHD_NO;
	if (strcmp(name, "file") == 0) {
		if (offset == 0 && request->spooled_bytes)
			les_fail(&request->error, LES_ARG, "the form has more than one file");
		else
			spool(request, bytes, n);
		request->has_file = true;
	} else {
		add_to_field(request, name, bytes, n);
	}
	return request->error.kind == LES_OK ? MHD_YES : MHD_NO;
}

static bool is_form(const struct les_request *request)
{
	const char *type = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND,
						       MHD_HTTP_HEADER_CONTENT_TYPE);

	return type && strncasecmp(type, "multipart/form-data", 19) == 0;
}

void les_upload_begin(struct les_request *request, uint64_t declared_bytes)
{
	const uint64_t max = request->server->config.file_bytes_max;
	const bool form = is_form(request);
	/* a form has some words around its file */
	const uint64_t allowed = form ? max + LES_HTTP_FIELD_BYTES_MAX * 16 : max;

	if (declared_bytes != UINT64_MAX && declared_bytes > allowed) {
		les_fail(&request->error, LES_LIMIT, "the document has %llu bytes, more than %llu",
			 (unsigned long long)declared_bytes, (unsigned long long)max);
		return;
	}
	request->field = LES_BUF(LES_HTTP_FIELD_BYTES_MAX);
	if (declared_bytes != UINT64_MAX &&
	    !reserve(request, declared_bytes < max ? declared_bytes : max))
		return;
	request->spool_fd = spool_new(&request->server->config);
	if (request->spool_fd < 0)
		les_fail_errno(&request->error, "cannot keep the document");
	if (form && request->error.kind == LES_OK) {
		request->form = MHD_create_post_processor(request->connection, FORM_BUFFER_BYTES,
							  on_field, request);
		if (!request->form)
			les_fail(&request->error, LES_ARG, "the form has no boundary");
	}
}

void les_upload_piece(struct les_request *request, const char *bytes, size_t n)
{
	if (request->error.kind != LES_OK)
		return;
	if (!request->form)
		spool(request, bytes, n);
	else if (MHD_post_process(request->form, bytes, n) != MHD_YES &&
		 request->error.kind == LES_OK)
		les_fail(&request->error, LES_ARG, "the form is malformed");
}

enum les_kind les_upload_end(struct les_request *request, int *ret_fd, struct les_error *reterr)
{
	char path[64];

	if (request->form) {
		/* its last field is handed over only now */
		bool sound = MHD_destroy_post_processor(request->form) == MHD_YES;
		request->form = NULL;
		end_field(request);
		if (request->error.kind == LES_OK && (!sound || !request->has_file))
			les_fail(&request->error, LES_ARG,
				 "the form has no field \"file\", or is cut off");
	}
	if (request->error.kind != LES_OK) {
		*reterr = request->error;
		return reterr->kind;
	}
	if (request->spooled_bytes == 0)
		return les_fail(reterr, LES_FORMAT, "the document is empty");
	/* the decoder gets a read-only description of it, not ours */
	snprintf(path, sizeof path, "/proc/self/fd/%d", request->spool_fd);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return les_fail_errno(reterr, "cannot open the document for reading");
	*ret_fd = fd;
	return LES_OK;
}

void les_upload_done(struct les_request *request)
{
	if (request->form)
		MHD_destroy_post_processor(request->form);
	request->form = NULL;
	les_buf_done(&request->field);
	les_fd_close(&request->spool_fd);
	les_slots_release(&request->server->slots, request->reserved_bytes);
	request->reserved_bytes = 0;
}
