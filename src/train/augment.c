#include "train/augment.h"

#include "base/random.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* A line on its way. */
struct sheet {
	float *at; /* [h][w] */
	float *other;
	uint32_t h, w;
	struct les_random random;
	float strength;
	float paper, contrast; /* its level, and ink's above it: a faint line bears fainter dirt */
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

/* Smooth noise: values at knots, joined linearly. */
enum { KNOTS_MAX = 256 };
struct field {
	float at[KNOTS_MAX];
	float step_px;
};

static struct field draw_field(struct sheet *s, float step_px, float size)
{
	struct field f = {.step_px = fmaxf(step_px, (float)(s->w + 1) / (KNOTS_MAX - 3))};

	for (uint32_t i = 0; i < KNOTS_MAX; i++)
		f.at[i] = size * les_random_between(&s->random, -1, 1);
	return f;
}

static float field_at(const struct field *f, float x)
{
	const float at = clamp(x / f->step_px, 0, KNOTS_MAX - 2);
	const uint32_t i = (uint32_t)at;
	const float part = at - (float)i;

	return f->at[i] * (1 - part) + f->at[i + 1] * part;
}

static float sample(const float *in, uint32_t h, uint32_t w, float x, float y)
{
	if (x <= -1 || y <= -1 || x >= (float)w || y >= (float)h)
		return 0;
	const int32_t x0 = (int32_t)floorf(x), y0 = (int32_t)floorf(y);
	const float fx = x - (float)x0, fy = y - (float)y0;
	float sum = 0;

	for (int32_t dy = 0; dy < 2; dy++)
		for (int32_t dx = 0; dx < 2; dx++) {
			const int32_t px = x0 + dx, py = y0 + dy;
			if (px >= 0 && py >= 0 && px < (int32_t)w && py < (int32_t)h)
				sum += in[(size_t)py * w + (size_t)px] * (dx ? fx : 1 - fx) *
				       (dy ? fy : 1 - fy);
		}
	return sum;
}

/* The same beyond an edge of height: as in a mirror, paper goes on, and strokes as of neighbours.
 */
static float sample_on(const float *in, uint32_t h, uint32_t w, float x, float y)
{
	const float last = (float)(h - 1);

	y = y < 0 ? -y : y > last ? 2 * last - y : y;
	return sample(in, h, w, x, clamp(y, 0, last));
}

/* Paper is the middle of all values, ink the darkest hundredth. */
static void look_at(struct sheet *s, const float *at, size_t n)
{
	enum { BINS = 64 };
	size_t bins[BINS] = {0}, seen = 0;
	uint32_t middle = 0, dark = 0;

	for (size_t i = 0; i < n; i++)
		bins[(uint32_t)(clamp(at[i], 0, 1) * (BINS - 1))]++;
	for (uint32_t i = 0; i < BINS; i++) {
		seen += bins[i];
		if (seen * 2 <= n)
			middle = i + 1;
		if (seen * 100 <= n * 99)
			dark = i + 1;
	}
	s->paper = (float)middle / (BINS - 1);
	s->contrast = dark > middle ? (float)(dark - middle) / (BINS - 1) : 0;
}

/* Writing as large in its line as whoever cut the line out left it: outlines of one tool lie a
 * fifth farther from the letters than another's, and half as far again at times. From half a
 * strength on all of that happens. */
static float draw_size(struct sheet *s)
{
	return exp2f(les_random_between(&s->random, -0.5f, 0.15f) * fminf(2 * s->strength, 1));
}

/* Size, stretch, slant, turn, shift, and a paper that is not flat, in one go, so that it is sampled
 * once. */
static void warp(struct sheet *s, const float *in, uint32_t w, uint32_t w_max)
{
	const float h = (float)s->h, strength = s->strength;
	const float size = draw_size(s);
	const float stretch = size * (1 + around(s, 0.12f)), height = size * (1 + around(s, 0.1f));
	const float slant = around(s, 0.3f), turn = around(s, 0.02f), shift = around(s, 0.1f) * h;
	const uint32_t to_w = (uint32_t)clamp((float)w * stretch, 1, (float)w_max);
	const float back_x = (float)w / (float)to_w, middle = (h - 1) / 2;

	s->w = to_w;
	const struct field wave_y = draw_field(s, h * 1.5f, 0.05f * h * strength);
	const struct field wave_x = draw_field(s, h * 0.5f, 0.05f * h * strength);
	const struct field lean = draw_field(s, h * 2, 0.12f * strength);
	for (uint32_t x = 0; x < to_w; x++) {
		const float at = (float)x, tilt = turn * clamp(at - (float)to_w / 2, -4 * h, 4 * h);
		const float dy = field_at(&wave_y, at) + tilt + shift;
		const float dx = field_at(&wave_x, at), skew = slant + field_at(&lean, at);
		for (uint32_t y = 0; y < s->h; y++) {
			const float from_y = (float)y - middle;
			s->at[(size_t)y * to_w + x] =
				sample_on(in, s->h, w, at * back_x + dx + skew * from_y,
					  middle + from_y / height + dy);
		}
	}
}

static void swap(struct sheet *s)
{
	float *at = s->at;

	s->at = s->other;
	s->other = at;
}

/* A pen that is broader (amount > 0) or finer: towards the highest or lowest of a pixel and its
 * four neighbours. */
static void thicken(struct sheet *s, float amount)
{
	const size_t w = s->w;

	for (uint32_t y = 0; y < s->h; y++)
		for (uint32_t x = 0; x < s->w; x++) {
			const float *p = s->at + y * w + x;
			const float up = y > 0 ? p[-(ptrdiff_t)w] : 0;
			const float down = y + 1 < s->h ? p[w] : 0;
			const float left = x > 0 ? p[-1] : 0, right = x + 1 < s->w ? p[1] : 0;
			const float far = amount > 0 ? fmaxf(fmaxf(up, down), fmaxf(left, right))
						     : fminf(fminf(up, down), fminf(left, right));
			const float to = amount > 0 ? fmaxf(far, *p) : fminf(far, *p);
			s->other[y * w + x] = *p + fabsf(amount) * (to - *p);
		}
	swap(s);
}

/* Three taps along both sides: amount is what the neighbours get. */
static void blur(struct sheet *s, float amount)
{
	const size_t w = s->w;
	const float side = amount / 3, own = 1 - 2 * side;

	for (size_t y = 0; y < s->h; y++)
		for (size_t x = 0; x < w; x++)
			s->other[y * w + x] = own * s->at[y * w + x] +
					      side * ((x > 0 ? s->at[y * w + x - 1] : 0) +
						      (x + 1 < w ? s->at[y * w + x + 1] : 0));
	for (size_t y = 0; y < s->h; y++)
		for (size_t x = 0; x < w; x++)
			s->at[y * w + x] = own * s->other[y * w + x] +
					   side * ((y > 0 ? s->other[(y - 1) * w + x] : 0) +
						   (y + 1 < s->h ? s->other[(y + 1) * w + x] : 0));
}

/* What a scan of fewer dots leaves. */
static void coarsen(struct sheet *s, float factor)
{
	const uint32_t w = (uint32_t)fmaxf(2, (float)s->w * factor);
	const uint32_t h = (uint32_t)fmaxf(2, (float)s->h * factor);
	const float x_step = (float)s->w / (float)w, y_step = (float)s->h / (float)h;

	for (uint32_t y = 0; y < h; y++)
		for (uint32_t x = 0; x < w; x++)
			s->other[(size_t)y * w + x] =
				sample(s->at, s->h, s->w, ((float)x + 0.5f) * x_step - 0.5f,
				       ((float)y + 0.5f) * y_step - 0.5f);
	for (uint32_t y = 0; y < s->h; y++)
		for (uint32_t x = 0; x < s->w; x++)
			s->at[(size_t)y * s->w + x] =
				sample(s->other, h, w, ((float)x + 0.5f) / x_step - 0.5f,
				       ((float)y + 0.5f) / y_step - 0.5f);
}

/* The pen runs dry and is dipped again. */
static void fade(struct sheet *s)
{
	const struct field f = draw_field(s, 2 * (float)s->h, 0.3f * s->strength);
	const float gain = 1 - les_random_between(&s->random, 0, 0.4f) * s->strength;

	for (uint32_t x = 0; x < s->w; x++) {
		const float by = clamp(gain + field_at(&f, (float)x), 0.25f, 1);
		for (uint32_t y = 0; y < s->h; y++)
			s->at[(size_t)y * s->w + x] *= by;
	}
}

static void lay_over(float *to, float ink)
{
	if (ink > *to)
		*to = ink;
}

/* The line itself from behind, weak, mirrored and moved. */
static void bleed(struct sheet *s)
{
	const float weight = les_random_between(&s->random, 0.08f, 0.3f) * s->strength;
	const uint32_t move = les_random_below(&s->random, s->w);
	const int32_t down = (int32_t)around(s, 0.4f * (float)s->h);

	memcpy(s->other, s->at, (size_t)s->h * s->w * sizeof(float));
	for (int32_t y = 0; y < (int32_t)s->h; y++) {
		const int32_t from = y + down;
		if (from < 0 || from >= (int32_t)s->h)
			continue;
		for (uint32_t x = 0; x < s->w; x++)
			lay_over(&s->at[(size_t)y * s->w + x],
				 s->paper + weight * (s->other[(size_t)from * s->w +
							       (2 * s->w - 1 - x + move) % s->w] -
						      s->paper));
	}
}

/* Lines that the paper has: one to three, hardly sloping. */
static void rule(struct sheet *s)
{
	const uint32_t n = 1 + les_random_below(&s->random, 3);

	for (uint32_t i = 0; i < n; i++) {
		const float ink = s->paper + les_random_between(&s->random, 0.1f, 0.6f) *
						     s->strength * s->contrast;
		const float y0 = les_random_unit(&s->random) * (float)s->h,
			    slope = around(s, 0.01f);
		const float thick = les_random_between(&s->random, 0.4f, 1.3f);
		for (uint32_t x = 0; x < s->w; x++) {
			const float y = y0 + slope * (float)x;
			const int32_t from = (int32_t)ceilf(y - thick);
			for (int32_t row = from; (float)row <= y + thick; row++)
				if (row >= 0 && row < (int32_t)s->h)
					lay_over(&s->at[(size_t)row * s->w + x], ink);
		}
	}
}

/* Descenders of the line above, ascenders of the one below: the line itself, far moved. */
static void neighbours(struct sheet *s)
{
	const bool above = les_random_below(&s->random, 2);
	const uint32_t reach =
		(uint32_t)((0.08f + 0.2f * les_random_unit(&s->random) * s->strength) *
			   (float)s->h);
	const uint32_t move = les_random_below(&s->random, s->w);
	/* a neighbour's lower (upper) third comes in at the top (bottom) */
	const uint32_t from = above ? s->h - s->h / 5 - reach : s->h / 5;

	memcpy(s->other, s->at, (size_t)s->h * s->w * sizeof(float));
	for (uint32_t i = 0; i < reach; i++) {
		const uint32_t to = above ? i : s->h - reach + i;
		for (uint32_t x = 0; x < s->w; x++)
			lay_over(&s->at[(size_t)to * s->w + x],
				 s->other[(size_t)(from + i) * s->w + (x + move) % s->w]);
	}
}

/* Noise of two grains and a paper that is not white. */
static void soil(struct sheet *s)
{
	const float dirt = s->strength * s->contrast;
	const float fine = les_random_between(&s->random, 0, 0.08f) * dirt;
	const float paper = les_random_between(&s->random, 0, 0.15f) * dirt;
	const uint64_t key = les_random_u64(&s->random);

	for (size_t i = 0; i < (size_t)s->h * s->w; i++) {
		const uint64_t bits = les_random_mix(key + i * 0x9e3779b97f4a7c15u);
		const float noise = (float)(bits & 0xffff) + (float)(bits >> 16 & 0xffff) +
				    (float)(bits >> 32 & 0xffff) - 98302.5f;
		s->at[i] = clamp(paper + (1 - paper) * s->at[i] + fine * noise / 32768, 0, 1);
	}
}

void les_augment(const float *in, uint32_t h, uint32_t w, float strength, uint64_t seed,
		 uint32_t w_max, float *out, uint32_t *ret_w, float *scratch)
{
	struct sheet s = {.at = scratch,
			  .other = scratch + (size_t)h * w_max,
			  .h = h,
			  .w = w,
			  .random = les_random(seed, 0xa06, 0),
			  .strength = strength};

	if (strength <= 0) {
		memcpy(out, in, (size_t)h * w * sizeof(float));
		*ret_w = w;
		return;
	}
	look_at(&s, in, (size_t)h * w);
	warp(&s, in, w, w_max);
	if (chance(&s, 0.5f))
		thicken(&s, around(&s, 0.9f));
	if (chance(&s, 0.25f))
		neighbours(&s);
	if (chance(&s, 0.35f))
		fade(&s);
	if (chance(&s, 0.15f))
		bleed(&s);
	if (chance(&s, 0.15f))
		rule(&s);
	if (chance(&s, 0.2f))
		coarsen(&s, les_random_between(&s.random, 0.45f, 0.85f));
	if (chance(&s, 0.4f))
		blur(&s, les_random_between(&s.random, 0.2f, 1));
	if (chance(&s, 0.5f))
		soil(&s);
	memcpy(out, s.at, (size_t)h * s.w * sizeof(float));
	*ret_w = s.w;
}
