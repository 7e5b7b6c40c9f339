#ifndef LES_TESTS_EXPORT_PAGES_H
#define LES_TESTS_EXPORT_PAGES_H

#include "base/buf.h"
#include "export/export.h"

/* Pages that are awkward to export, one a row: made, normalised as jobs/ does, and given to a
 * format. */
enum sample {
	SAMPLE_LETTER,   /* two regions, an illegible word, characters, decomposed umlauts */
	SAMPLE_EMPTY,    /* nothing was found */
	SAMPLE_HEBREW,   /* right to left */
	SAMPLE_VERTICAL, /* top to bottom */
	SAMPLE_LOOSE,    /* lines without region, without words, without text; one over another */
	SAMPLE_ODD,      /* shapes off the page, forbidden characters, ids that clash */
	SAMPLE_N,
};

extern const char *const sample_names[SAMPLE_N];

/* The page, normalised. les_page_free(). Failures fail the running test. */
struct les_page *sample_page(enum sample sample);

/* A document of these pages in a format; NUL-terminated in the buffer, which the caller frees. */
struct les_buf sample_export(enum les_export_format format, const enum sample *samples, uint32_t n);

#endif
