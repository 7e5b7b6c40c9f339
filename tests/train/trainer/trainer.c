/* A trainer that has learnt nothing: well-behaved and otherwise. */
#include "tests/train/trainer/trainer.h"

#include "base/cleanup.h"
#include "confine/confine.h"
#include "ipc/memfd.h"
#include "ipc/training.h"
#include "ipc/weights.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct les_session session = {LES_ROLE_TRAIN, LES_STATE_STARTING};

static void say(uint16_t type, const struct les_buf *body, int fd)
{
	if (les_session_send(&session, LES_ROLE_TRAIN, LES_CHANNEL_FD, type, body, &fd,
			     fd >= 0 ? 1 : 0, NULL) != LES_OK)
		_exit(3);
}

static void say_payload(uint16_t type, int fd, size_t n)
{
	struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);

	les_payload_encode(&body, &(struct les_payload){.bytes = n});
	say(type, &body, fd);
	les_buf_done(&body);
	close(fd);
}

static void say_bytes(uint16_t type, const void *bytes, size_t n)
{
	int fd;

	if (les_memfd_new(bytes, n, &fd, NULL) != LES_OK)
		_exit(4);
	say_payload(type, fd, n);
}

static void report(bool epoch_done, uint32_t epoch, uint32_t best_epoch, float cer)
{
	const struct les_training_report r = {.epoch_done = epoch_done,
					      .epoch = epoch,
					      .lines_done = 5,
					      .lines_all = 5,
					      .best_epoch = best_epoch,
					      .loss = 20 / (float)epoch,
					      .cer = cer,
					      .best_error = best_epoch ? cer : -1};
	struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);

	les_training_report_encode(&body, &r);
	say(LES_MESSAGE_REPORT, &body, -1);
	les_buf_done(&body);
}

/* The smallest net there is. */
static uint8_t *model(size_t *ret_n)
{
	static const float values[] = {1, 2, 3, 4};
	static const uint32_t label[] = {1};
	static struct les_tensor tensors[] = {
		{"O_0.lin.weight", 2, {2, 1}, values},
		{"O_0.lin.bias", 1, {2}, values + 2},
	};
	static struct les_code codes[] = {{"a", 1, label}};
	const struct les_weights net = {.kind = LES_NET_RECOGNITION,
					.spec = "[1,1,0,1 O{O_0}1c2]",
					.temperature = 1,
					.precision = "f32",
					.meta = "{}",
					.tensors = tensors,
					.tensors_n = 2,
					.codes = codes,
					.codes_n = 1};
	uint8_t *bytes;

	if (les_weights_size(&net, ret_n, NULL) != LES_OK || !(bytes = calloc(1, *ret_n)))
		_exit(5);
	les_weights_write(&net, bytes, *ret_n);
	return bytes;
}

static void plan(uint64_t memory_bytes)
{
	struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);

	les_training_plan_encode(&body, &(struct les_training_plan){memory_bytes});
	say(LES_MESSAGE_PLAN, &body, -1);
	les_buf_done(&body);
}

static void say_model(void)
{
	size_t n;
	uint8_t *bytes = model(&n);

	say_bytes(LES_MESSAGE_BEST, bytes, n);
	free(bytes);
}

static void say_end(enum les_training_end end)
{
	struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);

	les_training_end_encode(&body, end);
	say(LES_MESSAGE_TRAINED, &body, -1);
	les_buf_done(&body);
}

static void act_good(void)
{
	plan(420000000);
	report(false, 1, 0, -1);
	report(true, 1, 1, 0.5f);
	say_model();
	say_bytes(LES_MESSAGE_CHECKPOINT, "first", 5);
	report(true, 2, 2, 0.25f);
	say_model();
	say_bytes(LES_MESSAGE_CHECKPOINT, "second", 6);
	say_bytes(LES_MESSAGE_CURVE, "picture", 7);
	say_end(LES_TRAINING_COMPLETE);
}

static void act_fail(void)
{
	const struct les_error error = {LES_UNSUPPORTED, "no such layer"};
	struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);

	les_fail_encode(&body, &error);
	say(LES_MESSAGE_FAIL, &body, -1);
	les_buf_done(&body);
}

static void act_wait(void)
{
	struct les_message m;

	report(true, 1, 1, 0.5f);
	say_model();
	if (les_session_receive(&session, LES_ROLE_MAIN, LES_CHANNEL_FD, -1, &m, NULL) != LES_OK ||
	    m.type != LES_MESSAGE_STOP)
		_exit(6);
	say_end(LES_TRAINING_STOPPED);
}

static void act_unsealed(void)
{
	const int fd = memfd_create("t", MFD_ALLOW_SEALING);
	size_t n;
	uint8_t *bytes = model(&n);

	if (write(fd, bytes, n) != (ssize_t)n)
		_exit(7);
	free(bytes);
	say_payload(LES_MESSAGE_BEST, fd, n);
}

static void act_wrong_size(void)
{
	int fd;

	if (les_memfd_new("abc", 3, &fd, NULL) != LES_OK)
		_exit(8);
	say_payload(LES_MESSAGE_BEST, fd, 4);
}

static void perform(enum act act)
{
	switch (act) {
	case ACT_GOOD:
		act_good();
		break;
	case ACT_FAIL:
		act_fail();
		break;
	case ACT_CRASH:
		say_model();
		abort();
	case ACT_NO_MODEL:
		say_end(LES_TRAINING_COMPLETE);
		break;
	case ACT_WAIT:
		act_wait();
		break;
	case ACT_UNSEALED:
		act_unsealed();
		break;
	case ACT_GARBAGE:
		say_bytes(LES_MESSAGE_BEST, "this is not a model", 19);
		break;
	case ACT_WRONG_SIZE:
		act_wrong_size();
		break;
	case ACT_ABSURD:
		report(true, 1, 2, 0.5f);
		break;
	case ACT_UNASKED: {
		/* past the session's own table */
		LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
		les_payload_encode(&body, &(struct les_payload){.bytes = 1});
		les_channel_send(LES_CHANNEL_FD, LES_MESSAGE_PREPARED, &body, NULL, 0, NULL);
		break;
	}
	case ACT_N:
		_exit(9);
	}
}

int main(void)
{
	const uint32_t abi = les_landlock_abi();
	struct les_training training;
	struct les_message m;

	if (les_confine_files(LES_ROLE_TRAIN, NULL) != LES_OK ||
	    les_confine_calls(LES_ROLE_TRAIN, NULL) != LES_OK ||
	    les_worker_ready(&session, LES_CHANNEL_FD, abi, NULL) != LES_OK)
		return 1;
	do {
		if (les_session_receive(&session, LES_ROLE_MAIN, LES_CHANNEL_FD, -1, &m, NULL) !=
		    LES_OK)
			return 2;
	} while (m.type != LES_MESSAGE_TRAIN);
	if (les_training_parse(&m, &training, NULL) != LES_OK)
		return 2;
	perform((enum act)training.seed);
	les_channel_receive(LES_CHANNEL_FD, -1, &m, NULL); /* until lesart hangs up */
	return 0;
}
