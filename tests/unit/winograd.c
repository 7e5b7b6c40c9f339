/* nn/winograd.h: against the convolution as it is defined, there and both ways back. */
#include "nn/winograd.h"
#include "base/random.h"
#include "nn/dnnl_back.h"
#include "test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct images {
	float *x, *y, *dx, *dy, *weights, *dweights, *bias, *dbias;
	size_t x_n, y_n, weights_n;
};

static float *noise(size_t n, uint64_t seed)
{
	struct les_random random = les_random(seed, n, 0);
	float *values = calloc(n, sizeof *values);

	assert_non_null(values);
	for (size_t i = 0; i < n; i++)
		values[i] = les_random_normal(&random);
	return values;
}

static struct images make(const struct les_conv *c)
{
	const size_t pixels = (size_t)c->n * c->in_h * c->in_w;
	struct images i = {.x_n = pixels * c->in_c,
			   .y_n = pixels * c->out_c,
			   .weights_n = (size_t)c->out_c * c->in_c * 3 * c->kernel_w};

	i.x = noise(i.x_n, 1);
	i.y = noise(i.y_n, 2);
	i.dx = noise(i.x_n, 3);
	i.dy = noise(i.y_n, 4);
	i.weights = noise(i.weights_n, 5);
	i.dweights = noise(i.weights_n, 6); /* both are added to */
	i.bias = noise(c->out_c, 7);
	i.dbias = noise(c->out_c, 8);
	return i;
}

static void done(struct images *i)
{
	float *const all[] = {i->x, i->y, i->dx, i->dy, i->weights, i->dweights, i->bias, i->dbias};

	for (size_t k = 0; k < LES_COUNT(all); k++)
		free(all[k]);
}

/* What one value of the output takes from one of the input, and what goes back. */
static void touch(const struct les_conv *c, struct images *i, size_t out, size_t in, size_t weight)
{
	for (uint32_t o = 0; o < c->out_c; o++)
		for (uint32_t k = 0; k < c->in_c; k++) {
			const size_t w = ((size_t)o * c->in_c + k) * 3 * c->kernel_w + weight;
			const size_t y = out * c->out_c + o, x = in * c->in_c + k;
			i->y[y] += i->x[x] * i->weights[w];
			i->dx[x] += i->dy[y] * i->weights[w];
			i->dweights[w] += i->dy[y] * i->x[x];
		}
}

static float act_of(const struct les_conv *c, float v)
{
	if (v > 0 || c->act == LES_ACT_NONE)
		return v;
	return c->act == LES_ACT_RELU ? 0 : 0.01f * v;
}

static void as_defined(const struct les_conv *c, struct images *i)
{
	memset(i->dx, 0, i->x_n * sizeof(float));
	for (size_t k = 0; k < i->y_n; k++) {
		i->y[k] = i->bias[k % c->out_c];
		i->dbias[k % c->out_c] += i->dy[k];
	}
	for (uint32_t n = 0; n < c->n; n++)
		for (uint32_t y = 0; y < c->in_h; y++)
			for (uint32_t x = 0; x < c->in_w; x++)
				for (uint32_t ky = 0; ky < 3; ky++)
					for (uint32_t kx = 0; kx < c->kernel_w; kx++) {
						const uint32_t v = y + ky - 1,
							       u = x + kx - c->pad_left;
						const size_t row = (size_t)n * c->in_h;
						if (v < c->in_h && u < c->in_w)
							touch(c, i, (row + y) * c->in_w + x,
							      (row + v) * c->in_w + u,
							      ky * c->kernel_w + kx);
					}
	for (size_t k = 0; k < i->y_n; k++)
		i->y[k] = act_of(c, i->y[k]);
}

static void run(const struct les_conv *c, struct images *i)
{
	LES_CLEANUP(les_winograd_free_p) struct les_winograd *g = NULL;
	struct les_packed *packed[2][LES_WINOGRAD_KERNELS];
	float *kernel = noise(i->weights_n / 3, 0);
	double seconds = 0;

	assert_int_equal(les_winograd_new(c, true, &g, NULL), LES_OK);
	for (int back = 0; back < 2; back++)
		for (uint32_t k = 0; k < LES_WINOGRAD_KERNELS; k++) {
			les_winograd_kernel(c, i->weights, k, kernel);
			assert_int_equal(les_packed_new(les_winograd_prim(g, back), LES_ARG_WEIGHTS,
							kernel, &packed[back][k], NULL),
					 LES_OK);
		}
	void *scratch = aligned_alloc(64, les_winograd_scratch(g));
	assert_non_null(scratch);
	memset(scratch, 0xff,
	       les_winograd_scratch(g)); /* NaN: nothing there is taken for granted */
	assert_int_equal(les_winograd_bind(g, packed[0], packed[1], i->bias, scratch, NULL),
			 LES_OK);
	for (int again = 0; again < 2; again++) {
		assert_int_equal(les_winograd_forward(g, i->x, i->y, &seconds, NULL), LES_OK);
		assert_int_equal(les_winograd_back_data(g, i->dy, i->dx, &seconds, NULL), LES_OK);
	}
	assert_int_equal(
		les_winograd_back_weights(g, i->x, i->dy, i->dweights, i->dbias, &seconds, NULL),
		LES_OK);
	assert_true(seconds > 0);
	for (int back = 0; back < 2; back++)
		for (uint32_t k = 0; k < LES_WINOGRAD_KERNELS; k++)
			les_packed_free(packed[back][k]);
	free(kernel);
	free(scratch);
}

