#ifndef LES_TESTS_TEST_H
#define LES_TESTS_TEST_H

/* cmocka with the headers it wants before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
