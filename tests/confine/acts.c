/* The acts themselves. Raw system calls, so that no library decides what is asked of the kernel;
 * fd 3 is the channel. */
#include "tests/confine/acts.h"

#include "ipc/channel.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define PATH "/etc/hostname"

/* A one-line act: ACT(name, expression of the call's result). */
#define ACT(name, expression)                                                                      \
	static long name(void)                                                                     \
	{                                                                                          \
		return (long)(expression);                                                         \
	}

static char space[4096];

/* files, by the C library */
ACT(libc_open, open(PATH, O_RDONLY))
ACT(libc_open_write, open("/tmp/lesart-hostile", O_WRONLY | O_CREAT, 0600))
static long libc_fopen(void)
{
	FILE *file = fopen(PATH, "r");

	if (!file)
		return -1;
	fclose(file);
	return 0;
}
static long load_library(void)
{
	if (dlopen("libanl.so.1", RTLD_NOW)) /* one that nothing here links */
		return 0;
	errno = EACCES; /* the linker has words, no errno */
	return -1;
}

/* files, by the kernel */
ACT(openat_read, syscall(SYS_openat, AT_FDCWD, PATH, O_RDONLY))
ACT(openat_path, syscall(SYS_openat, AT_FDCWD, PATH, O_PATH))
ACT(openat_create, syscall(SYS_openat, AT_FDCWD, "/tmp/lesart-hostile", O_CREAT | O_RDWR, 0600))
ACT(openat_tmpfile, syscall(SYS_openat, AT_FDCWD, "/tmp", O_TMPFILE | O_RDWR, 0600))
ACT(openat_self, syscall(SYS_openat, AT_FDCWD, "/proc/self/mem", O_RDWR))
ACT(openat2_read, syscall(SYS_openat2, AT_FDCWD, PATH, space, 24))
ACT(by_handle, syscall(SYS_open_by_handle_at, AT_FDCWD, space, O_RDONLY))
ACT(stat_at, syscall(SYS_newfstatat, AT_FDCWD, PATH, space, 0))
ACT(stat_x, syscall(SYS_statx, AT_FDCWD, PATH, 0, 0x7ff, space))
ACT(faccess, syscall(SYS_faccessat, AT_FDCWD, PATH, R_OK))
ACT(dents, syscall(SYS_getdents64, 0, space, sizeof space))
ACT(unlink_at, syscall(SYS_unlinkat, AT_FDCWD, "/tmp/lesart-hostile", 0))
ACT(rename_at, syscall(SYS_renameat2, AT_FDCWD, "/tmp/a", AT_FDCWD, "/tmp/b", 0))
ACT(link_at, syscall(SYS_linkat, AT_FDCWD, PATH, AT_FDCWD, "/tmp/lesart-hostile", 0))
ACT(mkdir_at, syscall(SYS_mkdirat, AT_FDCWD, "/tmp/lesart-hostile", 0700))
ACT(chmod_at, syscall(SYS_fchmodat, AT_FDCWD, "/tmp", 0777))
ACT(change_dir, syscall(SYS_chdir, "/"))
ACT(change_root, syscall(SYS_chroot, "/"))
ACT(mount_tmp, syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, NULL))
ACT(watch_files, syscall(SYS_inotify_init1, 0))
#ifdef __x86_64__
ACT(old_open, syscall(SYS_open, PATH, O_RDONLY))
ACT(old_stat, syscall(SYS_stat, PATH, space))
ACT(old_access, syscall(SYS_access, PATH, R_OK))
ACT(old_readlink, syscall(SYS_readlink, "/proc/self/exe", space, sizeof space))
ACT(old_fork, syscall(SYS_fork))
ACT(old_vfork, syscall(SYS_vfork))
ACT(x32_getpid, syscall(SYS_getpid | 0x40000000))

/* getpid of the 32-bit table. */
static long int80(void)
{
	long ret;

	__asm__ volatile("int $0x80" : "=a"(ret) : "a"(20) : "memory", "r8", "r9", "r10", "r11");
	return ret;
}
#endif

