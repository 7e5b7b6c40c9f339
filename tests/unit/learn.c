/* What learning stands on: every layer's gradient against finite differences, a batch against its
 * lines alone, rates, random numbers. */
#include "base/cleanup.h"
#include "base/random.h"
#include "nn/optimiser.h"
#include "test.h"
#include "train/augment.h"
#include "train/learner.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LINES = 3, W_MAX = 100 };

struct setting {
	struct les_graph graph;
	struct les_params *params;
	struct les_replica *replica;
	float *images[LINES];
	uint8_t *targets[LINES];
	struct les_sample samples[LINES];
};

/* Noise to read, and what is to be read there: labels, or noise again. */
static void make_sample(struct setting *s, uint32_t i, uint32_t w, struct les_random *random)
{
	static const uint32_t labels[] = {1, 2, 2, 3};
	const size_t pixels = (size_t)w * s->graph.in_h;

	s->images[i] = malloc(sizeof(float) * pixels * s->graph.in_c);
	s->targets[i] = malloc(pixels * s->graph.out_c);
	assert_non_null(s->images[i]);
	assert_non_null(s->targets[i]);
	for (size_t k = 0; k < pixels * s->graph.in_c; k++)
		s->images[i][k] = les_random_unit(random);
	for (size_t k = 0; k < pixels * s->graph.out_c; k++)
		s->targets[i][k] = les_random_unit(random) < 0.3f;
	s->samples[i] = (struct les_sample){s->images[i], w, labels, 4, s->targets[i]};
}

static void setting_open(struct setting *s, const char *spec, enum les_type type, uint64_t seed)
{
	static const uint32_t widths[LINES] = {64, 37, W_MAX};
	const struct les_replica_options options = {
		.type = type, .lines = LINES, .w_max = W_MAX, .px_max = 1000000};
	struct les_random random = les_random(seed, 1, 0);
	struct les_error error = {0};

	*s = (struct setting){0};
	les_threads_set(1);
	assert_int_equal(les_vgsl_parse(spec, &s->graph, &error), LES_OK);
	assert_int_equal(les_params_new(&s->graph, &s->params, &error), LES_OK);
	assert_int_equal(les_params_init(s->params, seed, &error), LES_OK);
	for (size_t i = 0; i < s->params->values_n; i++) /* biases, too, are somewhere */
		s->params->values[i] += 0.05f * les_random_normal(&random);
	if (les_replica_new(&s->graph, s->params, &options, &s->replica, &error) != LES_OK)
		fail_msg("%s", error.message);
	for (uint32_t i = 0; i < LINES; i++)
		make_sample(s, i, widths[i], &random);
}

static void setting_close(struct setting *s)
{
	les_replica_free(s->replica);
	les_params_free(s->params);
	for (uint32_t i = 0; i < LINES; i++) {
		free(s->images[i]);
		free(s->targets[i]);
	}
}

static double loss_of(struct setting *s, uint64_t seed, bool no_dropout)
{
	struct les_outcome outcome = {0};

	les_replica_renew(s->replica);
	les_replica_clear(s->replica);
	assert_int_equal(
		les_replica_train(s->replica, s->samples, LINES, seed, no_dropout, &outcome, NULL),
		LES_OK);
	assert_int_equal(outcome.infeasible_n, 0);
	return outcome.loss;
}

/* Along a random direction in each tensor, the loss changes as the gradient says; within `off`,
 * what the loss's own rounding does. */
