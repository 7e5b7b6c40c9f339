#include "cli/check.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "export/export.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum {
	EXAMPLES_SHOWN = 5,     /* of each sort, to people */
	DETAILS_MAX = 20000,    /* of each list in JSON */
	TEXT_SHOWN_BYTES = 120, /* of a line */
	LETTERS_A_ROW = 12,
};

static const struct {
	const char *name, *words; /* words NULL: nothing to be told */
	bool expected;            /* no reason to worry */
} paired[] = {
	[LES_PAIRED_REFUSED] = {"refused", "refused", false},
	[LES_PAIRED_USED] = {"used", NULL, true},
	[LES_PAIRED_OTHER] = {"other", "neither image nor transcription", true},
	[LES_PAIRED_LONELY_IMAGE] = {"no-truth", "images without a transcription", false},
	[LES_PAIRED_LONELY_TEXT] = {"no-image", "transcriptions without an image", false},
	[LES_PAIRED_SECOND_IMAGE] = {"second-image", "other forms of an image that is used", true},
	[LES_PAIRED_SECOND_TRUTH] = {"second-truth",
				     "layouts of images that have a .gt.txt, which counts", true},
};

/* Folders are listed too, and nobody needs to hear of them. */
static bool is_told(const struct les_entry *entry, enum les_paired how)
{
	const size_t n = strlen(entry->name);

	return paired[how].words && !(how == LES_PAIRED_REFUSED && n && entry->name[n - 1] == '/' &&
				      entry->refused == LES_UNSUPPORTED);
}

static const struct les_entry *entry_at(const struct les_corpus_source *source, uint32_t i,
					enum les_paired how)
{
	const struct les_entry *e = &source->entries.at[i];

	return source->pairing.paired[i] == how && is_told(e, how) ? e : NULL;
}

/* ---- for people ---- */

static void print_ignored(const struct les_corpus *corpus, enum les_paired how)
{
	uint32_t n = 0;

	for (uint32_t s = 0; s < corpus->sources_n; s++) {
		const struct les_corpus_source *source = &corpus->sources[s];
		for (uint32_t i = 0; i < source->entries.n; i++) {
			const struct les_entry *e = entry_at(source, i, how);
			if (!e)
				continue;
			if (n++ == 0)
				printf("\nignored files: %s\n", paired[how].words);
			if (n <= EXAMPLES_SHOWN)
				printf("  %s%s%s\n", e->name, e->why[0] ? ": " : "", e->why);
		}
	}
	if (n > EXAMPLES_SHOWN)
		printf("  … %u in all (--json lists them)\n", n);
}

static void print_failed(const struct les_survey *survey)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < survey->corpus->documents_n; i++) {
		const struct les_survey_document *d = &survey->documents[i];
		if (d->error.kind == LES_OK)
			continue;
		if (n++ == 0)
			puts("\nleft out as a whole:");
		if (n <= 2 * EXAMPLES_SHOWN)
			printf("  %s: %s\n",
			       les_corpus_truth_name(survey->corpus, &survey->corpus->documents[i]),
			       d->error.message);
	}
	if (n > 2 * EXAMPLES_SHOWN)
		printf("  … %u in all (--json lists them)\n", n);
}

static void print_lines(const struct les_survey *survey, enum les_verdict verdict)
{
	uint64_t n = 0;

	if (survey->verdicts_n[verdict] == 0)
		return;
	printf("\n%s: %llu lines: %s\n", les_verdict_keeps(verdict) ? "look at" : "left out",
	       (unsigned long long)survey->verdicts_n[verdict], les_verdict_words(verdict));
	for (uint32_t i = 0; i < survey->corpus->documents_n; i++) {
		const struct les_survey_document *d = &survey->documents[i];
		for (uint32_t k = 0; k < d->lines_n; k++) {
			const struct les_survey_line *l = &d->lines[k];
			if (l->judged.verdict != verdict || n++ >= EXAMPLES_SHOWN)
				continue;
			printf("  %s, line %u: %.0f × %.0f px  %.*s\n",
			       les_corpus_truth_name(survey->corpus, &survey->corpus->documents[i]),
			       l->number, (double)l->judged.length_px, (double)l->judged.height_px,
			       TEXT_SHOWN_BYTES, l->text);
		}
	}
}

