#ifndef LES_TESTS_FLOW_SETTING_H
#define LES_TESTS_FLOW_SETTING_H

#include "jobs/pool.h"
#include "tests/workers/workers.h"

/* For what takes milliseconds: a machine may be busy. */
enum { PATIENCE_MS = 20000 };

/* A pool over the told workers, and a folder with a model that nobody reads. */
struct setting {
	struct folder models;
	const char *tessdata[2];
	struct les_pool *pool;
};
void setting_make(struct setting *setting, uint32_t recognisers_max);
void setting_remove(struct setting *setting);

/* Waits at most wait_ms until a worker's count is as wanted; the last seen counts are *ret. */
enum count { READY_N, BUSY_N };
bool setting_await(const struct setting *setting, enum les_role role, enum count count,
		   uint32_t want, int wait_ms);

#endif
