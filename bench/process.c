#include "bench/process.h"

#include "base/clock.h"

#include <dirent.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOOK_EVERY_US = 4000, PROCESSES_MAX = 4096 };

extern char **environ;

pid_t program_start(const char *const *argv)
{
	posix_spawn_file_actions_t actions;
	pid_t pid = -1;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ) !=
	    0)
		pid = -1;
	posix_spawn_file_actions_destroy(&actions);
	return pid;
}

/* A number after a name in a file of /proc, 0 where it is not there. */
static long number_in(const char *path, const char *name)
{
	FILE *file = fopen(path, "re");
	char line[256];
	long n = 0;

	while (file && n == 0 && fgets(line, sizeof line, file))
		if (strncmp(line, name, strlen(name)) == 0)
			n = strtol(line + strlen(name), NULL, 10);
	if (file)
		fclose(file);
	return n;
}

struct process {
	pid_t pid, parent;
	bool inside;
};

static uint32_t list_processes(struct process *all)
{
	DIR *proc = opendir("/proc");
	char path[64];
	uint32_t n = 0;

	for (const struct dirent *e; proc && n < PROCESSES_MAX && (e = readdir(proc));) {
		const pid_t pid = (pid_t)strtol(e->d_name, NULL, 10);
		if (pid <= 0)
			continue;
		snprintf(path, sizeof path, "/proc/%d/status", pid);
		all[n++] = (struct process){pid, (pid_t)number_in(path, "PPid:"), false};
	}
	if (proc)
		closedir(proc);
	return n;
}

double tree_mb(pid_t root, uint32_t *ret_n)
{
	static struct process all[PROCESSES_MAX];
	const uint32_t n = list_processes(all);
	char path[64];
	double kb = 0;
	bool grew = true;

	for (uint32_t i = 0; i < n; i++)
		all[i].inside = all[i].pid == root;
	while (grew) {
		grew = false;
		for (uint32_t i = 0; i < n; i++)
			for (uint32_t k = 0; k < n && !all[i].inside; k++)
				if (all[k].inside && all[k].pid == all[i].parent)
					all[i].inside = grew = true;
	}
	*ret_n = 0;
	for (uint32_t i = 0; i < n; i++) {
		if (!all[i].inside)
			continue;
		snprintf(path, sizeof path, "/proc/%d/smaps_rollup", all[i].pid);
		const long pss = number_in(path, "Pss:");
		kb += (double)pss;
		*ret_n += pss > 0;
	}
	return kb / 1024;
}

struct usage program_run(const char *const *argv, bool memory)
{
	struct usage usage = {.status = -1};
	const double since = les_clock_s();
	const pid_t pid = program_start(argv);
	uint32_t n;

	if (pid < 0)
		return usage;
	while (memory && waitpid(pid, &usage.status, WNOHANG) == 0) {
		const double mb = tree_mb(pid, &n);
		usage.peak_mb = mb > usage.peak_mb ? mb : usage.peak_mb;
		usleep(LOOK_EVERY_US);
	}
	if (!memory)
		waitpid(pid, &usage.status, 0);
	usage.seconds = les_clock_s() - since;
	return usage;
}

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double median(double *values, uint32_t n)
{
	qsort(values, n, sizeof *values, compare);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}
