/* A decoder under foreign control: what it answers to OPEN and to NEXT, by scenario. */
#include "tests/confine/hostile/hostile.h"

#include "decode/serve.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { W_PX = 40, H_PX = 20 };

enum les_kind hostile_confine(uint32_t *ret_landlock_abi, struct les_error *reterr)
{
	return les_decode_confine(ret_landlock_abi, reterr);
}

static void send_document(uint32_t pages_n, uint32_t kind)
{
	struct les_buf body = LES_BUF(64);

	les_document_encode(&body, &(struct les_document){pages_n, (enum les_document_kind)kind});
	send_raw(LES_MESSAGE_DOCUMENT, &body, -1);
	les_buf_done(&body);
}

static struct les_page_info good_info(uint32_t number)
{
	return (struct les_page_info){.number = number,
				      .w_px = W_PX,
				      .h_px = H_PX,
				      .stride_bytes = W_PX,
				      .channels = 1,
				      .source = LES_SOURCE_IMAGE,
				      .stored_w_px = W_PX,
				      .stored_h_px = H_PX,
				      .to_stored = {.a = 1, .e = 1}};
}

static void send_page(const struct les_page_info *info, int fd)
{
	struct les_buf body = LES_BUF(1024);

	les_page_info_encode(&body, info);
	send_raw(LES_MESSAGE_PAGE, &body, fd);
	les_buf_done(&body);
	close(fd);
}

static void page_with(uint32_t number, size_t bytes, int seals)
{
	struct les_page_info info = good_info(number);

	send_page(&info, memfd_with(bytes, seals));
}

static void good_open(void)
{
	send_document(3, LES_DOCUMENT_PDF);
}
static void good_next(uint32_t number)
{
	page_with(number, W_PX * H_PX, ALL_SEALS);
}

/* ---- to OPEN ---- */

static void no_pages(void)
{
	send_document(0, LES_DOCUMENT_PDF);
}
static void pages_beyond_the_cap(void)
{
	send_document(LES_PAGES_MAX + 1, LES_DOCUMENT_PDF);
}
static void pages_beyond_the_request(void)
{
	send_document(LES_PAGES_MAX, LES_DOCUMENT_PDF);
}
static void no_such_kind(void)
{
	send_document(1, 99);
}
static void page_before_document(void)
{
	good_next(1);
}
static void ready_again(void)
{
	struct les_buf body = LES_BUF(200);

	les_ready_encode(&body, &(struct les_ready){0});
	send_raw(LES_MESSAGE_READY, &body, -1);
}
static void a_layout_instead(void)
{
	struct les_buf body = LES_BUF(64);

	les_payload_encode(&body, &(struct les_payload){.bytes = 8});
	send_raw(LES_MESSAGE_LAYOUT, &body, memfd_with(8, ALL_SEALS));
}
static void a_document_with_an_fd(void)
{
	struct les_buf body = LES_BUF(64);

	les_document_encode(&body, &(struct les_document){1, LES_DOCUMENT_PDF});
	send_raw(LES_MESSAGE_DOCUMENT, &body, LES_CHANNEL_FD);
}
static void an_empty_datagram(void)
{
	send_bytes("", 0, NULL, 0);
	fall_silent();
}
static void not_our_magic(void)
{
	send_bytes("GET / HTTP/1.1\r\n\r\n", 18, NULL, 0);
}
static void half_a_header(void)
{
	send_bytes("LESL", 4, NULL, 0);
}
static void a_length_that_lies(void)
{
	send_bytes("LESL\1\0\13\0\377\377\377\377abcdefgh", 20, NULL, 0);
}
static void more_than_fits(void)
{
	static const char bytes[LES_HEADER_BYTES + LES_BODY_BYTES_MAX + 1000];

	send_bytes(bytes, sizeof bytes, NULL, 0);
}
static void seven_fds(void)
{
	const int fds[] = {0, 1, 2, 3, 0, 1, 2};

	send_bytes("LESL\1\0\13\0\10\0\0\0\1\0\0\0\1\0\0\0", 20, fds, 7);
}
static void fds_on_nothing(void)
{
	const int fds[] = {0, 1};

	send_bytes("", 0, fds, 2);
	fall_silent();
}
static void fail_with(int kind, const char *words)
{
	struct les_buf body = LES_BUF(1000);

	les_buf_i32(&body, kind);
	les_buf_str(&body, words);
	send_raw(LES_MESSAGE_FAIL, &body, -1);
	les_buf_done(&body);
}
static void words_for_a_terminal(void)
{
	fail_with(LES_FORMAT, "\x1b]0;owned\x07\x1b[2J \xc2\x9b"
			      "31m red \r\n");
}
static void a_kind_of_its_own(void)
{
	fail_with(-1234, "x");
}
static void success_as_failure(void)
{
	fail_with(LES_OK, "x");
}
static void a_flood_of_failures(void)
{
	for (int i = 0; i < 100000; i++)
		fail_with(LES_FORMAT, "again");
}
static void its_end(void)
{
	exit(0);
}
static void a_crash(void)
{
	abort();
}

