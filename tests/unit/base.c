/* base/: arena, buffer, cursor, JSON strings, error table. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/error.h"
#include "base/json.h"
#include "base/team.h"
#include "test.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

static void arena_refuses_beyond_its_cap(void **state)
{
	(void)state;
	LES_CLEANUP(les_arena_done) struct les_arena arena = LES_ARENA(1000);
	assert_non_null(les_arena_alloc(&arena, 10, 50));
	assert_null(les_arena_alloc(&arena, 1, 600));
	assert_non_null(les_arena_alloc(&arena, 1, 400));
	assert_null(les_arena_alloc(&arena, SIZE_MAX / 2, 3));
}

static void arena_memory_is_zeroed_and_aligned(void **state)
{
	(void)state;
	LES_CLEANUP(les_arena_done) struct les_arena arena = LES_ARENA(1 << 20);
	for (size_t size = 1; size < 40000; size = size * 3 + 1) {
		const unsigned char *p = les_arena_alloc(&arena, 1, size);
		assert_non_null(p);
		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(p[i], 0);
		memset((void *)(uintptr_t)p, 0xff, size);
	}
}

static void buffer_failure_is_sticky(void **state)
{
	(void)state;
	LES_CLEANUP(les_buf_done) struct les_buf buf = LES_BUF(4);
	les_buf_puts(&buf, "abc");
	les_buf_puts(&buf, "de");
	assert_true(buf.failed);
	les_buf_puts(&buf, "f");
	assert_int_equal(buf.len, 3);
	assert_null(les_buf_take(&buf));
}

static void cursor_reads_what_the_buffer_wrote(void **state)
{
	(void)state;
	LES_CLEANUP(les_buf_done) struct les_buf buf = LES_BUF(100);
	les_buf_u8(&buf, 0xfe);
	les_buf_u16(&buf, 0xfedc);
	les_buf_u32(&buf, 0xfedcba98);
	les_buf_u64(&buf, 0xfedcba9876543210);
	les_buf_i32(&buf, -5);
	les_buf_f32(&buf, -1.5f);
	les_buf_str(&buf, "f\xc3\xbcr");
	for (size_t n = 0; n <= buf.len; n++) {
		struct les_rd r = les_rd(buf.bytes, n);
		size_t len;
		uint8_t a = les_rd_u8(&r);
		uint16_t b = les_rd_u16(&r);
		uint32_t c = les_rd_u32(&r);
		uint64_t d = les_rd_u64(&r);
		int32_t e = les_rd_i32(&r);
		float f = les_rd_f32(&r);
		const char *s = les_rd_str(&r, 10, &len);
		assert_int_equal(les_rd_done(&r), n == buf.len);
		if (n < buf.len)
			continue;
		assert_int_equal(a, 0xfe);
		assert_int_equal(b, 0xfedc);
		assert_int_equal(c, 0xfedcba98);
		assert_true(d == 0xfedcba9876543210);
		assert_int_equal(e, -5);
		assert_true(f == -1.5f);
		assert_int_equal(len, 4);
		assert_memory_equal(s, "f\xc3\xbcr", 4);
	}
}

static void cursor_refuses(void **state)
{
	(void)state;
	size_t n;
	struct les_rd nan_read = les_rd("\0\0\xc0\x7f", 4);
	les_rd_f32(&nan_read);
	assert_true(nan_read.bad);
	struct les_rd count = les_rd("\x03\0\0\0ab", 6);
	assert_int_equal(les_rd_count(&count, 10, 1), 0);
	assert_true(count.bad);
	struct les_rd nul = les_rd("\x02\0\0\0a\0", 6);
	assert_null(les_rd_str(&nul, 10, &n));
	struct les_rd nothing = les_rd(NULL, 0);
	assert_true(les_rd_done(&nothing));
}

static void utf8_is_strict(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		bool valid;
	} cases[] = {
		{"", true},
		{"Gru\xc3\x9f", true},
		{"\xe2\x82\xac", true},
		{"\xf0\x9f\x93\x9c", true},
		{"\xed\x9f\xbf", true},
		{"\xed\xa0\x80", false},     /* surrogate */
		{"\xc0\xaf", false},         /* overlong */
		{"\xe0\x80\xaf", false},     /* overlong */
		{"\xf4\x90\x80\x80", false}, /* above U+10FFFF */
		{"\xc3", false},
		{"\x80", false},
		{"\xff", false},
	};
	for (size_t i = 0; i < LES_COUNT(cases); i++)
		assert_int_equal(les_utf8_valid(cases[i].bytes, strlen(cases[i].bytes)),
				 cases[i].valid);
	assert_false(les_utf8_valid("a\0b", 3));
}

