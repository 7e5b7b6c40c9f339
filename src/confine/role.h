#ifndef LES_CONFINE_ROLE_H
#define LES_CONFINE_ROLE_H

#include "types/role.h"

#include <stdint.h>

/* What is particular to a role's process, as a table. */
struct les_role_info {
	const char *binary;             /* "lesart-decode" */
	const char *const *environment; /* the whole of it: nothing is inherited */
	uint32_t files_max;             /* RLIMIT_NOFILE */
};

/* NULL for LES_ROLE_MAIN, which nobody starts. */
const struct les_role_info *les_role_info(enum les_role role);

#endif
