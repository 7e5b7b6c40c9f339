#include "recognise/nets.h"

#include "base/cleanup.h"
#include "ipc/weights.h"

#include <stdlib.h>
#include <string.h>

/* One of a net's two precisions. */
struct les_loaded_net {
	const struct les_weights *weights;
	struct les_net *net;
	struct les_stream *members[LES_THREADS_MAX];
	struct les_stream *whole;
};

static struct {
	char id[LES_MODEL_NAME_BYTES_MAX + 1];
	struct les_arena arena;
	struct les_weights weights;
	struct les_loaded_net in[LES_PRECISION_BF16 + 1]; /* by precision */
} entries[LES_RECOGNISER_MODELS_MAX];
static uint32_t entries_n;

enum { ANY_H_PX = 48, WIDE_PX = 1024 };

enum les_kind les_nets_add(const char *id, const uint8_t *bytes, size_t n, struct les_error *reterr)
{
	struct les_graph graph;

	for (uint32_t i = 0; i < entries_n; i++)
		if (strcmp(entries[i].id, id) == 0)
			return LES_OK;
	if (entries_n == LES_COUNT(entries))
		return les_fail(reterr, LES_LIMIT, "this reader has %u nets already", entries_n);
	entries[entries_n].arena = LES_ARENA(LES_WEIGHTS_BYTES_MAX);
	enum les_kind kind = les_weights_parse(bytes, n, &entries[entries_n].arena,
					       &entries[entries_n].weights, reterr);
	if (kind == LES_OK)
		kind = les_vgsl_parse(entries[entries_n].weights.spec, &graph, reterr);
	if (kind != LES_OK) {
		les_arena_done(&entries[entries_n].arena);
		return kind;
	}
	memcpy(entries[entries_n++].id, id, strlen(id) + 1);
	return LES_OK;
}

/* A recogniser gives one row of time steps, whatever the height of its input.
 * source  kraken lib/vgsl/model.py: it refuses such nets, too */
static enum les_kind check_rows(const struct les_graph *graph, struct les_error *reterr)
{
	struct les_extent extents[LES_LAYERS_MAX];
	const uint32_t h = graph->in_h ? graph->in_h : ANY_H_PX, last = graph->layers_n - 1;
	enum les_kind kind = les_graph_extents(graph, h, WIDE_PX, extents, reterr);

	if (kind == LES_OK && extents[last].h != 1)
		kind = les_fail(reterr, LES_UNSUPPORTED,
				"layer %s: %u rows of text, and a recogniser's last layer has one",
				graph->layers[last].name, extents[last].h);
	return kind;
}

enum les_kind les_nets_lookup(const char *id, enum les_net_kind kind, enum les_precision precision,
			      struct les_loaded_net **ret, struct les_error *reterr)
{
	for (uint32_t i = 0; i < entries_n; i++) {
		struct les_loaded_net *loaded = &entries[i].in[precision];

		if (strcmp(entries[i].id, id) != 0)
			continue;
		if (entries[i].weights.kind != kind)
			return les_fail(reterr, LES_NOTFOUND, "the model is no %s",
					kind == LES_NET_RECOGNITION ? "recogniser" : "line finder");
		loaded->weights = &entries[i].weights;
		enum les_kind made = LES_OK;
		if (!loaded->net)
			made = les_net_new(loaded->weights, precision, &loaded->net, reterr);
		if (made == LES_OK && kind == LES_NET_RECOGNITION)
			made = check_rows(les_net_graph(loaded->net), reterr);
		if (made == LES_OK)
			*ret = loaded;
		return made;
	}
	return les_fail(reterr, LES_NOTFOUND, "this reader has no such net");
}

const struct les_weights *les_loaded_weights(const struct les_loaded_net *net)
{
	return net->weights;
}

const struct les_graph *les_loaded_graph(const struct les_loaded_net *net)
{
	return les_net_graph(net->net);
}

enum les_kind les_loaded_prepare(struct les_loaded_net *net, uint32_t members_n,
				 struct les_error *reterr)
{
	enum les_kind kind = LES_OK;

	for (uint32_t i = 0; i < members_n && kind == LES_OK; i++)
		if (!net->members[i])
			kind = les_stream_new(net->net, 1, &net->members[i], reterr);
	return kind;
}

struct les_stream *les_loaded_member(struct les_loaded_net *net, uint32_t member)
{
	return net->members[member];
}

enum les_kind les_loaded_whole(struct les_loaded_net *net, uint32_t threads_n,
			       struct les_stream **ret, struct les_error *reterr)
{
	enum les_kind kind = LES_OK;

	if (!net->whole)
		kind = les_stream_new(net->net, threads_n, &net->whole, reterr);
	*ret = net->whole;
	return kind;
}

/* ---- before any model ---- */

enum { WARM_H_PX = 16, WARM_W_PX = 64, WARM_VALUES = 32 * 64 };

/* A convolution, a pool and an LSTM of zeros. */
static const char warm_spec[] = "[1,16,0,1 Cr{C_0}3,3,8 Mp{Mp_1}2,2 S{S_2}1(1x0)1,3 Lbx{L_3}8 "
				"O{O_4}1c4]";

enum les_kind les_nets_warm_up(uint32_t threads_n, struct les_error *reterr)
{
	static _Alignas(64) const float zeros[WARM_VALUES];
	struct les_tensor tensors[] = {
		{"C_0.co.weight", 4, {8, 1, 3, 3}, zeros},
		{"C_0.co.bias", 1, {8}, zeros},
		{"L_3.layer.weight_ih_l0", 2, {32, 64}, zeros},
		{"L_3.layer.weight_hh_l0", 2, {32, 8}, zeros},
		{"L_3.layer.bias_ih_l0", 1, {32}, zeros},
		{"L_3.layer.bias_hh_l0", 1, {32}, zeros},
		{"L_3.layer.weight_ih_l0_reverse", 2, {32, 64}, zeros},
		{"L_3.layer.weight_hh_l0_reverse", 2, {32, 8}, zeros},
		{"L_3.layer.bias_ih_l0_reverse", 1, {32}, zeros},
		{"L_3.layer.bias_hh_l0_reverse", 1, {32}, zeros},
		{"O_4.lin.weight", 2, {4, 16}, zeros},
		{"O_4.lin.bias", 1, {4}, zeros},
	};
	const struct les_weights weights = {.kind = LES_NET_RECOGNITION,
					    .spec = warm_spec,
					    .temperature = 1,
					    .tensors = tensors,
					    .tensors_n = LES_COUNT(tensors)};
	LES_CLEANUP(les_net_free_p) struct les_net *net = NULL;
	LES_CLEANUP(les_stream_free_p) struct les_stream *stream = NULL;
	enum les_kind kind = les_net_new(&weights, LES_PRECISION_F32, &net, reterr);

	if (kind == LES_OK)
		kind = les_stream_new(net, threads_n, &stream, reterr);
	if (kind == LES_OK)
		kind = les_stream_warm(stream, WARM_H_PX, WARM_W_PX, reterr);
	return kind;
}
