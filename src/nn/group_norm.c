#include "nn/fast.h"
#include "nn/images.h"

#include <math.h>

/* Group norm goes through an image row by row, some channels at a time; what each channel adds up
 * to is then put together for each group. */
enum { CHANNELS = 512 };

/* Some groups of an image: as many whole ones as fit CHANNELS, or one that is wider. */
struct some {
	const struct les_images *s;
	uint32_t image, first, n; /* groups */
	uint32_t c;               /* channels of each */
};

static struct some some_groups(const struct les_images *s, uint32_t image, uint32_t groups,
			       uint32_t first)
{
	const uint32_t c = s->c / groups, fit = c < CHANNELS ? CHANNELS / c : 1;

	return (struct some){s, image, first, groups - first < fit ? groups - first : fit, c};
}

static double values_each(const struct some *g)
{
	return (double)g->s->h * g->s->widths[g->image] * g->c;
}

/* The channels that one pass goes through, from the image's channel `from` on. */
struct pass {
	const struct some *g;
	uint32_t from, n;
};

static bool next_pass(struct pass *p)
{
	const uint32_t end = (p->g->first + p->g->n) * p->g->c;

	p->from += p->n;
	p->n = end - p->from < CHANNELS ? end - p->from : CHANNELS;
	return p->from < end;
}

static struct pass passes(const struct some *g)
{
	return (struct pass){g, g->first * g->c, 0};
}

/* A channel's group, among g's. */
static uint32_t group_of(const struct pass *p, uint32_t channel)
{
	return (p->from + channel) / p->g->c - p->g->first;
}

static size_t row_at(const struct pass *p, uint32_t row)
{
	const struct les_images *s = p->g->s;

	return ((size_t)p->g->image * s->h + row) * s->w * s->c + p->from;
}

/* Each channel's Σ x and Σ x². */
LES_INLINE void sum_row_any(enum les_type type, const void *restrict x, size_t at, uint32_t cols,
			    uint32_t stride, uint32_t n, double *restrict sums,
			    double *restrict squares)
{
	for (uint32_t col = 0; col < cols; col++, at += stride)
		for (uint32_t i = 0; i < n; i++) {
			const double v = (double)les_get(type, x, at + i);
			sums[i] += v;
			squares[i] += v * v;
		}
}

LES_VECTOR
static void sum_row(enum les_type type, const void *restrict x, size_t at, uint32_t cols,
		    uint32_t stride, uint32_t n, double *restrict sums, double *restrict squares)
{
	LES_FOR_TYPE(type, sum_row_any, x, at, cols, stride, n, sums, squares);
}

static void group_moments(const struct some *g, const void *x, float *moments)
{
	double sums[CHANNELS] = {0}, squares[CHANNELS] = {0}; /* of the groups */
	const double count = values_each(g);
	const struct les_images *s = g->s;

	for (struct pass p = passes(g); next_pass(&p);) {
		double sum[CHANNELS] = {0}, square[CHANNELS] = {0};
		for (uint32_t row = 0; row < s->h; row++)
			sum_row(s->type, x, row_at(&p, row), s->widths[g->image], s->c, p.n, sum,
				square);
		for (uint32_t i = 0; i < p.n; i++) {
			sums[group_of(&p, i)] += sum[i];
			squares[group_of(&p, i)] += square[i];
		}
	}
	for (uint32_t k = 0; k < g->n; k++) {
		const double mean = sums[k] / count, variance = squares[k] / count - mean * mean;
		moments[2 * k] = (float)mean;
		moments[2 * k + 1] = (float)(1 / sqrt((variance > 0 ? variance : 0) + 1e-5));
	}
}

/* y = by · x + plus, each channel's own. */
LES_INLINE void line_row_any(enum les_type type, const void *restrict x, size_t at, uint32_t cols,
			     uint32_t stride, uint32_t n, const float *restrict by,
			     const float *restrict plus, void *restrict y)
{
	for (uint32_t col = 0; col < cols; col++, at += stride)
		for (uint32_t i = 0; i < n; i++)
			les_put(type, y, at + i, les_get(type, x, at + i) * by[i] + plus[i]);
}

LES_VECTOR
static void line_row(enum les_type type, const void *restrict x, size_t at, uint32_t cols,
		     uint32_t stride, uint32_t n, const float *restrict by,
		     const float *restrict plus, void *restrict y)
{
	LES_FOR_TYPE(type, line_row_any, x, at, cols, stride, n, by, plus, y);
}

/* (x - mean) / deviation · scale + shift */
static void normalise(const struct some *g, const float *scale, const float *shift, const void *x,
		      const float *moments, void *y)
{
	const struct les_images *s = g->s;

	for (struct pass p = passes(g); next_pass(&p);) {
		float by[CHANNELS], plus[CHANNELS];
		for (uint32_t i = 0; i < p.n; i++) {
			const float *own = moments + 2 * (size_t)group_of(&p, i);
			by[i] = own[1] * scale[p.from + i];
			plus[i] = shift[p.from + i] - own[0] * by[i];
		}
		for (uint32_t row = 0; row < s->h; row++)
			line_row(s->type, x, row_at(&p, row), s->widths[g->image], s->c, p.n, by,
				 plus, y);
	}
}

void les_group_norm_forward(const struct les_images *s, uint32_t groups, const float *scale,
			    const float *shift, const void *x, void *y, float *moments)
{
	for (uint32_t n = 0; n < s->n; n++)
		for (uint32_t first = 0, done; first < groups; first += done) {
			const struct some g = some_groups(s, n, groups, first);
			float *own = moments + 2 * ((size_t)n * groups + first);
			group_moments(&g, x, own);
			normalise(&g, scale, shift, x, own, y);
			done = g.n;
		}
	les_images_mask(s, y);
}