static void json_strings_escape_everything(void **state)
{
	(void)state;
	LES_CLEANUP(les_buf_done) struct les_buf out = LES_BUF(1000);
	les_json_string(&out, "a\"\\\n\x01\x7f\xff\xc3\xbc");
	assert_string_equal((char *)out.bytes,
			    "\"a\\\"\\\\\\n\\u0001\\u007f\xef\xbf\xbd\xc3\xbc\"");
}

static void every_kind_has_a_row(void **state)
{
	(void)state;
	for (int k = 0; k < LES_KIND_N; k++) {
		const struct les_kind_info *info = les_kind_info((enum les_kind) - k);
		assert_non_null(info->name);
		assert_true(info->http_status >= 200 && info->http_status < 600);
		assert_true((info->exit_code == 0) == (k == 0));
		for (int other = 0; other < k; other++)
			assert_true(info->exit_code !=
				    les_kind_info((enum les_kind) - other)->exit_code);
	}
	enum les_kind kind;
	assert_false(les_kind_from_number(0, &kind));
	assert_false(les_kind_from_number(-LES_KIND_N, &kind));
	assert_false(les_kind_from_number(3, &kind));
	assert_true(les_kind_from_number(-7, &kind));
	assert_int_equal(kind, LES_NOMEM);
}

struct tally {
	uint32_t times[1000]; /* a job ran */
	uint32_t members_n;
	atomic_bool wrong_member;
};

static void count_job(void *context, size_t i, uint32_t member)
{
	struct tally *tally = context;

	tally->times[i]++;
	if (member >= tally->members_n)
		tally->wrong_member = true;
}

static void a_team_does_every_job_once(void **state)
{
	static const size_t jobs[] = {0, 1, 2, 7, 1000};

	(void)state;
	for (uint32_t threads_n = 0; threads_n <= 5; threads_n++) {
		struct les_team *team = NULL; /* 0: the caller alone */
		if (threads_n)
			assert_int_equal(les_team_new(threads_n, &team, NULL), LES_OK);
		assert_int_equal(les_team_threads(team), threads_n ? threads_n : 1);
		for (size_t round = 0; round < 50 * LES_COUNT(jobs); round++) {
			const size_t n = jobs[round % LES_COUNT(jobs)];
			struct tally tally = {.members_n = les_team_threads(team)};

			les_team_run(team, count_job, &tally, n);
			assert_false(tally.wrong_member);
			for (size_t i = 0; i < LES_COUNT(tally.times); i++)
				assert_int_equal(tally.times[i], i < n);
		}
		les_team_free(team);
	}
	assert_int_equal(les_team_new(0, NULL, NULL), LES_ARG);
	assert_int_equal(les_team_new(LES_TEAM_THREADS_MAX + 1, NULL, NULL), LES_ARG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arena_refuses_beyond_its_cap),
		cmocka_unit_test(arena_memory_is_zeroed_and_aligned),
		cmocka_unit_test(buffer_failure_is_sticky),
		cmocka_unit_test(cursor_reads_what_the_buffer_wrote),
		cmocka_unit_test(cursor_refuses),
		cmocka_unit_test(utf8_is_strict),
		cmocka_unit_test(json_strings_escape_everything),
		cmocka_unit_test(every_kind_has_a_row),
		cmocka_unit_test(a_team_does_every_job_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