static void check_gradients(const char *spec, bool no_dropout, double off)
{
	struct setting s;
	struct les_random random = les_random(9, 0, 0);

	setting_open(&s, spec, LES_F32, 4);
	loss_of(&s, 5, no_dropout);
	float *gradient = malloc(s.params->values_n * sizeof *gradient);
	float *values = malloc(s.params->values_n * sizeof *values);
	float *way = malloc(s.params->values_n * sizeof *way);
	memcpy(gradient, les_replica_gradients(s.replica), s.params->values_n * sizeof *gradient);
	memcpy(values, s.params->values, s.params->values_n * sizeof *values);
	for (uint32_t i = 0; i < s.params->tensors_n; i++) {
		const struct les_param *p = &s.params->tensors[i];
		double want = 0, norm = 0, losses[2];
		for (size_t k = p->at; k < p->at + p->n; k++) {
			way[k] = les_random_normal(&random);
			want += (double)(gradient[k] * way[k]);
			norm += (double)(gradient[k] * gradient[k]);
		}
		const float step = 2e-3f / sqrtf((float)p->n);
		for (int side = 0; side < 2; side++) {
			for (size_t k = p->at; k < p->at + p->n; k++)
				s.params->values[k] = values[k] + (side ? step : -step) * way[k];
			losses[side] = loss_of(&s, 5, no_dropout);
		}
		memcpy(s.params->values, values, s.params->values_n * sizeof *values);
		const double got = (losses[1] - losses[0]) / (2 * (double)step);
		if (!(fabs(got - want) < 0.02 * sqrt(norm) + off))
			fail_msg("%s, %s: %g by differences, %g by the gradient", spec, p->name,
				 got, want);
	}
	free(gradient);
	free(values);
	free(way);
	setting_close(&s);
}

static void gradients_are_those_of_finite_differences(void **state)
{
	(void)state;
	const double off = 0.05;
	check_gradients("[1,8,0,1 Cl3,3,4 S1(1x0)1,3 O1c4]", true, off);
	check_gradients("[1,8,0,1 Cr3,5,6,2,1 Clr3,3,5,1,1,1,2 S1(1x0)1,3 O1c4]", true, off);
	check_gradients("[1,8,0,1 Cr3,3,8 Mp2,2 Cl3,3,8 Mp2,1 S1(1x0)1,3 O1c4]", true, off);
	/* wide enough for nn/winograd.h */
	check_gradients("[1,9,0,1 Cl3,3,8 Cl3,9,32 Cl3,5,32 Mp2,2 S1(1x0)1,3 O1c4]", true, off);
	check_gradients("[1,9,0,1 Cl3,3,8 Mp3,2,2,1 S1(1x0)1,3 O1c4]", true, off);
	check_gradients("[1,8,0,1 Cl3,3,8 Gn4 Cl3,3,6 Gn3 S1(1x0)1,3 O1c4]", true, off);
	check_gradients("[1,8,0,1 Cl3,3,4 S1(1x0)1,3 Lfx6 O1c4]", true, off);
	check_gradients("[1,8,0,1 Cl3,3,4 S1(1x0)1,3 Lbx6 Lbx5 O1c4]", true, off);
	check_gradients("[1,8,0,1 Cl3,3,4 Lfy3 Lbx2 S1(1x0)1,3 Lbx6 O1c4]", true, off);
	check_gradients("[1,8,0,1 Cr3,3,8 Do0.3,2 Mp2,2 Cl3,3,4 Do0.2,1 S1(1x0)1,3 Lbx6 Do0.3,2 "
			"Lbx5 Do0.3 O1c4]",
			false, off);
}

static void gradients_of_line_finders_are_so_too(void **state)
{
	(void)state;
	const double off = 2e-4;
	check_gradients("[1,8,0,1 O2l2]", true, off);
	check_gradients("[1,8,0,2 Cl3,3,4 O2l1]", true, off);
	check_gradients("[1,9,0,1 Lfx4 O2l2]", true, off);
	check_gradients("[1,9,0,3 Lfy4 O2l2]", true, off);
	check_gradients("[1,11,0,1 Cl3,3,4 Lbx3 Lby5 Cl1,1,4 Lby2 Lbx3 O2l2]", true, off);
	check_gradients("[1,12,0,3 Cl7,7,8,2,2 Gn4 Cl3,3,6,2,2 Gn3 Cl3,3,6 O2l3]", true, off);
	check_gradients("[1,3,0,1 Cl3,3,1040 Gn65 O2l2]", true, off);
	check_gradients("[1,24,0,3 Cr3,3,8,2,2 Gn4 Lbx4 Lby4 Cr1,1,4 O2l3]", true, off);
	check_gradients("[1,10,0,1 Cl3,3,8 Do0.3,2 Lbx4 Do0.2,1 Mp2,2 O2l2]", false, off);
}

