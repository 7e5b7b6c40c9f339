#include "base/cleanup.h"
#include "decode/layout_xml.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* PAGE XML: regions below Page, lines below regions, text in TextEquiv; ReadingOrder names regions.
 */

enum { DEPTH_MAX = 32 };

static const struct {
	const char *element;
	enum les_region_kind kind;
} region_kinds[] = {
	{"TextRegion", LES_REGION_TEXT},           {"ImageRegion", LES_REGION_IMAGE},
	{"GraphicRegion", LES_REGION_IMAGE},       {"TableRegion", LES_REGION_TABLE},
	{"SeparatorRegion", LES_REGION_SEPARATOR},
};

static bool is_region(const xmlNode *node, enum les_region_kind *ret)
{
	const char *name = (const char *)node->name;
	const size_t n = strlen(name);

	*ret = LES_REGION_OTHER;
	for (size_t i = 0; i < LES_COUNT(region_kinds); i++)
		if (strcmp(region_kinds[i].element, name) == 0)
			*ret = region_kinds[i].kind;
	return n > 6 && strcmp(name + n - 6, "Region") == 0;
}

/* Old files have <Coords><Point x= y=/>…</Coords>, newer ones a points attribute. */
static struct les_points points_of(struct les_layout *layout, const xmlNode *node, const char *id)
{
	struct les_buf text = LES_BUF(LES_POLYGON_POINTS_MAX * 24);

	if (!node)
		return (struct les_points){0};
	les_buf_puts(&text, les_xml_attr(node, "points"));
	for (const xmlNode *p = les_xml_child(node, "Point"); p; p = les_xml_next(p, "Point"))
		les_buf_printf(&text, " %.12s,%.12s", les_xml_attr(p, "x"), les_xml_attr(p, "y"));
	if (text.failed)
		les_layout_fail(layout, LES_LIMIT, "%s has too many points", id);
	struct les_points points = layout->kind == LES_OK
					   ? les_layout_points(layout, (const char *)text.bytes, id)
					   : (struct les_points){0};
	les_buf_done(&text);
	return points;
}

/* The TextEquiv with the lowest index: the one that counts. */
static const xmlNode *best_text(const xmlNode *node)
{
	const xmlNode *best = NULL;
	long best_index = LONG_MAX;

	for (const xmlNode *t = les_xml_child(node, "TextEquiv"); t;
	     t = les_xml_next(t, "TextEquiv")) {
		const char *s = les_xml_attr(t, "index");
		long index = *s ? strtol(s, NULL, 10) : 0;
		if (best && index >= best_index)
			continue;
		best = t;
		best_index = index;
	}
	return best;
}

static bool append_text(const xmlNode *node, struct les_buf *out)
{
	const xmlNode *equiv = best_text(node);
	const xmlNode *text = les_xml_child(equiv, "Unicode");

	if (!text)
		text = les_xml_child(equiv, "PlainText");
	if (text)
		les_xml_content(text, out);
	return text != NULL;
}

/* A line's own text, or else its words'. */
static const char *line_text(struct les_layout *layout, const xmlNode *line)
{
	LES_CLEANUP(les_buf_done) struct les_buf text = LES_BUF(LES_LINE_TEXT_BYTES_MAX);

	les_buf_puts(&text, "");
	if (!append_text(line, &text))
		for (const xmlNode *w = les_xml_child(line, "Word"); w;
		     w = les_xml_next(w, "Word")) {
			if (text.len)
				les_buf_puts(&text, " ");
			append_text(w, &text);
		}
	if (text.failed) {
		les_layout_fail(layout, LES_LIMIT, "line %s has too much text",
				les_xml_attr(line, "id"));
		return "";
	}
	return les_layout_string(layout, (const char *)text.bytes, LES_LINE_TEXT_BYTES_MAX);
}

static void take_line(struct les_layout *layout, const xmlNode *node, int32_t region)
{
	const char *id = les_xml_attr(node, "id");
	struct les_line *line = les_layout_line(layout, id);

	if (!line)
		return;
	line->region = region;
	line->baseline = points_of(layout, les_xml_child(node, "Baseline"), id);
	line->polygon = points_of(layout, les_xml_child(node, "Coords"), id);
	line->text = line_text(layout, node);
	les_layout_complete(line);
}

/* The regions of a page in reading order: pointers into the tree. */
struct ordered {
	const xmlNode *at[LES_PAGE_REGIONS_MAX];
	uint32_t n;
};

static bool is_listed(const struct ordered *list, const xmlNode *node)
{
	for (uint32_t i = 0; i < list->n; i++)
		if (list->at[i] == node)
			return true;
	return false;
}

static const xmlNode *region_by_id(const xmlNode *parent, const char *id, int depth)
{
	enum les_region_kind kind;

	for (const xmlNode *n = les_xml_child(parent, NULL); n && depth < DEPTH_MAX;
	     n = les_xml_next(n, NULL)) {
		if (!is_region(n, &kind))
			continue;
		if (strcmp(les_xml_attr(n, "id"), id) == 0)
			return n;
		const xmlNode *inner = region_by_id(n, id, depth + 1);
		if (inner)
			return inner;
	}
	return NULL;
}

