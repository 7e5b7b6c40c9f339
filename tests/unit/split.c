/* jobs/split.c: which lines are kept apart; jobs/display.c: in what order text is learnt. */
#include "jobs/split.h"
#include "base/cleanup.h"
#include "jobs/display.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

enum { DOCUMENTS_MAX = 100, LINES_MAX = 40 };

/* A survey as it would come of so many documents with so many good lines each. */
struct made {
	struct les_corpus_source sources[2];
	struct les_corpus_document documents[DOCUMENTS_MAX];
	struct les_corpus corpus;
	struct les_survey_document looked_at[DOCUMENTS_MAX];
	struct les_survey_line lines[LINES_MAX];
	struct les_survey survey;
};

static void make(struct made *m, uint32_t documents_n, uint32_t lines_n, uint32_t second_from)
{
	*m = (struct made){.sources = {{.entries = LES_ENTRIES}, {.entries = LES_ENTRIES}}};
	for (uint32_t i = 0; i < documents_n; i++) {
		char name[32];
		const uint32_t source = i >= second_from;
		const int n = snprintf(name, sizeof name, "page-%04u.xml", i);
		const uint32_t entry = m->sources[source].entries.n;
		assert_int_equal(les_entries_add(&m->sources[source].entries, name, (size_t)n, 1,
						 NULL, NULL),
				 LES_OK);
		m->documents[i] = (struct les_corpus_document){source, {entry, entry, true}};
		m->looked_at[i] =
			(struct les_survey_document){.lines = m->lines, .lines_n = lines_n};
	}
	m->corpus = (struct les_corpus){m->sources, 2, m->documents, documents_n};
	m->survey = (struct les_survey){.corpus = &m->corpus,
					.documents = m->looked_at,
					.lines_n = (uint64_t)documents_n * lines_n};
}

static void made_done(struct made *m)
{
	les_entries_done(&m->sources[0].entries);
	les_entries_done(&m->sources[1].entries);
}

static uint32_t documents_kept(const struct made *m, const struct les_split *split)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < m->corpus.documents_n; i++)
		n += split->documents[i];
	return n;
}

static void whole_documents_are_kept_apart(void **state)
{
	(void)state;
	static struct made m;
	struct les_split first, again, other;

	make(&m, 100, 20, UINT32_MAX);
	assert_int_equal(les_split_make(&m.survey, 0.9f, 2, 2, 1, &first, NULL), LES_OK);
	assert_int_equal(les_split_make(&m.survey, 0.9f, 2, 2, 1, &again, NULL), LES_OK);
	assert_int_equal(les_split_make(&m.survey, 0.9f, 2, 2, 2, &other, NULL), LES_OK);
	assert_int_equal(documents_kept(&m, &first), 10);
	assert_int_equal(first.lines_n, 200);
	assert_int_equal(first.every, 0);
	assert_memory_equal(first.documents, again.documents, 100);
	assert_memory_not_equal(first.documents, other.documents, 100);
	les_split_done(&first);
	les_split_done(&again);
	les_split_done(&other);
	made_done(&m);
}

static void few_documents_give_single_lines(void **state)
{
	(void)state;
	static struct made m;
	struct les_split split;

	make(&m, 4, 30, UINT32_MAX);
	assert_int_equal(les_split_make(&m.survey, 0.9f, 2, 2, 1, &split, NULL), LES_OK);
	assert_int_equal(documents_kept(&m, &split), 0);
	assert_int_equal(split.every, 10);
	assert_int_equal(split.lines_n, 12);
	les_split_done(&split);
	made_done(&m);
}

static void few_lines_are_all_learnt(void **state)
{
	(void)state;
	static struct made m;
	struct les_split split;

	make(&m, 2, 16, UINT32_MAX);
	assert_int_equal(les_split_make(&m.survey, 0.9f, 2, 2, 1, &split, NULL), LES_OK);
	assert_int_equal(split.lines_n, 0);
	assert_int_equal(split.every, 0);
	les_split_done(&split);
	made_done(&m);
	make(&m, 50, 20, UINT32_MAX);
	assert_int_equal(les_split_make(&m.survey, 1, 2, 2, 1, &split, NULL), LES_OK);
	assert_int_equal(split.lines_n, 0);
	les_split_done(&split);
	made_done(&m);
}

