#ifndef LES_NN_OPTIMISER_H
#define LES_NN_OPTIMISER_H

#include "types/training.h"

#include <stddef.h>
#include <stdint.h>

/* AdamW (Loshchilov and Hutter 2019), as torch's: weights f32 [n], gradient f32 [n], first and
 * second moments f32 [n], all the caller's. step counts from 1. Each weight by itself: a range may
 * be cut among threads and gives the same. */
struct les_adam {
	float rate, beta1, beta2, epsilon, decay;
	uint64_t step;
	float scale; /* of the gradient: 1, or what clipping makes of it */
};
void les_adam_run(const struct les_adam *adam, float *weights, const float *gradient,
		  float *moment1, float *moment2, size_t n);

/* Sum of squares, in chunks of a fixed size, so that it does not depend on who sums. */
double les_square_sum(const float *at, size_t n);

/* What a gradient of this norm is multiplied with so that it is at most max; source: torch's
 * clip_grad_norm_(). */
float les_clip_scale(double norm, float max);

/* How the rate goes. */
struct les_rate {
	enum les_schedule schedule;
	float high;        /* the highest */
	float low;         /* where cosine ends, below which plateau does not go */
	uint64_t warm_up;  /* steps from 0 up to high */
	uint64_t steps;    /* cosine: of the whole training */
	float factor;      /* plateau: what is left of the rate each time */
	uint32_t patience; /* plateau: validations without a better one */
};
/* What plateau remembers; {.best = INFINITY, .scale = 1}. */
struct les_plateau {
	float best, scale;
	uint32_t since;
};
/* The rate of a step, counted from 0. */
float les_rate_at(const struct les_rate *rate, const struct les_plateau *plateau, uint64_t step);
/* One validation's error. */
void les_plateau_note(const struct les_rate *rate, struct les_plateau *plateau, float error);

#endif
