#ifndef LES_TESTS_CONFINE_ACTS_H
#define LES_TESTS_CONFINE_ACTS_H

#include "types/role.h"

#include <stddef.h>
#include <stdint.h>

/* What hostile code in a worker might try, as a table that both sides share: the worker that tries
 * it (hostile/), and the test that knows what must come of it (acts_test.c). */

/* The message that asks a hostile worker for an act (str name), and its answer (i32: 0, or errno).
 * No release worker has a row for it. */
enum { ACT_MESSAGE = 900 };

/* What must come of it: it works, fails with this errno, or ends the process by this signal. */
#define WORKS 0
#define FAILS(number) (number)
#define DIES(signal) (-(signal))

struct act {
	const char *name;
	long (*run)(void); /* as a system call: -1 and errno where it fails */
	int want[LES_ROLE_N];
};

extern const struct act acts[];
extern const size_t acts_n;

#endif
