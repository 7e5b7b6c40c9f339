#ifndef LES_CONFINE_LANDLOCK_H
#define LES_CONFINE_LANDLOCK_H

#include "base/error.h"
#include "confine/confine.h"

#include <stdbool.h>

/* Denies this thread, and every thread and process it makes from now on, all of the file system,
 * TCP, abstract sockets and signals to others, as far as the kernel's ABI goes. *ret_held tells
 * whether it holds (false: no Landlock in this kernel). errors: IO. */
enum les_kind les_landlock_deny_all(bool *ret_held, struct les_error *reterr);

#endif
