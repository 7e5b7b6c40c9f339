#include "nn/vgsl.h"

#include <stdio.h>
#include <string.h>

/* How far a window reaches. */
static uint64_t reach(uint32_t kernel, uint32_t dilation)
{
	return (uint64_t)dilation * (kernel - 1) + 1;
}

/* Rows or columns of a convolution (with its padding) or a pool: 0 where no window fits. */
static uint32_t windows(uint32_t n, uint32_t kernel, uint32_t stride, uint32_t dilation,
			uint32_t pad)
{
	const uint64_t whole = (uint64_t)n + 2 * pad, window = reach(kernel, dilation);

	return n == 0 || whole < window ? 0 : (uint32_t)((whole - window) / stride + 1);
}

static uint32_t windows_transposed(uint32_t n, uint32_t kernel, uint32_t stride, uint32_t dilation,
				   uint32_t pad)
{
	const uint64_t whole = n ? (uint64_t)(n - 1) * stride + reach(kernel, dilation) : 0;

	return whole <= 2 * pad ? 0 : (uint32_t)(whole - 2 * pad);
}

uint32_t les_conv_pad(uint32_t kernel, uint32_t dilation)
{
	return dilation * (kernel - 1) / 2;
}

uint32_t les_layer_width(const struct les_layer *layer, uint32_t w)
{
	switch (layer->op) {
	case LES_OP_CONV:
		return (layer->conv.transposed ? windows_transposed : windows)(
			w, layer->conv.kernel_w, layer->conv.stride_w, layer->conv.dilation_w,
			les_conv_pad(layer->conv.kernel_w, layer->conv.dilation_w));
	case LES_OP_POOL:
		return windows(w, layer->pool.kernel_w, layer->pool.stride_w, 1, 0);
	case LES_OP_LSTM:
		return layer->lstm.last_only && !layer->lstm.along_y ? w > 0 : w;
	default:
		return w;
	}
}

uint32_t les_layer_height(const struct les_layer *layer, uint32_t h)
{
	switch (layer->op) {
	case LES_OP_CONV:
		return (layer->conv.transposed ? windows_transposed : windows)(
			h, layer->conv.kernel_h, layer->conv.stride_h, layer->conv.dilation_h,
			les_conv_pad(layer->conv.kernel_h, layer->conv.dilation_h));
	case LES_OP_POOL:
		return windows(h, layer->pool.kernel_h, layer->pool.stride_h, 1, 0);
	case LES_OP_LSTM:
		return layer->lstm.last_only && layer->lstm.along_y ? h > 0 : h;
	case LES_OP_RESHAPE:
		return layer->reshape.keep_a ? layer->reshape.a : layer->reshape.b;
	default:
		return h;
	}
}

struct parser {
	const char *at;
	struct les_graph *graph;
	struct les_error *reterr;
	const char *token; /* the layer being read, for messages */
	uint32_t leaf;     /* kraken's number of the next layer */
	uint32_t depth;
	uint32_t heights[LES_LAYERS_MAX]; /* of the layers' outputs; 0 where the head has none */
};

/* The failing layer as the message shows it: printable, short. */
static enum les_kind bad(struct parser *p, enum les_kind kind, const char *what)
{
	char words[48];
	size_t n = strcspn(p->token, " ");

	if (n > sizeof words - 1)
		n = sizeof words - 1;
	for (size_t i = 0; i < n; i++)
		words[i] = p->token[i] >= ' ' && p->token[i] <= '~' ? p->token[i] : '?';
	words[n] = 0;
	return les_fail(p->reterr, kind, "layer \"%s\": %s", words, what);
}