static void given_validation_counts(void **state)
{
	(void)state;
	static struct made m;
	struct les_split split;

	make(&m, 20, 5, 17);
	assert_int_equal(les_split_make(&m.survey, 0.9f, 1, 2, 1, &split, NULL), LES_OK);
	assert_int_equal(documents_kept(&m, &split), 3);
	assert_int_equal(split.documents[17] + split.documents[18] + split.documents[19], 3);
	assert_int_equal(split.lines_n, 15);
	les_split_done(&split);
	made_done(&m);
	make(&m, 5, 5, 0);
	assert_int_equal(les_split_make(&m.survey, 0.9f, 1, 2, 1, &split, NULL), LES_ARG);
	made_done(&m);
}

static void text_is_learnt_as_it_stands(void **state)
{
	(void)state;
	static const struct {
		const char *read, *seen;
	} cases[] = {
		{"", ""},
		{"Gr\xc3\xbc\xc3\x9f"
		 "e (2)",
		 "Gr\xc3\xbc\xc3\x9f"
		 "e (2)"},
		{"\xd7\xa9\xd7\x9c\xd7\x95", "\xd7\x95\xd7\x9c\xd7\xa9"},
		{"\xd7\xa9\xd7\x9c 12 \xd7\x95", "\xd7\x95 12 \xd7\x9c\xd7\xa9"},
		{"a \xd7\xa9\xd7\x9c \xf0\x9f\x98\x80", "a \xd7\x9c\xd7\xa9 \xf0\x9f\x98\x80"},
	};
	for (size_t i = 0; i < LES_COUNT(cases); i++) {
		LES_CLEANUP(les_buf_done) struct les_buf out = LES_BUF(1000);
		LES_CLEANUP(les_buf_done) struct les_buf back = LES_BUF(1000);
		assert_int_equal(les_text_display(cases[i].read, &out, NULL), LES_OK);
		assert_string_equal((const char *)out.bytes, cases[i].seen);
		assert_int_equal(les_text_display(cases[i].seen, &back, NULL), LES_OK);
		assert_string_equal((const char *)back.bytes, cases[i].read);
	}
}

static void a_validation_without_lines_is_an_error(void **state)
{
	(void)state;
	static struct made m;
	struct les_split split;
	struct les_error error = {0};

	make(&m, 20, 20, 18);
	m.sources[1].path = (char *)(uintptr_t) "kept/apart";
	m.looked_at[18].error.kind = m.looked_at[19].error.kind = LES_FORMAT;
	assert_int_equal(les_split_make(&m.survey, 0.9f, 1, 2, 1, &split, &error), LES_ARG);
	assert_non_null(strstr(error.message, "kept/apart"));
	made_done(&m);
}

static void what_is_replayed_is_neither_learnt_nor_kept_apart(void **state)
{
	(void)state;
	static struct made m;
	struct les_split split;
	uint32_t replayed = 0;

	make(&m, 100, 20, 40); /* the second source has 60 documents */
	assert_int_equal(les_split_make(&m.survey, 0.9f, 1, 1, 1, &split, NULL), LES_OK);
	for (uint32_t i = 0; i < 100; i++) {
		replayed += split.documents[i] == LES_USE_REPLAY;
		if (m.corpus.documents[i].source == 1)
			assert_int_equal(split.documents[i], LES_USE_REPLAY);
	}
	assert_int_equal(split.replay_n, replayed * 20);
	assert_int_equal(split.lines_n, (100 - replayed) / 10 * 20);
	les_split_done(&split);
	made_done(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_documents_are_kept_apart),
		cmocka_unit_test(few_documents_give_single_lines),
		cmocka_unit_test(few_lines_are_all_learnt),
		cmocka_unit_test(a_validation_without_lines_is_an_error),
		cmocka_unit_test(what_is_replayed_is_neither_learnt_nor_kept_apart),
		cmocka_unit_test(given_validation_counts),
		cmocka_unit_test(text_is_learnt_as_it_stands),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
