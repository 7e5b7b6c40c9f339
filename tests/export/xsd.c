#include "export/xsd.h"

#include "test.h"

#include <libxml/parser.h>
#include <libxml/xmlschemas.h>

void assert_xml(const struct les_buf *text, const char *xsd, const char *what)
{
	xmlDocPtr doc = xmlReadMemory((const char *)text->bytes, (int)text->len, what, NULL,
				      XML_PARSE_NONET);

	if (!doc)
		fail_msg("%s is not well-formed", what);
	if (xsd) {
		xmlSchemaParserCtxtPtr parser = xmlSchemaNewParserCtxt(xsd);
		xmlSchemaPtr schema = xmlSchemaParse(parser);
		if (!schema)
			fail_msg("%s cannot be read", xsd);
		xmlSchemaValidCtxtPtr valid = xmlSchemaNewValidCtxt(schema);
		const int rc = xmlSchemaValidateDoc(valid, doc);
		xmlSchemaFreeValidCtxt(valid);
		xmlSchemaFree(schema);
		xmlSchemaFreeParserCtxt(parser);
		if (rc != 0)
			fail_msg("%s is not as %s says:\n%s", what, xsd, (const char *)text->bytes);
	}
	xmlFreeDoc(doc);
}
