#ifndef LES_CONFINE_CALLS_H
#define LES_CONFINE_CALLS_H

#include "base/error.h"
#include "types/role.h"

/* Loads the role's allow-list into every thread; any other call ends the process with SIGSYS.
 * errors: UNAVAILABLE (no seccomp in this kernel), NOMEM, IO. */
enum les_kind les_seccomp_load(enum les_role role, struct les_error *reterr);

#endif
