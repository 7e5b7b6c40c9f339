#include "ipc/record.h"

#include "base/cursor.h"

#include <math.h>
#include <string.h>

enum {
	MAGIC = 0x3247504c, /* "LPG2" */
	REGION_BYTES_MIN = 4 + 4 + 16 + 4,
	LINE_BYTES_MIN = 4 + 4 + 4 + 16 + 4 + 4 + 4 + 4 + 4 + 4 + 4 + 4 + 4,
	WORD_BYTES_MIN = 4 + 16 + 4 + 4 + 4 + 4 + 4,
	CHAR_BYTES_MIN = 4 + 16 + 4 + 4,
	ALTERNATIVE_BYTES_MIN = 4 + 4,
	POINT_BYTES = 8,
};

static void put_box(struct les_buf *out, const struct les_box *box)
{
	les_buf_i32(out, box->x0_px);
	les_buf_i32(out, box->y0_px);
	les_buf_i32(out, box->x1_px);
	les_buf_i32(out, box->y1_px);
}

static void put_points(struct les_buf *out, const struct les_points *points)
{
	les_buf_u32(out, points->n);
	for (uint32_t i = 0; i < points->n; i++) {
		les_buf_f32(out, points->at[i].x_px);
		les_buf_f32(out, points->at[i].y_px);
	}
}

static void put_alternatives(struct les_buf *out, const struct les_alternative *at, uint32_t n)
{
	les_buf_u32(out, n);
	for (uint32_t i = 0; i < n; i++) {
		les_buf_str(out, at[i].text);
		les_buf_f32(out, at[i].confidence);
	}
}

static void put_char(struct les_buf *out, const struct les_char *c)
{
	les_buf_str(out, c->text);
	put_box(out, &c->box);
	les_buf_f32(out, c->confidence);
	put_alternatives(out, c->alternatives, c->alternatives_n);
}

static void put_word(struct les_buf *out, const struct les_word *word)
{
	les_buf_str(out, word->text);
	put_box(out, &word->box);
	put_points(out, &word->polygon);
	les_buf_f32(out, word->confidence);
	les_buf_u32(out, word->flags);
	les_buf_u32(out, word->chars_from);
	les_buf_u32(out, word->chars_n);
}

static void put_line(struct les_buf *out, const struct les_line *line)
{
	les_buf_str(out, line->id);
	put_points(out, &line->baseline);
	put_points(out, &line->polygon);
	put_box(out, &line->box);
	les_buf_str(out, line->text);
	les_buf_u32(out, line->direction);
	les_buf_str(out, line->language);
	les_buf_str(out, line->script);
	les_buf_f32(out, line->confidence);
	les_buf_i32(out, line->region);
	les_buf_u32(out, line->chars_n);
	for (uint32_t i = 0; i < line->chars_n; i++)
		put_char(out, &line->chars[i]);
	les_buf_u32(out, line->words_n);
	for (uint32_t i = 0; i < line->words_n; i++)
		put_word(out, &line->words[i]);
	put_alternatives(out, line->readings, line->readings_n);
}

void les_records_encode(struct les_buf *out, const struct les_page *page)
{
	les_buf_u32(out, MAGIC);
	les_buf_str(out, page->image_name ? page->image_name : "");
	les_buf_u32(out, page->info.w_px);
	les_buf_u32(out, page->info.h_px);
	les_buf_u32(out, page->regions_n);
	for (uint32_t i = 0; i < page->regions_n; i++) {
		les_buf_str(out, page->regions[i].id);
		les_buf_u32(out, page->regions[i].kind);
		put_box(out, &page->regions[i].box);
		put_points(out, &page->regions[i].polygon);
	}
	les_buf_u32(out, page->lines_n);
	for (uint32_t i = 0; i < page->lines_n; i++)
		put_line(out, &page->lines[i]);
}

/* The reading side: the cursor is sticky, and memory that ran out is kept apart from bad bytes. */
struct reader {
	struct les_rd r;
	struct les_arena *arena;
	bool nomem;
};

static void *take_array(struct reader *in, uint32_t count, size_t size)
{
	void *p = les_arena_alloc(in->arena, count, size);

	if (!p)
		in->nomem = in->r.bad = true;
	return p;
}

static const char *take_str(struct reader *in, size_t max_bytes)
{
	size_t n;
	const char *s = les_rd_str(&in->r, max_bytes, &n);
	char *copy = les_arena_strndup(in->arena, s ? s : "", n);

	if (!copy)
		in->nomem = in->r.bad = true;
	return copy ? copy : "";
}

static struct les_box take_box(struct reader *in)
{
	struct les_box box;

	box.x0_px = les_rd_i32(&in->r);
	box.y0_px = les_rd_i32(&in->r);
	box.x1_px = les_rd_i32(&in->r);
	box.y1_px = les_rd_i32(&in->r);
	const int32_t far = 2 * (int32_t)LES_PAGE_SIDE_MAX;
	if (box.x0_px < -far || box.y0_px < -far || box.x1_px > far || box.y1_px > far ||
	    box.x1_px < box.x0_px || box.y1_px < box.y0_px)
		in->r.bad = true;
	return box;
}

static struct les_points take_points(struct reader *in)
{
	struct les_points points = {.n = les_rd_count(&in->r, LES_POLYGON_POINTS_MAX, POINT_BYTES)};
	const float far = 2 * (float)LES_PAGE_SIDE_MAX;

	points.at = take_array(in, points.n, sizeof *points.at);
	if (!points.at)
		return (struct les_points){0};
	for (uint32_t i = 0; i < points.n; i++) {
		float x = les_rd_f32(&in->r), y = les_rd_f32(&in->r);
		if (fabsf(x) > far || fabsf(y) > far)
			in->r.bad = true;
		points.at[i] = (struct les_point){x, y};
	}
	return points;
}

