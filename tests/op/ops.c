/* Every op against its twin on random shapes: one pixel, odd sides, none at all. */
#include "test.h"
#include "twins.h"

#include "nets/random.h"
#include "nn/blocks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state = 20261124;

static uint32_t pick(uint32_t from, uint32_t to)
{
	return from + (uint32_t)((random_value(&state) + 1) / 2 * (float)(to - from + 1));
}

static void *need(size_t bytes)
{
	void *at = aligned_alloc(64, (bytes + 64) & ~63ul);

	assert_non_null(at);
	memset(at, 0, (bytes + 64) & ~63ul);
	return at;
}

static float *random_values(size_t n, float scale)
{
	float *at = need(n * sizeof *at);

	for (size_t i = 0; i < n; i++)
		at[i] = scale * random_value(&state);
	return at;
}

static struct image random_image(uint32_t h, uint32_t w, uint32_t c)
{
	struct image image = image_new(h, w, c);

	for (size_t i = 0; i < (size_t)h * w * c; i++)
		image.at[i] = random_value(&state);
	return image;
}

static void near(const float *got, const float *want, size_t n, double tolerance)
{
	for (size_t i = 0; i < n; i++) {
		const double off = fabs((double)got[i] - (double)want[i]);
		if (!(off <= tolerance * (1 + fabs((double)want[i]))))
			fail_msg("value %zu of %zu is %g, its twin's %g", i, n, (double)got[i],
				 (double)want[i]);
	}
}

/* Every other case is bf16, where oneDNN has it. */
static enum les_type type_of(int i)
{
	return i % 2 && les_bf16_works() ? LES_BF16 : LES_F32;
}

/* A tolerance for each type: f32 in another order of sums; bf16's 8 bits. */
static const double tolerances[] = {[LES_F32] = 2e-5, [LES_BF16] = 2e-2};

/* Values as the type can say them, so that a twin sees what the op sees. */
static void *typed(enum les_type type, float *values, size_t n)
{
	void *at = need(n * les_type_bytes(type));

	les_op_from_f32(type, values, at, n);
	les_op_to_f32(type, at, values, n);
	return at;
}

/* Runs a primitive on plain f32 values, out as f32. */
static float *run_prim(struct les_prim *prim, enum les_type type, enum les_type out_type,
		       float *src, size_t src_n, const float *plain[LES_ARG_N], size_t out_n)
{
	struct les_bind binds[LES_ARG_N];
	struct les_packed *packed[LES_ARG_N] = {NULL};
	void *mine[LES_ARG_N] = {NULL};
	struct les_call *call = NULL;
	struct les_error error = {0};
	float *out = need(out_n * sizeof *out);

	for (int a = 0; a < LES_ARG_N; a++) {
		binds[a].arg = (enum les_arg)a;
		if (plain[a] && les_prim_bytes(prim, (enum les_arg)a)) {
			assert_int_equal(
				les_packed_new(prim, (enum les_arg)a, plain[a], &packed[a], &error),
				LES_OK);
			assert_true(les_packed_fits(packed[a], prim, (enum les_arg)a));
			binds[a].bytes = les_packed_bytes(packed[a]);
		} else {
			binds[a].bytes = mine[a] =
				a == LES_ARG_SRC ? typed(type, src, src_n)
						 : need(les_prim_bytes(prim, (enum les_arg)a));
		}
	}
	assert_int_equal(les_call_new(prim, binds, LES_ARG_N, &call, &error), LES_OK);
	if (les_call_run(call, &error) != LES_OK)
		fail_msg("%s", error.message);
	les_op_to_f32(out_type, binds[LES_ARG_DST].bytes, out, out_n);
	les_call_free(call);
	for (int a = 0; a < LES_ARG_N; a++) {
		les_packed_free(packed[a]);
		free(mine[a]);
	}
	return out;
}

static void round_to(enum les_type type, float *values, size_t n)
{
	free(typed(type, values, n));
}

