#ifndef LES_CLI_PROGRESS_H
#define LES_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* One line on standard error, rewritten as work goes on: pages, lines, time left. Silent where
 * standard error is no terminal. */
struct les_progress {
	bool shown;
	double since_s;
	uint32_t pages_n, done_n, lines_n;
	const char *name;
};

void les_progress_begin(struct les_progress *progress, const char *name, uint32_t pages_n);
void les_progress_page(struct les_progress *progress, uint32_t lines_n);
void les_progress_end(struct les_progress *progress);

#endif