static void put_letter(uint32_t code, char out[5])
{
	size_t n = 0;

	if (code >= 0x10000) {
		out[n++] = (char)(0xf0 | code >> 18);
		out[n++] = (char)(0x80 | (code >> 12 & 0x3f));
	} else if (code >= 0x800) {
		out[n++] = (char)(0xe0 | code >> 12);
	}
	if (code >= 0x800)
		out[n++] = (char)(0x80 | (code >> 6 & 0x3f));
	else if (code >= 0x80)
		out[n++] = (char)(0xc0 | code >> 6);
	if (code >= 0x80)
		out[n++] = (char)(0x80 | (code & 0x3f));
	else
		out[n++] = (char)code;
	out[n] = 0;
}

static bool is_combining(uint32_t code)
{
	return (code >= 0x300 && code < 0x370) || (code >= 0xfe20 && code < 0xfe30);
}

static void print_alphabet(const struct les_alphabet *alphabet)
{
	char letter[5];

	printf("\nalphabet: %u characters, how often each\n", alphabet->n);
	for (uint32_t i = 0; i < alphabet->n; i++) {
		const struct les_letter *l = &alphabet->at[i];
		put_letter(l->code, letter);
		printf("%s%s%s %-7llu", i % LETTERS_A_ROW ? " " : "  ",
		       l->code == ' '          ? "␣"
		       : is_combining(l->code) ? "◌"
					       : "",
		       letter, (unsigned long long)l->count);
		if (i % LETTERS_A_ROW == LETTERS_A_ROW - 1 || i + 1 == alphabet->n)
			putchar('\n');
	}
}

static void count_sorts(const struct les_corpus *corpus, uint32_t *ret_layouts_n)
{
	*ret_layouts_n = 0;
	for (uint32_t i = 0; i < corpus->documents_n; i++)
		*ret_layouts_n += corpus->documents[i].pair.layout;
}

void les_check_print_text(const struct les_survey *survey, double seconds)
{
	const struct les_corpus *corpus = survey->corpus;
	uint32_t layouts_n;

	count_sorts(corpus, &layouts_n);
	for (uint32_t how = 0; how < LES_COUNT(paired); how++)
		print_ignored(corpus, (enum les_paired)how);
	print_failed(survey);
	for (uint32_t v = LES_VERDICT_GOOD + 1; v < LES_VERDICT_N; v++)
		print_lines(survey, (enum les_verdict)v);
	print_alphabet(&survey->alphabet);
	printf("\n%u images with transcriptions: %u layouts, %u line texts; %u cannot be used\n",
	       corpus->documents_n, layouts_n, corpus->documents_n - layouts_n,
	       survey->documents_failed_n);
	printf("%llu lines to learn from, %llu characters, %u different (%.1f s)\n",
	       (unsigned long long)survey->lines_n, (unsigned long long)survey->characters_n,
	       survey->alphabet.n, seconds);
	if (survey->mixed_n)
		printf("%u lines have text from right to left\n", survey->mixed_n);
}

/* ---- for programs ---- */

static json_t *json_ignored(const struct les_corpus *corpus)
{
	json_t *list = json_array();

	for (uint32_t s = 0; s < corpus->sources_n; s++) {
		const struct les_corpus_source *source = &corpus->sources[s];
		for (uint32_t i = 0; i < source->entries.n; i++) {
			const enum les_paired how = (enum les_paired)source->pairing.paired[i];
			const struct les_entry *e = entry_at(source, i, how);
			if (!e || json_array_size(list) >= DETAILS_MAX)
				continue;
			json_t *row = json_pack("{s:s, s:s, s:s}", "source", source->path, "name",
						e->name, "reason", paired[how].name);
			if (e->why[0])
				json_object_set_new(row, "message", json_string(e->why));
			json_array_append_new(list, row);
		}
	}
	return list;
}

