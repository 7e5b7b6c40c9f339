/* http/: clients that hang up, dribble, or bring too much, over workers that do as they are told.
 */
#include "base/cleanup.h"
#include "base/clock.h"
#include "http/server.h"
#include "tests/flow/setting.h"
#include "tests/test.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The deadline that ended work does not wait for, and what it takes instead of milliseconds where
 * the machine is busy. */
enum {
	PAGE_SECONDS = 300,
	ENDED_WITHIN_MS = 20000,
	ROOM_BYTES = 5000,
	ANSWER_BYTES_MAX = 64 << 20
};

struct running {
	struct setting setting;
	struct les_server *server;
	struct MHD_Daemon *daemon;
	uint16_t port;
};

static void start(struct running *r)
{
	struct sockaddr_in address;
	socklen_t n = sizeof address;
	struct les_error error;
	int fd;

	setting_make(&r->setting, 1);
	assert_int_equal(les_listen("127.0.0.1:0", &fd, &error), LES_OK);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &n), 0);
	r->port = ntohs(address.sin_port);
	const struct les_server_config config = {.pool = r->setting.pool,
						 .listen_fd = fd,
						 .file_bytes_max = 4000,
						 .room_bytes_max = ROOM_BYTES,
						 .page_px_max = 1000,
						 .pages_max = 100,
						 .page_seconds = PAGE_SECONDS,
						 .running_max = 1,
						 .waiting_max = 2,
						 .threads = 1,
						 .tessdata = r->setting.tessdata,
						 .allow_weak_sandbox = true};
	if (les_server_start(&config, &r->server, &r->daemon, &error) != LES_OK)
		fail_msg("%s", error.message);
}

static void stop(struct running *r)
{
	les_server_stop(r->server, r->daemon, PATIENCE_MS);
	setting_remove(&r->setting);
	assert_false(has_children());
}

