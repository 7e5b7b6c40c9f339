/* train/: texts, alphabets, what is wrong with a line. */
#include "base/cleanup.h"
#include "test.h"
#include "train/alphabet.h"
#include "train/judge.h"
#include "train/text.h"

#include <string.h>

static void texts_are_prepared(void **state)
{
	(void)state;
	static const struct {
		struct les_text_rules rules;
		const char *in, *out;
	} cases[] = {
		{{0}, "", ""},
		{{0}, " \t a  b\r\n", "a b"},
		{{0}, "a\xc2\xa0\xe2\x80\xa8z", "a z"},         /* NBSP, line separator */
		{{0}, "u\xcc\x88", "\xc3\xbc"},                 /* NFC */
		{{.decompose = true}, "\xc3\xbc", "u\xcc\x88"}, /* NFD */
		{{0},
		 "\xef\xbb\xbf"
		 "a\x01\xe2\x80\x8f"
		 "b",
		 "ab"},                                  /* BOM, control, RLM */
		{{0}, "a\xe2\x80\x8d", "a\xe2\x80\x8d"}, /* a joiner stays */
		{{0}, "\xc5\xbf\xc2\xac", "\xc5\xbf\xc2\xac"},
		{{.round_s = true}, "\xc5\xbfo", "so"},
		{{.round_s = true}, "\xe1\xba\x9b", "\xe1\xb9\xa1"}, /* with a dot above */
		{{0}, "u\xe2\x80\x8b\xcc\x88", "\xc3\xbc"},          /* parted by nothing to see */
		{{.hyphens = LES_HYPHENS_ALIKE}, "ver\xc2\xac", "ver-"},
		{{.hyphens = LES_HYPHENS_ALIKE}, "ver\xe2\xb8\x97", "ver-"},
		{{.hyphens = LES_HYPHENS_DROP}, "a-b ver\xc2\xac ", "a-b ver"},
		{{.hyphens = LES_HYPHENS_DROP}, "-", ""},
		{{.expand_macron = true}, "kom\xcc\x84t ma\xcc\x84n\xcc\x84", "kommt m\xc4\x81nn"},
		{{.plain_quotes = true},
		 "\xe2\x80\x9e"
		 "a\xe2\x80\x9c \xe2\x80\x99",
		 "\"a\" '"},
	};
	for (size_t i = 0; i < LES_COUNT(cases); i++) {
		LES_CLEANUP(les_buf_done) struct les_buf out = LES_BUF(1000);
		struct les_error error;
		assert_int_equal(les_text_prepare(&cases[i].rules, cases[i].in, &out, &error),
				 LES_OK);
		assert_string_equal((const char *)out.bytes, cases[i].out);
	}
	LES_CLEANUP(les_buf_done) struct les_buf out = LES_BUF(1000);
	assert_int_equal(les_text_prepare(&cases[0].rules, "a\xff", &out, NULL), LES_FORMAT);
	assert_int_equal(les_text_length("a\xc3\xbc\xf0\x9f\x98\x80"), 3);
	assert_true(les_text_is_mixed("abc \xd7\xa9"));
	assert_false(les_text_is_mixed("abc \xc3\xbc 1898"));
}

static void letters_are_counted_in_order(void **state)
{
	(void)state;
	LES_CLEANUP(les_alphabet_done) struct les_alphabet a = {0};
	LES_CLEANUP(les_alphabet_done) struct les_alphabet b = {0};
	static const struct les_letter want[] = {
		{'a', 3}, {'z', 1}, {0xfc, 2}, {0x17f, 1}, {0x1f600, 1}};
	struct les_error error;

	assert_int_equal(les_alphabet_add(&a,
					  "za\xc3\xbc"
					  "a",
					  &error),
			 LES_OK);
	assert_int_equal(les_alphabet_add(&b,
					  "\xf0\x9f\x98\x80\xc5\xbf\xc3\xbc"
					  "a",
					  &error),
			 LES_OK);
	assert_int_equal(les_alphabet_merge(&a, &b, &error), LES_OK);
	assert_int_equal(a.n, LES_COUNT(want));
	for (size_t i = 0; i < LES_COUNT(want); i++) {
		assert_int_equal(a.at[i].code, want[i].code);
		assert_int_equal(a.at[i].count, want[i].count);
		assert_ptr_equal(les_alphabet_lookup(&a, want[i].code), &a.at[i]);
	}
	assert_null(les_alphabet_lookup(&a, 'b'));
}

static struct les_line line_of(struct les_point *baseline, uint32_t baseline_n,
			       struct les_point *polygon, uint32_t polygon_n)
{
	struct les_line line = {.baseline = {baseline, baseline_n},
				.polygon = {polygon, polygon_n}};

	line.box = les_points_box(polygon_n ? &line.polygon : &line.baseline);
	return line;
}