/* ---- to NEXT ---- */

static void not_sealed(uint32_t number)
{
	page_with(number, W_PX * H_PX, 0);
}
static void not_sealed_against_writing(uint32_t number)
{
	page_with(number, W_PX * H_PX, F_SEAL_GROW | F_SEAL_SHRINK);
}
static void not_sealed_against_shrinking(uint32_t number)
{
	page_with(number, W_PX * H_PX, F_SEAL_GROW | F_SEAL_WRITE);
}
static void too_short(uint32_t number)
{
	page_with(number, W_PX * H_PX - 1, ALL_SEALS);
}
static void too_long(uint32_t number)
{
	page_with(number, W_PX * H_PX + 1, ALL_SEALS);
}
static void no_bytes(uint32_t number)
{
	page_with(number, 0, ALL_SEALS);
}
static void not_memory(uint32_t number)
{
	struct les_page_info info = good_info(number);

	send_page(&info, dup(LES_CHANNEL_FD));
}
static void a_device(uint32_t number)
{
	struct les_page_info info = good_info(number);

	send_page(&info, dup(STDIN_FILENO));
}
static void another_number(uint32_t number)
{
	page_with(number + 1, W_PX * H_PX, ALL_SEALS);
}
static void a_huge_page(uint32_t number)
{
	struct les_page_info info = good_info(number);

	info.w_px = info.stride_bytes = info.h_px = LES_PAGE_SIDE_MAX;
	send_page(&info, memfd_with(1, ALL_SEALS));
}
static void a_page_of_four_billion(uint32_t number)
{
	struct les_page_info info = good_info(number);

	info.w_px = info.h_px = info.stride_bytes = UINT32_MAX;
	send_page(&info, memfd_with(1, ALL_SEALS));
}
static void a_page_beyond_the_request(uint32_t number)
{
	struct les_page_info info = good_info(number);

	info.w_px = info.stride_bytes = 2000;
	info.h_px = 2000;
	send_page(&info, memfd_with(2000 * 2000, ALL_SEALS));
}
static void a_stride_that_lies(uint32_t number)
{
	struct les_page_info info = good_info(number);

	info.stride_bytes = 0x10000000;
	send_page(&info, memfd_with(W_PX * H_PX, ALL_SEALS));
}
static void numbers_that_are_none(uint32_t number)
{
	struct les_page_info info = good_info(number);

	info.to_stored.a = __builtin_nanf("");
	send_page(&info, memfd_with(W_PX * H_PX, ALL_SEALS));
}
static void no_fd(uint32_t number)
{
	struct les_page_info info = good_info(number);

	send_page(&info, -1);
}
static void a_cut_body(uint32_t number)
{
	struct les_page_info info = good_info(number);
	struct les_buf body = LES_BUF(1024);

	les_page_info_encode(&body, &info);
	body.len -= 4;
	send_raw(LES_MESSAGE_PAGE, &body, memfd_with(W_PX * H_PX, ALL_SEALS));
}
static void a_document_again(uint32_t number)
{
	(void)number;
	good_open();
}
static void silence(uint32_t number)
{
	(void)number;
	fall_silent();
}
static void endless_work(uint32_t number)
{
	(void)number;
	burn();
}
static void its_end_at_a_page(uint32_t number)
{
	(void)number;
	exit(7);
}
static void a_crash_at_page_2(uint32_t number)
{
	if (number == 2)
		abort();
	good_next(number);
}
static void a_flood_of_pages(uint32_t number)
{
	for (int i = 0; i < 100000; i++)
		good_next(number);
}
static void a_failure_at_page_2(uint32_t number)
{
	if (number == 2)
		fail_with(LES_FORMAT, "this page");
	else
		good_next(number);
}

