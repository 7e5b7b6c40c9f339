#ifndef LES_JOBS_FOLDER_H
#define LES_JOBS_FOLDER_H

#include "base/error.h"
#include "ipc/entries.h"

/* Files of a folder and the folders in it. */

/* Lists regular files up to LES_ENTRY_DEPTH_MAX folders deep into empty entries. Refused, with why:
 * names that are not fit to be read, links that lead out of the folder or nowhere, special files.
 * Links to folders are not followed. Hidden files and folders are left out. errors: IO, LIMIT,
 * NOMEM. */
enum les_kind les_folder_list(int folder, struct les_entries *entries, struct les_error *reterr);

/* Opens one of the files listed, never one outside the folder, whatever has changed since. *ret_fd
 * is the caller's. errors: NOTFOUND, FORBIDDEN (a link leads out), IO. */
enum les_kind les_folder_open(int folder, const char *name, int *ret_fd, struct les_error *reterr);

#endif
