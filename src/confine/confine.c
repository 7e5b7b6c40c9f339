#include "confine/confine.h"

#include "base/cleanup.h"
#include "base/version.h"
#include "confine/calls.h"
#include "confine/landlock.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static uint32_t confined; /* LES_CONFINED_… that hold in this process; set before threads exist */

#ifdef LES_UNCONFINED

enum les_kind les_confine_files(enum les_role role, struct les_error *reterr)
{
	(void)role;
	(void)reterr;
	return LES_OK;
}

enum les_kind les_confine_calls(enum les_role role, struct les_error *reterr)
{
	(void)role;
	(void)reterr;
	return LES_OK;
}

#else

enum les_kind les_confine_files(enum les_role role, struct les_error *reterr)
{
	bool held;

	(void)role;
	if (prctl(PR_SET_DUMPABLE, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return les_fail_errno(reterr, "cannot give up privileges");
	confined |= LES_CONFINED_RLIMITS;
	enum les_kind kind = les_landlock_deny_all(&held, reterr);
	if (kind == LES_OK && held)
		confined |= LES_CONFINED_LANDLOCK;
	return kind;
}

static int compare_bytes(const void *a, const void *b)
{
	return *(const unsigned char *)a - *(const unsigned char *)b;
}

/* glibc's first qsort() of more than a kilobyte asks the kernel for the size of memory, which is
 * forbidden later; its first look at a time zone opens a file. */
static void warm_up_libc(void)
{
	unsigned char bytes[4096];

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (unsigned char)(i * 7);
	qsort(bytes, sizeof bytes, 1, compare_bytes);
	tzset();
}

/* What libraries print about a hostile file is the file's words: they go nowhere. Standard input is
 * /dev/null in every worker. */
static void be_mute(void)
{
	dup2(STDIN_FILENO, STDERR_FILENO);
}

enum les_kind les_confine_calls(enum les_role role, struct les_error *reterr)
{
	warm_up_libc();
	be_mute();
	enum les_kind kind = les_seccomp_load(role, reterr);

	if (kind == LES_OK)
		confined |= LES_CONFINED_SECCOMP;
	return kind == LES_UNAVAILABLE ? LES_OK : kind; /* READY says so; lesart decides */
}

#endif

enum les_kind les_worker_ready(struct les_session *session, int channel, uint32_t landlock_abi,
			       struct les_error *reterr)
{
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
	struct les_ready ready = {.landlock_abi = landlock_abi, .confined = confined};

	snprintf(ready.build_id, sizeof ready.build_id, "%s", LES_BUILD_ID);
	les_ready_encode(&body, &ready);
	return les_session_send(session, session->role, channel, LES_MESSAGE_READY, &body, NULL, 0,
				reterr);
}
