/* train/codec.c: alphabets as a net's labels, its own and a base's. */
#include "train/codec.h"
#include "base/cleanup.h"
#include "test.h"

#include <string.h>

static void alphabets_become_codes(void **state)
{
	static const char text[] = "aſ\xc3\xbcm\xcc\x84\xf0\x9d\x84\x9e";
	struct les_alphabet alphabet = {0};
	struct les_codec codec = {.arena = LES_ARENA(1 << 20)};
	LES_CLEANUP(les_buf_done) struct les_buf back = LES_BUF(100);
	uint32_t labels[16], missing_n;

	(void)state;
	assert_int_equal(les_alphabet_add(&alphabet, text, NULL), LES_OK);
	assert_int_equal(les_codec_of_alphabet(&alphabet, &codec, NULL), LES_OK);
	assert_int_equal(codec.classes, 7);
	assert_string_equal(codec.codes[0].text, "a");
	const uint32_t n = les_codec_encode(&codec, text, strlen(text), labels, &missing_n);
	assert_int_equal(n, 6);
	assert_int_equal(missing_n, 0);
	les_codec_decode(&codec, labels, n, &back);
	assert_string_equal((const char *)back.bytes, text);
	assert_int_equal(les_codec_encode(&codec, "a\xc3\xa4z", 4, labels, &missing_n), 1);
	assert_int_equal(missing_n, 2);
	les_alphabet_done(&alphabet);
	les_codec_done(&codec);
}

static void bases_keep_what_they_know(void **state)
{
	static const uint32_t one[] = {1}, two[] = {2, 3}, four[] = {4};
	struct les_code codes[] = {{"a", 1, one}, {"ch", 2, two}, {"b", 1, four}};
	const struct les_weights base = {.codes = codes, .codes_n = 3};
	struct les_alphabet alphabet = {0};
	struct les_error error = {0};

	(void)state;
	assert_int_equal(les_alphabet_add(&alphabet, "bz", NULL), LES_OK);
	struct les_codec codec = {.arena = LES_ARENA(1 << 20)};
	assert_int_equal(les_codec_of_base(&base, 5, &alphabet, LES_RESIZE_FAIL, &codec, &error),
			 LES_UNSUPPORTED);
	assert_non_null(strstr(error.message, "z"));
	les_codec_done(&codec);
	codec = (struct les_codec){.arena = LES_ARENA(1 << 20)};
	assert_int_equal(les_codec_of_base(&base, 5, &alphabet, LES_RESIZE_UNION, &codec, &error),
			 LES_OK);
	assert_int_equal(codec.classes, 6);
	assert_int_equal(codec.from[4], 4);
	assert_int_equal(codec.from[5], UINT32_MAX);
	les_codec_done(&codec);
	codec = (struct les_codec){.arena = LES_ARENA(1 << 20)};
	assert_int_equal(les_codec_of_base(&base, 5, &alphabet, LES_RESIZE_NEW, &codec, &error),
			 LES_OK);
	assert_int_equal(codec.classes, 3);
	assert_int_equal(codec.from[0], 0);
	assert_int_equal(codec.from[1], 4);
	les_codec_done(&codec);
	les_alphabet_done(&alphabet);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alphabets_become_codes),
		cmocka_unit_test(bases_keep_what_they_know),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
