/* evaluate/: error rates and confusions, computed by hand. */
#include "base/cleanup.h"
#include "evaluate/rates.h"
#include "test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct les_rates rates_of(const char *truth, const char *read)
{
	struct les_rates rates = {0};
	struct les_error error;

	if (les_rates_add(&rates, NULL, truth, read, &error) != LES_OK)
		fail_msg("\"%s\": %s", truth, error.message);
	return rates;
}

static void edits_are_counted_as_by_hand(void **state)
{
	(void)state;
	static const struct {
		const char *truth, *read;
		uint64_t characters, edits, edits_normalised, words, word_edits;
	} rows[] = {
		{"", "", 0, 0, 0, 0, 0},
		{"abc", "abc", 3, 0, 0, 1, 0},
		{"abc", "", 3, 3, 3, 1, 1},
		{"", "abc", 0, 3, 3, 0, 1},
		{"kitten", "sitting", 6, 3, 3, 1, 1},
		{"ab", "ba", 2, 2, 2, 1, 1}, /* a swap is two edits, not one */
		{"aaaa", "aaa", 4, 1, 1, 1, 1},
		{"ein Haus am See", "ein Haus See", 15, 3, 3, 4, 1},
		{"ein Haus", "einHaus", 8, 1, 1, 2, 2},
		{"a b c", "c b a", 5, 2, 2, 3, 2},
		/* white space of every kind is one space, and none at the ends */
		{" a \t\n b ", "a b", 3, 0, 0, 2, 0},
		{"a\u00a0b", "a b", 3, 0, 0, 2, 0},
		{"a\u2028b\u2029c\u2003d\u202fe\u3000f", "a b c d e f", 11, 0, 0, 6, 0},
		{"   ", "\t", 0, 0, 0, 0, 0},
		/* characters are code points after NFC, not bytes */
		{"ü", "u\u0308", 1, 0, 0, 1, 0},
		{"ü", "u", 1, 1, 1, 1, 1},
		{"\u1e69", "s\u0307\u0323", 1, 0, 0, 1, 0}, /* marks in another order */
		{"\U0001d11e", "\U0001d11f", 1, 1, 1, 1, 1},
		{"한", "\u1112\u1161\u11ab", 1, 0, 0, 1, 0},
		{"m\u0304", "m\u0304", 2, 0, 0, 1, 0}, /* NFC has no m̄ */
		{"\ufb01", "fi", 1, 2, 2, 1, 1},       /* NFC keeps ligatures */
		/* what is convention is forgiven in the normalised rate alone */
		{"ſo", "so", 2, 1, 0, 1, 1},
		{"Wa\u2e17", "Wa-", 3, 1, 0, 1, 1},
		{"Wa¬", "Wa\u2e17", 3, 1, 0, 1, 1},
		{"\u201eja\u201c", "\"ja\"", 4, 2, 0, 1, 1},
		{"\u2019s", "'s", 2, 1, 0, 1, 1},
		{"\u201anein\u2018", "'nein'", 6, 2, 0, 1, 1},
		{"kom\u0304t", "kommt", 5, 1, 0, 1, 1},
		{"Man\u0304", "Mann", 4, 1, 0, 1, 1},
		{"a\u0304", "aa", 1, 2, 2, 1, 1}, /* ā is no doubled letter */
		{"\u0304m", "m", 2, 1, 1, 1, 1},  /* a macron over nothing */
		{"–", "-", 1, 1, 1, 1, 1},        /* a dash is another sign */
	};

	for (size_t i = 0; i < LES_COUNT(rows); i++) {
		const struct les_rates r = rates_of(rows[i].truth, rows[i].read);
		if (r.characters_n != rows[i].characters || r.edits_n != rows[i].edits ||
		    r.edits_normalised_n != rows[i].edits_normalised ||
		    r.words_n != rows[i].words || r.word_edits_n != rows[i].word_edits)
			fail_msg("\"%s\" → \"%s\": %d characters, %d edits, %d normalised, %d "
				 "words, %d edits of words",
				 rows[i].truth, rows[i].read, (int)r.characters_n, (int)r.edits_n,
				 (int)r.edits_normalised_n, (int)r.words_n, (int)r.word_edits_n);
		assert_int_equal(r.lines_n, 1);
	}
}

static void rates_are_over_all_texts_together(void **state)
{
	(void)state;
	struct les_rates sum = {0};
	const struct les_rates longer = rates_of("zehn Zeichen", "zehn Zeichem"),
			       shorter = rates_of("ab", "xy");

	les_rates_merge(&sum, &longer);
	les_rates_merge(&sum, &shorter);
	/* 3 edits of 14, not the mean of 1/12 and 2/2 */
	assert_true(fabs(les_rates_cer(&sum) - 3.0 / 14) < 1e-12);
	assert_true(fabs(les_rates_wer(&sum) - 2.0 / 3) < 1e-12);
	assert_int_equal(sum.lines_n, 2);
}