static void check_conv(const struct les_conv *conv, enum les_type type)
{
	struct image in = random_image(conv->in_h, conv->in_w, conv->in_c);
	struct image want = image_new(conv->out_h, conv->out_w, conv->out_c);
	const size_t weights_n =
		(size_t)conv->out_c * (conv->in_c / conv->groups) * conv->kernel_h * conv->kernel_w;
	float *weights = random_values(weights_n, 1 / sqrtf((float)weights_n / (float)conv->out_c));
	float *bias = random_values(conv->out_c, 1);
	struct les_error error = {0};
	struct les_prim *prim = NULL;

	round_to(type, weights, weights_n);
	if (les_prim_conv(conv, type, LES_F32, LES_BLOCK_LAST, LES_BLOCK_LAST, false, &prim,
			  &error) != LES_OK)
		fail_msg("%s", error.message);
	const float *plain[LES_ARG_N] = {[LES_ARG_WEIGHTS] = weights, [LES_ARG_BIAS] = bias};
	const size_t out_n = (size_t)want.h * want.w * want.c;
	float *got = run_prim(prim, type, LES_F32, in.at, (size_t)in.h * in.w * in.c, plain, out_n);
	twin_conv(conv, &in, weights, bias, &want);
	near(got, want.at, out_n, 1e-4);
	les_prim_free(prim);
	free(got);
	free(weights);
	free(bias);
	free(in.at);
	free(want.at);
}

/* As a layer has it: same padding, what comes out by les_layer_width(). */
static struct les_conv random_conv(bool transposed)
{
	struct les_layer layer = {.op = LES_OP_CONV};

	layer.conv.kernel_h = pick(1, 5);
	layer.conv.kernel_w = pick(1, 7);
	layer.conv.stride_h = pick(1, 3);
	layer.conv.stride_w = pick(1, 3);
	layer.conv.dilation_h = pick(1, 2);
	layer.conv.dilation_w = pick(1, 2);
	layer.conv.transposed = transposed;
	struct les_conv conv = {
		.n = 1,
		.in_c = pick(1, 20),
		.in_h = pick(1, 9),
		.in_w = pick(1, 33),
		.out_c = pick(1, 35),
		.kernel_h = layer.conv.kernel_h,
		.kernel_w = layer.conv.kernel_w,
		.stride_h = layer.conv.stride_h,
		.stride_w = layer.conv.stride_w,
		.dilation_h = layer.conv.dilation_h,
		.dilation_w = layer.conv.dilation_w,
		.pad_top = les_conv_pad(layer.conv.kernel_h, layer.conv.dilation_h),
		.pad_left = les_conv_pad(layer.conv.kernel_w, layer.conv.dilation_w),
		.groups = 1,
		.transposed = transposed,
		.act = (enum les_act)pick(LES_ACT_NONE, LES_ACT_HARDSWISH),
	};
	conv.out_h = les_layer_height(&layer, conv.in_h);
	conv.out_w = les_layer_width(&layer, conv.in_w);
	return conv;
}

static void convolutions(void **unused)
{
	(void)unused;
	for (int i = 0; i < 80; i++) {
		struct les_conv conv = random_conv(i % 4 == 3);
		if (i % 8 == 7) /* one pixel */
			conv = (struct les_conv){1, 3, 1, 1, 5, 1, 1, 3,     3,
						 1, 1, 1, 1, 1, 1, 1, false, LES_ACT_NONE};
		if (conv.out_h > 0 && conv.out_w > 0)
			check_conv(&conv, LES_F32);
		if (conv.out_h > 0 && conv.out_w > 0 && !conv.transposed)
			check_conv(&conv, type_of(1));
	}
}

static void depthwise_and_pointwise(void **unused)
{
	(void)unused;
	for (int i = 0; i < 20; i++) {
		struct les_conv conv = {
			1, pick(1, 40), pick(1, 9), pick(1, 30), 0, 0, 0, 3,     3,
			1, 1,           1,          1,           1, 1, 1, false, LES_ACT_HARDSWISH};
		conv.out_c = conv.in_c;
		conv.out_h = conv.in_h;
		conv.out_w = conv.in_w;
		conv.groups = conv.in_c;
		check_conv(&conv, LES_F32);
		conv.groups = 1;
		conv.out_c = pick(1, 40);
		conv.kernel_h = conv.kernel_w = 1;
		conv.pad_top = conv.pad_left = 0;
		conv.act = LES_ACT_GELU;
		check_conv(&conv, LES_F32);
	}
}

