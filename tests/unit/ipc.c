/* ipc/: framing, message rules, records, sealed memory. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "ipc/channel.h"
#include "ipc/memfd.h"
#include "ipc/message.h"
#include "ipc/record.h"
#include "test.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

LES_DEFINE_CLEANUP(struct les_page, les_page_free)

static const struct les_page_info some_info = {
	.number = 3,
	.w_px = 40,
	.h_px = 30,
	.stride_bytes = 120,
	.channels = 3,
	.dpi = 300,
	.source = LES_SOURCE_NATIVE,
	.rotation_deg = 90,
	.stored_w_px = 30,
	.stored_h_px = 40,
	.to_stored = {.a = 1, .e = 1},
	.box_pt = {0, 0, 595, 842},
};

static struct les_page *some_page(void)
{
	struct les_page *page = les_page_new();
	static struct les_point base[] = {{1, 20}, {30, 21.5f}};
	static struct les_alternative other = {"m", 0.25f};
	static struct les_alternative readings[] = {{"\xc3\xbc", 0.5f}, {"m", 0.125f}};
	static struct les_char chars[] = {{"\xc3\xbc", {1, 2, 3, 4}, 0.75f, &other, 1}};
	static struct les_word words[] = {
		{"\xc3\xbc", {1, 2, 3, 4}, {NULL, 0}, 0.75f, LES_WORD_ILLEGIBLE, 0, 1}};
	static struct les_region regions[] = {{"r1", LES_REGION_TEXT, {0, 0, 40, 30}, {base, 2}}};
	static struct les_line lines[] = {{.id = "l1",
					   .baseline = {base, 2},
					   .box = {1, 2, 30, 22},
					   .text = "\xc3\xbc",
					   .language = "deu",
					   .script = "",
					   .confidence = 0.75f,
					   .words = words,
					   .words_n = 1,
					   .chars = chars,
					   .chars_n = 1,
					   .readings = readings,
					   .readings_n = 2}};
	assert_non_null(page);
	page->regions = regions;
	page->regions_n = 1;
	page->lines = lines;
	page->lines_n = 1;
	page->image_name = "a.jpg";
	return page;
}

static void records_survive_the_way(void **state)
{
	(void)state;
	LES_CLEANUP(les_page_free_p) struct les_page *page = some_page();
	LES_CLEANUP(les_buf_done) struct les_buf bytes = LES_BUF(LES_RECORDS_BYTES_MAX);
	LES_CLEANUP(les_buf_done) struct les_buf again = LES_BUF(LES_RECORDS_BYTES_MAX);
	struct les_error error;

	les_records_encode(&bytes, page);
	LES_CLEANUP(les_page_free_p) struct les_page *back = les_page_new();
	assert_int_equal(les_records_parse(bytes.bytes, bytes.len, back, &error), LES_OK);
	les_records_encode(&again, back);
	/* the second encoding has the page's size where the first had none */
	assert_int_equal(bytes.len, again.len);
	assert_memory_equal(bytes.bytes, again.bytes, bytes.len);
	assert_string_equal(back->lines[0].words[0].text, "\xc3\xbc");
	assert_int_equal(back->lines[0].words[0].flags, LES_WORD_ILLEGIBLE);
	assert_int_equal(back->lines[0].readings_n, 2);
	assert_string_equal(back->lines[0].readings[1].text, "m");
	assert_true(back->lines[0].readings[1].confidence == 0.125f);
}

static void records_cut_anywhere_are_refused(void **state)
{
	(void)state;
	LES_CLEANUP(les_page_free_p) struct les_page *page = some_page();
	LES_CLEANUP(les_buf_done) struct les_buf bytes = LES_BUF(LES_RECORDS_BYTES_MAX);
	struct les_error error;

	les_records_encode(&bytes, page);
	les_buf_u8(&bytes, 0);
	for (size_t n = 0; n <= bytes.len; n++) {
		LES_CLEANUP(les_page_free_p) struct les_page *back = les_page_new();
		enum les_kind want = n + 1 == bytes.len ? LES_OK : LES_PEER;
		assert_int_equal(les_records_parse(bytes.bytes, n, back, &error), want);
	}
}

