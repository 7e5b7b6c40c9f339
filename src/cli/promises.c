#include "cli/promises.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "confine/confine.h"
#include "jobs/models.h"
#include "jobs/pool.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/seccomp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

static struct les_check *add(struct les_checks *checks, const char *name, bool needed)
{
	struct les_check *check = &checks->at[checks->n < LES_CHECKS_MAX ? checks->n++ : 0];

	*check = (struct les_check){.name = name, .needed = needed};
	return check;
}

__attribute__((format(printf, 2, 3))) static void found(struct les_check *check, const char *format,
							...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(check->found, sizeof check->found, format, args);
	va_end(args);
}

/* Says whether it holds, and what mends it where it does not. */
__attribute__((format(printf, 3, 4))) static void judge(struct les_check *check, bool holds,
							const char *mend, ...)
{
	va_list args;

	check->holds = holds;
	if (holds)
		return;
	va_start(args, mend);
	vsnprintf(check->mend, sizeof check->mend, mend, args);
	va_end(args);
}

/* ---- the kernel ---- */

static void check_kernel(struct les_checks *checks)
{
	struct les_check *check = add(checks, "kernel", false);
	struct utsname name;

	judge(check, uname(&name) == 0, "it does not say its name");
	if (check->holds)
		found(check, "%s %s %s", name.sysname, name.release, name.machine);
}

/* What each ABI added to what can be denied. */
static void check_landlock(struct les_checks *checks)
{
	static const struct {
		uint32_t abi;
		const char *denies;
	} abis[] = {{1, "files"},
		    {3, ", truncation"},
		    {4, ", TCP"},
		    {5, ", device calls"},
		    {6, ", abstract sockets, signals"}};
	struct les_check *check = add(checks, "landlock", true);
	const uint32_t abi = les_landlock_abi();
	LES_CLEANUP(les_buf_done) struct les_buf denies = LES_BUF(sizeof check->found);

	for (size_t i = 0; i < LES_COUNT(abis) && abis[i].abi <= abi; i++)
		les_buf_puts(&denies, abis[i].denies);
	judge(check, abi > 0, "a kernel of Linux 5.13 or newer with Landlock in its lsm= list");
	if (abi > 0)
		found(check, "ABI %" PRIu32 ", denies %s", abi, (const char *)denies.bytes);
	else
		found(check, "not in this kernel");
}

static void check_seccomp(struct les_checks *checks)
{
	struct les_check *check = add(checks, "seccomp", true);
	const uint32_t action = SECCOMP_RET_KILL_PROCESS;
	const bool kills = syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;

	judge(check, kills, "a kernel of Linux 4.14 or newer with CONFIG_SECCOMP_FILTER");
	found(check, "%s", kills ? "filters that end a process" : "no such filters in this kernel");
}

/* ---- this process ---- */

static void check_user(struct les_checks *checks)
{
	struct les_check *check = add(checks, "user", false);

	found(check, "uid %u, gid %u", getuid(), getgid());
	judge(check, getuid() != 0 && geteuid() != 0,
	      "run as another user: Lesart needs no privileges (container: user 1000:1000)");
}

/* A hexadecimal value of /proc/self/status. */
static bool status_value(const char *field, int base, unsigned long long *ret)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[256];
	bool hit = false;

	while (file && !hit && fgets(line, sizeof line, file)) {
		const size_t n = strlen(field);
		hit = strncmp(line, field, n) == 0 && line[n] == ':';
		if (hit)
			*ret = strtoull(line + n + 1, NULL, base);
	}
	if (file)
		fclose(file);
	return hit;
}

static void check_capabilities(struct les_checks *checks)
{
	static const struct {
		const char *name, *field, *what;
	} sets[] = {
		{"capabilities-effective", "CapEff", "what it may do now"},
		{"capabilities-permitted", "CapPrm", "what it may take up"},
		{"capabilities-bounding", "CapBnd", "what a program it starts could gain"},
	};

	for (size_t i = 0; i < LES_COUNT(sets); i++) {
		struct les_check *check = add(checks, sets[i].name, false);
		unsigned long long set = 0;
		const bool known = status_value(sets[i].field, 16, &set);

		if (!known)
			found(check, "unknown: /proc cannot be read");
		else
			found(check, set ? "%016llx: %s" : "none", set, sets[i].what);
		judge(check, known && set == 0,
		      i == 2 ? "container: cap_drop: [ALL]; systemd: CapabilityBoundingSet="
			     : "run as a user without privileges");
	}
}

static void check_no_new_privileges(struct les_checks *checks)
{
	struct les_check *check = add(checks, "no-new-privileges", false);
	const bool set = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;

	found(check, "%s",
	      set ? "set" : "not set for this process (its workers set it themselves)");
	judge(check, set,
	      "container: security_opt: [no-new-privileges:true]; systemd: NoNewPrivileges=yes");
}

static void check_root(struct les_checks *checks)
{
	struct les_check *check = add(checks, "read-only-root", false);
	struct statvfs fs;
	const bool read_only = statvfs("/", &fs) == 0 && (fs.f_flag & ST_RDONLY);

	found(check, "%s", read_only ? "/ is read-only" : "/ is writable");
	judge(check, read_only, "container: read_only: true; systemd: ProtectSystem=strict");
}

