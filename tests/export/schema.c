#include "export/schema.h"

#include <regex.h>
#include <stdio.h>
#include <string.h>

enum { FILES_MAX = 16, DEPTH_MAX = 64 };

struct check {
	const char *folder;
	struct {
		char name[64];
		json_t *schema;
	} files[FILES_MAX];
	size_t files_n;
	char *why;
	size_t why_n;
};

/* A place in a document, for messages: "/pages/0/lines". */
struct at {
	const char *file;
	json_t *root; /* of the schema's file */
	const char *path;
	int depth;
};

static bool holds(struct check *c, struct at at, json_t *schema, json_t *value);

static bool fails(struct check *c, struct at at, const char *what)
{
	snprintf(c->why, c->why_n, "%s: %s", at.path[0] ? at.path : "/", what);
	return false;
}

static json_t *load(struct check *c, const char *name)
{
	char path[4096];
	json_error_t error;

	for (size_t i = 0; i < c->files_n; i++)
		if (strcmp(c->files[i].name, name) == 0)
			return c->files[i].schema;
	if (c->files_n == FILES_MAX)
		return NULL;
	snprintf(path, sizeof path, "%s/%s", c->folder, name);
	json_t *schema = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	if (!schema)
		return NULL;
	snprintf(c->files[c->files_n].name, sizeof c->files[0].name, "%s", name);
	return c->files[c->files_n++].schema = schema;
}

static bool check_ref(struct check *c, struct at at, json_t *rule, json_t *value)
{
	const char *ref = json_string_value(rule);
	const char *hash = strchr(ref, '#');
	char file[64];

	snprintf(file, sizeof file, "%.*s", hash ? (int)(hash - ref) : (int)strlen(ref), ref);
	if (file[0]) {
		at.root = load(c, file);
		at.file = file;
	}
	json_t *schema = at.root;
	if (hash && strncmp(hash, "#/$defs/", 8) == 0)
		schema = json_object_get(json_object_get(at.root, "$defs"), hash + 8);
	if (!schema || ++at.depth > DEPTH_MAX)
		return fails(c, at, ref);
	return holds(c, at, schema, value);
}

static bool is_of_type(const char *type, json_t *value)
{
	static const char *const names[] = {
		[JSON_OBJECT] = "object",   [JSON_ARRAY] = "array", [JSON_STRING] = "string",
		[JSON_INTEGER] = "integer", [JSON_REAL] = "number", [JSON_TRUE] = "boolean",
		[JSON_FALSE] = "boolean",   [JSON_NULL] = "null",
	};

	return strcmp(type, names[json_typeof(value)]) == 0 ||
	       (strcmp(type, "number") == 0 && json_is_integer(value));
}

static bool check_type(struct check *c, struct at at, json_t *rule, json_t *value)
{
	size_t i;
	json_t *one;

	if (json_is_string(rule))
		return is_of_type(json_string_value(rule), value) ||
		       fails(c, at, json_string_value(rule));
	json_array_foreach(rule, i, one)
	{
		if (is_of_type(json_string_value(one), value))
			return true;
	}
	return fails(c, at, "none of the types");
}

static bool check_const(struct check *c, struct at at, json_t *rule, json_t *value)
{
	return json_equal(rule, value) || fails(c, at, "not the constant");
}

static bool check_enum(struct check *c, struct at at, json_t *rule, json_t *value)
{
	size_t i;
	json_t *one;

	json_array_foreach(rule, i, one)
	{
		if (json_equal(one, value))
			return true;
	}
	return fails(c, at, "not of the list");
}

static bool check_required(struct check *c, struct at at, json_t *rule, json_t *value)
{
	size_t i;
	json_t *name;
	char what[128];

	json_array_foreach(rule, i, name)
	{
		snprintf(what, sizeof what, "\"%s\" is missing", json_string_value(name));
		if (!json_object_get(value, json_string_value(name)))
			return fails(c, at, what);
	}
	return true;
}

static bool check_properties(struct check *c, struct at at, json_t *rule, json_t *value)
{
	const char *name;
	json_t *schema;

	json_object_foreach(rule, name, schema)
	{
		json_t *member = json_object_get(value, name);
		struct at inner = at;
		char path[512];

		snprintf(path, sizeof path, "%s/%s", at.path, name);
		inner.path = path;
		inner.depth++;
		if (member && !holds(c, inner, schema, member))
			return false;
	}
	return true;
}

