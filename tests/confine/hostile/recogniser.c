/* A recogniser under foreign control: what it answers to READ, by scenario. */
#include "tests/confine/hostile/hostile.h"

#include "confine/confine.h"
#include "confine/files.h"
#include "ipc/record.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum les_kind hostile_confine(uint32_t *ret_landlock_abi, struct les_error *reterr)
{
	*ret_landlock_abi = les_landlock_abi();
	enum les_kind kind = les_confine_files(HOSTILE_ROLE, reterr);

	if (kind == LES_OK)
		kind = les_confine_calls(HOSTILE_ROLE, reterr);
	les_files_seal();
	return kind;
}

static void send_payload(uint16_t type, uint64_t bytes, enum les_picture picture, int fd)
{
	struct les_buf body = LES_BUF(64);

	les_payload_encode(&body, &(struct les_payload){bytes, picture});
	send_raw(type, &body, fd);
	les_buf_done(&body);
	close(fd);
}

/* So many lines without text below so many regions, as records. */
static void put_records(struct les_buf *out, uint32_t regions_n, uint32_t lines_n, const char *text)
{
	static struct les_region regions[16];
	static struct les_line lines[16];
	struct les_page page = {
		.regions = regions, .regions_n = regions_n, .lines = lines, .lines_n = lines_n};

	for (uint32_t i = 0; i < 16; i++) {
		regions[i] = (struct les_region){.id = "r"};
		lines[i] = (struct les_line){.id = "",
					     .text = text,
					     .language = "",
					     .script = "",
					     .region = (int32_t)regions_n - 1};
	}
	les_records_encode(out, &page);
}

static void send_records(const struct les_buf *records)
{
	int fd;

	if (les_memfd_new(records->bytes, records->len, &fd, NULL) != LES_OK)
		exit(4);
	send_payload(LES_MESSAGE_LINES, records->len, LES_PICTURE_NONE, fd);
}

static void send_lines(uint32_t regions_n, uint32_t lines_n)
{
	struct les_buf records = LES_BUF(10000);

	put_records(&records, regions_n, lines_n, "");
	send_records(&records);
	les_buf_done(&records);
}

static void send_done(uint32_t lines_n)
{
	struct les_buf body = LES_BUF(64);

	les_read_done_encode(&body, &(struct les_read_done){.lines_n = lines_n});
	send_raw(LES_MESSAGE_READ_DONE, &body, -1);
	les_buf_done(&body);
}

static void good(void)
{
	send_lines(0, 0);
	send_done(0);
}
static void good_lines(void)
{
	send_lines(2, 3);
	send_done(3);
}
static void lines_not_sealed(void)
{
	send_payload(LES_MESSAGE_LINES, 100, LES_PICTURE_NONE, memfd_with(100, 0));
}
static void lines_of_another_size(void)
{
	send_payload(LES_MESSAGE_LINES, 100, LES_PICTURE_NONE, memfd_with(101, ALL_SEALS));
}
static void lines_of_zeros(void)
{
	send_payload(LES_MESSAGE_LINES, 100, LES_PICTURE_NONE, memfd_with(100, ALL_SEALS));
}
static void lines_of_nothing(void)
{
	send_payload(LES_MESSAGE_LINES, 0, LES_PICTURE_NONE, memfd_with(0, ALL_SEALS));
}
static void more_lines_than_the_cap(void)
{
	send_payload(LES_MESSAGE_LINES, LES_RECORDS_BYTES_MAX + 1, LES_PICTURE_NONE,
		     memfd_with(LES_RECORDS_BYTES_MAX + 1, ALL_SEALS));
}
static void counts_of_four_billion(void)
{
	struct les_buf records = LES_BUF(10000);

	put_records(&records, 0, 0, "");
	memset(records.bytes + records.len - 8, 0xff, 8);
	send_records(&records);
}
static void a_region_that_is_not_there(void)
{
	struct les_buf records = LES_BUF(10000);

	put_records(&records, 9, 1, "");
	/* the count of regions, behind magic, name and sides; their bytes are now the lines' */
	records.bytes[16] = 1;
	send_records(&records);
}
static void lines_twice(void)
{
	send_lines(0, 2);
	send_lines(0, 2);
	send_done(2);
}
static void regions_twice(void)
{
	send_lines(16, 0);
	send_lines(1, 1);
	send_done(1);
}
static void a_flood_of_lines(void)
{
	for (;;)
		send_lines(0, 0);
}
static void a_picture_unasked(void)
{
	send_payload(LES_MESSAGE_PICTURE, 10, LES_PICTURE_PAGE, memfd_with(10, ALL_SEALS));
}
static void a_flood_of_empty_pictures(void)
{
	for (;;)
		send_payload(LES_MESSAGE_PICTURE, 0, LES_PICTURE_PAGE, memfd_with(0, ALL_SEALS));
}
static void a_miscount(void)
{
	send_lines(0, 2);
	send_done(3);
}
static void the_end_before_the_lines(void)
{
	send_done(0);
}
static void ready_again(void)
{
	struct les_buf body = LES_BUF(200);

	les_ready_encode(&body, &(struct les_ready){0});
	send_raw(LES_MESSAGE_READY, &body, -1);
}
static void a_page_of_a_decoder(void)
{
	send_raw(LES_MESSAGE_PAGE, NULL, memfd_with(10, ALL_SEALS));
}
static void a_failure(void)
{
	struct les_buf body = LES_BUF(1000);

	les_fail_encode(&body, &(struct les_error){LES_NOMEM, "no room"});
	send_raw(LES_MESSAGE_FAIL, &body, -1);
}
static void its_end(void)
{
	exit(0);
}
static void a_crash(void)
{
	abort();
}

static const struct {
	const char *name;
	void (*read)(void);
} scenarios[] = {
	{"good", good},
	{"good_lines", good_lines},
	{"lines_not_sealed", lines_not_sealed},
	{"lines_of_another_size", lines_of_another_size},
	{"lines_of_zeros", lines_of_zeros},
	{"lines_of_nothing", lines_of_nothing},
	{"more_lines_than_the_cap", more_lines_than_the_cap},
	{"counts_of_four_billion", counts_of_four_billion},
	{"a_region_that_is_not_there", a_region_that_is_not_there},
	{"lines_twice", lines_twice},
	{"regions_twice", regions_twice},
	{"a_flood_of_lines", a_flood_of_lines},
	{"a_picture_unasked", a_picture_unasked},
	{"a_flood_of_empty_pictures", a_flood_of_empty_pictures},
	{"a_miscount", a_miscount},
	{"the_end_before_the_lines", the_end_before_the_lines},
	{"ready_again", ready_again},
	{"a_page_of_a_decoder", a_page_of_a_decoder},
	{"a_failure", a_failure},
	{"its_end", its_end},
	{"a_crash", a_crash},
	{"silence", fall_silent},
	{"endless_work", burn},
};

void hostile_hear(struct les_message *message)
{
	struct les_read read;

	if (message->type != LES_MESSAGE_READ)
		return;
	if (les_read_parse(message, &read, NULL) != LES_OK)
		exit(5);
	for (size_t i = 0; i < LES_COUNT(scenarios); i++) {
		if (strcmp(scenarios[i].name, read.language) != 0)
			continue;
		scenarios[i].read();
		return;
	}
	good(); /* any real language: reads nothing, quickly */
}
