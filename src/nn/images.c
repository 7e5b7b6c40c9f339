#include "nn/images.h"

#include "base/random.h"
#include "nn/vector.h"

#include <math.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

INLINE float get(const void *at, size_t i, enum les_type type)
{
	return type == LES_BF16 ? les_bf16_float(((const uint16_t *)at)[i])
				: ((const float *)at)[i];
}

INLINE void set(void *at, size_t i, enum les_type type, float v)
{
	if (type == LES_BF16)
		((uint16_t *)at)[i] = les_bf16_of(v);
	else
		((float *)at)[i] = v;
}

/* Calls the always-inlined name_any() with a constant type, once for each. */
#define BY_TYPE(type, call_f32, call_bf16)                                                         \
	do {                                                                                       \
		if ((type) == LES_BF16)                                                            \
			call_bf16;                                                                 \
		else                                                                               \
			call_f32;                                                                  \
	} while (0)

static size_t at_of(const struct les_images *s, size_t n, size_t y, size_t x)
{
	return ((n * s->h + y) * s->w + x) * s->c;
}

static void *place(const void *values, const struct les_images *s, size_t i)
{
	return (char *)(uintptr_t)values + i * les_type_bytes(s->type);
}

void les_images_mask(const struct les_images *s, void *values)
{
	for (uint32_t n = 0; n < s->n; n++)
		for (uint32_t y = 0; y < s->h && s->widths[n] < s->w; y++)
			memset(place(values, s, at_of(s, n, y, s->widths[n])), 0,
			       (size_t)(s->w - s->widths[n]) * s->c * les_type_bytes(s->type));
}

INLINE void pick_first(const void *x, void *y, uint8_t *restrict picks, uint32_t c,
		       enum les_type type)
{
	memcpy(y, x, c * les_type_bytes(type));
	memset(picks, 0, c);
}

INLINE void pick_any(const void *restrict x, void *restrict y, uint8_t *restrict picks, uint32_t c,
		     uint8_t k, enum les_type type)
{
	for (uint32_t i = 0; i < c; i++) {
		const float v = get(x, i, type), best = get(y, i, type);
		set(y, i, type, v > best ? v : best);
		picks[i] = v > best ? k : picks[i];
	}
}

LES_VECTOR
static void pick_f32(const void *restrict x, void *restrict y, uint8_t *restrict picks, uint32_t c,
		     uint8_t k)
{
	pick_any(x, y, picks, c, k, LES_F32);
}

LES_VECTOR
static void pick_bf16(const void *restrict x, void *restrict y, uint8_t *restrict picks, uint32_t c,
		      uint8_t k)
{
	pick_any(x, y, picks, c, k, LES_BF16);
}

/* One output pixel. */
static void pool_pixel(const struct les_pool *pool, const struct les_images *in, const void *x,
		       size_t corner, void *y, uint8_t *picks)
{
	uint8_t k = 0;

	for (uint32_t dy = 0; dy < pool->kernel_h; dy++)
		for (uint32_t dx = 0; dx < pool->kernel_w; dx++, k++) {
			const void *from = place(x, in, corner + ((size_t)dy * in->w + dx) * in->c);
			if (k == 0)
				pick_first(from, y, picks, in->c, in->type);
			else if (in->type == LES_BF16)
				pick_bf16(from, y, picks, in->c, k);
			else
				pick_f32(from, y, picks, in->c, k);
		}
}

void les_pool_forward(const struct les_pool *pool, const struct les_images *in,
		      const struct les_images *out, const void *x, void *y, uint8_t *picks)
{
	for (uint32_t n = 0; n < out->n; n++)
		for (uint32_t row = 0; row < out->h; row++)
			for (uint32_t col = 0; col < out->w; col++) {
				const size_t to = at_of(out, n, row, col);
				pool_pixel(pool, in, x,
					   at_of(in, n, row * pool->stride_h, col * pool->stride_w),
					   place(y, out, to), picks + to);
			}
	les_images_mask(out, y);
}

INLINE void spread_any(const void *restrict y, const uint8_t *restrict picks,
		       const void *restrict dy, void *restrict dx, uint32_t c, uint8_t k,
		       float slope, bool add, enum les_type type)
{
	for (uint32_t i = 0; i < c; i++) {
		const float by = get(y, i, type) > 0 ? 1 : slope;
		const float d = picks[i] == k ? get(dy, i, type) * by : 0;
		set(dx, i, type, add ? get(dx, i, type) + d : d);
	}
}

