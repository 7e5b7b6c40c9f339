#ifndef LES_TESTS_OOM_FAILING_H
#define LES_TESTS_OOM_FAILING_H

/* malloc(), calloc(), realloc() and strdup() of our own code, by the linker's --wrap: the k-th call
 * from now on fails, once. 0: none. Libraries' own allocations are theirs. */
void fail_allocation(unsigned k);

/* Whether it has come to that call. */
_Bool allocation_failed(void);

#endif
