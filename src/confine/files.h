#ifndef LES_CONFINE_FILES_H
#define LES_CONFINE_FILES_H

#include "base/error.h"

#include <stddef.h>

/* Files for libraries that insist on opening paths, in a process that may open none. A worker puts
 * what its libraries will ask for on a table while it still can; after les_files_seal() its own
 * open(), fopen() and fstat() (which its libraries reach, since the executable exports them) answer
 * from that table and from nothing else. So no path call is needed, and what can be read is a fixed
 * list. */

enum { LES_FILES_MAX = 64 };

/* Opens path and keeps it under that name. errors: NOTFOUND, IO, LIMIT (the table is full). */
enum les_kind les_files_add(const char *path, struct les_error *reterr);

/* Puts n bytes under a path that need not exist, also after sealing; for fopen() only. The bytes
 * are borrowed and must stay; a second entry of the same path replaces the first. errors: LIMIT. */
enum les_kind les_files_add_bytes(const char *path, const void *bytes, size_t n,
				  struct les_error *reterr);

/* From now on only the table answers. */
void les_files_seal(void);

#endif
