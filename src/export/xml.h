#ifndef LES_EXPORT_XML_H
#define LES_EXPORT_XML_H

#include "base/buf.h"
#include "types/page.h"

/* libxml2's writer over our buffers. Errors are sticky in the buffer at hand. */
struct les_xml;

struct les_xml *les_xml_new(void); /* NULL where memory ran out */
void les_xml_free(struct les_xml *xml);

/* All that is written between begin and flush is in *out after flush. Elements may stay open over
 * several rounds. */
void les_xml_begin(struct les_xml *xml, struct les_buf *out);
/* Makes the export fail, as memory that ran out does. */
void les_xml_fail(struct les_xml *xml);
void les_xml_flush(struct les_xml *xml);

void les_xml_declaration(struct les_xml *xml);
void les_xml_doctype(struct les_xml *xml, const char *name, const char *public_id,
		     const char *system_id);
void les_xml_start(struct les_xml *xml, const char *element);
void les_xml_end(struct les_xml *xml);
/* Characters that XML forbids are dropped. */
void les_xml_text(struct les_xml *xml, const char *s);
void les_xml_attribute(struct les_xml *xml, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* An element with text only. */
void les_xml_element(struct les_xml *xml, const char *element, const char *s);

/* "x,y x,y …", whole pixels within the page; at least two points where there is one. */
void les_xml_points(struct les_xml *xml, const char *name, const struct les_points *points,
		    const struct les_page_info *page);

/* The polygon, or the box's corners where there is none. corners holds 4 points. */
struct les_points les_outline(const struct les_points *polygon, const struct les_box *box,
			      struct les_point corners[4]);

/* The box clipped to the page. */
struct les_box les_box_clipped(const struct les_box *box, const struct les_page_info *page);

#endif
