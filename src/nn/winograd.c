#include "nn/winograd.h"

#include "base/clock.h"
#include "nn/dnnl_back.h"
#include "nn/images.h"
#include "nn/vector.h"

#include <stdlib.h>

enum {
	KERNELS = LES_WINOGRAD_KERNELS,
	ALIGN = 64,
	CACHE_BYTES = 1 << 20, /* rows at work at once: they should stay in a core's own cache */
};

/* Products for one output value and row that are saved, for each value that is read or written to
 * save them. Below this it is no gain. */
static const double WORTH = 70;

struct les_winograd {
	struct les_conv conv;
	struct les_conv
		rows;   /* as many pairs of rows as are at work at once, as images 1 px high */
	uint32_t pairs; /* of rows of all images */
	struct les_prim *forward, *back_data, *back_weights;
	struct les_call *forwards[KERNELS], *datas[KERNELS], *weights[KERNELS];
	/* in the scratch: rows in and out, [KERNELS][rows.n][w][channels]; a row of zeros and one
	 * that nobody reads; gradients in the primitive's order and summed; plain */
	float *in[KERNELS], *out[KERNELS], *zeros, *lost, *dkernels, *sums[KERNELS], *plain;
	float *dbias[2]; /* one that nobody reads, and the second kernel's */
};

