#include "train/teach.h"

#include "base/cleanup.h"
#include "ipc/memfd.h"
#include "ipc/training.h"
#include "ipc/weights.h"
#include "train/course.h"
#include "train/learner.h"

#include <string.h>

/* A course and its line to lesart. */
struct line_out {
	struct les_session *session;
	int channel;
	bool stop, broken; /* asked to end; the channel is of no more use */
};

static enum les_kind say(struct line_out *out, enum les_message_type type,
			 const struct les_buf *body, const int *fd, struct les_error *reterr)
{
	enum les_kind kind = les_session_send(out->session, LES_ROLE_TRAIN, out->channel,
					      (uint16_t)type, body, fd, fd ? 1 : 0, reterr);

	out->broken |= kind != LES_OK;
	return kind;
}

static enum les_kind say_payload(struct line_out *out, enum les_message_type type, int fd, size_t n,
				 struct les_error *reterr)
{
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
	const struct les_payload payload = {.bytes = n, .picture = LES_PICTURE_NONE};

	les_payload_encode(&body, &payload);
	return say(out, type, &body, &fd, reterr);
}

static enum les_kind on_report(void *context, const struct les_training_report *report,
			       struct les_error *reterr)
{
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);

	les_training_report_encode(&body, report);
	return say(context, LES_MESSAGE_REPORT, &body, NULL, reterr);
}

static enum les_kind say_bytes(struct line_out *out, enum les_message_type type,
			       const uint8_t *bytes, size_t n, struct les_error *reterr)
{
	LES_CLEANUP(les_fd_close) int fd = -1;
	enum les_kind kind = les_memfd_new(bytes, n, &fd, reterr);

	return kind == LES_OK ? say_payload(out, type, fd, n, reterr) : kind;
}

static enum les_kind on_checkpoint(void *context, const uint8_t *bytes, size_t n,
				   struct les_error *reterr)
{
	return say_bytes(context, LES_MESSAGE_CHECKPOINT, bytes, n, reterr);
}

static enum les_kind on_curve(void *context, const uint8_t *bytes, size_t n,
			      struct les_error *reterr)
{
	return say_bytes(context, LES_MESSAGE_CURVE, bytes, n, reterr);
}

static enum les_kind on_plan(void *context, const struct les_training_plan *plan,
			     struct les_error *reterr)
{
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);

	les_training_plan_encode(&body, plan);
	return say(context, LES_MESSAGE_PLAN, &body, NULL, reterr);
}

static enum les_kind on_best(void *context, const struct les_weights *weights,
			     struct les_error *reterr)
{
	LES_CLEANUP(les_fd_close) int fd = -1;
	void *bytes;
	size_t n;
	enum les_kind kind = les_weights_size(weights, &n, reterr);

	if (kind == LES_OK)
		kind = les_memfd_map_new(n, &bytes, &fd, reterr);
	if (kind != LES_OK)
		return kind;
	les_weights_write(weights, bytes, n);
	kind = les_memfd_seal(fd, bytes, n, reterr);
	return kind == LES_OK ? say_payload(context, LES_MESSAGE_BEST, fd, n, reterr) : kind;
}

/* STOP, or that lesart is gone. */
static bool on_stop(void *context)
{
	struct line_out *out = context;

	while (!out->stop && les_channel_waiting(out->channel)) {
		LES_CLEANUP(les_message_done) struct les_message message = LES_MESSAGE_NONE;
		if (les_session_receive(out->session, LES_ROLE_MAIN, out->channel, -1, &message,
					NULL) != LES_OK)
			out->broken = true;
		out->stop = true; /* nothing else may come while it trains */
	}
	return out->stop;
}

void les_teaching_done(struct les_teaching *t)
{
	if (t->has_base)
		les_net_file_done(&t->base);
	les_view_close(&t->resume);
	t->has_base = false;
	t->resume = (struct les_view){0};
}

enum les_kind les_teach_base(struct les_teaching *t, const struct les_message *message,
			     struct les_error *reterr)
{
	if (t->has_base)
		les_net_file_done(&t->base);
	t->has_base = false;
	enum les_kind kind = les_net_file_open(message->fds[0], true, &t->base, reterr);
	t->has_base = kind == LES_OK;
	return kind;
}

