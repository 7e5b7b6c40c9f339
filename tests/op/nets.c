/* Whole nets of every kind of layer against the twins put one after the other. */
#include "test.h"
#include "twins.h"

#include "nets/random.h"
#include "nn/net.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const float *values(const struct les_weights *weights, const struct les_layer *layer,
			   const char *suffix)
{
	char name[128];

	snprintf(name, sizeof name, "%s.%s", layer->name, suffix);
	const struct les_tensor *tensor = les_weights_lookup(weights, name);
	assert_non_null(tensor);
	return tensor->values;
}

static void twin_layer_conv(const struct les_weights *weights, const struct les_layer *layer,
			    const struct image *in, struct image *out)
{
	const struct les_conv conv = {
		.n = 1,
		.in_c = in->c,
		.in_h = in->h,
		.in_w = in->w,
		.out_c = out->c,
		.out_h = out->h,
		.out_w = out->w,
		.kernel_h = layer->conv.kernel_h,
		.kernel_w = layer->conv.kernel_w,
		.stride_h = layer->conv.stride_h,
		.stride_w = layer->conv.stride_w,
		.dilation_h = layer->conv.dilation_h,
		.dilation_w = layer->conv.dilation_w,
		.pad_top = les_conv_pad(layer->conv.kernel_h, layer->conv.dilation_h),
		.pad_left = les_conv_pad(layer->conv.kernel_w, layer->conv.dilation_w),
		.groups = 1,
		.transposed = layer->conv.transposed,
		.act = layer->conv.act,
	};
	const float *given = values(weights, layer, "co.weight");
	const size_t window = (size_t)conv.kernel_h * conv.kernel_w;
	float *plain = calloc(in->c * out->c * window, sizeof *plain);

	for (size_t i = 0; i < in->c; i++)
		for (size_t o = 0; o < out->c; o++)
			memcpy(plain + (o * in->c + i) * window,
			       given + (conv.transposed ? i * out->c + o : o * in->c + i) * window,
			       window * sizeof *plain);
	twin_conv(&conv, in, plain, values(weights, layer, "co.bias"), out);
	if (layer->conv.softmax)
		twin_softmax(out);
	free(plain);
}

/* kraken's clstm puts a 1 before the input and has no biases. */
static void with_one(const struct les_layer *layer, const struct image *in, struct image *ret)
{
	const bool one = layer->op == LES_OP_LSTM ? layer->lstm.clstm : layer->linear.augmented;

	*ret = image_new(in->h, in->w, in->c + one);
	for (size_t i = 0; i < (size_t)in->h * in->w; i++) {
		ret->at[i * ret->c] = 1;
		memcpy(ret->at + i * ret->c + one, in->at + i * in->c, in->c * sizeof *in->at);
	}
}

static void twin_layer_lstm(const struct les_weights *weights, const struct les_layer *layer,
			    const struct image *in, struct image *out)
{
	const uint32_t hidden = layer->lstm.hidden, rows = 4 * hidden;
	const bool along_y = layer->lstm.along_y;
	float *bias = calloc(rows, sizeof *bias);
	struct image x, y = image_new(in->h, in->w, out->c);

	with_one(layer, in, &x);
	for (int way = 0; way <= layer->lstm.both_ways; way++) {
		const char *names[2][4] = {
			{"layer.weight_ih_l0", "layer.weight_hh_l0", "layer.bias_ih_l0",
			 "layer.bias_hh_l0"},
			{"layer.weight_ih_l0_reverse", "layer.weight_hh_l0_reverse",
			 "layer.bias_ih_l0_reverse", "layer.bias_hh_l0_reverse"}};
		for (uint32_t i = 0; i < rows && !layer->lstm.clstm; i++)
			bias[i] = values(weights, layer, names[way][2])[i] +
				  values(weights, layer, names[way][3])[i];
		const struct twin_lstm lstm = {along_y ? in->h : in->w,
					       x.c,
					       hidden,
					       way == 1,
					       values(weights, layer, names[way][0]),
					       values(weights, layer, names[way][1]),
					       bias};
		for (uint32_t lane = 0; lane < (along_y ? in->w : in->h); lane++)
			twin_lstm(&lstm, along_y ? pixel(&x, 0, lane, 0) : pixel(&x, lane, 0, 0),
				  (along_y ? x.w : 1) * (size_t)x.c,
				  (along_y ? pixel(&y, 0, lane, 0) : pixel(&y, lane, 0, 0)) +
					  (size_t)way * hidden,
				  (along_y ? y.w : 1) * (size_t)y.c);
	}
	for (uint32_t v = 0; v < out->h; v++)
		for (uint32_t u = 0; u < out->w; u++)
			memcpy(pixel(out, v, u, 0),
			       pixel(&y, out->h < in->h ? in->h - 1 : v,
				     out->w < in->w ? in->w - 1 : u, 0),
			       out->c * sizeof(float));
	free(bias);
	free(x.at);
	free(y.at);
}

