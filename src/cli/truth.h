#ifndef LES_CLI_TRUTH_H
#define LES_CLI_TRUTH_H

#include "base/error.h"

#include <stdint.h>

/* An image and what stands on it. */
struct les_truth {
	char *image;
	char *layout; /* PAGE or ALTO, or NULL */
	char *text;   /* a .gt.txt, or NULL */
};

struct les_truths {
	struct les_truth *at;
	uint32_t n, capacity;
};

enum { LES_TRUTHS_MAX = 1000000, LES_GT_BYTES_MAX = 65536 };

/* Finds pairs: in a folder every X.gt.txt and X.xml with an image X.* beside it; for a file (an
 * image, or one of these two) its pair. Sorted by name. *ret: les_truths_done(). errors: NOTFOUND
 * (no pair, or no image), IO, NOMEM, LIMIT. */
enum les_kind les_truths_find(const char *path, struct les_truths *ret, struct les_error *reterr);
void les_truths_done(struct les_truths *truths);

#endif
