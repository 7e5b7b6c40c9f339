/* evaluate/: how well baselines were found. */
#include "evaluate/baselines.h"

#include "base/cleanup.h"
#include "test.h"

#include <math.h>

/* Straight lines, from left to right unless x1 < x0. */
struct straight {
	float x0, y0, x1, y1;
};

static struct les_baseline_score score(const struct straight *truth, uint32_t truth_n,
				       const struct straight *found, uint32_t found_n)
{
	struct les_point at[2][8][2];
	struct les_points lines[2][8];
	struct les_baseline_score got;

	for (uint32_t side = 0; side < 2; side++) {
		for (uint32_t i = 0; i < (side ? found_n : truth_n); i++) {
			const struct straight *s = side ? &found[i] : &truth[i];
			at[side][i][0] = (struct les_point){s->x0, s->y0};
			at[side][i][1] = (struct les_point){s->x1, s->y1};
			lines[side][i] = (struct les_points){at[side][i], 2};
		}
	}
	assert_int_equal(les_baselines_compare(lines[0], truth_n, lines[1], found_n, &got, NULL),
			 LES_OK);
	return got;
}

static bool near(double a, double b)
{
	return fabs(a - b) < 0.02;
}

/* Lines 40 px apart: a tolerance of 10 px. */
static const struct straight PAGE[] = {{0, 100, 400, 100}, {0, 140, 400, 140}, {0, 180, 400, 180}};

static void the_truth_itself_is_perfect(void **state)
{
	(void)state;
	const struct les_baseline_score s = score(PAGE, 3, PAGE, 3);
	assert_true(s.precision == 1 && s.recall == 1 && s.f1 == 1);
}

static void nothing_is_found_or_to_be_found(void **state)
{
	(void)state;
	struct les_baseline_score s = score(PAGE, 3, NULL, 0);
	assert_true(s.recall == 0 && s.f1 == 0);
	s = score(NULL, 0, PAGE, 3);
	assert_true(s.precision == 0 && s.f1 == 0);
	s = score(NULL, 0, NULL, 0);
	assert_true(s.precision == 1 && s.recall == 1 && s.f1 == 1);
}

static void distance_counts_from_the_tolerance_to_three_times_it(void **state)
{
	(void)state;
	static const struct {
		float off;
		double want;
	} cases[] = {{0, 1}, {9.5f, 1}, {20, 0.5}, {25, 0.25}, {31, 0}};
	for (size_t i = 0; i < LES_COUNT(cases); i++) {
		/* below the last line, so that no other is nearer */
		const struct straight found = {0, 180 + cases[i].off, 400, 180 + cases[i].off};
		const struct les_baseline_score s = score(PAGE, 3, &found, 1);
		assert_true(near(s.precision, cases[i].want));
	}
}

static void lines_left_out_cost_recall(void **state)
{
	(void)state;
	const struct les_baseline_score s = score(PAGE, 3, PAGE, 2);
	assert_true(s.precision == 1);
	assert_true(near(s.recall, 2.0 / 3));
	assert_true(near(s.f1, 0.8));
}

static void halves_cost_precision_alone(void **state)
{
	(void)state;
	static const struct straight halves[] = {
		{0, 100, 199, 100}, {201, 100, 400, 100}, {0, 140, 400, 140}, {0, 180, 400, 180}};
	const struct les_baseline_score s = score(PAGE, 3, halves, 4);
	assert_true(near(s.recall, 1));
	assert_true(near(s.precision, 0.75));
}

static void lines_invented_cost_precision(void **state)
{
	(void)state;
	static const struct straight more[] = {
		{0, 100, 400, 100}, {0, 140, 400, 140}, {0, 180, 400, 180}, {0, 400, 400, 400}};
	const struct les_baseline_score s = score(PAGE, 3, more, 4);
	assert_true(s.recall == 1);
	assert_true(near(s.precision, 0.75));
}

static void direction_does_not_matter(void **state)
{
	(void)state;
	static const struct straight turned[] = {
		{400, 100, 0, 100}, {400, 140, 0, 140}, {400, 180, 0, 180}};
	assert_true(score(PAGE, 3, turned, 3).f1 == 1);
}

/* What lies further along is no neighbour: a line alone, and one cut in two. */
static void tolerance_comes_from_lines_above_and_below(void **state)
{
	(void)state;
	static const struct straight row[] = {{0, 100, 190, 100}, {195, 100, 400, 100}};
	static const struct straight off[] = {{0, 109, 190, 109}, {195, 109, 400, 109}};
	assert_true(score(row, 2, off, 2).f1 == 1);
}

static void chains_without_length_do_no_harm(void **state)
{
	(void)state;
	static const struct straight dots[] = {{5, 5, 5, 5}, {0, 100, 400, 100}};
	const struct les_baseline_score s = score(dots, 2, dots, 2);
	assert_true(s.recall == 1 && s.precision == 1);
	const struct les_points empty[] = {{NULL, 0}};
	struct les_baseline_score none;
	assert_int_equal(les_baselines_compare(empty, 1, empty, 1, &none, NULL), LES_OK);
	assert_true(none.f1 == 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_truth_itself_is_perfect),
		cmocka_unit_test(nothing_is_found_or_to_be_found),
		cmocka_unit_test(distance_counts_from_the_tolerance_to_three_times_it),
		cmocka_unit_test(lines_left_out_cost_recall),
		cmocka_unit_test(halves_cost_precision_alone),
		cmocka_unit_test(lines_invented_cost_precision),
		cmocka_unit_test(direction_does_not_matter),
		cmocka_unit_test(tolerance_comes_from_lines_above_and_below),
		cmocka_unit_test(chains_without_length_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
