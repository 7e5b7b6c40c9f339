#ifndef LES_CLI_LEARNING_H
#define LES_CLI_LEARNING_H

#include "types/training.h"

#include <stdbool.h>
#include <stdint.h>

/* How a training goes, told as it goes: one rewritten line on a terminal and one line an epoch, or
 * a JSON object a line. Keeps each epoch's last report. */
struct les_learning {
	enum les_net_kind net;
	bool json;     /* NDJSON to standard output; else for people, to standard error */
	bool terminal; /* standard error is one */
	double since_s;
	double first_s, first_done; /* the first report: when, and after how many epochs */
	uint32_t epochs_max;
	struct les_training_report *epochs;
	uint32_t epochs_n, capacity;
};

void les_learning_begin(struct les_learning *learning, enum les_net_kind net, bool json,
			uint32_t epochs_max);
/* A sink's report: context is the struct. */
void les_learning_report(void *context, const struct les_training_report *report);
/* And its plan. */
void les_learning_plan(void *context, const struct les_training_plan *plan);
void les_learning_end(struct les_learning *learning);
void les_learning_done(struct les_learning *learning);

#endif
