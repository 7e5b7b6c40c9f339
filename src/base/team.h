#ifndef LES_BASE_TEAM_H
#define LES_BASE_TEAM_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/* Threads that wait for work, made once: a confined process can make none later. The caller is one
 * of the team, so a team of one has no thread at all. */
struct les_team;

enum { LES_TEAM_THREADS_MAX = 64 };

/* threads_n in all, the caller's included. *ret is heap; les_team_free(). errors: ARG (0 or above
 * LES_TEAM_THREADS_MAX), NOMEM. */
enum les_kind les_team_new(uint32_t threads_n, struct les_team **ret, struct les_error *reterr);
void les_team_free(struct les_team *team);

uint32_t les_team_threads(const struct les_team *team);

/* Runs job(context, i, member) for every i below jobs_n and returns when all are done. Jobs are
 * handed out in order, to whoever is free; member (below les_team_threads()) tells whose scratch
 * memory may be used. One run at a time: a job must not run the team again. team NULL: the caller
 * does all by itself, as member 0. */
void les_team_run(struct les_team *team, void (*job)(void *context, size_t i, uint32_t member),
		  void *context, size_t jobs_n);

#endif
