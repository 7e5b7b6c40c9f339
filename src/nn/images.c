#include "nn/images.h"

#include "base/random.h"
#include "nn/fast.h"
#include "nn/wide.h"

#include <string.h>

static size_t at_of(const struct les_images *s, size_t n, size_t y, size_t x)
{
	return ((n * s->h + y) * s->w + x) * s->c;
}

static void *place(const void *values, const struct les_images *s, size_t i)
{
	return (char *)(uintptr_t)values + i * les_type_bytes(s->type);
}

LES_VECTOR void les_values_add(float *restrict to, const float *restrict from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] += from[i];
}

void les_images_mask(const struct les_images *s, void *values)
{
	for (uint32_t n = 0; n < s->n; n++)
		for (uint32_t y = 0; y < s->h && s->widths[n] < s->w; y++)
			memset(place(values, s, at_of(s, n, y, s->widths[n])), 0,
			       (size_t)(s->w - s->widths[n]) * s->c * les_type_bytes(s->type));
}

/* A row of windows: w of them, c channels of each. */
struct row {
	enum les_type type;
	uint32_t w, c;
	float slope;
	size_t beside; /* from a window to the next */
	uint32_t places_n;
	size_t places[LES_POOL_PLACES]; /* of a window's pixels, from its first */
};

/* Windows one pixel wide and side by side: the row is one pixel of many channels. */
static struct row row_of(const struct les_pool *pool, const struct les_images *in,
			 const struct les_images *out)
{
	struct row r = {.type = in->type,
			.w = out->w,
			.c = in->c,
			.slope = pool->slope,
			.beside = (size_t)pool->stride_w * in->c};

	for (uint32_t y = 0; y < pool->kernel_h; y++)
		for (uint32_t x = 0; x < pool->kernel_w; x++)
			r.places[r.places_n++] = ((size_t)y * in->w + x) * in->c;
	if (pool->kernel_w == 1 && pool->stride_w == 1) {
		r.c *= r.w;
		r.w = 1;
	}
	return r;
}

/* Sixteen channels, or what is left of them. Where writing twice does no harm, the last ones are
 * sixteen, too: some are those before them. */
struct part {
	uint32_t from, n;
};

LES_INLINE struct part part_of(const struct row *r, uint32_t from, bool twice)
{
	const uint32_t left = r->c - from;

	if (left >= LES_WIDE)
		return (struct part){from, LES_WIDE};
	if (twice && r->c >= LES_WIDE)
		return (struct part){r->c - LES_WIDE, LES_WIDE};
	return (struct part){from, left};
}

/* Sixteen channels of a window. */
LES_INLINE void pool_window(const struct row *r, const void *x, size_t at, void *y, uint8_t *picks,
			    size_t to, uint32_t n, enum les_type type)
{
	les_wide best = les_wide_get(type, x, at, n);
	les_wide_bits pick = {0};

	for (uint32_t k = 1; k < r->places_n; k++) {
		const les_wide v = les_wide_get(type, x, at + r->places[k], n);
		const les_wide_bits more = (les_wide_bits)(v > best);
		best = (les_wide)les_wide_pick(more, (les_wide_bits)v, (les_wide_bits)best);
		pick = (pick & ~more) | (k & more);
	}
	les_wide_put_rounded(type, y, to, n, best);
	les_wide_put_bytes(picks + to, n, pick);
}

LES_INLINE void pool_row_any(enum les_type type, const struct row *r, const void *x, void *y,
			     uint8_t *picks)
{
	for (uint32_t col = 0; col < r->w; col++)
		for (uint32_t from = 0; from < r->c; from += LES_WIDE) {
			const struct part c = part_of(r, from, true);
			pool_window(r, x, col * r->beside + c.from, y, picks,
				    (size_t)col * r->c + c.from, c.n, type);
		}
}

LES_VECTOR
static void pool_row(const struct row *r, const void *x, void *y, uint8_t *picks)
{
	LES_FOR_TYPE(r->type, pool_row_any, r, x, y, picks);
}

void les_pool_forward(const struct les_pool *pool, const struct les_images *in,
		      const struct les_images *out, const void *x, void *y, uint8_t *picks)
{
	const struct row r = row_of(pool, in, out);

	for (uint32_t n = 0; n < out->n; n++)
		for (uint32_t row = 0; row < out->h; row++) {
			const size_t to = at_of(out, n, row, 0);
			pool_row(&r, place(x, in, at_of(in, n, row * pool->stride_h, 0)),
				 place(y, out, to), picks + to);
		}
	les_images_mask(out, y);
}