static void check_together(const char *spec)
{
	struct setting s;
	double together, alone = 0;

	setting_open(&s, spec, LES_F32, 2);
	together = loss_of(&s, 0, true);
	float *gradient = malloc(s.params->values_n * sizeof *gradient);
	memcpy(gradient, les_replica_gradients(s.replica), s.params->values_n * sizeof *gradient);
	les_replica_clear(s.replica);
	for (uint32_t i = 0; i < LINES; i++) {
		struct les_outcome outcome = {0};
		assert_int_equal(
			les_replica_train(s.replica, &s.samples[i], 1, 0, true, &outcome, NULL),
			LES_OK);
		alone += outcome.loss;
	}
	assert_true(fabs(together - alone) < 1e-5 * alone);
	const float *sum = les_replica_gradients(s.replica);
	double off = 0, all = 0;
	for (uint32_t i = 0; i < s.params->tensors_n; i++) {
		const struct les_param *p = &s.params->tensors[i];
		for (size_t k = p->at; k < p->at + p->n; k++) {
			off += pow((double)(sum[k] - gradient[k]), 2);
			all += pow((double)sum[k], 2);
		}
	}
	assert_true(sqrt(off) < 1e-5 * sqrt(all));
	free(gradient);
	setting_close(&s);
}

/* Of the widest bucket, and each of its own. */
static void lines_together_are_lines_alone(void **state)
{
	(void)state;
	check_together("[1,16,0,1 Cr3,5,8 Mp2,2 Gn4 Cr3,3,8 S1(1x0)1,3 Lbx8 Lbx8 O1c4]");
	check_together("[1,16,0,1 Cr3,5,8 Mp2,2 Lby4 S1(1x0)1,3 Lbx8 O1c4]");
	check_together("[1,24,0,3 Cr7,7,8,2,2 Gn4 Cr3,3,8 Gn2 Lbx4 Lby4 Cr1,1,4 Gn2 Lby3 Lbx3 "
		       "O2l3]");
}

/* What is read in a page of 64 pixels, which needs no padding alone. */
static void check_wider(const char *spec, uint32_t h, uint32_t w)
{
	struct setting s;
	struct les_outcome outcome = {0};
	struct les_reading alone, readings[LINES];

	setting_open(&s, spec, LES_F32, 3);
	const size_t n = (size_t)s.graph.out_c * h * w;
	float *logits = malloc(sizeof(float) * n);
	assert_non_null(logits);
	assert_int_equal(les_replica_read(s.replica, s.samples, 1, &outcome, &alone, NULL), LES_OK);
	assert_null(alone.labels);
	assert_int_equal(alone.channels, s.graph.out_c);
	assert_int_equal(alone.h, h);
	assert_int_equal(alone.w, w);
	memcpy(logits, alone.logits, sizeof(float) * n);
	assert_int_equal(les_replica_read(s.replica, s.samples, LINES, &outcome, readings, NULL),
			 LES_OK);
	assert_int_equal(readings[0].h, h);
	assert_int_equal(readings[0].w, w);
	for (size_t i = 0; i < n; i++)
		assert_true(fabsf(readings[0].logits[i] - logits[i]) < 1e-5f);
	free(logits);
	setting_close(&s);
}