static void lines_are_judged(void **state)
{
	(void)state;
	static struct les_point base[] = {{10, 50}, {210, 50}}, dot[] = {{10, 50}, {12, 50}};
	static struct les_point box[] = {{10, 20}, {210, 20}, {210, 60}, {10, 60}};
	static struct les_point flat[] = {{10, 50}, {210, 50}, {210, 53}, {10, 53}};
	static struct les_point bow[] = {{10, 20}, {210, 60}, {210, 20}, {10, 60}};
	static struct les_point out[] = {{10, 20}, {400, 20}, {400, 60}, {10, 60}};
	static struct les_point near[] = {{10, 20}, {305, 20}, {305, 60}, {10, 60}};
	static struct les_point far_base[] = {{310, 50}, {390, 50}};
	const struct {
		struct les_line line;
		const char *text;
		enum les_verdict want;
	} cases[] = {
		{line_of(base, 2, box, 4), "Guten Tag", LES_VERDICT_GOOD},
		{line_of(base, 2, box, 4), "", LES_VERDICT_NO_TEXT},
		{line_of(NULL, 0, box, 4), "Guten Tag", LES_VERDICT_NO_BASELINE},
		{line_of(dot, 2, box, 4), "Guten Tag", LES_VERDICT_SHORT_BASELINE},
		{line_of(base, 2, box, 2), "Guten Tag", LES_VERDICT_NO_POLYGON},
		{line_of(base, 2, flat, 4), "Guten Tag", LES_VERDICT_TINY},
		{line_of(base, 2, bow, 4), "Guten Tag", LES_VERDICT_TINY},
		{line_of(base, 2, out, 4), "Guten Tag", LES_VERDICT_OUTSIDE},
		{line_of(far_base, 2, box, 4), "Guten Tag", LES_VERDICT_OUTSIDE},
		{line_of(base, 2, near, 4), "Guten Tag", LES_VERDICT_CLIPPED},
		{line_of(base, 2, box, 4),
		 "0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 "
		 "0123456789",
		 LES_VERDICT_CRAMPED},
		{{0}, "Guten Tag", LES_VERDICT_GOOD}, /* the whole image */
	};
	for (size_t i = 0; i < LES_COUNT(cases); i++) {
		struct les_judged j = les_line_judge(&cases[i].line, 300, 400, cases[i].text);
		if (j.verdict != cases[i].want)
			fail_msg("case %zu: %s", i, les_verdict_name(j.verdict));
	}
	struct les_line whole = {0};
	assert_int_equal(les_line_judge(&whole, 1, 1, "x").verdict, LES_VERDICT_TINY);
	for (uint32_t v = 0; v < LES_VERDICT_N; v++)
		assert_non_null(les_verdict_words((enum les_verdict)v));
}

static void baselines_are_judged(void **state)
{
	(void)state;
	static struct les_point base[] = {{10, 50}, {210, 50}}, dot[] = {{10, 50}, {14, 50}};
	static struct les_point near[] = {{-4, 50}, {304, 50}}, far[] = {{10, 50}, {310, 50}};
	const struct {
		struct les_line line;
		enum les_baseline_verdict want;
	} cases[] = {
		{line_of(base, 2, NULL, 0), LES_BASELINE_GOOD},
		{line_of(near, 2, NULL, 0), LES_BASELINE_GOOD},
		{line_of(base, 1, NULL, 0), LES_BASELINE_NONE},
		{line_of(NULL, 0, base, 2), LES_BASELINE_NONE},
		{line_of(dot, 2, NULL, 0), LES_BASELINE_SHORT},
		{line_of(far, 2, NULL, 0), LES_BASELINE_OUTSIDE},
	};

	for (size_t i = 0; i < LES_COUNT(cases); i++)
		if (les_baseline_judge(&cases[i].line, 300, 400) != cases[i].want)
			fail_msg("case %zu", i);
}

static void lines_are_judged_by_the_others(void **state)
{
	(void)state;
	const struct les_judged usual = {LES_VERDICT_GOOD, 800, 40, 40};
	const struct les_judged dense = {LES_VERDICT_GOOD, 200, 40, 40};
	const struct les_judged sparse = {LES_VERDICT_GOOD, 800, 40, 4};
	const struct les_judged word = {LES_VERDICT_GOOD, 200, 40, 1};
	const struct les_judged empty = {LES_VERDICT_NO_TEXT, 200, 40, 0};
	const float median = les_judged_pitch(&usual);

	assert_float_equal(median, 0.5f, 1e-6f);
	assert_int_equal(les_pitch_judge(&usual, median), LES_VERDICT_GOOD);
	assert_int_equal(les_pitch_judge(&dense, median), LES_VERDICT_DENSE);
	assert_int_equal(les_pitch_judge(&sparse, median), LES_VERDICT_SPARSE);
	assert_int_equal(les_pitch_judge(&word, median), LES_VERDICT_GOOD);
	assert_int_equal(les_pitch_judge(&empty, median), LES_VERDICT_NO_TEXT);
	assert_int_equal(les_height_judge(&usual, 50), LES_VERDICT_GOOD);
	assert_int_equal(les_height_judge(&usual, 150), LES_VERDICT_THIN);
	assert_int_equal(les_height_judge(&empty, 150), LES_VERDICT_NO_TEXT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_prepared),
		cmocka_unit_test(letters_are_counted_in_order),
		cmocka_unit_test(lines_are_judged),
		cmocka_unit_test(baselines_are_judged),
		cmocka_unit_test(lines_are_judged_by_the_others),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
