#include "cli/options.h"

#include "base/cleanup.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

enum { OPTIONS_MAX = 48, LONG_BASE = 256, ENVIRONMENT_NAME_BYTES = 64 };

static enum les_kind set_number(const struct les_option *option, const char *text,
				struct les_error *reterr)
{
	char *end;

	errno = 0;
	unsigned long long v = strtoull(text, &end, 10);
	if (errno || end == text || *end || text[0] == '-' || v < option->min || v > option->max)
		return les_fail(reterr, LES_ARG,
				"--%s: \"%.40s\" is not a number from %llu to %llu", option->name,
				text, (unsigned long long)option->min,
				(unsigned long long)option->max);
	*(uint64_t *)option->to = v;
	return LES_OK;
}

static enum les_kind set_fraction(const struct les_option *option, const char *text,
				  struct les_error *reterr)
{
	char *end;
	float v = strtof(text, &end);

	if (end == text || *end || !(v >= 0 && v <= 1))
		return les_fail(reterr, LES_ARG, "--%s: \"%.40s\" is not a number from 0 to 1",
				option->name, text);
	*(float *)option->to = v;
	return LES_OK;
}

static enum les_kind set(const struct les_option *option, const char *text,
			 struct les_error *reterr)
{
	switch (option->type) {
	case LES_OPTION_FLAG:
		*(bool *)option->to = true;
		return LES_OK;
	case LES_OPTION_STRING:
		*(const char **)option->to = text;
		return LES_OK;
	case LES_OPTION_NUMBER:
		return set_number(option, text, reterr);
	default:
		return set_fraction(option, text, reterr);
	}
}

static void environment_name(const struct les_option *option, char out[ENVIRONMENT_NAME_BYTES])
{
	int n = snprintf(out, ENVIRONMENT_NAME_BYTES, "LESART_%s", option->name);

	for (int i = 0; i < n; i++)
		out[i] = out[i] == '-' ? '_' : (char)toupper((unsigned char)out[i]);
}

/* Empty counts as not set. A flag is set by anything but "0", "no" and "false". */
static enum les_kind set_from_environment(const struct les_options *options,
					  struct les_error *reterr)
{
	enum les_kind kind = LES_OK;

	for (size_t i = 0; i < options->n && kind == LES_OK; i++) {
		char name[ENVIRONMENT_NAME_BYTES];
		environment_name(&options->at[i], name);
		const char *text = getenv(name);
		if (!text || !*text)
			continue;
		if (options->at[i].type == LES_OPTION_FLAG &&
		    (strcmp(text, "0") == 0 || strcmp(text, "no") == 0 ||
		     strcmp(text, "false") == 0))
			continue;
		kind = set(&options->at[i], text, reterr);
	}
	return kind;
}

/* getopt_long()'s tables out of ours. */
static void prepare(const struct les_options *options, struct option *longs, char *letters)
{
	char *letter = letters;

	*letter++ = ':';
	for (size_t i = 0; i < options->n; i++) {
		const struct les_option *o = &options->at[i];
		int argument = o->type == LES_OPTION_FLAG ? no_argument : required_argument;
		longs[i] = (struct option){o->name, argument, NULL, LONG_BASE + (int)i};
		if (!o->letter)
			continue;
		*letter++ = o->letter;
		if (argument == required_argument)
			*letter++ = ':';
	}
	longs[options->n] = (struct option){"help", no_argument, NULL, 'h'};
	longs[options->n + 1] = (struct option){0};
	*letter++ = 'h';
	*letter = 0;
}

static const struct les_option *find(const struct les_options *options, int code)
{
	if (code >= LONG_BASE)
		return &options->at[code - LONG_BASE];
	for (size_t i = 0; i < options->n; i++)
		if (options->at[i].letter == code)
			return &options->at[i];
	return NULL;
}

enum les_kind les_options_parse(const struct les_options *options, int argc, char **argv,
				int *ret_first, struct les_error *reterr)
{
	struct option longs[OPTIONS_MAX + 2];
	char letters[2 * OPTIONS_MAX + 4];
	enum les_kind kind =
		options->from_environment ? set_from_environment(options, reterr) : LES_OK;

	prepare(options, longs, letters);
	opterr = 0;
	optind = 1;
	while (kind == LES_OK) {
		int code = getopt_long(argc, argv, letters, longs, NULL);
		if (code == -1)
			break;
		if (code == 'h') {
			les_options_help(options, stdout);
			return les_fail(reterr, LES_CANCELLED, "help");
		}
		const struct les_option *option = find(options, code);
		if (code == ':')
			return les_fail(reterr, LES_ARG, "%s needs a value", argv[optind - 1]);
		if (!option)
			return les_fail(reterr, LES_ARG, "there is no option %s", argv[optind - 1]);
		kind = set(option, optarg, reterr);
	}
	*ret_first = optind;
	return kind;
}

void les_options_help(const struct les_options *options, FILE *to)
{
	fprintf(to, "usage: %s\n\n", options->usage);
	for (size_t i = 0; i < options->n; i++) {
		const struct les_option *o = &options->at[i];
		char left[64], variable[ENVIRONMENT_NAME_BYTES];
		environment_name(o, variable);
		snprintf(left, sizeof left, "%c%c%s--%s%s%s", o->letter ? '-' : ' ',
			 o->letter ? o->letter : ' ', o->letter ? ", " : "  ", o->name,
			 o->value ? " " : "", o->value ? o->value : "");
		fprintf(to, "  %-34s %s", left, o->help);
		if (options->from_environment)
			fprintf(to, " [%s]", variable);
		fputc('\n', to);
	}
	fprintf(to, "  %-34s %s\n", "-h, --help", "print this");
}

uint64_t les_processors(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof set, &set) != 0 || CPU_COUNT(&set) < 1)
		return 1;
	return (uint64_t)CPU_COUNT(&set);
}

int les_options_exit(const char *subcommand, const struct les_error *error)
{
	if (error->kind == LES_CANCELLED)
		return 0;
	fprintf(stderr, "lesart %s: %s\n", subcommand, error->message);
	return les_kind_info(error->kind)->exit_code;
}
