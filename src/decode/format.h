#ifndef LES_DECODE_FORMAT_H
#define LES_DECODE_FORMAT_H

#include "decode/raster.h"
#include "decode/sniff.h"
#include "ipc/message.h"

#include <stddef.h>
#include <stdint.h>

/* What a library's adapter is given to open a document; all borrowed for the document's life. */
struct les_format_input {
	const uint8_t *bytes;
	size_t n;
	const struct les_sniff *sniff;
	const struct les_open *open; /* limits and password */
};

/* One adapter: the only file that knows its library. */
struct les_format {
	/* *ret_handle is the adapter's own, given back with close(). errors: FORMAT, UNSUPPORTED,
	 * ENCRYPTED, LIMIT, NOMEM. */
	enum les_kind (*open)(const struct les_format_input *input, void **ret_handle,
			      uint32_t *ret_pages_n, struct les_error *reterr);
	/* Page `number` from 1. *ret is to be given to les_raster_done(). The handle stays good
	 * after an error. */
	enum les_kind (*page)(void *handle, uint32_t number, struct les_raster *ret,
			      struct les_error *reterr);
	void (*close)(void *handle);
};

extern const struct les_format les_format_image; /* image.c: Leptonica */
extern const struct les_format les_format_tiff;  /* tiff.c: libtiff */
extern const struct les_format les_format_pdf;   /* pdf.c: poppler-glib, cairo */

#endif