static int connect_to(const struct running *r)
{
	const struct sockaddr_in address = {.sin_family = AF_INET,
					    .sin_port = htons(r->port),
					    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
	return fd;
}

static void put(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static int post(const struct running *r, const char *route, const char *document)
{
	char head[256];
	int fd = connect_to(r);

	snprintf(head, sizeof head,
		 "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
		 route, strlen(document));
	put(fd, head);
	put(fd, document);
	return fd;
}

/* All that comes until the connection ends. *ret is heap. */
static size_t take_all(int fd, char **ret)
{
	char *bytes = malloc(ANSWER_BYTES_MAX + 1);
	size_t n = 0;

	assert_non_null(bytes);
	for (ssize_t got = 1; got > 0 && n<ANSWER_BYTES_MAX; n += got> 0 ? (size_t)got : 0) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		if (poll(&p, 1, 3 * PATIENCE_MS) <= 0)
			fail_msg("no answer");
		got = recv(fd, bytes + n, ANSWER_BYTES_MAX - n, 0);
	}
	bytes[n] = 0;
	*ret = bytes;
	return n;
}

static void assert_answer(int fd, const char *status, const char *within)
{
	LES_CLEANUP(les_free_p) char *answer = NULL;

	take_all(fd, &answer);
	if (strncmp(answer, "HTTP/1.1 ", 9) != 0 || strncmp(answer + 9, status, 3) != 0 ||
	    !strstr(answer, within))
		fail_msg("wanted %s and \"%s\", got: %.600s", status, within, answer);
	close(fd);
}

/* Waits until so many documents run and wait. */
static bool await_counts(struct running *r, uint32_t running, uint32_t waiting, int wait_ms)
{
	const int64_t deadline_ms = les_clock_ms() + wait_ms;
	uint32_t running_n, waiting_n;

	do {
		les_slots_count(&r->server->slots, &running_n, &waiting_n);
		if (running_n == running && waiting_n == waiting)
			return true;
		usleep(5000);
	} while (les_clock_left_ms(deadline_ms));
	return false;
}

static void a_client_that_hangs_up_ends_the_work(void **state)
{
	(void)state;
	static const char *const routes[] = {"/ocr", "/ocr/stream"};
	static const char *const documents[] = {"h", "oh", "oH", "ooH"};
	struct running r;

	start(&r);
	for (size_t i = 0; i < LES_COUNT(routes); i++) {
		for (size_t k = 0; k < LES_COUNT(documents); k++) {
			int fd = post(&r, routes[i], documents[k]);
			assert_true(await_counts(&r, 1, 0, PATIENCE_MS));
			usleep(300000);
			close(fd);
			if (!await_counts(&r, 0, 0, ENDED_WITHIN_MS))
				fail_msg("%s goes on with \"%s\"", routes[i], documents[k]);
			assert_true(setting_await(&r.setting, LES_ROLE_TESSERACT, BUSY_N, 0,
						  PATIENCE_MS));
		}
	}
	assert_answer(post(&r, "/ocr?format=txt", "oo"), "200", "o");
	stop(&r);
}

static void a_client_that_hangs_up_in_the_queue_leaves_it(void **state)
{
	(void)state;
	static const char *const routes[] = {"/ocr", "/ocr/stream"};
	struct running r;

	start(&r);
	int runs = post(&r, "/ocr", "oH");
	assert_true(await_counts(&r, 1, 0, PATIENCE_MS));
	for (size_t i = 0; i < LES_COUNT(routes); i++) {
		int waits = post(&r, routes[i], "oo");
		assert_true(await_counts(&r, 1, 1, PATIENCE_MS));
		usleep(200000);
		close(waits);
		assert_true(await_counts(&r, 1, 0, ENDED_WITHIN_MS));
	}
	close(runs);
	assert_true(await_counts(&r, 0, 0, ENDED_WITHIN_MS));
	stop(&r);
}

static void the_queue_is_bounded(void **state)
{
	(void)state;
	struct running r;
	int fds[3];

	start(&r);
	for (int i = 0; i < 3; i++)
		fds[i] = post(&r, "/ocr", "oH");
	assert_true(await_counts(&r, 1, 2, PATIENCE_MS));
	assert_answer(post(&r, "/ocr", "oo"), "429", "Retry-After: ");
	for (int i = 0; i < 3; i++)
		close(fds[i]);
	assert_true(await_counts(&r, 0, 0, 2 * ENDED_WITHIN_MS));
	stop(&r);
}

/* Sends a form in pieces of so many bytes; the connection. */
static int post_form(const struct running *r, const char *body, size_t piece_bytes)
{
	const size_t n = strlen(body);
	char head[256];
	int fd = connect_to(r);

	snprintf(head, sizeof head,
		 "POST /ocr HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %zu\r\n"
		 "Content-Type: multipart/form-data; boundary=bb\r\n\r\n",
		 n);
	put(fd, head);
	for (size_t i = 0; i < n; i += piece_bytes) {
		const size_t k = n - i < piece_bytes ? n - i : piece_bytes;
		if (send(fd, body + i, k, MSG_NOSIGNAL) < 0)
			break; /* refused: the answer says why */
		usleep(500);
	}
	return fd;
}

#define FIELD(name, value)                                                                         \
	"--bb\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"

/* How a form is cut into segments is the network's business. */
static void a_form_may_come_byte_by_byte(void **state)
{
	(void)state;
	static const char body[] = FIELD("format", "alto") FIELD("illegibleText", "[zweifelhaft]")
		FIELD("file", "oo") FIELD("language", "deu") "--bb--\r\n";
	struct running r;

	start(&r);
	for (size_t piece_bytes = 1; piece_bytes < 1000; piece_bytes *= 7)
		assert_answer(post_form(&r, body, piece_bytes), "200", "<alto");
	stop(&r);
}

static void broken_forms_are_told(void **state)
{
	(void)state;
	static const struct {
		const char *body, *word;
	} rows[] = {
		{"--bb\r\nContent-Disposition: form-data\r\n\r\noo\r\n--bb--\r\n", "name"},
		{FIELD("language", "deu") "--bb--\r\n", "file"},
		{FIELD("file", "oo") FIELD("file", "oo") "--bb--\r\n", "more than one file"},
		{FIELD("nonsense", "1") FIELD("file", "oo") "--bb--\r\n", "nonsense"},
		{FIELD("format", "") FIELD("file", "oo") "--bb--\r\n", "format"},
	};
	struct running r;

	start(&r);
	for (size_t i = 0; i < LES_COUNT(rows); i++)
		assert_answer(post_form(&r, rows[i].body, 10000), "400", rows[i].word);
	stop(&r);
}

/* Documents that are here at once have room for so many bytes together. */
static void the_room_for_documents_is_bounded(void **state)
{
	(void)state;
	static const char declared[] = "POST /ocr HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
				       "Content-Length: 3000\r\n\r\n";
	static const char chunked[] = "POST /ocr HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
				      "Transfer-Encoding: chunked\r\n\r\nbb8\r\n";
	char piece[3001];
	struct running r;

	memset(piece, 'o', 3000);
	piece[3000] = 0;
	start(&r);
	int first = connect_to(&r);
	put(first, declared);
	assert_true(await_counts(&r, 0, 1, PATIENCE_MS));
	int second = connect_to(&r);
	put(second, declared);
	assert_answer(second, "429", "Retry-After: ");
	second = connect_to(&r);
	put(second, chunked);
	put(second, piece);
	assert_answer(second, "429", "BUSY");
	close(first);
	assert_true(await_counts(&r, 0, 0, PATIENCE_MS));
	assert_int_equal(r.server->slots.room_bytes, 0);
	assert_answer(post(&r, "/ocr?format=txt", "oo"), "200", "o");
	stop(&r);
}

/* It waits with the rest in the server's bounded buffer, not for ever, and may still hang up. */
static void a_client_that_takes_nothing_holds_the_document_back(void **state)
{
	(void)state;
	struct running r;

	start(&r);
	int fd = post(&r, "/ocr/stream", "ollllllll");
	assert_true(await_counts(&r, 1, 0, PATIENCE_MS));
	assert_false(await_counts(&r, 0, 0, 3000)); /* more than it may keep: it has to wait */
	close(fd);
	assert_true(await_counts(&r, 0, 0, ENDED_WITHIN_MS));
	stop(&r);
}

static void a_stream_ends_with_one_last_word(void **state)
{
	(void)state;
	LES_CLEANUP(les_free_p) char *answer = NULL;
	struct running r;

	start(&r);
	int fd = post(&r, "/ocr/stream", "oofs");
	take_all(fd, &answer);
	close(fd);
	const char *done = strstr(answer, "\"event\":\"done\"");
	assert_non_null(done);
	assert_null(strstr(done + 1, "\"event\":\"done\""));
	assert_null(strstr(answer, "\"event\":\"error\""));
	assert_non_null(strstr(answer, "\"event\":\"page-error\""));
	/* a file that cannot be read is an error, not a stream */
	assert_answer(post(&r, "/ocr/stream", "f"), "422", "FORMAT");
	/* one that breaks later is a stream with an error at its end */
	assert_answer(post(&r, "/ocr/stream", "ooscco"), "200", "\"event\":\"error\"");
	stop(&r);
}

struct taking {
	int fd;
	char *answer;
};

static void *take(void *context)
{
	struct taking *taking = context;

	take_all(taking->fd, &taking->answer);
	return NULL;
}

static void ending_lets_running_work_finish_and_takes_no_more(void **state)
{
	(void)state;
	struct running r;
	pthread_t thread;

	start(&r);
	struct taking taking = {.fd = post(&r, "/ocr/stream", "osss")};
	assert_true(await_counts(&r, 1, 0, PATIENCE_MS));
	assert_int_equal(pthread_create(&thread, NULL, take, &taking), 0);
	stop(&r);
	pthread_join(thread, NULL);
	assert_non_null(strstr(taking.answer, "\"event\":\"done\""));
	free(taking.answer);
	close(taking.fd);
}

static void ending_does_not_wait_for_ever(void **state)
{
	(void)state;
	struct running r;

	start(&r);
	int runs = post(&r, "/ocr", "oH"), waits = post(&r, "/ocr/stream", "oo");
	assert_true(await_counts(&r, 1, 1, PATIENCE_MS));
	const int64_t since_ms = les_clock_ms();
	les_server_stop(r.server, r.daemon, 500);
	assert_in_range(les_clock_ms() - since_ms, 500, 500 + 2 * ENDED_WITHIN_MS);
	setting_remove(&r.setting);
	close(runs);
	close(waits);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_that_hangs_up_ends_the_work),
		cmocka_unit_test(a_client_that_hangs_up_in_the_queue_leaves_it),
		cmocka_unit_test(the_queue_is_bounded),
		cmocka_unit_test(a_form_may_come_byte_by_byte),
		cmocka_unit_test(broken_forms_are_told),
		cmocka_unit_test(the_room_for_documents_is_bounded),
		cmocka_unit_test(a_client_that_takes_nothing_holds_the_document_back),
		cmocka_unit_test(a_stream_ends_with_one_last_word),
		cmocka_unit_test(ending_lets_running_work_finish_and_takes_no_more),
		cmocka_unit_test(ending_does_not_wait_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
