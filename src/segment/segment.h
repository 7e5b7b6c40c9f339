#ifndef LES_SEGMENT_SEGMENT_H
#define LES_SEGMENT_SEGMENT_H

#include "segment/contours.h"
#include "types/page.h"
#include "types/weights.h"

/* What a line finder's net says of a page: float [channels, h_px, w_px], values in [0,1] (others
 * are cut to that, NaN counts as 0), borrowed. */
struct les_heatmap {
	const float *at;
	uint32_t channels, h_px, w_px;
	const struct les_class *classes; /* which channel is what */
	uint32_t classes_n;
};

struct les_segment_options {
	enum les_line_position position; /* of the model's baselines */
	bool vertical;                 /* columns of vertical lines; else lines from side to side */
	bool right_to_left;            /* columns are read from the right */
	uint32_t page_w_px, page_h_px; /* where the image is the page made smaller; else 0 */
	struct les_team *team;         /* or NULL: who works out the polygons */
	/* called after each step with its name, or NULL: for measuring */
	void (*on_step)(void *context, const char *step);
	void *context;
};

/* A net's output as a heatmap: the sigmoid of each value, repeated to the size of the net's input
 * (nearest, as torch's interpolate).
 *
 * logits   [channels, h_px, w_px], borrowed
 * *ret     [channels, to_h_px, to_w_px], free() it
 * errors   LIMIT, NOMEM
 */
enum les_kind les_heat_from_logits(const float *logits, uint32_t channels, uint32_t h_px,
				   uint32_t w_px, uint32_t to_h_px, uint32_t to_w_px, float **ret,
				   struct les_error *reterr);

/* Lines and regions of a page, in page pixels, lines in reading order with their polygons and
 * boxes. A line around which no polygon can be found keeps a strip along its baseline, as high as
 * the page's other lines are.
 *
 * image    the page, or the page at the heatmap's size; resized to that otherwise (Lanczos)
 * page     its lines and regions are replaced; what they are made of is its arena's
 * errors   ARG (a class without its channel, no class of baselines), LIMIT, NOMEM. Whatever the
 *          heatmap holds, time and memory are bounded.
 * source   kraken blla.py vec_lines(), vec_regions()
 */
enum les_kind les_segment_heatmap(const struct les_heatmap *heatmap, const struct les_image *image,
				  const struct les_segment_options *options, struct les_page *page,
				  struct les_error *reterr);

/* The baselines alone, of all classes, in heatmap pixels and no order: to judge a net by.
 *
 * *ret     les_polylines_done()
 * errors   as above
 */
enum les_kind les_segment_baselines(const struct les_heatmap *heatmap, struct les_polylines *ret,
				    struct les_error *reterr);

/* Polygons and boxes for the lines of a page that have a baseline but no polygon; all others stay
 * as they are and bound them. Worked out on the page made as high as kraken's nets see it (1,800
 * px) where it is higher.
 *
 * image    the page
 * errors   LIMIT, NOMEM
 * source   kraken calculate_polygonal_environment()
 */
enum les_kind les_segment_contours(const struct les_image *image,
				   const struct les_segment_options *options, struct les_page *page,
				   struct les_error *reterr);

#endif
