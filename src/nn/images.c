#include "nn/images.h"

#include "base/random.h"
#include "nn/vector.h"

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

/* Channels that a pool treats at once: in a vector's registers. */
enum { CHANNELS = 16 };

/* n channels of one output pixel. */
INLINE void window_max(const struct les_pool *pool, const struct les_images *in,
		       const void *restrict x, size_t corner, size_t to, void *restrict y,
		       uint8_t *restrict picks, uint32_t n, enum les_type type)
{
	float best[CHANNELS];
	uint32_t which[CHANNELS] = {0}, k = 0;

	for (uint32_t i = 0; i < n; i++)
		best[i] = get(x, corner + i, type);
	for (uint32_t dy = 0; dy < pool->kernel_h; dy++)
		for (uint32_t dx = 0; dx < pool->kernel_w; dx++, k++) {
			const size_t at = corner + ((size_t)dy * in->w + dx) * in->c;
			for (uint32_t i = 0; i < n; i++) {
				const float v = get(x, at + i, type);
				which[i] = v > best[i] ? k : which[i];
				best[i] = v > best[i] ? v : best[i];
			}
		}
	for (uint32_t i = 0; i < n; i++) {
		set(y, to + i, type, best[i]);
		picks[to + i] = (uint8_t)which[i];
	}
}

/* A row of output pixels from `to` on; its windows begin at `corner`. */
INLINE void max_row_any(const struct les_pool *pool, const struct les_images *in,
			const void *restrict x, size_t corner, size_t to, uint32_t cols,
			void *restrict y, uint8_t *restrict picks, enum les_type type)
{
	for (uint32_t col = 0; col < cols; col++) {
		uint32_t i = 0;
		for (; i + CHANNELS <= in->c; i += CHANNELS)
			window_max(pool, in, x, corner + i, to + i, y, picks, CHANNELS, type);
		if (i < in->c)
			window_max(pool, in, x, corner + i, to + i, y, picks, in->c - i, type);
		corner += (size_t)pool->stride_w * in->c;
		to += in->c;
	}
}

LES_VECTOR
static void max_row_f32(const struct les_pool *pool, const struct les_images *in,
			const void *restrict x, size_t corner, size_t to, uint32_t cols,
			void *restrict y, uint8_t *restrict picks)
{
	max_row_any(pool, in, x, corner, to, cols, y, picks, LES_F32);
}

LES_VECTOR
static void max_row_bf16(const struct les_pool *pool, const struct les_images *in,
			 const void *restrict x, size_t corner, size_t to, uint32_t cols,
			 void *restrict y, uint8_t *restrict picks)
{
	max_row_any(pool, in, x, corner, to, cols, y, picks, LES_BF16);
}

void les_pool_forward(const struct les_pool *pool, const struct les_images *in,
		      const struct les_images *out, const void *x, void *y, uint8_t *picks)
{
	for (uint32_t n = 0; n < out->n; n++)
		for (uint32_t row = 0; row < out->h; row++) {
			const size_t corner = at_of(in, n, row * pool->stride_h, 0);
			const size_t to = at_of(out, n, row, 0);
			BY_TYPE(in->type, max_row_f32(pool, in, x, corner, to, out->w, y, picks),
				max_row_bf16(pool, in, x, corner, to, out->w, y, picks));
		}
	les_images_mask(out, y);
}

/* The gradient of n channels of one output pixel, to where each maximum came from. add: windows
 * overlap. */
INLINE void window_spread(const struct les_pool *pool, const struct les_images *in,
			  const void *restrict y, const uint8_t *restrict picks,
			  const void *restrict dy, size_t from, size_t corner, bool add,
			  void *restrict dx, uint32_t n, enum les_type type)
{
	float d[CHANNELS];
	uint32_t which[CHANNELS], k = 0;

	for (uint32_t i = 0; i < n; i++) {
		const float by = get(y, from + i, type) > 0 ? 1 : pool->slope;
		d[i] = get(dy, from + i, type) * by;
		which[i] = picks[from + i];
	}
	for (uint32_t row = 0; row < pool->kernel_h; row++)
		for (uint32_t col = 0; col < pool->kernel_w; col++, k++) {
			const size_t at = corner + ((size_t)row * in->w + col) * in->c;
			for (uint32_t i = 0; i < n; i++) {
				const float part = which[i] == k ? d[i] : 0;
				set(dx, at + i, type, add ? get(dx, at + i, type) + part : part);
			}
		}
}

INLINE void spread_row_any(const struct les_pool *pool, const struct les_images *in,
			   const void *restrict y, const uint8_t *restrict picks,
			   const void *restrict dy, size_t from, size_t corner, uint32_t cols,
			   bool add, void *restrict dx, enum les_type type)
{
	for (uint32_t col = 0; col < cols; col++) {
		uint32_t i = 0;
		for (; i + CHANNELS <= in->c; i += CHANNELS)
			window_spread(pool, in, y, picks, dy, from + i, corner + i, add, dx,
				      CHANNELS, type);
		if (i < in->c)
			window_spread(pool, in, y, picks, dy, from + i, corner + i, add, dx,
				      in->c - i, type);
		corner += (size_t)pool->stride_w * in->c;
		from += in->c;
	}
}

LES_VECTOR
static void spread_row_f32(const struct les_pool *pool, const struct les_images *in,
			   const void *restrict y, const uint8_t *restrict picks,
			   const void *restrict dy, size_t from, size_t corner, uint32_t cols,
			   bool add, void *restrict dx)
{
	spread_row_any(pool, in, y, picks, dy, from, corner, cols, add, dx, LES_F32);
}

LES_VECTOR
static void spread_row_bf16(const struct les_pool *pool, const struct les_images *in,
			    const void *restrict y, const uint8_t *restrict picks,
			    const void *restrict dy, size_t from, size_t corner, uint32_t cols,
			    bool add, void *restrict dx)
{
	spread_row_any(pool, in, y, picks, dy, from, corner, cols, add, dx, LES_BF16);
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
		for (uint32_t row = 0; row < out->h; row++) {
			const size_t from = at_of(out, n, row, 0);
			const size_t corner = at_of(in, n, row * pool->stride_h, 0);
			BY_TYPE(in->type,
				spread_row_f32(pool, in, y, picks, dy, from, corner, out->w, add,
					       dx),
				spread_row_bf16(pool, in, y, picks, dy, from, corner, out->w, add,
						dx));
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
