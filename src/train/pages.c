#include "train/pages.h"

#include "types/limits.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CLASS_BYTES_MIN = 8, SHAPE_BYTES_MIN = 8, POINT_BYTES = 8 };

static const struct les_pack_form form = {
	.magic = 0x314547415053454cull, /* "LESPAGE1" */
	.entry_bytes = 48,
	.items_max = LES_DOCUMENTS_MAX,
	.what = "pages",
};

/* ---- writing ---- */

struct les_pages_writer {
	struct les_pack_maker maker;
};

enum les_kind les_pages_writer_new(const char *folder, const struct les_class *classes,
				   uint32_t classes_n, struct les_pages_writer **ret,
				   struct les_error *reterr)
{
	LES_CLEANUP(les_pages_writer_free_p) struct les_pages_writer *w = calloc(1, sizeof *w);

	if (!w)
		return les_fail(reterr, LES_NOMEM, "no memory for the cache of pages");
	enum les_kind kind = les_pack_maker_open(folder, &form, &w->maker, reterr);
	if (kind != LES_OK)
		return kind;
	les_buf_u32(&w->maker.tail, classes_n);
	for (uint32_t i = 0; i < classes_n; i++) {
		les_buf_u32(&w->maker.tail, classes[i].kind);
		les_buf_str(&w->maker.tail, classes[i].name);
	}
	*ret = LES_TAKE(w);
	return LES_OK;
}

void les_pages_writer_free(struct les_pages_writer *w)
{
	if (w)
		les_pack_maker_close(&w->maker);
	free(w);
}

static void put_shape(struct les_buf *tail, const struct les_shape *shape)
{
	les_buf_u32(tail, shape->class_number);
	les_buf_u32(tail, shape->points.n);
	for (uint32_t i = 0; i < shape->points.n; i++) {
		les_buf_f32(tail, shape->points.at[i].x_px);
		les_buf_f32(tail, shape->points.at[i].y_px);
	}
}

enum les_kind les_pages_add(struct les_pages_writer *w, const struct les_packed_page *page,
			    const struct les_shape *shapes, struct les_error *reterr)
{
	struct les_pack_maker *m = &w->maker;
	const size_t shapes_at = m->tail.len;

	les_buf_u32(&m->tail, page->lines_n);
	les_buf_u32(&m->tail, page->regions_n);
	for (uint32_t i = 0; i < page->lines_n + page->regions_n; i++)
		put_shape(&m->tail, &shapes[i]);
	les_buf_u64(&m->index, m->at);
	les_buf_u64(&m->index, shapes_at);
	les_buf_u32(&m->index, (uint32_t)(m->tail.len - shapes_at));
	les_buf_u32(&m->index, page->w_px);
	les_buf_u32(&m->index, page->h_px);
	les_buf_u32(&m->index, page->channels);
	les_buf_u32(&m->index, page->document);
	les_buf_u32(&m->index, page->flags);
	les_buf_f32(&m->index, page->scale_x);
	les_buf_f32(&m->index, page->scale_y);
	return les_pack_maker_add(m, page->document, page->px,
				  (uint64_t)page->w_px * page->h_px * page->channels, reterr);
}

uint32_t les_pages_written(const struct les_pages_writer *w)
{
	return w->maker.items_n;
}

uint64_t les_pages_bytes(const struct les_pages_writer *w)
{
	return les_pack_maker_bytes(&w->maker);
}

enum les_kind les_pages_finish(struct les_pages_writer *w, int *ret_fd, struct les_error *reterr)
{
	return les_pack_maker_finish(&w->maker, ret_fd, reterr);
}

/* ---- reading ---- */

struct entry {
	uint64_t px_at, shapes_at;
	uint32_t shapes_bytes;
	struct les_packed_page page; /* without pixels and counts */
};

/* True where the entry can be read at all. */
static bool read_entry(const struct les_pages *pages, uint32_t i, struct entry *ret)
{
	struct les_rd r = les_pack_file_entry(&pages->file, i);

	ret->px_at = les_rd_u64(&r);
	ret->shapes_at = les_rd_u64(&r);
	ret->shapes_bytes = les_rd_u32(&r);
	ret->page = (struct les_packed_page){.w_px = les_rd_u32(&r)};
	ret->page.h_px = les_rd_u32(&r);
	ret->page.channels = les_rd_u32(&r);
	ret->page.document = les_rd_u32(&r);
	ret->page.flags = les_rd_u32(&r);
	ret->page.scale_x = les_rd_f32(&r);
	ret->page.scale_y = les_rd_f32(&r);
	return les_rd_done(&r);
}

static struct les_rd shapes_of(const struct les_pages *pages, const struct entry *e)
{
	return les_rd(pages->file.view.bytes + pages->file.tail_at + e->shapes_at, e->shapes_bytes);
}

static bool is_far(float v)
{
	return fabsf(v) > 2.f * LES_BITMAP_SIDE_MAX;
}

static bool shape_valid(struct les_rd *r, const struct les_pages *pages, enum les_class_kind kind)
{
	const uint32_t number = les_rd_u32(r);
	const uint32_t n = les_rd_count(r, LES_POLYGON_POINTS_MAX, POINT_BYTES);
	bool ok = number < pages->classes_n && pages->classes[number].kind == kind;

	for (uint32_t i = 0; i < 2 * n && ok; i++)
		ok = !is_far(les_rd_f32(r));
	return ok && !r->bad;
}

