#include "nn/ctc_loss.h"

#include <math.h>
#include <string.h>

static const float NEVER = -INFINITY;

static float log_add(float a, float b)
{
	const float high = a > b ? a : b, low = a > b ? b : a;

	return low == NEVER ? high : high + log1pf(expf(low - high));
}

uint32_t les_ctc_steps_min(const uint32_t *labels, uint32_t labels_n)
{
	uint32_t n = labels_n;

	for (uint32_t i = 1; i < labels_n; i++)
		n += labels[i] == labels[i - 1];
	return n;
}

size_t les_ctc_scratch(uint32_t steps, uint32_t classes, uint32_t labels_n)
{
	return (size_t)steps * (2 * (size_t)labels_n + 1) + (size_t)steps +
	       3 * (2 * (size_t)labels_n + 1) + classes;
}

/* log Σ exp of one step's logits. */
static float log_total(const float *x, uint32_t n)
{
	float high = x[0];
	float sum = 0;

	for (uint32_t i = 1; i < n; i++)
		high = x[i] > high ? x[i] : high;
	for (uint32_t i = 0; i < n; i++)
		sum += expf(x[i] - high);
	return high + logf(sum);
}

/* The labels with blanks around and between: state s is a blank where s is even. */
struct states {
	const struct les_ctc *ctc;
	const float *totals; /* [steps] log Σ exp */
	uint32_t n;
};

static uint32_t label_of(const struct states *s, uint32_t state)
{
	return state & 1 ? s->ctc->labels[state / 2] : 0;
}

/* Whether a state may be entered from two before it: not onto a blank, not between equal ones. */
static bool may_skip(const struct states *s, uint32_t state)
{
	return state >= 2 && state & 1 && label_of(s, state) != label_of(s, state - 2);
}

static float log_p(const struct states *s, uint32_t t, uint32_t state)
{
	return s->ctc->logits[t * s->ctc->stride + label_of(s, state)] - s->totals[t];
}

/* Makes the highest 0 and returns what it was, so that what matters stays small and exact however
 * long the line is. */
static float rebase(float *at, uint32_t n)
{
	float high = NEVER;

	for (uint32_t k = 0; k < n; k++)
		high = at[k] > high ? at[k] : high;
	for (uint32_t k = 0; k < n && high != NEVER; k++)
		at[k] -= high;
	return high;
}

/* alpha[t][state]: all ways to be there after t + 1 steps, each step's highest made 0. Returns
 * log p of all ways to the end. */
static double walk_forward(const struct states *s, float *alpha)
{
	double sum_highs;

	for (uint32_t k = 0; k < s->n; k++)
		alpha[k] = k < 2 ? log_p(s, 0, k) : NEVER;
	sum_highs = (double)rebase(alpha, s->n);
	for (uint32_t t = 1; t < s->ctc->steps; t++) {
		const float *before = alpha + (size_t)(t - 1) * s->n;
		float *now = alpha + (size_t)t * s->n;
		for (uint32_t k = 0; k < s->n; k++) {
			float sum = before[k];
			if (k > 0)
				sum = log_add(sum, before[k - 1]);
			if (may_skip(s, k))
				sum = log_add(sum, before[k - 2]);
			now[k] = sum == NEVER ? NEVER : sum + log_p(s, t, k);
		}
		sum_highs += (double)rebase(now, s->n);
	}
	const float *last = alpha + (size_t)(s->ctc->steps - 1) * s->n;
	return sum_highs + (double)(s->n > 1 ? log_add(last[s->n - 1], last[s->n - 2]) : last[0]);
}

/* beta[state] of step t from that of step t + 1, its highest made 0. */
static void step_back(const struct states *s, uint32_t t, const float *next, float *beta)
{
	for (uint32_t k = 0; k < s->n; k++) {
		float sum = next[k] + log_p(s, t + 1, k);
		if (k + 1 < s->n)
			sum = log_add(sum, next[k + 1] + log_p(s, t + 1, k + 1));
		if (k + 2 < s->n && may_skip(s, k + 2))
			sum = log_add(sum, next[k + 2] + log_p(s, t + 1, k + 2));
		beta[k] = sum;
	}
	rebase(beta, s->n);
}

/* d loss / d logit = softmax - share of the ways that pass this label at this step. All ways pass
 * each step somewhere, so that a step's shares make 1. */
static void write_step(const struct states *s, uint32_t t, const float *alpha, const float *beta,
		       float *shares)
{
	const struct les_ctc *c = s->ctc;
	const float *x = c->logits + t * c->stride;
	float *grad = c->grad + t * c->stride;
	float high = NEVER, sum = 0;

	for (uint32_t k = 0; k < s->n; k++)
		high = alpha[k] + beta[k] > high ? alpha[k] + beta[k] : high;
	memset(shares, 0, c->classes * sizeof *shares);
	for (uint32_t k = 0; k < s->n; k++) {
		const float share = expf(alpha[k] + beta[k] - high);
		shares[label_of(s, k)] += share;
		sum += share;
	}
	for (uint32_t i = 0; i < c->classes; i++)
		grad[i] = expf(x[i] - s->totals[t]) - shares[i] / sum;
}

static void write_gradient(const struct states *s, const float *alpha, float *beta, float *shares)
{
	float *now = beta, *next = beta + s->n, *swap;

	for (uint32_t t = s->ctc->steps; t-- > 0;) {
		if (t + 1 == s->ctc->steps)
			for (uint32_t k = 0; k < s->n; k++)
				now[k] = k + 2 >= s->n ? 0 : NEVER;
		else
			step_back(s, t, next, now);
		if (t + 1 < s->ctc->steps) /* that step's logits are not needed any more */
			write_step(s, t + 1, alpha + (size_t)(t + 1) * s->n, next, shares);
		swap = now;
		now = next;
		next = swap;
	}
	write_step(s, 0, alpha, next, shares);
}

static float nothing(const struct les_ctc *ctc)
{
	for (uint32_t t = 0; ctc->grad && t < ctc->steps; t++)
		memset(ctc->grad + t * ctc->stride, 0, ctc->classes * sizeof(float));
	return 0;
}

float les_ctc_loss(const struct les_ctc *ctc, float *scratch)
{
	const uint32_t n = 2 * ctc->labels_n + 1;
	float *totals = scratch, *alpha = totals + ctc->steps;
	float *beta = alpha + (size_t)ctc->steps * n;
	const struct states states = {ctc, totals, n};

	if (ctc->steps == 0 || les_ctc_steps_min(ctc->labels, ctc->labels_n) > ctc->steps)
		return nothing(ctc);
	for (uint32_t t = 0; t < ctc->steps; t++)
		totals[t] = log_total(ctc->logits + t * ctc->stride, ctc->classes);
	const double log_all = walk_forward(&states, alpha);
	if (isnan(log_all))
		return NAN;
	if (isinf(log_all))
		return nothing(ctc);
	if (ctc->grad)
		write_gradient(&states, alpha, beta, beta + 2 * (size_t)n);
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
