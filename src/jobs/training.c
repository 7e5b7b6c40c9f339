#include "jobs/training.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "confine/worker.h"
#include "ipc/memfd.h"
#include "ipc/training.h"
#include "models/net.h"
#include "models/write.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

/* A training under way. */
struct run {
	const struct les_training_request *request;
	const struct les_training_sink *sink;
	struct les_training_result *result;
	struct les_worker *worker;
	bool stopping;
	int64_t deadline_ms; /* of its next word */
};

static void run_done(struct run *run)
{
	les_worker_end(run->worker, NULL);
}

static enum les_kind start(struct run *run, struct les_error *reterr)
{
	const struct les_training_request *request = run->request;
	const struct les_spawn spawn = {
		.binary_dir = request->binary_dir,
		.address_bytes = LES_TRAIN_ADDRESS_BYTES + request->pack_bytes,
		.file_bytes = LES_CHECKPOINT_BYTES_MAX,
		.threads = request->options.threads,
		.allow_weak_sandbox = request->allow_weak_sandbox,
	};
	enum les_kind kind = les_worker_start(LES_ROLE_TRAIN, &spawn, &run->worker, reterr);

	if (kind == LES_OK)
		kind = les_worker_wait_ready(run->worker, &spawn,
					     les_clock_ms() + LES_WORKER_START_MS, reterr);
	return kind;
}

static enum les_kind send(struct run *run, uint16_t type, const struct les_buf *body, int fd,
			  struct les_error *reterr)
{
	return les_worker_send(run->worker, type, body, &fd, fd >= 0 ? 1 : 0, reterr);
}

static enum les_kind begin(struct run *run, struct les_error *reterr)
{
	const struct les_training_request *request = run->request;
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
	enum les_kind kind = LES_OK;

	if (request->base_fd >= 0)
		kind = send(run, LES_MESSAGE_BASE, NULL, request->base_fd, reterr);
	if (kind == LES_OK && request->resume_fd >= 0)
		kind = send(run, LES_MESSAGE_RESUME, NULL, request->resume_fd, reterr);
	les_training_encode(&body, &request->options);
	if (kind == LES_OK)
		kind = send(run, LES_MESSAGE_TRAIN, &body, request->pack_fd, reterr);
	return kind;
}

static enum les_kind replace(const struct run *run, const char *ending, const void *bytes, size_t n,
			     struct les_error *reterr)
{
	LES_CLEANUP(les_free_p) char *path = NULL;

	if (asprintf(&path, "%s.%s", run->request->output, ending) < 0)
		return les_fail(reterr, LES_NOMEM, "no memory for a path");
	return les_file_replace(path, bytes, n, reterr);
}

static enum les_kind take_model(struct run *run, int fd, struct les_error *reterr)
{
	LES_CLEANUP(les_net_file_done) struct les_net_file net = {0};
	LES_CLEANUP(les_buf_done) struct les_buf file = LES_BUF(2 * LES_WEIGHTS_BYTES_MAX);
	enum les_kind kind = les_net_file_open(fd, true, &net, reterr);

	if (kind == LES_OK && net.weights.kind != run->request->options.net)
		kind = les_fail(reterr, LES_PEER, "the trainer sent another kind of net");
	if (kind == LES_OK)
		kind = les_safetensors_write(&net.weights, false, &file, reterr);
	if (kind == LES_OK)
		kind = replace(run, "safetensors", file.bytes, file.len, reterr);
	const int kept = kind == LES_OK ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
	if (kept >= 0) {
		les_fd_close(&run->result->model_fd);
		run->result->model_fd = kept;
	}
	if (kind == LES_OK) {
		run->result->models_n++;
		run->result->parameters_n = les_net_parameters(&net.weights);
	}
	return kind;
}

/* What came in an fd: checked, then kept as a file. */
static enum les_kind take_payload(struct run *run, const struct les_message *message,
				  struct les_error *reterr)
{
	LES_CLEANUP(les_view_close) struct les_view view = {0};
	struct les_payload payload;
	enum les_kind kind = les_payload_parse(message, &payload, reterr);

