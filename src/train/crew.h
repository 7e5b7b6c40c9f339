#ifndef LES_TRAIN_CREW_H
#define LES_TRAIN_CREW_H

#include "base/cleanup.h"
#include "base/error.h"

#include <stdint.h>

/* Threads that wait for work. They are made once, before a process gives up the right to make any.
 */
struct les_crew;

enum les_kind les_crew_new(uint32_t threads_n, struct les_crew **ret, struct les_error *reterr);
void les_crew_free(struct les_crew *crew);
LES_DEFINE_CLEANUP(struct les_crew, les_crew_free)

uint32_t les_crew_size(const struct les_crew *crew);

/* Calls work(context, i) for i < n (at most the crew's size), each in thread i of the crew, the
 * same one every time; returns when all are done. One caller at a time. */
void les_crew_run(struct les_crew *crew, uint32_t n, void (*work)(void *context, uint32_t i),
		  void *context);

#endif
