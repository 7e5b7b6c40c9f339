#ifndef LES_TRAIN_PREPARE_H
#define LES_TRAIN_PREPARE_H

#include "base/buf.h"
#include "base/error.h"
#include "types/image.h"
#include "types/page.h"
#include "types/weights.h"

/* Cuts a page's lines out and brings them to the height they are kept at, as bytes for the packed
 * cache. Runs where only pixels and geometry are seen.
 *
 *   prepared  u32 magic · u32 lines_n · line…
 *   line      u32 w_px · u32 h_px · u8[h_px, w_px] grey, 0 = ink (0 × 0: nothing can be cut there)
 *
 * page     1 or 3 channels; borrowed
 * lines    in the order of the result; one without baseline, polygon and box is the whole image.
 *          Points beyond the page are moved to its edge
 * how      those that have a baseline are cut
 * h_px     lines higher than this are scaled down to it (Lanczos), lower ones stay as they are:
 *          what a net of that height sees is the same as from the page itself
 * errors   LIMIT (LES_PREPARED_BYTES_MAX), NOMEM; a line that fails by itself is 0 × 0
 */
enum les_kind les_prepare(const struct les_image *page, const struct les_line *lines,
			  uint32_t lines_n, enum les_line_cut how, uint32_t h_px,
			  struct les_buf *out, struct les_error *reterr);

/* Brings a page to the size that reading with a line finder of that height sees it at.
 *
 *   prepared page  u32 magic · u32 w_px · u32 h_px · u32 channels · u8[h_px, w_px, channels]
 *
 * page      1 or 3 channels; borrowed
 * channels  1 or 3
 * errors    LIMIT (more than LES_PLANE_PX_MAX pixels, or none), NOMEM
 */
enum les_kind les_prepare_page(const struct les_image *page, uint32_t h_px, uint32_t channels,
			       struct les_buf *out, struct les_error *reterr);

enum { LES_PREPARED_PAGE_MAGIC = 0x3150504c }; /* "LPP1" */

enum { LES_PREPARED_MAGIC = 0x3152504c }; /* "LPR1" */

/* One line of what les_prepare() wrote; px is lent. */
struct les_prepared_line {
	const uint8_t *px;
	uint32_t w_px, h_px;
};

/* Reads untrusted bytes: lines_n lines into ret, all checked. errors: PEER. */
enum les_kind les_prepared_parse(const uint8_t *bytes, size_t n, uint32_t lines_n,
				 struct les_prepared_line *ret, struct les_error *reterr);

/* What les_prepare_page() wrote; px is lent. */
struct les_prepared_page {
	const uint8_t *px;
	uint32_t w_px, h_px, channels;
};

/* Reads untrusted bytes: a page of that height and so many channels. errors: PEER. */
enum les_kind les_prepared_page_parse(const uint8_t *bytes, size_t n, uint32_t h_px,
				      uint32_t channels, struct les_prepared_page *ret,
				      struct les_error *reterr);

#endif