static void check_lstm(enum les_type type, const struct les_lstm *l)
{
	const size_t ways = l->both_ways ? 2 : 1, rows = 4 * (size_t)l->hidden;
	const size_t src_n = (size_t)l->steps * l->n * l->in_stride;
	const size_t out_n = (size_t)l->steps * l->n * l->out_stride;
	float *x = random_values(src_n, 1);
	float *ih = random_values(ways * rows * l->in_c, 0.5f);
	float *hh = random_values(ways * rows * l->hidden, 0.5f);
	float *bias = random_values(ways * rows, 0.5f);
	float *want = need(out_n * sizeof *want);
	struct les_prim *prim = NULL;
	struct les_error error = {0};

	round_to(type, ih, ways * rows * l->in_c);
	round_to(type, hh, ways * rows * l->hidden);
	if (les_prim_lstm(l, type, false, &prim, &error) != LES_OK)
		fail_msg("%s", error.message);
	const float *plain[LES_ARG_N] = {
		[LES_ARG_WEIGHTS] = ih, [LES_ARG_WEIGHTS_ITER] = hh, [LES_ARG_BIAS] = bias};
	/* The last row ends with its last value. */
	float *got = run_prim(prim, type, type, x, src_n - (l->in_stride - l->in_c), plain,
			      out_n - (l->out_stride - l->hidden * ways));
	for (uint32_t i = 0; i < l->n; i++)
		for (size_t way = 0; way < ways; way++) {
			const struct twin_lstm twin = {l->steps,
						       l->in_c,
						       l->hidden,
						       way == 1,
						       ih + way * rows * l->in_c,
						       hh + way * rows * l->hidden,
						       bias + way * rows};
			twin_lstm(&twin, x + i * l->in_stride, (size_t)l->n * l->in_stride,
				  want + i * l->out_stride + way * l->hidden,
				  (size_t)l->n * l->out_stride);
		}
	for (size_t i = 0; i < (size_t)l->steps * l->n; i++)
		near(got + i * l->out_stride, want + i * l->out_stride, ways * l->hidden,
		     tolerances[type]);
	les_prim_free(prim);
	free(x);
	free(ih);
	free(hh);
	free(bias);
	free(want);
	free(got);
}

static void lstms(void **unused)
{
	(void)unused;
	for (int i = 0; i < 24; i++) {
		struct les_lstm lstm = {.steps = pick(1, 12),
					.n = pick(1, 9),
					.in_c = pick(1, 40),
					.hidden = pick(1, 40),
					.both_ways = i % 2};
		lstm.in_stride = lstm.in_c + pick(0, 20);
		lstm.out_stride = lstm.hidden * (lstm.both_ways ? 2 : 1) + pick(0, 20);
		check_lstm(type_of(i / 2), &lstm);
	}
}

static void linear_layers(void **unused)
{
	(void)unused;
	for (int i = 0; i < 20; i++) {
		const enum les_type type = type_of(i);
		struct les_linear linear = {pick(1, 50), pick(1, 70), pick(1, 40), 0};
		linear.in_stride = linear.in + pick(0, 9);
		const size_t src_n = (size_t)linear.rows * linear.in_stride;
		float *x = random_values(src_n, 1);
		float *weights = random_values((size_t)linear.in * linear.out, 0.3f);
		float *bias = random_values(linear.out, 1), *want = random_values(linear.out, 1);
		const float *plain[LES_ARG_N] = {
			[LES_ARG_WEIGHTS] = weights, [LES_ARG_BIAS] = bias};
		struct les_prim *prim = NULL;
		round_to(type, weights, (size_t)linear.in * linear.out);
		assert_int_equal(les_prim_linear(&linear, type, LES_F32, &prim, NULL), LES_OK);
		float *got =
			run_prim(prim, type, LES_F32, x, src_n - (linear.in_stride - linear.in),
				 plain, (size_t)linear.rows * linear.out);
		for (uint32_t row = 0; row < linear.rows; row++) {
			twin_linear(linear.in, linear.out, weights, bias,
				    x + (size_t)row * linear.in_stride, want);
			near(got + (size_t)row * linear.out, want, linear.out, 1e-4);
		}
		les_prim_free(prim);
		free(got);
		free(x);
		free(weights);
		free(bias);
		free(want);
	}
}

/* An image as an op takes it, and what the op made of it. */
static void ours(enum les_type type, const struct image *image, struct les_map *map, void **at)
{
	*map = (struct les_map){type, image->h, image->w, image->c};
	*at = typed(type, image->at, (size_t)image->h * image->w * image->c);
}

