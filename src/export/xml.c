#include "export/xml.h"

#include "base/cleanup.h"

#include <libxml/xmlwriter.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { ATTRIBUTE_BYTES_MAX = 1 << 20 };

struct les_xml {
	xmlTextWriterPtr writer;
	struct les_buf *out;
};

static int write_out(void *context, const char *bytes, int n)
{
	struct les_xml *xml = context;

	if (xml->out)
		les_buf_put(xml->out, bytes, (size_t)n);
	return n;
}

struct les_xml *les_xml_new(void)
{
	struct les_xml *xml = calloc(1, sizeof *xml);

	if (!xml)
		return NULL;
	xmlOutputBufferPtr buffer = xmlOutputBufferCreateIO(write_out, NULL, xml, NULL);
	if (buffer)
		xml->writer = xmlNewTextWriter(buffer);
	if (!xml->writer) {
		if (buffer)
			xmlOutputBufferClose(buffer);
		free(xml);
		return NULL;
	}
	xmlTextWriterSetIndent(xml->writer, 1);
	xmlTextWriterSetIndentString(xml->writer, BAD_CAST "  ");
	return xml;
}

void les_xml_free(struct les_xml *xml)
{
	if (!xml)
		return;
	xml->out = NULL;
	xmlFreeTextWriter(xml->writer);
	free(xml);
}

void les_xml_begin(struct les_xml *xml, struct les_buf *out)
{
	xml->out = out;
}

/* Sticky: the writer's own failures (memory) count as the buffer's. */
static void check(struct les_xml *xml, int rc)
{
	if (rc < 0)
		xml->out->failed = true;
}

void les_xml_fail(struct les_xml *xml)
{
	xml->out->failed = true;
}

void les_xml_flush(struct les_xml *xml)
{
	check(xml, xmlTextWriterFlush(xml->writer));
	xml->out = NULL;
}

void les_xml_declaration(struct les_xml *xml)
{
	check(xml, xmlTextWriterStartDocument(xml->writer, NULL, "UTF-8", NULL));
}

void les_xml_doctype(struct les_xml *xml, const char *name, const char *public_id,
		     const char *system_id)
{
	check(xml, xmlTextWriterWriteDTD(xml->writer, BAD_CAST name, BAD_CAST public_id,
					 BAD_CAST system_id, NULL));
}

void les_xml_start(struct les_xml *xml, const char *element)
{
	check(xml, xmlTextWriterStartElement(xml->writer, BAD_CAST element));
}

void les_xml_end(struct les_xml *xml)
{
	check(xml, xmlTextWriterEndElement(xml->writer));
}

/* Whether XML 1.0 (2.2) forbids the character that begins at s; *ret_n its bytes. */
static bool forbidden(const char *s, size_t *ret_n)
{
	const unsigned char c = (unsigned char)*s;

	*ret_n = 1;
	if (c < 0x20)
		return c != '\t' && c != '\n' && c != '\r';
	*ret_n = 3;
	return c == 0xef &&
	       (strncmp(s, "\xef\xbf\xbe", 3) == 0 || strncmp(s, "\xef\xbf\xbf", 3) == 0);
}

/* s without forbidden characters, in *buf. */
static const char *allowed(struct les_buf *buf, const char *s)
{
	size_t n;

	for (; *s; s += n) {
		bool drop = forbidden(s, &n);
		if (!drop) {
			n = 1;
			les_buf_put(buf, s, 1);
		}
	}
	les_buf_puts(buf, "");
	return buf->failed ? "" : (const char *)buf->bytes;
}

void les_xml_text(struct les_xml *xml, const char *s)
{
	LES_CLEANUP(les_buf_done) struct les_buf buf = LES_BUF(ATTRIBUTE_BYTES_MAX);

	check(xml, xmlTextWriterWriteString(xml->writer, BAD_CAST allowed(&buf, s)));
	xml->out->failed |= buf.failed;
}

void les_xml_attribute(struct les_xml *xml, const char *name, const char *format, ...)
{
	LES_CLEANUP(les_buf_done) struct les_buf value = LES_BUF(ATTRIBUTE_BYTES_MAX);
	LES_CLEANUP(les_buf_done) struct les_buf buf = LES_BUF(ATTRIBUTE_BYTES_MAX);
	va_list args;

	va_start(args, format);
	les_buf_vprintf(&value, format, args);
	va_end(args);
	if (!value.failed)
		check(xml, xmlTextWriterWriteAttribute(
				   xml->writer, BAD_CAST name,
				   BAD_CAST allowed(&buf, (const char *)value.bytes)));
	xml->out->failed |= value.failed || buf.failed;
}

void les_xml_element(struct les_xml *xml, const char *element, const char *s)
{
	les_xml_start(xml, element);
	les_xml_text(xml, s);
	les_xml_end(xml);
}

static int clip(float v, uint32_t size)
{
	if (!(v > 0))
		return 0;
	return v > (float)(size - 1) ? (int)size - 1 : (int)(v + 0.5f);
}

void les_xml_points(struct les_xml *xml, const char *name, const struct les_points *points,
		    const struct les_page_info *page)
{
	LES_CLEANUP(les_buf_done) struct les_buf value = LES_BUF(ATTRIBUTE_BYTES_MAX);
	const uint32_t n = points->n == 1 ? 2 : points->n;

	for (uint32_t i = 0; i < n; i++) {
		const struct les_point *p = &points->at[i < points->n ? i : 0];
		les_buf_printf(&value, "%s%d,%d", i ? " " : "", clip(p->x_px, page->w_px),
			       clip(p->y_px, page->h_px));
	}
	les_xml_attribute(xml, name, "%s", value.failed || !value.bytes ? "" : (char *)value.bytes);
	xml->out->failed |= value.failed;
}

struct les_points les_outline(const struct les_points *polygon, const struct les_box *box,
			      struct les_point corners[4])
{
	if (polygon->n >= 3)
		return *polygon;
	const float x0 = (float)box->x0_px, y0 = (float)box->y0_px;
	const float x1 = (float)(box->x1_px > box->x0_px ? box->x1_px - 1 : box->x0_px);
	const float y1 = (float)(box->y1_px > box->y0_px ? box->y1_px - 1 : box->y0_px);
	corners[0] = (struct les_point){x0, y0};
	corners[1] = (struct les_point){x1, y0};
	corners[2] = (struct les_point){x1, y1};
	corners[3] = (struct les_point){x0, y1};
	return (struct les_points){corners, 4};
}

static int32_t within(int32_t v, uint32_t size)
{
	return v < 0 ? 0 : v > (int32_t)size ? (int32_t)size : v;
}

struct les_box les_box_clipped(const struct les_box *box, const struct les_page_info *page)
{
	return (struct les_box){within(box->x0_px, page->w_px), within(box->y0_px, page->h_px),
				within(box->x1_px, page->w_px), within(box->y1_px, page->h_px)};
}