static void twin_reshape(const struct les_layer *layer, const struct image *in, struct image *out)
{
	const uint32_t b_n = layer->reshape.b;

	for (uint32_t y = 0; y < in->h; y++)
		for (uint32_t x = 0; x < in->w; x++)
			for (uint32_t c = 0; c < in->c; c++) {
				const uint32_t a = y / b_n, b = y % b_n;
				const bool keep_a = layer->reshape.keep_a;
				*pixel(out, keep_a ? a : b, x, (keep_a ? b : a) * in->c + c) =
					*pixel(in, y, x, c);
			}
}

static void twin_layer(const struct les_weights *weights, const struct les_layer *layer,
		       const struct image *in, struct image *out)
{
	struct image x;

	switch (layer->op) {
	case LES_OP_CONV:
		twin_layer_conv(weights, layer, in, out);
		break;
	case LES_OP_POOL:
		twin_pool_max(in, layer->pool.kernel_h, layer->pool.kernel_w, layer->pool.stride_h,
			      layer->pool.stride_w, out);
		break;
	case LES_OP_LSTM:
		twin_layer_lstm(weights, layer, in, out);
		break;
	case LES_OP_LINEAR:
		with_one(layer, in, &x);
		for (size_t i = 0; i < (size_t)x.h * x.w; i++)
			twin_linear(x.c, out->c, values(weights, layer, "lin.weight"),
				    values(weights, layer, "lin.bias"), x.at + i * x.c,
				    out->at + i * out->c);
		free(x.at);
		break;
	case LES_OP_RESHAPE:
		twin_reshape(layer, in, out);
		break;
	case LES_OP_GROUP_NORM:
		twin_group_norm(in, in->w, layer->group_norm.groups,
				values(weights, layer, "layer.weight"),
				values(weights, layer, "layer.bias"), out);
		break;
	case LES_OP_ADDITION:
		for (size_t i = 0; i < (size_t)in->h * in->w; i++)
			for (uint32_t c = 0; c < in->c / out->c * out->c; c++)
				out->at[i * out->c + c % out->c] += in->at[i * in->c + c];
		break;
	default:
		memcpy(out->at, in->at, (size_t)in->h * in->w * in->c * sizeof *in->at);
		break;
	}
}

static struct image twin_net(const struct les_graph *graph, const struct les_weights *weights,
			     const struct image *in)
{
	static struct image outs[LES_LAYERS_MAX];
	struct les_extent extents[LES_LAYERS_MAX];

	assert_int_equal(les_graph_extents(graph, in->h, in->w, extents, NULL), LES_OK);
	for (uint32_t i = 0; i < graph->layers_n; i++) {
		const struct les_layer *layer = &graph->layers[i];
		uint32_t at = 0;
		outs[i] = image_new(extents[i].h, extents[i].w, layer->out_c);
		if (extents[i].w == 0)
			continue;
		if (layer->op != LES_OP_CONCAT)
			twin_layer(weights, layer,
				   layer->from == LES_INPUT ? in : &outs[layer->from], &outs[i]);
		for (uint32_t k = 0; layer->op == LES_OP_CONCAT && k < layer->concat.n; k++) {
			const int32_t from = graph->branches[layer->concat.first + k];
			const struct image *branch = from == LES_INPUT ? in : &outs[from];
			for (size_t p = 0; p < (size_t)branch->h * branch->w; p++)
				memcpy(outs[i].at + p * outs[i].c + at, branch->at + p * branch->c,
				       branch->c * sizeof(float));
			at += branch->c;
		}
	}
	for (uint32_t i = 0; i + 1 < graph->layers_n; i++)
		free(outs[i].at);
	return outs[graph->layers_n - 1];
}

/* [C][H][W] as a net reads it, from [H][W][C]. */
static float *planar(const struct image *image)
{
	float *at = calloc((size_t)image->h * image->w * image->c + 1, sizeof *at);

	for (uint32_t c = 0; c < image->c; c++)
		for (uint32_t y = 0; y < image->h; y++)
			for (uint32_t x = 0; x < image->w; x++)
				at[((size_t)c * image->h + y) * image->w + x] =
					*pixel(image, y, x, c);
	return at;
}

