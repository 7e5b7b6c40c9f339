#ifndef LES_DECODE_LIKENESS_H
#define LES_DECODE_LIKENESS_H

#include "base/error.h"
#include "decode/raster.h"

#include <stdbool.h>

/* A picture as a coarse grid of mean brightness, to tell whether two pictures show the same, and
 * how one is turned against the other. */
enum { LES_LIKENESS_SIDE = 32 };
struct les_likeness {
	float cell[LES_LIKENESS_SIDE][LES_LIKENESS_SIDE]; /* [y][x], 0 = black, 1 = white */
};

/* Averages a stored picture, its turn ignored. errors: NOMEM. */
enum les_kind les_likeness_of(const struct les_raster *raster, struct les_likeness *ret,
			      struct les_error *reterr);

/* Whether `page` is `stored` after a turn, which *ret_turn then is. Of several turns that fit alike
 * (a blank page) the first that keeps the sides' proportions wins: lies says that stored's sides
 * are swapped against the page's. */
bool les_likeness_turn(const struct les_likeness *page, const struct les_likeness *stored,
		       bool lies, struct les_turn *ret_turn);

#endif
