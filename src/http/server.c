#include "http/server.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "http/request.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct route {
	const char *method, *path;
	enum MHD_Result (*answer)(struct les_request *request);                /* no body */
	enum MHD_Result (*read)(struct les_request *request, int document_fd); /* a document */
};

static const struct route routes[] = {
	{"GET", "/health", les_route_health, NULL},
	{"HEAD", "/health", les_route_health, NULL},
	{"POST", "/ocr", NULL, les_route_ocr},
	{"POST", "/ocr/stream", NULL, les_route_stream},
};

static const struct route *route_find(const char *method, const char *path, const char **ret_path)
{
	*ret_path = NULL;
	for (size_t i = 0; i < LES_COUNT(routes); i++) {
		if (strcmp(routes[i].path, path) != 0)
			continue;
		*ret_path = routes[i].path;
		if (strcmp(routes[i].method, method) == 0)
			return &routes[i];
	}
	return NULL;
}

static struct les_request *request_new(struct les_server *server, struct MHD_Connection *connection)
{
	struct les_request *request = calloc(1, sizeof *request);
	uint8_t random[8];

	if (!request)
		return NULL;
	if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
		memset(random, 0, sizeof random);
	for (size_t i = 0; i < sizeof random; i++)
		snprintf(request->id + 2 * i, 3, "%02x", random[i]);
	request->server = server;
	request->connection = connection;
	request->since_ms = les_clock_ms();
	request->spool_fd = -1;
	request->route = "-";
	request->method = "-";
	les_http_params_init(&request->params);
	atomic_fetch_add(&server->requests_n, 1);
	return request;
}

static void request_free(struct les_request *request)
{
	char status[8], milliseconds[24], bytes[24];

	snprintf(status, sizeof status, "%u", request->status);
	snprintf(milliseconds, sizeof milliseconds, "%lld",
		 (long long)(les_clock_ms() - request->since_ms));
	snprintf(bytes, sizeof bytes, "%llu", (unsigned long long)request->spooled_bytes);
	les_log("info", "request", "request", request->id, "method", request->method, "route",
		request->route, "status", status, "bytes", bytes, "ms", milliseconds, NULL);
	les_stream_end(request);
	les_upload_done(request);
	les_request_over(request);
	if (request->admitted)
		les_slots_leave(&request->server->slots);
	atomic_fetch_sub(&request->server->requests_n, 1);
	free(request);
}

static void on_completed(void *context, struct MHD_Connection *connection, void **state,
			 enum MHD_RequestTerminationCode code)
{
	(void)context;
	(void)connection;
	(void)code;
	if (*state)
		request_free(*state);
	*state = NULL;
}

static enum MHD_Result on_query(void *context, enum MHD_ValueKind kind, const char *name,
				const char *value)
{
	struct les_request *request = context;
	const char *text = value ? value : "";

	(void)kind;
	return les_http_params_set(&request->params, name, text, strlen(text), &request->error) ==
			       LES_OK
		       ? MHD_YES
		       : MHD_NO;
}

static uint64_t declared_length(struct MHD_Connection *connection)
{
	const char *text = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
						       MHD_HTTP_HEADER_CONTENT_LENGTH);

	return text ? strtoull(text, NULL, 10) : UINT64_MAX;
}

/* The headers are there. Whatever can be refused now is refused before the body is read. */
static enum MHD_Result on_headers(struct les_request *request, const struct route *route)
{
	if (route->answer)
		return MHD_YES; /* answered when the (empty) body is over */
	MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, on_query, request);
	if (request->error.kind == LES_OK &&
	    les_slots_admit(&request->server->slots, &request->error) == LES_OK)
		request->admitted = true;
	if (request->error.kind == LES_OK)
		les_upload_begin(request, declared_length(request->connection));
	return request->error.kind == LES_OK ? MHD_YES : les_answer_error(request, &request->error);
}

