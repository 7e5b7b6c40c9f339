#include "cli/interrupt.h"

#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>

static sigset_t interrupts(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	return set;
}

enum les_kind les_interrupt_open(int *ret_fd, struct les_error *reterr)
{
	const sigset_t set = interrupts();

	les_interrupt_allow(false);
	int fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (fd < 0)
		return les_fail_errno(reterr, "cannot watch for interrupts");
	*ret_fd = fd;
	return LES_OK;
}

void les_interrupt_allow(bool allow)
{
	const sigset_t set = interrupts();

	pthread_sigmask(allow ? SIG_UNBLOCK : SIG_BLOCK, &set, NULL);
}
