#include "confine/calls.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

/* The allow-lists as tables: measured with the real libraries over real files. What is not here
 * ends the process. */

#define CALL(name) SCMP_SYS(name)

/* Allowed whatever the arguments: on what is open already, on this process's own memory and time.
 */
static const int plain[] = {
	CALL(read),          CALL(write),      CALL(close),        CALL(fstat),
	CALL(lseek),         CALL(ftruncate),  CALL(recvmsg),      CALL(sendmsg),
	CALL(memfd_create),  CALL(brk),        CALL(munmap),       CALL(mremap),
	CALL(exit),          CALL(exit_group), CALL(rt_sigreturn), CALL(rt_sigprocmask),
	CALL(clock_gettime), CALL(getrandom),  CALL(sched_yield),  CALL(getpid),
	CALL(gettid),        CALL(dup),
};

/* What libraries try and can live without: they are told no, and go on. */
static const int refused[] = {
	CALL(openat), CALL(newfstatat), CALL(access), CALL(readlink), CALL(statx),
};

/* Allowed where one argument fits. */
struct argument_rule {
	int call;
	unsigned argument;
	scmp_datum_t mask; /* 0: the argument must equal value; else argument & mask == value */
	scmp_datum_t value;
};

static const struct argument_rule conditional[] = {
	{CALL(fcntl), 1, 0, F_ADD_SEALS},
	{CALL(fcntl), 1, 0, F_GET_SEALS},
	{CALL(fcntl), 1, 0, F_GETFL},
	{CALL(fcntl), 1, 0, F_SETFD},
	{CALL(madvise), 2, 0, MADV_DONTNEED},
	{CALL(madvise), 2, 0, MADV_FREE},
	{CALL(madvise), 2, 0, MADV_HUGEPAGE},
	{CALL(futex), 1, 0x7f, FUTEX_WAIT},
	{CALL(futex), 1, 0x7f, FUTEX_WAKE},
	{CALL(futex), 1, 0x7f, FUTEX_WAIT_BITSET},
	{CALL(futex), 1, 0x7f, FUTEX_WAKE_BITSET},
	{CALL(writev), 0, 0, STDERR_FILENO}, /* glibc's last words */
	{CALL(rt_sigaction), 0, 0, SIGABRT}, /* abort() */
	{CALL(mmap), 2, PROT_EXEC, 0},       /* no executable memory is ever mapped */
	{CALL(mprotect), 2, PROT_EXEC, 0},   /* nor made, but by a role that makes code */
};

/* oneDNN writes code into memory of its own and then makes it executable. */
static bool makes_code(enum les_role role)
{
	return role == LES_ROLE_READ || role == LES_ROLE_TRAIN;
}

static struct scmp_arg_cmp equals(unsigned argument, scmp_datum_t value)
{
	return (struct scmp_arg_cmp){.arg = argument, .op = SCMP_CMP_EQ, .datum_a = value};
}

static struct scmp_arg_cmp masked(unsigned argument, scmp_datum_t mask, scmp_datum_t value)
{
	return (struct scmp_arg_cmp){
		.arg = argument, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value};
}

static int add_conditional(scmp_filter_ctx filter, const struct argument_rule *rule)
{
	struct scmp_arg_cmp compare = rule->mask ? masked(rule->argument, rule->mask, rule->value)
						 : equals(rule->argument, rule->value);

	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, rule->call, 1, &compare);
}

/* mmap and mprotect that ask for PROT_EXEC fail with EPERM instead of ending the process, so that a
 * library that could do without gets the chance to. abort() raises SIGABRT in its own process. */
static int add_special(scmp_filter_ctx filter, enum les_role role)
{
	struct scmp_arg_cmp exec = masked(2, PROT_EXEC, PROT_EXEC);
	struct scmp_arg_cmp self[] = {equals(0, (scmp_datum_t)getpid()), equals(2, SIGABRT)};
	int rc = seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM), CALL(mmap), 1, &exec);

	if (rc == 0)
		rc = seccomp_rule_add_array(
			filter, makes_code(role) ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EPERM),
			CALL(mprotect), 1, &exec);
	if (rc == 0)
		rc = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, CALL(tgkill), LES_COUNT(self),
					    self);
	return rc;
}

/* A trainer reports how much memory it has needed so far. */
static int add_role(scmp_filter_ctx filter, enum les_role role)
{
	const struct argument_rule own_usage = {CALL(getrusage), 0, 0, RUSAGE_SELF};

	return role == LES_ROLE_TRAIN ? add_conditional(filter, &own_usage) : 0;
}

static int add_all(scmp_filter_ctx filter, enum les_role role)
{
	int rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);

	if (rc == 0) /* calls of the 32-bit kinds, else only the thread that makes them would end */
		rc = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	for (size_t i = 0; i < LES_COUNT(plain) && rc == 0; i++)
		rc = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, plain[i], 0, NULL);
	for (size_t i = 0; i < LES_COUNT(refused) && rc == 0; i++)
		rc = seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EACCES), refused[i], 0, NULL);
	for (size_t i = 0; i < LES_COUNT(conditional) && rc == 0; i++)
		rc = add_conditional(filter, &conditional[i]);
	if (rc == 0)
		rc = add_role(filter, role);
	return rc ? rc : add_special(filter, role);
}

enum les_kind les_seccomp_load(enum les_role role, struct les_error *reterr)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);

	if (!filter)
		return les_fail(reterr, LES_NOMEM, "no memory for a seccomp filter");
	int rc = add_all(filter, role);
	if (rc == 0)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	return rc == 0 ? LES_OK
		       : les_fail(reterr, LES_UNAVAILABLE, "cannot load the seccomp filter: %s",
				  strerror(-rc));
}