static void check_map(const char *spec, const struct les_net_map *got, const struct image *want,
		      double tolerance)
{
	double off = 0, most = 1e-3;

	assert_int_equal(got->w, want->w);
	assert_int_equal(got->h, want->h);
	assert_int_equal(got->c, want->c);
	for (uint32_t y = 0; y < got->h; y++)
		for (uint32_t x = 0; x < got->w; x++)
			for (uint32_t c = 0; c < got->c; c++) {
				const double b = (double)*pixel(want, y, x, c);
				const double a = (double)got->at[y * got->row_stride +
								 x * got->column_stride + c];
				if (!(fabs(a - b) <= off))
					off = fabs(a - b);
				most = fmax(most, fabs(b));
			}
	if (!(off <= tolerance * most))
		fail_msg("%s: %u columns are off by %.1e of %.1e", spec, got->w, off, most);
}

static void check_net(const char *spec, enum les_net_kind kind, enum les_precision precision,
		      uint32_t threads_n, const uint32_t *widths, uint32_t n)
{
	struct les_arena arena = LES_ARENA(1 << 26);
	struct les_weights weights;
	struct les_net *net = NULL;
	struct les_stream *stream = NULL;
	struct les_error error = {0};
	struct image in[8], want[8];
	struct les_net_image images[8];
	struct les_net_map maps[8];
	uint64_t state = 99;

	random_net(spec, kind, 5, &arena, &weights);
	if (les_net_new(&weights, precision, &net, &error) != LES_OK)
		fail_msg("%s: %s", spec, error.message);
	assert_int_equal(les_stream_new(net, threads_n, &stream, NULL), LES_OK);
	const struct les_graph *graph = les_net_graph(net);
	for (uint32_t i = 0; i < n; i++) {
		in[i] = image_new(graph->in_h, widths[i], graph->in_c);
		for (size_t k = 0; k < (size_t)in[i].h * in[i].w * in[i].c; k++)
			in[i].at[k] = random_value(&state);
		images[i] = (struct les_net_image){planar(&in[i]), in[i].h, in[i].w};
		want[i] = twin_net(graph, &weights, &in[i]);
	}
	for (int again = 0; again < 2; again++) {
		if (les_stream_run(stream, images, n, maps, &error) != LES_OK)
			fail_msg("%s: %s", spec, error.message);
		for (uint32_t i = 0; i < n; i++)
			if (want[i].w > 0)
				check_map(spec, &maps[i], &want[i],
					  precision == LES_PRECISION_F32 ? 1e-5 : 0.1);
			else
				assert_int_equal(maps[i].w, 0);
		les_stream_trim(stream);
	}
	for (uint32_t i = 0; i < n; i++) {
		free(in[i].at);
		free(want[i].at);
		free((void *)(uintptr_t)images[i].at);
	}
	les_stream_free(stream);
	les_net_free(net);
	les_arena_done(&arena);
}

static const char *specs[] = {
	"[1,8,0,1 Cr3,3,5 Mp2,2 Cl3,5,7 S1(1x0)1,3 Lbx6 Do Lfx5 Lrx4 O1c3]",
	"[1,8,0,1 Cr3,3,5 Mp2,2 Clr3,5,7,1,1,2,2 Gn7 S1(1x0)1,3 O1c9]",
	"[1,9,0,2 Ct4,2,6,2,2 Cs1,1,4 Mp2,3,1,2 S1(0x1)1,3 Lbx3 Lbx3 O1ca5]",
	"[1,6,0,1 Cm3,3,4 Lbys5 Lbx3 O1c5]",
	"[1,6,0,1 Lfyc5 Lbx3 Gn3 S1(1x6)1,3 Lbxc4 O1c5]",
	"[1,5,0,3 ([Cr3,3,4 Cl3,3,3] I Cr1,1,2) Cr3,3,6 A3,3 S1(1x0)1,3 Lfx4 O1c2]",
	"[1,5,0,1 Cr3,3,4,2,2 CTr3,3,5,2,2 Cl3,3,2 S1(1x0)1,3 O1c2]",
	"[1,12,0,2 S1(3x4)3,1 Mp2,1 S1(1x0)1,3 Lbx3 O1c5]",
	"[1,1,0,4 Lbx5 O1c3]",
	"[1,4,0,1 O2l3]",
	"[1,4,0,1 Cr3,3,8 Lfxs6]",
	"[1,7,0,1 I Do0.3 Gn1]",
};

static void lines_of_any_width(void **state)
{
	static const uint32_t widths[] = {37, 1, 16, 17, 2, 90};

	(void)state;
	for (size_t i = 0; i < LES_COUNT(specs); i++) {
		check_net(specs[i], LES_NET_RECOGNITION, LES_PRECISION_F32, 1, widths,
			  LES_COUNT(widths));
		check_net(specs[i], LES_NET_RECOGNITION, LES_PRECISION_F32, 1, widths + 1, 1);
	}
}

static void pages_as_they_are(void **state)
{
	static const uint32_t widths[] = {41, 3};

	(void)state;
	for (size_t i = 0; i < LES_COUNT(specs); i++)
		check_net(specs[i], LES_NET_SEGMENTATION, LES_PRECISION_F32, 1 + (uint32_t)i % 3,
			  widths, LES_COUNT(widths));
}

