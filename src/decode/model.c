#include "decode/model.h"

#include "base/cleanup.h"
#include "decode/model_maker.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { FIRST_FIELD = 0x08 }; /* of CoreML's Model: its version, a number */

enum les_model_format les_model_sniff(const uint8_t *bytes, size_t n)
{
	struct les_rd r = les_rd(bytes, n);
	const uint64_t header_bytes = les_rd_u64(&r);

	if (les_rd_u8(&r) == '{' && header_bytes >= 2 && header_bytes <= n - 8)
		return LES_MODEL_SAFETENSORS;
	/* the version, then the description (2) or the net (500) as bytes */
	if (n >= 4 && bytes[0] == FIRST_FIELD && bytes[1] < 0x80 &&
	    (bytes[2] == 0x12 || (bytes[2] == 0xa2 && bytes[3] == 0x1f)))
		return LES_MODEL_COREML;
	return LES_MODEL_NONE;
}

static float from_f16(uint16_t h)
{
	const uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 31,
		       fraction = h & 1023;
	uint32_t bits;
	float f;

	if (exponent == 0) /* zero and subnormals: fraction × 2^-24 */
		return (sign ? -1.0f : 1.0f) * (float)fraction * 0x1p-24f;
	bits = sign | (exponent == 31 ? 255 : exponent + 112) << 23 | fraction << 13;
	memcpy(&f, &bits, sizeof f);
	return f;
}

static float from_bf16(uint16_t h)
{
	const uint32_t bits = (uint32_t)h << 16;
	float f;

	memcpy(&f, &bits, sizeof f);
	return f;
}

static const struct {
	enum les_storage storage;
	const char *name;
	size_t bytes;
} storages[] = {
	{LES_STORED_BF16, "bf16", 2},
	{LES_STORED_F16, "f16", 2},
	{LES_STORED_F32, "f32", 4},
};

enum les_kind les_maker_values(struct les_maker *maker, const char *name, struct les_rd *r,
			       enum les_storage storage, size_t n, float *to)
{
	const size_t size = storage == LES_STORED_F32 ? 4 : 2;
	const uint8_t *from = les_rd_take(r, n * size);

	if (!from)
		return les_fail(maker->reterr, LES_FORMAT, "tensor %.100s is cut short", name);
	maker->storage |= storage;
	for (size_t i = 0; i < n; i++) {
		uint16_t half = (uint16_t)(from[i * size] | from[i * size + 1] << 8);
		if (storage == LES_STORED_F32)
			memcpy(&to[i], from + i * size, sizeof *to);
		else
			to[i] = storage == LES_STORED_F16 ? from_f16(half) : from_bf16(half);
		if (!isfinite(to[i]))
			return les_fail(maker->reterr, LES_FORMAT,
					"tensor %.100s has a value that is no number", name);
	}
	return LES_OK;
}

enum les_kind les_maker_tensor(struct les_maker *maker, const char *name, uint32_t rank,
			       const uint32_t *dims, float **ret_values)
{
	struct les_weights *weights = maker->weights;
	struct les_tensor tensor = {.rank = rank};
	size_t values_n;

	if (strlen(name) > LES_TENSOR_NAME_BYTES_MAX || weights->tensors_n == LES_TENSORS_MAX)
		return les_fail(maker->reterr, LES_LIMIT,
				"too many tensors, or too long a name: %.60s", name);
	if (les_weights_lookup(weights, name))
		return les_fail(maker->reterr, LES_FORMAT, "tensor %.100s is there twice", name);
	if (rank < 1 || rank > LES_TENSOR_RANK_MAX)
		return les_fail(maker->reterr, LES_UNSUPPORTED, "tensor %.100s has %u dimensions",
				name, rank);
	memcpy(tensor.dims, dims, rank * sizeof *dims);
	for (uint32_t i = 0; i < rank; i++)
		if (dims[i] == 0)
			return les_fail(maker->reterr, LES_FORMAT, "tensor %.100s has no values",
					name);
	values_n = les_tensor_values(&tensor);
	if (values_n == 0 || values_n > LES_WEIGHTS_BYTES_MAX / sizeof(float))
		return les_fail(maker->reterr, LES_LIMIT, "tensor %.100s is too large", name);
	if (!weights->tensors)
		weights->tensors =
			les_arena_alloc(maker->arena, LES_TENSORS_MAX, sizeof *weights->tensors);
	float *values = les_arena_alloc(maker->arena, values_n, sizeof *values);
	tensor.name = les_arena_strndup(maker->arena, name, strlen(name));
	if (!weights->tensors || !values || !tensor.name)
		return les_fail(maker->reterr, LES_LIMIT, "tensor %.100s: the model is too large",
				name);
	tensor.values = values;
	weights->tensors[weights->tensors_n++] = tensor;
	*ret_values = values;
	return LES_OK;
}

/* Two labels in a row that are equal stay in order. */
static int compare_codes(const void *a, const void *b)
{
	const struct les_code *x = *(const struct les_code *const *)a,
			      *y = *(const struct les_code *const *)b;
	const uint32_t n = x->labels_n < y->labels_n ? x->labels_n : y->labels_n;

	for (uint32_t i = 0; i < n; i++)
		if (x->labels[i] != y->labels[i])
			return x->labels[i] < y->labels[i] ? -1 : 1;
	return x->labels_n < y->labels_n ? -1 : x->labels_n > y->labels_n;
}