static void a_page_read_in_a_wider_bucket_is_the_same(void **state)
{
	(void)state;
	check_wider("[1,24,0,3 Cr7,7,8,2,2 Gn4 Lbx4 Lby4 Cr1,1,4 O2l3]", 12, 32);
	check_wider("[1,24,0,1 Lby4 Cl3,3,8 O2l2]", 24, 64);
	check_wider("[1,24,0,1 Lbx4 Cl3,5,8,2,2 O2l1]", 12, 32);
}

static double norm_of_difference(const float *a, const float *b, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += pow((double)(a[i] - (b ? b[i] : 0)), 2);
	return sqrt(sum);
}

/* The way there and back in bf16 against f32. */
static void check_bf16(const char *spec)
{
	struct setting exact, coarse;

	setting_open(&exact, spec, LES_F32, 3);
	setting_open(&coarse, spec, LES_BF16, 3);
	const double want = loss_of(&exact, 0, true), got = loss_of(&coarse, 0, true);
	assert_true(fabs(got - want) < 0.01 * want);
	const float *gradient = les_replica_gradients(exact.replica);
	const size_t n = exact.params->values_n;
	assert_true(norm_of_difference(les_replica_gradients(coarse.replica), gradient, n) <
		    0.05 * norm_of_difference(gradient, NULL, n));
	setting_close(&exact);
	setting_close(&coarse);
}

static void a_page_in_bf16_is_close(void **state)
{
	(void)state;
	if (!les_bf16_works())
		skip();
	check_bf16("[1,24,0,3 Cr3,3,8,2,2 Gn4 Lbx4 Lby4 Cr1,1,4 O2l3]");
}

/* Also where a layer's input is as wide as its gates: its packed weights must not be taken for
 * their transpose. */
static void lines_in_bf16_are_close(void **state)
{
	(void)state;
	if (!les_bf16_works())
		skip();
	check_bf16("[1,16,0,1 Cr3,5,8 Mp2,2 Gn4 S1(1x0)1,3 Lbx12 Lfx8 O1c4]");
	check_bf16("[1,16,0,1 Cr3,5,8 Mp2,2 S1(1x0)1,3 Lbx16 Lbx8 O1c4]");
	check_bf16("[1,16,0,1 Cr3,5,8 Mp2,2 S1(1x0)1,3 Lrx5 O1c4]");
}

static void a_page_without_a_target_has_no_loss(void **state)
{
	struct setting s;
	struct les_outcome outcome = {0};
	struct les_reading reading;

	(void)state;
	setting_open(&s, "[1,8,0,1 O2l2]", LES_F32, 3);
	s.samples[0].target = NULL;
	assert_int_equal(les_replica_read(s.replica, s.samples, 1, &outcome, &reading, NULL),
			 LES_ARG);
	setting_close(&s);
}

/* Two pages with a line each, in another height. */
enum { PAGE_H = 32, PAGE_W = 48 };

static void make_page(void *context, uint32_t page, float *image, struct les_sample *ret)
{
	uint8_t(*targets)[2 * PAGE_H * PAGE_W] = context;
	uint8_t *target = targets[page];
	const uint32_t w = PAGE_W - 10 * page, y = 9 + 11 * page;
	struct les_random random = les_random(7, page, 0);

	memset(target, 0, sizeof targets[page]);
	for (uint32_t i = 0; i < PAGE_H * w; i++)
		image[i] = 0.2f * les_random_unit(&random);
	for (uint32_t x = 6; x < w - 6; x++) {
		for (uint32_t row = y - 2; row <= y; row++)
			image[row * w + x] = 1;
		for (uint32_t row = y - 2; row <= y + 2; row++)
			target[row * w + x] = 1; /* the line */
	}
	for (uint32_t row = y - 3; row <= y + 3; row++)
		memset(target + (PAGE_H + row) * w + 4, 1, 4); /* where it begins */
	*ret = (struct les_sample){.image = image, .w = w, .target = target};
}

/* How many pixels of the line are seen. */
/* Counts, for it runs in the crew's threads, where no test may fail. */
static uint32_t seen_n, seen_wrong_n, seen_odd_n;