static void bf16_is_near(void **state)
{
	static const uint32_t widths[] = {37, 16, 90};

	(void)state;
	if (!les_bf16_works())
		skip();
	for (size_t i = 0; i < LES_COUNT(specs); i++)
		if (!strstr(specs[i], "CT")) /* oneDNN has them where the processor has bf16 */
			check_net(specs[i], LES_NET_RECOGNITION, LES_PRECISION_BF16, 1, widths,
				  LES_COUNT(widths));
}

static void many_shapes_forget_the_oldest(void **state)
{
	uint32_t widths[8];

	(void)state;
	for (uint32_t i = 0; i < 40; i++) {
		for (uint32_t k = 0; k < 8; k++)
			widths[k] = 1 + (i * 131 + k * 37) % 700;
		check_net("[1,4,0,1 Cr3,3,2 S1(1x0)1,3 Lbx2 O1c2]", LES_NET_RECOGNITION,
			  LES_PRECISION_F32, 1, widths, 1 + i % 8);
	}
}

static void broken_weights_are_refused(void **state)
{
	struct les_arena arena = LES_ARENA(1 << 26);
	struct les_weights weights;
	struct les_net *net = NULL;
	struct les_error error = {0};

	(void)state;
	random_net(specs[0], LES_NET_RECOGNITION, 1, &arena, &weights);
	weights.tensors_n--;
	assert_int_equal(les_net_new(&weights, LES_PRECISION_F32, &net, &error), LES_FORMAT);
	assert_non_null(strstr(error.message, "O_8"));
	weights.tensors_n++;
	weights.tensors[0].dims[3]++;
	assert_int_equal(les_net_new(&weights, LES_PRECISION_F32, &net, &error), LES_FORMAT);
	assert_non_null(strstr(error.message, "C_0"));
	weights.spec = "[1,8,0,1 Q3]";
	assert_int_equal(les_net_new(&weights, LES_PRECISION_F32, &net, &error), LES_UNSUPPORTED);
	assert_null(net);
	les_arena_done(&arena);
}

static void bf16_is_refused_where_there_is_none(void **state)
{
	struct les_arena arena = LES_ARENA(1 << 26);
	struct les_weights weights;
	struct les_net *net = NULL;

	(void)state;
	random_net(specs[0], LES_NET_RECOGNITION, 1, &arena, &weights);
	assert_int_equal(les_net_new(&weights, LES_PRECISION_BF16, &net, NULL),
			 les_bf16_works() ? LES_OK : LES_UNSUPPORTED);
	les_net_free(net);
	net = NULL;
	assert_int_equal(les_net_new(&weights, LES_PRECISION_AUTO, &net, NULL), LES_OK);
	assert_int_equal(les_net_type(net), les_bf16_is_fast() ? LES_BF16 : LES_F32);
	les_net_free(net);
	les_arena_done(&arena);
}

static void wrong_images_are_refused(void **state)
{
	struct les_arena arena = LES_ARENA(1 << 26);
	struct les_weights weights;
	struct les_net *net = NULL;
	struct les_stream *stream = NULL;
	const struct les_net_image image = {NULL, 9, 10}, huge = {NULL, 8, 1u << 30};
	struct les_net_map map;

	(void)state;
	random_net(specs[0], LES_NET_RECOGNITION, 1, &arena, &weights);
	assert_int_equal(les_net_new(&weights, LES_PRECISION_F32, &net, NULL), LES_OK);
	assert_int_equal(les_stream_new(net, 0, &stream, NULL), LES_ARG);
	assert_int_equal(les_stream_new(net, 1, &stream, NULL), LES_OK);
	assert_int_equal(les_stream_run(stream, &image, 1, &map, NULL), LES_ARG);
	assert_int_equal(les_stream_run(stream, &image, 0, &map, NULL), LES_ARG);
	assert_int_equal(les_stream_run(stream, &image, LES_BATCH_MAX + 1, &map, NULL), LES_ARG);
	assert_int_equal(les_stream_run(stream, &huge, 1, &map, NULL), LES_LIMIT);
	assert_int_equal(les_stream_warm(stream, 0, 50, NULL), LES_OK);
	assert_true(les_stream_bytes(stream) > 0);
	les_stream_free(stream);
	les_net_free(net);
	les_arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_any_width),
		cmocka_unit_test(pages_as_they_are),
		cmocka_unit_test(bf16_is_near),
		cmocka_unit_test(many_shapes_forget_the_oldest),
		cmocka_unit_test(broken_weights_are_refused),
		cmocka_unit_test(bf16_is_refused_where_there_is_none),
		cmocka_unit_test(wrong_images_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
