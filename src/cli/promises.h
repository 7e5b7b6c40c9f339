#ifndef LES_CLI_PROMISES_H
#define LES_CLI_PROMISES_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* What lesart doctor looks at: one row a promise, with what was found and what mends it. */

enum { LES_CHECKS_MAX = 32 };

struct les_check {
	const char *name; /* "landlock": also its name in JSON */
	bool needed;      /* without it, nothing is read, or not safely; else it is one wall less */
	bool holds;
	char found[512];
	char mend[256]; /* "" where it holds */
};

struct les_checks {
	struct les_check at[LES_CHECKS_MAX];
	size_t n;
};

/* What is to be looked at: as lesart serve would be started. */
struct les_check_places {
	const char *state, *models;  /* NULL: none */
	const char *const *tessdata; /* NULL-terminated folders */
};

/* Looks at everything; starts a worker of each kind and ends it. Never fails: what cannot be found
 * out does not hold. */
void les_checks_run(const struct les_check_places *places, struct les_checks *ret);

#endif
