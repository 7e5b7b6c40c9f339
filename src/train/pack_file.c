#include "train/pack_file.h"

#include "base/cleanup.h"
#include "types/limits.h"

enum { HEADER_BYTES = 64 };

struct les_rd les_pack_file_entry(const struct les_pack_file *file, uint32_t i)
{
	const uint32_t n = file->form->entry_bytes;

	return les_rd(file->view.bytes + file->index_at + (uint64_t)i * n, n);
}

/* [at, at + n) within [from, to). */
static bool is_within(uint64_t at, uint64_t n, uint64_t from, uint64_t to)
{
	return at >= from && at <= to && n <= to - at;
}

bool les_pack_file_has_pixels(const struct les_pack_file *file, uint64_t at, uint64_t n)
{
	return is_within(at, n, HEADER_BYTES, file->index_at);
}

bool les_pack_file_has_tail(const struct les_pack_file *file, uint64_t at, uint64_t n)
{
	return is_within(at, n, 0, file->tail_bytes);
}

enum les_kind les_pack_file_damaged(const struct les_pack_file *file, uint32_t i,
				    struct les_error *reterr)
{
	return les_fail(reterr, LES_FORMAT, "the cache of %s is damaged at number %u",
			file->form->what, i);
}

static bool header_valid(struct les_pack_file *file)
{
	struct les_rd r = les_rd(file->view.bytes, file->view.n);
	const uint64_t magic = les_rd_u64(&r), n = file->view.n;

	file->items_n = les_rd_u32(&r);
	file->documents_n = les_rd_u32(&r);
	file->index_at = les_rd_u64(&r);
	file->tail_at = les_rd_u64(&r);
	file->tail_bytes = les_rd_u64(&r);
	const uint64_t bytes = les_rd_u64(&r);
	const uint64_t index_bytes = (uint64_t)file->items_n * file->form->entry_bytes;
	return !r.bad && magic == file->form->magic && bytes == n && n >= HEADER_BYTES &&
	       file->items_n <= file->form->items_max &&
	       is_within(file->index_at, index_bytes, HEADER_BYTES, n) &&
	       file->tail_at == file->index_at + index_bytes &&
	       is_within(file->tail_at, file->tail_bytes, HEADER_BYTES, n) &&
	       file->tail_at + file->tail_bytes == n;
}

enum les_kind les_pack_file_open(int fd, const struct les_pack_form *form,
				 struct les_pack_file *ret, struct les_error *reterr)
{
	LES_CLEANUP(les_pack_file_close) struct les_pack_file file = {.form = form};
	enum les_kind kind = les_view_open(fd, LES_PACK_BYTES_MAX, &file.view, reterr);

	if (kind != LES_OK)
		return kind;
	if (!header_valid(&file))
		return les_fail(reterr, LES_FORMAT, "the cache of %s is damaged", form->what);
	*ret = file;
	file = (struct les_pack_file){.form = form};
	return LES_OK;
}

void les_pack_file_close(struct les_pack_file *file)
{
	les_view_close(&file->view);
}