static void nothing_to_compare_is_no_error(void **state)
{
	(void)state;
	const struct les_rates none = {0}, only_read = rates_of("", "abc"),
			       more_read = rates_of("a", "abc");

	assert_true(les_rates_cer(&none) == 0 && les_rates_wer(&none) == 0);
	assert_true(les_rates_cer(&only_read) == 1);
	assert_true(les_rates_cer(&more_read) == 2); /* more than everything can be wrong */
}

/* Long random texts against a plain table of distances. */
static uint64_t plain_distance(const char *a, const char *b)
{
	enum { MOST = 220 };
	static uint32_t table[MOST][MOST];
	const size_t n = strlen(a), m = strlen(b);

	assert_true(n < MOST && m < MOST);
	for (size_t i = 0; i <= n; i++) {
		for (size_t j = 0; j <= m; j++) {
			if (i == 0 || j == 0) {
				table[i][j] = (uint32_t)(i + j);
				continue;
			}
			uint32_t best = table[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			best = table[i - 1][j] + 1 < best ? table[i - 1][j] + 1 : best;
			best = table[i][j - 1] + 1 < best ? table[i][j - 1] + 1 : best;
			table[i][j] = best;
		}
	}
	return table[n][m];
}

static void random_texts_match_the_plain_table(void **state)
{
	(void)state;
	uint32_t random = 7;
	char texts[2][201];

	for (int round = 0; round < 200; round++) {
		for (int t = 0; t < 2; t++) {
			random = random * 1664525 + 1013904223;
			const uint32_t n = random >> 16;
			uint32_t i;
			for (i = 0; i < n % 200; i++) {
				random = random * 1664525 + 1013904223;
				texts[t][i] = "abcde"[(random >> 16) % 5];
			}
			texts[t][i] = 0;
		}
		assert_int_equal(rates_of(texts[0], texts[1]).edits_n,
				 plain_distance(texts[0], texts[1]));
	}
}

static uint64_t count_of(const struct les_confusions *c, uint32_t truth, uint32_t read)
{
	for (uint32_t i = 0; i < c->n; i++)
		if (c->at[i].truth == truth && c->at[i].read == read)
			return c->at[i].count;
	return 0;
}

static void confusions_tell_what_became_what(void **state)
{
	(void)state;
	LES_CLEANUP(les_free_p) struct les_confusions *all = calloc(2, sizeof *all);
	struct les_rates rates = {0};
	struct les_error error;

	assert_non_null(all);
	assert_int_equal(les_rates_add(&rates, &all[0], "Haus", "Hans", &error), LES_OK);
	assert_int_equal(les_rates_add(&rates, &all[0], "Maus", "Mans", &error), LES_OK);
	assert_int_equal(les_rates_add(&rates, &all[1], "Üfer", "Ufer,", &error), LES_OK);
	assert_int_equal(les_rates_add(&rates, &all[1], "Bett", "Bet", &error), LES_OK);
	les_confusions_merge(&all[0], &all[1]);
	les_confusions_sort(&all[0]);
	assert_int_equal(all[0].n, 4);
	assert_true(all[0].at[0].truth == 'u' && all[0].at[0].read == 'n');
	assert_int_equal(all[0].at[0].count, 2);
	assert_int_equal(count_of(&all[0], 0xdc, 'U'), 1);
	assert_int_equal(count_of(&all[0], 0, ','), 1);
	assert_int_equal(count_of(&all[0], 't', 0), 1);
	/* their sum is the number of edits */
	uint64_t sum = 0;
	for (uint32_t i = 0; i < all[0].n; i++)
		sum += all[0].at[i].count;
	assert_int_equal(sum, rates.edits_n);
}

static void broken_and_too_long_texts_are_refused(void **state)
{
	(void)state;
	struct les_rates rates = {0};
	struct les_error error;
	LES_CLEANUP(les_free_p) char *longest = malloc(LES_EVALUATE_CHARS_MAX + 2);

	assert_non_null(longest);
	assert_int_equal(les_rates_add(&rates, NULL, "a\xc3", "a", &error), LES_FORMAT);
	assert_int_equal(les_rates_add(&rates, NULL, "a", "\xed\xa0\x80", &error), LES_FORMAT);
	memset(longest, 'a', LES_EVALUATE_CHARS_MAX + 1);
	longest[LES_EVALUATE_CHARS_MAX + 1] = 0;
	assert_int_equal(les_rates_add(&rates, NULL, longest, "a", &error), LES_LIMIT);
	assert_int_equal(rates.lines_n, 0); /* nothing of it was counted */
	longest[LES_EVALUATE_CHARS_MAX] = 0;
	assert_int_equal(les_rates_add(&rates, NULL, longest, "a", &error), LES_OK);
	assert_int_equal(rates.edits_n, LES_EVALUATE_CHARS_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(edits_are_counted_as_by_hand),
		cmocka_unit_test(rates_are_over_all_texts_together),
		cmocka_unit_test(nothing_to_compare_is_no_error),
		cmocka_unit_test(random_texts_match_the_plain_table),
		cmocka_unit_test(confusions_tell_what_became_what),
		cmocka_unit_test(broken_and_too_long_texts_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
