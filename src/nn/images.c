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

/* Σ a and Σ a·b over a group's channels of one image. b NULL: Σ a². */
static void group_sums(const struct les_images *s, uint32_t n, uint32_t first, uint32_t c,
		       const void *a, double *ret_a, double *ret_ab)
{
	double sum = 0, squares = 0;

	for (uint32_t y = 0; y < s->h; y++)
		for (uint32_t x = 0; x < s->widths[n]; x++) {
			const size_t at = at_of(s, n, y, x) + first;
			for (uint32_t i = 0; i < c; i++) {
				const double v = (double)get(a, at + i, s->type);
				sum += v;
				squares += v * v;
			}
		}
	*ret_a = sum;
	*ret_ab = squares;
}

void les_group_norm_forward(const struct les_images *s, uint32_t groups, const float *scale,
			    const float *shift, const void *x, void *y, float *moments)
{
	const uint32_t c = s->c / groups;

	for (uint32_t n = 0; n < s->n; n++)
		for (uint32_t g = 0; g < groups; g++) {
			const double count = (double)s->h * s->widths[n] * c;
			float *moment = moments + 2 * ((size_t)n * groups + g);
			double sum, squares;
			group_sums(s, n, g * c, c, x, &sum, &squares);
			const double mean = sum / count, variance = squares / count - mean * mean;
			moment[0] = (float)mean;
			moment[1] = (float)(1 / sqrt((variance > 0 ? variance : 0) + 1e-5));
			for (uint32_t row = 0; row < s->h; row++)
				for (uint32_t col = 0; col < s->widths[n]; col++) {
					const size_t at = at_of(s, n, row, col) + g * c;
					for (uint32_t i = 0; i < c; i++)
						set(y, at + i, s->type,
						    (get(x, at + i, s->type) - moment[0]) *
								    moment[1] * scale[g * c + i] +
							    shift[g * c + i]);
				}
		}
	les_images_mask(s, y);
}

/* One image's group: the two means that come between dy and dx, and the channels' gradients. */
static void group_norm_means(const struct les_images *s, uint32_t n, uint32_t first, uint32_t c,
			     const float *scale, const void *x, const float *moment, const void *dy,
			     float *dscale, float *dshift, float ret[2])
{
	const double count = (double)s->h * s->widths[n] * c;
	double sum = 0, along = 0;

	for (uint32_t row = 0; row < s->h; row++)
		for (uint32_t col = 0; col < s->widths[n]; col++) {
			const size_t at = at_of(s, n, row, col) + first;
			for (uint32_t i = 0; i < c; i++) {
				const float d = get(dy, at + i, s->type);
				const float norm =
					(get(x, at + i, s->type) - moment[0]) * moment[1];
				dscale[first + i] += d * norm;
				dshift[first + i] += d;
				sum += (double)(d * scale[first + i]);
				along += (double)(d * scale[first + i] * norm);
			}
		}
	ret[0] = (float)(sum / count);
	ret[1] = (float)(along / count);
}

void les_group_norm_backward(const struct les_images *s, uint32_t groups, const float *scale,
			     const void *x, const float *moments, const void *dy, float *dscale,
			     float *dshift, void *dx)
{
	const uint32_t c = s->c / groups;

	for (uint32_t n = 0; n < s->n; n++)
		for (uint32_t g = 0; g < groups; g++) {
			const float *moment = moments + 2 * ((size_t)n * groups + g);
			float means[2];
			group_norm_means(s, n, g * c, c, scale, x, moment, dy, dscale, dshift,
					 means);
			for (uint32_t row = 0; row < s->h; row++)
				for (uint32_t col = 0; col < s->widths[n]; col++) {
					const size_t at = at_of(s, n, row, col) + g * c;
					for (uint32_t i = 0; i < c; i++) {
						const float norm =
							(get(x, at + i, s->type) - moment[0]) *
							moment[1];
						const float d =
							get(dy, at + i, s->type) * scale[g * c + i];
						set(dx, at + i, s->type,
						    moment[1] * (d - means[0] - norm * means[1]));
					}
				}
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
