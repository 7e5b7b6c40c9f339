#ifndef LES_DECODE_DECODER_H
#define LES_DECODE_DECODER_H

#include "base/cleanup.h"
#include "base/error.h"
#include "ipc/message.h"
#include "types/page.h"

#include <stddef.h>
#include <stdint.h>

/* One opened document of any kind that has pages. */
struct les_decoder;

/* Opens a document whose kind is found from its bytes. bytes are borrowed until
 * les_decoder_close(), as is nothing else. errors: FORMAT, UNSUPPORTED, ENCRYPTED, LIMIT (more
 * pages than open->pages_max), NOMEM. */
enum les_kind les_decoder_open(const uint8_t *bytes, size_t n, const struct les_open *open,
			       struct les_decoder **ret, struct les_error *reterr);

struct les_document les_decoder_document(const struct les_decoder *decoder);

/* Decodes page `number` (from 1) into a sealed memfd of stride × h bytes, uint8 [h, w, channels].
 * *ret_fd is the caller's. errors: ARG (no such page), FORMAT, UNSUPPORTED, LIMIT, NOMEM, IO; after
 * each of them the other pages can still be asked for. */
enum les_kind les_decoder_page(struct les_decoder *decoder, uint32_t number,
			       struct les_page_info *ret, int *ret_fd, struct les_error *reterr);

void les_decoder_close(struct les_decoder *decoder);
LES_DEFINE_CLEANUP(struct les_decoder, les_decoder_close)

#endif
