#include "base/buf.h"
#include "base/cleanup.h"
#include "decode/model_maker.h"

#include <stdio.h>
#include <string.h>

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Copies a spec that les_vgsl_parse() took, puts the name of every layer behind its letters. */
static enum les_kind name_layers(struct les_maker *maker, const struct les_graph *graph)
{
	LES_CLEANUP(les_buf_done) struct les_buf out = LES_BUF(LES_SPEC_BYTES_MAX);
	const char *at = maker->weights->spec;
	uint32_t layer = 0;

	while (*at) {
		const size_t until = strcspn(at, " ");
		size_t letters = strspn(at, "([");
		while (is_letter(at[letters]))
			letters++;
		les_buf_put(&out, at, letters);
		/* the head begins with a digit; the joints of branches have no block */
		if (letters && is_letter(at[letters - 1])) {
			while (layer < graph->layers_n && !graph->layers[layer].name[0])
				layer++;
			if (layer < graph->layers_n && at[letters] != '{')
				les_buf_printf(&out, "{%s}", graph->layers[layer].name);
			layer++;
		}
		les_buf_put(&out, at + letters, until - letters);
		at += until;
		while (*at == ' ')
			at++;
		if (*at)
			les_buf_puts(&out, " ");
	}
	if (out.failed)
		return les_fail(maker->reterr, LES_LIMIT, "the spec has more than %u bytes",
				LES_SPEC_BYTES_MAX);
	maker->weights->spec = les_arena_strndup(maker->arena, (const char *)out.bytes, out.len);
	return maker->weights->spec ? LES_OK
				    : les_fail(maker->reterr, LES_NOMEM, "no memory for a spec");
}

struct checker {
	const struct les_weights *weights;
	uint32_t used_n;
	struct les_error *reterr;
};

/* layer.part must be there with these dimensions. */
static enum les_kind want(struct checker *checker, const struct les_layer *layer, const char *part,
			  uint32_t rank, const uint32_t *dims)
{
	char name[LES_TENSOR_NAME_BYTES_MAX + 1], shape[64] = "", *at = shape;

	snprintf(name, sizeof name, "%s.%s", layer->name, part);
	const struct les_tensor *tensor = les_weights_lookup(checker->weights, name);
	if (!tensor)
		return les_fail(checker->reterr, LES_FORMAT, "layer %s: there is no tensor %s",
				layer->name, name);
	checker->used_n++;
	if (tensor->rank == rank && memcmp(tensor->dims, dims, rank * sizeof *dims) == 0)
		return LES_OK;
	for (uint32_t i = 0; i < tensor->rank; i++)
		at += snprintf(at, sizeof shape - (size_t)(at - shape), i ? "×%u" : "%u",
			       tensor->dims[i]);
	return les_fail(checker->reterr, LES_FORMAT,
			"layer %s: tensor %s is %s, which is not what the spec says", layer->name,
			name, shape);
}

static enum les_kind want_two(struct checker *checker, const struct les_layer *layer,
			      const char *const parts[2], uint32_t rank, const uint32_t *dims,
			      uint32_t bias)
{
	enum les_kind kind = want(checker, layer, parts[0], rank, dims);

	return kind == LES_OK ? want(checker, layer, parts[1], 1, &bias) : kind;
}

/* One direction or both; LSTMs of clstm have no biases, and a 1 before their input. */
static enum les_kind want_lstm(struct checker *checker, const struct les_layer *l)
{
	static const char *const parts[] = {"weight_ih_l0", "weight_hh_l0", "bias_ih_l0",
					    "bias_hh_l0"};
	const uint32_t gates = 4 * l->lstm.hidden, in = l->in_c + l->lstm.clstm;
	const uint32_t dims[][2] = {{gates, in}, {gates, l->lstm.hidden}, {gates}, {gates}};
	const size_t parts_n = l->lstm.clstm ? 2 : 4;
	enum les_kind kind = LES_OK;

