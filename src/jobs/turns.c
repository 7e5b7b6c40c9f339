#include "jobs/turns.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { PREPARE_MS = LES_PAGE_SECONDS_DEFAULT * 1000 };

/* What the threads share. */
struct shared {
	const struct les_turns *turns;
	atomic_uint next;
	pthread_mutex_t lock; /* of what follows, take() and progress */
	pthread_cond_t turned;
	uint32_t turn; /* the document whose result is taken next */
	enum les_kind kind;
	struct les_error *reterr;
};

/* ---- hands ---- */

enum les_kind les_hand_find_trainer(struct les_hand *hand, struct les_error *reterr)
{
	return hand->trainer ? LES_OK
			     : les_pool_take_recogniser(hand->feed.pool, LES_ROLE_TRAIN,
							les_clock_ms() + LES_WORKER_START_MS,
							&hand->trainer, reterr);
}

void les_hand_drop_trainer(struct les_hand *hand)
{
	if (hand->trainer)
		les_pool_give_recogniser(hand->feed.pool, LES_TAKE(hand->trainer), false);
}

static enum les_kind receive(struct les_worker *worker, struct les_view *ret,
			     struct les_error *reterr)
{
	LES_CLEANUP(les_message_done) struct les_message message = LES_MESSAGE_NONE;
	struct les_payload payload;
	enum les_kind kind =
		les_worker_receive(worker, les_clock_ms() + PREPARE_MS, &message, reterr);

	if (kind == LES_OK)
		kind = les_payload_parse(&message, &payload, reterr);
	return kind == LES_OK ? les_view_open_sealed(message.fds[0], payload.bytes, ret, reterr)
			      : kind;
}

enum les_kind les_hand_prepare(struct les_hand *hand, uint16_t type, const struct les_buf *body,
			       const int *fds, uint32_t fds_n, struct les_view *ret,
			       struct les_error *reterr)
{
	struct les_worker *worker = hand->trainer->worker;
	enum les_kind kind = les_worker_send(worker, type, body, fds, fds_n, reterr);

	if (kind == LES_OK)
		kind = receive(worker, ret, reterr);
	if (kind == LES_PEER || !les_worker_usable(worker))
		les_hand_drop_trainer(hand);
	return kind;
}

/* ---- turns ---- */

static bool is_cancelled(int cancel_fd)
{
	struct pollfd p = {.fd = cancel_fd, .events = POLLIN};

	return cancel_fd >= 0 && poll(&p, 1, 0) > 0;
}

/* Waits for this document's turn, has it taken, and passes the turn on. */
static bool hand_in(struct shared *s, uint32_t i, void *job, bool fatal,
		    const struct les_error *error)
{
	const struct les_turns *t = s->turns;

	pthread_mutex_lock(&s->lock);
	while (s->turn != i)
		pthread_cond_wait(&s->turned, &s->lock);
	if (s->kind == LES_OK && (fatal || error->kind == LES_NOMEM))
		s->kind = les_fail(s->reterr, error->kind, "%s", error->message);
	else if (s->kind == LES_OK && is_cancelled(t->cancel_fd))
		s->kind = les_fail(s->reterr, LES_CANCELLED, "stopped");
	if (s->kind == LES_OK)
		s->kind = t->take(t->context, i, job, error, s->reterr);
	s->turn++;
	if (t->progress)
		t->progress(t->progress_context, s->turn, t->corpus->documents_n);
	const bool go_on = s->kind == LES_OK;
	pthread_cond_broadcast(&s->turned);
	pthread_mutex_unlock(&s->lock);
	return go_on;
}

static void *work(void *context)
{
	struct shared *s = context;
	const struct les_turns *t = s->turns;
	struct les_hand hand = {.feed = {.pool = t->pool, .corpus = t->corpus}};
	LES_CLEANUP(les_free_p) void *job = malloc(t->job_bytes);
	bool go_on = true;

	for (uint32_t i; go_on && (i = atomic_fetch_add(&s->next, 1)) < t->corpus->documents_n;) {
		struct les_error error = {.kind = LES_OK};
		bool fatal = false;
		if (job) {
			memset(job, 0, t->job_bytes);
			error.kind = t->work(t->context, &hand, i, job, &fatal, &error);
		} else {
			les_fail(&error, LES_NOMEM, "no memory for a document");
		}
		go_on = hand_in(s, i, job, fatal, &error);
		if (job && t->job_done)
			t->job_done(job);
	}
	les_feed_done(&hand.feed);
	if (hand.trainer)
		les_pool_give_recogniser(t->pool, hand.trainer, true);
	return NULL;
}

enum les_kind les_turns_run(const struct les_turns *turns, struct les_error *reterr)
{
	struct shared shared = {.turns = turns,
				.lock = PTHREAD_MUTEX_INITIALIZER,
				.turned = PTHREAD_COND_INITIALIZER,
				.reterr = reterr};
	pthread_t threads[LES_THREADS_MAX];
	uint32_t n = 0;

	while (n + 1 < turns->threads && n + 1 < LES_THREADS_MAX &&
	       n + 1 < turns->corpus->documents_n &&
	       pthread_create(&threads[n], NULL, work, &shared) == 0)
		n++;
	work(&shared);
	while (n)
		pthread_join(threads[--n], NULL);
	return shared.kind;
}
