#include "base/cleanup.h"
#include "decode/layout_xml.h"

#include <string.h>

/* ALTO: blocks anywhere below the first Page, lines below blocks, text in String and SP. The file's
 * order is the reading order. */

enum { DEPTH_MAX = 32 };

static struct les_box box_of(const xmlNode *node)
{
	float x = 0, y = 0, w = 0, h = 0;

	if (!les_xml_number(node, "HPOS", &x) || !les_xml_number(node, "VPOS", &y) ||
	    !les_xml_number(node, "WIDTH", &w) || !les_xml_number(node, "HEIGHT", &h))
		return (struct les_box){0};
	return (struct les_box){(int32_t)x, (int32_t)y, (int32_t)(x + w), (int32_t)(y + h)};
}

static struct les_points shape_of(struct les_layout *layout, const xmlNode *node)
{
	const xmlNode *polygon = les_xml_child(les_xml_child(node, "Shape"), "Polygon");

	return les_layout_points(layout, les_xml_attr(polygon, "POINTS"), les_xml_attr(node, "ID"));
}

/* A single number is a height that holds over the whole width (ALTO 2 and 3). */
static struct les_points baseline_of(struct les_layout *layout, const xmlNode *node,
				     const struct les_box *box)
{
	struct les_points base =
		les_layout_points(layout, les_xml_attr(node, "BASELINE"), les_xml_attr(node, "ID"));
	float y;

	if (base.n || !les_xml_number(node, "BASELINE", &y) || les_box_is_empty(box))
		return base;
	base.at = les_arena_alloc(&layout->page->arena, 2, sizeof *base.at);
	if (!base.at) {
		les_layout_fail(layout, LES_NOMEM, "no memory for a layout%s", "");
		return (struct les_points){0};
	}
	base.n = 2;
	base.at[0] = (struct les_point){(float)box->x0_px, y};
	base.at[1] = (struct les_point){(float)box->x1_px, y};
	return base;
}

static const char *line_text(struct les_layout *layout, const xmlNode *line)
{
	LES_CLEANUP(les_buf_done) struct les_buf text = LES_BUF(LES_LINE_TEXT_BYTES_MAX);

	les_buf_puts(&text, "");
	for (const xmlNode *n = les_xml_child(line, NULL); n; n = les_xml_next(n, NULL)) {
		if (les_xml_is(n, "String") || les_xml_is(n, "HYP"))
			les_buf_puts(&text, les_xml_attr(n, "CONTENT"));
		else if (les_xml_is(n, "SP"))
			les_buf_puts(&text, " ");
	}
	if (text.failed) {
		les_layout_fail(layout, LES_LIMIT, "line %s has too much text",
				les_xml_attr(line, "ID"));
		return "";
	}
	return les_layout_string(layout, (const char *)text.bytes, LES_LINE_TEXT_BYTES_MAX);
}

static void take_line(struct les_layout *layout, const xmlNode *node, int32_t region)
{
	struct les_line *line = les_layout_line(layout, les_xml_attr(node, "ID"));

	if (!line)
		return;
	line->region = region;
	line->box = box_of(node);
	line->baseline = baseline_of(layout, node, &line->box);
	line->polygon = shape_of(layout, node);
	line->text = line_text(layout, node);
	les_layout_complete(line);
}

static const struct {
	const char *element;
	enum les_region_kind kind;
} block_kinds[] = {
	{"TextBlock", LES_REGION_TEXT},
	{"Illustration", LES_REGION_IMAGE},
	{"GraphicalElement", LES_REGION_SEPARATOR},
};

static void take_block(struct les_layout *layout, const xmlNode *node, enum les_region_kind kind)
{
	struct les_region *region = les_layout_region(layout, les_xml_attr(node, "ID"));

	if (!region)
		return;
	region->kind = kind;
	region->box = box_of(node);
	region->polygon = shape_of(layout, node);
	const int32_t index = (int32_t)layout->page->regions_n - 1;
	for (const xmlNode *l = les_xml_child(node, "TextLine"); l; l = les_xml_next(l, "TextLine"))
		take_line(layout, l, index);
}

static void take_blocks(struct les_layout *layout, const xmlNode *parent, int depth)
{
	for (const xmlNode *n = les_xml_child(parent, NULL); n && depth < DEPTH_MAX;
	     n = les_xml_next(n, NULL)) {
		bool found = false;
		for (size_t i = 0; i < LES_COUNT(block_kinds) && !found; i++) {
			found = les_xml_is(n, block_kinds[i].element);
			if (found)
				take_block(layout, n, block_kinds[i].kind);
		}
		if (!found)
			take_blocks(layout, n, depth + 1);
	}
}

static void check_unit(struct les_layout *layout, const xmlNode *description)
{
	LES_CLEANUP(les_buf_done) struct les_buf unit = LES_BUF(64);
	const xmlNode *node = les_xml_child(description, "MeasurementUnit");

	les_buf_puts(&unit, "");
	if (node)
		les_xml_content(node, &unit);
	if (!unit.bytes)
		les_layout_fail(layout, LES_NOMEM, "no memory for a layout%s", "");
	else if (node && strcmp((const char *)unit.bytes, "pixel") != 0)
		les_layout_fail(layout, LES_UNSUPPORTED, "ALTO in %.20s: only pixels are read",
				(const char *)unit.bytes);
}

static void take_image_name(struct les_layout *layout, const xmlNode *description)
{
	LES_CLEANUP(les_buf_done) struct les_buf name = LES_BUF(LES_NAME_BYTES_MAX);
	const xmlNode *source = les_xml_child(description, "sourceImageInformation");
	const xmlNode *node = les_xml_child(source, "fileName");

	les_buf_puts(&name, "");
	if (node)
		les_xml_content(node, &name);
	if (!name.bytes)
		les_layout_fail(layout, LES_NOMEM, "no memory for a layout%s", "");
	layout->page->image_name = les_layout_string(
		layout, name.failed ? "" : (const char *)name.bytes, LES_NAME_BYTES_MAX);
}

void les_layout_alto(struct les_layout *layout, const xmlNode *root)
{
	const xmlNode *description = les_xml_child(root, "Description");
	const xmlNode *page = les_xml_child(les_xml_child(root, "Layout"), "Page");
	float w, h;

	if (!page) {
		les_layout_fail(layout, LES_FORMAT, "the ALTO file has no page%s", "");
		return;
	}
	if (les_xml_next(page, "Page")) {
		les_layout_fail(layout, LES_UNSUPPORTED,
				"an ALTO file of several pages%s is not a layout", "");
		return;
	}
	check_unit(layout, description);
	take_image_name(layout, description);
	if (les_xml_number(page, "WIDTH", &w) && les_xml_number(page, "HEIGHT", &h)) {
		layout->page->info.w_px = (uint32_t)w;
		layout->page->info.h_px = (uint32_t)h;
	}
	take_blocks(layout, page, 0);
}