/* The library takes no answer in the middle of a body: so this one is written by hand, what the
 * client still sends is thrown away for a moment so that it gets to read it, and the connection is
 * closed. */
static enum MHD_Result refuse_in_body(struct les_request *request)
{
	enum { DRAIN_MS = 1000 };
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_HTTP_FIELD_BYTES_MAX);
	LES_CLEANUP(les_buf_done) struct les_buf out = LES_BUF(2 * LES_HTTP_FIELD_BYTES_MAX);
	const int64_t deadline_ms = les_clock_ms() + DRAIN_MS;
	struct pollfd p = {.fd = info->connect_fd, .events = POLLIN};
	char thrown[16384];

	request->status = (unsigned)les_kind_info(request->error.kind)->http_status;
	les_error_body(request, &request->error, &body);
	les_buf_printf(
		&out,
		"HTTP/1.1 %u Refused\r\nContent-Type: application/json\r\nX-Request-Id: %s\r\n"
		"Content-Length: %zu\r\nConnection: close\r\n",
		request->status, request->id, body.len);
	if (request->status == 429)
		les_buf_printf(&out, "Retry-After: %d\r\n", LES_HTTP_RETRY_SECONDS);
	les_buf_puts(&out, "\r\n");
	les_buf_put(&out, body.bytes, body.len);
	if (!out.failed && send(p.fd, out.bytes, out.len, MSG_NOSIGNAL) == (ssize_t)out.len) {
		shutdown(p.fd, SHUT_WR);
		while (poll(&p, 1, les_clock_left_ms(deadline_ms)) > 0)
			if (recv(p.fd, thrown, sizeof thrown, 0) <= 0)
				break;
	}
	return MHD_NO;
}

static enum MHD_Result on_body_end(struct les_request *request, const struct route *route)
{
	LES_CLEANUP(les_fd_close) int document_fd = -1;
	struct les_error error;

	if (route->answer)
		return route->answer(request);
	if (les_upload_end(request, &document_fd, &error) != LES_OK)
		return les_answer_error(request, &error);
	return route->read(request, document_fd);
}

static enum MHD_Result refuse_route(struct les_request *request, const char *path)
{
	struct les_error error;

	if (!path) {
		les_fail(&error, LES_NOTFOUND,
			 "there is nothing here: see /health, /ocr, /ocr/stream");
		return les_answer_error(request, &error);
	}
	request->route = path;
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_HTTP_FIELD_BYTES_MAX);
	les_fail(&error, LES_ARG, "this method is not for %s", path);
	les_error_body(request, &error, &body);
	return body.failed ? MHD_NO
			   : les_answer(request, 405, "application/json", body.bytes, body.len);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *bytes,
				  size_t *bytes_n, void **state)
{
	struct les_request *request = *state;
	const char *path;
	const struct route *route = route_find(method, url, &path);

	(void)version;
	if (!request) {
		*state = request = request_new(context, connection);
		if (!request)
			return MHD_NO;
		if (!route)
			return refuse_route(request, path);
		request->route = route->path;
		request->method = route->method;
		return on_headers(request, route);
	}
	if (!route)
		return MHD_NO;
	if (*bytes_n) {
		if (route->read)
			les_upload_piece(request, bytes, *bytes_n);
		*bytes_n = 0;
		return request->error.kind == LES_OK ? MHD_YES : refuse_in_body(request);
	}
	return on_body_end(request, route);
}

/* The library's own words (malformed requests) go to the log as one event without them: they may
 * hold what the client sent. */
static void on_library_log(void *context, const char *format, va_list args)
{
	(void)context;
	(void)format;
	(void)args;
}

enum les_kind les_server_start(const struct les_server_config *config, struct les_server **ret,
			       struct MHD_Daemon **ret_daemon, struct les_error *reterr)
{
	struct les_server *server = calloc(1, sizeof *server);