static const struct {
	const char *name;
	void (*open)(void);
	void (*next)(uint32_t number);
} scenarios[] = {
	{"good", NULL, NULL},
	{"no pages", no_pages, NULL},
	{"pages beyond the cap", pages_beyond_the_cap, NULL},
	{"pages beyond the request", pages_beyond_the_request, NULL},
	{"no such kind", no_such_kind, NULL},
	{"page before document", page_before_document, NULL},
	{"ready again", ready_again, NULL},
	{"a layout instead", a_layout_instead, NULL},
	{"a document with an fd", a_document_with_an_fd, NULL},
	{"an empty datagram", an_empty_datagram, NULL},
	{"not our magic", not_our_magic, NULL},
	{"half a header", half_a_header, NULL},
	{"a length that lies", a_length_that_lies, NULL},
	{"more than fits", more_than_fits, NULL},
	{"seven fds", seven_fds, NULL},
	{"fds on nothing", fds_on_nothing, NULL},
	{"words for a terminal", words_for_a_terminal, NULL},
	{"a kind of its own", a_kind_of_its_own, NULL},
	{"success as failure", success_as_failure, NULL},
	{"a flood of failures", a_flood_of_failures, NULL},
	{"silence at once", fall_silent, NULL},
	{"its end", its_end, NULL},
	{"a crash", a_crash, NULL},
	{"not sealed", NULL, not_sealed},
	{"not sealed against writing", NULL, not_sealed_against_writing},
	{"not sealed against shrinking", NULL, not_sealed_against_shrinking},
	{"too short", NULL, too_short},
	{"too long", NULL, too_long},
	{"no bytes", NULL, no_bytes},
	{"not memory", NULL, not_memory},
	{"a device", NULL, a_device},
	{"another number", NULL, another_number},
	{"a huge page", NULL, a_huge_page},
	{"a page of four billion", NULL, a_page_of_four_billion},
	{"a page beyond the request", NULL, a_page_beyond_the_request},
	{"a stride that lies", NULL, a_stride_that_lies},
	{"numbers that are none", NULL, numbers_that_are_none},
	{"no fd", NULL, no_fd},
	{"a cut body", NULL, a_cut_body},
	{"a document again", NULL, a_document_again},
	{"silence", NULL, silence},
	{"endless work", NULL, endless_work},
	{"its end at a page", NULL, its_end_at_a_page},
	{"a crash at page 2", NULL, a_crash_at_page_2},
	{"a flood of pages", NULL, a_flood_of_pages},
	{"a failure at page 2", NULL, a_failure_at_page_2},
};

static size_t chosen;

static void choose(int fd)
{
	struct les_view view;

	if (les_view_open(fd, 1000, &view, NULL) != LES_OK)
		exit(5);
	for (chosen = 0; chosen < LES_COUNT(scenarios); chosen++)
		if (strlen(scenarios[chosen].name) == view.n &&
		    memcmp(scenarios[chosen].name, view.bytes, view.n) == 0)
			break;
	if (chosen == LES_COUNT(scenarios))
		exit(6);
	les_view_close(&view);
}

void hostile_hear(struct les_message *message)
{
	uint32_t number;

	if (message->type == LES_MESSAGE_OPEN) {
		choose(message->fds[0]);
		if (scenarios[chosen].open)
			scenarios[chosen].open();
		else
			good_open();
	} else if (les_next_parse(message, &number, NULL) == LES_OK) {
		if (scenarios[chosen].next)
			scenarios[chosen].next(number);
		else
			good_next(number);
	}
}
