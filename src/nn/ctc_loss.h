#ifndef LES_NN_CTC_LOSS_H
#define LES_NN_CTC_LOSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Connectionist temporal classification (Graves et al. 2006), forward and backward in logarithms,
 * f32; blank is label 0.
 *
 * logits   f32 [steps][classes], rows stride values apart; read
 * grad     f32, the same shape and stride; the loss's gradient with respect to the logits, written
 *          (NULL: not wanted); may be logits itself
 * labels   label_n of 1 .. classes - 1; label_n 0 is a line without text
 * scratch  les_ctc_scratch() floats
 * returns  -log p(labels | logits); where the labels cannot fit the steps, 0 with a gradient of 0
 * source   as torch's CTCLoss(reduction="sum", zero_infinity=True) on log_softmax
 */
struct les_ctc {
	uint32_t steps, classes;
	size_t stride;
	const float *logits;
	float *grad;
	const uint32_t *labels;
	uint32_t labels_n;
};
float les_ctc_loss(const struct les_ctc *ctc, float *scratch);
size_t les_ctc_scratch(uint32_t steps, uint32_t classes, uint32_t labels_n);

/* Steps that the labels need at least: one each, and a blank between equal ones. */
uint32_t les_ctc_steps_min(const uint32_t *labels, uint32_t labels_n);

/* The likeliest label of each step, runs joined, blanks dropped. ret holds steps; returns how many.
 * source: kraken lib/ctc_decoder.py greedy_decoder */
uint32_t les_ctc_labels(const float *logits, uint32_t steps, uint32_t classes, size_t stride,
			uint32_t *ret);

#endif
