#include "train/crew.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

struct member {
	struct les_crew *crew;
	uint32_t number;
	pthread_t thread;
};

struct les_crew {
	struct member *members;
	uint32_t members_n;
	pthread_mutex_t lock;
	pthread_cond_t go, done;
	void (*work)(void *context, uint32_t i);
	void *context;
	uint32_t wanted_n, busy_n;
	uint64_t round;
	bool end;
};

static void *live(void *context)
{
	struct member *member = context;
	struct les_crew *t = member->crew;
	uint64_t round = 0;

	for (;;) {
		pthread_mutex_lock(&t->lock);
		while (!t->end && (t->round == round || member->number >= t->wanted_n)) {
			round = t->round;
			pthread_cond_wait(&t->go, &t->lock);
		}
		round = t->round;
		const bool end = t->end;
		pthread_mutex_unlock(&t->lock);
		if (end)
			return NULL;
		t->work(t->context, member->number);
		pthread_mutex_lock(&t->lock);
		if (--t->busy_n == 0)
			pthread_cond_signal(&t->done);
		pthread_mutex_unlock(&t->lock);
	}
}

void les_crew_free(struct les_crew *t)
{
	if (!t)
		return;
	pthread_mutex_lock(&t->lock);
	t->end = true;
	pthread_cond_broadcast(&t->go);
	pthread_mutex_unlock(&t->lock);
	for (uint32_t i = 0; i < t->members_n; i++)
		pthread_join(t->members[i].thread, NULL);
	pthread_cond_destroy(&t->go);
	pthread_cond_destroy(&t->done);
	pthread_mutex_destroy(&t->lock);
	free(t->members);
	free(t);
}

enum les_kind les_crew_new(uint32_t threads_n, struct les_crew **ret, struct les_error *reterr)
{
	struct les_crew *t = calloc(1, sizeof *t);

	if (!t)
		return les_fail(reterr, LES_NOMEM, "no memory for threads");
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->go, NULL);
	pthread_cond_init(&t->done, NULL);
	t->members = calloc(threads_n, sizeof *t->members);
	for (uint32_t i = 0; t->members && i < threads_n; i++) {
		t->members[i].crew = t;
		t->members[i].number = i;
		if (pthread_create(&t->members[i].thread, NULL, live, &t->members[i]) != 0)
			break;
		t->members_n++;
	}
	if (t->members_n < threads_n) {
		les_crew_free(t);
		return les_fail(reterr, LES_NOMEM, "cannot start %u threads", threads_n);
	}
	*ret = t;
	return LES_OK;
}

uint32_t les_crew_size(const struct les_crew *crew)
{
	return crew->members_n;
}

void les_crew_run(struct les_crew *t, uint32_t n, void (*work)(void *context, uint32_t i),
		  void *context)
{
	pthread_mutex_lock(&t->lock);
	t->work = work;
	t->context = context;
	t->wanted_n = n;
	t->busy_n = n;
	t->round++;
	pthread_cond_broadcast(&t->go);
	while (t->busy_n > 0)
		pthread_cond_wait(&t->done, &t->lock);
	pthread_mutex_unlock(&t->lock);
}
