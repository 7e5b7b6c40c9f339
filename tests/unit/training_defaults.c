/* jobs/training_defaults.c: what nobody chose is chosen by the number of lines. */
#include "jobs/training_defaults.h"
#include "base/cleanup.h"
#include "test.h"

static struct les_training unset(enum les_net_kind net)
{
	return (struct les_training){.net = net,
				     .epochs_max = LES_TRAINING_UNSET,
				     .patience = LES_TRAINING_UNSET,
				     .batch_lines = LES_TRAINING_UNSET,
				     .warm_up_steps = LES_TRAINING_UNSET,
				     .rate = -1,
				     .augmentation = -1};
}

static bool is_whole(const struct les_training *t)
{
	return t->epochs_max >= 1 && t->epochs_max <= LES_EPOCHS_MAX &&
	       t->patience <= LES_EPOCHS_MAX && t->batch_lines >= 1 &&
	       t->batch_lines <= LES_BATCH_LINES_MAX && t->warm_up_steps < LES_TRAINING_UNSET &&
	       t->rate > 0 && t->augmentation >= 0 && t->augmentation <= 1;
}

static void fills_all(void **state)
{
	static const uint64_t counts[] = {0, 1, 3, 4, 12, 13, 60, 61, 1000, 1001, UINT64_MAX};

	(void)state;
	for (size_t i = 0; i < LES_COUNT(counts); i++)
		for (int base = 0; base < 2; base++) {
			struct les_training lines = unset(LES_NET_RECOGNITION);
			struct les_training pages = unset(LES_NET_SEGMENTATION);
			les_training_default(&lines, base, counts[i]);
			les_training_default(&pages, base, counts[i]);
			assert_true(is_whole(&lines) && is_whole(&pages));
		}
}

static void few_lines_of_a_hand_come_in_small_batches(void **state)
{
	struct les_training few = unset(LES_NET_RECOGNITION), many = few, fresh = few;

	(void)state;
	les_training_default(&few, true, 1);
	les_training_default(&many, true, 100000);
	les_training_default(&fresh, false, 1);
	assert_int_equal(few.batch_lines, 1);
	assert_true(few.batch_lines < many.batch_lines);
	assert_true(few.rate <= many.rate);
	assert_int_equal(fresh.batch_lines, many.batch_lines);
}

static void keeps_what_is_chosen(void **state)
{
	struct les_training t = {.net = LES_NET_RECOGNITION,
				 .epochs_max = 3,
				 .patience = 0,
				 .batch_lines = 7,
				 .warm_up_steps = 0,
				 .rate = 0.5f,
				 .augmentation = 0};

	(void)state;
	les_training_default(&t, true, 5);
	assert_int_equal(t.epochs_max, 3);
	assert_int_equal(t.patience, 0);
	assert_int_equal(t.batch_lines, 7);
	assert_int_equal(t.warm_up_steps, 0);
	assert_true(t.rate == 0.5f);
	assert_true(t.augmentation == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fills_all),
		cmocka_unit_test(few_lines_of_a_hand_come_in_small_batches),
		cmocka_unit_test(keeps_what_is_chosen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
