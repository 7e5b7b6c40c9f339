#include "train/page_augment.h"

#include "base/random.h"
#include "nn/vector.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { WAVES = 3, AXES = 2, INVERSE_STEPS = 30 };

static const float PI = 3.14159265f;

/* A page on its way. */
struct sheet {
	float *at, *other; /* [h][w][c] */
	uint32_t h, w, c;
	struct les_random random;
	float strength;
};

/* Paper that is not flat: a displacement that rises and falls across the page. */
struct wave {
	float size_px, x, y, phase; /* x, y: radians for each pixel */
};

/* From the new page's pixels to the old one's: about its middle, a matrix; then waves. */
struct map {
	float middle_x, middle_y, to_x, to_y;
	float xx, xy, yx, yy;
	struct wave waves[AXES][WAVES];
};

static bool chance(struct sheet *s, float p)
{
	return les_random_unit(&s->random) < p * s->strength;
}

/* Around 0, at most size, less at less strength. */
static float around(struct sheet *s, float size)
{
	return les_random_between(&s->random, -size, size) * s->strength;
}

static float clamp(float v, float low, float high)
{
	return v < low ? low : v > high ? high : v;
}

/* ---- where it goes ---- */

/* No wave is steeper than a fortieth: the map can be turned round. */
static struct wave draw_wave(struct sheet *s)
{
	const float length = les_random_between(&s->random, 0.25f, 1) * (float)s->w;
	const float way = les_random_between(&s->random, 0, 2 * PI);
	const float steep = 2 * PI / length;

	return (struct wave){around(s, 0.025f / WAVES / steep), steep * cosf(way),
			     steep * sinf(way), les_random_between(&s->random, 0, 2 * PI)};
}

static struct map draw_map(struct sheet *s)
{
	const float turn = around(s, 3 * PI / 180), shear = around(s, 0.03f);
	const float scale = 1 + around(s, 0.12f), stretch = 1 + around(s, 0.05f);
	const float x = scale * stretch, y = scale / stretch;
	struct map m = {
		.middle_x = (float)(s->w - 1) / 2,
		.middle_y = (float)(s->h - 1) / 2,
		.xx = x * cosf(turn),
		.xy = y * (shear * cosf(turn) - sinf(turn)),
		.yx = x * sinf(turn),
		.yy = y * (shear * sinf(turn) + cosf(turn)),
	};

	m.to_x = m.middle_x + around(s, 0.03f) * (float)s->w;
	m.to_y = m.middle_y + around(s, 0.03f) * (float)s->h;
	for (uint32_t axis = 0; axis < AXES; axis++)
		for (uint32_t i = 0; i < WAVES; i++)
			m.waves[axis][i] = draw_wave(s);
	return m;
}

static float waves_at(const struct wave waves[WAVES], float x, float y)
{
	float sum = 0;

	for (uint32_t i = 0; i < WAVES; i++)
		sum += waves[i].size_px * sinf(waves[i].x * x + waves[i].y * y + waves[i].phase);
	return sum;
}

static struct les_point map_straight(const struct map *m, struct les_point p)
{
	const float x = p.x_px - m->middle_x, y = p.y_px - m->middle_y;

	return (struct les_point){m->to_x + m->xx * x + m->xy * y, m->to_y + m->yx * x + m->yy * y};
}

static struct les_point map_back(const struct map *m, struct les_point p)
{
	const struct les_point straight = map_straight(m, p);

	return (struct les_point){straight.x_px + waves_at(m->waves[0], p.x_px, p.y_px),
				  straight.y_px + waves_at(m->waves[1], p.x_px, p.y_px)};
}

/* The point that comes from p: what is left of the way is gone again and again, straight. */
static struct les_point map_on(const struct map *m, struct les_point p)
{
	const float det = m->xx * m->yy - m->xy * m->yx;
	struct les_point q = p;

	for (uint32_t i = 0; i < INVERSE_STEPS; i++) {
		const struct les_point back = map_back(m, q);
		const float x = p.x_px - back.x_px, y = p.y_px - back.y_px;
		q.x_px += (m->yy * x - m->xy * y) / det;
		q.y_px += (m->xx * y - m->yx * x) / det;
	}
	return q;
}

