#ifndef LES_CONFINE_WORKER_H
#define LES_CONFINE_WORKER_H

#include "base/error.h"
#include "ipc/message.h"
#include "types/role.h"

#include <stdint.h>
#include <sys/types.h>

/* The trusted side of a worker process: start it, talk to it, end it. Never fork without exec;
 * fixed environment per role; channel on fd 3; every other fd closed. */
struct les_worker {
	pid_t pid;
	int channel;
	struct les_session session;
	struct les_ready ready; /* filled at READY */
};

struct les_spawn {
	const char *binary_dir;  /* where lesart-decode, lesart-tesseract, … lie */
	uint64_t address_bytes;  /* RLIMIT_AS; 0: none */
	uint32_t cpu_seconds;    /* RLIMIT_CPU soft; hard is 5 above */
	uint64_t file_bytes;     /* RLIMIT_FSIZE: the output cap */
	uint32_t threads;        /* for roles that share a page's work: how many; else 0 */
	bool allow_weak_sandbox; /* accept a worker that says at READY that a mandatory layer is
				    missing */
};

/* vfork + execve; returns before READY. May be called from a thread that lives as long as the
 * process (PDEATHSIG fires when the parent thread ends). *ret is heap; end it with
 * les_worker_end(). errors: IO, NOMEM, NOTFOUND (no such binary). */
enum les_kind les_worker_start(enum les_role role, const struct les_spawn *spawn,
			       struct les_worker **ret, struct les_error *reterr);

/* Receives READY. errors: PEER (died, other build), DEADLINE, UNAVAILABLE (a mandatory layer is
 * missing and weak sandboxes are not allowed). */
enum les_kind les_worker_wait_ready(struct les_worker *worker, const struct les_spawn *spawn,
				    int64_t deadline_ms, struct les_error *reterr);

/* Session send and receive over the worker's channel, as in ipc/message.h. A FAIL message is turned
 * into that error: returns its kind, words in *reterr; the session goes on. To tell it from a
 * broken worker, look at worker->session.state afterwards: LES_STATE_FINISHED or a PEER/DEADLINE
 * kind from the channel itself means the worker is of no more use (les_worker_usable()). */
enum les_kind les_worker_send(struct les_worker *worker, uint16_t type, const struct les_buf *body,
			      const int *fds, uint32_t fds_n, struct les_error *reterr);
enum les_kind les_worker_receive(struct les_worker *worker, int64_t deadline_ms,
				 struct les_message *ret, struct les_error *reterr);
bool les_worker_usable(const struct les_worker *worker);

/* Kills, reaps and frees. If reterr is given and the worker had died by itself, it takes the words
 * ("lesart-decode was killed by SIGSYS (system call 41)"…). NULL is allowed. */
void les_worker_end(struct les_worker *worker, struct les_error *reterr);

/* "lesart-decode" … */
const char *les_role_binary(enum les_role role);

#endif
