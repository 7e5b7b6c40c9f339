#include "base/version.h"
#include "export/format.h"
#include "export/xml.h"

#include <math.h>
#include <string.h>

/* hOCR 1.2: ocr_page, ocr_carea, ocr_line with baseline, ocrx_word with x_wconf (0 to 100). */

static int percent(float confidence)
{
	return (int)lroundf(confidence * 100);
}

static void start(struct les_xml *xml, const char *element, const char *class)
{
	les_xml_start(xml, element);
	les_xml_attribute(xml, "class", "%s", class);
}

static void put_word(struct les_xml *xml, const struct les_page *p, const struct les_line *line,
		     uint32_t index)
{
	const struct les_word *w = &line->words[index];
	const struct les_box b = les_box_clipped(&w->box, &p->info);

	if (index)
		les_xml_text(xml, " ");
	start(xml, "span", "ocrx_word");
	les_xml_attribute(xml, "id", "p%u_%s_w%u", p->info.number, line->id, index + 1);
	les_xml_attribute(xml, "title", "bbox %d %d %d %d; x_wconf %d", b.x0_px, b.y0_px, b.x1_px,
			  b.y1_px, percent(w->confidence));
	les_xml_text(xml, w->text);
	les_xml_end(xml);
}

/* "baseline SLOPE OFFSET": a line through the ends, relative to the box's bottom left corner. */
static void put_line_title(struct les_xml *xml, const struct les_line *line,
			   const struct les_box *b)
{
	const struct les_points *base = &line->baseline;
	const struct les_point first = base->n ? base->at[0] : (struct les_point){0};
	const struct les_point last = base->n ? base->at[base->n - 1] : first;
	const float run = last.x_px - first.x_px;

	if (base->n < 2 || run < 1) {
		les_xml_attribute(xml, "title", "bbox %d %d %d %d", b->x0_px, b->y0_px, b->x1_px,
				  b->y1_px);
		return;
	}
	const float slope = (last.y_px - first.y_px) / run;
	const float offset = first.y_px + slope * ((float)b->x0_px - first.x_px) - (float)b->y1_px;
	les_xml_attribute(xml, "title", "bbox %d %d %d %d; baseline %.3f %ld", b->x0_px, b->y0_px,
			  b->x1_px, b->y1_px, (double)slope, lroundf(offset));
}

static void put_line(struct les_xml *xml, const struct les_page *p, uint32_t index)
{
	const struct les_line *line = &p->lines[index];
	const struct les_box b = les_box_clipped(&line->box, &p->info);

	start(xml, "span", "ocr_line");
	les_xml_attribute(xml, "id", "p%u_%s", p->info.number, line->id);
	put_line_title(xml, line, &b);
	if (line->direction == LES_RIGHT_TO_LEFT)
		les_xml_attribute(xml, "dir", "rtl");
	for (uint32_t i = 0; i < line->words_n; i++)
		put_word(xml, p, line, i);
	if (line->words_n == 0)
		les_xml_text(xml, line->text);
	les_xml_end(xml);
}

static void put_area(struct les_xml *xml, const struct les_page *p, int32_t region)
{
	const struct les_box whole = {0, 0, (int32_t)p->info.w_px, (int32_t)p->info.h_px};
	const struct les_region *r = region >= 0 ? &p->regions[region] : NULL;
	const struct les_box b = les_box_clipped(r ? &r->box : &whole, &p->info);
	const bool text = !r || r->kind == LES_REGION_TEXT;

	start(xml, "div", text ? "ocr_carea" : "ocr_float");
	les_xml_attribute(xml, "id", "p%u_%s", p->info.number, r ? r->id : "page_lines");
	les_xml_attribute(xml, "title", "bbox %d %d %d %d", b.x0_px, b.y0_px, b.x1_px, b.y1_px);
	for (uint32_t i = 0; i < p->lines_n; i++)
		if (p->lines[i].region == region)
			put_line(xml, p, i);
	les_xml_end(xml);
}

static void put_meta(struct les_xml *xml, const char *name, const char *content)
{
	les_xml_start(xml, "meta");
	les_xml_attribute(xml, "name", "%s", name);
	les_xml_attribute(xml, "content", "%s", content);
	les_xml_end(xml);
}

static enum les_kind begin(const struct les_export *export, struct les_buf *out)
{
	struct les_xml *xml = export->xml;

	les_xml_begin(xml, out);
	les_xml_declaration(xml);
	les_xml_doctype(xml, "html", "-//W3C//DTD XHTML 1.0 Transitional//EN",
			"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd");
	les_xml_start(xml, "html");
	les_xml_attribute(xml, "xmlns", "http://www.w3.org/1999/xhtml");
	les_xml_start(xml, "head");
	les_xml_element(xml, "title", export->about->file_name);
	les_xml_start(xml, "meta");
	les_xml_attribute(xml, "http-equiv", "Content-Type");
	les_xml_attribute(xml, "content", "text/html; charset=utf-8");
	les_xml_end(xml);
	put_meta(xml, "ocr-system", "Lesart " LES_VERSION);
	put_meta(xml, "ocr-capabilities", "ocr_page ocr_carea ocr_line ocrx_word ocrp_wconf");
	les_xml_end(xml);
	les_xml_start(xml, "body");
	les_xml_flush(xml);
	return LES_OK;
}

static enum les_kind page(const struct les_export *export, const struct les_page *p,
			  const char *image_name, struct les_buf *out)
{
	struct les_xml *xml = export->xml;
	bool loose = false;

	for (uint32_t i = 0; i < p->lines_n; i++)
		loose = loose || p->lines[i].region < 0;
	les_xml_begin(xml, out);
	start(xml, "div", "ocr_page");
	les_xml_attribute(xml, "id", "page_%u", p->info.number);
	les_xml_attribute(xml, "title", "image \"%s\"; bbox 0 0 %u %u; ppageno %u", image_name,
			  p->info.w_px, p->info.h_px, p->info.number - 1);
	for (int32_t i = loose ? -1 : 0; i < (int32_t)p->regions_n; i++)
		put_area(xml, p, i);
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

const struct les_format_ops les_format_hocr = {.begin = begin, .page = page, .end = end};
