#ifndef LES_FUZZ_FUZZ_H
#define LES_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* One target: feeds bytes to one of our parsers, and stops the process (assert, sanitizers) where
 * something is wrong. libFuzzer calls it, and so does replay.c with the files of a corpus. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* Property checks that stay in every build: what the parser accepted must also be true. */
#define FUZZ_HOLDS(condition)                                                                      \
	do {                                                                                       \
		if (!(condition))                                                                  \
			__builtin_trap();                                                          \
	} while (0)

#endif