/* Where windows meet (add), a gradient is rounded once it is added. */
LES_INLINE void spread_window(const struct row *r, bool add, les_wide_bits pick, les_wide d,
			      void *dx, size_t at, uint32_t n, enum les_type type)
{
	const les_wide_bits bits = (les_wide_bits)(add ? d : les_wide_round(type, d));

	for (uint32_t k = 0; k < r->places_n; k++) {
		const size_t to = at + r->places[k];
		const les_wide own = (les_wide)(bits & (les_wide_bits)(pick == k));
		if (add)
			les_wide_put(type, dx, to, n, les_wide_get(type, dx, to, n) + own);
		else
			les_wide_put_rounded(type, dx, to, n, own);
	}
}

LES_INLINE void spread_row_any(enum les_type type, const struct row *r, bool add, const void *y,
			       const uint8_t *picks, const void *dy, void *dx)
{
	const les_wide none = {0}, one = none + 1, slope = none + r->slope;

	for (uint32_t col = 0; col < r->w; col++)
		for (uint32_t from = 0; from < r->c; from += LES_WIDE) {
			const struct part c = part_of(r, from, !add);
			const size_t at = (size_t)col * r->c + c.from;
			const les_wide_bits above =
				(les_wide_bits)(les_wide_get(type, y, at, c.n) > none);
			const les_wide by = (les_wide)les_wide_pick(above, (les_wide_bits)one,
								    (les_wide_bits)slope);
			spread_window(r, add, les_wide_get_bytes(picks + at, c.n),
				      les_wide_get(type, dy, at, c.n) * by, dx,
				      col * r->beside + c.from, c.n, type);
		}
}

LES_VECTOR
static void spread_row(const struct row *r, bool add, const void *y, const uint8_t *picks,
		       const void *dy, void *dx)
{
	if (add)
		LES_FOR_TYPE(r->type, spread_row_any, r, true, y, picks, dy, dx);
	else
		LES_FOR_TYPE(r->type, spread_row_any, r, false, y, picks, dy, dx);
}

/* Zeroes what no window covers, where windows lie side by side. */
static void zero_margins(const struct les_pool *pool, const struct les_images *in,
			 const struct les_images *out, void *dx)
{
	for (uint32_t n = 0; n < in->n; n++)
		for (uint32_t y = 0; y < in->h; y++) {
			const uint32_t w =
				y < out->h * pool->stride_h ? out->w * pool->stride_w : 0;
			memset(place(dx, in, at_of(in, n, y, w)), 0,
			       (size_t)(in->w - w) * in->c * les_type_bytes(in->type));
		}
}

void les_pool_backward(const struct les_pool *pool, const struct les_images *in,
		       const struct les_images *out, const void *y, const uint8_t *picks,
		       const void *dy, void *dx)
{
	const struct row r = row_of(pool, in, out);
	const bool add = pool->stride_h < pool->kernel_h || pool->stride_w < pool->kernel_w;

	if (pool->stride_h == pool->kernel_h && pool->stride_w == pool->kernel_w)
		zero_margins(pool, in, out, dx);
	else
		memset(dx, 0, les_images_values(in) * les_type_bytes(in->type));
	for (uint32_t n = 0; n < out->n; n++)
		for (uint32_t row = 0; row < out->h; row++) {
			const size_t from = at_of(out, n, row, 0);
			spread_row(&r, add, place(y, out, from), picks + from, place(dy, out, from),
				   place(dx, in, at_of(in, n, row * pool->stride_h, 0)));
		}
}

LES_INLINE void relu_any(enum les_type type, float slope, const void *restrict y, void *restrict dy,
			 size_t n)
{
	for (size_t i = 0; i < n; i++)
		les_put(type, dy, i, les_get(type, dy, i) * (les_get(type, y, i) > 0 ? 1 : slope));
}

LES_VECTOR
static void relu(enum les_type type, float slope, const void *restrict y, void *restrict dy,
		 size_t n)
{
	LES_FOR_TYPE(type, relu_any, slope, y, dy, n);
}

void les_relu_backward(const struct les_images *s, float slope, const void *y, void *dy)
{
	relu(s->type, slope, y, dy, les_images_values(s));
}

LES_INLINE void scale_any(enum les_type type, void *restrict values, const float *restrict by,
			  uint32_t c)
{
	for (uint32_t i = 0; i < c; i++)
		les_put(type, values, i, les_get(type, values, i) * by[i]);
}

LES_VECTOR
static void scale(enum les_type type, void *restrict values, const float *restrict by, uint32_t c)
{
	LES_FOR_TYPE(type, scale_any, values, by, c);
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
				scale(s->type, place(values, s, at), scales, c);
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
					to[i] = les_get(s->type, x, at + i);
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
					les_put(s->type, dx, at + i, from[i]);
			}
	les_images_mask(s, dx);
}