/* ---- its folders ---- */

static void check_folder(struct les_checks *checks, const char *name, const char *path)
{
	struct les_check *check = add(checks, name, false);
	const bool writable = path && access(path, W_OK | X_OK) == 0;
	const int number = errno;

	if (!path)
		found(check, "none given (--%s)", name);
	else if (writable)
		found(check, "%s: writable", path);
	else
		found(check, "%s: %s", path, strerror(number));
	/* a server without such a folder is a small one, not a broken one */
	if (path && number == ENOENT)
		judge(check, writable, "mkdir -p %s", path);
	else
		judge(check, writable || !path, "chown %u:%u %s", getuid(), getgid(),
		      path ? path : "");
}

static void take_language(void *context, const char *language)
{
	struct les_buf *list = context;

	les_buf_puts(list, list->len ? ", " : "");
	les_buf_puts(list, language);
}

static void check_tessdata(struct les_checks *checks, const char *const *folders)
{
	struct les_check *check = add(checks, "tessdata", true);
	LES_CLEANUP(les_buf_done) struct les_buf list = LES_BUF(sizeof check->found);
	char reason[200];

	les_languages_find(folders, take_language, &list, reason, sizeof reason);
	judge(check, list.len > 0, "apt install tesseract-ocr-deu, or --tessdata DIR");
	found(check, "%s",
	      list.failed ? "more than fit here"
	      : list.len  ? (char *)list.bytes
			  : reason);
}

/* ---- the workers ---- */

static void judge_worker(struct les_check *check, enum les_kind kind, const struct les_ready *ready,
			 const struct les_error *error)
{
	const uint32_t both = LES_CONFINED_SECCOMP | LES_CONFINED_LANDLOCK;

	if (kind != LES_OK) {
		found(check, "does not start: %s", error->message);
		judge(check, false, "install Lesart again, whole");
		return;
	}
	found(check, "starts; Landlock %s, seccomp %s, limits %s",
	      ready->confined & LES_CONFINED_LANDLOCK ? "holds" : "MISSING",
	      ready->confined & LES_CONFINED_SECCOMP ? "holds" : "MISSING",
	      ready->confined & LES_CONFINED_RLIMITS ? "hold" : "MISSING");
	judge(check, (ready->confined & both) == both,
	      "see landlock and seccomp; a build with -Dunconfined=true confines nothing");
}

/* Takes a worker of the role to READY and ends it. */
static void check_worker(struct les_checks *checks, struct les_pool *pool, enum les_role role,
			 struct les_error error)
{
	struct les_check *check = add(checks, les_role_binary(role), true);
	const int64_t deadline_ms = les_clock_ms() + LES_WORKER_START_MS;
	struct les_recogniser *recogniser = NULL;
	struct les_worker *worker = NULL;
	enum les_kind kind = error.kind;

	if (pool && role == LES_ROLE_DECODE)
		kind = les_pool_take_decoder(pool, deadline_ms, &worker, &error);
	else if (pool)
		kind = les_pool_take_recogniser(pool, role, deadline_ms, &recogniser, &error);
	if (recogniser)
		judge_worker(check, kind, &recogniser->worker->ready, &error);
	else
		judge_worker(check, kind, worker ? &worker->ready : NULL, &error);
	les_worker_end(worker, NULL);
	if (recogniser)
		les_pool_give_recogniser(pool, recogniser, false);
}

/* An installation may do without the neural reader: then it reads print only. */
static bool is_installed(const char *binary_dir, enum les_role role)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/%s", binary_dir ? binary_dir : "", les_role_binary(role));
	return role != LES_ROLE_READ || access(path, F_OK) == 0;
}

static void check_workers(struct les_checks *checks)
{
	LES_CLEANUP(les_free_p) char *binary_dir = NULL;
	struct les_pool *pool = NULL;
	struct les_error error = {.kind = LES_OK};
	enum les_kind kind = les_binary_dir_find(&binary_dir, &error);
	struct les_pool_config config = {.threads = 1,
					 .recogniser_documents = 1,
					 .allow_weak_sandbox = true}; /* to see what lacks */

	for (int role = LES_ROLE_DECODE; role < LES_ROLE_N; role++)
		config.stock[role].max = 1;
	config.binary_dir = binary_dir;
	if (kind == LES_OK)
		les_pool_new(&config, &pool, &error);
	for (int role = LES_ROLE_DECODE; role < LES_ROLE_N; role++)
		if (is_installed(binary_dir, (enum les_role)role))
			check_worker(checks, pool, (enum les_role)role, error);
	les_pool_free(pool);
}

void les_checks_run(const struct les_check_places *places, struct les_checks *ret)
{
	ret->n = 0;
	check_kernel(ret);
	check_landlock(ret);
	check_seccomp(ret);
	check_user(ret);
	check_capabilities(ret);
	check_no_new_privileges(ret);
	check_root(ret);
	check_tessdata(ret, places->tessdata);
	check_folder(ret, "models", places->models);
	check_folder(ret, "state", places->state);
	check_workers(ret);
}