/* Sorted by labels, a code that begins another stands right before one of those it begins. */
static enum les_kind check_codes(const struct les_maker *maker, uint32_t outputs_n)
{
	const struct les_weights *weights = maker->weights;
	const struct les_code **sorted =
		les_arena_alloc(maker->arena, weights->codes_n, sizeof(struct les_code *));

	if (!sorted)
		return les_fail(maker->reterr, LES_NOMEM, "no memory for a codec");
	for (uint32_t i = 0; i < weights->codes_n; i++) {
		const struct les_code *code = &weights->codes[i];
		sorted[i] = code;
		for (uint32_t k = 0; k < code->labels_n; k++)
			if (code->labels[k] == 0 || code->labels[k] >= outputs_n)
				return les_fail(maker->reterr, LES_FORMAT,
						"codec: \"%.40s\" has the label %u, the net %u "
						"outputs",
						code->text, code->labels[k], outputs_n);
	}
	if (weights->codes_n)
		qsort(sorted, weights->codes_n, sizeof(struct les_code *), compare_codes);
	for (uint32_t i = 1; i < weights->codes_n; i++) {
		const struct les_code *a = sorted[i - 1], *b = sorted[i];
		if (a->labels_n <= b->labels_n &&
		    memcmp(a->labels, b->labels, a->labels_n * sizeof *a->labels) == 0)
			return les_fail(maker->reterr, LES_FORMAT,
					"codec: the labels of \"%.40s\" begin those of \"%.40s\"",
					a->text, b->text);
	}
	return LES_OK;
}

/* Whether the last layer gives what a net of this kind has to give. */
static bool output_fits(const struct les_weights *weights, const struct les_layer *last)
{
	const char *block = strrchr(weights->spec, ' ');

	if (!block || block[1 + strspn(block + 1, "([")] != 'O')
		return false;
	return (last->op == LES_OP_LINEAR) == (weights->kind == LES_NET_RECOGNITION);
}

static enum les_kind check_outputs(const struct les_maker *maker, const struct les_graph *graph)
{
	const struct les_weights *weights = maker->weights;
	const struct les_layer *last = &graph->layers[graph->layers_n - 1];
	const bool recognition = weights->kind == LES_NET_RECOGNITION;

	if (!output_fits(weights, last))
		return les_fail(maker->reterr, LES_UNSUPPORTED,
				"layer %s, the last one, is not the output of a %s model",
				last->name, recognition ? "recognition" : "segmentation");
	for (uint32_t i = 0; i < weights->classes_n; i++)
		if (weights->classes[i].channel >= graph->out_c)
			return les_fail(
				maker->reterr, LES_FORMAT,
				"class_mapping: \"%.40s\" has the channel %u, the net %u outputs",
				weights->classes[i].name, weights->classes[i].channel,
				graph->out_c);
	if (recognition && weights->codes_n == 0)
		return les_fail(maker->reterr, LES_FORMAT, "a recognition model without a codec");
	return check_codes(maker, graph->out_c);
}

static void name_storage(const struct les_maker *maker, char out[static 16])
{
	out[0] = 0;
	for (size_t i = 0; i < LES_COUNT(storages); i++) {
		if (!(maker->storage & storages[i].storage))
			continue;
		if (out[0])
			strncat(out, "+", 2);
		strncat(out, storages[i].name, 5);
	}
}

/* jansson would ask /dev/urandom, which no worker can open. */
static void seed_json(void)
{
	size_t seed = 1;

	if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) == sizeof seed && seed != 0)
		json_object_seed(seed);
	else
		json_object_seed(1);
}

enum les_kind les_model_file_parse(const uint8_t *bytes, size_t n, const char *part,
				   struct les_arena *arena, struct les_weights *ret,
				   struct les_error *reterr)
{
	struct les_weights weights = {.temperature = 1};
	struct les_maker maker = {.arena = arena, .weights = &weights, .reterr = reterr};
	const enum les_model_format format = les_model_sniff(bytes, n);
	struct les_graph graph;
	char precision[16];
	enum les_kind kind;

	seed_json();
	if (format == LES_MODEL_NONE)
		return les_fail(reterr, LES_FORMAT,
				"neither a .safetensors nor an .mlmodel file: its first bytes say "
				"nothing known");
	if (format == LES_MODEL_COREML && part[0] && strcmp(part, "1") != 0)
		return les_fail(reterr, LES_ARG, "an .mlmodel file has one model");
	kind = format == LES_MODEL_SAFETENSORS ? les_safetensors_parse(&maker, bytes, n, part)
					       : les_coreml_parse(&maker, bytes, n);
	if (kind == LES_OK)
		kind = les_maker_spec(&maker, &graph);
	if (kind == LES_OK)
		kind = check_outputs(&maker, &graph);
	if (kind != LES_OK)
		return kind;
	name_storage(&maker, precision);
	weights.precision = les_arena_strndup(arena, precision, strlen(precision));
	if (!weights.precision)
		return les_fail(reterr, LES_NOMEM, "no memory for a model");
	*ret = weights;
	return LES_OK;
}
