#ifndef LES_NN_SEGLOSS_H
#define LES_NN_SEGLOSS_H

#include "base/error.h"

#include <stdint.h>

/* What a line finder's logits cost: binary cross entropy, the mean over all values, and half of
 * soft dice, 1 − the mean over channels of (2 Σpt + 1) / (Σp + Σt + 1), where p is the sigmoid of a
 * logit. Both as if the logits were repeated to the target's size first (nearest).
 *
 * logits   f32 [channels][h][w]; read
 * target   [channels][target_h][target_w], 0 or 1; read
 * grad     f32, as logits; the gradient of total with respect to them, written (NULL: not wanted);
 *          may be logits itself
 */
struct les_segloss_input {
	const float *logits;
	uint32_t channels, h, w;
	const uint8_t *target;
	uint32_t target_h, target_w;
	float *grad;
};

struct les_segloss {
	double bce, dice, total; /* total = bce + dice / 2 */
};

/* errors: ARG (a side of 0), NOMEM
 * source: kraken train/blla.py, train/losses.py SoftDiceLoss */
enum les_kind les_segloss(const struct les_segloss_input *input, struct les_segloss *ret,
			  struct les_error *reterr);

#endif
