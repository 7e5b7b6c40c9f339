#include "base/cleanup.h"
#include "base/json.h"
#include "base/version.h"
#include "cli/cli.h"
#include "cli/input.h"
#include "cli/options.h"
#include "cli/promises.h"
#include "jobs/models.h"

#include <stdio.h>
#include <unistd.h>

/* Says what protects this machine and what is missing. Without --strict it only tells; with it, a
 * container or a script learns from the exit code whether all of it holds. */

enum { REPORT_BYTES_MAX = 1 << 16, STRICT_EXIT = 1 };

struct arguments {
	const char *state, *models, *tessdata;
	bool strict, json;
};

static enum les_kind parse(int argc, char **argv, struct arguments *a, struct les_error *reterr)
{
	const struct les_option rows[] = {
		{"strict", 0, NULL, "exit with 1 where anything does not hold", LES_OPTION_FLAG,
		 &a->strict, 0, 0},
		{"json", 0, NULL, "one JSON object on standard output", LES_OPTION_FLAG, &a->json,
		 0, 0},
		{"state", 0, "DIR", "as lesart serve has it", LES_OPTION_STRING, &a->state, 0, 0},
		{"models", 0, "DIR", "as lesart serve has it", LES_OPTION_STRING, &a->models, 0, 0},
		{"tessdata", 0, "DIR", "where Tesseract's models lie", LES_OPTION_STRING,
		 &a->tessdata, 0, 0},
	};
	const struct les_options options = {"lesart doctor [OPTION]...", rows, LES_COUNT(rows),
					    true};
	int first;
	enum les_kind kind = les_options_parse(&options, argc, argv, &first, reterr);

	if (kind == LES_OK && first < argc)
		return les_fail(reterr, LES_ARG, "\"%.40s\" is not an option", argv[first]);
	return kind;
}

static const char *state_name(const struct les_check *check)
{
	return check->holds ? "holds" : check->needed ? "missing" : "weak";
}

static void put_text(struct les_buf *out, const struct les_checks *checks)
{
	for (size_t i = 0; i < checks->n; i++) {
		const struct les_check *c = &checks->at[i];
		les_buf_printf(out, "%-8s %-23s %s\n", state_name(c), c->name, c->found);
		if (!c->holds)
			les_buf_printf(out, "%-8s %-23s mend: %s\n", "", "", c->mend);
	}
}

static void put_json(struct les_buf *out, const struct les_checks *checks, bool holds)
{
	les_buf_puts(out, "{\"schema\":\"lesart.doctor/1\",\"version\":\"" LES_VERSION
			  "\",\"build\":\"" LES_BUILD_ID "\",\"holds\":");
	les_buf_puts(out, holds ? "true" : "false");
	les_buf_puts(out, ",\"checks\":[");
	for (size_t i = 0; i < checks->n; i++) {
		const struct les_check *c = &checks->at[i];
		les_buf_printf(out,
			       "%s\n{\"name\":\"%s\",\"state\":\"%s\",\"found\":", i ? "," : "",
			       c->name, state_name(c));
		les_json_string(out, c->found);
		if (!c->holds) {
			les_buf_puts(out, ",\"mend\":");
			les_json_string(out, c->mend);
		}
		les_buf_puts(out, "}");
	}
	les_buf_puts(out, "\n]}\n");
}

/* Names what does not hold, on standard error. */
static void accuse(const struct les_checks *checks)
{
	fputs("lesart doctor: does not hold:", stderr);
	for (size_t i = 0; i < checks->n; i++)
		if (!checks->at[i].holds)
			fprintf(stderr, " %s", checks->at[i].name);
	fputc('\n', stderr);
}

int les_cli_doctor(int argc, char **argv)
{
	struct arguments a = {0};
	struct les_checks checks;
	struct les_error error;
	LES_CLEANUP(les_buf_done) struct les_buf out = LES_BUF(REPORT_BYTES_MAX);
	enum les_kind kind = parse(argc, argv, &a, &error);
	bool holds = true;

	if (kind != LES_OK)
		return les_options_exit("doctor", &error);
	const char *const given[] = {a.tessdata, NULL};
	const struct les_check_places places = {
		.state = a.state,
		.models = a.models,
		.tessdata = a.tessdata ? given : les_tessdata_folders,
	};
	les_checks_run(&places, &checks);
	for (size_t i = 0; i < checks.n; i++)
		holds = holds && checks.at[i].holds;
	if (a.json)
		put_json(&out, &checks, holds);
	else
		put_text(&out, &checks);
	kind = out.failed ? les_fail(&error, LES_NOMEM, "no memory for the report")
			  : les_write_all(STDOUT_FILENO, out.bytes, out.len, "standard output",
					  &error);
	if (kind != LES_OK)
		return les_options_exit("doctor", &error);
	if (!a.strict || holds)
		return 0;
	accuse(&checks);
	return STRICT_EXIT;
}
