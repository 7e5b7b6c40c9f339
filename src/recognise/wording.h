#ifndef LES_RECOGNISE_WORDING_H
#define LES_RECOGNISE_WORDING_H

#include "nn/speller.h"
#include "recognise/strips.h"

/* What a net said of a line, as the line's text, words and characters in page pixels.
 *
 * speller  of the net that read the strip
 * line     takes text, words, chars, readings, confidence (mean of its characters) and direction;
 * its baseline, polygon and box say where it lies page     its arena holds what is made errors
 * NOMEM, LIMIT (more text than fits) source   kraken lib/codec.py decode(): a character of several
 * labels lies from the first's start to the last's end, its confidence is their mean; containers.py
 * for the polygons */
enum les_kind les_wording_fill(const struct les_speller *speller, const struct les_strip *strip,
			       struct les_page *page, struct les_line *line,
			       struct les_error *reterr);

#endif
