#ifndef LES_TRAIN_PAGES_H
#define LES_TRAIN_PAGES_H

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "train/pack_file.h"
#include "train/shape.h"
#include "types/weights.h"

#include <stdbool.h>
#include <stdint.h>

/* All pages of a line finder's training in one file without a name, as train/pack.h keeps lines:
 * written once by lesart, read by the confined trainer through a read-only fd. Little-endian.
 *
 *   header   as every pack's (train/pack_file.h)
 *   pixels   u8[h_px, w_px, channels] of each page, as the net's input is made of them
 *   index    48 bytes a page: u64 px_at · u64 shapes_at · u32 shapes_bytes · u32 w_px · u32 h_px ·
 *            u32 channels · u32 document · u32 flags · f32 scale_x · f32 scale_y
 *   shapes   the class mapping: u32 classes_n, each u32 kind · str name; then of each page
 *            u32 lines_n · u32 regions_n, lines, regions, each u32 class · u32 points_n ·
 *            points_n × (f32 x_px · f32 y_px)
 */
enum { LES_PAGES_VALIDATION = 1u << 0 }; /* kept apart, to choose by */

struct les_packed_page {
	const uint8_t *px; /* uint8 [h_px, w_px, channels]; white paper, RGB or grey */
	uint32_t w_px, h_px, channels;
	float scale_x, scale_y; /* pixels here for one of the page as it was */
	uint32_t document;      /* which image it came from, from 0 */
	uint32_t flags;         /* LES_PAGES_… */
	uint32_t lines_n, regions_n;
	uint32_t points_n; /* of all of them */
};

/* ---- writing ---- */

struct les_pages_writer;

/* A file without a name in folder. classes is the mapping that a net made for these pages gets: a
 * class's channel is its place in it. errors: IO, NOMEM. */
enum les_kind les_pages_writer_new(const char *folder, const struct les_class *classes,
				   uint32_t classes_n, struct les_pages_writer **ret,
				   struct les_error *reterr);
void les_pages_writer_free(struct les_pages_writer *writer);
LES_DEFINE_CLEANUP(struct les_pages_writer, les_pages_writer_free)

/* Appends a page; everything is copied. page's points_n is not read.
 *
 * shapes   lines_n baselines, then regions_n regions, in the page's pixels here
 * errors   IO (a full disk …), LIMIT, NOMEM
 */
enum les_kind les_pages_add(struct les_pages_writer *writer, const struct les_packed_page *page,
			    const struct les_shape *shapes, struct les_error *reterr);

/* So far. */
uint32_t les_pages_written(const struct les_pages_writer *writer);
uint64_t les_pages_bytes(const struct les_pages_writer *writer);

/* As les_pack_finish(). */
enum les_kind les_pages_finish(struct les_pages_writer *writer, int *ret_fd,
			       struct les_error *reterr);

/* ---- reading ---- */

struct les_pages {
	struct les_pack_file file;
	uint32_t pages_n;
	struct les_class *classes; /* the mapping: class number i is channel i of a net made for it
				    */
	uint32_t classes_n;
	struct les_arena arena; /* of the classes */
};

/* Maps the file and checks every page's place, shapes and points. errors: FORMAT, IO, LIMIT,
 * NOMEM. */
enum les_kind les_pages_open(int fd, struct les_pages *ret, struct les_error *reterr);
void les_pages_close(struct les_pages *pages);

/* Page i < pages_n; lent until les_pages_close(). */
struct les_packed_page les_page_at(const struct les_pages *pages, uint32_t i);

/* Its baselines, then its regions: shapes [lines_n + regions_n], whose points are copied into
 * points [points_n]. */
void les_page_shapes(const struct les_pages *pages, uint32_t i, struct les_shape *shapes,
		     struct les_point *points);

#endif