static bool check_items(struct check *c, struct at at, json_t *rule, json_t *value)
{
	size_t i;
	json_t *one;

	json_array_foreach(value, i, one)
	{
		struct at inner = at;
		char path[512];

		snprintf(path, sizeof path, "%s/%zu", at.path, i);
		inner.path = path;
		inner.depth++;
		if (!holds(c, inner, rule, one))
			return false;
	}
	return true;
}

static bool check_items_n(struct check *c, struct at at, json_t *rule, json_t *value)
{
	return json_array_size(value) >= (size_t)json_integer_value(rule) ||
	       fails(c, at, "too few items");
}

static bool check_items_max(struct check *c, struct at at, json_t *rule, json_t *value)
{
	return json_array_size(value) <= (size_t)json_integer_value(rule) ||
	       fails(c, at, "too many items");
}

static bool check_minimum(struct check *c, struct at at, json_t *rule, json_t *value)
{
	return json_number_value(value) >= json_number_value(rule) || fails(c, at, "too small");
}

static bool check_maximum(struct check *c, struct at at, json_t *rule, json_t *value)
{
	return json_number_value(value) <= json_number_value(rule) || fails(c, at, "too large");
}

static bool check_pattern(struct check *c, struct at at, json_t *rule, json_t *value)
{
	regex_t regex;

	if (regcomp(&regex, json_string_value(rule), REG_EXTENDED | REG_NOSUB) != 0)
		return fails(c, at, "the pattern itself");
	bool hit = regexec(&regex, json_string_value(value), 0, NULL, 0) == 0;
	regfree(&regex);
	return hit || fails(c, at, "not of the pattern");
}

static bool check_one_of(struct check *c, struct at at, json_t *rule, json_t *value)
{
	size_t i, hits = 0;
	json_t *one;

	json_array_foreach(rule, i, one)
	{
		hits += holds(c, at, one, value);
	}
	return hits == 1 || (hits > 1 && fails(c, at, "more than one of the alternatives"));
}

static bool says_nothing(struct check *c, struct at at, json_t *rule, json_t *value)
{
	(void)c, (void)at, (void)rule, (void)value;
	return true;
}

static const struct {
	const char *name;
	bool (*check)(struct check *c, struct at at, json_t *rule, json_t *value);
} keywords[] = {
	{"$schema", says_nothing},     {"$id", says_nothing},
	{"$defs", says_nothing},       {"title", says_nothing},
	{"description", says_nothing}, {"additionalProperties", says_nothing},
	{"$ref", check_ref},           {"type", check_type},
	{"const", check_const},        {"enum", check_enum},
	{"required", check_required},  {"properties", check_properties},
	{"items", check_items},        {"minItems", check_items_n},
	{"maxItems", check_items_max}, {"minimum", check_minimum},
	{"maximum", check_maximum},    {"pattern", check_pattern},
	{"oneOf", check_one_of},
};

/* additionalProperties: false */
static bool knows_all(struct check *c, struct at at, json_t *schema, json_t *value)
{
	json_t *properties = json_object_get(schema, "properties");
	const char *name;
	json_t *member;

	if (!json_is_false(json_object_get(schema, "additionalProperties")))
		return true;
	json_object_foreach(value, name, member)
	{
		if (!json_object_get(properties, name))
			return fails(c, at, name);
	}
	return true;
}

static bool holds(struct check *c, struct at at, json_t *schema, json_t *value)
{
	const char *name;
	json_t *rule;

	json_object_foreach(schema, name, rule)
	{
		size_t i = 0;
		while (i < sizeof keywords / sizeof *keywords &&
		       strcmp(keywords[i].name, name) != 0)
			i++;
		if (i == sizeof keywords / sizeof *keywords)
			return fails(c, at, "the schema has a keyword that is not understood");
		if (!keywords[i].check(c, at, rule, value))
			return false;
	}
	return knows_all(c, at, schema, value);
}

bool schema_holds(const char *folder, const char *file, json_t *value, char *why, size_t why_n)
{
	struct check c = {.folder = folder, .why = why, .why_n = why_n};
	json_t *schema = load(&c, file);
	const struct at at = {.file = file, .root = schema, .path = ""};

	snprintf(why, why_n, "%s", schema ? "" : "the schema cannot be read");
	bool ok = schema && value && holds(&c, at, schema, value);
	for (size_t i = 0; i < c.files_n; i++)
		json_decref(c.files[i].schema);
	return ok;
}
