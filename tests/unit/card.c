/* Cards as models are published with. */
#include "models/card.h"
#include "base/cleanup.h"
#include "test.h"

#include <math.h>
#include <string.h>

static void published_cards_are_read(void **state)
{
	static const char text[] =
		"---\nsummary: \"Briefe \\u00fcber \\\"alles\\\"\"\nauthors:\n  - name: A. Nonym\n"
		"license: Apache-2.0\nlanguage:\n  - deu\n  - 'fra'\nscript:\n- Latf\n"
		"tags:\n  - letters\n  - kurrent\ndatasets:\n  - \"one, 2: CC\"\n  - two\n"
		"base_model: []\nmetrics:\n  cer: 3.82\n  cer_normalised: x\n---\n\nsummary: no\n";
	LES_CLEANUP(les_arena_done) struct les_arena arena = LES_ARENA(1 << 16);
	struct les_card card, other;

	(void)state;
	assert_int_equal(les_card_read(text, strlen(text), &arena, &card, NULL), LES_OK);
	assert_string_equal(card.summary, "Briefe \xc3\xbc"
					  "ber \"alles\"");
	assert_string_equal(card.licence, "Apache-2.0");
	assert_string_equal(card.language, "deu+fra");
	assert_string_equal(card.script, "kurrent");
	assert_string_equal(card.sources, "one, 2: CC; two");
	assert_string_equal(card.base_model, "");
	assert_true(fabsf(card.cer_raw - 0.0382f) < 1e-6f);
	assert_true(card.cer_normalised < 0);
	les_card_init(&other);
	other.script = "latin";
	les_card_complete(&other, &card);
	assert_string_equal(other.script, "latin");
	assert_string_equal(other.language, "deu+fra");
	assert_true(fabsf(other.cer_raw - 0.0382f) < 1e-6f);
}

static void what_is_no_card_is_refused(void **state)
{
	static const struct {
		const char *text;
		enum les_kind want;
		const char *summary;
	} cases[] = {
		{"", LES_FORMAT, NULL},
		{"# A model\n", LES_FORMAT, NULL},
		{"---\nsummary: x\n", LES_FORMAT, NULL},
		{"---\nsummary: \xff\n---\n", LES_FORMAT, NULL},
		{"---\r\nsummary: x\r\n---\r\n", LES_OK, "x"},
		{"---\nsummary: \"x\n---\n", LES_OK, ""},
		{"---\nsummary: \"\\u001b[2J\"\n---\n", LES_OK, ""},
		{"---\nsummary: 'x\n---\n", LES_OK, ""},
		{"---\nsummary: |\n  x\n---\n", LES_OK, ""},
		{"---\nsummary:x\n: x\n- x\n-\n  - \n   \n:\n---\n", LES_OK, ""},
	};
	LES_CLEANUP(les_arena_done) struct les_arena arena = LES_ARENA(1 << 16);
	struct les_card card;

	(void)state;
	for (size_t i = 0; i < LES_COUNT(cases); i++) {
		assert_int_equal(
			les_card_read(cases[i].text, strlen(cases[i].text), &arena, &card, NULL),
			cases[i].want);
		if (cases[i].want == LES_OK)
			assert_string_equal(card.summary, cases[i].summary);
	}
	assert_int_equal(les_card_read("---\n\0---\n", 9, &arena, &card, NULL), LES_FORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_cards_are_read),
		cmocka_unit_test(what_is_no_card_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