/* All channels of the pixel between four. */
static void sample(const struct sheet *s, struct les_point p, float *out)
{
	const float x = clamp(p.x_px, 0, (float)(s->w - 1));
	const float y = clamp(p.y_px, 0, (float)(s->h - 1));
	const uint32_t x0 = (uint32_t)x, y0 = (uint32_t)y;
	const uint32_t x1 = x0 + 1 < s->w ? x0 + 1 : x0, y1 = y0 + 1 < s->h ? y0 + 1 : y0;
	const float fx = x - (float)x0, fy = y - (float)y0;
	const float *above = s->other + (size_t)y0 * s->w * s->c;
	const float *below = s->other + (size_t)y1 * s->w * s->c;

	for (uint32_t c = 0; c < s->c; c++) {
		const float a = above[x0 * s->c + c] * (1 - fx) + above[x1 * s->c + c] * fx;
		const float b = below[x0 * s->c + c] * (1 - fx) + below[x1 * s->c + c] * fx;
		out[c] = a * (1 - fy) + b * fy;
	}
}

static size_t values(const struct sheet *s)
{
	return (size_t)s->h * s->w * s->c;
}

/* map_back() for a run of pixels: sin(a + b) = sin a · cos b + cos a · sin b, a where the run
 * begins and b on the way from there, which is the same for all runs. */
enum { RUN = 64 };
struct runs {
	const struct map *map;
	float sines[AXES][WAVES][RUN], cosines[AXES][WAVES][RUN]; /* of b, times the wave's size */
};

static void prepare_runs(const struct map *map, struct runs *ret)
{
	ret->map = map;
	for (uint32_t axis = 0; axis < AXES; axis++)
		for (uint32_t i = 0; i < WAVES; i++)
			for (uint32_t k = 0; k < RUN; k++) {
				const struct wave *wave = &map->waves[axis][i];
				ret->sines[axis][i][k] = wave->size_px * sinf(wave->x * (float)k);
				ret->cosines[axis][i][k] = wave->size_px * cosf(wave->x * (float)k);
			}
}

/* One coordinate of a run's pixels, from its first one's on, straight and with waves. */
LES_VECTOR
static void map_run(const struct runs *runs, uint32_t axis, struct les_point p, float first,
		    float step, float *restrict ret)
{
	for (uint32_t k = 0; k < RUN; k++)
		ret[k] = first + step * (float)k;
	for (uint32_t i = 0; i < WAVES; i++) {
		const struct wave *wave = &runs->map->waves[axis][i];
		const float a = wave->x * p.x_px + wave->y * p.y_px + wave->phase;
		const float sine = sinf(a), cosine = cosf(a);
		for (uint32_t k = 0; k < RUN; k++)
			ret[k] +=
				sine * runs->cosines[axis][i][k] + cosine * runs->sines[axis][i][k];
	}
}

static void warp_run(const struct sheet *s, const struct runs *runs, uint32_t x, uint32_t y)
{
	const struct map *m = runs->map;
	const struct les_point p = {(float)x, (float)y}, first = map_straight(m, p);
	const uint32_t n = s->w - x < RUN ? s->w - x : RUN;
	float at_x[RUN], at_y[RUN];

	map_run(runs, 0, p, first.x_px, m->xx, at_x);
	map_run(runs, 1, p, first.y_px, m->yx, at_y);
	for (uint32_t k = 0; k < n; k++)
		sample(s, (struct les_point){at_x[k], at_y[k]},
		       s->at + ((size_t)y * s->w + x + k) * s->c);
}

static void warp(struct sheet *s, struct les_point *points, uint32_t points_n)
{
	const struct map map = draw_map(s);
	struct runs runs;

	memcpy(s->other, s->at, values(s) * sizeof(float));
	prepare_runs(&map, &runs);
	for (uint32_t y = 0; y < s->h; y++)
		for (uint32_t x = 0; x < s->w; x += RUN)
			warp_run(s, &runs, x, y);
	for (uint32_t i = 0; i < points_n; i++)
		points[i] = map_on(&map, points[i]);
}

/* ---- how it looks ---- */