static json_t *json_failed(const struct les_survey *survey)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < survey->corpus->documents_n; i++) {
		const struct les_survey_document *d = &survey->documents[i];
		if (d->error.kind == LES_OK || json_array_size(list) >= DETAILS_MAX)
			continue;
		json_t *row = les_json_error(&d->error);
		json_object_set_new(row, "name",
				    json_string(les_corpus_truth_name(
					    survey->corpus, &survey->corpus->documents[i])));
		json_array_append_new(list, row);
	}
	return list;
}

static json_t *json_lines(const struct les_survey *survey)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < survey->corpus->documents_n; i++) {
		const struct les_survey_document *d = &survey->documents[i];
		for (uint32_t k = 0; k < d->lines_n; k++) {
			const struct les_survey_line *l = &d->lines[k];
			if (l->judged.verdict == LES_VERDICT_GOOD ||
			    json_array_size(list) >= DETAILS_MAX)
				continue;
			json_array_append_new(
				list,
				json_pack("{s:s, s:I, s:s, s:b, s:f, s:f, s:s}", "name",
					  les_corpus_truth_name(survey->corpus,
								&survey->corpus->documents[i]),
					  "line", (json_int_t)l->number, "verdict",
					  les_verdict_name(l->judged.verdict), "kept",
					  les_verdict_keeps(l->judged.verdict), "length_px",
					  (double)l->judged.length_px, "height_px",
					  (double)l->judged.height_px, "text", l->text));
		}
	}
	return list;
}

static json_t *json_alphabet(const struct les_alphabet *alphabet)
{
	json_t *letters = json_object();
	char letter[5];

	for (uint32_t i = 0; i < alphabet->n; i++) {
		put_letter(alphabet->at[i].code, letter);
		json_object_set_new(letters, letter,
				    json_integer((json_int_t)alphabet->at[i].count));
	}
	return letters;
}

void les_check_print_json(const struct les_survey *survey, double seconds)
{
	const struct les_corpus *corpus = survey->corpus;
	LES_CLEANUP(les_buf_done) struct les_buf out = LES_BUF(LES_EXPORT_BYTES_MAX);
	json_t *verdicts = json_object();
	uint32_t layouts_n;

	count_sorts(corpus, &layouts_n);
	for (uint32_t v = 0; v < LES_VERDICT_N; v++)
		json_object_set_new(verdicts, les_verdict_name((enum les_verdict)v),
				    json_integer((json_int_t)survey->verdicts_n[v]));
	json_t *total = json_pack(
		"{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:f, s:o}", "documents",
		(json_int_t)corpus->documents_n, "layouts", (json_int_t)layouts_n,
		"documents_failed", (json_int_t)survey->documents_failed_n, "lines",
		(json_int_t)survey->lines_n, "characters", (json_int_t)survey->characters_n,
		"different_characters", (json_int_t)survey->alphabet.n, "lines_right_to_left",
		(json_int_t)survey->mixed_n, "median_pitch", (double)survey->median_pitch,
		"seconds", seconds, "verdicts", verdicts);
	les_json_append(&out,
			json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "schema", "lesart.check/1",
				  "total", total, "alphabet", json_alphabet(&survey->alphabet),
				  "ignored", json_ignored(corpus), "failed", json_failed(survey),
				  "lines", json_lines(survey)));
	if (!out.failed)
		puts((const char *)out.bytes);
}

int les_check_exit(const struct les_survey *survey)
{
	return survey->lines_n == 0 || survey->documents_failed_n ? 1 : 0;
}