static bool eat(struct parser *p, const char *s)
{
	const size_t n = strlen(s);

	if (strncmp(p->at, s, n) != 0)
		return false;
	p->at += n;
	return true;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
	return is_digit(c) || c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static enum les_kind number(struct parser *p, uint32_t min, uint32_t max, uint32_t *ret)
{
	uint64_t n = 0;

	if (!is_digit(*p->at))
		return bad(p, LES_FORMAT, "a number is missing");
	for (; is_digit(*p->at); p->at++) {
		n = n * 10 + (uint64_t)(*p->at - '0');
		if (n > max)
			return bad(p, LES_LIMIT, "a number is too large");
	}
	if (n < min)
		return bad(p, LES_FORMAT, "a number is too small");
	*ret = (uint32_t)n;
	return LES_OK;
}

/* "Y,X" */
static enum les_kind pair(struct parser *p, uint32_t max, uint32_t *y, uint32_t *x)
{
	enum les_kind kind = number(p, 1, max, y);

	if (kind == LES_OK && !eat(p, ","))
		kind = bad(p, LES_FORMAT, "a comma is missing");
	return kind == LES_OK ? number(p, 1, max, x) : kind;
}

/* ",Y,X" if there is a comma. */
static enum les_kind more_pair(struct parser *p, uint32_t max, uint32_t *y, uint32_t *x)
{
	return eat(p, ",") ? pair(p, max, y, x) : LES_OK;
}

/* "{name}", or the one that kraken makes. */
static enum les_kind name(struct parser *p, const char *type, struct les_layer *layer)
{
	size_t n = 0;

	if (!eat(p, "{")) {
		snprintf(layer->name, sizeof layer->name, "%s_%u", type, p->leaf);
		return LES_OK;
	}
	while (is_word(p->at[n]))
		n++;
	if (n == 0 || p->at[n] != '}')
		return bad(p, LES_FORMAT, "its name is no word");
	if (n >= sizeof layer->name)
		return bad(p, LES_LIMIT, "its name is too long");
	memcpy(layer->name, p->at, n);
	p->at += n + 1;
	return LES_OK;
}

static uint32_t height_of(const struct parser *p, int32_t layer)
{
	return layer == LES_INPUT ? p->graph->in_h : p->heights[layer];
}

static enum les_kind read_conv(struct parser *p, struct les_layer *layer)
{
	static const struct {
		const char *letters;
		enum les_act act;
		bool softmax;
	} acts[] = {
		{"lr", LES_ACT_LEAKY, false},  {"l", LES_ACT_NONE, false},
		{"s", LES_ACT_SIGMOID, false}, {"t", LES_ACT_TANH, false},
		{"r", LES_ACT_RELU, false},    {"m", LES_ACT_NONE, true},
	};
	size_t i = 0;

	layer->op = LES_OP_CONV;
	layer->conv.stride_h = layer->conv.stride_w = 1;
	layer->conv.dilation_h = layer->conv.dilation_w = 1;
	layer->conv.transposed = eat(p, "T");
	while (i < LES_COUNT(acts) && !eat(p, acts[i].letters))
		i++;
	if (i == LES_COUNT(acts))
		return bad(p, LES_UNSUPPORTED, "an activation we do not know");
	layer->conv.act = acts[i].act;
	layer->conv.softmax = acts[i].softmax;
	enum les_kind kind = name(p, "C", layer);
	if (kind == LES_OK)
		kind = pair(p, LES_KERNEL_MAX, &layer->conv.kernel_h, &layer->conv.kernel_w);
	if (kind == LES_OK && !eat(p, ","))
		kind = bad(p, LES_FORMAT, "its number of outputs is missing");
	if (kind == LES_OK)
		kind = number(p, 1, LES_CHANNELS_OUT_MAX, &layer->out_c);
	if (kind == LES_OK)
		kind = more_pair(p, LES_KERNEL_MAX, &layer->conv.stride_h, &layer->conv.stride_w);
	if (kind == LES_OK)
		kind = more_pair(p, LES_KERNEL_MAX, &layer->conv.dilation_h,
				 &layer->conv.dilation_w);
	return kind;
}

static enum les_kind read_lstm(struct parser *p, struct les_layer *layer)
{
	layer->op = LES_OP_LSTM;
	if (eat(p, "b"))
		layer->lstm.both_ways = true;
	else if (!eat(p, "f") && !eat(p, "r"))
		return bad(p, LES_FORMAT, "f, r or b is missing");
	if (eat(p, "y"))
		layer->lstm.along_y = true;
	else if (!eat(p, "x"))
		return bad(p, LES_FORMAT, "x or y is missing");
	layer->lstm.last_only = eat(p, "s");
	layer->lstm.clstm = eat(p, "c");
	if (eat(p, "o"))
		return bad(p, LES_UNSUPPORTED, "LSTMs of ocropy, with peepholes");
	enum les_kind kind = name(p, "L", layer);
	if (kind == LES_OK)
		kind = number(p, 1, LES_CHANNELS_OUT_MAX / 2, &layer->lstm.hidden);
	if (kind == LES_OK)
		layer->out_c = layer->lstm.hidden * (layer->lstm.both_ways ? 2 : 1);
	return kind;
}

static enum les_kind read_dropout(struct parser *p, struct les_layer *layer)
{
	enum les_kind kind = name(p, "Do", layer);

	layer->op = LES_OP_DROPOUT;
	layer->dropout.p = 0.5f;
	layer->dropout.dims = 1;
	if (kind != LES_OK)
		return kind;
	if (is_digit(*p->at) || *p->at == '.') {
		float value = 0, digit = 1;
		for (; is_digit(*p->at); p->at++)
			value = value * 10 + (float)(*p->at - '0');
		if (eat(p, "."))
			for (; is_digit(*p->at); p->at++)
				value += (digit /= 10) * (float)(*p->at - '0');
		if (!(value < 1))
			return bad(p, LES_FORMAT, "its probability is not below 1");
		layer->dropout.p = value;
	}
	return eat(p, ",") ? number(p, 1, 2, &layer->dropout.dims) : LES_OK;
}

static enum les_kind read_pool(struct parser *p, struct les_layer *layer)
{
	enum les_kind kind = name(p, "Mp", layer);

	layer->op = LES_OP_POOL;
	if (kind == LES_OK)
		kind = pair(p, LES_KERNEL_MAX, &layer->pool.kernel_h, &layer->pool.kernel_w);
	if (kind != LES_OK)
		return kind;
	layer->pool.stride_h = layer->pool.kernel_h;
	layer->pool.stride_w = layer->pool.kernel_w;
	return more_pair(p, LES_KERNEL_MAX, &layer->pool.stride_h, &layer->pool.stride_w);
}

/* Both parts of the height, and the channels they make. */
static enum les_kind split_height(struct parser *p, struct les_layer *layer)
{
	const uint32_t h = height_of(p, layer->from);
	uint32_t *a = &layer->reshape.a, *b = &layer->reshape.b;

	if (h == 0)
		return bad(p, LES_UNSUPPORTED, "a reshape of a height that is not fixed");
	if (*a == 0)
		*a = h / *b;
	else if (*b == 0)
		*b = h / *a;
	if ((uint64_t)*a * *b != h)
		return bad(p, LES_FORMAT, "its parts do not make up the height");
	const uint64_t channels = (uint64_t)layer->in_c * (layer->reshape.keep_a ? *b : *a);
	if (channels > LES_CHANNELS_OUT_MAX)
		return bad(p, LES_LIMIT, "too many channels");
	layer->out_c = (uint32_t)channels;
	return LES_OK;
}

static enum les_kind read_reshape(struct parser *p, struct les_layer *layer)
{
	uint32_t source = 0, high = 0, low = 0;
	enum les_kind kind = name(p, "S", layer);

	layer->op = LES_OP_RESHAPE;
	if (kind == LES_OK)
		kind = number(p, 0, 3, &source);
	if (kind == LES_OK && !eat(p, "("))
		kind = bad(p, LES_FORMAT, "a parenthesis is missing");
	if (kind == LES_OK)
		kind = number(p, 0, LES_CHANNELS_OUT_MAX, &layer->reshape.a);
	if (kind == LES_OK && !eat(p, "x"))
		kind = bad(p, LES_FORMAT, "x is missing");
	if (kind == LES_OK)
		kind = number(p, 0, LES_CHANNELS_OUT_MAX, &layer->reshape.b);
	if (kind == LES_OK && !eat(p, ")"))
		kind = bad(p, LES_FORMAT, "a parenthesis is missing");
	if (kind == LES_OK)
		kind = number(p, 0, 3, &high);
	if (kind == LES_OK && !eat(p, ","))
		kind = bad(p, LES_FORMAT, "a comma is missing");
	if (kind == LES_OK)
		kind = number(p, 0, 3, &low);
	if (kind != LES_OK)
		return kind;
	if (source != high && source != low)
		return bad(p, LES_FORMAT, "neither target is the dimension that is split");
	if (layer->reshape.a == 0 && layer->reshape.b == 0)
		return bad(p, LES_FORMAT, "both parts are 0");
	if (source != 1 || (high != 3 && low != 3))
		return bad(p, LES_UNSUPPORTED, "a reshape other than of height into channels");
	layer->reshape.keep_a = low == 3;
	return split_height(p, layer);
}

static enum les_kind read_output(struct parser *p, struct les_layer *layer)
{
	char type[] = "O";
	enum les_kind kind;
	const char *before = p->at;

	kind = name(p, type, layer);
	if (kind != LES_OK)
		return kind;
	const bool named = p->at != before;
	if (eat(p, "1"))
		layer->op = LES_OP_LINEAR;
	else if (eat(p, "2"))
		layer->op = LES_OP_CONV;
	else
		return bad(p, is_digit(*p->at) ? LES_UNSUPPORTED : LES_FORMAT,
			   "an output of neither one nor two dimensions");
	if (*p->at != 'l' && *p->at != 's' && *p->at != 'c')
		return bad(p, LES_FORMAT, "l, s or c is missing");
	type[0] = *p->at++;
	if (layer->op == LES_OP_CONV) {
		if (type[0] == 'c')
			return bad(p, LES_UNSUPPORTED, "CTC of two dimensions");
		if (!named) /* kraken names a heatmap by its letter */
			snprintf(layer->name, sizeof layer->name, "%s_%u", type, p->leaf);
		layer->conv.kernel_h = layer->conv.kernel_w = 1;
		layer->conv.stride_h = layer->conv.stride_w = 1;
		layer->conv.dilation_h = layer->conv.dilation_w = 1;
	} else {
		layer->linear.augmented = eat(p, "a");
	}
	return number(p, 1, LES_CHANNELS_OUT_MAX, &layer->out_c);
}

static enum les_kind read_group_norm(struct parser *p, struct les_layer *layer)
{
	enum les_kind kind = name(p, "Gn", layer);

	layer->op = LES_OP_GROUP_NORM;
	if (kind == LES_OK)
		kind = number(p, 1, LES_CHANNELS_OUT_MAX, &layer->group_norm.groups);
	if (kind == LES_OK && layer->in_c % layer->group_norm.groups != 0)
		kind = bad(p, LES_FORMAT, "its groups do not divide the channels");
	return kind;
}

static enum les_kind read_addition(struct parser *p, struct les_layer *layer)
{
	uint32_t dimension = 0;
	enum les_kind kind = name(p, "A", layer);

	layer->op = LES_OP_ADDITION;
	if (kind == LES_OK)
		kind = number(p, 0, 3, &dimension);
	if (kind == LES_OK && !eat(p, ","))
		kind = bad(p, LES_FORMAT, "a comma is missing");
	if (kind == LES_OK)
		kind = number(p, 1, LES_CHANNELS_OUT_MAX, &layer->out_c);
	if (kind != LES_OK)
		return kind;
	if (dimension != 3)
		return bad(p, LES_UNSUPPORTED, "an addition along another dimension than channels");
	if (layer->out_c > layer->in_c)
		return bad(p, LES_FORMAT, "its chunk is larger than what there is");
	return LES_OK;
}

static enum les_kind read_identity(struct parser *p, struct les_layer *layer)
{
	layer->op = LES_OP_IDENTITY;
	return name(p, "I", layer);
}

static enum les_kind add_layer(struct parser *p, const struct les_layer *layer, int32_t *ret)
{
	struct les_graph *graph = p->graph;

	const uint32_t h = height_of(p, layer->from);

	if (graph->layers_n == LES_LAYERS_MAX)
		return bad(p, LES_LIMIT, "too many layers");
	p->heights[graph->layers_n] = les_layer_height(layer, h);
	if (h > 0 && p->heights[graph->layers_n] == 0)
		return bad(p, LES_FORMAT, "nothing is left of the height");
	if (p->heights[graph->layers_n] > LES_EXTENT_MAX)
		return bad(p, LES_LIMIT, "too high");
	graph->layers[graph->layers_n] = *layer;
	*ret = (int32_t)graph->layers_n++;
	return LES_OK;
}

static uint32_t channels_of(const struct les_graph *graph, int32_t layer)
{
	return layer == LES_INPUT ? graph->in_c : graph->layers[layer].out_c;
}

/* One layer over what `from` gives; *ret its number. */
static enum les_kind read_leaf(struct parser *p, int32_t from, int32_t *ret)
{
	static const struct {
		const char *letters;
		enum les_kind (*read)(struct parser *p, struct les_layer *layer);
	} kinds[] = {
		{"Gn", read_group_norm}, {"Do", read_dropout}, {"Mp", read_pool},
		{"C", read_conv},        {"L", read_lstm},     {"S", read_reshape},
		{"O", read_output},      {"A", read_addition}, {"I", read_identity},
	};
	struct les_layer layer = {.from = from, .in_c = channels_of(p->graph, from)};

	p->token = p->at;
	layer.out_c = layer.in_c;
	for (size_t i = 0; i < LES_COUNT(kinds); i++) {
		if (!eat(p, kinds[i].letters))
			continue;
		enum les_kind kind = kinds[i].read(p, &layer);
		if (kind != LES_OK)
			return kind;
		if (*p->at && !strchr(" ])", *p->at))
			return bad(p, LES_FORMAT, "more than such a layer has");
		p->leaf++;
		return add_layer(p, &layer, ret);
	}
	return bad(p, LES_UNSUPPORTED, "a kind of layer we do not know");
}

static enum les_kind read_items(struct parser *p, char end, int32_t from, int32_t *ret);

static enum les_kind read_item(struct parser *p, int32_t from, int32_t *ret)
{
	enum les_kind kind;

	p->token = p->at;
	if (*p->at != '[' && *p->at != '(')
		return read_leaf(p, from, ret);
	if (++p->depth > LES_LAYER_DEPTH_MAX)
		return bad(p, LES_LIMIT, "blocks too deep inside each other");
	const char end = *p->at++ == '[' ? ']' : ')';
	kind = read_items(p, end, from, ret);
	p->depth--;
	return kind;
}

/* What was read so far of a (…): its branches, joined. */
static enum les_kind close_parallel(struct parser *p, const int32_t *branches, uint32_t n,
				    int32_t *ret)
{
	struct les_graph *graph = p->graph;
	struct les_layer layer = {.op = LES_OP_CONCAT, .from = branches[0]};

	if (graph->branches_n + n > LES_LAYERS_MAX)
		return bad(p, LES_LIMIT, "too many branches");
	layer.concat.first = graph->branches_n;
	layer.concat.n = n;
	for (uint32_t i = 0; i < n; i++) {
		layer.in_c += channels_of(graph, branches[i]);
		graph->branches[graph->branches_n++] = branches[i];
		if (layer.in_c > LES_CHANNELS_OUT_MAX)
			return bad(p, LES_LIMIT, "too many channels");
	}
	layer.out_c = layer.in_c;
	return add_layer(p, &layer, ret);
}

/* Items up to `end`, which is eaten: a series, or side by side where it is ')'. */
static enum les_kind read_items(struct parser *p, char end, int32_t from, int32_t *ret)
{
	int32_t branches[LES_BRANCHES_MAX];
	uint32_t n = 0;
	int32_t last = from;

	for (;;) {
		enum les_kind kind = read_item(p, end == ')' ? from : last, &last);
		if (kind != LES_OK)
			return kind;
		if (n == LES_BRANCHES_MAX && end == ')')
			return bad(p, LES_LIMIT, "too many branches");
		branches[end == ')' ? n : 0] = last;
		n++;
		if (*p->at == end)
			break;
		if (!eat(p, " "))
			return bad(p, LES_FORMAT, "brackets that do not match");
	}
	p->at++;
	*ret = last;
	return end == ')' ? close_parallel(p, branches, n, ret) : LES_OK;
}

static enum les_kind read_head(struct parser *p)
{
	uint32_t batch = 0;
	struct les_graph *graph = p->graph;
	enum les_kind kind = number(p, 0, UINT32_MAX, &batch);

	if (kind == LES_OK && !eat(p, ","))
		kind = bad(p, LES_FORMAT, "a comma is missing");
	if (kind == LES_OK)
		kind = number(p, 0, LES_PAGE_SIDE_MAX, &graph->in_h);
	if (kind == LES_OK && !eat(p, ","))
		kind = bad(p, LES_FORMAT, "a comma is missing");
	if (kind == LES_OK)
		kind = number(p, 0, LES_PAGE_SIDE_MAX, &graph->in_w);
	if (kind == LES_OK && !eat(p, ","))
		kind = bad(p, LES_FORMAT, "a comma is missing");
	if (kind == LES_OK)
		kind = number(p, 1, LES_CHANNELS_OUT_MAX, &graph->in_c);
	if (kind == LES_OK && !eat(p, " "))
		kind = bad(p, LES_FORMAT, "layers are missing");
	return kind;
}

enum les_kind les_vgsl_parse(const char *spec, struct les_graph *ret, struct les_error *reterr)
{
	struct parser p = {.at = spec, .graph = ret, .reterr = reterr, .token = spec};
	const size_t n = strnlen(spec, LES_SPEC_BYTES_MAX + 1);
	int32_t last = LES_INPUT;

	*ret = (struct les_graph){0};
	if (n > LES_SPEC_BYTES_MAX)
		return les_fail(reterr, LES_LIMIT, "the net's spec is too long");
	if (!eat(&p, "["))
		return bad(&p, LES_FORMAT, "a spec begins with [");
	p.token = p.at;
	enum les_kind kind = read_head(&p);
	if (kind == LES_OK)
		kind = read_items(&p, ']', LES_INPUT, &last);
	if (kind != LES_OK)
		return kind;
	if (*p.at)
		return bad(&p, LES_FORMAT, "something behind the last bracket");
	ret->out_c = channels_of(ret, last);
	return LES_OK;
}

enum les_kind les_graph_extents(const struct les_graph *graph, uint32_t h, uint32_t w,
				struct les_extent *out, struct les_error *reterr)
{
	for (uint32_t i = 0; i < graph->layers_n; i++) {
		const struct les_layer *layer = &graph->layers[i];
		const struct les_extent in =
			layer->from == LES_INPUT ? (struct les_extent){h, w} : out[layer->from];
		if (layer->op == LES_OP_RESHAPE && in.h != 0 &&
		    in.h != layer->reshape.a * layer->reshape.b)
			return les_fail(reterr, LES_UNSUPPORTED,
					"layer %s: an image of another height", layer->name);
		out[i].h = in.h ? les_layer_height(layer, in.h) : 0;
		out[i].w = les_layer_width(layer, in.w);
		if (out[i].h > LES_EXTENT_MAX || out[i].w > LES_EXTENT_MAX)
			return les_fail(reterr, LES_LIMIT, "layer %s: too large an image",
					layer->name);
		if (out[i].h == 0 || out[i].w == 0)
			out[i] = (struct les_extent){0};
		for (uint32_t k = 0; layer->op == LES_OP_CONCAT && k < layer->concat.n; k++) {
			const int32_t branch = graph->branches[layer->concat.first + k];
			const struct les_extent other =
				branch == LES_INPUT ? (struct les_extent){h, w} : out[branch];
			if (other.h != out[i].h || other.w != out[i].w)
				return les_fail(reterr, LES_UNSUPPORTED,
						"branches of different size side by side");
		}
	}
	return LES_OK;
}