static void see_page(void *context, uint32_t page, const struct les_sample *sample,
		     const struct les_reading *reading)
{
	(void)context;
	(void)page;
	seen_odd_n += reading->channels != 2 || reading->w != (sample->w + 1) / 2;
	for (uint32_t y = 0; y < reading->h; y++)
		for (uint32_t c = 0; c < 2; c++) {
			const uint32_t x = c == 0 ? reading->w / 2 : 3;
			const float logit = reading->logits[(c * reading->h + y) * reading->w + x];
			const size_t at = ((size_t)c * PAGE_H + 2 * y) * sample->w + 2 * x;
			seen_n++;
			seen_wrong_n += sample->target[at] == sample->target[at + sample->w] &&
					(logit > 0) != sample->target[at];
		}
}

static void two_pages_are_learnt_by_heart(void **state)
{
	static uint8_t targets[2][2 * PAGE_H * PAGE_W];
	static const uint32_t numbers[] = {0, 1};
	struct les_graph graph;
	LES_CLEANUP(les_params_free_p) struct les_params *params = NULL;
	LES_CLEANUP(les_crew_free_p) struct les_crew *crew = NULL;
	LES_CLEANUP(les_learner_free_p) struct les_learner *learner = NULL;
	const struct les_learner_options options = {LES_F32, 2, 2, PAGE_W, PAGE_W, 1, 0};
	const struct les_lines pages = {make_page, targets, numbers, 2};
	const struct les_step step = {.rate = 0.01f};
	struct les_stepped stepped, first;
	double loss;

	(void)state;
	assert_int_equal(
		les_vgsl_parse("[1,32,0,1 Cr3,3,8,2,2 Gn4 Lbx6 Lby6 Cr3,3,8 O2l2]", &graph, NULL),
		LES_OK);
	assert_int_equal(les_params_new(&graph, &params, NULL), LES_OK);
	assert_int_equal(les_params_init(params, 1, NULL), LES_OK);
	assert_int_equal(les_crew_new(2, &crew, NULL), LES_OK);
	assert_int_equal(les_learner_new(&graph, params, &options, crew, &learner, NULL), LES_OK);
	assert_int_equal(les_learner_step(learner, &pages, &step, &first, NULL), LES_OK);
	for (int i = 0; i < 150; i++)
		assert_int_equal(les_learner_step(learner, &pages, &step, &stepped, NULL), LES_OK);
	assert_true(stepped.loss < 0.15 * first.loss);
	assert_int_equal(les_learner_read(learner, &pages, see_page, &loss, NULL), LES_OK);
	assert_true(loss < 0.15 * first.loss);
	assert_int_equal(seen_n, 2 * 2 * PAGE_H / 2);
	assert_int_equal(seen_odd_n, 0);
	assert_true(seen_wrong_n <= 3); /* rows at an edge may fall on either side */
}

static void what_cannot_be_trained_is_told(void **state)
{
	static const char *const specs[] = {"[1,8,0,1 CTl3,3,4,2,2 S1(1x0)1,3 O1c4]",
					    "[1,8,0,1 Lbys4 O2l2]",
					    "[1,8,0,1 S1(1x0)1,3 Lby4 O1c4]",
					    "[1,8,0,1 (Cr3,3,4 Cr3,3,4) O2l2]",
					    "[1,16,0,1 Cr3,3,4 Mp16,16 S1(1x0)1,3 O1c4]",
					    "[1,8,0,1 Cr3,3,4]",
					    "[1,8,0,1 Cr1,1,4]"};

	(void)state;
	for (size_t i = 0; i < LES_COUNT(specs); i++) {
		static struct les_graph graph;
		struct les_params *params = NULL;
		struct les_replica *replica = NULL;
		const struct les_replica_options options = {
			.type = LES_F32, .lines = 1, .w_max = 64, .px_max = 64};
		assert_int_equal(les_vgsl_parse(specs[i], &graph, NULL), LES_OK);
		enum les_kind kind = les_params_new(&graph, &params, NULL);
		if (kind == LES_OK)
			kind = les_replica_new(&graph, params, &options, &replica, NULL);
		assert_int_equal(kind, LES_UNSUPPORTED);
		les_params_free(params);
	}
}