static void records_with_flipped_bits_never_crash(void **state)
{
	(void)state;
	LES_CLEANUP(les_page_free_p) struct les_page *page = some_page();
	LES_CLEANUP(les_buf_done) struct les_buf bytes = LES_BUF(LES_RECORDS_BYTES_MAX);
	struct les_error error;

	les_records_encode(&bytes, page);
	for (size_t bit = 0; bit < bytes.len * 8; bit++) {
		LES_CLEANUP(les_page_free_p) struct les_page *back = les_page_new();
		bytes.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		enum les_kind kind = les_records_parse(bytes.bytes, bytes.len, back, &error);
		assert_true(kind == LES_OK || kind == LES_PEER);
		bytes.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

static void a_message_crosses_with_its_fd(void **state)
{
	(void)state;
	int ends[2];
	struct les_error error;
	struct les_message got;
	struct les_page_info info;
	struct les_session sender = {LES_ROLE_DECODE, LES_STATE_PAGING}, receiver = sender;
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
	LES_CLEANUP(les_fd_close) int fd = -1;

	assert_int_equal(les_channel_pair(ends, &error), LES_OK);
	assert_int_equal(les_memfd_new("pixels", 6, &fd, &error), LES_OK);
	les_page_info_encode(&body, &some_info);
	assert_int_equal(les_session_send(&sender, LES_ROLE_DECODE, ends[0], LES_MESSAGE_PAGE,
					  &body, &fd, 1, &error),
			 LES_OK);
	assert_int_equal(les_session_receive(&receiver, LES_ROLE_DECODE, ends[1],
					     les_clock_ms() + 1000, &got, &error),
			 LES_OK);
	assert_int_equal(receiver.state, LES_STATE_OPEN);
	assert_int_equal(sender.state, LES_STATE_OPEN);
	assert_int_equal(les_page_info_parse(&got, &info, &error), LES_OK);
	assert_memory_equal(&info, &some_info, sizeof info);
	struct les_view view;
	assert_int_equal(les_view_open_sealed(got.fds[0], 6, &view, &error), LES_OK);
	assert_memory_equal(view.bytes, "pixels", 6);
	les_view_close(&view);
	assert_int_equal(les_view_open_sealed(got.fds[0], 7, &view, &error), LES_PEER);
	les_message_done(&got);
	close(ends[0]);
	assert_int_equal(les_channel_receive(ends[1], les_clock_ms() + 1000, &got, &error),
			 LES_PEER);
	close(ends[1]);
}

static void unsealed_memory_is_refused(void **state)
{
	(void)state;
	struct les_error error;
	struct les_view view;
	LES_CLEANUP(les_fd_close) int fd = memfd_create("t", MFD_ALLOW_SEALING);

	assert_int_equal(ftruncate(fd, 10), 0);
	assert_int_equal(les_view_open_sealed(fd, 10, &view, &error), LES_PEER);
}

static void rules_are_kept(void **state)
{
	(void)state;
	static const struct {
		enum les_role role, from;
		enum les_state in;
		uint16_t type, body_bytes;
		uint32_t fds_n;
	} forbidden[] = {
		{LES_ROLE_DECODE, LES_ROLE_DECODE, LES_STATE_STARTING, LES_MESSAGE_PAGE, 104, 1},
		{LES_ROLE_DECODE, LES_ROLE_DECODE, LES_STATE_OPEN, LES_MESSAGE_PAGE, 104, 1},
		{LES_ROLE_DECODE, LES_ROLE_DECODE, LES_STATE_PAGING, LES_MESSAGE_PAGE, 104, 0},
		{LES_ROLE_DECODE, LES_ROLE_DECODE, LES_STATE_PAGING, LES_MESSAGE_PAGE, 103, 1},
		{LES_ROLE_DECODE, LES_ROLE_DECODE, LES_STATE_PAGING, LES_MESSAGE_LINES, 12, 1},
		{LES_ROLE_DECODE, LES_ROLE_DECODE, LES_STATE_IDLE, LES_MESSAGE_READY, 20, 0},
		{LES_ROLE_DECODE, LES_ROLE_MAIN, LES_STATE_OPEN, LES_MESSAGE_ENTRY, 8, 1},
		{LES_ROLE_DECODE, LES_ROLE_DECODE, LES_STATE_SOURCE, LES_MESSAGE_LAYOUT, 12, 1},
		{LES_ROLE_DECODE, LES_ROLE_MAIN, LES_STATE_IDLE, LES_MESSAGE_PREPARE, 116, 2},
		{LES_ROLE_TRAIN, LES_ROLE_MAIN, LES_STATE_IDLE, LES_MESSAGE_PREPARE, 116, 1},
		{LES_ROLE_DECODE, LES_ROLE_MAIN, LES_STATE_IDLE, LES_MESSAGE_PREPARE_PAGE, 112, 1},
		{LES_ROLE_TRAIN, LES_ROLE_MAIN, LES_STATE_IDLE, LES_MESSAGE_PREPARE_PAGE, 112, 2},
		{LES_ROLE_TRAIN, LES_ROLE_TRAIN, LES_STATE_IDLE, LES_MESSAGE_PREPARED, 12, 1},
		{LES_ROLE_DECODE, LES_ROLE_MAIN, LES_STATE_PAGING, LES_MESSAGE_NEXT, 4, 0},
		{LES_ROLE_TESSERACT, LES_ROLE_MAIN, LES_STATE_IDLE, LES_MESSAGE_OPEN, 24, 1},
		{LES_ROLE_TESSERACT, LES_ROLE_TESSERACT, LES_STATE_IDLE, LES_MESSAGE_LINES, 12, 1},
		{LES_ROLE_TESSERACT, LES_ROLE_TESSERACT, LES_STATE_READING, 999, 0, 0},
	};
	for (size_t i = 0; i < LES_COUNT(forbidden); i++) {
		struct les_session session = {forbidden[i].role, forbidden[i].in};
		struct les_message m = {.type = forbidden[i].type,
					.body_bytes = forbidden[i].body_bytes,
					.fds_n = forbidden[i].fds_n};
		struct les_error error;
		assert_int_equal(les_session_step(&session, forbidden[i].from, &m, &error),
				 LES_PEER);
		assert_int_equal(session.state, forbidden[i].in);
	}
}

static void a_page_of_absurd_size_is_refused(void **state)
{
	(void)state;
	static const struct {
		uint32_t w, h, stride, channels;
	} sizes[] = {
		{0, 10, 0, 1},
		{10, 0, 10, 1},
		{10, 10, 11, 1},
		{10, 10, 30, 1},
		{10, 10, 20, 2},
		{60000, 10, 60000, 1},
		{30000, 30000, 30000, 1},
		{0x80000001u, 2, 2, 1},
	};
	for (size_t i = 0; i < LES_COUNT(sizes); i++) {
		LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
		struct les_page_info info = some_info, back;
		struct les_message m = {.type = LES_MESSAGE_PAGE};
		struct les_error error;
		info.w_px = sizes[i].w, info.h_px = sizes[i].h;
		info.stride_bytes = sizes[i].stride, info.channels = sizes[i].channels;
		les_page_info_encode(&body, &info);
		memcpy(m.body, body.bytes, body.len);
		m.body_bytes = (uint16_t)body.len;
		assert_int_equal(les_page_info_parse(&m, &back, &error), LES_PEER);
	}
}

static void an_empty_datagram_ends_the_channel(void **state)
{
	(void)state;
	int ends[2];
	struct les_error error;
	struct les_message got;

	assert_int_equal(les_channel_pair(ends, &error), LES_OK);
	assert_int_equal(send(ends[0], "", 0, 0), 0);
	assert_int_equal(les_channel_receive(ends[1], les_clock_ms() + 1000, &got, &error),
			 LES_PEER);
	assert_int_equal(send(ends[0], "abcdefghijklmnop", 16, 0), 16);
	assert_int_equal(les_channel_receive(ends[1], les_clock_ms() + 1000, &got, &error),
			 LES_PEER);
	assert_int_equal(les_channel_receive(ends[1], les_clock_ms() + 10, &got, &error),
			 LES_DEADLINE);
	close(ends[0]);
	close(ends[1]);
}

static void words_of_a_worker_are_made_harmless(void **state)
{
	(void)state;
	struct les_error in = {.kind = LES_FORMAT, .message = "bad \x1b[31m\xff name"}, out, error;
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
	struct les_message m = {.type = LES_MESSAGE_FAIL};

	les_fail_encode(&body, &in);
	memcpy(m.body, body.bytes, body.len);
	m.body_bytes = (uint16_t)body.len;
	assert_int_equal(les_fail_parse(&m, &out, &error), LES_OK);
	assert_int_equal(out.kind, LES_FORMAT);
	assert_string_equal(out.message, "bad  [31m? name");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_survive_the_way),
		cmocka_unit_test(records_cut_anywhere_are_refused),
		cmocka_unit_test(records_with_flipped_bits_never_crash),
		cmocka_unit_test(a_message_crosses_with_its_fd),
		cmocka_unit_test(unsealed_memory_is_refused),
		cmocka_unit_test(rules_are_kept),
		cmocka_unit_test(a_page_of_absurd_size_is_refused),
		cmocka_unit_test(an_empty_datagram_ends_the_channel),
		cmocka_unit_test(words_of_a_worker_are_made_harmless),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
