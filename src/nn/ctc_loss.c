#include "nn/ctc_loss.h"

#include "nn/fast.h"

#include <math.h>
#include <string.h>

/* The logarithm of 0, near enough: no sum brings it back, and it less itself is no NaN. */
static const float NEVER = -1e30f;

LES_INLINE float larger(float a, float b)
{
	return a > b ? a : b;
}

/* log(e^a + e^b + e^c), at least NEVER; loops of it vectorise. */
LES_INLINE float log_add(float a, float b, float c)
{
	const float high = larger(larger(larger(a, b), c), NEVER);

	return high + les_fast_log(les_fast_exp(a - high) + les_fast_exp(b - high) +
				   les_fast_exp(c - high));
}

/* Sixteen at a time: the order of sums is ours to choose, not the compiler's. */
enum { LANES = 16 };

LES_INLINE float highest(const float *x, uint32_t n)
{
	float high[LANES];
	uint32_t i = 0;

	for (uint32_t k = 0; k < LANES; k++)
		high[k] = NEVER;
	for (; i + LANES <= n; i += LANES)
		for (uint32_t k = 0; k < LANES; k++)
			high[k] = larger(x[i + k], high[k]);
	for (; i < n; i++)
		high[0] = larger(x[i], high[0]);
	for (uint32_t k = 1; k < LANES; k++)
		high[0] = larger(high[k], high[0]);
	return high[0];
}

uint32_t les_ctc_steps_min(const uint32_t *labels, uint32_t labels_n)
{
	uint32_t n = labels_n;

	for (uint32_t i = 1; i < labels_n; i++)
		n += labels[i] == labels[i - 1];
	return n;
}

/* Beside a row's states lie some that are never reached, so that none is a special case. */
enum { EDGE = 2, ROWS = 4 };

size_t les_ctc_scratch(uint32_t steps, uint32_t classes, uint32_t labels_n)
{
	return (size_t)steps + ((size_t)steps + ROWS) * (2 * (size_t)labels_n + 1 + EDGE) + classes;
}

/* log Σ exp of one step's logits. */
LES_VECTOR
static float log_total(const float *x, uint32_t n)
{
	const float high = highest(x, n);
	float sums[LANES] = {0};
	uint32_t i = 0;

	for (; i + LANES <= n; i += LANES)
		for (uint32_t k = 0; k < LANES; k++)
			sums[k] += les_fast_exp(x[i + k] - high);
	for (; i < n; i++)
		sums[0] += les_fast_exp(x[i] - high);
	for (uint32_t k = 1; k < LANES; k++)
		sums[0] += sums[k];
	return high + les_fast_log(sums[0]);
}

/* The labels with blanks around and between: state s is a blank where s is even. */
struct states {
	const struct les_ctc *ctc;
	uint32_t n;
	float *totals;     /* [steps] log Σ exp */
	float *alpha;      /* [steps][EDGE + n], the edge before them */
	float *now, *next; /* beta of two steps, [n + EDGE] */
	float *log_p;      /* of one step, [n + EDGE] */
	float *skips;  /* [n + EDGE]: 0 where a state may be entered from two before it, or NEVER */
	float *shares; /* [classes] */
};

static uint32_t label_of(const struct states *s, uint32_t state)
{
	return state & 1 ? s->ctc->labels[state / 2] : 0;
}

/* Not onto a blank, not between equal ones. */
static bool may_skip(const struct states *s, uint32_t state)
{
	return state >= 2 && state & 1 && label_of(s, state) != label_of(s, state - 2);
}

static struct states lay_out(const struct les_ctc *ctc, float *scratch)
{
	const uint32_t n = 2 * ctc->labels_n + 1, row = n + EDGE;
	struct states s = {.ctc = ctc, .n = n, .totals = scratch, .alpha = scratch + ctc->steps};

	s.now = s.alpha + (size_t)ctc->steps * row;
	s.next = s.now + row;
	s.log_p = s.next + row;
	s.skips = s.log_p + row;
	s.shares = s.skips + row;
	for (uint32_t k = 0; k < row; k++) {
		s.skips[k] = k < n && may_skip(&s, k) ? 0 : NEVER;
		s.now[k] = s.next[k] = NEVER;
		s.log_p[k] = 0;
	}
	for (size_t t = 0; t < ctc->steps; t++)
		s.alpha[t * row] = s.alpha[t * row + 1] = NEVER;
	return s;
}

static float *alpha_of(const struct states *s, uint32_t t)
{
	return s->alpha + (size_t)t * (s->n + EDGE) + EDGE;
}

static void take_log_p(const struct states *s, uint32_t t)
{
	const float *x = s->ctc->logits + t * s->ctc->stride, total = s->totals[t];

	for (uint32_t k = 0; k < s->n; k++)
		s->log_p[k] = x[label_of(s, k)] - total;
}

/* Makes the highest 0 and returns what it was, so that what matters stays small and exact however
 * long the line is. */
LES_VECTOR
static float rebase(float *at, uint32_t n)
{
	const float high = highest(at, n);

	for (uint32_t k = 0; k < n; k++)
		at[k] -= high;
	return high;
}

