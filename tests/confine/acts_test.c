/* Each worker, confined as in the release, tries everything in the table of acts. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/cursor.h"
#include "confine/worker.h"
#include "tests/confine/acts.h"
#include "tests/test.h"
#include "tests/workers/workers.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

enum { PATIENCE_MS = 10000 };

static const struct les_spawn spawn = {.binary_dir = HOSTILE_WORKERS,
				       .address_bytes = 2ull << 30,
				       .cpu_seconds = 60,
				       .file_bytes = LES_DECODE_OUT_BYTES_MAX};

static struct les_worker *start(enum les_role role)
{
	struct les_worker *worker;
	struct les_error error;

	if (les_worker_start(role, &spawn, &worker, &error) != LES_OK ||
	    les_worker_wait_ready(worker, &spawn, les_clock_ms() + PATIENCE_MS, &error) != LES_OK)
		fail_msg("%s", error.message);
	assert_int_equal(worker->ready.confined,
			 LES_CONFINED_SECCOMP | LES_CONFINED_LANDLOCK | LES_CONFINED_RLIMITS);
	return worker;
}

static int signal_of(const struct les_worker *worker)
{
	siginfo_t end = {0};

	assert_int_equal(waitid(P_PID, (id_t)worker->pid, &end, WEXITED | WNOWAIT), 0);
	return end.si_code == CLD_EXITED ? 1000 + end.si_status : end.si_status;
}

/* What became of the act, in the terms of the table; anything that is in no table is 999. */
static int outcome(enum les_role role, const struct act *act)
{
	struct les_worker *worker = start(role);
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(200);
	LES_CLEANUP(les_message_done) struct les_message answer = LES_MESSAGE_NONE;
	int came = 999;

	les_buf_str(&body, act->name);
	les_channel_send(worker->channel, ACT_MESSAGE, &body, NULL, 0, NULL);
	enum les_kind kind =
		les_channel_receive(worker->channel, les_clock_ms() + PATIENCE_MS, &answer, NULL);
	if (kind == LES_OK && answer.type == ACT_MESSAGE) {
		struct les_rd r = les_rd(answer.body, answer.body_bytes);
		came = les_rd_i32(&r);
	} else if (kind == LES_PEER) {
		came = DIES(signal_of(worker));
	}
	les_worker_end(worker, NULL);
	return came;
}

static void every_act_comes_to_nothing(void **state)
{
	const enum les_role role = *(const enum les_role *)*state;
	unsigned wrong = 0;

	for (size_t i = 0; i < acts_n; i++) {
		int came = outcome(role, &acts[i]);
		if (came == acts[i].want[role])
			continue;
		print_error("%s: %s: wanted %d, came to %d (errno; signals are negative)\n",
			    les_role_binary(role), acts[i].name, acts[i].want[role], came);
		wrong++;
	}
	assert_int_equal(wrong, 0);
	assert_false(has_children());
}

/* The release has no row for the message that makes a hostile worker act. */
static void the_release_does_not_know_the_message(void **state)
{
	const enum les_role role = *(const enum les_role *)*state;
	const struct les_spawn release = {.binary_dir = RELEASE_WORKERS};
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(200);
	LES_CLEANUP(les_message_done) struct les_message answer = LES_MESSAGE_NONE;
	struct les_worker *worker;
	struct les_error error;

	assert_int_equal(les_worker_start(role, &release, &worker, &error), LES_OK);
	assert_int_equal(
		les_worker_wait_ready(worker, &release, les_clock_ms() + PATIENCE_MS, &error),
		LES_OK);
	les_buf_str(&body, "getppid");
	les_channel_send(worker->channel, ACT_MESSAGE, &body, NULL, 0, NULL);
	assert_int_equal(
		les_channel_receive(worker->channel, les_clock_ms() + PATIENCE_MS, &answer, NULL),
		LES_PEER);
	assert_true(signal_of(worker) >= 1000); /* it left by itself: nothing was called */
	les_worker_end(worker, NULL);
}

/* A test for a role. */
#define ROLE(test, role)                                                                           \
	{                                                                                          \
#test " " #role, test, NULL, NULL, (void *)(uintptr_t)&role                        \
	}

int main(void)
{
	static const enum les_role decode = LES_ROLE_DECODE, tesseract = LES_ROLE_TESSERACT,
				   read = LES_ROLE_READ, train = LES_ROLE_TRAIN;
	const struct CMUnitTest tests[] = {
		ROLE(every_act_comes_to_nothing, decode),
		ROLE(every_act_comes_to_nothing, tesseract),
		ROLE(every_act_comes_to_nothing, read),
		ROLE(every_act_comes_to_nothing, train),
		ROLE(the_release_does_not_know_the_message, decode),
		ROLE(the_release_does_not_know_the_message, tesseract),
	};

#ifdef LES_UNCONFINED
	puts("skipped: workers of this build confine nothing");
	return 77;
#endif
	return cmocka_run_group_tests(tests, NULL, NULL);
}