/* Three taps along both sides: amount is what the neighbours get. Edges are repeated. */
static void blur(struct sheet *s, float amount)
{
	const size_t c = s->c, row = s->w * c;
	const float side = amount / 3, own = 1 - 2 * side;

	for (size_t y = 0; y < s->h; y++)
		for (size_t i = 0; i < row; i++) {
			const float *p = s->at + y * row + i;
			const float left = i >= c ? p[-(ptrdiff_t)c] : *p;
			const float right = i + c < row ? p[c] : *p;
			s->other[y * row + i] = own * *p + side * (left + right);
		}
	for (size_t y = 0; y < s->h; y++)
		for (size_t i = 0; i < row; i++) {
			const float *p = s->other + y * row + i;
			const float up = y > 0 ? p[-(ptrdiff_t)row] : *p;
			const float down = y + 1 < s->h ? p[row] : *p;
			s->at[y * row + i] = own * *p + side * (up + down);
		}
}

/* Brightness, contrast and gamma. */
static void tone(struct sheet *s)
{
	const float gamma = expf(around(s, 0.35f)), gain = 1 + around(s, 0.3f);
	const float offset = around(s, 0.1f);

	for (size_t i = 0; i < values(s); i++)
		s->at[i] = gain * powf(clamp(s->at[i], 0, 1), gamma) + offset;
}

/* Paper yellows, lamps have a colour: each channel gets a level and a weight of its own. */
static void cast(struct sheet *s)
{
	float level[3], weight[3];

	for (uint32_t c = 0; c < 3; c++) {
		level[c] = les_random_between(&s->random, 0, 0.12f) * s->strength;
		weight[c] = 1 + around(s, 0.15f);
	}
	for (size_t i = 0; i < values(s); i++)
		s->at[i] = level[i % s->c] + weight[i % s->c] * s->at[i];
}

static void make_grey(struct sheet *s)
{
	for (size_t i = 0; s->c == 3 && i < values(s); i += 3) {
		const float grey =
			0.299f * s->at[i] + 0.587f * s->at[i + 1] + 0.114f * s->at[i + 2];
		s->at[i] = s->at[i + 1] = s->at[i + 2] = grey;
	}
}

static void soil(struct sheet *s)
{
	const float size = les_random_between(&s->random, 0, 0.06f) * s->strength;
	const uint64_t key = les_random_u64(&s->random);

	for (size_t i = 0; i < values(s); i++) {
		const uint64_t bits = les_random_mix(key + i * 0x9e3779b97f4a7c15u);
		const float noise = (float)(bits & 0xffff) + (float)(bits >> 16 & 0xffff) +
				    (float)(bits >> 32 & 0xffff) - 98302.5f;
		s->at[i] += size * noise / 32768;
	}
}

/* As a page comes to the net: the lightest value is 0, none is above 1. */
static void settle(struct sheet *s)
{
	float least = s->at[0];

	for (size_t i = 1; i < values(s); i++)
		least = s->at[i] < least ? s->at[i] : least;
	for (size_t i = 0; i < values(s); i++)
		s->at[i] = clamp(s->at[i] - least, 0, 1);
}

void les_page_augment(float *image, uint32_t h, uint32_t w, uint32_t c, struct les_point *points,
		      uint32_t points_n, float strength, uint64_t seed, float *scratch)
{
	struct sheet s = {.at = image,
			  .other = scratch,
			  .h = h,
			  .w = w,
			  .c = c,
			  .random = les_random(seed, 0x9a6e, 0),
			  .strength = strength};

	if (strength <= 0 || values(&s) == 0)
		return;
	if (chance(&s, 0.8f))
		warp(&s, points, points_n);
	if (chance(&s, 0.3f))
		blur(&s, les_random_between(&s.random, 0.2f, 1));
	if (chance(&s, 0.5f))
		tone(&s);
	if (chance(&s, 0.4f))
		cast(&s);
	if (chance(&s, 0.2f))
		make_grey(&s);
	if (chance(&s, 0.4f))
		soil(&s);
	settle(&s);
}

void les_page_input(const uint8_t *px, uint32_t h, uint32_t w, uint32_t c, float *out)
{
	const size_t n = (size_t)h * w * c;
	uint8_t max = 0;

	for (size_t i = 0; i < n; i++)
		max = px[i] > max ? px[i] : max;
	for (size_t i = 0; i < n; i++)
		out[i] = (float)(max - px[i]) / 255.0f;
}
