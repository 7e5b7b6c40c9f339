#ifndef LES_PREPROCESS_PREPROCESS_H
#define LES_PREPROCESS_PREPROCESS_H

#include "base/error.h"
#include "types/image.h"
#include "types/page.h"

#include <stdbool.h>

/* Page → what an engine wants, with the way back. An engine wishes, the page is measured, and only
 * what it needs is done: a clean, straight page stays as it is, to the byte. Runs in the
 * recogniser's process. */

/* Each wish says from where on a page is mended; 0 is no wish. */
struct les_wishes {
	float deskew_min_deg;   /* lines that lean by so much are turned level … */
	float deskew_max_deg;   /* … up to so much; more is not looked for */
	uint32_t stain_min;     /* paper that differs by so many grey values is evened */
	uint32_t contrast_min;  /* ink and paper that differ by fewer grey values are spread */
	uint32_t speckle_min_n; /* of 10,000 pixels: specks, which are wiped away */
};

/* What a page is like; angles clockwise positive, of the turn that makes its lines level. */
struct les_measure {
	float deskew_deg;   /* 0 where no lines were found for sure */
	uint32_t paper;     /* the paper's grey value, median over the page */
	uint32_t stain;     /* how much the paper differs: 95th − 5th percentile */
	uint32_t contrast;  /* between paper and ink */
	uint32_t speckle_n; /* single pixels unlike all their neighbours, of 10,000 */
};

struct les_prepared {
	struct les_image image; /* the page's own pixels where nothing was done, else ours: grey */
	struct les_affine to_page; /* pixels of image → pixels of the page */
	bool turned, evened, spread, wiped;
	uint8_t *own; /* heap, or NULL */
};

/* errors: NOMEM. */
enum les_kind les_page_measure(const struct les_image *image, const struct les_wishes *wishes,
			       struct les_measure *ret, struct les_error *reterr);

/* image is borrowed by *ret, which goes to les_prepared_done(). Pages too small to tell anything
 * stay as they are. errors: NOMEM. */
enum les_kind les_page_prepare(const struct les_image *image, const struct les_wishes *wishes,
			       struct les_prepared *ret, struct les_error *reterr);
void les_prepared_done(struct les_prepared *prepared);

/* Takes all coordinates of a page's regions, lines, words and characters through m, and cuts boxes
 * at the page's sides. Under a turn a box is the one around the turned one, and words and regions
 * get the turned one itself as their polygon. errors: LIMIT (the page's arena is full). */
enum les_kind les_page_map(struct les_page *page, const struct les_affine *m,
			   struct les_error *reterr);

/* ---- the parts, for the above and for tests ---- */

/* Single pixels darker or lighter than all their eight neighbours by SPECK_MIN, of 10,000. */
uint32_t les_specks_count(const struct les_image *grey);
/* Sets them to the nearest neighbour's value; px is grey [h_px, stride_bytes]. errors: NOMEM. */
enum les_kind les_specks_wipe(uint8_t *px, uint32_t w_px, uint32_t h_px, uint32_t stride_bytes,
			      struct les_error *reterr);

#endif