static void same(const struct les_map *map, const void *at, const struct image *want, uint32_t len,
		 double tolerance)
{
	const size_t n = (size_t)map->h * map->w * map->c;
	float *got = need(n * sizeof *got);

	les_op_to_f32(map->type, at, got, n);
	for (uint32_t y = 0; y < map->h; y++)
		near(got + (size_t)y * map->w * map->c, want->at + (size_t)y * map->w * map->c,
		     (size_t)len * map->c, tolerance);
	free(got);
}

static void pools(void **unused)
{
	(void)unused;
	for (int i = 0; i < 40; i++) {
		const enum les_type type = type_of(i);
		struct image in = random_image(pick(1, 9), pick(1, 20), pick(1, 40));
		const struct les_window window = {pick(1, in.h), pick(1, in.w), pick(1, 3),
						  pick(1, 3)};
		struct image want = image_new((in.h - window.h) / window.stride_h + 1,
					      (in.w - window.w) / window.stride_w + 1, in.c);
		const struct les_map out_map = {type, want.h, want.w, want.c};
		const struct les_pool_shape shape = {1,
						     in.c,
						     in.h,
						     in.w,
						     want.h,
						     want.w,
						     window.h,
						     window.w,
						     window.stride_h,
						     window.stride_w};
		const float *none[LES_ARG_N] = {NULL};
		struct les_map map;
		void *at, *out = need((size_t)want.h * want.w * want.c * 4);
		struct les_prim *prim = NULL;
		ours(type, &in, &map, &at);
		les_op_pool_max(&map, at, &window, &out_map, out, (struct les_rows){0, want.h});
		twin_pool_max(&in, window.h, window.w, window.stride_h, window.stride_w, &want);
		same(&out_map, out, &want, want.w, 0);
		assert_int_equal(les_prim_pool(&shape, type, LES_BLOCK_LAST, false, &prim, NULL),
				 LES_OK);
		float *got = run_prim(prim, type, type, in.at, (size_t)in.h * in.w * in.c, none,
				      (size_t)want.h * want.w * want.c);
		near(got, want.at, (size_t)want.h * want.w * want.c, 0);
		les_prim_free(prim);
		free(got);
		free(at);
		free(out);
		free(in.at);
		free(want.at);
	}
}

static void norms(void **unused)
{
	(void)unused;
	for (int i = 0; i < 40; i++) {
		const enum les_type type = type_of(i);
		const uint32_t groups = pick(1, 5), c = groups * pick(1, 9);
		struct image in = random_image(pick(1, 9), pick(1, 30), c);
		const uint32_t len = pick(1, in.w);
		struct image want = image_new(in.h, in.w, c);
		float *gamma = random_values(c, 1), *beta = random_values(c, 1);
		float *scales = random_values(2 * c, 1), *scratch = random_values(2 * c, 1);
		struct les_moments *moments = need(sizeof *moments * in.h * groups);
		const struct les_rows rows = {0, in.h};
		struct les_map map;
		void *at;
		ours(type, &in, &map, &at);
		les_op_group_moments(&map, at, len, groups, moments, scratch, rows);
		les_op_group_scales(&map, len, groups, moments, gamma, beta, scales, scales + c);
		les_op_scale_channels(&map, at, scales, scales + c, at, rows);
		twin_group_norm(&in, len, groups, gamma, beta, &want);
		same(&map, at, &want, len, tolerances[type]);
		free(at);
		ours(type, &in, &map, &at);
		les_op_layer_norm(&map, at, gamma, beta, 1e-3f, at, rows);
		twin_layer_norm(&in, gamma, beta, 1e-3f, &want);
		same(&map, at, &want, in.w, tolerances[type]);
		free(at);
		free(moments);
		free(scales);
		free(scratch);
		free(gamma);
		free(beta);
		free(in.at);
		free(want.at);
	}
}

static void batch_norm(void **unused)
{
	const float mean = 0.5f, variance = 4, gamma = 3, beta = 1;
	float scale, shift;

	(void)unused;
	les_op_batch_scales(1, &mean, &variance, &gamma, &beta, 0, &scale, &shift);
	for (float x = -2; x < 2; x += 0.25f)
		assert_true(fabsf(x * scale + shift - ((x - mean) / 2 * gamma + beta)) < 1e-6f);
}