LES_VECTOR
static void spread_f32(const void *restrict y, const uint8_t *restrict picks,
		       const void *restrict dy, void *restrict dx, uint32_t c, uint8_t k,
		       float slope, bool add)
{
	if (add)
		spread_any(y, picks, dy, dx, c, k, slope, true, LES_F32);
	else
		spread_any(y, picks, dy, dx, c, k, slope, false, LES_F32);
}

LES_VECTOR
static void spread_bf16(const void *restrict y, const uint8_t *restrict picks,
			const void *restrict dy, void *restrict dx, uint32_t c, uint8_t k,
			float slope, bool add)
{
	if (add)
		spread_any(y, picks, dy, dx, c, k, slope, true, LES_BF16);
	else
		spread_any(y, picks, dy, dx, c, k, slope, false, LES_BF16);
}

static void spread_pixel(const struct les_pool *pool, const struct les_images *in, const void *y,
			 const uint8_t *picks, const void *dy, bool add, void *dx, size_t corner)
{
	uint8_t k = 0;

	for (uint32_t row = 0; row < pool->kernel_h; row++)
		for (uint32_t col = 0; col < pool->kernel_w; col++, k++) {
			void *to = place(dx, in, corner + ((size_t)row * in->w + col) * in->c);
			if (in->type == LES_BF16)
				spread_bf16(y, picks, dy, to, in->c, k, pool->slope, add);
			else
				spread_f32(y, picks, dy, to, in->c, k, pool->slope, add);
		}
}

void les_pool_backward(const struct les_pool *pool, const struct les_images *in,
		       const struct les_images *out, const void *y, const uint8_t *picks,
		       const void *dy, void *dx)
{
	const bool add = pool->stride_h < pool->kernel_h || pool->stride_w < pool->kernel_w;
	const bool tiled = pool->stride_h == pool->kernel_h && pool->stride_w == pool->kernel_w &&
			   in->h == out->h * pool->stride_h && in->w == out->w * pool->stride_w;

	if (!tiled)
		memset(dx, 0, les_images_values(in) * les_type_bytes(in->type));
	for (uint32_t n = 0; n < out->n; n++)
		for (uint32_t row = 0; row < out->h; row++)
			for (uint32_t col = 0; col < out->w; col++) {
				const size_t from = at_of(out, n, row, col);
				spread_pixel(
					pool, in, place(y, out, from), picks + from,
					place(dy, out, from), add, dx,
					at_of(in, n, row * pool->stride_h, col * pool->stride_w));
			}
}

INLINE void relu_any(float slope, const void *restrict y, void *restrict dy, size_t n,
		     enum les_type type)
{
	for (size_t i = 0; i < n; i++)
		set(dy, i, type, get(dy, i, type) * (get(y, i, type) > 0 ? 1 : slope));
}

LES_VECTOR
static void relu_f32(float slope, const void *restrict y, void *restrict dy, size_t n)
{
	relu_any(slope, y, dy, n, LES_F32);
}

LES_VECTOR
static void relu_bf16(float slope, const void *restrict y, void *restrict dy, size_t n)
{
	relu_any(slope, y, dy, n, LES_BF16);
}

void les_relu_backward(const struct les_images *s, float slope, const void *y, void *dy)
{
	BY_TYPE(s->type, relu_f32(slope, y, dy, les_images_values(s)),
		relu_bf16(slope, y, dy, les_images_values(s)));
}

INLINE void scale_any(void *restrict values, const float *restrict by, uint32_t c,
		      enum les_type type)
{
	for (uint32_t i = 0; i < c; i++)
		set(values, i, type, get(values, i, type) * by[i]);
}

LES_VECTOR
static void scale_f32(void *restrict values, const float *restrict by, uint32_t c)
{
	scale_any(values, by, c, LES_F32);
}

LES_VECTOR
static void scale_bf16(void *restrict values, const float *restrict by, uint32_t c)
{
	scale_any(values, by, c, LES_BF16);
}

/* 0 or 1 / (1 - p) for c values from a place on. */
static void draw_scales(float p, uint64_t seed, uint64_t from, uint32_t c, float *ret)
{
	const uint32_t below = (uint32_t)(p * 4294967040.0f);

	for (uint32_t i = 0; i < c; i++)
		ret[i] = (uint32_t)(les_random_mix(seed + (from + i) * 0x9e3779b97f4a7c15u) >> 32) <
					 below
				 ? 0
				 : 1 / (1 - p);
}

