#ifndef LES_BASE_JSON_H
#define LES_BASE_JSON_H

#include "base/buf.h"

/* Appends s as a JSON string with its quotes. Control characters and DEL are escaped, bytes that
 * are not UTF-8 become U+FFFD: the result is valid JSON on one line, whatever s holds. */
void les_json_string(struct les_buf *out, const char *s);

#endif
