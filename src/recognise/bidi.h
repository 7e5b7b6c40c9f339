#ifndef LES_RECOGNISE_BIDI_H
#define LES_RECOGNISE_BIDI_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* A line as a net reads it, from left to right, into the order in which a person reads it.
 *
 * text     n code points as they stand on the page; mirrored characters (brackets) that stand in
 *          right-to-left text are replaced by their counterparts
 * order    room for n: order[i] is the place on the page of the i-th code point in reading order
 * *ret_rtl whether the line as a whole runs from right to left
 * errors   NOMEM
 * source   UAX #9 by FriBidi; kraken applies the same algorithm to the same string
 *          (containers.py logical_order). A line without right-to-left letters stays as it is.
 */
enum les_kind les_bidi_logical(uint32_t *text, uint32_t n, uint32_t *order, bool *ret_rtl,
			       struct les_error *reterr);

#endif
