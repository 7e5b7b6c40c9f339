#include "tests/oom/failing.h"

#include <stdbool.h>
#include <stddef.h>

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
char *__real_strdup(const char *s);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);
char *__wrap_strdup(const char *s);

static unsigned left;
static bool failed;

void fail_allocation(unsigned k)
{
	left = k;
	failed = false;
}

_Bool allocation_failed(void)
{
	return failed;
}

static bool is_it(void)
{
	if (left == 0 || --left > 0)
		return false;
	failed = true;
	return true;
}

void *__wrap_malloc(size_t n)
{
	return is_it() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t n)
{
	return is_it() ? NULL : __real_calloc(count, n);
}

void *__wrap_realloc(void *p, size_t n)
{
	return is_it() ? NULL : __real_realloc(p, n);
}

char *__wrap_strdup(const char *s)
{
	return is_it() ? NULL : __real_strdup(s);
}
