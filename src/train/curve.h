#ifndef LES_TRAIN_CURVE_H
#define LES_TRAIN_CURVE_H

#include "base/buf.h"
#include "base/error.h"

#include <stdint.h>

enum { LES_CURVE_W_PX = 720, LES_CURVE_H_PX = 400 };

/* What an epoch came to. */
struct les_curve_point {
	float loss;  /* mean a line */
	float error; /* of validation, as a fraction; < 0: not measured */
};

/* Draws how a training went: the loss on the left axis, the error in per cent on the right one,
 * both logarithmic, over the epochs from 1 to n (n >= 1). error_name is what the error is: "CER",
 * "1-F1". Appends a PNG of LES_CURVE_W_PX × LES_CURVE_H_PX. errors: NOMEM */
enum les_kind les_curve_draw(const struct les_curve_point *points, uint32_t n,
			     const char *error_name, struct les_buf *out, struct les_error *reterr);

#endif
