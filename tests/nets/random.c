#include "random.h"

#include "nn/vgsl.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct maker {
	struct les_arena *arena;
	struct les_weights *weights;
	uint64_t state;
};

float random_value(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	z ^= z >> 31;
	return (float)(z >> 40) * 0x1p-23f - 1;
}

static void *need(void *at)
{
	if (!at)
		abort();
	return at;
}

/* base + scale · random */
static void add(struct maker *m, const char *layer, const char *suffix, const uint32_t dims[4],
		float base, float scale)
{
	struct les_tensor *tensor = &m->weights->tensors[m->weights->tensors_n++];
	char name[128];

	const int n = snprintf(name, sizeof name, "%s.%s", layer, suffix);
	tensor->name = need(les_arena_strndup(m->arena, name, (size_t)n));
	while (tensor->rank < 4 && dims[tensor->rank]) {
		tensor->dims[tensor->rank] = dims[tensor->rank];
		tensor->rank++;
	}
	const size_t values_n = les_tensor_values(tensor);
	float *values = need(les_arena_alloc(m->arena, values_n, sizeof *values));
	for (size_t i = 0; i < values_n; i++)
		values[i] = base + scale * random_value(&m->state);
	tensor->values = values;
}

static void add_lstm(struct maker *m, const struct les_layer *layer)
{
	static const char *ways[] = {"", "_reverse"};
	const uint32_t hidden = layer->lstm.hidden, in_c = layer->in_c + layer->lstm.clstm;
	const float scale = 1 / sqrtf((float)hidden);
	const struct {
		const char *name;
		uint32_t dims[4];
	} parts[] = {
		{"layer.weight_ih_l0", {4 * hidden, in_c}},
		{"layer.weight_hh_l0", {4 * hidden, hidden}},
		{"layer.bias_ih_l0", {4 * hidden}},
		{"layer.bias_hh_l0", {4 * hidden}},
	};

	for (int way = 0; way <= layer->lstm.both_ways; way++) {
		for (int i = 0; i < (layer->lstm.clstm ? 2 : 4); i++) {
			char suffix[64];
			snprintf(suffix, sizeof suffix, "%s%s", parts[i].name, ways[way]);
			add(m, layer->name, suffix, parts[i].dims, 0, scale);
		}
	}
}

static void add_layer(struct maker *m, const struct les_layer *layer)
{
	const uint32_t in = layer->in_c + (layer->op == LES_OP_LINEAR && layer->linear.augmented);
	const uint32_t vector[4] = {layer->out_c}, matrix[4] = {layer->out_c, in};

	if (layer->op == LES_OP_CONV) {
		const bool swap = layer->conv.transposed;
		const uint32_t dims[4] = {swap ? in : layer->out_c, swap ? layer->out_c : in,
					  layer->conv.kernel_h, layer->conv.kernel_w};
		const float scale =
			1 / sqrtf((float)(in * layer->conv.kernel_h * layer->conv.kernel_w));
		add(m, layer->name, "co.weight", dims, 0, scale);
		add(m, layer->name, "co.bias", vector, 0, scale);
	} else if (layer->op == LES_OP_LINEAR) {
		add(m, layer->name, "lin.weight", matrix, 0, 1 / sqrtf((float)in));
		add(m, layer->name, "lin.bias", vector, 0, 0.1f);
	} else if (layer->op == LES_OP_GROUP_NORM) {
		add(m, layer->name, "layer.weight", vector, 1, 0.1f);
		add(m, layer->name, "layer.bias", vector, 0, 0.1f);
	} else if (layer->op == LES_OP_LSTM) {
		add_lstm(m, layer);
	}
}

void random_net(const char *spec, enum les_net_kind kind, uint64_t seed, struct les_arena *arena,
		struct les_weights *ret)
{
	struct les_graph *graph = malloc(sizeof *graph);
	struct maker m = {.arena = arena, .weights = ret, .state = seed};
	struct les_error error;

	if (!graph || les_vgsl_parse(spec, graph, &error) != LES_OK)
		abort();
	*ret = (struct les_weights){
		.kind = kind,
		.spec = need(les_arena_strndup(arena, spec, strlen(spec))),
		.temperature = 1,
		.precision = "f32",
		.meta = "{}",
		.tensors = need(les_arena_alloc(arena, 8 * LES_LAYERS_MAX, sizeof *ret->tensors)),
	};
	for (uint32_t i = 0; i < graph->layers_n; i++)
		add_layer(&m, &graph->layers[i]);
	free(graph);
}
