#include "base/version.h"
#include "export/format.h"
#include "export/xml.h"

#include <math.h>

/* ALTO 4.3, as eScriptorium and kraken read it: BASELINE and Polygon of each line, WC and CC where
 * there are confidences. A file may hold several pages. */

static void put_box(struct les_xml *xml, const struct les_box *box,
		    const struct les_page_info *info)
{
	const struct les_box b = les_box_clipped(box, info);

	les_xml_attribute(xml, "HPOS", "%d", b.x0_px);
	les_xml_attribute(xml, "VPOS", "%d", b.y0_px);
	les_xml_attribute(xml, "WIDTH", "%d", b.x1_px > b.x0_px ? b.x1_px - b.x0_px : 0);
	les_xml_attribute(xml, "HEIGHT", "%d", b.y1_px > b.y0_px ? b.y1_px - b.y0_px : 0);
}

static void put_shape(struct les_xml *xml, const struct les_points *polygon,
		      const struct les_box *box, const struct les_page_info *info)
{
	struct les_point corners[4];
	struct les_points outline = les_outline(polygon, box, corners);

	les_xml_start(xml, "Shape");
	les_xml_start(xml, "Polygon");
	les_xml_points(xml, "POINTS", &outline, info);
	les_xml_end(xml);
	les_xml_end(xml);
}

static void put_word(struct les_xml *xml, const struct les_line *line, uint32_t index,
		     uint32_t page, const struct les_page_info *info)
{
	const struct les_word *w = &line->words[index];

	if (index) {
		les_xml_start(xml, "SP");
		les_xml_end(xml);
	}
	les_xml_start(xml, "String");
	les_xml_attribute(xml, "ID", "p%u_%s_w%u", page, line->id, index + 1);
	les_xml_attribute(xml, "CONTENT", "%s", w->text);
	put_box(xml, &w->box, info);
	les_xml_attribute(xml, "WC", "%.4f", (double)w->confidence);
	if (w->polygon.n >= 3)
		put_shape(xml, &w->polygon, &w->box, info);
	les_xml_end(xml);
}

static void put_line(struct les_xml *xml, const struct les_page *p, uint32_t index)
{
	const struct les_line *line = &p->lines[index];
	static const char *const directions[] = {"ltr", "rtl", "ttb", "btt"};
	/* a line without words still has its text: one String over the whole of it */
	const struct les_word whole = {
		.text = line->text, .box = line->box, .confidence = line->confidence};
	struct les_line shown = *line;

	if (line->words_n == 0 && line->text[0]) {
		shown.words = (struct les_word *)(uintptr_t)&whole;
		shown.words_n = 1;
	}
	les_xml_start(xml, "TextLine");
	les_xml_attribute(xml, "ID", "p%u_%s", p->info.number, line->id);
	put_box(xml, &line->box, &p->info);
	if (line->direction != LES_LEFT_TO_RIGHT)
		les_xml_attribute(xml, "BASEDIRECTION", "%s", directions[line->direction]);
	if (line->baseline.n)
		les_xml_points(xml, "BASELINE", &line->baseline, &p->info);
	put_shape(xml, &line->polygon, &line->box, &p->info);
	for (uint32_t i = 0; i < shown.words_n; i++)
		put_word(xml, &shown, i, p->info.number, &p->info);
	if (shown.words_n == 0) { /* the schema wants at least one */
		les_xml_start(xml, "String");
		les_xml_attribute(xml, "CONTENT", "%s", "");
		put_box(xml, &line->box, &p->info);
		les_xml_end(xml);
	}
	les_xml_end(xml);
}

static bool has_lines(const struct les_page *p, int32_t region)
{
	for (uint32_t i = 0; i < p->lines_n; i++)
		if (p->lines[i].region == region)
			return true;
	return false;
}

