#ifndef LES_RECOGNISE_STRIPS_H
#define LES_RECOGNISE_STRIPS_H

#include "base/team.h"
#include "nn/ctc.h"
#include "recognise/nets.h"
#include "types/image.h"
#include "types/page.h"

/* Lines of a page through a recogniser: each is cut out and straightened, lines of like width are
 * read in one batch, and the batches are dealt out between the members of the team. */

enum { LES_STRIP_PAD_PX = 16 }; /* white columns on both sides of a line; as in kraken */

/* What a net said of one line. reads and readings are heap; n 0 where nothing was said or nothing
 * could be cut.
 */
struct les_strip {
	struct les_ctc_read *reads;
	uint32_t reads_n;
	struct les_ctc_reading *readings; /* where they were asked for */
	uint32_t readings_n;
	uint32_t steps;      /* of the net's output */
	uint32_t input_w_px; /* of its input, both paddings included */
	uint32_t
		line_w_px; /* of the straightened line before it was scaled to the input's height */
	bool is_box;       /* the line was cut as a box: columns of line_w_px are the page's */
	bool is_vertical;  /* of a box: turned a quarter to the left */
	struct les_box box; /* where is_box */
};

/* Reads lines[0..n) of the page into strips[0..n), which must be zeroed; les_strips_done() frees on
 * every path. readings_n: how many readings of each whole line to search for besides, at most
 * LES_LINE_READINGS_MAX. A line that cannot be cut (too short, no polygon and no box) stays empty.
 * errors: NOMEM, LIMIT */
enum les_kind les_strips_read(struct les_team *team, struct les_loaded_net *net,
			      const struct les_image *image, const struct les_line *lines,
			      uint32_t n, uint32_t readings_n, struct les_strip *strips,
			      struct les_error *reterr);
void les_strips_done(struct les_strip *strips, uint32_t n);

/* A step of the net's output as a column of the straightened line.
 * source  kraken lib/vgsl/rpred.py _scale_val() */
double les_strip_column(const struct les_strip *strip, uint32_t step);

#endif
