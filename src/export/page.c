#include "base/version.h"
#include "export/format.h"
#include "export/xml.h"

#include <string.h>

/* PAGE XML 2019-07-15 (PRImA), as eScriptorium, Transkribus and kraken read it: regions, lines with
 * Coords and Baseline, words with their confidence, the reading order explicit. */

static const char namespace_uri[] =
	"http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15";

static void put_coords(struct les_xml *xml, const struct les_points *polygon,
		       const struct les_box *box, const struct les_page_info *info)
{
	struct les_point corners[4];
	struct les_points outline = les_outline(polygon, box, corners);

	les_xml_start(xml, "Coords");
	les_xml_points(xml, "points", &outline, info);
	les_xml_end(xml);
}

static void put_text(struct les_xml *xml, const char *text, float confidence)
{
	les_xml_start(xml, "TextEquiv");
	les_xml_attribute(xml, "conf", "%.4f", (double)confidence);
	les_xml_element(xml, "Unicode", text);
	les_xml_end(xml);
}

/* Characters, not bytes: what Transkribus counts offsets in. */
static size_t characters(const char *s, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += ((unsigned char)s[i] & 0xc0) != 0x80;
	return count;
}

/* custom="readingOrder {index:0;} unclear {offset:4; length:7;}": the flagged words of a line,
 * found in its text in order. */
static void put_custom(struct les_xml *xml, const struct les_line *line, uint32_t index)
{
	struct les_buf custom =
		LES_BUF(LES_LINE_WORDS_MAX * 64); /* the longest "unclear" and some */
	const char *from = line->text;

	les_buf_printf(&custom, "readingOrder {index:%u;}", index);
	for (uint32_t i = 0; i < line->words_n; i++) {
		const struct les_word *w = &line->words[i];
		const char *at = strstr(from, w->text);
		if (!at)
			continue;
		from = at + strlen(w->text);
		if (w->flags & LES_WORD_ILLEGIBLE)
			les_buf_printf(&custom, " unclear {offset:%zu; length:%zu;}",
				       characters(line->text, (size_t)(at - line->text)),
				       characters(w->text, strlen(w->text)));
	}
	if (custom.failed)
		les_xml_fail(xml);
	else
		les_xml_attribute(xml, "custom", "%s", (const char *)custom.bytes);
	les_buf_done(&custom);
}

static void put_word(struct les_xml *xml, const struct les_line *line, uint32_t index,
		     const struct les_page_info *info)
{
	const struct les_word *w = &line->words[index];

	les_xml_start(xml, "Word");
	les_xml_attribute(xml, "id", "%s_w%u", line->id, index + 1);
	if (w->flags & LES_WORD_ILLEGIBLE)
		les_xml_attribute(xml, "custom", "unclear {offset:0; length:%zu;}",
				  characters(w->text, strlen(w->text)));
	put_coords(xml, &w->polygon, &w->box, info);
	put_text(xml, w->text, w->confidence);
	les_xml_end(xml);
}

static const char *direction_name(enum les_direction direction)
{
	static const char *const names[] = {"left-to-right", "right-to-left", "top-to-bottom",
					    "bottom-to-top"};

	return names[direction];
}

static void put_line(struct les_xml *xml, const struct les_page *p, uint32_t index)
{
	const struct les_line *line = &p->lines[index];

	les_xml_start(xml, "TextLine");
	les_xml_attribute(xml, "id", "%s", line->id);
	put_custom(xml, line, index);
	if (line->direction != LES_LEFT_TO_RIGHT)
		les_xml_attribute(xml, "readingDirection", "%s", direction_name(line->direction));
	put_coords(xml, &line->polygon, &line->box, &p->info);
	if (line->baseline.n) {
		les_xml_start(xml, "Baseline");
		les_xml_points(xml, "points", &line->baseline, &p->info);
		les_xml_end(xml);
	}
	for (uint32_t i = 0; i < line->words_n; i++)
		put_word(xml, line, i, &p->info);
	if (line->text[0])
		put_text(xml, line->text, line->confidence);
	les_xml_end(xml);
}