	for (size_t i = 0; i < (l->lstm.both_ways ? 2 : 1) * parts_n && kind == LES_OK; i++) {
		char part[48];
		snprintf(part, sizeof part, "layer.%s%s", parts[i % parts_n],
			 i < parts_n ? "" : "_reverse");
		kind = want(checker, l, part, i % parts_n < 2 ? 2 : 1, dims[i % parts_n]);
	}
	return kind;
}

static enum les_kind want_conv(struct checker *checker, const struct les_layer *l)
{
	static const char *const parts[] = {"co.weight", "co.bias"};
	const bool turned = l->conv.transposed;
	const uint32_t dims[] = {turned ? l->in_c : l->out_c, turned ? l->out_c : l->in_c,
				 l->conv.kernel_h, l->conv.kernel_w};

	return want_two(checker, l, parts, 4, dims, l->out_c);
}

static enum les_kind want_linear(struct checker *checker, const struct les_layer *l)
{
	static const char *const parts[] = {"lin.weight", "lin.bias"};
	const uint32_t dims[] = {l->out_c, l->in_c + l->linear.augmented};

	return want_two(checker, l, parts, 2, dims, l->out_c);
}

static enum les_kind want_layer(struct checker *checker, const struct les_layer *l)
{
	static const char *const norm[] = {"layer.weight", "layer.bias"};

	switch (l->op) {
	case LES_OP_CONV:
		return want_conv(checker, l);
	case LES_OP_LSTM:
		return want_lstm(checker, l);
	case LES_OP_LINEAR:
		return want_linear(checker, l);
	case LES_OP_GROUP_NORM:
		return want_two(checker, l, norm, 1, &l->in_c, l->in_c);
	case LES_OP_POOL:
	case LES_OP_RESHAPE:
	case LES_OP_DROPOUT:
	case LES_OP_ADDITION:
	case LES_OP_IDENTITY:
	case LES_OP_CONCAT:
		return LES_OK;
	}
	return les_fail(checker->reterr, LES_UNSUPPORTED, "layer %s: its weights are not known",
			l->name);
}

static bool belongs(const struct les_graph *graph, const char *tensor)
{
	for (uint32_t i = 0; i < graph->layers_n; i++) {
		const size_t n = strlen(graph->layers[i].name);
		if (n && strncmp(tensor, graph->layers[i].name, n) == 0 && tensor[n] == '.')
			return true;
	}
	return false;
}

static enum les_kind check_tensors(struct les_maker *maker, const struct les_graph *graph)
{
	struct checker checker = {.weights = maker->weights, .reterr = maker->reterr};
	enum les_kind kind = LES_OK;

	for (uint32_t i = 0; i < graph->layers_n && kind == LES_OK; i++) {
		const char *name = graph->layers[i].name;
		for (uint32_t k = 0; k < i && name[0]; k++)
			if (strcmp(name, graph->layers[k].name) == 0)
				return les_fail(maker->reterr, LES_FORMAT,
						"two layers are called %s", name);
		kind = want_layer(&checker, &graph->layers[i]);
	}
	if (kind != LES_OK || checker.used_n == maker->weights->tensors_n)
		return kind;
	for (uint32_t i = 0; i < maker->weights->tensors_n; i++)
		if (!belongs(graph, maker->weights->tensors[i].name))
			return les_fail(maker->reterr, LES_UNSUPPORTED,
					"tensor %.100s belongs to no layer of the spec",
					maker->weights->tensors[i].name);
	return les_fail(maker->reterr, LES_UNSUPPORTED,
			"a layer has tensors that its kind does not have");
}

enum les_kind les_maker_spec(struct les_maker *maker, struct les_graph *graph)
{
	enum les_kind kind;

	if (strlen(maker->weights->spec) > LES_SPEC_BYTES_MAX)
		return les_fail(maker->reterr, LES_LIMIT, "the spec has more than %u bytes",
				LES_SPEC_BYTES_MAX);
	kind = les_vgsl_parse(maker->weights->spec, graph, maker->reterr);
	if (kind == LES_OK)
		kind = name_layers(maker, graph);
	return kind == LES_OK ? check_tensors(maker, graph) : kind;
}
