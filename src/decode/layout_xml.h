#ifndef LES_DECODE_LAYOUT_XML_H
#define LES_DECODE_LAYOUT_XML_H

#include "base/buf.h"
#include "base/error.h"
#include "types/page.h"

#include <libxml/tree.h>
#include <stdbool.h>

/* What the parsers of PAGE and ALTO share; for layout*.c only. Names are compared without
 * namespaces: the two have changed theirs with every version. */
struct les_layout {
	struct les_page *page;
	uint32_t regions_capacity, lines_capacity;
	enum les_kind kind; /* the first error; all later steps do nothing */
	struct les_error *reterr;
};

/* The first child element, or next sibling element, of that name (NULL: of any). */
const xmlNode *les_xml_child(const xmlNode *node, const char *name);
const xmlNode *les_xml_next(const xmlNode *node, const char *name);
bool les_xml_is(const xmlNode *node, const char *name);

/* An attribute's value, lent by the tree; "" where there is none. */
const char *les_xml_attr(const xmlNode *node, const char *name);
/* As a pixel number ≥ 0; false where it is missing or none. */
bool les_xml_number(const xmlNode *node, const char *name, float *ret);
/* An element's text, appended. */
void les_xml_content(const xmlNode *node, struct les_buf *out);

/* A string of the page's arena, cut to "" beyond max_bytes. */
const char *les_layout_string(struct les_layout *layout, const char *s, size_t max_bytes);
/* Numbers in pairs, whatever separates them: "x,y x,y" and "x y x y". what: for the error's words.
 */
struct les_points les_layout_points(struct les_layout *layout, const char *s, const char *what);
enum les_kind les_layout_fail(struct les_layout *layout, enum les_kind kind, const char *words,
			      const char *what);

/* Adds to the page; NULL after an error or at the cap. */
struct les_region *les_layout_region(struct les_layout *layout, const char *id);
struct les_line *les_layout_line(struct les_layout *layout, const char *id);
/* Once baseline, polygon and box are there: fills what follows from the others. */
void les_layout_complete(struct les_line *line);

void les_layout_page_xml(struct les_layout *layout, const xmlNode *root);
void les_layout_alto(struct les_layout *layout, const xmlNode *root);

#endif
