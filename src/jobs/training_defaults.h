#ifndef LES_JOBS_TRAINING_DEFAULTS_H
#define LES_JOBS_TRAINING_DEFAULTS_H

#include "types/training.h"

#include <stdbool.h>
#include <stdint.h>

/* What is left to the number of lines. */
#define LES_TRAINING_UNSET UINT32_MAX

/* Fills in what nobody chose: epochs_max, patience, batch_lines and warm_up_steps where they are
 * LES_TRAINING_UNSET, rate and augmentation where they are below 0. with_base: a model goes on, and
 * samples_n decides; a few lines of one hand are seen often, a few at a time. samples_n: lines to
 * learn from, or pages. */
void les_training_default(struct les_training *t, bool with_base, uint64_t samples_n);

#endif