static void put_block(struct les_xml *xml, const struct les_page *p, int32_t region)
{
	const struct les_box whole = {0, 0, (int32_t)p->info.w_px, (int32_t)p->info.h_px};
	const struct les_region *r = region >= 0 ? &p->regions[region] : NULL;
	const bool text = !r || r->kind == LES_REGION_TEXT || has_lines(p, region);

	if (r && r->kind == LES_REGION_SEPARATOR && !text)
		les_xml_start(xml, "GraphicalElement");
	else
		les_xml_start(xml, text ? "TextBlock" : "Illustration");
	les_xml_attribute(xml, "ID", "p%u_%s", p->info.number, r ? r->id : "page_lines");
	put_box(xml, r ? &r->box : &whole, &p->info);
	if (r)
		put_shape(xml, &r->polygon, &r->box, &p->info);
	for (uint32_t i = 0; i < p->lines_n; i++)
		if (p->lines[i].region == region)
			put_line(xml, p, i);
	les_xml_end(xml);
}

static enum les_kind begin(const struct les_export *export, struct les_buf *out)
{
	const struct les_export_about *about = export->about;
	struct les_xml *xml = export->xml;

	les_xml_begin(xml, out);
	les_xml_declaration(xml);
	les_xml_start(xml, "alto");
	les_xml_attribute(xml, "xmlns", "http://www.loc.gov/standards/alto/ns-v4#");
	les_xml_start(xml, "Description");
	les_xml_element(xml, "MeasurementUnit", "pixel");
	les_xml_start(xml, "sourceImageInformation");
	les_xml_element(xml, "fileName", about->file_name);
	les_xml_end(xml);
	les_xml_start(xml, "Processing");
	les_xml_attribute(xml, "ID", "lesart");
	les_xml_element(xml, "processingDateTime", about->created);
	for (uint32_t i = 0; i < about->models_n; i++) {
		les_xml_start(xml, "processingStepSettings");
		les_xml_text(xml, about->models[i].name);
		les_xml_text(xml, " sha256:");
		les_xml_text(xml, about->models[i].sha256);
		les_xml_end(xml);
	}
	les_xml_start(xml, "processingSoftware");
	les_xml_element(xml, "softwareName", "Lesart");
	les_xml_element(xml, "softwareVersion", LES_VERSION);
	les_xml_element(xml, "applicationDescription", about->engine);
	les_xml_end(xml);
	les_xml_end(xml);
	les_xml_end(xml);
	les_xml_start(xml, "Layout");
	les_xml_flush(xml);
	return LES_OK;
}

static enum les_kind page(const struct les_export *export, const struct les_page *p,
			  const char *image_name, struct les_buf *out)
{
	struct les_xml *xml = export->xml;

	(void)image_name; /* in the description: ALTO names one image a file */
	les_xml_begin(xml, out);
	les_xml_start(xml, "Page");
	les_xml_attribute(xml, "ID", "page_%u", p->info.number);
	les_xml_attribute(xml, "PHYSICAL_IMG_NR", "%u", p->info.number);
	les_xml_attribute(xml, "WIDTH", "%u", p->info.w_px);
	les_xml_attribute(xml, "HEIGHT", "%u", p->info.h_px);
	if (p->lines_n)
		les_xml_attribute(xml, "PC", "%.4f", (double)les_page_confidence(p));
	les_xml_start(xml, "PrintSpace");
	put_box(xml, &(struct les_box){0, 0, (int32_t)p->info.w_px, (int32_t)p->info.h_px},
		&p->info);
	for (int32_t i = has_lines(p, -1) ? -1 : 0; i < (int32_t)p->regions_n; i++)
		put_block(xml, p, i);
	les_xml_end(xml);
	les_xml_end(xml);
	les_xml_flush(xml);
	return LES_OK;
}

static enum les_kind end(const struct les_export *export, const struct les_export_totals *totals,
			 struct les_buf *out)
{
	(void)totals;
	les_xml_begin(export->xml, out);
	les_xml_end(export->xml);
	les_xml_end(export->xml);
	les_xml_flush(export->xml);
	return LES_OK;
}

const struct les_format_ops les_format_alto = {.begin = begin, .page = page, .end = end};
