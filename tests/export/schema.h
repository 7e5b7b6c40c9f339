#ifndef LES_TESTS_EXPORT_SCHEMA_H
#define LES_TESTS_EXPORT_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* JSON Schema, the part of it that docs/schemas/ uses: type, const, enum, required, properties,
 * additionalProperties: false, items, minItems, maxItems, minimum, maximum, pattern (POSIX
 * extended), oneOf, $ref within a file and to another of the folder. A keyword beyond these is a
 * failure: what is not understood is not passed over. */

/* Whether value is as the schema in folder/file says; else why holds where it is not, and in what.
 */
bool schema_holds(const char *folder, const char *file, json_t *value, char *why, size_t why_n);

#endif
