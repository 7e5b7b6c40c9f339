#include "decode/layout.h"

#include "base/cursor.h"
#include "decode/layout_xml.h"

#include <libxml/parser.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

bool les_xml_is(const xmlNode *node, const char *name)
{
	return node->type == XML_ELEMENT_NODE &&
	       (!name || strcmp((const char *)node->name, name) == 0);
}

static const xmlNode *first_from(const xmlNode *node, const char *name)
{
	while (node && !les_xml_is(node, name))
		node = node->next;
	return node;
}

const xmlNode *les_xml_child(const xmlNode *node, const char *name)
{
	return node ? first_from(node->children, name) : NULL;
}

const xmlNode *les_xml_next(const xmlNode *node, const char *name)
{
	return first_from(node->next, name);
}

const char *les_xml_attr(const xmlNode *node, const char *name)
{
	for (const xmlAttr *a = node ? node->properties : NULL; a; a = a->next) {
		const xmlNode *text = a->children;
		if (strcmp((const char *)a->name, name) == 0)
			return text && text->type == XML_TEXT_NODE && text->content
				       ? (const char *)text->content
				       : "";
	}
	return "";
}

bool les_xml_number(const xmlNode *node, const char *name, float *ret)
{
	const char *s = les_xml_attr(node, name);
	char *end;
	float v = strtof(s, &end);

	if (end == s || *end || !(v >= 0) || v > (float)LES_PAGE_SIDE_MAX)
		return false;
	*ret = v;
	return true;
}

void les_xml_content(const xmlNode *node, struct les_buf *out)
{
	for (const xmlNode *n = node ? node->children : NULL; n; n = n->next)
		if ((n->type == XML_TEXT_NODE || n->type == XML_CDATA_SECTION_NODE) && n->content)
			les_buf_puts(out, (const char *)n->content);
}

enum les_kind les_layout_fail(struct les_layout *layout, enum les_kind kind, const char *words,
			      const char *what)
{
	if (layout->kind == LES_OK)
		layout->kind = les_fail(layout->reterr, kind, words, what);
	return layout->kind;
}

const char *les_layout_string(struct les_layout *layout, const char *s, size_t max_bytes)
{
	const size_t n = strlen(s) <= max_bytes ? strlen(s) : 0;
	const char *copy = les_arena_strndup(&layout->page->arena, s, n);

	if (!copy)
		les_layout_fail(layout, LES_NOMEM, "no memory for a layout%s", "");
	return copy ? copy : "";
}

/* The next number at *s; false at the end. Anything that is not part of a number separates. */
static bool next_number(const char **s, float *ret)
{
	/* a box around the farthest point ends one further: records take no more */
	const float far = 2 * (float)LES_PAGE_SIDE_MAX - 1;
	char *end;

	*s += strcspn(*s, "0123456789-.");
	if (!**s)
		return false;
	*ret = strtof(*s, &end);
	*s = end > *s ? end : *s + 1;
	*ret = isfinite(*ret) ? fminf(fmaxf(*ret, -far), far) : 0;
	return true;
}

struct les_points les_layout_points(struct les_layout *layout, const char *s, const char *what)
{
	struct les_points points = {0};
	const char *p = s;
	float x, y;

	while (next_number(&p, &x) && next_number(&p, &y))
		points.n++;
	if (points.n > LES_POLYGON_POINTS_MAX) {
		les_layout_fail(layout, LES_LIMIT, "%s has too many points", what);
		return (struct les_points){0};
	}
	points.at = les_arena_alloc(&layout->page->arena, points.n, sizeof *points.at);
	if (!points.at) {
		les_layout_fail(layout, LES_NOMEM, "no memory for a layout%s", "");
		return (struct les_points){0};
	}
	p = s;
	for (uint32_t i = 0; i < points.n && next_number(&p, &x) && next_number(&p, &y); i++)
		points.at[i] = (struct les_point){x, y};
	return points;
}

