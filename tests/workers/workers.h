#ifndef LES_TESTS_WORKERS_H
#define LES_TESTS_WORKERS_H

#include "jobs/job.h"

/* For tests that start real worker processes. Folders of this build, ending in "/". */
#define RELEASE_WORKERS LES_BUILD_ROOT "/src/bin/"
#define HOSTILE_WORKERS LES_BUILD_ROOT "/tests/confine/hostile/"
#define STRANGE_WORKERS LES_BUILD_ROOT "/tests/confine/stranger/"

/* A folder below /tmp, gone with everything in it after folder_remove(). */
struct folder {
	char path[64];
};
void folder_make(struct folder *folder);
void folder_remove(struct folder *folder);

/* Puts a link to a worker's binary there, by the same name; `target` is one of the folders above.
 */
void folder_link(const struct folder *folder, const char *target, const char *binary);

/* Writes a file there; its path is *ret (PATH_MAX bytes) where ret is given. */
void folder_write(const struct folder *folder, const char *name, const void *bytes, size_t n,
		  char *ret);

/* A pool over a folder of workers, one recogniser at a time. */
struct les_pool *pool_over(const struct folder *workers);

/* How many fds this process has open, and whether it has a child, dead or alive. */
unsigned fds_open(void);
bool has_children(void);

/* A memfd with these bytes, as a document. */
int document_fd(const void *bytes, size_t n);

#endif
