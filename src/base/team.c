#include "base/team.h"

#include "base/cleanup.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

enum { STACK_BYTES = 2 << 20 };

struct member {
	struct les_team *team;
	uint32_t number;
	pthread_t thread;
};

struct les_team {
	pthread_mutex_t lock;
	pthread_cond_t begun, ended;
	uint64_t round;  /* counts runs, so that a member joins each one once */
	uint32_t busy_n; /* members that have not finished this run */
	bool stop;

	void (*job)(void *context, size_t i, uint32_t member);
	void *context;
	size_t jobs_n;
	atomic_size_t next;

	uint32_t threads_n;      /* the caller included */
	struct member members[]; /* [0] is the caller, and has no thread */
};

static void work(struct les_team *team, uint32_t member)
{
	for (size_t i; (i = atomic_fetch_add(&team->next, 1)) < team->jobs_n;)
		team->job(team->context, i, member);
}

static void *live(void *context)
{
	struct member *member = context;
	struct les_team *team = member->team;
	uint64_t seen = 0;

	pthread_mutex_lock(&team->lock);
	for (;;) {
		while (!team->stop && team->round == seen)
			pthread_cond_wait(&team->begun, &team->lock);
		if (team->stop)
			break;
		seen = team->round;
		pthread_mutex_unlock(&team->lock);
		work(team, member->number);
		pthread_mutex_lock(&team->lock);
		if (--team->busy_n == 0)
			pthread_cond_signal(&team->ended);
	}
	pthread_mutex_unlock(&team->lock);
	return NULL;
}

/* Ends the first started_n threads besides the caller's. */
static void team_end(struct les_team *team, uint32_t started_n)
{
	pthread_mutex_lock(&team->lock);
	team->stop = true;
	pthread_cond_broadcast(&team->begun);
	pthread_mutex_unlock(&team->lock);
	for (uint32_t i = 1; i <= started_n; i++)
		pthread_join(team->members[i].thread, NULL);
	pthread_cond_destroy(&team->begun);
	pthread_cond_destroy(&team->ended);
	pthread_mutex_destroy(&team->lock);
	free(team);
}

enum les_kind les_team_new(uint32_t threads_n, struct les_team **ret, struct les_error *reterr)
{
	pthread_attr_t attr;

	if (threads_n == 0 || threads_n > LES_TEAM_THREADS_MAX)
		return les_fail(reterr, LES_ARG, "threads: 1 to %d", LES_TEAM_THREADS_MAX);
	struct les_team *team = calloc(1, sizeof *team + threads_n * sizeof team->members[0]);
	if (!team)
		return les_fail(reterr, LES_NOMEM, "no memory for %u threads", threads_n);
	pthread_mutex_init(&team->lock, NULL);
	pthread_cond_init(&team->begun, NULL);
	pthread_cond_init(&team->ended, NULL);
	team->threads_n = threads_n;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	for (uint32_t i = 1; i < threads_n; i++) {
		struct member *member = &team->members[i];

		*member = (struct member){.team = team, .number = i};
		if (pthread_create(&member->thread, &attr, live, member) == 0)
			continue;
		pthread_attr_destroy(&attr);
		team_end(team, i - 1);
		return les_fail(reterr, LES_NOMEM, "cannot start %u threads", threads_n);
	}
	pthread_attr_destroy(&attr);
	*ret = team;
	return LES_OK;
}

void les_team_free(struct les_team *team)
{
	if (team)
		team_end(team, team->threads_n - 1);
}

uint32_t les_team_threads(const struct les_team *team)
{
	return team ? team->threads_n : 1;
}

void les_team_run(struct les_team *team, void (*job)(void *context, size_t i, uint32_t member),
		  void *context, size_t jobs_n)
{
	if (!team || team->threads_n == 1 || jobs_n <= 1) {
		for (size_t i = 0; i < jobs_n; i++)
			job(context, i, 0);
		return;
	}
	pthread_mutex_lock(&team->lock);
	team->job = job;
	team->context = context;
	team->jobs_n = jobs_n;
	atomic_store(&team->next, 0);
	team->busy_n = team->threads_n - 1;
	team->round++;
	pthread_cond_broadcast(&team->begun);
	pthread_mutex_unlock(&team->lock);
	work(team, 0);
	pthread_mutex_lock(&team->lock);
	while (team->busy_n)
		pthread_cond_wait(&team->ended, &team->lock);
	pthread_mutex_unlock(&team->lock);
}
