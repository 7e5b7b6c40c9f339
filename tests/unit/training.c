/* ipc/training.c: what is said to a trainer and what it says. */
#include "ipc/training.h"
#include "base/cleanup.h"
#include "test.h"

#include <math.h>
#include <string.h>

static const struct les_training some = {
	.net = LES_NET_RECOGNITION,
	.spec = "[1,120,0,1 Cr3,13,32 Lbx200 Do]",
	.seed = 1ull << 40,
	.epochs_max = 50,
	.patience = 10,
	.batch_lines = 8,
	.rate = 1e-3f,
	.weight_decay = 1e-5f,
	.gradient_max = 1,
	.warm_up_steps = 100,
	.schedule = LES_SCHEDULE_COSINE,
	.resize = LES_RESIZE_UNION,
	.precision = LES_PRECISION_BF16,
	.augmentation = 0.5f,
	.dropout = -1,
	.frozen_epochs = 2,
	.layer_rate = 0.5f,
	.replay = 0.75f,
	.threads = 2,
	.checkpoint_seconds = 60,
};

static void set_body(struct les_message *m, const struct les_buf *body)
{
	assert_false(body->failed);
	memcpy(m->body, body->bytes, body->len);
	m->body_bytes = (uint16_t)body->len;
}

static void options_travel(void **state)
{
	(void)state;
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
	struct les_session session = {LES_ROLE_TRAIN, LES_STATE_IDLE};
	struct les_message m = {.type = LES_MESSAGE_TRAIN, .fds_n = 1};
	struct les_training got;

	les_training_encode(&body, &some);
	set_body(&m, &body);
	assert_int_equal(les_session_step(&session, LES_ROLE_MAIN, &m, NULL), LES_OK);
	assert_int_equal(les_training_parse(&m, &got, NULL), LES_OK);
	assert_memory_equal(&got, &some, sizeof got);
	for (uint16_t n = 0; n < body.len; n++) {
		m.body_bytes = n;
		assert_int_equal(les_training_parse(&m, &got, NULL), LES_PEER);
	}
}

static void options_out_of_range_are_refused(void **state)
{
	(void)state;
	struct les_training bad[] = {some, some, some, some, some, some,
				     some, some, some, some, some};
	struct les_training got;

	bad[0].epochs_max = 0;
	bad[1].batch_lines = LES_BATCH_LINES_MAX + 1;
	bad[2].rate = 0;
	bad[3].rate = NAN;
	bad[4].schedule = 0;
	bad[5].resize = (enum les_resize)4;
	bad[6].augmentation = 1.5f;
	bad[7].threads = 0;
	bad[8].net = (enum les_net_kind)3;
	bad[9].layer_rate = 0;
	bad[10].replay = 1.5f;
	for (size_t i = 0; i < LES_COUNT(bad); i++) {
		LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
		struct les_message m = {.type = LES_MESSAGE_TRAIN};
		les_training_encode(&body, &bad[i]);
		set_body(&m, &body);
		assert_int_equal(les_training_parse(&m, &got, NULL), LES_PEER);
	}
}

static void reports_travel(void **state)
{
	(void)state;
	const struct les_training_report report = {.epoch_done = true,
						   .epoch = 3,
						   .lines_done = 90,
						   .lines_all = 100,
						   .best_epoch = 2,
						   .loss = 12.5f,
						   .cer = 0.25f,
						   .recall = 0.75f,
						   .f1 = 0.5f,
						   .best_error = 0.125f,
						   .memory_bytes = 1ull << 33};
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
	struct les_session session = {LES_ROLE_TRAIN, LES_STATE_TRAINING};
	struct les_message m = {.type = LES_MESSAGE_REPORT};
	struct les_training_report got;

	les_training_report_encode(&body, &report);
	set_body(&m, &body);
	assert_int_equal(les_session_step(&session, LES_ROLE_TRAIN, &m, NULL), LES_OK);
	assert_int_equal(les_training_report_parse(&m, &got, NULL), LES_OK);
	assert_memory_equal(&got, &report, sizeof got);
	m.body[4] = 2; /* neither earlier nor now */
	assert_int_equal(les_training_report_parse(&m, &got, NULL), LES_PEER);
	m.body[4] = 0;
	m.body[12] = 101; /* more lines done than there are */
	assert_int_equal(les_training_report_parse(&m, &got, NULL), LES_PEER);
}

static void plans_travel(void **state)
{
	(void)state;
	const struct les_training_plan plan = {.memory_bytes = 5ull << 32};
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
	struct les_session session = {LES_ROLE_TRAIN, LES_STATE_TRAINING};
	struct les_message m = {.type = LES_MESSAGE_PLAN};
	struct les_training_plan got;

	les_training_plan_encode(&body, &plan);
	set_body(&m, &body);
	assert_int_equal(les_session_step(&session, LES_ROLE_TRAIN, &m, NULL), LES_OK);
	assert_int_equal(les_training_plan_parse(&m, &got, NULL), LES_OK);
	assert_int_equal(got.memory_bytes, plan.memory_bytes);
	m.body_bytes--;
	assert_int_equal(les_training_plan_parse(&m, &got, NULL), LES_PEER);
}

static void the_end_travels_and_stop_may_cross_it(void **state)
{
	(void)state;
	struct les_session session = {LES_ROLE_TRAIN, LES_STATE_TRAINING};
	struct les_message stop = {.type = LES_MESSAGE_STOP}, m = {.type = LES_MESSAGE_TRAINED};
	enum les_training_end end;

	for (uint32_t i = 0; i <= LES_TRAINING_STOPPED + 1; i++) {
		LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
		const bool known = i >= LES_TRAINING_COMPLETE && i <= LES_TRAINING_STOPPED;
		les_training_end_encode(&body, (enum les_training_end)i);
		set_body(&m, &body);
		assert_int_equal(les_training_end_parse(&m, &end, NULL), known ? LES_OK : LES_PEER);
	}
	assert_int_equal(les_session_step(&session, LES_ROLE_TRAIN, &m, NULL), LES_OK);
	assert_int_equal(les_session_step(&session, LES_ROLE_MAIN, &stop, NULL), LES_OK);
	assert_int_equal(session.state, LES_STATE_IDLE);
	assert_int_equal(les_session_step(&session, LES_ROLE_TRAIN, &stop, NULL), LES_PEER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_travel),
		cmocka_unit_test(options_out_of_range_are_refused),
		cmocka_unit_test(reports_travel),
		cmocka_unit_test(plans_travel),
		cmocka_unit_test(the_end_travels_and_stop_may_cross_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