static void activations(void **unused)
{
	(void)unused;
	for (int act = LES_ACT_NONE; act <= LES_ACT_HARDSWISH; act++) {
		float *x = random_values(101, 6), want[101];
		for (int i = 0; i < 101; i++)
			want[i] = twin_act((enum les_act)act, x[i]);
		les_op_act(LES_F32, (enum les_act)act, x, 0);
		les_op_act(LES_F32, (enum les_act)act, x, 101);
		near(x, want, 101, 1e-6);
		free(x);
	}
}

static void softmax_and_excitation(void **unused)
{
	(void)unused;
	for (int i = 0; i < 20; i++) {
		const uint32_t mid = pick(1, 8);
		struct image in = random_image(pick(1, 7), pick(1, 20), pick(1, 20));
		const uint32_t len = pick(1, in.w), c = in.c;
		struct les_map map;
		void *at;
		ours(LES_F32, &in, &map, &at);
		float *down = random_values(mid * c, 1), *up = random_values(mid * c, 1);
		float *bias = random_values(mid + c, 1), *scratch = random_values(2 * c + mid, 1);
		const struct les_excite excite = {mid, i % 2, down, bias, up, bias + mid};
		les_op_excite(&map, at, len, &excite, scratch);
		twin_excite(&in, len, mid, i % 2, down, bias, up, bias + mid);
		same(&map, at, &in, in.w, 1e-5);
		les_op_softmax(&map, at, (struct les_rows){0, in.h});
		twin_softmax(&in);
		same(&map, at, &in, in.w, 1e-5);
		free(at);
		free(down);
		free(up);
		free(bias);
		free(scratch);
		free(in.at);
	}
}

static void attention(void **unused)
{
	(void)unused;
	for (int i = 0; i < 20; i++) {
		const uint32_t steps = pick(1, 30), heads = pick(1, 4), c = heads * pick(1, 12);
		const uint32_t len = i == 0 ? 0 : pick(1, steps);
		float *qkv = random_values((size_t)steps * 3 * c, 1);
		float *got = random_values((size_t)steps * c, 1);
		float *want = random_values((size_t)steps * c, 1);
		float *scratch = random_values((size_t)steps * (c / heads + 1), 1);
		les_op_attention(qkv, steps, c, heads, len, got, scratch);
		twin_attention(qkv, steps, c, heads, len, want);
		near(got, want, (size_t)steps * c, 1e-5);
		free(qkv);
		free(got);
		free(want);
		free(scratch);
	}
}

static void nothing_in_nothing_out(void **unused)
{
	const struct les_map none = {LES_F32, 4, 0, 3};
	const struct les_rows all = {0, 4};
	float guard[3] = {7, 7, 7};

	(void)unused;
	les_op_zero_tail(&none, guard, 0, all);
	les_op_scale_channels(&none, guard, guard, guard, guard, all);
	les_op_softmax(&none, guard, all);
	les_op_layer_norm(&none, guard, guard, guard, 1e-5f, guard, all);
	les_op_add_chunks(&none, guard, 1, guard, all);
	les_op_excite(&none, guard, 0, NULL, NULL);
	les_op_from_f32(LES_BF16, guard, guard, 0);
	for (int i = 0; i < 3; i++)
		assert_true(guard[i] == 7);
}

static void bf16_rounds_to_nearest_even(void **unused)
{
	(void)unused;
	assert_int_equal(les_bf16_of(1), 0x3f80);
	assert_int_equal(les_bf16_of(1 + 0x1p-8f), 0x3f80); /* half way: to even */
	assert_int_equal(les_bf16_of(1 + 0x3p-8f), 0x3f82);
	assert_int_equal(les_bf16_of(-INFINITY), 0xff80);
	assert_true(isnan(les_bf16_float(les_bf16_of(NAN))));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(convolutions),
		cmocka_unit_test(depthwise_and_pointwise),
		cmocka_unit_test(lstms),
		cmocka_unit_test(linear_layers),
		cmocka_unit_test(pools),
		cmocka_unit_test(norms),
		cmocka_unit_test(batch_norm),
		cmocka_unit_test(activations),
		cmocka_unit_test(softmax_and_excitation),
		cmocka_unit_test(attention),
		cmocka_unit_test(nothing_in_nothing_out),
		cmocka_unit_test(bf16_rounds_to_nearest_even),
	};

	les_threads_set(1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