void les_dropout_run(const struct les_images *s, float p, uint32_t dims, uint64_t seed,
		     void *values)
{
	enum { CHUNK = 512 };
	float scales[CHUNK];

	if (p <= 0)
		return;
	for (uint32_t n = 0; n < s->n; n++)
		for (uint32_t from = 0; from < s->c; from += CHUNK) {
			const uint32_t c = s->c - from < CHUNK ? s->c - from : CHUNK;
			draw_scales(p, seed, (uint64_t)n * s->c + from, c, scales);
			for (size_t pixel = 0; pixel < (size_t)s->h * s->w; pixel++) {
				const size_t at = ((size_t)n * s->h * s->w + pixel) * s->c + from;
				if (dims == 1)
					draw_scales(p, seed, at, c, scales);
				BY_TYPE(s->type, scale_f32(place(values, s, at), scales, c),
					scale_bf16(place(values, s, at), scales, c));
			}
		}
}

/* Group norm goes through an image pixel by pixel, for some groups at a time: group by group, each
 * would fetch all of the image. */
enum { GROUPS_AT_A_TIME = 64, CHANNELS_AT_A_TIME = 512 };
struct groups {
	const struct les_images *s;
	uint32_t image;
	uint32_t first, n, c; /* channels of each: c */
};

static struct groups some_groups(const struct les_images *s, uint32_t image, uint32_t groups,
				 uint32_t first)
{
	const uint32_t left = groups - first;

	return (struct groups){s, image, first, left < GROUPS_AT_A_TIME ? left : GROUPS_AT_A_TIME,
			       s->c / groups};
}

static double values_each(const struct groups *g)
{
	return (double)g->s->h * g->s->widths[g->image] * g->c;
}

/* Each group's Σ x and Σ x². */
INLINE void sums_any(const struct groups *g, const void *x, double *sums, double *squares,
		     enum les_type type)
{
	for (uint32_t row = 0; row < g->s->h; row++)
		for (uint32_t col = 0; col < g->s->widths[g->image]; col++) {
			size_t at = at_of(g->s, g->image, row, col) + (size_t)g->first * g->c;
			for (uint32_t k = 0; k < g->n; k++) {
				double sum = sums[k], square = squares[k];
				for (uint32_t i = 0; i < g->c; i++, at++) {
					const double v = (double)get(x, at, type);
					sum += v;
					square += v * v;
				}
				sums[k] = sum;
				squares[k] = square;
			}
		}
}

static void group_moments(const struct groups *g, const void *x, float *moments)
{
	double sums[GROUPS_AT_A_TIME] = {0}, squares[GROUPS_AT_A_TIME] = {0};
	const double count = values_each(g);

	BY_TYPE(g->s->type, sums_any(g, x, sums, squares, LES_F32),
		sums_any(g, x, sums, squares, LES_BF16));
	for (uint32_t k = 0; k < g->n; k++) {
		const double mean = sums[k] / count, variance = squares[k] / count - mean * mean;
		moments[2 * k] = (float)mean;
		moments[2 * k + 1] = (float)(1 / sqrt((variance > 0 ? variance : 0) + 1e-5));
	}
}

/* A pair of numbers of each group, as pairs of n channels from `from` on. */
static void spread_pairs(const struct groups *g, const float *pairs, uint32_t from, uint32_t n,
			 float *firsts, float *seconds)
{
	for (uint32_t k = 0; k < n; k++) {
		firsts[k] = pairs[2 * ((from + k) / g->c)];
		seconds[k] = pairs[2 * ((from + k) / g->c) + 1];
	}
}

INLINE void norm_any(const void *restrict x, const float *restrict mean, const float *restrict by,
		     const float *restrict scale, const float *restrict shift, void *restrict y,
		     uint32_t n, enum les_type type)
{
	for (uint32_t i = 0; i < n; i++)
		set(y, i, type, (get(x, i, type) - mean[i]) * by[i] * scale[i] + shift[i]);
}

