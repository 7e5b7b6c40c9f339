/* lesart: reads family papers. Each subcommand has a file in cli/. */
#include "base/cleanup.h"
#include "base/version.h"
#include "cli/cli.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	puts("lesart " LES_VERSION " (" LES_BUILD_ID ")");
	return 0;
}

static int help(int argc, char **argv);

static const struct {
	const char *name, *summary;
	int (*run)(int argc, char **argv);
} commands[] = {
	{"read", "documents to text, JSON, PAGE XML, ALTO or hOCR", les_cli_read},
	{"eval", "error rates against ground truth", les_cli_eval},
	{"model", "import, list and check models of kraken", les_cli_model},
	{"serve", "the same over HTTP", les_cli_serve},
	{"train", "ground truth to a recogniser", les_cli_train},
	{"segtrain", "pages with baselines to a line finder", les_cli_segtrain},
	{"health", "ask a running server", les_cli_health},
	{"doctor", "what protects this machine, and what is missing", les_cli_doctor},
	{"version", "what this is", version},
	{"help", "this list", help},
};

static int help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	puts("usage: lesart COMMAND [OPTION]... (lesart COMMAND --help tells more)\n");
	for (size_t i = 0; i < LES_COUNT(commands); i++)
		printf("  %-8s %s\n", commands[i].name, commands[i].summary);
	return 0;
}

/* Whoever started us without standard input or output would else have a document or a channel take
 * its number. Opened the wrong way round: such a stream still fails. */
static bool fill_standard_fds(void)
{
	static const int flags[] = {O_WRONLY, O_RDONLY, O_RDONLY};

	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", flags[fd]) != fd)
			return false;
	return true;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "help";

	if (!fill_standard_fds())
		return 16;
	signal(SIGPIPE, SIG_IGN); /* a reader that went away is an error of the write */
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
		name = "help";
	if (strcmp(name, "--version") == 0)
		name = "version";
	for (size_t i = 0; i < LES_COUNT(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	fprintf(stderr, "lesart: there is no command \"%.40s\" (lesart help lists them)\n", name);
	return 2;
}
