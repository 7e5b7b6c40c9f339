#include "decode/decoder.h"

#include "decode/format.h"

#include <stdlib.h>

struct les_decoder {
	const struct les_format *format;
	void *handle;
	uint32_t pages_n;
	struct les_sniff sniff;
	struct les_open open;
};

static const struct les_format *format_for(enum les_document_kind kind)
{
	switch (kind) {
	case LES_DOCUMENT_PDF:
		return &les_format_pdf;
	case LES_DOCUMENT_TIFF:
		return &les_format_tiff;
	case LES_DOCUMENT_XML:
		return NULL;
	default:
		return &les_format_image;
	}
}

enum les_kind les_decoder_open(const uint8_t *bytes, size_t n, const struct les_open *open,
			       struct les_decoder **ret, struct les_error *reterr)
{
	LES_CLEANUP(les_decoder_close_p) struct les_decoder *d = calloc(1, sizeof *d);

	if (!d)
		return les_fail(reterr, LES_NOMEM, "no memory for a document");
	enum les_kind kind = les_sniff(bytes, n, &d->sniff, reterr);
	if (kind != LES_OK)
		return kind;
	d->open = *open;
	d->format = format_for(d->sniff.kind);
	if (!d->format)
		return les_fail(reterr, LES_UNSUPPORTED,
				"XML has no pixels: give a PAGE or ALTO file with --layout, beside "
				"its image");
	const struct les_format_input input = {bytes, n, &d->sniff, &d->open};
	kind = d->format->open(&input, &d->handle, &d->pages_n, reterr);
	if (kind != LES_OK)
		return kind;
	if (d->pages_n == 0)
		return les_fail(reterr, LES_FORMAT, "the document has no pages");
	if (d->pages_n > open->pages_max)
		return les_fail(reterr, LES_LIMIT, "the document has %u pages, more than %u",
				d->pages_n, open->pages_max);
	*ret = LES_TAKE(d);
	return LES_OK;
}

struct les_document les_decoder_document(const struct les_decoder *decoder)
{
	return (struct les_document){decoder->pages_n, decoder->sniff.kind};
}

enum les_kind les_decoder_page(struct les_decoder *decoder, uint32_t number,
			       struct les_page_info *ret, int *ret_fd, struct les_error *reterr)
{
	LES_CLEANUP(les_raster_done) struct les_raster raster = {0};

	if (number == 0 || number > decoder->pages_n)
		return les_fail(reterr, LES_ARG, "there is no page %u: the document has %u", number,
				decoder->pages_n);
	enum les_kind kind = decoder->format->page(decoder->handle, number, &raster, reterr);
	if (kind == LES_OK) /* what a library made may differ from what its header promised */
		kind = les_raster_check_size(raster.w_px, raster.h_px, decoder->open.page_px_max,
					     reterr);
	if (kind == LES_OK)
		kind = les_raster_emit(&raster, number, ret, ret_fd, reterr);
	return kind;
}

void les_decoder_close(struct les_decoder *decoder)
{
	if (!decoder)
		return;
	if (decoder->handle)
		decoder->format->close(decoder->handle);
	free(decoder);
}
