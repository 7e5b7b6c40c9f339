#ifndef LES_TRAIN_PACK_H
#define LES_TRAIN_PACK_H

#include "base/cleanup.h"
#include "base/error.h"
#include "train/pack_file.h"

#include <stdbool.h>
#include <stdint.h>

/* All line images and texts of a training in one file without a name: written once by lesart, read
 * by the confined trainer through a read-only fd. Little-endian.
 *
 *   header  as every pack's (train/pack_file.h)
 *   pixels  u8[h_px, w_px] of each line, 0 = ink
 *   index   40 bytes a line: u64 px_at · u64 text_at · u32 text_bytes · u32 w_px · u32 h_px
 *           u32 document · u32 flags · u32 0
 *   texts   UTF-8, without NUL
 */
enum {
	LES_PACK_VALIDATION = 1u << 0, /* kept apart, to choose by */
	LES_PACK_REPLAY = 1u << 1,     /* of a base: some are learnt again in each epoch */
};

struct les_pack_line {
	const uint8_t *px; /* uint8 [h_px, w_px], 0 = ink */
	uint32_t w_px, h_px;
	const char *text; /* prepared, UTF-8; text_bytes long, not NUL-terminated */
	uint32_t text_bytes;
	uint32_t document; /* which image it came from, from 0 */
	uint32_t flags;    /* LES_PACK_… */
};

/* ---- writing ---- */

struct les_pack_writer;

/* A file without a name in folder. Memory is held for the index and the texts only. errors: IO,
 * NOMEM. */
enum les_kind les_pack_writer_new(const char *folder, struct les_pack_writer **ret,
				  struct les_error *reterr);
void les_pack_writer_free(struct les_pack_writer *writer);
LES_DEFINE_CLEANUP(struct les_pack_writer, les_pack_writer_free)

/* Appends a line; everything is copied. errors: IO (a full disk …), LIMIT, NOMEM. */
enum les_kind les_pack_add(struct les_pack_writer *writer, const struct les_pack_line *line,
			   struct les_error *reterr);

/* So far. */
uint32_t les_pack_lines(const struct les_pack_writer *writer);
uint64_t les_pack_bytes(const struct les_pack_writer *writer);

/* Writes index, texts and header. *ret_fd is a new, read-only fd of the file, the caller's. errors:
 * IO, NOMEM. */
enum les_kind les_pack_finish(struct les_pack_writer *writer, int *ret_fd,
			      struct les_error *reterr);

/* ---- reading ---- */

struct les_pack {
	struct les_pack_file file;
	uint32_t lines_n, documents_n;
	uint64_t texts_bytes; /* of all lines */
};

/* Maps a pack and checks every line's place. errors: FORMAT, IO, LIMIT, NOMEM. */
enum les_kind les_pack_open(int fd, struct les_pack *ret, struct les_error *reterr);
void les_pack_close(struct les_pack *pack);

/* Line i < lines_n; lent until les_pack_close(). */
struct les_pack_line les_pack_line(const struct les_pack *pack, uint32_t i);

#endif
