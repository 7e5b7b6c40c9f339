#include "confine/role.h"

#include "confine/worker.h"

#include <stddef.h>

/* TZ: libzip and glibc else look for /etc/localtime. LC_ALL: the C library's, with UTF-8. */
static const char *const decode_environment[] = {"TZ=UTC0", "LC_ALL=C.UTF-8", NULL};

/* OMP_THREAD_LIMIT: Tesseract asks for four threads whatever the cores, and is six times slower so.
 */
static const char *const tesseract_environment[] = {"TZ=UTC0", "LC_ALL=C", "OMP_THREAD_LIMIT=1",
						    NULL};

/* DNNL_JIT_PROFILE: oneDNN else looks for a profiler's library. OMP_WAIT_POLICY: a thread without
 * work sleeps, for a server's cores are not its own. */
static const char *const read_environment[] = {
	"TZ=UTC0",           "LC_ALL=C", "DNNL_JIT_PROFILE=0", "OMP_WAIT_POLICY=passive",
	"OMP_DYNAMIC=false", NULL};

static const struct les_role_info infos[LES_ROLE_N] = {
	[LES_ROLE_DECODE] = {"lesart-decode", decode_environment, 64},
	[LES_ROLE_TESSERACT] = {"lesart-tesseract", tesseract_environment, 48},
	[LES_ROLE_READ] = {"lesart-read", read_environment, 48},
	[LES_ROLE_TRAIN] = {"lesart-train", read_environment, 48},
};

const struct les_role_info *les_role_info(enum les_role role)
{
	return role < LES_ROLE_N && infos[role].binary ? &infos[role] : NULL;
}

const char *les_role_binary(enum les_role role)
{
	const struct les_role_info *info = les_role_info(role);

	return info ? info->binary : "lesart";
}
