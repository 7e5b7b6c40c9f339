#ifndef LES_CLI_OPTIONS_H
#define LES_CLI_OPTIONS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* A subcommand's options as a table: parsing, the environment and --help all come from it. */
enum les_option_type {
	LES_OPTION_FLAG,     /* bool */
	LES_OPTION_STRING,   /* const char * */
	LES_OPTION_NUMBER,   /* uint64_t within [min, max] */
	LES_OPTION_FRACTION, /* float within [0, 1] */
};

struct les_option {
	const char *name;  /* "illegible-below" */
	char letter;       /* 'f', or 0 */
	const char *value; /* what --help calls the argument; NULL for a flag */
	const char *help;
	enum les_option_type type;
	void *to;
	uint64_t min, max;
};

struct les_options {
	const char *usage; /* "lesart read [OPTION]… FILE…" */
	const struct les_option *at;
	size_t n;
	bool from_environment; /* LESART_ILLEGIBLE_BELOW … count where the option is not given */
};

/* Fills the options' targets and moves operands to the end of argv; *ret_first is the first of
 * them.
 * --help prints and gives CANCELLED. errors: ARG, with the option's name. */
enum les_kind les_options_parse(const struct les_options *options, int argc, char **argv,
				int *ret_first, struct les_error *reterr);

void les_options_help(const struct les_options *options, FILE *to);

/* How many processors this process may use. */
uint64_t les_processors(void);

/* What a subcommand returns after a failure of les_options_parse(): 0 after --help, else says what
 * is wrong. */
int les_options_exit(const char *subcommand, const struct les_error *error);

#endif
