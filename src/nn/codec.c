#include "nn/codec.h"

#include <stdlib.h>
#include <string.h>

/* Codes sorted by their labels, shorter ones first: those that begin with a label stand together.
 */
struct les_codec {
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

enum les_kind les_codec_new(const struct les_weights *weights, struct les_codec **ret,
			    struct les_error *reterr)
{
	struct les_codec *codec = malloc(sizeof *codec + weights->codes_n * sizeof codec->codes[0]);

	if (!codec)
		return les_fail(reterr, LES_NOMEM, "no memory for an alphabet");
	codec->n = 0;
	for (uint32_t i = 0; i < weights->codes_n; i++)
		if (weights->codes[i].labels_n)
			codec->codes[codec->n++] = &weights->codes[i];
	qsort(codec->codes, codec->n, sizeof codec->codes[0], compare_codes);
	*ret = codec;
	return LES_OK;
}

void les_codec_free(struct les_codec *codec)
{
	free(codec);
}

const struct les_code *les_codec_lookup(const struct les_codec *codec, const uint32_t *labels,
					uint32_t n)
{
	const struct les_code *found = NULL;
	uint32_t low = 0, high = codec->n;

	if (n == 0)
		return NULL;
	while (low < high) {
		const uint32_t middle = low + (high - low) / 2;

		if (codec->codes[middle]->labels[0] < labels[0])
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < codec->n && codec->codes[low]->labels[0] == labels[0]; low++) {
		const struct les_code *code = codec->codes[low];

		if (code->labels_n <= n && (!found || code->labels_n > found->labels_n) &&
		    memcmp(code->labels, labels, code->labels_n * sizeof *labels) == 0)
			found = code;
	}
	return found;
}