LES_VECTOR
static void step_on(const float *restrict before, const float *restrict log_p,
		    const float *restrict skips, uint32_t n, float *restrict now)
{
	for (uint32_t k = 0; k < n; k++)
		now[k] = log_add(before[k + 2], before[k + 1], before[k] + skips[k]) + log_p[k];
}

/* alpha[t][state]: all ways to be there after t + 1 steps, each step's highest made 0. Returns
 * log p of all ways to the end. */
static double walk_forward(const struct states *s)
{
	float *now = alpha_of(s, 0);

	take_log_p(s, 0);
	for (uint32_t k = 0; k < s->n; k++)
		now[k] = k < 2 ? s->log_p[k] : NEVER;
	double sum_highs = (double)rebase(now, s->n);
	for (uint32_t t = 1; t < s->ctc->steps; t++) {
		now = alpha_of(s, t);
		take_log_p(s, t);
		step_on(alpha_of(s, t - 1) - EDGE, s->log_p, s->skips, s->n, now);
		sum_highs += (double)rebase(now, s->n);
	}
	return sum_highs + (double)log_add(now[s->n - 1], s->n > 1 ? now[s->n - 2] : NEVER, NEVER);
}

/* beta[state] of a step from that of the next and from its log p. */
LES_VECTOR
static void step_back(const float *restrict next, const float *restrict log_p,
		      const float *restrict skips, uint32_t n, float *restrict now)
{
	for (uint32_t k = 0; k < n; k++)
		now[k] = log_add(next[k] + log_p[k], next[k + 1] + log_p[k + 1],
				 next[k + 2] + log_p[k + 2] + skips[k + 2]);
}

/* Makes beta e^(alpha + beta), of which the highest is 1. */
LES_VECTOR
static void weigh(const float *restrict alpha, float *restrict beta, uint32_t n)
{
	for (uint32_t k = 0; k < n; k++)
		beta[k] += alpha[k];
	const float high = highest(beta, n);
	for (uint32_t k = 0; k < n; k++)
		beta[k] = les_fast_exp(beta[k] - high);
}

/* Makes a label's weight what its softmax is more than its share of all weights. */
LES_VECTOR
static void differ(const float *restrict x, float total, float all, uint32_t n,
		   float *restrict weights)
{
	for (uint32_t i = 0; i < n; i++)
		weights[i] = les_fast_exp(x[i] - total) - weights[i] / all;
}

/* d loss / d logit = softmax - share of the ways that pass this label at this step. All ways pass
 * each step somewhere, so that a step's shares make 1. Uses beta up. */
static void write_step(const struct states *s, uint32_t t, float *beta)
{
	const struct les_ctc *c = s->ctc;
	float all = 0;

	weigh(alpha_of(s, t), beta, s->n);
	memset(s->shares, 0, c->classes * sizeof *s->shares);
	for (uint32_t k = 0; k < s->n; k++) {
		s->shares[label_of(s, k)] += beta[k];
		all += beta[k];
	}
	differ(c->logits + t * c->stride, s->totals[t], all, c->classes, s->shares);
	memcpy(c->grad + t * c->stride, s->shares, c->classes * sizeof *s->shares);
}

static void write_gradient(const struct states *s)
{
	float *now = s->now, *next = s->next, *swap;

	for (uint32_t k = 0; k < s->n; k++)
		next[k] = k + 2 >= s->n ? 0 : NEVER;
	for (uint32_t t = s->ctc->steps - 1; t > 0; t--) {
		take_log_p(s, t);
		step_back(next, s->log_p, s->skips, s->n, now);
		rebase(now, s->n);
		write_step(s, t, next); /* its logits are not needed any more */
		swap = now;
		now = next;
		next = swap;
	}
	write_step(s, 0, next);
}

static float nothing(const struct les_ctc *ctc)
{
	for (uint32_t t = 0; ctc->grad && t < ctc->steps; t++)
		memset(ctc->grad + t * ctc->stride, 0, ctc->classes * sizeof(float));
	return 0;
}

float les_ctc_loss(const struct les_ctc *ctc, float *scratch)
{
	if (ctc->steps == 0 || les_ctc_steps_min(ctc->labels, ctc->labels_n) > ctc->steps)
		return nothing(ctc);
	const struct states states = lay_out(ctc, scratch);
	for (uint32_t t = 0; t < ctc->steps; t++)
		states.totals[t] = log_total(ctc->logits + t * ctc->stride, ctc->classes);
	const double log_all = walk_forward(&states);
	if (isnan(log_all))
		return NAN;
	if (log_all <= (double)NEVER / 2)
		return nothing(ctc);
	if (ctc->grad)
		write_gradient(&states);
	return (float)-log_all;
}

uint32_t les_ctc_labels(const float *logits, uint32_t steps, uint32_t classes, size_t stride,
			uint32_t *ret)
{
	uint32_t n = 0, before = 0;

	for (uint32_t t = 0; t < steps; t++) {
		const float *x = logits + t * stride;
		uint32_t best = 0;
		for (uint32_t i = 1; i < classes; i++)
			if (x[i] > x[best])
				best = i;
		if (best && best != before)
			ret[n++] = best;
		before = best;
	}
	return n;
}
