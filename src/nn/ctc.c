#include "nn/ctc.h"

#include <math.h>
#include <stddef.h>

static float logit(const struct les_ctc_logits *l, uint32_t step, uint32_t label)
{
	return l->at[(size_t)step * l->step_stride + (size_t)label * l->label_stride];
}

static uint32_t best_of(const struct les_ctc_logits *l, uint32_t step)
{
	uint32_t best = 0;

	for (uint32_t label = 1; label < l->labels; label++)
		if (logit(l, step, label) > logit(l, step, best))
			best = label;
	return best;
}

/* The sum that turns exp((logit − best) / temperature) into a probability. */
static float norm_of(const struct les_ctc_logits *l, uint32_t step, float best)
{
	float sum = 0;

	for (uint32_t label = 0; label < l->labels; label++)
		sum += expf((logit(l, step, label) - best) / l->temperature);
	return sum;
}

/* Keeps the most probable few, in order. */
static void add_other(struct les_ctc_read *read, uint32_t label, float probability)
{
	uint32_t at = read->others_n;

	while (at > 0 && read->others[at - 1].probability < probability)
		at--;
	if (at == LES_CTC_OTHERS_MAX)
		return;
	if (read->others_n < LES_CTC_OTHERS_MAX)
		read->others_n++;
	for (uint32_t i = read->others_n - 1; i > at; i--)
		read->others[i] = read->others[i - 1];
	read->others[at].label = label;
	read->others[at].probability = probability;
}

static void find_others(const struct les_ctc_logits *l, uint32_t step, float norm,
			float others_from, struct les_ctc_read *read)
{
	const float best = logit(l, step, read->label);

	read->others_n = 0;
	for (uint32_t label = 1; label < l->labels; label++) {
		float p = expf((logit(l, step, label) - best) / l->temperature) / norm;

		if (label != read->label && p >= others_from)
			add_other(read, label, p);
	}
}

uint32_t les_ctc_greedy(const struct les_ctc_logits *l, float others_from, struct les_ctc_read *ret)
{
	uint32_t n = 0, before = 0;

	for (uint32_t step = 0; step < l->steps; step++) {
		const uint32_t label = best_of(l, step);

		if (label) {
			const float norm = norm_of(l, step, logit(l, step, label));
			if (label != before)
				ret[n++] = (struct les_ctc_read){.label = label, .first = step};
			struct les_ctc_read *read = &ret[n - 1];
			read->last = step;
			if (1 / norm > read->probability) {
				read->probability = 1 / norm;
				find_others(l, step, norm, others_from, read);
			}
		}
		before = label;
	}
	return n;
}
