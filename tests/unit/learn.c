/* What learning stands on: the loss against brute force, every layer's gradient against finite
 * differences, a batch against its lines alone, alphabets, rates, random numbers. */
#include "base/cleanup.h"
#include "base/random.h"
#include "nn/ctc_loss.h"
#include "nn/optimiser.h"
#include "test.h"
#include "train/augment.h"
#include "train/codec.h"
#include "train/replica.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 5, CLASSES = 4 };

/* Sum over all CLASSES^STEPS paths of those that read as the labels. */
static double brute_force(const float *logits, const uint32_t *labels, uint32_t labels_n)
{
	double sum = 0;

	for (uint32_t path = 0; path < 1024; path++) { /* 4^5 */
		uint32_t read[STEPS], n = 0, before = 0;
		double p = 1;
		for (uint32_t t = 0, rest = path; t < STEPS; t++, rest /= CLASSES) {
			const uint32_t label = rest % CLASSES;
			double total = 0;
			for (uint32_t c = 0; c < CLASSES; c++)
				total += exp((double)logits[t * CLASSES + c]);
			p *= exp((double)logits[t * CLASSES + label]) / total;
			if (label && label != before)
				read[n++] = label;
			before = label;
		}
		if (n == labels_n && memcmp(read, labels, n * sizeof *read) == 0)
			sum += p;
	}
	return -log(sum);
}

static void the_loss_counts_every_path(void **state)
{
	static const uint32_t texts[][3] = {{1, 2, 3}, {1, 1, 2}, {3, 3, 3},
					    {2, 2, 0}, {1, 0, 0}, {0}};
	static const uint32_t lengths[] = {3, 3, 3, 2, 1, 0};
	struct les_random random = les_random(1, 0, 0);
	float logits[STEPS * CLASSES], grad[STEPS * CLASSES], scratch[256];

	(void)state;
	for (size_t k = 0; k < LES_COUNT(lengths); k++) {
		for (size_t i = 0; i < LES_COUNT(logits); i++)
			logits[i] = 3 * les_random_normal(&random);
		const struct les_ctc ctc = {STEPS, CLASSES,  CLASSES,   logits,
					    grad,  texts[k], lengths[k]};
		assert_true(les_ctc_scratch(STEPS, CLASSES, 3) <= LES_COUNT(scratch));
		const double loss = (double)les_ctc_loss(&ctc, scratch);
		assert_true(fabs(loss - brute_force(logits, texts[k], lengths[k])) <
			    1e-5 * (1 + loss));
		for (size_t i = 0; i < LES_COUNT(logits); i++) {
			const float at = logits[i], high = at + 1e-3f, low = at - 1e-3f;
			logits[i] = high;
			const double above = brute_force(logits, texts[k], lengths[k]);
			logits[i] = low;
			const double below = brute_force(logits, texts[k], lengths[k]);
			logits[i] = at;
			assert_true(fabs((double)grad[i] - (above - below) / (double)(high - low)) <
				    1e-4);
		}
	}
}

static void what_cannot_fit_has_no_loss(void **state)
{
	static const uint32_t labels[] = {1, 1, 1};
	float logits[4 * CLASSES] = {1, 2, 3}, grad[4 * CLASSES], scratch[256];
	const struct les_ctc ctc = {4, CLASSES, CLASSES, logits, grad, labels, 3};

	(void)state;
	memset(grad, 1, sizeof grad);
	assert_int_equal(les_ctc_steps_min(labels, 3), 5);
	assert_true(les_ctc_loss(&ctc, scratch) == 0);
	for (size_t i = 0; i < LES_COUNT(grad); i++)
		assert_true(grad[i] == 0);
}

/* ---- layers ---- */

enum { LINES = 3, W_MAX = 60 };

struct setting {
	struct les_graph graph;
	struct les_params *params;
	struct les_replica *replica;
	float *images[LINES];
	struct les_sample samples[LINES];
};

static void setting_open(struct setting *s, const char *spec, uint64_t seed)
{
	static const uint32_t labels[] = {1, 2, 2, 3};
	static const uint32_t widths[LINES] = {60, 37, 44};
	const struct les_replica_options options = {
		.type = LES_F32, .lines = LINES, .w_max = W_MAX, .px_max = 1000000};
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
	for (uint32_t i = 0; i < LINES; i++) {
		s->images[i] = malloc(sizeof(float) * widths[i] * s->graph.in_h);
		for (uint32_t k = 0; k < widths[i] * s->graph.in_h; k++)
			s->images[i][k] = les_random_unit(&random);
		s->samples[i] = (struct les_sample){s->images[i], widths[i], labels, 4};
	}
}

