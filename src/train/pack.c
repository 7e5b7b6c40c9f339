#include "train/pack.h"

#include "base/cursor.h"
#include "types/limits.h"

enum { HEADER_BYTES = 64, ENTRY_BYTES = 40 };

static const uint64_t MAGIC = 0x314b43415053454cull; /* "LESPACK1" */

/* An index entry's place and size, as written. */
static struct les_rd entry_at(const struct les_pack *pack, uint32_t i)
{
	return les_rd(pack->view.bytes + pack->index_at + (uint64_t)i * ENTRY_BYTES, ENTRY_BYTES);
}

struct les_pack_line les_pack_line(const struct les_pack *pack, uint32_t i)
{
	struct les_rd r = entry_at(pack, i);
	struct les_pack_line line;
	const uint64_t px_at = les_rd_u64(&r), text_at = les_rd_u64(&r);

	line.px = pack->view.bytes + px_at;
	line.text = (const char *)pack->view.bytes + pack->texts_at + text_at;
	line.text_bytes = les_rd_u32(&r);
	line.w_px = les_rd_u32(&r);
	line.h_px = les_rd_u32(&r);
	line.document = les_rd_u32(&r);
	line.flags = les_rd_u32(&r);
	return line;
}

/* [at, at + n) within [from, to). */
static bool is_within(uint64_t at, uint64_t n, uint64_t from, uint64_t to)
{
	return at >= from && at <= to && n <= to - at;
}

static bool entry_valid(const struct les_pack *pack, uint32_t i)
{
	struct les_rd r = entry_at(pack, i);
	const uint64_t px_at = les_rd_u64(&r), text_at = les_rd_u64(&r);
	const uint32_t text_bytes = les_rd_u32(&r), w = les_rd_u32(&r), h = les_rd_u32(&r);
	const uint32_t document = les_rd_u32(&r), flags = les_rd_u32(&r), zero = les_rd_u32(&r);

	return les_rd_done(&r) && w >= 1 && h >= 1 && w <= LES_BITMAP_SIDE_MAX &&
	       h <= LES_BITMAP_SIDE_MAX &&
	       is_within(px_at, (uint64_t)w * h, HEADER_BYTES, pack->index_at) &&
	       is_within(text_at, text_bytes, 0, pack->texts_bytes) && text_bytes >= 1 &&
	       les_utf8_valid((const char *)pack->view.bytes + pack->texts_at + text_at,
			      text_bytes) &&
	       document < pack->documents_n && flags <= LES_PACK_VALIDATION && zero == 0;
}

static bool header_valid(struct les_pack *pack)
{
	struct les_rd r = les_rd(pack->view.bytes, pack->view.n);
	const uint64_t magic = les_rd_u64(&r), n = pack->view.n;

	pack->lines_n = les_rd_u32(&r);
	pack->documents_n = les_rd_u32(&r);
	pack->index_at = les_rd_u64(&r);
	pack->texts_at = les_rd_u64(&r);
	pack->texts_bytes = les_rd_u64(&r);
	const uint64_t bytes = les_rd_u64(&r);
	return !r.bad && magic == MAGIC && bytes == n && n >= HEADER_BYTES &&
	       pack->lines_n <= LES_SURVEY_LINES_MAX &&
	       is_within(pack->index_at, (uint64_t)pack->lines_n * ENTRY_BYTES, HEADER_BYTES, n) &&
	       pack->texts_at == pack->index_at + (uint64_t)pack->lines_n * ENTRY_BYTES &&
	       is_within(pack->texts_at, pack->texts_bytes, HEADER_BYTES, n) &&
	       pack->texts_at + pack->texts_bytes == n;
}

enum les_kind les_pack_open(int fd, struct les_pack *ret, struct les_error *reterr)
{
	LES_CLEANUP(les_pack_close) struct les_pack pack = {.lines_n = 0};
	enum les_kind kind = les_view_open(fd, LES_PACK_BYTES_MAX, &pack.view, reterr);

	if (kind != LES_OK)
		return kind;
	if (!header_valid(&pack))
		return les_fail(reterr, LES_FORMAT, "the cache of line images is damaged");
	for (uint32_t i = 0; i < pack.lines_n; i++)
		if (!entry_valid(&pack, i))
			return les_fail(reterr, LES_FORMAT,
					"the cache of line images is damaged at line %u", i);
	*ret = pack;
	pack = (struct les_pack){.lines_n = 0};
	return LES_OK;
}

void les_pack_close(struct les_pack *pack)
{
	les_view_close(&pack->view);
}
