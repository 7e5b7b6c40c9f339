#include "evaluate/rates.h"

#include "base/cleanup.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

enum { TABLE_BYTES_MAX = 64 << 20 };

/* Symbols that are compared: code points, or words as numbers. */
struct symbols {
	uint32_t *at;
	size_t n;
};

/* Unicode's White_Space. */
static bool is_space(uint32_t c)
{
	const utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)c);

	return (c >= 9 && c <= 13) || c == 0x85 || category == UTF8PROC_CATEGORY_ZS ||
	       category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP;
}

/* NFC code points with white space folded. */
static enum les_kind decode(const char *text, struct symbols *ret, struct les_error *reterr)
{
	const utf8proc_option_t options = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_NULLTERM;
	const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)text;
	size_t room = 2 * strlen(text) + 16, n = 0;
	LES_CLEANUP(les_free_p) utf8proc_int32_t *points = malloc(room * sizeof *points);

	if (!points)
		return les_fail(reterr, LES_NOMEM, "no memory to compare texts");
	utf8proc_ssize_t got =
		utf8proc_decompose(bytes, 0, points, (utf8proc_ssize_t)room, options);
	if (got >= 0 && (size_t)got <= room)
		got = utf8proc_normalize_utf32(points, got, options);
	if (got < 0 || (size_t)got > room)
		return les_fail(reterr, LES_FORMAT, "a text is not UTF-8");
	for (utf8proc_ssize_t i = 0; i < got; i++) {
		uint32_t c = (uint32_t)points[i];
		if (!is_space(c))
			points[n++] = points[i];
		else if (n && points[n - 1] != ' ')
			points[n++] = ' ';
	}
	if (n && points[n - 1] == ' ')
		n--;
	if (n > LES_EVALUATE_CHARS_MAX)
		return les_fail(reterr, LES_LIMIT, "a text has more than %d characters",
				LES_EVALUATE_CHARS_MAX);
	*ret = (struct symbols){(uint32_t *)LES_TAKE(points), n};
	return LES_OK;
}

static uint32_t normal_form(uint32_t c)
{
	static const struct {
		uint32_t from, to;
	} rows[] = {
		{0x17f, 's'},   {0x2e17, '-'},  {0xac, '-'},    {0x2010, '-'}, {0x2011, '-'},
		{0x201c, '"'},  {0x201d, '"'},  {0x201e, '"'},  {0x201f, '"'}, {0x2018, '\''},
		{0x2019, '\''}, {0x201a, '\''}, {0x201b, '\''},
	};

	for (size_t i = 0; i < LES_COUNT(rows); i++)
		if (rows[i].from == c)
			return rows[i].to;
	return c;
}

/* In place: never longer, since a macron becomes the letter it stands over. */
static void normalise(struct symbols *s)
{
	for (size_t i = 0; i < s->n; i++) {
		uint32_t before = i ? s->at[i - 1] : 0;
		bool doubles = s->at[i] == 0x304 && strchr("mnMN", (int)before) && before;
		s->at[i] = doubles ? before : normal_form(s->at[i]);
	}
}

/* Levenshtein distance by one row (Wagner and Fischer 1974). */
static enum les_kind distance(const struct symbols *a, const struct symbols *b, uint64_t *ret,
			      struct les_error *reterr)
{
	LES_CLEANUP(les_free_p) uint32_t *row = malloc((b->n + 1) * sizeof *row);

	if (!row)
		return les_fail(reterr, LES_NOMEM, "no memory to compare texts");
	for (size_t j = 0; j <= b->n; j++)
		row[j] = (uint32_t)j;
	for (size_t i = 1; i <= a->n; i++) {
		uint32_t corner = row[0];
		row[0] = (uint32_t)i;
		for (size_t j = 1; j <= b->n; j++) {
			uint32_t change = corner + (a->at[i - 1] != b->at[j - 1]);
			uint32_t least = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
			corner = row[j];
			row[j] = change < least ? change : least;
		}
	}
	*ret = row[b->n];
	return LES_OK;
}

static void count(struct les_confusions *confusions, uint32_t truth, uint32_t read, uint64_t times)
{
	for (uint32_t i = 0; i < confusions->n; i++)
		if (confusions->at[i].truth == truth && confusions->at[i].read == read) {
			confusions->at[i].count += times;
			return;
		}
	if (confusions->n < LES_CONFUSIONS_MAX)
		confusions->at[confusions->n++] = (struct les_confusion){truth, read, times};
}

enum step { KEEP, CHANGE, DROP, ADD };

/* Fills steps [a->n + 1, b->n + 1] with how the best alignment reaches each cell. */
static void align(const struct symbols *a, const struct symbols *b, uint32_t *row, uint8_t *steps)
{
	const size_t width = b->n + 1;

	for (size_t j = 0; j <= b->n; j++) {
		row[j] = (uint32_t)j;
		steps[j] = ADD;
	}
	for (size_t i = 1; i <= a->n; i++) {
		uint32_t corner = row[0];
		row[0] = (uint32_t)i;
		steps[i * width] = DROP;
		for (size_t j = 1; j <= b->n; j++) {
			const bool same = a->at[i - 1] == b->at[j - 1];
			const uint32_t change = corner + !same, drop = row[j] + 1,
				       add = row[j - 1] + 1;
			uint8_t step = same ? KEEP : CHANGE;
			uint32_t best = change;
			if (drop < best)
				best = drop, step = DROP;
			if (add < best)
				best = add, step = ADD;
			corner = row[j];
			row[j] = best;
			steps[i * width + j] = step;
		}
	}
}

