#ifndef LES_DECODE_GROUND_H
#define LES_DECODE_GROUND_H

#include "base/error.h"
#include "ipc/entries.h"
#include "ipc/memfd.h"
#include "ipc/message.h"
#include "types/page.h"

/* Ground truth as a decoder serves it: the entries of one ZIP, or loose files that come one by one.
 * {0} is none. */
struct les_archive;
struct les_ground {
	struct les_view view; /* the ZIP's bytes */
	struct les_archive *archive;
	uint64_t page_px_max;
};
void les_ground_done(struct les_ground *ground);

/* fd: the ZIP, borrowed; -1 for loose files. Lists what is in it into empty entries. errors: as
 * les_archive_open() and les_archive_list(); IO. */
enum les_kind les_ground_begin(struct les_ground *ground, const struct les_source_open *open,
			       int fd, struct les_entries *entries, struct les_error *reterr);

/* Decodes an image of one page. fd: a loose file's, borrowed, or -1. *ret_fd is the caller's.
 * errors: as les_decoder_page() and les_archive_read(); UNSUPPORTED (several pages, or no image).
 */
enum les_kind les_ground_pixels(struct les_ground *ground, const struct les_entry_ask *ask, int fd,
				struct les_page_info *ret, int *ret_fd, struct les_error *reterr);

/* The other wants: a layout, a text as a page with one line, an image's size as a page without
 * lines. page is new. errors: as les_layout_parse() and les_archive_read(); FORMAT (a text that is
 * not UTF-8, with the place), LIMIT. */
enum les_kind les_ground_layout(struct les_ground *ground, const struct les_entry_ask *ask, int fd,
				struct les_page *page, struct les_error *reterr);

#endif
