#include "confine/worker.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/version.h"
#include "confine/role.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CPU_GRACE_SECONDS = 5, LIMITS_N = 5 };

struct limit {
	int resource;
	struct rlimit value;
};

/* Everything the child needs, prepared before vfork(): the child only makes system calls. */
struct launch {
	char path[PATH_MAX];
	char *argv[3]; /* the binary's name and, for some roles, the number of threads */
	char *const *environment;
	int channel, null;
	struct limit limits[LIMITS_N];
	uint32_t limits_n;
	pid_t parent;
};

static void limit_add(struct launch *launch, int resource, rlim_t soft, rlim_t hard)
{
	launch->limits[launch->limits_n++] = (struct limit){resource, {soft, hard}};
}

static void limits_prepare(struct launch *launch, const struct les_spawn *spawn,
			   const struct les_role_info *info)
{
	limit_add(launch, RLIMIT_CORE, 0, 0);
	limit_add(launch, RLIMIT_NOFILE, info->files_max, info->files_max);
#ifndef LES_UNCONFINED /* sanitizers reserve terabytes of addresses */
	if (spawn->address_bytes)
		limit_add(launch, RLIMIT_AS, spawn->address_bytes, spawn->address_bytes);
	if (spawn->file_bytes)
		limit_add(launch, RLIMIT_FSIZE, spawn->file_bytes, spawn->file_bytes);
#endif
	if (spawn->cpu_seconds) /* soft below hard: SIGXCPU can be told from a kill */
		limit_add(launch, RLIMIT_CPU, spawn->cpu_seconds,
			  spawn->cpu_seconds + CPU_GRACE_SECONDS);
}

/* fd as number `as`, open across exec: dup2() onto itself would leave it closed there. */
static bool hand_down(int fd, int as)
{
	return (fd == as ? fcntl(fd, F_SETFD, 0) : dup2(fd, as)) >= 0;
}

/* Runs in the vfork child, on the parent's memory: system calls only, nothing is written to memory.
 */
static _Noreturn void child(const struct launch *launch)
{
	for (uint32_t i = 0; i < launch->limits_n; i++)
		if (setrlimit((__rlimit_resource_t)launch->limits[i].resource,
			      &launch->limits[i].value) != 0)
			_exit(126);
	/* Ctrl-C is for lesart to answer: a trainer has to write what it has before it ends */
	if (setpgid(0, 0) != 0)
		_exit(126);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != launch->parent)
		_exit(126);
	if (!hand_down(launch->null, STDIN_FILENO) || !hand_down(launch->null, STDOUT_FILENO) ||
	    !hand_down(launch->channel, LES_CHANNEL_FD))
		_exit(126);
	close_range(LES_CHANNEL_FD + 1, UINT_MAX, 0);
	execve(launch->path, launch->argv, launch->environment);
	_exit(127);
}

static pid_t launch_child(const struct launch *launch)
{
	sigset_t all, before;

	/* no signal handler of the parent may run in the child, on the parent's memory */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid_t pid = vfork();
	if (pid == 0) {
		sigset_t none;
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		child(launch);
	}
	int saved = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = saved;
	return pid;
}

enum les_kind les_worker_start(enum les_role role, const struct les_spawn *spawn,
			       struct les_worker **ret, struct les_error *reterr)
{
	const struct les_role_info *info = les_role_info(role);
	LES_CLEANUP(les_free_p) struct les_worker *worker = calloc(1, sizeof *worker);
	LES_CLEANUP(les_fd_close) int ours = -1;
	LES_CLEANUP(les_fd_close) int theirs = -1;
	LES_CLEANUP(les_fd_close) int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct launch launch = {.parent = getpid()};
	int ends[2];

	if (!worker || !info)
		return les_fail(reterr, LES_NOMEM, "no memory for a worker");
	snprintf(launch.path, sizeof launch.path, "%s/%s", spawn->binary_dir, info->binary);
	if (access(launch.path, X_OK) != 0)
		return les_fail(reterr, LES_NOTFOUND, "%s cannot be executed: %s", launch.path,
				strerror(errno));
	enum les_kind kind = les_channel_pair(ends, reterr);
	if (kind != LES_OK)
		return kind;
	ours = ends[0];
	theirs = ends[1];
	if (null < 0)
		return les_fail_errno(reterr, "cannot open /dev/null");
	char name[64];
	snprintf(name, sizeof name, "%s", info->binary);
	char threads[16];
	snprintf(threads, sizeof threads, "%u", spawn->threads);
	launch.argv[0] = name;
	if (spawn->threads)
		launch.argv[1] = threads;
	launch.environment = (char *const *)(uintptr_t)info->environment;
	launch.channel = theirs;
	launch.null = null;
	limits_prepare(&launch, spawn, info);
	worker->pid = launch_child(&launch);
	if (worker->pid < 0)
		return les_fail_errno(reterr, "cannot start %s", info->binary);
	worker->channel = LES_TAKE_FD(ours);
	worker->session = (struct les_session){role, LES_STATE_STARTING};
	*ret = LES_TAKE(worker);
	return LES_OK;
}

