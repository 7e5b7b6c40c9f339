#include "nn/speller.h"

#include <stdlib.h>
#include <string.h>

/* Codes sorted by their labels, shorter ones first: those that begin with a label stand together.
 */
struct les_speller {
	uint32_t n;
	const struct les_code *codes[];
};

static int compare_codes(const void *a, const void *b)
{
	const struct les_code *x = *(const struct les_code *const *)a;
	const struct les_code *y = *(const struct les_code *const *)b;
	const uint32_t n = x->labels_n < y->labels_n ? x->labels_n : y->labels_n;

	for (uint32_t i = 0; i < n; i++)
		if (x->labels[i] != y->labels[i])
			return x->labels[i] < y->labels[i] ? -1 : 1;
	return x->labels_n < y->labels_n ? -1 : x->labels_n > y->labels_n;
}

enum les_kind les_speller_new(const struct les_weights *weights, struct les_speller **ret,
			      struct les_error *reterr)
{
	struct les_speller *speller =
		malloc(sizeof *speller + weights->codes_n * sizeof speller->codes[0]);

	if (!speller)
		return les_fail(reterr, LES_NOMEM, "no memory for an alphabet");
	speller->n = 0;
	for (uint32_t i = 0; i < weights->codes_n; i++)
		if (weights->codes[i].labels_n)
			speller->codes[speller->n++] = &weights->codes[i];
	qsort(speller->codes, speller->n, sizeof speller->codes[0], compare_codes);
	*ret = speller;
	return LES_OK;
}

void les_speller_free(struct les_speller *speller)
{
	free(speller);
}

const struct les_code *les_speller_lookup(const struct les_speller *speller, const uint32_t *labels,
					  uint32_t n)
{
	const struct les_code *found = NULL;
	uint32_t low = 0, high = speller->n;

	if (n == 0)
		return NULL;
	while (low < high) {
		const uint32_t middle = low + (high - low) / 2;

		if (speller->codes[middle]->labels[0] < labels[0])
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < speller->n && speller->codes[low]->labels[0] == labels[0]; low++) {
		const struct les_code *code = speller->codes[low];

		if (code->labels_n <= n && (!found || code->labels_n > found->labels_n) &&
		    memcmp(code->labels, labels, code->labels_n * sizeof *labels) == 0)
			found = code;
	}
	return found;
}
