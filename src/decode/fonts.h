#ifndef LES_DECODE_FONTS_H
#define LES_DECODE_FONTS_H

#include "base/error.h"

/* Puts the fonts for PDFs that bring none on the table of files (confine/files.h), and makes
 * fontconfig know them and only them: a page's pixels do not depend on what else is installed. Call
 * before the process is confined. errors: UNAVAILABLE where a font is missing, with the package
 * that has it; NOMEM. */
enum les_kind les_fonts_open(struct les_error *reterr);

#endif