static float take_probability(struct reader *in)
{
	float p = les_rd_f32(&in->r);

	if (p < 0 || p > 1)
		in->r.bad = true;
	return p;
}

static uint32_t take_enum(struct reader *in, uint32_t last)
{
	uint32_t v = les_rd_u32(&in->r);

	if (v > last)
		in->r.bad = true;
	return v;
}

/* At most n_max of at most text_max bytes each; returns how many. */
static uint32_t take_alternatives(struct reader *in, uint32_t n_max, size_t text_max,
				  struct les_alternative **ret)
{
	const uint32_t n = les_rd_count(&in->r, n_max, ALTERNATIVE_BYTES_MIN);
	struct les_alternative *at = take_array(in, n, sizeof *at);

	for (uint32_t i = 0; at && i < n; i++) {
		at[i].text = take_str(in, text_max);
		at[i].confidence = take_probability(in);
	}
	*ret = at;
	return at ? n : 0;
}

static void take_char(struct reader *in, struct les_char *c)
{
	c->text = take_str(in, LES_CHAR_TEXT_BYTES_MAX);
	c->box = take_box(in);
	c->confidence = take_probability(in);
	c->alternatives_n = take_alternatives(in, LES_CHAR_ALTERNATIVES_MAX,
					      LES_CHAR_TEXT_BYTES_MAX, &c->alternatives);
}

static void take_word(struct reader *in, const struct les_line *line, struct les_word *word)
{
	word->text = take_str(in, LES_LINE_TEXT_BYTES_MAX);
	word->box = take_box(in);
	word->polygon = take_points(in);
	word->confidence = take_probability(in);
	word->flags = take_enum(in, LES_WORD_ILLEGIBLE);
	word->chars_from = les_rd_u32(&in->r);
	word->chars_n = les_rd_u32(&in->r);
	if (word->chars_from > line->chars_n || word->chars_n > line->chars_n - word->chars_from)
		in->r.bad = true;
}

static void take_line_items(struct reader *in, struct les_line *line)
{
	uint32_t n = les_rd_count(&in->r, LES_LINE_CHARS_MAX, CHAR_BYTES_MIN);

	line->chars = take_array(in, n, sizeof *line->chars);
	for (; line->chars && line->chars_n < n; line->chars_n++)
		take_char(in, &line->chars[line->chars_n]);
	n = les_rd_count(&in->r, LES_LINE_WORDS_MAX, WORD_BYTES_MIN);
	line->words = take_array(in, n, sizeof *line->words);
	for (; line->words && line->words_n < n; line->words_n++)
		take_word(in, line, &line->words[line->words_n]);
	line->readings_n = take_alternatives(in, LES_LINE_READINGS_MAX, LES_LINE_TEXT_BYTES_MAX,
					     &line->readings);
}

static void take_line(struct reader *in, uint32_t regions_n, struct les_line *line)
{
	line->id = take_str(in, LES_ID_BYTES_MAX);
	line->baseline = take_points(in);
	line->polygon = take_points(in);
	line->box = take_box(in);
	line->text = take_str(in, LES_LINE_TEXT_BYTES_MAX);
	line->direction = (enum les_direction)take_enum(in, LES_BOTTOM_TO_TOP);
	line->language = take_str(in, LES_LANGUAGE_BYTES_MAX);
	line->script = take_str(in, LES_LANGUAGE_BYTES_MAX);
	line->confidence = take_probability(in);
	line->region = les_rd_i32(&in->r);
	if (line->region < -1 || (line->region >= 0 && (uint32_t)line->region >= regions_n))
		in->r.bad = true;
	take_line_items(in, line);
}

static void take_head(struct reader *in, struct les_page *page)
{
	if (les_rd_u32(&in->r) != MAGIC)
		in->r.bad = true;
	const char *name = take_str(in, LES_NAME_BYTES_MAX);
	uint32_t w = take_enum(in, LES_PAGE_SIDE_MAX), h = take_enum(in, LES_PAGE_SIDE_MAX);
	if (name[0])
		page->image_name = name;
	if (page->info.w_px == 0) {
		page->info.w_px = w;
		page->info.h_px = h;
	}
}

enum les_kind les_records_parse(const uint8_t *bytes, size_t n, struct les_page *page,
				struct les_error *reterr)
{
	struct reader in = {.r = les_rd(bytes, n), .arena = &page->arena};

	take_head(&in, page);
	uint32_t regions_n = les_rd_count(&in.r, LES_PAGE_REGIONS_MAX, REGION_BYTES_MIN);
	page->regions = take_array(&in, regions_n, sizeof *page->regions);
	for (; page->regions && page->regions_n < regions_n && !in.r.bad; page->regions_n++) {
		struct les_region *region = &page->regions[page->regions_n];
		region->id = take_str(&in, LES_ID_BYTES_MAX);
		region->kind = (enum les_region_kind)take_enum(&in, LES_REGION_OTHER);
		region->box = take_box(&in);
		region->polygon = take_points(&in);
	}
	uint32_t lines_n = les_rd_count(&in.r, LES_PAGE_LINES_MAX, LINE_BYTES_MIN);
	page->lines = take_array(&in, lines_n, sizeof *page->lines);
	for (; page->lines && page->lines_n < lines_n && !in.r.bad; page->lines_n++)
		take_line(&in, page->regions_n, &page->lines[page->lines_n]);
	if (in.nomem)
		return les_fail(reterr, LES_NOMEM, "no memory for a page's lines");
	return les_rd_done(&in.r) ? LES_OK : les_fail(reterr, LES_PEER, "malformed line records");
}
