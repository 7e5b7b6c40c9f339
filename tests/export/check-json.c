/* Checks JSON against a schema of docs/schemas/. usage: check-json FOLDER SCHEMA [--lines] <JSON
 * With --lines, every line is a value of its own. Exits with 1 and says why where one does not
 * hold. */
#include "export/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int check(const char *folder, const char *schema, json_t *value, const json_error_t *error)
{
	char why[512];
	int rc = 1;

	if (!value)
		printf("no JSON: %s\n", error->text);
	else if (!schema_holds(folder, schema, value, why, sizeof why))
		printf("%s\n", why);
	else
		rc = 0;
	json_decref(value);
	return rc;
}

int main(int argc, char **argv)
{
	json_error_t error = {0};
	char *line = NULL;
	size_t capacity = 0;
	int rc = 0;

	if (argc < 3)
		return 2;
	if (argc == 3)
		return check(argv[1], argv[2], json_loadf(stdin, JSON_REJECT_DUPLICATES, &error),
			     &error);
	for (int n = 1; !rc && getline(&line, &capacity, stdin) > 0; n++) {
		rc = check(argv[1], argv[2], json_loads(line, JSON_REJECT_DUPLICATES, &error),
			   &error);
		if (rc)
			printf("in line %d\n", n);
	}
	free(line);
	return rc;
}
