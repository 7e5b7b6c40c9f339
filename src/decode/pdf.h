#ifndef LES_DECODE_PDF_H
#define LES_DECODE_PDF_H

#include "base/error.h"

/* Loads what poppler converts passwords with, which is a file of the C library's, and keeps it.
 * Call once, while files can still be opened. errors: UNAVAILABLE. */
enum les_kind les_pdf_prepare(struct les_error *reterr);

/* Draws a built-in page with the 14 base fonts, so that poppler, cairo, FreeType and fontconfig
 * have filled their tables before the process is confined, and keeps it open: poppler's global
 * tables die with the last document. Also keeps glib from writing its messages anywhere. Call once,
 * after les_fonts_open(). errors: UNAVAILABLE where the page stays blank, NOMEM. */
enum les_kind les_pdf_warm_up(struct les_error *reterr);

#endif
