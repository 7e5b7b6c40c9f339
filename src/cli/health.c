#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/cli.h"
#include "cli/input.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A running server's /health, for a container's health check: the least of an HTTP client. */

enum { PATIENCE_MS = 5000, ANSWER_BYTES_MAX = 1 << 20 };

static int connect_unix(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
		les_fd_close(&fd);
	return fd;
}

static int connect_tcp(const char *host, const char *port)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *found;
	int fd = -1;

	if (getaddrinfo(host, port, &hints, &found) != 0)
		return -1;
	for (const struct addrinfo *a = found; a && fd < 0; a = a->ai_next) {
		fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) != 0)
			les_fd_close(&fd);
	}
	freeaddrinfo(found);
	return fd;
}

/* "http://127.0.0.1:8000/…", "127.0.0.1:8000", "[::1]:8000" or "unix:PATH". A server that listens
 * on every address is asked on this machine's own. */
static int connect_to(const char *url)
{
	char host[256];

	if (strncmp(url, "unix:", 5) == 0)
		return connect_unix(url + 5);
	if (strncmp(url, "http://", 7) == 0)
		url += 7;
	snprintf(host, sizeof host, "%.*s", (int)strcspn(url, "/"), url);
	char *colon = strrchr(host, ':');
	const char *port = colon && colon[1] ? colon + 1 : "8000";
	char *name = host;
	if (colon)
		*colon = 0;
	if (name[0] == '[') {
		name++;
		name[strcspn(name, "]")] = 0;
	}
	if (strcmp(name, "0.0.0.0") == 0 || !name[0])
		return connect_tcp("127.0.0.1", port);
	return connect_tcp(strcmp(name, "::") == 0 ? "::1" : name, port);
}

static enum les_kind ask(int fd, struct les_buf *answer, struct les_error *reterr)
{
	static const char request[] = "GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n";
	const int64_t deadline_ms = les_clock_ms() + PATIENCE_MS;
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char bytes[4096];
	enum les_kind kind = les_write_all(fd, request, sizeof request - 1, "the request", reterr);

	while (kind == LES_OK) {
		if (poll(&p, 1, les_clock_left_ms(deadline_ms)) <= 0)
			return les_fail(reterr, LES_DEADLINE, "the server does not answer");
		ssize_t n = read(fd, bytes, sizeof bytes);
		if (n < 0)
			return les_fail_errno(reterr, "cannot read the answer");
		if (n == 0)
			break;
		les_buf_put(answer, bytes, (size_t)n);
	}
	return kind == LES_OK && answer->failed
		       ? les_fail(reterr, LES_LIMIT, "the answer is too long")
		       : kind;
}

int les_cli_health(int argc, char **argv)
{
	const char *listen = getenv("LESART_LISTEN");
	const char *url = argc > 1 ? argv[1] : listen && *listen ? listen : "http://127.0.0.1:8000";
	LES_CLEANUP(les_buf_done) struct les_buf answer = LES_BUF(ANSWER_BYTES_MAX);
	struct les_error error;

	if (strcmp(url, "--help") == 0 || strcmp(url, "-h") == 0) {
		puts("usage: lesart health [URL]   (http://127.0.0.1:8000, or unix:PATH)\n\n"
		     "Asks a running server; exits with 0 if it can read a page.");
		return 0;
	}
	LES_CLEANUP(les_fd_close) int fd = connect_to(url);
	if (fd < 0) {
		fprintf(stderr, "lesart health: nobody listens at %s: %s\n", url, strerror(errno));
		return les_kind_info(LES_UNAVAILABLE)->exit_code;
	}
	if (ask(fd, &answer, &error) != LES_OK || !answer.bytes) {
		fprintf(stderr, "lesart health: %s\n", answer.bytes ? error.message : "no answer");
		return les_kind_info(LES_UNAVAILABLE)->exit_code;
	}
	const char *head = (const char *)answer.bytes;
	const char *body = strstr(head, "\r\n\r\n");
	const bool ok = strncmp(head, "HTTP/1.", 7) == 0 && strncmp(head + 8, " 200", 4) == 0;
	fputs(body ? body + 4 : "", stdout);
	return ok ? 0 : les_kind_info(LES_UNAVAILABLE)->exit_code;
}