enum les_kind les_teach_resume(struct les_teaching *t, const struct les_message *message,
			       struct les_error *reterr)
{
	les_view_close(&t->resume);
	t->resume = (struct les_view){0};
	return les_view_open(message->fds[0], LES_CHECKPOINT_BYTES_MAX, &t->resume, reterr);
}

static enum les_kind train(struct les_teaching *t, struct line_out *out,
			   const struct les_training *options, int pack_fd,
			   enum les_training_end *ret, struct les_error *reterr)
{
	const struct les_course_events events = {out,      on_report, on_checkpoint, on_best,
						 on_curve, on_stop,   on_plan};
	LES_CLEANUP(les_pack_close) struct les_pack pack = {0};
	LES_CLEANUP(les_pages_close) struct les_pages pages = {0};
	enum les_kind kind = options->net == LES_NET_RECOGNITION
				     ? les_pack_open(pack_fd, &pack, reterr)
				     : les_pages_open(pack_fd, &pages, reterr);

	if (kind != LES_OK)
		return kind;
	const struct les_course_request request = {.options = options,
						   .pack = &pack,
						   .pages = &pages,
						   .base = t->has_base ? &t->base.weights : NULL,
						   .resume = t->resume.bytes,
						   .resume_bytes = t->resume.n,
						   .crew = t->crew};
	return les_course_run(&request, &events, ret, reterr);
}

enum les_kind les_teach(struct les_teaching *t, struct les_session *session, int channel,
			const struct les_message *message, struct les_error *reterr)
{
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
	struct line_out out = {session, channel, false, false};
	struct les_training options;
	enum les_training_end end;
	struct les_error error;
	enum les_kind kind = les_training_parse(message, &options, reterr);

	if (kind != LES_OK)
		return kind;
	if (options.threads > les_crew_size(t->crew))
		options.threads = les_crew_size(t->crew);
	kind = train(t, &out, &options, message->fds[0], &end, &error);
	if (out.broken)
		return les_fail(reterr, LES_PEER, "lesart is gone");
	if (kind == LES_OK)
		les_training_end_encode(&body, end);
	else
		les_fail_encode(&body, &error);
	return say(&out, kind == LES_OK ? LES_MESSAGE_TRAINED : LES_MESSAGE_FAIL, &body, NULL,
		   reterr);
}

static void make_blank(void *context, uint32_t line, float *image, struct les_sample *ret)
{
	static const uint32_t labels[] = {1, 2};

	(void)context;
	(void)line;
	ret->w = 64;
	ret->labels = labels;
	ret->labels_n = 2;
	memset(image, 0, 16 * 64 * sizeof *image);
}

enum les_kind les_teach_warm_up(struct les_crew *crew, struct les_error *reterr)
{
	static struct les_graph graph;
	static const uint32_t numbers[LES_THREADS_MAX];
	const uint32_t n = les_crew_size(crew);
	LES_CLEANUP(les_params_free_p) struct les_params *params = NULL;
	LES_CLEANUP(les_learner_free_p) struct les_learner *learner = NULL;
	const struct les_learner_options options = {
		les_bf16_is_fast() ? LES_BF16 : LES_F32, n, n, 64, 64, 1, 0};
	const struct les_lines lines = {make_blank, NULL, numbers, n};
	const struct les_step step = {.rate = 1e-4f};
	struct les_stepped stepped;
	enum les_kind kind = les_vgsl_parse(
		"[1,16,0,1 Cr3,3,16 Mp2,2 Cr3,3,16 S1(1x0)1,3 Lbx16 O1c3]", &graph, reterr);

	if (kind == LES_OK)
		kind = les_params_new(&graph, &params, reterr);
	if (kind == LES_OK)
		kind = les_params_init(params, 1, reterr);
	if (kind == LES_OK)
		kind = les_learner_new(&graph, params, &options, crew, &learner, reterr);
	return kind == LES_OK ? les_learner_step(learner, &lines, &step, &stepped, reterr) : kind;
}