	if (kind == LES_OK)
		kind = les_view_open_sealed(message->fds[0], payload.bytes, &view, reterr);
	if (kind != LES_OK)
		return kind;
	switch (message->type) {
	case LES_MESSAGE_BEST:
		return take_model(run, message->fds[0], reterr);
	case LES_MESSAGE_CHECKPOINT:
		return replace(run, "checkpoint", view.bytes, view.n, reterr);
	default:
		return replace(run, "png", view.bytes, view.n, reterr);
	}
}

static enum les_kind take_report(struct run *run, const struct les_message *message,
				 struct les_error *reterr)
{
	struct les_training_report report;
	enum les_kind kind = les_training_report_parse(message, &report, reterr);

	if (kind != LES_OK)
		return kind;
	if (report.epoch_done) {
		run->result->last = report;
		if (report.best_epoch == report.epoch)
			run->result->best = report;
	}
	if (run->sink->report)
		run->sink->report(run->sink->context, &report);
	return LES_OK;
}

static enum les_kind take_plan(const struct run *run, const struct les_message *message,
			       struct les_error *reterr)
{
	struct les_training_plan plan;
	enum les_kind kind = les_training_plan_parse(message, &plan, reterr);

	if (kind == LES_OK && run->sink->plan)
		run->sink->plan(run->sink->context, &plan);
	return kind;
}

/* Asks it to end, once; then its time is bounded. */
static enum les_kind stop(struct run *run, struct les_error *reterr)
{
	run->stopping = true;
	run->deadline_ms = les_clock_ms() + LES_TRAINER_STOP_MS;
	return send(run, LES_MESSAGE_STOP, NULL, -1, reterr);
}

/* Until it has something to say, or is to be stopped. */
static enum les_kind await(struct run *run, bool *ret_spoke, struct les_error *reterr)
{
	struct pollfd p[] = {
		{.fd = run->worker->channel, .events = POLLIN},
		{.fd = run->stopping ? -1 : run->request->cancel_fd, .events = POLLIN}};
	const int n = poll(p, 2, les_clock_left_ms(run->deadline_ms));

	*ret_spoke = n > 0 && p[0].revents;
	if (n < 0 && errno != EINTR)
		return les_fail_errno(reterr, "cannot wait for the trainer");
	if (n == 0)
		return les_fail(reterr, LES_DEADLINE, "the trainer says nothing any more");
	return n > 0 && p[1].revents ? stop(run, reterr) : LES_OK;
}

static enum les_kind hear(struct run *run, bool *ret_end, struct les_error *reterr)
{
	LES_CLEANUP(les_message_done) struct les_message message = LES_MESSAGE_NONE;
	enum les_kind kind = les_worker_receive(run->worker, run->deadline_ms, &message, reterr);

	if (kind != LES_OK)
		return kind;
	if (!run->stopping)
		run->deadline_ms = les_clock_ms() + LES_TRAINER_SILENCE_MS;
	switch (message.type) {
	case LES_MESSAGE_REPORT:
		return take_report(run, &message, reterr);
	case LES_MESSAGE_PLAN:
		return take_plan(run, &message, reterr);
	case LES_MESSAGE_TRAINED:
		*ret_end = true;
		return les_training_end_parse(&message, &run->result->end, reterr);
	default: /* the table lets only these through */
		return take_payload(run, &message, reterr);
	}
}

enum les_kind les_training_run(const struct les_training_request *request,
			       const struct les_training_sink *sink,
			       struct les_training_result *ret, struct les_error *reterr)
{
	LES_CLEANUP(run_done) struct run run = {.request = request, .sink = sink, .result = ret};
	const double since = les_clock_s();
	bool end = false;

	*ret = (struct les_training_result){.model_fd = -1};
	enum les_kind kind = start(&run, reterr);
	if (kind == LES_OK)
		kind = begin(&run, reterr);
	run.deadline_ms = les_clock_ms() + LES_TRAINER_SILENCE_MS;
	while (kind == LES_OK && !end) {
		bool spoke = false;
		kind = await(&run, &spoke, reterr);
		if (kind == LES_OK && spoke)
			kind = hear(&run, &end, reterr);
	}
	if (kind == LES_PEER && run.worker) /* its own end says more, where it had one */
		les_worker_end(LES_TAKE(run.worker), reterr);
	if (kind == LES_OK && ret->models_n == 0)
		kind = les_fail(reterr, LES_PEER, "the trainer ended without a model");
	ret->seconds = les_clock_s() - since;
	return kind;
}