/* ---- the rest ---- */

static void rates_rise_and_fall(void **state)
{
	struct les_rate rate = {.schedule = LES_SCHEDULE_COSINE,
				.high = 1,
				.low = 0.1f,
				.warm_up = 10,
				.steps = 110,
				.factor = 0.5f,
				.patience = 1};
	struct les_plateau plateau = {.best = 1e30f, .scale = 1};

	(void)state;
	assert_true(les_rate_at(&rate, &plateau, 0) == 0.1f);
	assert_true(fabsf(les_rate_at(&rate, &plateau, 10) - 1) < 1e-6f);
	assert_true(fabsf(les_rate_at(&rate, &plateau, 60) - 0.55f) < 1e-6f);
	assert_true(fabsf(les_rate_at(&rate, &plateau, 1000) - 0.1f) < 1e-6f);
	rate.schedule = LES_SCHEDULE_PLATEAU;
	for (int i = 0; i < 4; i++)
		les_plateau_note(&rate, &plateau, 1);
	assert_true(les_rate_at(&rate, &plateau, 50) == 0.5f);
}

static void lines_are_varied_alike_for_a_seed(void **state)
{
	enum { H = 32, W = 100, MAX = 120 };
	static float in[H * W], out[2][H * MAX], scratch[2 * H * MAX];
	uint32_t w[2];

	(void)state;
	for (uint32_t i = 0; i < H * W; i++)
		in[i] = i % 7 == 0 ? 0.9f : 0;
	les_augment(in, H, W, 0, 1, MAX, out[0], &w[0], scratch);
	assert_int_equal(w[0], W);
	assert_memory_equal(in, out[0], sizeof in);
	for (uint64_t seed = 0; seed < 200; seed++) {
		for (int k = 0; k < 2; k++)
			les_augment(in, H, W, 1, seed, MAX, out[k], &w[k], scratch);
		assert_int_equal(w[0], w[1]);
		assert_in_range(w[0], W * 6 / 10, MAX);
		assert_memory_equal(out[0], out[1], sizeof(float) * H * w[0]);
		for (uint32_t i = 0; i < H * w[0]; i++)
			assert_true(out[0][i] >= 0 && out[0][i] <= 1);
	}
}

static void random_numbers_are_spread(void **state)
{
	struct les_random random = les_random(1, 2, 3), same = les_random(1, 2, 3);
	double sum = 0, squares = 0;

	(void)state;
	for (int i = 0; i < 10000; i++) {
		const float v = les_random_normal(&random);
		assert_true(v == les_random_normal(&same));
		sum += (double)v;
		squares += (double)(v * v);
	}
	assert_true(fabs(sum / 10000) < 0.05 && fabs(squares / 10000 - 1) < 0.05);
	for (int i = 0; i < 1000; i++)
		assert_in_range(les_random_below(&random, 7), 0, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gradients_are_those_of_finite_differences),
		cmocka_unit_test(gradients_of_line_finders_are_so_too),
		cmocka_unit_test(lines_together_are_lines_alone),
		cmocka_unit_test(a_page_read_in_a_wider_bucket_is_the_same),
		cmocka_unit_test(a_page_in_bf16_is_close),
		cmocka_unit_test(lines_in_bf16_are_close),
		cmocka_unit_test(a_page_without_a_target_has_no_loss),
		cmocka_unit_test(two_pages_are_learnt_by_heart),
		cmocka_unit_test(what_cannot_be_trained_is_told),
		cmocka_unit_test(rates_rise_and_fall),
		cmocka_unit_test(lines_are_varied_alike_for_a_seed),
		cmocka_unit_test(random_numbers_are_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
