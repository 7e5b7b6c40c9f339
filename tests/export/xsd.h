#ifndef LES_TESTS_EXPORT_XSD_H
#define LES_TESTS_EXPORT_XSD_H

#include "base/buf.h"

/* Fails the running test, with the parser's words, where the text is not well-formed XML, or (xsd
 * not NULL) not as that schema file says. what names it in messages. The network is never asked. */
void assert_xml(const struct les_buf *text, const char *xsd, const char *what);

#endif
