#ifndef LES_TRAIN_PACK_FILE_H
#define LES_TRAIN_PACK_FILE_H

#include "base/buf.h"
#include "base/cursor.h"
#include "base/error.h"
#include "ipc/memfd.h"

#include <stdbool.h>
#include <stdint.h>

/* What packs of lines (train/pack.h) and of pages (train/pages.h) have in common: one file without
 * a name, of pixels, an index with one entry of a fixed size for each item, and a tail of what
 * differs in size. Little-endian.
 *
 *   header  64 bytes: u64 magic · u32 items_n · u32 documents_n · u64 index_at · u64 tail_at
 *           u64 tail_bytes · u64 bytes · zeros
 *   pixels · index · tail
 */
struct les_pack_form {
	uint64_t magic;
	uint32_t entry_bytes;
	uint32_t items_max;
	const char *what; /* "line images": for the words of errors */
};

/* ---- writing ---- */

/* Memory is held for the index and the tail only. {0} is closed. */
struct les_pack_maker {
	const struct les_pack_form *form;
	int fd;
	uint64_t at; /* where the next pixels go */
	struct les_buf block, index, tail;
	uint32_t items_n, documents_n;
};

/* A file without a name in folder; form must stay. errors: IO, NOMEM. */
enum les_kind les_pack_maker_open(const char *folder, const struct les_pack_form *form,
				  struct les_pack_maker *ret, struct les_error *reterr);
void les_pack_maker_close(struct les_pack_maker *maker);

/* Appends an item's pixels, once its entry and its part of the tail were put. errors: IO (a full
 * disk …), LIMIT, NOMEM. */
enum les_kind les_pack_maker_add(struct les_pack_maker *maker, uint32_t document, const uint8_t *px,
				 uint64_t px_bytes, struct les_error *reterr);

/* So far. */
uint64_t les_pack_maker_bytes(const struct les_pack_maker *maker);

/* Writes index, tail and header. *ret_fd is a new, read-only fd of the file, the caller's. errors:
 * IO, NOMEM. */
enum les_kind les_pack_maker_finish(struct les_pack_maker *maker, int *ret_fd,
				    struct les_error *reterr);

/* ---- reading ---- */

struct les_pack_file {
	const struct les_pack_form *form;
	struct les_view view;
	uint32_t items_n, documents_n;
	uint64_t index_at, tail_at, tail_bytes;
};

/* Maps a pack and checks its header; what entries say is for the caller to check. errors: FORMAT,
 * IO, LIMIT, NOMEM. */
enum les_kind les_pack_file_open(int fd, const struct les_pack_form *form,
				 struct les_pack_file *ret, struct les_error *reterr);
void les_pack_file_close(struct les_pack_file *file);

/* Entry i < items_n. */
struct les_rd les_pack_file_entry(const struct les_pack_file *file, uint32_t i);

/* Whether n bytes at a place in the file are pixels; in the tail, a part of it. */
bool les_pack_file_has_pixels(const struct les_pack_file *file, uint64_t at, uint64_t n);
bool les_pack_file_has_tail(const struct les_pack_file *file, uint64_t at, uint64_t n);

/* For the caller's checks: FORMAT. */
enum les_kind les_pack_file_damaged(const struct les_pack_file *file, uint32_t i,
				    struct les_error *reterr);

#endif
