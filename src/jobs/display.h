#ifndef LES_JOBS_DISPLAY_H
#define LES_JOBS_DISPLAY_H

#include "base/buf.h"
#include "base/error.h"

/* Appends a line of text in the order in which it stands on the page, left to right: what a net
 * learns, since it sees nothing else. Text without right-to-left letters stays as it is. text is
 * valid UTF-8. errors: NOMEM. source: UAX #9; kraken lib/dataset bd.get_display */
enum les_kind les_text_display(const char *text, struct les_buf *out, struct les_error *reterr);

#endif