static void normalise(const struct groups *g, const float *scale, const float *shift, const void *x,
		      void *y, const float *moments)
{
	float mean[CHANNELS_AT_A_TIME], by[CHANNELS_AT_A_TIME];
	const uint32_t all = g->n * g->c, base = g->first * g->c;

	for (uint32_t from = 0, n; from < all; from += n) {
		n = all - from < CHANNELS_AT_A_TIME ? all - from : CHANNELS_AT_A_TIME;
		spread_pairs(g, moments, from, n, mean, by);
		const float *a = scale + base + from, *b = shift + base + from;
		for (uint32_t row = 0; row < g->s->h; row++)
			for (uint32_t col = 0; col < g->s->widths[g->image]; col++) {
				const size_t at = at_of(g->s, g->image, row, col) + base + from;
				const void *in = place(x, g->s, at);
				void *out = place(y, g->s, at);
				BY_TYPE(g->s->type, norm_any(in, mean, by, a, b, out, n, LES_F32),
					norm_any(in, mean, by, a, b, out, n, LES_BF16));
			}
	}
}

void les_group_norm_forward(const struct les_images *s, uint32_t groups, const float *scale,
			    const float *shift, const void *x, void *y, float *moments)
{
	for (uint32_t n = 0; n < s->n; n++)
		for (uint32_t first = 0; first < groups; first += GROUPS_AT_A_TIME) {
			const struct groups g = some_groups(s, n, groups, first);
			float *own = moments + 2 * ((size_t)n * groups + first);
			group_moments(&g, x, own);
			normalise(&g, scale, shift, x, y, own);
		}
	les_images_mask(s, y);
}

/* Each group's Σ dy·scale and Σ dy·scale·norm, and the channels' gradients. */
INLINE void back_sums_any(const struct groups *g, const float *scale, const void *x,
			  const float *moments, const void *dy, float *dscale, float *dshift,
			  double *sums, double *alongs, enum les_type type)
{
	for (uint32_t row = 0; row < g->s->h; row++)
		for (uint32_t col = 0; col < g->s->widths[g->image]; col++) {
			const size_t at = at_of(g->s, g->image, row, col);
			uint32_t c = g->first * g->c;
			for (uint32_t k = 0; k < g->n; k++) {
				const float mean = moments[2 * k], by = moments[2 * k + 1];
				double sum = sums[k], along = alongs[k];
				for (uint32_t i = 0; i < g->c; i++, c++) {
					const float d = get(dy, at + c, type);
					const float norm = (get(x, at + c, type) - mean) * by;
					dscale[c] += d * norm;
					dshift[c] += d;
					sum += (double)(d * scale[c]);
					along += (double)(d * scale[c] * norm);
				}
				sums[k] = sum;
				alongs[k] = along;
			}
		}
}

/* The two means that come between dy and dx, of each group. */
static void group_means(const struct groups *g, const float *scale, const void *x,
			const float *moments, const void *dy, float *dscale, float *dshift,
			float *ret)
{
	double sums[GROUPS_AT_A_TIME] = {0}, alongs[GROUPS_AT_A_TIME] = {0};
	const double count = values_each(g);

	BY_TYPE(g->s->type,
		back_sums_any(g, scale, x, moments, dy, dscale, dshift, sums, alongs, LES_F32),
		back_sums_any(g, scale, x, moments, dy, dscale, dshift, sums, alongs, LES_BF16));
	for (uint32_t k = 0; k < g->n; k++) {
		ret[2 * k] = (float)(sums[k] / count);
		ret[2 * k + 1] = (float)(alongs[k] / count);
	}
}

/* dx may be dy. */
INLINE void norm_back_any(const void *x, const float *mean, const float *by, const float *scale,
			  const float *plain, const float *along, const void *dy, void *dx,
			  uint32_t n, enum les_type type)
{
	for (uint32_t i = 0; i < n; i++) {
		const float norm = (get(x, i, type) - mean[i]) * by[i];
		const float d = get(dy, i, type) * scale[i];
		set(dx, i, type, by[i] * (d - plain[i] - norm * along[i]));
	}
}