static void assert_close(const float *got, const float *want, size_t n, const char *what)
{
	double most = 0;

	for (size_t i = 0; i < n; i++)
		most = fmax(most, fabs((double)want[i]));
	for (size_t i = 0; i < n; i++)
		if (!(fabs((double)(got[i] - want[i])) <= 1e-5 * most))
			fail_msg("%s: %g, not %g, at %zu", what, (double)got[i], (double)want[i],
				 i);
}

static struct les_conv conv(uint32_t n, uint32_t h, uint32_t w, uint32_t in_c, uint32_t out_c,
			    uint32_t kernel_w, enum les_act act)
{
	return (struct les_conv){.n = n,
				 .in_c = in_c,
				 .in_h = h,
				 .in_w = w,
				 .out_c = out_c,
				 .out_h = h,
				 .out_w = w,
				 .kernel_h = 3,
				 .kernel_w = kernel_w,
				 .stride_h = 1,
				 .stride_w = 1,
				 .dilation_h = 1,
				 .dilation_w = 1,
				 .pad_top = 1,
				 .pad_left = (kernel_w - 1) / 2,
				 .groups = 1,
				 .act = act};
}

static void it_is_the_convolution(void **state)
{
	const struct les_conv cases[] = {
		conv(1, 1, 1, 1, 1, 1, LES_ACT_NONE),    conv(1, 1, 9, 4, 3, 3, LES_ACT_RELU),
		conv(2, 2, 7, 3, 5, 5, LES_ACT_LEAKY),   conv(3, 3, 8, 16, 16, 3, LES_ACT_RELU),
		conv(2, 7, 20, 32, 16, 9, LES_ACT_NONE), conv(1, 16, 33, 16, 32, 13, LES_ACT_RELU),
		conv(5, 9, 400, 8, 8, 3, LES_ACT_LEAKY), /* several turns: 25 pairs of rows */
	};

	(void)state;
	for (size_t k = 0; k < LES_COUNT(cases); k++) {
		struct images got = make(&cases[k]), want = make(&cases[k]);
		run(&cases[k], &got);
		as_defined(&cases[k], &want);
		assert_close(got.y, want.y, want.y_n, "y");
		assert_close(got.dx, want.dx, want.x_n, "dx");
		assert_close(got.dweights, want.dweights, want.weights_n, "dweights");
		assert_close(got.dbias, want.dbias, cases[k].out_c, "dbias");
		done(&got);
		done(&want);
	}
}

/* A NaN goes through, also through a ReLU: a training that went astray must show it. */
static void nan_is_not_lost(void **state)
{
	const struct les_conv c = conv(1, 4, 9, 4, 4, 3, LES_ACT_RELU);
	struct images i = make(&c);
	bool found = false;

	(void)state;
	i.x[50] = NAN;
	run(&c, &i);
	for (size_t k = 0; k < i.y_n; k++)
		found = found || isnan(i.y[k]);
	assert_true(found);
	done(&i);
}

static void only_what_it_can_do_fits(void **state)
{
	const struct les_conv good = conv(1, 60, 800, 32, 32, 13, LES_ACT_RELU);
	struct les_conv bad[12];

	(void)state;
	assert_true(les_winograd_fits(&good, LES_F32, LES_F32));
	assert_false(les_winograd_fits(&good, LES_BF16, LES_BF16));
	for (size_t i = 0; i < LES_COUNT(bad); i++)
		bad[i] = good;
	bad[0].kernel_h = 5;
	bad[1].stride_h = 2;
	bad[2].stride_w = 2;
	bad[3].dilation_h = 2;
	bad[4].dilation_w = 2;
	bad[5].groups = 32;
	bad[6].transposed = true;
	bad[7].act = LES_ACT_TANH;
	bad[8].pad_top = 0;
	bad[9].out_h = 58;
	bad[10].out_w = 790;
	bad[11].in_c = 1; /* not worth it */
	for (size_t i = 0; i < LES_COUNT(bad); i++)
		assert_false(les_winograd_fits(&bad[i], LES_F32, LES_F32));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_the_convolution),
		cmocka_unit_test(nan_is_not_lost),
		cmocka_unit_test(only_what_it_can_do_fits),
	};

	les_threads_set(1); /* as in training: a replica is a thread's */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
