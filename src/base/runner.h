#ifndef LES_BASE_RUNNER_H
#define LES_BASE_RUNNER_H

#include <stddef.h>

/* Who runs jobs that do not depend on each other: a pool of threads, or nobody. run() calls
 * job(arg, i) once for each i < n, in any order and on any thread, and returns when all are done.
 */
struct les_runner {
	void (*run)(void *context, void (*job)(void *arg, size_t i), void *arg, size_t n);
	void *context;
};

/* NULL runs them one after the other. */
static inline void les_run(const struct les_runner *runner, void (*job)(void *arg, size_t i),
			   void *arg, size_t n)
{
	if (runner) {
		runner->run(runner->context, job, arg, n);
		return;
	}
	for (size_t i = 0; i < n; i++)
		job(arg, i);
}

#endif