static void normalise_back(const struct groups *g, const float *scale, const void *x,
			   const float *moments, const float *means, const void *dy, void *dx)
{
	float mean[CHANNELS_AT_A_TIME], by[CHANNELS_AT_A_TIME];
	float plain[CHANNELS_AT_A_TIME], along[CHANNELS_AT_A_TIME];
	const uint32_t all = g->n * g->c, base = g->first * g->c;

	for (uint32_t from = 0, n; from < all; from += n) {
		n = all - from < CHANNELS_AT_A_TIME ? all - from : CHANNELS_AT_A_TIME;
		spread_pairs(g, moments, from, n, mean, by);
		spread_pairs(g, means, from, n, plain, along);
		const float *a = scale + base + from;
		for (uint32_t row = 0; row < g->s->h; row++)
			for (uint32_t col = 0; col < g->s->widths[g->image]; col++) {
				const size_t at = at_of(g->s, g->image, row, col) + base + from;
				const void *in = place(x, g->s, at), *d = place(dy, g->s, at);
				void *out = place(dx, g->s, at);
				BY_TYPE(g->s->type,
					norm_back_any(in, mean, by, a, plain, along, d, out, n,
						      LES_F32),
					norm_back_any(in, mean, by, a, plain, along, d, out, n,
						      LES_BF16));
			}
	}
}

void les_group_norm_backward(const struct les_images *s, uint32_t groups, const float *scale,
			     const void *x, const float *moments, const void *dy, float *dscale,
			     float *dshift, void *dx)
{
	float means[2 * GROUPS_AT_A_TIME];

	for (uint32_t n = 0; n < s->n; n++)
		for (uint32_t first = 0; first < groups; first += GROUPS_AT_A_TIME) {
			const struct groups g = some_groups(s, n, groups, first);
			const float *own = moments + 2 * ((size_t)n * groups + first);
			group_means(&g, scale, x, own, dy, dscale, dshift, means);
			normalise_back(&g, scale, x, own, means, dy, dx);
		}
	les_images_mask(s, dx);
}

static uint32_t lane_steps(const struct les_images *s, const struct les_lanes *lanes)
{
	return lanes->along_y ? s->h : s->w;
}

/* Where a step of a lane lies in the images. */
static size_t lane_at(const struct les_images *s, const struct les_lanes *lanes, uint32_t lane,
		      uint32_t step)
{
	return lanes->along_y ? at_of(s, lane / s->w, step, lane % s->w)
			      : at_of(s, lane / s->h, lane % s->h, step);
}

void les_lanes_gather(const struct les_images *s, const struct les_lanes *lanes, const void *from,
		      float *ret)
{
	for (uint32_t t = 0; t < lane_steps(s, lanes); t++)
		for (uint32_t i = 0; i < lanes->n; i++, ret += s->c)
			les_op_to_f32(s->type,
				      place(from, s, lane_at(s, lanes, lanes->first + i, t)), ret,
				      s->c);
}

void les_lanes_scatter(const struct les_images *s, const struct les_lanes *lanes, const float *from,
		       void *ret)
{
	for (uint32_t t = 0; t < lane_steps(s, lanes); t++)
		for (uint32_t i = 0; i < lanes->n; i++, from += s->c)
			les_op_from_f32(s->type, from,
					place(ret, s, lane_at(s, lanes, lanes->first + i, t)),
					s->c);
}

void les_lanes_lengths(const struct les_images *s, const struct les_lanes *lanes, uint32_t *ret)
{
	for (uint32_t i = 0; i < lanes->n; i++) {
		const uint32_t lane = lanes->first + i;
		if (lanes->along_y)
			ret[i] = lane % s->w < s->widths[lane / s->w] ? s->h : 0;
		else
			ret[i] = s->widths[lane / s->h];
	}
}

void les_collapse_forward(const struct les_images *s, const void *x, float *y)
{
	for (uint32_t col = 0; col < s->w; col++)
		for (uint32_t n = 0; n < s->n; n++)
			for (uint32_t row = 0; row < s->h; row++) {
				float *to = y + (((size_t)col * s->n + n) * s->h + row) * s->c;
				const size_t at = at_of(s, n, row, col);
				for (uint32_t i = 0; i < s->c; i++)
					to[i] = get(x, at + i, s->type);
			}
}

void les_collapse_backward(const struct les_images *s, const float *dy, void *dx)
{
	for (uint32_t col = 0; col < s->w; col++)
		for (uint32_t n = 0; n < s->n; n++)
			for (uint32_t row = 0; row < s->h; row++) {
				const float *from =
					dy + (((size_t)col * s->n + n) * s->h + row) * s->c;
				const size_t at = at_of(s, n, row, col);
				for (uint32_t i = 0; i < s->c; i++)
					set(dx, at + i, s->type, from[i]);
			}
	les_images_mask(s, dx);
}