/* network */
ACT(socket_inet, syscall(SYS_socket, AF_INET, SOCK_STREAM, 0))
ACT(socket_unix, syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0))
ACT(socket_netlink, syscall(SYS_socket, AF_NETLINK, SOCK_RAW, 0))
ACT(socket_pair, syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, (int *)(void *)space))
ACT(connect_channel, syscall(SYS_connect, LES_CHANNEL_FD, space, 16))
ACT(send_to, syscall(SYS_sendto, LES_CHANNEL_FD, space, 1, 0, NULL, 0))
ACT(send_many, syscall(SYS_sendmmsg, LES_CHANNEL_FD, space, 1, 0))
ACT(socket_option,
    syscall(SYS_setsockopt, LES_CHANNEL_FD, SOL_SOCKET, SO_SNDBUF, space, sizeof(int)))
ACT(peer_name, syscall(SYS_getpeername, LES_CHANNEL_FD, space, space + 128))

/* processes */
ACT(clone_process, syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL))
ACT(clone_thread,
    syscall(SYS_clone, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD, NULL, NULL,
	    NULL, NULL))
ACT(clone_3, syscall(SYS_clone3, space, 88))
static long execute(void)
{
	char *const argv[] = {(char *)(uintptr_t) "true", NULL};

	return syscall(SYS_execve, "/bin/true", argv, NULL);
}
ACT(execute_at, syscall(SYS_execveat, LES_CHANNEL_FD, "", NULL, NULL, AT_EMPTY_PATH))
ACT(trace_parent, syscall(SYS_ptrace, PTRACE_ATTACH, 1, NULL, NULL))
ACT(read_parent, syscall(SYS_process_vm_readv, 1, space, 1, space, 1, 0))
ACT(write_parent, syscall(SYS_process_vm_writev, 1, space, 1, space, 1, 0))
ACT(kill_other, syscall(SYS_kill, 1, 0))
ACT(kill_self, syscall(SYS_kill, getpid(), 0))
ACT(signal_other, syscall(SYS_tgkill, 1, 1, SIGABRT))
ACT(signal_self, syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1))
ACT(pidfd, syscall(SYS_pidfd_open, 1, 0))
ACT(parent_pid, syscall(SYS_getppid))
ACT(trap_signals, syscall(SYS_rt_sigaction, SIGTERM, NULL, space, 8))
ACT(abort_itself, (abort(), 0L))

/* memory that runs */
ACT(map_exec,
    syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
ACT(map_writable_exec, syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
static long protect_exec(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		abort();
	return syscall(SYS_mprotect, p, 4096, PROT_READ | PROT_EXEC);
}
static long map_memfd_exec(void)
{
	int fd = memfd_create("t", 0);

	if (ftruncate(fd, 4096) != 0)
		abort();
	return syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
}
ACT(protect_key_exec, syscall(SYS_pkey_mprotect, space, 4096, PROT_READ | PROT_EXEC, -1))
ACT(persona, syscall(SYS_personality, 0x0400000))
ACT(shared_memory, syscall(SYS_shmget, 0, 4096, 0600))

/* the kernel's wide doors */
ACT(ioctl_channel, syscall(SYS_ioctl, LES_CHANNEL_FD, FIONREAD, space))
ACT(ioctl_inject, syscall(SYS_ioctl, 0, TIOCSTI, space))
ACT(io_uring, syscall(SYS_io_uring_setup, 8, space))
ACT(bpf_load, syscall(SYS_bpf, 5, space, 128))
ACT(user_fault, syscall(SYS_userfaultfd, 0))
ACT(perf, syscall(SYS_perf_event_open, space, 0, -1, -1, 0))
ACT(key_add, syscall(SYS_add_key, "user", "k", space, 1, -2))
ACT(module, syscall(SYS_init_module, space, 1, ""))
ACT(process_control, syscall(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0))
ACT(own_filter, syscall(SYS_seccomp, 1, 0, space))
ACT(set_user, syscall(SYS_setuid, 0))
ACT(new_namespace, syscall(SYS_unshare, CLONE_NEWUSER))
ACT(raise_limits, syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, space))
ACT(sleep_long, syscall(SYS_nanosleep, space, NULL))
ACT(set_timer, syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, space))
ACT(spy_memory, syscall(SYS_sysinfo, space))
ACT(fcntl_dup, syscall(SYS_fcntl, LES_CHANNEL_FD, F_DUPFD, 0))
ACT(fcntl_owner, syscall(SYS_fcntl, LES_CHANNEL_FD, F_SETOWN, 1))
ACT(futex_requeue, syscall(SYS_futex, space, FUTEX_CMP_REQUEUE, 0, NULL, space, 0))
ACT(advise_remove, syscall(SYS_madvise, space, 4096, MADV_REMOVE))
static long writev_channel(void)
{
	const struct iovec iov = {space, 1};

	return syscall(SYS_writev, LES_CHANNEL_FD, &iov, 1);
}