/* Says how a worker that ended by itself ended. */
static enum les_kind describe_end(const struct les_worker *worker, const siginfo_t *end,
				  struct les_error *reterr)
{
	const char *binary = les_role_binary(worker->session.role);

	if (end->si_code == CLD_EXITED && end->si_status == 127)
		return les_fail(reterr, LES_PEER, "%s could not be executed", binary);
	if (end->si_code == CLD_EXITED)
		return les_fail(reterr, LES_PEER, "%s ended with code %d", binary, end->si_status);
	if (end->si_status == SIGXCPU)
		return les_fail(reterr, LES_DEADLINE, "%s used up its processor time", binary);
	return les_fail(reterr, LES_PEER, "%s was ended by SIG%s%s", binary,
			sigabbrev_np(end->si_status) ? sigabbrev_np(end->si_status) : "?",
			end->si_status == SIGSYS ? " (a system call it may not make)" : "");
}

void les_worker_end(struct les_worker *worker, struct les_error *reterr)
{
	siginfo_t end = {0};

	if (!worker)
		return;
	close(worker->channel);
	/* one that crashed is dying now; give it a moment, so that its own end is seen and not ours
	 */
	if (reterr) {
		for (int waited_ms = 0; waited_ms < 200; waited_ms += 5) {
			if (waitid(P_PID, (id_t)worker->pid, &end, WEXITED | WNOHANG | WNOWAIT) !=
				    0 ||
			    end.si_pid)
				break;
			usleep(5000);
		}
		if (end.si_pid && !(end.si_code == CLD_EXITED && end.si_status == 0))
			describe_end(worker, &end, reterr);
	}
	kill(worker->pid, SIGKILL);
	while (waitid(P_PID, (id_t)worker->pid, &end, WEXITED) != 0 && errno == EINTR)
		;
	free(worker);
}

enum les_kind les_worker_wait_ready(struct les_worker *worker, const struct les_spawn *spawn,
				    int64_t deadline_ms, struct les_error *reterr)
{
	LES_CLEANUP(les_message_done) struct les_message message = LES_MESSAGE_NONE;
	const char *binary = les_role_binary(worker->session.role);
	enum les_kind kind = les_worker_receive(worker, deadline_ms, &message, reterr);

	if (kind == LES_OK)
		kind = les_ready_parse(&message, &worker->ready, reterr);
	if (kind != LES_OK)
		return kind;
	if (strcmp(worker->ready.build_id, LES_BUILD_ID) != 0)
		return les_fail(reterr, LES_PEER, "%s is of build %s, lesart of %s", binary,
				worker->ready.build_id, LES_BUILD_ID);
#ifdef LES_UNCONFINED
	(void)spawn;
#else
	const uint32_t need = LES_CONFINED_SECCOMP | LES_CONFINED_LANDLOCK;
	if ((worker->ready.confined & need) != need && !spawn->allow_weak_sandbox)
		return les_fail(reterr, LES_UNAVAILABLE,
				"%s is not confined by%s%s on this kernel; --allow-weak-sandbox "
				"accepts that",
				binary,
				worker->ready.confined & LES_CONFINED_SECCOMP ? "" : " seccomp",
				worker->ready.confined & LES_CONFINED_LANDLOCK ? "" : " Landlock");
#endif
	return LES_OK;
}

enum les_kind les_worker_send(struct les_worker *worker, uint16_t type, const struct les_buf *body,
			      const int *fds, uint32_t fds_n, struct les_error *reterr)
{
	return les_session_send(&worker->session, LES_ROLE_MAIN, worker->channel, type, body, fds,
				fds_n, reterr);
}

enum les_kind les_worker_receive(struct les_worker *worker, int64_t deadline_ms,
				 struct les_message *ret, struct les_error *reterr)
{
	struct les_error said;
	enum les_kind kind = les_session_receive(&worker->session, worker->session.role,
						 worker->channel, deadline_ms, ret, reterr);

	if (kind == LES_OK && ret->type == LES_MESSAGE_FAIL) {
		kind = les_fail_parse(ret, &said, reterr);
		if (kind == LES_OK) {
			if (reterr)
				*reterr = said;
			return said.kind;
		}
	}
	if (kind != LES_OK)
		worker->session.state =
			LES_STATE_FINISHED; /* after a broken message nothing counts */
	return kind;
}

bool les_worker_usable(const struct les_worker *worker)
{
	return worker->session.state != LES_STATE_FINISHED;
}