static const char *region_element(enum les_region_kind kind)
{
	static const char *const names[] = {"TextRegion", "ImageRegion", "TableRegion",
					    "SeparatorRegion", "UnknownRegion"};

	return names[kind];
}

/* The lines of one region; region -1 collects those that have none, in a region of the page's size.
 */
static void put_region(struct les_xml *xml, const struct les_page *p, int32_t region)
{
	static const struct les_points no_polygon = {NULL, 0};
	const struct les_box whole = {0, 0, (int32_t)p->info.w_px, (int32_t)p->info.h_px};
	const struct les_region *r = region >= 0 ? &p->regions[region] : NULL;
	const enum les_region_kind kind = r ? r->kind : LES_REGION_TEXT;

	les_xml_start(xml, region_element(kind));
	les_xml_attribute(xml, "id", "%s", r ? r->id : "page_lines");
	put_coords(xml, r ? &r->polygon : &no_polygon, r ? &r->box : &whole, &p->info);
	for (uint32_t i = 0; i < p->lines_n && kind == LES_REGION_TEXT; i++)
		if (p->lines[i].region == region)
			put_line(xml, p, i);
	les_xml_end(xml);
}

static bool has_loose_lines(const struct les_page *p)
{
	for (uint32_t i = 0; i < p->lines_n; i++)
		if (p->lines[i].region < 0)
			return true;
	return false;
}

static void put_reading_order(struct les_xml *xml, const struct les_page *p)
{
	uint32_t index = 0;

	if (p->regions_n == 0 && !has_loose_lines(p))
		return;
	les_xml_start(xml, "ReadingOrder");
	les_xml_start(xml, "OrderedGroup");
	les_xml_attribute(xml, "id", "reading_order");
	for (int32_t i = -1; i < (int32_t)p->regions_n; i++) {
		if (i < 0 && !has_loose_lines(p))
			continue;
		les_xml_start(xml, "RegionRefIndexed");
		les_xml_attribute(xml, "index", "%u", index++);
		les_xml_attribute(xml, "regionRef", "%s", i < 0 ? "page_lines" : p->regions[i].id);
		les_xml_end(xml);
	}
	les_xml_end(xml);
	les_xml_end(xml);
}

static void put_metadata(struct les_xml *xml, const struct les_export_about *about)
{
	les_xml_start(xml, "Metadata");
	les_xml_element(xml, "Creator", "Lesart " LES_VERSION);
	les_xml_element(xml, "Created", about->created);
	les_xml_element(xml, "LastChange", about->created);
	les_xml_start(xml, "MetadataItem");
	les_xml_attribute(xml, "type", "processingStep");
	les_xml_attribute(xml, "name", "engine");
	les_xml_attribute(xml, "value", "%s", about->engine);
	les_xml_start(xml, "Labels");
	for (uint32_t i = 0; i < about->models_n; i++) {
		les_xml_start(xml, "Label");
		les_xml_attribute(xml, "type", "%s", about->models[i].name);
		les_xml_attribute(xml, "value", "sha256:%s", about->models[i].sha256);
		les_xml_end(xml);
	}
	les_xml_end(xml);
	les_xml_end(xml);
	les_xml_end(xml);
}

static enum les_kind page(const struct les_export *export, const struct les_page *p,
			  const char *image_name, struct les_buf *out)
{
	struct les_xml *xml = export->xml;

	les_xml_begin(xml, out);
	les_xml_declaration(xml);
	les_xml_start(xml, "PcGts");
	les_xml_attribute(xml, "xmlns", "%s", namespace_uri);
	put_metadata(xml, export->about);
	les_xml_start(xml, "Page");
	les_xml_attribute(xml, "imageFilename", "%s", image_name);
	les_xml_attribute(xml, "imageWidth", "%u", p->info.w_px);
	les_xml_attribute(xml, "imageHeight", "%u", p->info.h_px);
	put_reading_order(xml, p);
	for (int32_t i = has_loose_lines(p) ? -1 : 0; i < (int32_t)p->regions_n; i++)
		put_region(xml, p, i);
	les_xml_end(xml);
	les_xml_end(xml);
	les_xml_flush(xml);
	return LES_OK;
}

const struct les_format_ops les_format_page = {.page = page};