/* An array in the arena that doubles; the old one stays there until the page goes. */
static void *grow(struct les_layout *layout, void *old, uint32_t n, uint32_t *capacity, size_t size)
{
	if (n < *capacity)
		return old;
	uint32_t more = *capacity ? *capacity * 2 : 64;
	void *array = les_arena_alloc(&layout->page->arena, more, size);
	if (!array) {
		les_layout_fail(layout, LES_NOMEM, "no memory for a layout%s", "");
		return NULL;
	}
	if (n)
		memcpy(array, old, n * size);
	*capacity = more;
	return array;
}

struct les_region *les_layout_region(struct les_layout *layout, const char *id)
{
	struct les_page *page = layout->page;

	if (page->regions_n == LES_PAGE_REGIONS_MAX)
		les_layout_fail(layout, LES_LIMIT, "region %s: a page has too many", id);
	if (layout->kind != LES_OK)
		return NULL;
	struct les_region *array = grow(layout, page->regions, page->regions_n,
					&layout->regions_capacity, sizeof *array);
	if (!array)
		return NULL;
	page->regions = array;
	array[page->regions_n] =
		(struct les_region){.id = les_layout_string(layout, id, LES_ID_BYTES_MAX)};
	return &array[page->regions_n++];
}

struct les_line *les_layout_line(struct les_layout *layout, const char *id)
{
	struct les_page *page = layout->page;

	if (page->lines_n == LES_PAGE_LINES_MAX)
		les_layout_fail(layout, LES_LIMIT, "line %s: a page has too many", id);
	if (layout->kind != LES_OK)
		return NULL;
	struct les_line *array =
		grow(layout, page->lines, page->lines_n, &layout->lines_capacity, sizeof *array);
	if (!array)
		return NULL;
	page->lines = array;
	array[page->lines_n] =
		(struct les_line){.id = les_layout_string(layout, id, LES_ID_BYTES_MAX),
				  .text = "",
				  .language = "",
				  .script = "",
				  .region = -1};
	return &array[page->lines_n++];
}

void les_layout_complete(struct les_line *line)
{
	if (!les_box_is_empty(&line->box))
		return;
	line->box = les_points_box(line->polygon.n ? &line->polygon : &line->baseline);
}

/* Whoever asks libxml2 for anything outside the bytes at hand gets nothing. */
static xmlParserInputPtr load_nothing(const char *url, const char *id, xmlParserCtxtPtr context)
{
	(void)url;
	(void)id;
	(void)context;
	return NULL;
}

static void dispatch(struct les_layout *layout, const xmlDoc *document)
{
	const xmlNode *root = document->children;

	while (root && root->type != XML_ELEMENT_NODE)
		root = root->next;
	if (document->intSubset || !root)
		les_layout_fail(layout, LES_UNSUPPORTED,
				"a layout file with a DOCTYPE is not read%s", "");
	else if (les_xml_is(root, "PcGts"))
		les_layout_page_xml(layout, root);
	else if (les_xml_is(root, "alto"))
		les_layout_alto(layout, root);
	else
		les_layout_fail(layout, LES_UNSUPPORTED, "<%.40s> is neither PAGE nor ALTO",
				(const char *)root->name);
}

enum les_kind les_layout_parse(const uint8_t *bytes, size_t n, struct les_page *page,
			       struct les_error *reterr)
{
	const int options =
		XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_COMPACT;
	struct les_layout layout = {.page = page, .reterr = reterr};

	if (n > LES_XML_BYTES_MAX)
		return les_fail(reterr, LES_LIMIT, "a layout file of %zu bytes", n);
	xmlSetExternalEntityLoader(load_nothing);
	xmlDoc *document = xmlReadMemory((const char *)bytes, (int)n, NULL, NULL, options);
	if (!document)
		return les_fail(reterr, LES_FORMAT, "the layout file is not well-formed XML");
	dispatch(&layout, document);
	xmlFreeDoc(document);
	return layout.kind;
}