/* more than its share */
ACT(too_much_memory,
    (intptr_t)mmap(NULL, 64ull << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
static long too_much_output(void)
{
	int fd = memfd_create("t", 0);

	return ftruncate(fd, 1ll << 30);
}
static long too_many_fds(void)
{
	for (int i = 0; i < 200; i++)
		if (dup(LES_CHANNEL_FD) < 0)
			return -1;
	return 0;
}

/* and what it needs, to show that the test can tell */
static long output(void)
{
	int fd = memfd_create("t", MFD_ALLOW_SEALING);

	if (ftruncate(fd, 4096) != 0 || write(fd, space, 100) != 100)
		return -1;
	return fcntl(fd, F_ADD_SEALS, F_SEAL_GROW);
}
ACT(memory,
    mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
	    ? -1
	    : 0)
ACT(last_words, write(STDERR_FILENO, "", 0))

#define WORKERS LES_ROLE_MAIN + 1 ... LES_ROLE_N - 1
#define ALL(outcome)                                                                               \
	{                                                                                          \
		[WORKERS] = (outcome)                                                              \
	}

const struct act acts[] = {
	{"open", libc_open, ALL(FAILS(ENOENT))},
	{"open to write", libc_open_write, ALL(FAILS(ENOENT))},
	{"fopen", libc_fopen, ALL(FAILS(ENOENT))},
	{"load a library", load_library, ALL(FAILS(EACCES))},
	{"openat", openat_read, ALL(FAILS(EACCES))},
	{"openat a path", openat_path, ALL(FAILS(EACCES))},
	{"openat to create", openat_create, ALL(FAILS(EACCES))},
	{"openat a nameless file", openat_tmpfile, ALL(FAILS(EACCES))},
	{"openat its own memory", openat_self, ALL(FAILS(EACCES))},
	{"openat2", openat2_read, ALL(DIES(SIGSYS))},
	{"open by handle", by_handle, ALL(DIES(SIGSYS))},
	{"fstatat", stat_at, ALL(FAILS(EACCES))},
	{"statx", stat_x, ALL(FAILS(EACCES))},
	{"faccessat", faccess, ALL(DIES(SIGSYS))},
	{"getdents64", dents, ALL(DIES(SIGSYS))},
	{"unlinkat", unlink_at, ALL(DIES(SIGSYS))},
	{"renameat2", rename_at, ALL(DIES(SIGSYS))},
	{"linkat", link_at, ALL(DIES(SIGSYS))},
	{"mkdirat", mkdir_at, ALL(DIES(SIGSYS))},
	{"fchmodat", chmod_at, ALL(DIES(SIGSYS))},
	{"chdir", change_dir, ALL(DIES(SIGSYS))},
	{"chroot", change_root, ALL(DIES(SIGSYS))},
	{"mount", mount_tmp, ALL(DIES(SIGSYS))},
	{"inotify_init1", watch_files, ALL(DIES(SIGSYS))},
#ifdef __x86_64__
	{"old open", old_open, ALL(DIES(SIGSYS))},
	{"old stat", old_stat, ALL(DIES(SIGSYS))},
	{"old access", old_access, ALL(FAILS(EACCES))},
	{"old readlink", old_readlink, ALL(FAILS(EACCES))},
	{"fork", old_fork, ALL(DIES(SIGSYS))},
	{"vfork", old_vfork, ALL(DIES(SIGSYS))},
	{"a call of the x32 table", x32_getpid, ALL(DIES(SIGSYS))},
	{"a call of the 32-bit table", int80, ALL(DIES(SIGSYS))},
#endif
	{"socket inet", socket_inet, ALL(DIES(SIGSYS))},
	{"socket unix", socket_unix, ALL(DIES(SIGSYS))},
	{"socket netlink", socket_netlink, ALL(DIES(SIGSYS))},
	{"socketpair", socket_pair, ALL(DIES(SIGSYS))},
	{"connect", connect_channel, ALL(DIES(SIGSYS))},
	{"sendto", send_to, ALL(DIES(SIGSYS))},
	{"sendmmsg", send_many, ALL(DIES(SIGSYS))},
	{"setsockopt", socket_option, ALL(DIES(SIGSYS))},
	{"getpeername", peer_name, ALL(DIES(SIGSYS))},
	{"clone a process", clone_process, ALL(DIES(SIGSYS))},
	{"clone a thread", clone_thread, ALL(DIES(SIGSYS))},
	{"clone3", clone_3, ALL(DIES(SIGSYS))},
	{"execve", execute, ALL(DIES(SIGSYS))},
	{"execveat", execute_at, ALL(DIES(SIGSYS))},
	{"ptrace", trace_parent, ALL(DIES(SIGSYS))},
	{"process_vm_readv", read_parent, ALL(DIES(SIGSYS))},
	{"process_vm_writev", write_parent, ALL(DIES(SIGSYS))},
	{"kill another", kill_other, ALL(DIES(SIGSYS))},
	{"kill itself", kill_self, ALL(DIES(SIGSYS))},
	{"tgkill another", signal_other, ALL(DIES(SIGSYS))},
	{"tgkill itself otherwise", signal_self, ALL(DIES(SIGSYS))},
	{"pidfd_open", pidfd, ALL(DIES(SIGSYS))},
	{"getppid", parent_pid, ALL(DIES(SIGSYS))},
	{"trap a signal", trap_signals, ALL(DIES(SIGSYS))},
	{"abort", abort_itself, ALL(DIES(SIGABRT))},
	{"map executable", map_exec, ALL(FAILS(EPERM))},
	{"map writable and executable", map_writable_exec, ALL(FAILS(EPERM))},
	{"make executable",
	 protect_exec, /* oneDNN writes code, and only its role may run it */
	 {[LES_ROLE_DECODE] = FAILS(EPERM),
	  [LES_ROLE_TESSERACT] = FAILS(EPERM),
	  [LES_ROLE_READ] = WORKS,
	  [LES_ROLE_TRAIN] = WORKS}},
	{"map a memfd executable", map_memfd_exec, ALL(FAILS(EPERM))},
	{"pkey_mprotect", protect_key_exec, ALL(DIES(SIGSYS))},
	{"personality", persona, ALL(DIES(SIGSYS))},
	{"shmget", shared_memory, ALL(DIES(SIGSYS))},
	{"ioctl", ioctl_channel, ALL(DIES(SIGSYS))},
	{"ioctl that types", ioctl_inject, ALL(DIES(SIGSYS))},
	{"io_uring_setup", io_uring, ALL(DIES(SIGSYS))},
	{"bpf", bpf_load, ALL(DIES(SIGSYS))},
	{"userfaultfd", user_fault, ALL(DIES(SIGSYS))},
	{"perf_event_open", perf, ALL(DIES(SIGSYS))},
	{"add_key", key_add, ALL(DIES(SIGSYS))},
	{"init_module", module, ALL(DIES(SIGSYS))},
	{"prctl", process_control, ALL(DIES(SIGSYS))},
	{"seccomp", own_filter, ALL(DIES(SIGSYS))},
	{"setuid", set_user, ALL(DIES(SIGSYS))},
	{"unshare", new_namespace, ALL(DIES(SIGSYS))},
	{"prlimit64", raise_limits, ALL(DIES(SIGSYS))},
	{"nanosleep", sleep_long, ALL(DIES(SIGSYS))},
	{"timer_create", set_timer, ALL(DIES(SIGSYS))},
	{"sysinfo", spy_memory, ALL(DIES(SIGSYS))},
	{"fcntl F_DUPFD", fcntl_dup, ALL(DIES(SIGSYS))},
	{"fcntl F_SETOWN", fcntl_owner, ALL(DIES(SIGSYS))},
	{"futex requeue", futex_requeue, ALL(DIES(SIGSYS))},
	{"madvise MADV_REMOVE", advise_remove, ALL(DIES(SIGSYS))},
	{"writev to the channel", writev_channel, ALL(DIES(SIGSYS))},
	{"more memory than its limit", too_much_memory, ALL(FAILS(ENOMEM))},
	{"more output than its limit", too_much_output, ALL(DIES(SIGXFSZ))},
	{"more fds than its limit", too_many_fds, ALL(FAILS(EMFILE))},
	{"make an output", output, ALL(WORKS)},
	{"take memory", memory, ALL(WORKS)},
	{"write to standard error", last_words, ALL(WORKS)},
};
const size_t acts_n = sizeof acts / sizeof acts[0];