static void list_region(struct ordered *list, const xmlNode *region)
{
	if (region && list->n < LES_COUNT(list->at) && !is_listed(list, region))
		list->at[list->n++] = region;
}

/* The member of an ordered group that comes next: the lowest index above `above`. */
static const xmlNode *next_member(const xmlNode *group, long above, long *ret_index)
{
	const xmlNode *best = NULL;

	for (const xmlNode *m = les_xml_child(group, NULL); m; m = les_xml_next(m, NULL)) {
		long index = strtol(les_xml_attr(m, "index"), NULL, 10);
		if (index > above && (!best || index < *ret_index)) {
			best = m;
			*ret_index = index;
		}
	}
	return best;
}

static void list_group(struct ordered *list, const xmlNode *page, const xmlNode *group, int depth);

static void list_member(struct ordered *list, const xmlNode *page, const xmlNode *member, int depth)
{
	const char *reference = les_xml_attr(member, "regionRef");

	if (reference[0])
		list_region(list, region_by_id(page, reference, 0));
	list_group(list, page, member, depth + 1);
}

static void list_group(struct ordered *list, const xmlNode *page, const xmlNode *group, int depth)
{
	const bool ordered = strncmp((const char *)group->name, "Ordered", 7) == 0;
	long index = -1;

	if (depth > DEPTH_MAX)
		return;
	if (ordered) {
		for (const xmlNode *m; (m = next_member(group, index, &index));)
			list_member(list, page, m, depth);
		return;
	}
	for (const xmlNode *m = les_xml_child(group, NULL); m; m = les_xml_next(m, NULL))
		list_member(list, page, m, depth);
}

/* Regions that the reading order does not name follow in the file's order. */
static void list_rest(struct ordered *list, const xmlNode *parent, int depth)
{
	enum les_region_kind kind;

	for (const xmlNode *n = les_xml_child(parent, NULL); n && depth < DEPTH_MAX;
	     n = les_xml_next(n, NULL)) {
		if (!is_region(n, &kind))
			continue;
		list_region(list, n);
		list_rest(list, n, depth + 1);
	}
}

/* How many elements, or regions only, lie below a node; not counted further than limit + 1. */
static uint32_t count_below(const xmlNode *parent, bool regions_only, uint32_t limit, int depth)
{
	enum les_region_kind kind;
	uint32_t n = 0;

	for (const xmlNode *e = les_xml_child(parent, NULL); e && n <= limit && depth < DEPTH_MAX;
	     e = les_xml_next(e, NULL)) {
		if (regions_only && !is_region(e, &kind))
			continue;
		n += 1 + count_below(e, regions_only, limit - n, depth + 1);
	}
	return n;
}

/* Every member of the order looks through all regions: both must be few before that begins. */
static bool is_within_limits(struct les_layout *layout, const xmlNode *page, const xmlNode *order)
{
	const uint32_t members_max = 2 * LES_PAGE_REGIONS_MAX; /* and groups around them */

	if (count_below(page, true, LES_PAGE_REGIONS_MAX, 0) > LES_PAGE_REGIONS_MAX)
		les_layout_fail(layout, LES_LIMIT, "the page%s has too many regions", "");
	else if (order && count_below(order, false, members_max, 0) > members_max)
		les_layout_fail(layout, LES_LIMIT, "the reading order%s has too many members", "");
	return layout->kind == LES_OK;
}

static void take_region(struct les_layout *layout, const xmlNode *node)
{
	const char *id = les_xml_attr(node, "id");
	struct les_region *region = les_layout_region(layout, id);

	if (!region)
		return;
	is_region(node, &region->kind);
	region->polygon = points_of(layout, les_xml_child(node, "Coords"), id);
	region->box = les_points_box(&region->polygon);
	const int32_t index = (int32_t)layout->page->regions_n - 1;
	for (const xmlNode *l = les_xml_child(node, "TextLine"); l; l = les_xml_next(l, "TextLine"))
		take_line(layout, l, index);
}

static void take_size(struct les_layout *layout, const xmlNode *page)
{
	float w, h;

	if (les_xml_number(page, "imageWidth", &w) && les_xml_number(page, "imageHeight", &h)) {
		layout->page->info.w_px = (uint32_t)w;
		layout->page->info.h_px = (uint32_t)h;
	}
	layout->page->image_name =
		les_layout_string(layout, les_xml_attr(page, "imageFilename"), LES_NAME_BYTES_MAX);
}

void les_layout_page_xml(struct les_layout *layout, const xmlNode *root)
{
	const xmlNode *page = les_xml_child(root, "Page");
	LES_CLEANUP(les_free_p) struct ordered *list = calloc(1, sizeof *list);

	if (!page || !list) {
		les_layout_fail(layout, page ? LES_NOMEM : LES_FORMAT,
				"the PAGE file has no page%s", "");
		return;
	}
	take_size(layout, page);
	const xmlNode *order = les_xml_child(page, "ReadingOrder");
	if (!is_within_limits(layout, page, order))
		return;
	if (order)
		list_group(list, page, order, 0);
	list_rest(list, page, 0);
	for (uint32_t i = 0; i < list->n; i++)
		take_region(layout, list->at[i]);
}
