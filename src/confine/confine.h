#ifndef LES_CONFINE_CONFINE_H
#define LES_CONFINE_CONFINE_H

#include "base/error.h"
#include "ipc/message.h"
#include "types/role.h"

/* The confined side. A worker's main() runs, in this order:
 *
 *   read fonts, tessdata … from fds opened now
 *   les_confine_files(role)      DUMPABLE 0, PDEATHSIG, NO_NEW_PRIVS, Landlock: deny all. No
 * threads yet. warm up                      a built-in page: creates threads, touches lazy tables
 *   les_confine_calls(role)      standard error closed; seccomp: TSYNC, KILL_PROCESS
 *   les_worker_ready()           says READY with what holds
 *
 * rlimits are set by the parent between vfork and exec. In a build with -Dunconfined=true
 * (sanitizers, valgrind; never a release) both calls do nothing and READY says so. */
enum les_kind les_confine_files(enum les_role role, struct les_error *reterr);
enum les_kind les_confine_calls(enum les_role role, struct les_error *reterr);

/* Landlock's ABI on this kernel, 0 for none. */
uint32_t les_landlock_abi(void);

/* Landlock for lesart serve: it may still read and execute system libraries and its worker
 * binaries, read model and font folders, and write below state and spool. Paths that do not exist
 * are skipped. Call before any thread exists. */
struct les_serve_paths {
	const char *const *read_only; /* NULL-terminated */
	const char *const *read_write;
	const char *const *execute;
};
enum les_kind les_confine_server(const struct les_serve_paths *paths, struct les_error *reterr);

/* The worker's half of READY. landlock_abi was asked for before les_confine_calls(): afterwards the
 * question itself is forbidden. */
enum les_kind les_worker_ready(struct les_session *session, int channel, uint32_t landlock_abi,
			       struct les_error *reterr);

#endif