static void count_edits(const struct symbols *truth, const struct symbols *read,
			struct les_confusions *confusions)
{
	const size_t width = read->n + 1, cells = (truth->n + 1) * width;
	LES_CLEANUP(les_free_p) uint8_t *steps = cells <= TABLE_BYTES_MAX ? malloc(cells) : NULL;
	LES_CLEANUP(les_free_p) uint32_t *row = malloc(width * sizeof *row);
	size_t i = truth->n, j = read->n;

	if (!steps || !row)
		return; /* the rates are there all the same */
	align(truth, read, row, steps);
	while (i || j) {
		const uint8_t step = steps[i * width + j];
		if (step == CHANGE)
			count(confusions, truth->at[i - 1], read->at[j - 1], 1);
		else if (step == DROP)
			count(confusions, truth->at[i - 1], 0, 1);
		else if (step == ADD)
			count(confusions, 0, read->at[j - 1], 1);
		i -= step != ADD;
		j -= step != DROP;
	}
}

/* Words as hashes of their code points (FNV-1a, 32 bits: chance equals are rarer than typing errors
 * in any ground truth). */
static enum les_kind words_of(const struct symbols *text, struct symbols *ret,
			      struct les_error *reterr)
{
	uint32_t *words = malloc((text->n / 2 + 1) * sizeof *words);
	size_t n = 0;

	if (!words)
		return les_fail(reterr, LES_NOMEM, "no memory to compare texts");
	for (size_t i = 0; i < text->n; n++) {
		uint32_t hash = 2166136261u;
		for (; i < text->n && text->at[i] != ' '; i++)
			hash = (hash ^ text->at[i]) * 16777619u;
		words[n] = hash;
		i++;
	}
	*ret = (struct symbols){words, n};
	return LES_OK;
}

static void symbols_done(struct symbols *s)
{
	free(s->at);
}

enum les_kind les_rates_add(struct les_rates *rates, struct les_confusions *confusions,
			    const char *truth, const char *read, struct les_error *reterr)
{
	LES_CLEANUP(symbols_done) struct symbols a = {0};
	LES_CLEANUP(symbols_done) struct symbols b = {0};
	LES_CLEANUP(symbols_done) struct symbols words_a = {0};
	LES_CLEANUP(symbols_done) struct symbols words_b = {0};
	struct les_rates one = {.lines_n = 1};
	enum les_kind kind = decode(truth, &a, reterr);

	if (kind == LES_OK)
		kind = decode(read, &b, reterr);
	if (kind == LES_OK)
		kind = distance(&a, &b, &one.edits_n, reterr);
	if (kind == LES_OK)
		kind = words_of(&a, &words_a, reterr);
	if (kind == LES_OK)
		kind = words_of(&b, &words_b, reterr);
	if (kind == LES_OK)
		kind = distance(&words_a, &words_b, &one.word_edits_n, reterr);
	if (kind == LES_OK && confusions)
		count_edits(&a, &b, confusions);
	if (kind != LES_OK)
		return kind;
	one.characters_n = a.n;
	one.words_n = words_a.n;
	normalise(&a);
	normalise(&b);
	one.characters_normalised_n = a.n;
	kind = distance(&a, &b, &one.edits_normalised_n, reterr);
	if (kind == LES_OK)
		les_rates_merge(rates, &one);
	return kind;
}

void les_rates_merge(struct les_rates *to, const struct les_rates *from)
{
	to->characters_n += from->characters_n;
	to->edits_n += from->edits_n;
	to->characters_normalised_n += from->characters_normalised_n;
	to->edits_normalised_n += from->edits_normalised_n;
	to->words_n += from->words_n;
	to->word_edits_n += from->word_edits_n;
	to->lines_n += from->lines_n;
}

void les_confusions_merge(struct les_confusions *to, const struct les_confusions *from)
{
	for (uint32_t i = 0; i < from->n; i++)
		count(to, from->at[i].truth, from->at[i].read, from->at[i].count);
}

static int compare_counts(const void *a, const void *b)
{
	const struct les_confusion *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	if (x->truth != y->truth)
		return x->truth < y->truth ? -1 : 1;
	return (x->read > y->read) - (x->read < y->read);
}

void les_confusions_sort(struct les_confusions *confusions)
{
	qsort(confusions->at, confusions->n, sizeof *confusions->at, compare_counts);
}

static double rate(uint64_t edits, uint64_t n)
{
	if (n == 0)
		return edits ? 1 : 0;
	return (double)edits / (double)n;
}

double les_rates_cer(const struct les_rates *rates)
{
	return rate(rates->edits_n, rates->characters_n);
}

double les_rates_cer_normalised(const struct les_rates *rates)
{
	return rate(rates->edits_normalised_n, rates->characters_normalised_n);
}

double les_rates_wer(const struct les_rates *rates)
{
	return rate(rates->word_edits_n, rates->words_n);
}
