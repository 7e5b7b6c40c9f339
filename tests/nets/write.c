/* A model file of a net made here, for tests that run programs.
 *
 * usage: write-net FILE.safetensors SPEC SEED ALPHABET   a recogniser: a label for each code point
 *        write-net FILE.safetensors SPEC lines DARKNESS a line finder: what is as dark as that
 *                                                         (0 to 1) over a convolution's width is a
 *                                                         line; "[1,H,0,1 ClY,X,3 O2l3]" */
#include "models/write.h"
#include "base/cleanup.h"
#include "random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

enum { ALPHABET_MAX = 64 };

static struct les_arena arena = LES_ARENA(64 << 20);

static float *values_of(const struct les_weights *weights, const char *suffix, size_t *ret_n)
{
	for (uint32_t i = 0; i < weights->tensors_n; i++) {
		const char *name = weights->tensors[i].name;
		const size_t n = strlen(name), m = strlen(suffix);
		if (n >= m && strcmp(name + n - m, suffix) == 0) {
			*ret_n = les_tensor_values(&weights->tensors[i]);
			return (float *)(uintptr_t)weights->tensors[i].values;
		}
	}
	fprintf(stderr, "no tensor %s\n", suffix);
	exit(1);
}

/* Labels 1, 2 … for the alphabet's code points. */
static void make_recogniser(struct les_weights *net, const char *alphabet)
{
	static struct les_code codes[ALPHABET_MAX];
	static uint32_t labels[ALPHABET_MAX];
	const utf8proc_uint8_t *at = (const utf8proc_uint8_t *)alphabet;
	utf8proc_int32_t c;
	size_t n;

	while (*at && net->codes_n < ALPHABET_MAX) {
		const utf8proc_ssize_t bytes = utf8proc_iterate(at, -1, &c);
		if (bytes < 1)
			exit(1);
		labels[net->codes_n] = net->codes_n + 1;
		codes[net->codes_n] = (struct les_code){
			les_arena_strndup(&arena, (const char *)at, (size_t)bytes), 1,
			&labels[net->codes_n]};
		net->codes_n++;
		at += bytes;
	}
	net->codes = codes;
	/* scores far apart, so that lines give text that depends on what stands there */
	for (uint32_t t = 0; t < net->tensors_n; t++) {
		float *v = values_of(net, net->tensors[t].name, &n);
		for (size_t i = 0; i < n; i++)
			v[i] *= net->tensors[t].rank == 2 ? 6 : 2;
	}
}

/* Ink is 1 in a net's input: the mean darkness around each place; where that is much, a line's
 * baseline. */
static void make_line_finder(struct les_weights *net, float darkness)
{
	static struct les_class classes[] = {{"_start_separator", LES_CLASS_AUX, 0},
					     {"_end_separator", LES_CLASS_AUX, 1},
					     {"default", LES_CLASS_BASELINE, 2}};
	size_t n;

	for (uint32_t t = 0; t < net->tensors_n; t++) {
		float *v = values_of(net, net->tensors[t].name, &n);
		for (size_t i = 0; i < n; i++)
			v[i] = t == 0 ? 3 / (float)n : 0;
	}
	/* the output layer's: separators never, baselines where it is dark enough */
	float *weight = (float *)(uintptr_t)net->tensors[2].values;
	float *bias = (float *)(uintptr_t)net->tensors[3].values;
	weight[8] = 200;
	bias[0] = bias[1] = -20;
	bias[2] = -200 * darkness;
	net->classes = classes;
	net->classes_n = LES_COUNT(classes);
}

int main(int argc, char **argv)
{
	LES_CLEANUP(les_buf_done) struct les_buf out = LES_BUF(LES_MODEL_FILE_BYTES_MAX);
	struct les_weights net;
	struct les_error error;

	if (argc == 5 && strcmp(argv[3], "lines") == 0) {
		random_net(argv[2], LES_NET_SEGMENTATION, 1, &arena, &net);
		make_line_finder(&net, strtof(argv[4], NULL));
	} else if (argc == 5) {
		random_net(argv[2], LES_NET_RECOGNITION, strtoul(argv[3], NULL, 10), &arena, &net);
		make_recogniser(&net, argv[4]);
	} else {
		return 2;
	}
	if (les_safetensors_write(&net, false, &out, &error) != LES_OK) {
		fprintf(stderr, "%s\n", error.message);
		return 1;
	}
	FILE *f = fopen(argv[1], "wbe");
	const bool ok = f && fwrite(out.bytes, 1, out.len, f) == out.len;
	if (!f || fclose(f) != 0 || !ok)
		return 1;
	les_arena_done(&arena);
	return 0;
}
