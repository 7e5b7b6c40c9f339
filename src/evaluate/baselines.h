#ifndef LES_EVALUATE_BASELINES_H
#define LES_EVALUATE_BASELINES_H

#include "base/error.h"
#include "types/geometry.h"

/* How well baselines were found, each in [0,1]. Where there is neither truth nor anything found,
 * all are 1. */
struct les_baseline_score {
	double precision, recall, f1;
};

/* Compares baselines with the truth. A point of one line counts 1 where the other is within a
 * tolerance, 0 beyond three times that, in between what is left; a line counts the mean of its
 * points. Recall is the mean over the truth's lines of how far anything found covers them;
 * precision the mean over the lines found of how far each lies on one line of the truth, the
 * best pairs first, each line of the truth used once. So a line found in two halves costs
 * precision, and two lines found as one cost recall less than precision.
 *
 * The tolerance is a quarter of the distance across to the next line of the truth, at most the mean
 * of those, which is also that of lines without a neighbour; 10 px where no line has one.
 *
 * truth, found  chains in the same pixels, borrowed; those of fewer than two points are passed over
 * errors        NOMEM
 * source        Grüning, Labahn, Diem, Kleber, Fiel 2018, "READ-BAD" (the measure of cBAD 2017 and
 *               2019). Ours measures to segments where theirs does to points a pixel apart.
 */
enum les_kind les_baselines_compare(const struct les_points *truth, uint32_t truth_n,
				    const struct les_points *found, uint32_t found_n,
				    struct les_baseline_score *ret, struct les_error *reterr);

#endif
