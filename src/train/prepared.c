/* The trusted side of what prepare.c writes. */
#include "base/cursor.h"
#include "train/prepare.h"

enum les_kind les_prepared_parse(const uint8_t *bytes, size_t n, uint32_t lines_n,
				 struct les_prepared_line *ret, struct les_error *reterr)
{
	struct les_rd r = les_rd(bytes, n);
	bool ok = les_rd_u32(&r) == LES_PREPARED_MAGIC;

	ok = les_rd_u32(&r) == lines_n && ok;
	for (uint32_t i = 0; i < lines_n && ok; i++) {
		const uint32_t w = les_rd_u32(&r), h = les_rd_u32(&r);
		ok = w <= LES_BITMAP_SIDE_MAX && h <= LES_BITMAP_SIDE_MAX && (w == 0) == (h == 0);
		ret[i] = (struct les_prepared_line){ok ? les_rd_take(&r, (size_t)w * h) : NULL, w,
						    h};
	}
	return ok && les_rd_done(&r) ? LES_OK : les_fail(reterr, LES_PEER, "malformed line images");
}

enum les_kind les_prepared_page_parse(const uint8_t *bytes, size_t n, uint32_t h_px,
				      uint32_t channels, struct les_prepared_page *ret,
				      struct les_error *reterr)
{
	struct les_rd r = les_rd(bytes, n);
	bool ok = les_rd_u32(&r) == LES_PREPARED_PAGE_MAGIC;
	const uint32_t w = les_rd_u32(&r), h = les_rd_u32(&r), c = les_rd_u32(&r);

	ok = ok && w >= 1 && w <= LES_BITMAP_SIDE_MAX && h == h_px && c == channels &&
	     (uint64_t)w * h <= LES_PLANE_PX_MAX;
	*ret = (struct les_prepared_page){ok ? les_rd_take(&r, (size_t)w * h * c) : NULL, w, h, c};
	return ok && les_rd_done(&r) ? LES_OK : les_fail(reterr, LES_PEER, "a malformed page");
}
