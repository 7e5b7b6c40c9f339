#ifndef LES_BENCH_PROCESS_H
#define LES_BENCH_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Programs and what they use. argv ends with NULL; the output goes to /dev/null. */
struct usage {
	double seconds;
	double peak_mb; /* of the program and all its descendants: the highest sum of PSS seen */
	int status;     /* of waitpid() */
};

pid_t program_start(const char *const *argv);

/* Runs it to its end. With memory, looks at it every few milliseconds, which takes time. */
struct usage program_run(const char *const *argv, bool memory);

/* Sum of PSS in MB of a process and its descendants, and how many of them let it be seen: workers
 * hide theirs from all but root. */
double tree_mb(pid_t root, uint32_t *ret_n);

double median(double *values, uint32_t n);

#endif
