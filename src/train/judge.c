#include "train/judge.h"

#include "train/text.h"

#include <math.h>

/* Set so that in ground truth of fourteen sources few lines are flagged, and most of those wrong.
 */
static const float HEIGHT_MIN_PX = 6, CLIP_MAX = 0.5f;
static const float PITCH_MIN = 1.0f / 16, DENSE_BELOW = 0.4f, SPARSE_ABOVE = 4, THIN_BELOW = 0.35f;
enum { PITCH_CHARACTERS_MIN = 8 };

static const struct {
	const char *name, *words;
} verdicts[LES_VERDICT_N] = {
	[LES_VERDICT_GOOD] = {"good", "it is good"},
	[LES_VERDICT_NO_TEXT] = {"no-text", "it has no text"},
	[LES_VERDICT_NO_BASELINE] = {"no-baseline", "it has no baseline"},
	[LES_VERDICT_SHORT_BASELINE] = {"short-baseline", "its baseline is shorter than 5 px"},
	[LES_VERDICT_NO_POLYGON] = {"no-polygon", "it has no polygon"},
	[LES_VERDICT_OUTSIDE] = {"outside", "it lies outside the image"},
	[LES_VERDICT_TINY] = {"tiny", "it is only a few pixels large"},
	[LES_VERDICT_THIN] = {"thin", "its polygon is far thinner than others of its page"},
	[LES_VERDICT_CRAMPED] = {"cramped", "it has more text than fits its width"},
	[LES_VERDICT_FAILED] = {"failed", "nothing can be cut out there"},
	[LES_VERDICT_DENSE] = {"dense", "it has much text for its width"},
	[LES_VERDICT_SPARSE] = {"sparse", "it has little text for its width"},
	[LES_VERDICT_CLIPPED] = {"clipped", "its polygon leaves the image a little"},
	[LES_VERDICT_UNKNOWN] = {"unknown", "it has characters that the base does not know"},
};

const char *les_verdict_name(enum les_verdict verdict)
{
	return verdicts[verdict].name;
}

const char *les_verdict_words(enum les_verdict verdict)
{
	return verdicts[verdict].words;
}

static float length_of(const struct les_points *points)
{
	float length = 0;

	for (uint32_t i = 1; i < points->n; i++)
		length += hypotf(points->at[i].x_px - points->at[i - 1].x_px,
				 points->at[i].y_px - points->at[i - 1].y_px);
	return length;
}

static float area_of(const struct les_points *polygon)
{
	double twice = 0;

	for (uint32_t i = 0; i < polygon->n; i++) {
		const struct les_point a = polygon->at[i], b = polygon->at[(i + 1) % polygon->n];
		twice += (double)a.x_px * (double)b.y_px - (double)b.x_px * (double)a.y_px;
	}
	return (float)(fabs(twice) / 2);
}

/* How far the farthest point lies beyond the image. */
static float beyond(const struct les_points *points, float w, float h)
{
	float far = 0;

	for (uint32_t i = 0; i < points->n; i++) {
		const struct les_point p = points->at[i];
		far = fmaxf(far, fmaxf(fmaxf(-p.x_px, p.x_px - w), fmaxf(-p.y_px, p.y_px - h)));
	}
	return far;
}

enum les_baseline_verdict les_baseline_judge(const struct les_line *line, uint32_t page_w_px,
					     uint32_t page_h_px)
{
	if (line->baseline.n < 2)
		return LES_BASELINE_NONE;
	if (length_of(&line->baseline) < LES_BASELINE_PX_MIN)
		return LES_BASELINE_SHORT;
	return beyond(&line->baseline, (float)page_w_px, (float)page_h_px) > LES_BASELINE_PX_MIN
		       ? LES_BASELINE_OUTSIDE
		       : LES_BASELINE_GOOD;
}

static enum les_verdict judge_shape(const struct les_line *line, uint32_t w, uint32_t h,
				    struct les_judged *judged)
{
	if (line->baseline.n < 2)
		return LES_VERDICT_NO_BASELINE;
	judged->length_px = length_of(&line->baseline);
	if (judged->length_px < LES_BASELINE_PX_MIN)
		return LES_VERDICT_SHORT_BASELINE;
	if (line->polygon.n < 3)
		return LES_VERDICT_NO_POLYGON;
	judged->height_px = area_of(&line->polygon) / judged->length_px;
	if (judged->height_px < HEIGHT_MIN_PX)
		return LES_VERDICT_TINY;
	const float far = fmaxf(beyond(&line->polygon, (float)w, (float)h),
				beyond(&line->baseline, (float)w, (float)h));
	if (w && h && far > CLIP_MAX * judged->height_px)
		return LES_VERDICT_OUTSIDE;
	/* the last row and column are one pixel inside */
	return w && h && far > 1 ? LES_VERDICT_CLIPPED : LES_VERDICT_GOOD;
}

static enum les_verdict judge_image(uint32_t w, uint32_t h, struct les_judged *judged)
{
	judged->length_px = (float)w;
	judged->height_px = (float)h;
	return (float)w < HEIGHT_MIN_PX || (float)h < HEIGHT_MIN_PX ? LES_VERDICT_TINY
								    : LES_VERDICT_GOOD;
}

struct les_judged les_line_judge(const struct les_line *line, uint32_t page_w_px,
				 uint32_t page_h_px, const char *text)
{
	struct les_judged judged = {.characters_n = les_text_length(text)};

	judged.verdict = les_line_is_image(line) ? judge_image(page_w_px, page_h_px, &judged)
						 : judge_shape(line, page_w_px, page_h_px, &judged);
	if (judged.characters_n == 0)
		judged.verdict = LES_VERDICT_NO_TEXT;
	else if (les_verdict_keeps(judged.verdict) && les_judged_pitch(&judged) < PITCH_MIN)
		judged.verdict = LES_VERDICT_CRAMPED;
	return judged;
}

float les_judged_pitch(const struct les_judged *judged)
{
	return judged->height_px > 0 && judged->characters_n
		       ? judged->length_px / judged->height_px / (float)judged->characters_n
		       : 0;
}

enum les_verdict les_pitch_judge(const struct les_judged *judged, float median_pitch)
{
	const float pitch = les_judged_pitch(judged);

	if (judged->verdict != LES_VERDICT_GOOD || pitch <= 0 || median_pitch <= 0)
		return judged->verdict;
	if (pitch < DENSE_BELOW * median_pitch && judged->characters_n >= PITCH_CHARACTERS_MIN)
		return LES_VERDICT_DENSE;
	/* one word in a wide column is no mistake, one letter in a line of writing is */
	if (pitch > SPARSE_ABOVE * median_pitch && judged->length_px > 8 * judged->height_px)
		return LES_VERDICT_SPARSE;
	return judged->verdict;
}

enum les_verdict les_height_judge(const struct les_judged *judged, float median_height_px)
{
	return les_verdict_keeps(judged->verdict) &&
			       judged->height_px < THIN_BELOW * median_height_px
		       ? LES_VERDICT_THIN
		       : judged->verdict;
}
