#ifndef LES_TRAIN_TEAM_H
#define LES_TRAIN_TEAM_H

#include "base/cleanup.h"
#include "base/error.h"

#include <stdint.h>

/* Threads that wait for work. They are made once, before a process gives up the right to make any.
 */
struct les_team;

enum les_kind les_team_new(uint32_t threads_n, struct les_team **ret, struct les_error *reterr);
void les_team_free(struct les_team *team);
LES_DEFINE_CLEANUP(struct les_team, les_team_free)

uint32_t les_team_size(const struct les_team *team);

/* Calls work(context, i) for i < n (at most the team's size), each in thread i of the team, the
 * same one every time; returns when all are done. One caller at a time. */
void les_team_run(struct les_team *team, uint32_t n, void (*work)(void *context, uint32_t i),
		  void *context);

#endif
