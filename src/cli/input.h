#ifndef LES_CLI_INPUT_H
#define LES_CLI_INPUT_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* A file to be read, as a read-only fd of a regular file; it is never looked into here. "-" is
 * standard input: if that is no regular file it is copied to an unlinked file (or, without a /tmp,
 * to memory), at most bytes_max. errors: NOTFOUND, IO, LIMIT, FORMAT (empty). */
enum les_kind les_input_open(const char *path, uint64_t bytes_max, int *ret_fd,
			     struct les_error *reterr);

/* A path's last part; with_ending false drops ".jpg" and the like. Heap, NULL where memory ran out.
 */
char *les_path_name(const char *path, bool with_ending);

/* dir/name + suffix. Heap, NULL where memory ran out. */
char *les_path_join(const char *dir, const char *name, const char *suffix);

/* A new file is complete or not there: written as PATH.part, renamed by les_output_commit(). */
struct les_output {
	int fd;
	char *path, *part;
};
enum les_kind les_output_open(const char *path, struct les_output *ret, struct les_error *reterr);
enum les_kind les_output_commit(struct les_output *output, struct les_error *reterr);
/* Removes what was not committed. */
void les_output_done(struct les_output *output);

/* Writes everything, or says why not. errors: IO. */
enum les_kind les_write_all(int fd, const void *bytes, uint64_t n, const char *what,
			    struct les_error *reterr);

#endif