	if (!server)
		return les_fail(reterr, LES_NOMEM, "no memory for the server");
	server->config = *config;
	server->since_s = les_clock_s();
	server->ending_fd = eventfd(0, EFD_CLOEXEC);
	les_slots_init(&server->slots, config->running_max, config->waiting_max,
		       config->room_bytes_max);
	*ret_daemon = MHD_start_daemon(
		MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL |
			MHD_USE_ERROR_LOG | MHD_USE_ITC,
		0, NULL, NULL, on_request, server, MHD_OPTION_EXTERNAL_LOGGER, on_library_log, NULL,
		MHD_OPTION_LISTEN_SOCKET, config->listen_fd, MHD_OPTION_NOTIFY_COMPLETED,
		on_completed, NULL, MHD_OPTION_CONNECTION_LIMIT, (unsigned)LES_HTTP_CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)LES_HTTP_IDLE_SECONDS,
		MHD_OPTION_THREAD_STACK_SIZE, (size_t)LES_HTTP_STACK_BYTES, MHD_OPTION_END);
	if (!*ret_daemon || server->ending_fd < 0) {
		les_slots_done(&server->slots);
		free(server);
		return les_fail(reterr, LES_IO, "cannot start the HTTP server");
	}
	*ret = server;
	return LES_OK;
}

void les_server_stop(struct les_server *server, struct MHD_Daemon *daemon, int drain_ms)
{
	const int64_t deadline_ms = les_clock_ms() + drain_ms;
	const uint64_t one = 1;
	MHD_socket listen_fd;

	les_slots_close(&server->slots);
	listen_fd = MHD_quiesce_daemon(daemon);
	while (atomic_load(&server->requests_n) && les_clock_left_ms(deadline_ms))
		usleep(20000);
	if (write(server->ending_fd, &one, sizeof one) < 0)
		abort(); /* an eventfd takes a 1 */
	MHD_stop_daemon(daemon);
	if (listen_fd != MHD_INVALID_SOCKET)
		close(listen_fd);
	les_fd_close(&server->ending_fd);
	les_slots_done(&server->slots);
	free(server);
}

static enum les_kind listen_unix(const char *path, int *ret_fd, struct les_error *reterr)
{
	LES_CLEANUP(les_fd_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat st;

	if (strlen(path) >= sizeof address.sun_path || !path[0])
		return les_fail(reterr, LES_ARG, "unix:%.60s: not a path for a socket", path);
	memcpy(address.sun_path, path, strlen(path));
	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		unlink(path); /* left behind by one that was killed */
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
	    listen(fd, SOMAXCONN) != 0)
		return les_fail_errno(reterr, "cannot listen on unix:%s", path);
	*ret_fd = LES_TAKE_FD(fd);
	return LES_OK;
}

enum les_kind les_listen(const char *address, int *ret_fd, struct les_error *reterr)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				       .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
	struct addrinfo *found = NULL;
	LES_CLEANUP(les_fd_close) int fd = -1;
	char host[64];
	const int on = 1;

	if (strncmp(address, "unix:", 5) == 0)
		return listen_unix(address + 5, ret_fd, reterr);
	const char *colon = strrchr(address, ':');
	if (!colon || (size_t)(colon - address) >= sizeof host)
		return les_fail(reterr, LES_ARG, "\"%.60s\" is neither ADDRESS:PORT nor unix:PATH",
				address);
	const bool bracketed = address[0] == '[' && colon > address + 1 && colon[-1] == ']';
	snprintf(host, sizeof host, "%.*s", (int)(colon - address - (bracketed ? 2 : 0)),
		 address + (bracketed ? 1 : 0));
	if (getaddrinfo(host[0] ? host : NULL, colon + 1, &hints, &found) != 0)
		return les_fail(reterr, LES_ARG, "\"%.60s\" is no numeric address and port",
				address);
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
		  bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0;
	freeaddrinfo(found);
	if (!ok)
		return les_fail_errno(reterr, "cannot listen on %s", address);
	*ret_fd = LES_TAKE_FD(fd);
	return LES_OK;
}
