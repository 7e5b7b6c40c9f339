#include "train/pack.h"

#include "types/limits.h"

#include <stdlib.h>

static const struct les_pack_form form = {
	.magic = 0x314b43415053454cull, /* "LESPACK1" */
	.entry_bytes = 40,
	.items_max = LES_SURVEY_LINES_MAX,
	.what = "line images",
};

struct les_pack_writer {
	struct les_pack_maker maker;
};

enum les_kind les_pack_writer_new(const char *folder, struct les_pack_writer **ret,
				  struct les_error *reterr)
{
	LES_CLEANUP(les_pack_writer_free_p) struct les_pack_writer *w = calloc(1, sizeof *w);

	if (!w)
		return les_fail(reterr, LES_NOMEM, "no memory for the cache of line images");
	enum les_kind kind = les_pack_maker_open(folder, &form, &w->maker, reterr);
	if (kind == LES_OK)
		*ret = LES_TAKE(w);
	return kind;
}

void les_pack_writer_free(struct les_pack_writer *w)
{
	if (w)
		les_pack_maker_close(&w->maker);
	free(w);
}

enum les_kind les_pack_add(struct les_pack_writer *w, const struct les_pack_line *line,
			   struct les_error *reterr)
{
	struct les_pack_maker *m = &w->maker;

	les_buf_u64(&m->index, m->at);
	les_buf_u64(&m->index, m->tail.len);
	les_buf_u32(&m->index, line->text_bytes);
	les_buf_u32(&m->index, line->w_px);
	les_buf_u32(&m->index, line->h_px);
	les_buf_u32(&m->index, line->document);
	les_buf_u32(&m->index, line->flags);
	les_buf_u32(&m->index, 0);
	les_buf_put(&m->tail, line->text, line->text_bytes);
	return les_pack_maker_add(m, line->document, line->px, (uint64_t)line->w_px * line->h_px,
				  reterr);
}

uint32_t les_pack_lines(const struct les_pack_writer *w)
{
	return w->maker.items_n;
}

uint64_t les_pack_bytes(const struct les_pack_writer *w)
{
	return les_pack_maker_bytes(&w->maker);
}

enum les_kind les_pack_finish(struct les_pack_writer *w, int *ret_fd, struct les_error *reterr)
{
	return les_pack_maker_finish(&w->maker, ret_fd, reterr);
}

struct les_pack_line les_pack_line(const struct les_pack *pack, uint32_t i)
{
	struct les_rd r = les_pack_file_entry(&pack->file, i);
	struct les_pack_line line;
	const uint64_t px_at = les_rd_u64(&r), text_at = les_rd_u64(&r);

	line.px = pack->file.view.bytes + px_at;
	line.text = (const char *)pack->file.view.bytes + pack->file.tail_at + text_at;
	line.text_bytes = les_rd_u32(&r);
	line.w_px = les_rd_u32(&r);
	line.h_px = les_rd_u32(&r);
	line.document = les_rd_u32(&r);
	line.flags = les_rd_u32(&r);
	return line;
}

static bool entry_valid(const struct les_pack *pack, uint32_t i)
{
	struct les_rd r = les_pack_file_entry(&pack->file, i);
	const uint64_t px_at = les_rd_u64(&r), text_at = les_rd_u64(&r);
	const uint32_t text_bytes = les_rd_u32(&r), w = les_rd_u32(&r), h = les_rd_u32(&r);
	const uint32_t document = les_rd_u32(&r), flags = les_rd_u32(&r), zero = les_rd_u32(&r);

	return les_rd_done(&r) && w >= 1 && h >= 1 && w <= LES_BITMAP_SIDE_MAX &&
	       h <= LES_BITMAP_SIDE_MAX &&
	       les_pack_file_has_pixels(&pack->file, px_at, (uint64_t)w * h) &&
	       les_pack_file_has_tail(&pack->file, text_at, text_bytes) && text_bytes >= 1 &&
	       les_utf8_valid((const char *)pack->file.view.bytes + pack->file.tail_at + text_at,
			      text_bytes) &&
	       document < pack->documents_n && flags <= LES_PACK_REPLAY && zero == 0;
}

enum les_kind les_pack_open(int fd, struct les_pack *ret, struct les_error *reterr)
{
	LES_CLEANUP(les_pack_close) struct les_pack pack = {.lines_n = 0};
	enum les_kind kind = les_pack_file_open(fd, &form, &pack.file, reterr);

	if (kind != LES_OK)
		return kind;
	pack.lines_n = pack.file.items_n;
	pack.documents_n = pack.file.documents_n;
	pack.texts_bytes = pack.file.tail_bytes;
	for (uint32_t i = 0; i < pack.lines_n; i++)
		if (!entry_valid(&pack, i))
			return les_pack_file_damaged(&pack.file, i, reterr);
	*ret = pack;
	pack = (struct les_pack){.lines_n = 0};
	return LES_OK;
}

void les_pack_close(struct les_pack *pack)
{
	les_pack_file_close(&pack->file);
}
