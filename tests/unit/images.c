/* nn/images.h: pools against loops one value at a time. */
#include "nn/images.h"
#include "base/random.h"
#include "nn/vector.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

static float at(enum les_type type, const void *values, size_t i)
{
	return type == LES_BF16 ? les_bf16_float(((const uint16_t *)values)[i])
				: ((const float *)values)[i];
}

static void put(enum les_type type, void *values, size_t i, float v)
{
	if (type == LES_BF16)
		((uint16_t *)values)[i] = les_bf16_of(v);
	else
		((float *)values)[i] = v;
}

/* Values in quarters, so that some are alike. */
static void *some_values(const struct les_images *s, uint64_t seed)
{
	struct les_random random = les_random(seed, 0, 0);
	void *values = malloc(les_images_values(s) * les_type_bytes(s->type));

	assert_non_null(values);
	for (size_t i = 0; i < les_images_values(s); i++)
		put(s->type, values, i,
		    (float)(int)les_random_between(&random, -8.0f, 8.0f) / 4.0f);
	return values;
}

static size_t place_of(const struct les_images *s, uint32_t n, uint32_t y, uint32_t x, uint32_t c)
{
	return (((size_t)n * s->h + y) * s->w + x) * s->c + c;
}

/* ---- pools ---- */

/* A pool over one batch: what it gives, and what each of its windows chose. */
struct pooled {
	struct les_pool pool;
	struct les_images in, out;
	void *x, *y, *dy, *dx;
	uint8_t *picks;
};

/* The place in the input of a window's value k. */
static size_t place_in(const struct pooled *p, uint32_t n, uint32_t y, uint32_t x, uint32_t c,
		       uint32_t k)
{
	return place_of(&p->in, n, y * p->pool.stride_h + k / p->pool.kernel_w,
			x * p->pool.stride_w + k % p->pool.kernel_w, c);
}

static void check_value(const struct pooled *p, float *want_dx, uint32_t n, uint32_t y, uint32_t x,
			uint32_t c)
{
	const size_t to = place_of(&p->out, n, y, x, c);
	uint32_t pick = 0;

	for (uint32_t k = 1; k < p->pool.kernel_h * p->pool.kernel_w; k++)
		if (at(p->in.type, p->x, place_in(p, n, y, x, c, k)) >
		    at(p->in.type, p->x, place_in(p, n, y, x, c, pick)))
			pick = k;
	const size_t from = place_in(p, n, y, x, c, pick);
	const float high = x < p->out.widths[n] ? at(p->in.type, p->x, from) : 0;
	assert_int_equal(p->picks[to], pick);
	assert_true(at(p->in.type, p->y, to) == high);
	want_dx[from] += at(p->in.type, p->dy, to) * (high > 0 ? 1 : p->pool.slope);
}

static void check_pool(enum les_type type, uint32_t channels, struct les_pool pool)
{
	enum { N = 2, H = 8, W = 9 };
	const uint32_t h = (H - pool.kernel_h) / pool.stride_h + 1;
	const uint32_t w = (W - pool.kernel_w) / pool.stride_w + 1;
	const uint32_t in_widths[N] = {W, W - 1}, out_widths[N] = {w, w - 1};
	struct pooled p = {.pool = pool,
			   .in = {type, N, H, W, channels, in_widths},
			   .out = {type, N, h, w, channels, out_widths}};
	float *want_dx = calloc(les_images_values(&p.in), sizeof *want_dx);

	p.x = some_values(&p.in, 1);
	p.dx = some_values(&p.in, 2); /* to be overwritten, all of it */
	p.y = some_values(&p.out, 3);
	p.dy = some_values(&p.out, 4);
	p.picks = malloc(les_images_values(&p.out));
	assert_true(want_dx && p.picks);
	les_images_mask(&p.out, p.dy);
	les_pool_forward(&pool, &p.in, &p.out, p.x, p.y, p.picks);
	les_pool_backward(&pool, &p.in, &p.out, p.y, p.picks, p.dy, p.dx);
	for (uint32_t n = 0; n < N; n++)
		for (uint32_t y = 0; y < h; y++)
			for (uint32_t x = 0; x < w; x++)
				for (uint32_t c = 0; c < channels; c++)
					check_value(&p, want_dx, n, y, x, c);
	for (size_t i = 0; i < les_images_values(&p.in); i++)
		assert_true(
			at(type, p.dx, i) ==
			(type == LES_BF16 ? les_bf16_float(les_bf16_of(want_dx[i])) : want_dx[i]));
	free(p.x);
	free(p.y);
	free(p.dy);
	free(p.dx);
	free(p.picks);
	free(want_dx);
}

/* Side by side and leaving a margin, one wide, apart, overlapping. */
static void pools_choose_the_first_of_the_highest(void **state)
{
	static const struct les_pool pools[] = {{2, 2, 2, 2, 0},
						{2, 1, 2, 1, 0},
						{2, 1, 2, 1, 1},
						{3, 2, 3, 3, 0.3f},
						{3, 3, 2, 2, 0.5f}};
	static const uint32_t channels[] = {1, 7, 16, 30, 45};

	(void)state;
	for (size_t i = 0; i < LES_COUNT(pools); i++)
		for (size_t k = 0; k < LES_COUNT(channels); k++) {
			check_pool(LES_F32, channels[k], pools[i]);
			check_pool(LES_BF16, channels[k], pools[i]);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pools_choose_the_first_of_the_highest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