static bool shapes_valid(struct les_rd r, const struct les_pages *pages)
{
	const uint32_t lines_n = les_rd_count(&r, LES_PAGE_LINES_MAX, SHAPE_BYTES_MIN);
	const uint32_t regions_n = les_rd_count(&r, LES_PAGE_REGIONS_MAX, SHAPE_BYTES_MIN);
	bool ok = true;

	for (uint32_t i = 0; i < lines_n && ok; i++)
		ok = shape_valid(&r, pages, LES_CLASS_BASELINE);
	for (uint32_t i = 0; i < regions_n && ok; i++)
		ok = shape_valid(&r, pages, LES_CLASS_REGION);
	return ok && les_rd_done(&r);
}

static bool page_valid(const struct les_pages *pages, uint32_t i)
{
	struct entry e;

	if (!read_entry(pages, i, &e))
		return false;
	const struct les_packed_page *p = &e.page;
	const uint64_t px = (uint64_t)p->w_px * p->h_px;
	return px >= 1 && p->w_px <= LES_BITMAP_SIDE_MAX && p->h_px <= LES_BITMAP_SIDE_MAX &&
	       px <= LES_PLANE_PX_MAX && (p->channels == 1 || p->channels == 3) &&
	       les_pack_file_has_pixels(&pages->file, e.px_at, px * p->channels) &&
	       les_pack_file_has_tail(&pages->file, e.shapes_at, e.shapes_bytes) &&
	       p->document < pages->file.documents_n && p->flags <= LES_PAGES_VALIDATION &&
	       p->scale_x > 0 && p->scale_y > 0 && shapes_valid(shapes_of(pages, &e), pages);
}

/* Names are copied: the file's have no NUL. */
static enum les_kind take_classes(struct les_pages *pages, struct les_error *reterr)
{
	struct les_rd r = les_rd(pages->file.view.bytes + pages->file.tail_at,
				 (size_t)pages->file.tail_bytes);
	const uint32_t n = les_rd_count(&r, LES_CLASSES_MAX, CLASS_BYTES_MIN);
	bool ok = true;

	pages->classes = les_arena_alloc(&pages->arena, n, sizeof *pages->classes);
	if (!pages->classes)
		return les_fail(reterr, LES_NOMEM, "no memory for classes");
	for (uint32_t i = 0; i < n && ok; i++) {
		size_t name_bytes;
		const uint32_t kind = les_rd_u32(&r);
		const char *name = les_rd_str(&r, LES_NAME_BYTES_MAX, &name_bytes);
		ok = name && kind >= LES_CLASS_AUX && kind <= LES_CLASS_REGION;
		pages->classes[i] = (struct les_class){
			ok ? les_arena_strndup(&pages->arena, name, name_bytes) : NULL,
			(enum les_class_kind)kind, i};
		if (ok && !pages->classes[i].name)
			return les_fail(reterr, LES_NOMEM, "no memory for classes");
	}
	pages->classes_n = n;
	return ok && !r.bad
		       ? LES_OK
		       : les_fail(reterr, LES_FORMAT, "the cache of pages is damaged: its classes");
}

enum les_kind les_pages_open(int fd, struct les_pages *ret, struct les_error *reterr)
{
	LES_CLEANUP(les_pages_close)
	struct les_pages pages = {.arena = LES_ARENA(LES_CLASSES_MAX * 1024ul)};
	enum les_kind kind = les_pack_file_open(fd, &form, &pages.file, reterr);

	if (kind == LES_OK)
		kind = take_classes(&pages, reterr);
	if (kind != LES_OK)
		return kind;
	pages.pages_n = pages.file.items_n;
	for (uint32_t i = 0; i < pages.pages_n; i++)
		if (!page_valid(&pages, i))
			return les_pack_file_damaged(&pages.file, i, reterr);
	*ret = pages;
	pages = (struct les_pages){.pages_n = 0};
	return LES_OK;
}

void les_pages_close(struct les_pages *pages)
{
	les_pack_file_close(&pages->file);
	les_arena_done(&pages->arena);
}

/* Over the shapes; into shapes and points unless they are NULL. Returns how many points. */
static uint32_t walk(struct les_rd *r, uint32_t shapes_n, struct les_shape *shapes,
		     struct les_point *points)
{
	uint32_t points_n = 0;

	for (uint32_t i = 0; i < shapes_n; i++) {
		const uint32_t number = les_rd_u32(r), n = les_rd_u32(r);
		for (uint32_t k = 0; k < n; k++) {
			const float x = les_rd_f32(r), y = les_rd_f32(r);
			if (points)
				points[points_n + k] = (struct les_point){x, y};
		}
		if (shapes)
			shapes[i] = (struct les_shape){{points + points_n, n}, number};
		points_n += n;
	}
	return points_n;
}

struct les_packed_page les_page_at(const struct les_pages *pages, uint32_t i)
{
	struct entry e;

	read_entry(pages, i, &e);
	struct les_rd r = shapes_of(pages, &e);
	e.page.px = pages->file.view.bytes + e.px_at;
	e.page.lines_n = les_rd_u32(&r);
	e.page.regions_n = les_rd_u32(&r);
	e.page.points_n = walk(&r, e.page.lines_n + e.page.regions_n, NULL, NULL);
	return e.page;
}

void les_page_shapes(const struct les_pages *pages, uint32_t i, struct les_shape *shapes,
		     struct les_point *points)
{
	struct entry e;

	read_entry(pages, i, &e);
	struct les_rd r = shapes_of(pages, &e);
	const uint32_t lines_n = les_rd_u32(&r), regions_n = les_rd_u32(&r);
	walk(&r, lines_n + regions_n, shapes, points);
}