static size_t aligned(size_t bytes)
{
	return (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

bool les_winograd_fits(const struct les_conv *c, enum les_type type, enum les_type out_type)
{
	const double products = (double)c->in_c * c->out_c * c->kernel_w;
	const bool relu =
		c->act == LES_ACT_NONE || c->act == LES_ACT_RELU || c->act == LES_ACT_LEAKY;

	return type == LES_F32 && out_type == LES_F32 && relu && !c->transposed && c->groups == 1 &&
	       c->kernel_h == 3 && c->pad_top == 1 && c->out_h == c->in_h && c->stride_h == 1 &&
	       c->stride_w == 1 && c->dilation_h == 1 && c->dilation_w == 1 &&
	       c->out_w == c->in_w && products / (c->in_c + c->out_c) >= WORTH;
}

static size_t kernel_values(const struct les_conv *c)
{
	return (size_t)c->out_c * c->in_c * c->kernel_w;
}

void les_winograd_kernel(const struct les_conv *c, const float *weights, uint32_t k, float *ret)
{
	static const float mix[KERNELS][3] = {
		{1, 0, 0}, {0.5f, 0.5f, 0.5f}, {0.5f, -0.5f, 0.5f}, {0, 0, 1}};
	const uint32_t w = c->kernel_w;

	for (size_t i = 0; i < (size_t)c->out_c * c->in_c; i++) {
		const float *rows = weights + i * 3 * w;
		for (uint32_t x = 0; x < w; x++)
			ret[i * w + x] = mix[k][0] * rows[x] + mix[k][1] * rows[w + x] +
					 mix[k][2] * rows[2 * w + x];
	}
}

/* So many pairs of rows at once as stay in the cache, and as all of them can be dealt out in. */
static uint32_t pairs_at_once(const struct les_conv *c, uint32_t pairs)
{
	const size_t each = (size_t)KERNELS * c->in_w * (c->in_c + c->out_c) * sizeof(float);
	uint32_t n = each < CACHE_BYTES ? (uint32_t)(CACHE_BYTES / each) : 1;

	n = n < pairs ? n : pairs;
	while (pairs % n)
		n--;
	return n;
}

enum les_kind les_winograd_new(const struct les_conv *conv, bool back_data,
			       struct les_winograd **ret, struct les_error *reterr)
{
	LES_CLEANUP(les_winograd_free_p) struct les_winograd *g = calloc(1, sizeof *g);

	if (!g)
		return les_fail(reterr, LES_NOMEM, "no memory for a convolution");
	g->conv = *conv;
	g->pairs = conv->n * ((conv->in_h + 1) / 2);
	g->rows = *conv;
	g->rows.n = pairs_at_once(conv, g->pairs);
	g->rows.in_h = g->rows.out_h = g->rows.kernel_h = 1;
	g->rows.pad_top = 0;
	g->rows.act = LES_ACT_NONE;
	enum les_kind kind = les_prim_conv(&g->rows, LES_F32, LES_F32, LES_BLOCK_LAST,
					   LES_BLOCK_LAST, true, &g->forward, reterr);
	if (kind == LES_OK && back_data)
		kind = les_prim_conv_back_data(&g->rows, g->forward, &g->back_data, reterr);
	if (kind == LES_OK)
		kind = les_prim_conv_back_weights(&g->rows, g->forward, &g->back_weights, reterr);
	if (kind == LES_OK)
		*ret = LES_TAKE(g);
	return kind;
}

void les_winograd_free(struct les_winograd *g)
{
	if (!g)
		return;
	for (uint32_t k = 0; k < KERNELS; k++) {
		les_call_free(g->forwards[k]);
		les_call_free(g->datas[k]);
		les_call_free(g->weights[k]);
	}
	les_prim_free(g->forward);
	les_prim_free(g->back_data);
	les_prim_free(g->back_weights);
	free(g);
}

const struct les_prim *les_winograd_prim(const struct les_winograd *g, bool back_data)
{
	return back_data ? g->back_data : g->forward;
}

/* ---- memory ---- */

/* A row of either side. */
static size_t row_bytes(const struct les_winograd *g)
{
	const struct les_conv *c = &g->conv;

	return (size_t)c->in_w * (c->in_c > c->out_c ? c->in_c : c->out_c) * sizeof(float);
}

static float *take(uint8_t *base, size_t *at, size_t bytes)
{
	float *here = base ? (float *)(void *)(base + *at) : NULL;

	*at += aligned(bytes);
	return here;
}

static size_t prim_scratch(const struct les_winograd *g)
{
	const struct les_prim *prims[] = {g->forward, g->back_data, g->back_weights};
	size_t most = 0;

	for (size_t i = 0; i < LES_COUNT(prims); i++) {
		const size_t bytes = prims[i] ? les_prim_bytes(prims[i], LES_ARG_SCRATCH) : 0;
		most = bytes > most ? bytes : most;
	}
	return most;
}

/* Returns the bytes; with a base, everything has its place there, the primitives' scratch at its
 * beginning. */
static size_t lay_out(struct les_winograd *g, uint8_t *base)
{
	const size_t row = row_bytes(g);
	const size_t kernel = les_prim_bytes(g->back_weights, LES_ARG_DIFF_WEIGHTS);
	const size_t bias = g->conv.out_c * sizeof(float);
	size_t at = aligned(prim_scratch(g));

	for (uint32_t k = 0; k < KERNELS; k++) {
		g->in[k] = take(base, &at, g->rows.n * row);
		g->out[k] = take(base, &at, g->rows.n * row);
		g->sums[k] = take(base, &at, kernel);
	}
	g->zeros = take(base, &at, row);
	g->lost = take(base, &at, row);
	g->dkernels = take(base, &at, kernel);
	g->plain = take(base, &at, KERNELS * kernel_values(&g->conv) * sizeof(float));
	g->dbias[0] = take(base, &at, bias);
	g->dbias[1] = take(base, &at, bias);
	return at;
}

size_t les_winograd_scratch(const struct les_winograd *g)
{
	struct les_winograd copy = *g;

	return lay_out(&copy, NULL);
}

/* Only the second kernel's product has the bias: it is in both rows of the output. */
enum les_kind les_winograd_bind(struct les_winograd *g, struct les_packed *const forward[KERNELS],
				struct les_packed *const data[KERNELS], float *bias, void *scratch,
				struct les_error *reterr)
{
	enum les_kind kind = LES_OK;

	lay_out(g, scratch);
	for (uint32_t k = 0; k < KERNELS && kind == LES_OK; k++) {
		const struct les_bind forwards[] = {{LES_ARG_SRC, g->in[k]},
						    {LES_ARG_WEIGHTS, les_packed_bytes(forward[k])},
						    {LES_ARG_BIAS, k == 1 ? bias : g->zeros},
						    {LES_ARG_DST, g->out[k]},
						    {LES_ARG_SCRATCH, scratch}};
		const struct les_bind weights[] = {{LES_ARG_SRC, g->in[k]},
						   {LES_ARG_DIFF_DST, g->out[k]},
						   {LES_ARG_DIFF_WEIGHTS, g->dkernels},
						   {LES_ARG_DIFF_BIAS, g->dbias[k == 1]},
						   {LES_ARG_SCRATCH, scratch}};
		kind = les_call_new(g->forward, forwards, LES_COUNT(forwards), &g->forwards[k],
				    reterr);
		if (kind == LES_OK)
			kind = les_call_new(g->back_weights, weights, LES_COUNT(weights),
					    &g->weights[k], reterr);
		if (kind != LES_OK || !g->back_data)
			continue;
		/* the way back turns the kernel's rows round: first and last change places */
		const struct les_bind datas[] = {
			{LES_ARG_DIFF_DST, g->in[k]},
			{LES_ARG_WEIGHTS, les_packed_bytes(data[k == 0   ? 3
								: k == 3 ? 0
									 : k])},
			{LES_ARG_DIFF_SRC, g->out[k]},
			{LES_ARG_SCRATCH, scratch}};
		kind = les_call_new(g->back_data, datas, LES_COUNT(datas), &g->datas[k], reterr);
	}
	return kind;
}

/* ---- sums of rows ---- */

struct four {
	const float *at[KERNELS];
};

struct four_out {
	float *at[KERNELS];
};

LES_VECTOR static void spread(const struct four *d, size_t n, const struct four_out *ret)
{
	const float *restrict d0 = d->at[0], *restrict d1 = d->at[1], *restrict d2 = d->at[2],
			      *restrict d3 = d->at[3];
	float *restrict v0 = ret->at[0], *restrict v1 = ret->at[1], *restrict v2 = ret->at[2],
			*restrict v3 = ret->at[3];

	for (size_t i = 0; i < n; i++) {
		v0[i] = d0[i] - d2[i];
		v1[i] = d1[i] + d2[i];
		v2[i] = d2[i] - d1[i];
		v3[i] = d1[i] - d3[i];
	}
}

/* slope: below zero, of a ReLU; 1 where there is none. NaN stays. */
LES_VECTOR static void gather(const struct four *m, size_t n, float slope, float *restrict y0,
			      float *restrict y1)
{
	const float *restrict m0 = m->at[0], *restrict m1 = m->at[1], *restrict m2 = m->at[2],
			      *restrict m3 = m->at[3];

	for (size_t i = 0; i < n; i++) {
		const float a = m0[i] + m1[i] + m2[i], b = m1[i] - m2[i] - m3[i];
		y0[i] = a * (a > 0 ? 1 : slope);
		y1[i] = b * (b > 0 ? 1 : slope);
	}
}

/* What gather() does, backwards. */
LES_VECTOR static void spread_back(const float *restrict dy0, const float *restrict dy1, size_t n,
				   const struct four_out *ret)
{
	float *restrict v0 = ret->at[0], *restrict v1 = ret->at[1], *restrict v2 = ret->at[2],
			*restrict v3 = ret->at[3];

	for (size_t i = 0; i < n; i++) {
		v0[i] = dy0[i];
		v1[i] = dy0[i] + dy1[i];
		v2[i] = dy0[i] - dy1[i];
		v3[i] = -dy1[i];
	}
}

/* ---- runs ---- */

static enum les_kind run(struct les_call *call, double *ret_seconds, struct les_error *reterr)
{
	const double from = les_clock_s();
	enum les_kind kind = les_call_run(call, reterr);

	*ret_seconds += les_clock_s() - from;
	return kind;
}

/* Row y of the image that a pair belongs to; zeros outside it. */
static const float *row_of(const struct les_winograd *g, const float *images, uint32_t c,
			   uint32_t pair, int32_t by)
{
	const uint32_t h = g->conv.in_h, pairs = (h + 1) / 2;
	const int64_t y = 2 * (int64_t)(pair % pairs) + by;

	return y < 0 || y >= h
		       ? g->zeros
		       : images + ((size_t)(pair / pairs) * h + (size_t)y) * g->conv.in_w * c;
}

/* The same to be written to; what lies outside is lost. */
static float *row_to(const struct les_winograd *g, float *images, uint32_t c, uint32_t pair,
		     int32_t by)
{
	const float *row = row_of(g, images, c, pair, by);

	return row == g->zeros ? g->lost : (float *)(uintptr_t)row;
}

static void spread_pairs(const struct les_winograd *g, const float *images, uint32_t c,
			 uint32_t first)
{
	const size_t n = (size_t)g->conv.in_w * c;

	for (uint32_t i = 0; i < g->rows.n; i++) {
		struct four rows;
		struct four_out to;
		for (uint32_t k = 0; k < KERNELS; k++) {
			rows.at[k] = row_of(g, images, c, first + i, (int32_t)k - 1);
			to.at[k] = g->in[k] + i * n;
		}
		spread(&rows, n, &to);
	}
}

static void gather_pairs(const struct les_winograd *g, float *images, uint32_t c, uint32_t first,
			 float slope)
{
	const size_t n = (size_t)g->conv.in_w * c;

	for (uint32_t i = 0; i < g->rows.n; i++) {
		const struct four from = {{g->out[0] + i * n, g->out[1] + i * n, g->out[2] + i * n,
					   g->out[3] + i * n}};
		gather(&from, n, slope, row_to(g, images, c, first + i, 0),
		       row_to(g, images, c, first + i, 1));
	}
}

/* x spread, multiplied, gathered: the way there with from's channels in and to's out, the way back
 * to the input the other way round. */
static enum les_kind convolve(struct les_winograd *g, struct les_call *const calls[KERNELS],
			      const float *from, uint32_t from_c, float *to, uint32_t to_c,
			      float slope, double *ret_seconds, struct les_error *reterr)
{
	enum les_kind kind = LES_OK;

	memset(g->zeros, 0, row_bytes(g));
	for (uint32_t pair = 0; pair < g->pairs && kind == LES_OK; pair += g->rows.n) {
		spread_pairs(g, from, from_c, pair);
		for (uint32_t k = 0; k < KERNELS && kind == LES_OK; k++)
			kind = run(calls[k], ret_seconds, reterr);
		gather_pairs(g, to, to_c, pair, slope);
	}
	return kind;
}

enum les_kind les_winograd_forward(struct les_winograd *g, const float *x, float *y,
				   double *ret_seconds, struct les_error *reterr)
{
	const float slope = g->conv.act == LES_ACT_RELU    ? 0
			    : g->conv.act == LES_ACT_LEAKY ? 0.01f
							   : 1;

	return convolve(g, g->forwards, x, g->conv.in_c, y, g->conv.out_c, slope, ret_seconds,
			reterr);
}

enum les_kind les_winograd_back_data(struct les_winograd *g, const float *dy, float *dx,
				     double *ret_seconds, struct les_error *reterr)
{
	return convolve(g, g->datas, dy, g->conv.out_c, dx, g->conv.in_c, 1, ret_seconds, reterr);
}

/* The four kernels' gradients to those of the three rows. */
static enum les_kind gather_weights(struct les_winograd *g, float *dweights,
				    struct les_error *reterr)
{
	const uint32_t w = g->conv.kernel_w;
	const size_t n = kernel_values(&g->conv);
	enum les_kind kind = LES_OK;

	for (uint32_t k = 0; k < KERNELS && kind == LES_OK; k++)
		kind = les_unpack(g->back_weights, LES_ARG_DIFF_WEIGHTS, g->sums[k],
				  g->plain + k * n, reterr);
	if (kind != LES_OK)
		return kind;
	const float *u0 = g->plain, *u1 = u0 + n, *u2 = u1 + n, *u3 = u2 + n;
	for (size_t i = 0; i < n; i++) {
		float *rows = dweights + i / w * 3 * w + i % w;
		rows[0] += u0[i] + 0.5f * (u1[i] + u2[i]);
		rows[w] += 0.5f * (u1[i] - u2[i]);
		rows[2 * (size_t)w] += 0.5f * (u1[i] + u2[i]) + u3[i];
	}
	return LES_OK;
}

enum les_kind les_winograd_back_weights(struct les_winograd *g, const float *x, const float *dy,
					float *dweights, float *dbias, double *ret_seconds,
					struct les_error *reterr)
{
	const size_t kernel = les_prim_bytes(g->back_weights, LES_ARG_DIFF_WEIGHTS);
	const uint32_t c = g->conv.out_c;
	const size_t n = (size_t)g->conv.in_w * c;
	enum les_kind kind = LES_OK;

	memset(g->zeros, 0, row_bytes(g));
	for (uint32_t k = 0; k < KERNELS; k++)
		memset(g->sums[k], 0, kernel);
	for (uint32_t pair = 0; pair < g->pairs && kind == LES_OK; pair += g->rows.n) {
		spread_pairs(g, x, g->conv.in_c, pair);
		for (uint32_t i = 0; i < g->rows.n; i++) {
			const struct four_out to = {{g->out[0] + i * n, g->out[1] + i * n,
						     g->out[2] + i * n, g->out[3] + i * n}};
			spread_back(row_of(g, dy, c, pair + i, 0), row_of(g, dy, c, pair + i, 1), n,
				    &to);
		}
		for (uint32_t k = 0; k < KERNELS && kind == LES_OK; k++) {
			kind = run(g->weights[k], ret_seconds, reterr);
			les_values_add(g->sums[k], g->dkernels, kernel / sizeof(float));
		}
		les_values_add(dbias, g->dbias[1], c);
	}
	return kind == LES_OK ? gather_weights(g, dweights, reterr) : kind;
}