static void setting_close(struct setting *s)
{
	les_replica_free(s->replica);
	les_params_free(s->params);
	for (uint32_t i = 0; i < LINES; i++)
		free(s->images[i]);
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

/* Along a random direction in each tensor, the loss changes as the gradient says. */
static void check_gradients(const char *spec, bool no_dropout)
{
	struct setting s;
	struct les_random random = les_random(9, 0, 0);

	setting_open(&s, spec, 4);
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
		if (!(fabs(got - want) < 0.02 * sqrt(norm) + 0.05))
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
	check_gradients("[1,8,0,1 Cl3,3,4 S1(1x0)1,3 O1c4]", true);
	check_gradients("[1,8,0,1 Cr3,5,6,2,1 Clr3,3,5,1,1,1,2 S1(1x0)1,3 O1c4]", true);
	check_gradients("[1,8,0,1 Cr3,3,8 Mp2,2 Cl3,3,8 Mp2,1 S1(1x0)1,3 O1c4]", true);
	check_gradients("[1,9,0,1 Cl3,3,8 Mp3,2,2,1 S1(1x0)1,3 O1c4]", true);
	check_gradients("[1,8,0,1 Cl3,3,8 Gn4 Cl3,3,6 Gn3 S1(1x0)1,3 O1c4]", true);
	check_gradients("[1,8,0,1 Cl3,3,4 S1(1x0)1,3 Lfx6 O1c4]", true);
	check_gradients("[1,8,0,1 Cl3,3,4 S1(1x0)1,3 Lbx6 Lbx5 O1c4]", true);
	check_gradients("[1,8,0,1 Cr3,3,8 Do0.3,2 Mp2,2 Cl3,3,4 Do0.2,1 S1(1x0)1,3 Lbx6 Do0.3,2 "
			"Lbx5 Do0.3 O1c4]",
			false);
}

static void lines_together_are_lines_alone(void **state)
{
	struct setting s;
	double together, alone = 0;

	(void)state;
	setting_open(&s, "[1,16,0,1 Cr3,5,8 Mp2,2 Gn4 Cr3,3,8 S1(1x0)1,3 Lbx8 Lbx8 O1c4]", 2);
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

static void what_cannot_be_trained_is_told(void **state)
{
	static const char *const specs[] = {
		"[1,8,0,1 CTl3,3,4,2,2 S1(1x0)1,3 O1c4]", "[1,8,0,1 Lby4 S1(1x0)1,3 O1c4]",
		"[1,8,0,1 (Cr3,3,4 Cr3,3,4) S1(1x0)1,3 O1c4]", "[1,8,0,1 Cr3,3,4]"};

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

static void alphabets_become_codes(void **state)
{
	static const char text[] = "aſ\xc3\xbcm\xcc\x84\xf0\x9d\x84\x9e";
	struct les_alphabet alphabet = {0};
	struct les_codec codec = {.arena = LES_ARENA(1 << 20)};
	LES_CLEANUP(les_buf_done) struct les_buf back = LES_BUF(100);
	uint32_t labels[16], missing_n;

	(void)state;
	assert_int_equal(les_alphabet_add(&alphabet, text, NULL), LES_OK);
	assert_int_equal(les_codec_of_alphabet(&alphabet, &codec, NULL), LES_OK);
	assert_int_equal(codec.classes, 7);
	assert_string_equal(codec.codes[0].text, "a");
	const uint32_t n = les_codec_encode(&codec, text, strlen(text), labels, &missing_n);
	assert_int_equal(n, 6);
	assert_int_equal(missing_n, 0);
	les_codec_decode(&codec, labels, n, &back);
	assert_string_equal((const char *)back.bytes, text);
	assert_int_equal(les_codec_encode(&codec, "a\xc3\xa4z", 4, labels, &missing_n), 1);
	assert_int_equal(missing_n, 2);
	les_alphabet_done(&alphabet);
	les_codec_done(&codec);
}

static void bases_keep_what_they_know(void **state)
{
	static const uint32_t one[] = {1}, two[] = {2, 3}, four[] = {4};
	struct les_code codes[] = {{"a", 1, one}, {"ch", 2, two}, {"b", 1, four}};
	const struct les_weights base = {.codes = codes, .codes_n = 3};
	struct les_alphabet alphabet = {0};
	struct les_error error = {0};

	(void)state;
	assert_int_equal(les_alphabet_add(&alphabet, "bz", NULL), LES_OK);
	struct les_codec codec = {.arena = LES_ARENA(1 << 20)};
	assert_int_equal(les_codec_of_base(&base, 5, &alphabet, LES_RESIZE_FAIL, &codec, &error),
			 LES_UNSUPPORTED);
	assert_non_null(strstr(error.message, "z"));
	les_codec_done(&codec);
	codec = (struct les_codec){.arena = LES_ARENA(1 << 20)};
	assert_int_equal(les_codec_of_base(&base, 5, &alphabet, LES_RESIZE_UNION, &codec, &error),
			 LES_OK);
	assert_int_equal(codec.classes, 6);
	assert_int_equal(codec.from[4], 4);
	assert_int_equal(codec.from[5], UINT32_MAX);
	les_codec_done(&codec);
	codec = (struct les_codec){.arena = LES_ARENA(1 << 20)};
	assert_int_equal(les_codec_of_base(&base, 5, &alphabet, LES_RESIZE_NEW, &codec, &error),
			 LES_OK);
	assert_int_equal(codec.classes, 3);
	assert_int_equal(codec.from[0], 0);
	assert_int_equal(codec.from[1], 4);
	les_codec_done(&codec);
	les_alphabet_done(&alphabet);
}

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
		assert_in_range(w[0], W * 8 / 10, MAX);
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
		cmocka_unit_test(the_loss_counts_every_path),
		cmocka_unit_test(what_cannot_fit_has_no_loss),
		cmocka_unit_test(gradients_are_those_of_finite_differences),
		cmocka_unit_test(lines_together_are_lines_alone),
		cmocka_unit_test(what_cannot_be_trained_is_told),
		cmocka_unit_test(alphabets_become_codes),
		cmocka_unit_test(bases_keep_what_they_know),
		cmocka_unit_test(rates_rise_and_fall),
		cmocka_unit_test(lines_are_varied_alike_for_a_seed),
		cmocka_unit_test(random_numbers_are_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
