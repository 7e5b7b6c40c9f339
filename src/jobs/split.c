#include "jobs/split.h"

#include "base/cleanup.h"

#include <math.h>
#include <stdlib.h>

/* A document that may be kept apart, in an order that only its name and the seed decide. */
struct candidate {
	uint64_t key;
	uint32_t document, weight;
};

/* FNV-1a, then SplitMix64's finish: names that differ in one digit land far apart. */
static uint64_t key_of(const char *name, uint64_t seed)
{
	uint64_t h = 14695981039346656037ull ^ seed;

	for (; *name; name++)
		h = (h ^ (uint8_t)*name) * 1099511628211ull;
	h = (h ^ h >> 30) * 0xbf58476d1ce4e5b9ull;
	h = (h ^ h >> 27) * 0x94d049bb133111ebull;
	return h ^ h >> 31;
}

static int compare_candidates(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return (x->document > y->document) - (x->document < y->document);
}

static uint32_t kept_lines(const struct les_survey_document *d)
{
	uint32_t n = 0;

	for (uint32_t i = 0; d->error.kind == LES_OK && i < d->lines_n; i++)
		n += les_verdict_keeps(d->lines[i].judged.verdict);
	return n;
}

enum les_kind les_split_documents(const struct les_corpus *corpus, const uint32_t *weights,
				  uint64_t want, uint64_t seed, uint8_t *ret, uint64_t *ret_weight,
				  struct les_error *reterr)
{
	LES_CLEANUP(les_free_p)
	struct candidate *candidates = calloc(corpus->documents_n + 1ul, sizeof *candidates);
	uint32_t n = 0;

	if (!candidates)
		return les_fail(reterr, LES_NOMEM, "no memory to choose what is for validation");
	for (uint32_t i = 0; i < corpus->documents_n; i++) {
		const char *name = les_corpus_truth_name(corpus, &corpus->documents[i]);
		if (weights[i])
			candidates[n++] = (struct candidate){key_of(name, seed), i, weights[i]};
	}
	qsort(candidates, n, sizeof *candidates, compare_candidates);
	for (uint32_t i = 0; i + 1 < n && *ret_weight < want; i++) {
		ret[candidates[i].document] = 1;
		*ret_weight += candidates[i].weight;
	}
	return LES_OK;
}

static enum les_kind keep_share(const struct les_survey *survey, float share, uint64_t seed,
				struct les_split *split, struct les_error *reterr)
{
	const struct les_corpus *corpus = survey->corpus;
	LES_CLEANUP(les_free_p)
	uint32_t *weights = calloc(corpus->documents_n + 1ul, sizeof *weights);
	const uint64_t lines_n = survey->lines_n - split->replay_n;
	const uint64_t want = (uint64_t)llround((double)lines_n * (1 - (double)share));
	uint32_t n = 0;

	if (!weights)
		return les_fail(reterr, LES_NOMEM, "no memory to choose lines for validation");
	if (want == 0 || lines_n < LES_SPLIT_LINES_MIN)
		return LES_OK;
	for (uint32_t i = 0; i < corpus->documents_n; i++) {
		if (split->documents[i] == LES_USE_LEARN)
			weights[i] = kept_lines(&survey->documents[i]);
		n += weights[i] > 0;
	}
	if (n < LES_SPLIT_DOCUMENTS_MIN) {
		split->every = (uint32_t)(lines_n / want);
		split->every = split->every < 2 ? 2 : split->every;
		split->lines_n = lines_n / split->every;
		return LES_OK;
	}
	return les_split_documents(corpus, weights, want, seed, split->documents, &split->lines_n,
				   reterr);
}

enum les_kind les_split_make(const struct les_survey *survey, float share, uint32_t validate,
			     uint32_t replay, uint64_t seed, struct les_split *ret,
			     struct les_error *reterr)
{
	const struct les_corpus *corpus = survey->corpus;
	LES_CLEANUP(les_split_done)
	struct les_split split = {.documents = calloc(corpus->documents_n + 1ul, 1)};
	enum les_kind kind = LES_OK;

	if (!split.documents)
		return les_fail(reterr, LES_NOMEM, "no memory to choose lines for validation");
	for (uint32_t i = 0; i < corpus->documents_n; i++) {
		if (corpus->documents[i].source >= replay) {
			split.documents[i] = LES_USE_REPLAY;
			split.replay_n += kept_lines(&survey->documents[i]);
		} else if (corpus->documents[i].source >= validate) {
			split.documents[i] = LES_USE_VALIDATE;
			split.lines_n += kept_lines(&survey->documents[i]);
		}
	}
	if (validate == replay)
		kind = keep_share(survey, share, seed, &split, reterr);
	else if (split.lines_n == 0)
		kind = les_fail(reterr, LES_ARG, "there are no lines to validate by in %.200s",
				corpus->sources[validate].path);
	if (kind == LES_OK && split.lines_n + split.replay_n >= survey->lines_n)
		kind = les_fail(reterr, LES_ARG, "there are no lines to learn from");
	if (kind != LES_OK)
		return kind;
	*ret = split;
	split = (struct les_split){0};
	return LES_OK;
}

void les_split_done(struct les_split *split)
{
	free(split->documents);
	*split = (struct les_split){0};
}
