#ifndef LES_TRAIN_JUDGE_H
#define LES_TRAIN_JUDGE_H

#include "types/page.h"

#include <stdbool.h>
#include <stdint.h>

/* Whether one line of ground truth can be learnt from. */
enum les_verdict {
	LES_VERDICT_GOOD,
	/* left out */
	LES_VERDICT_NO_TEXT,
	LES_VERDICT_NO_BASELINE,
	LES_VERDICT_SHORT_BASELINE,
	LES_VERDICT_NO_POLYGON,
	LES_VERDICT_OUTSIDE, /* of the image */
	LES_VERDICT_TINY,    /* hardly a pixel high or wide */
	LES_VERDICT_THIN,    /* its polygon is a sliver against its page's others */
	LES_VERDICT_CRAMPED, /* more characters than its width can hold */
	LES_VERDICT_FAILED,  /* cutting it out failed, or nothing is on it */
	/* kept, and worth a look */
	LES_VERDICT_DENSE,   /* far narrower characters than elsewhere */
	LES_VERDICT_SPARSE,  /* far wider ones: text may be missing */
	LES_VERDICT_CLIPPED, /* its polygon leaves the image a little; it is cut off there */
	LES_VERDICT_UNKNOWN, /* characters that the base does not have */
	LES_VERDICT_N,
};

struct les_judged {
	enum les_verdict verdict;
	float length_px, height_px; /* of the writing; 0 where unknown */
	uint32_t characters_n;
};

static inline bool les_verdict_keeps(enum les_verdict verdict)
{
	return verdict == LES_VERDICT_GOOD || verdict >= LES_VERDICT_DENSE;
}

/* "no-baseline" for JSON; "it has no baseline" for people. */
const char *les_verdict_name(enum les_verdict verdict);
const char *les_verdict_words(enum les_verdict verdict);

/* One line by itself: THIN, DENSE and SPARSE need the others, UNKNOWN the base. text is what is
 * learnt, prepared. A line without baseline, polygon and box is the whole image. */
struct les_judged les_line_judge(const struct les_line *line, uint32_t page_w_px,
				 uint32_t page_h_px, const char *text);

/* What a line is to a line finder, which learns from baselines alone. */
enum les_baseline_verdict {
	LES_BASELINE_GOOD,
	LES_BASELINE_NONE,    /* it has none */
	LES_BASELINE_SHORT,   /* below LES_BASELINE_PX_MIN */
	LES_BASELINE_OUTSIDE, /* it leaves the page by more than that */
	LES_BASELINE_VERDICT_N,
};
enum { LES_BASELINE_PX_MIN = 5 };
enum les_baseline_verdict les_baseline_judge(const struct les_line *line, uint32_t page_w_px,
					     uint32_t page_h_px);

/* Width of a character against the line's height, by which lines are compared; 0 where unknown. */
float les_judged_pitch(const struct les_judged *judged);

/* DENSE or SPARSE where a good line's pitch is far from the median of all. */
enum les_verdict les_pitch_judge(const struct les_judged *judged, float median_pitch);

/* THIN where a kept line's height is far below the median of its page. */
enum les_verdict les_height_judge(const struct les_judged *judged, float median_height_px);

/* Whether a line is the whole image: a line image's transcription. */
static inline bool les_line_is_image(const struct les_line *line)
{
	return line->baseline.n == 0 && line->polygon.n == 0 && les_box_is_empty(&line->box);
}

#endif