/* Each channel's Σ dy and Σ dy · norm, norm = (x - mean) · by. */
LES_INLINE void back_sum_row_any(enum les_type type, const void *restrict x,
				 const void *restrict dy, size_t at, uint32_t cols, uint32_t stride,
				 uint32_t n, const float *restrict mean, const float *restrict by,
				 double *restrict sums, double *restrict alongs)
{
	for (uint32_t col = 0; col < cols; col++, at += stride)
		for (uint32_t i = 0; i < n; i++) {
			const float d = les_get(type, dy, at + i);
			sums[i] += (double)d;
			alongs[i] += (double)(d * ((les_get(type, x, at + i) - mean[i]) * by[i]));
		}
}

LES_VECTOR
static void back_sum_row(enum les_type type, const void *restrict x, const void *restrict dy,
			 size_t at, uint32_t cols, uint32_t stride, uint32_t n,
			 const float *restrict mean, const float *restrict by,
			 double *restrict sums, double *restrict alongs)
{
	LES_FOR_TYPE(type, back_sum_row_any, x, dy, at, cols, stride, n, mean, by, sums, alongs);
}

/* Adds to the channels' gradients; the two means that come between dy and dx, of each group:
 * dy · scale and dy · scale · norm. */
static void group_means(const struct some *g, const float *scale, const void *x,
			const float *moments, const void *dy, float *dscale, float *dshift,
			float *ret)
{
	double sums[CHANNELS] = {0}, alongs[CHANNELS] = {0}; /* of the groups */
	const double count = values_each(g);
	const struct les_images *s = g->s;

	for (struct pass p = passes(g); next_pass(&p);) {
		float mean[CHANNELS], by[CHANNELS];
		double sum[CHANNELS] = {0}, along[CHANNELS] = {0};
		for (uint32_t i = 0; i < p.n; i++) {
			mean[i] = moments[2 * (size_t)group_of(&p, i)];
			by[i] = moments[2 * (size_t)group_of(&p, i) + 1];
		}
		for (uint32_t row = 0; row < s->h; row++)
			back_sum_row(s->type, x, dy, row_at(&p, row), s->widths[g->image], s->c,
				     p.n, mean, by, sum, along);
		for (uint32_t i = 0; i < p.n; i++) {
			dshift[p.from + i] += (float)sum[i];
			dscale[p.from + i] += (float)along[i];
			sums[group_of(&p, i)] += sum[i] * (double)scale[p.from + i];
			alongs[group_of(&p, i)] += along[i] * (double)scale[p.from + i];
		}
	}
	for (uint32_t k = 0; k < g->n; k++) {
		ret[2 * k] = (float)(sums[k] / count);
		ret[2 * k + 1] = (float)(alongs[k] / count);
	}
}

/* dx = of_dy · dy + of_x · x + plus, each channel's own. */
LES_INLINE void plane_row_any(enum les_type type, const void *restrict x, const void *restrict dy,
			      size_t at, uint32_t cols, uint32_t stride, uint32_t n,
			      const float *restrict of_dy, const float *restrict of_x,
			      const float *restrict plus, void *restrict dx)
{
	for (uint32_t col = 0; col < cols; col++, at += stride)
		for (uint32_t i = 0; i < n; i++)
			les_put(type, dx, at + i,
				les_get(type, dy, at + i) * of_dy[i] +
					les_get(type, x, at + i) * of_x[i] + plus[i]);
}

LES_VECTOR
static void plane_row(enum les_type type, const void *restrict x, const void *restrict dy,
		      size_t at, uint32_t cols, uint32_t stride, uint32_t n,
		      const float *restrict of_dy, const float *restrict of_x,
		      const float *restrict plus, void *restrict dx)
{
	LES_FOR_TYPE(type, plane_row_any, x, dy, at, cols, stride, n, of_dy, of_x, plus, dx);
}

/* by · (dy · scale - means[0] - norm · means[1]) */
static void normalise_back(const struct some *g, const float *scale, const void *x,
			   const float *moments, const float *means, const void *dy, void *dx)
{
	const struct les_images *s = g->s;

	for (struct pass p = passes(g); next_pass(&p);) {
		float of_dy[CHANNELS], of_x[CHANNELS], plus[CHANNELS];
		for (uint32_t i = 0; i < p.n; i++) {
			const float *own = moments + 2 * (size_t)group_of(&p, i);
			const float *mean = means + 2 * (size_t)group_of(&p, i);
			of_dy[i] = own[1] * scale[p.from + i];
			of_x[i] = -own[1] * own[1] * mean[1];
			plus[i] = -own[1] * mean[0] - own[0] * of_x[i];
		}
		for (uint32_t row = 0; row < s->h; row++)
			plane_row(s->type, x, dy, row_at(&p, row), s->widths[g->image], s->c, p.n,
				  of_dy, of_x, plus, dx);
	}
}

void les_group_norm_backward(const struct les_images *s, uint32_t groups, const float *scale,
			     const void *x, const float *moments, const void *dy, float *dscale,
			     float *dshift, void *dx)
{
	float means[2 * CHANNELS];

	for (uint32_t n = 0; n < s->n; n++)
		for (uint32_t first = 0, done; first < groups; first += done) {
			const struct some g = some_groups(s, n, groups, first);
			const float *own = moments + 2 * ((size_t)n * groups + first);
			group_means(&g, scale, x, own, dy, dscale, dshift, means);
			normalise_back(&g, scale, x, own, means, dy, dx);
			done = g.n;
		}
	les_images_mask(s, dx);
}
