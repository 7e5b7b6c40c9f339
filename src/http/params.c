#include "http/params.h"

#include "base/cleanup.h"
#include "base/cursor.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

void les_http_params_init(struct les_http_params *params)
{
	*params = (struct les_http_params){.format = LES_EXPORT_JSON,
					   .illegible_below = 0.3f,
					   .script = "auto",
					   .engine = "auto",
					   .illegible_text = "[unleserlich]"};
	les_ranges_parse("", &params->pages, NULL);
}

static enum les_kind set_format(void *to, const char *value, struct les_error *reterr)
{
	if (les_export_from_name(value, to))
		return LES_OK;
	return les_fail(reterr, LES_ARG, "format: \"%.40s\" is none of txt, json, page, alto, hocr",
			value);
}

static enum les_kind set_pages(void *to, const char *value, struct les_error *reterr)
{
	return les_ranges_parse(value, to, reterr);
}

static enum les_kind set_fraction(void *to, const char *value, struct les_error *reterr)
{
	char *end;
	float v = strtof(value, &end);

	if (end == value || *end || !(v >= 0 && v <= 1))
		return les_fail(reterr, LES_ARG, "\"%.40s\" is not a number from 0 to 1", value);
	*(float *)to = v;
	return LES_OK;
}

static enum les_kind set_readings(void *to, const char *value, struct les_error *reterr)
{
	char *end;
	const unsigned long v = strtoul(value, &end, 10);

	if (value[0] < '0' || value[0] > '9' || *end || v < 1 || v > LES_LINE_READINGS_MAX)
		return les_fail(reterr, LES_ARG, "nBest: \"%.40s\" is not a number from 1 to %u",
				value, LES_LINE_READINGS_MAX);
	*(uint32_t *)to = (uint32_t)v;
	return LES_OK;
}

#define TEXT(name, field)                                                                          \
	{                                                                                          \
		name, offsetof(struct les_http_params, field),                                     \
			sizeof((struct les_http_params *)0)->field, NULL                           \
	}

/* set NULL: text, copied. size: of the field, or the longest value. */
static const struct {
	const char *name;
	size_t offset, size;
	enum les_kind (*set)(void *to, const char *value, struct les_error *reterr);
} rows[] = {
	{"format", offsetof(struct les_http_params, format), 16, set_format},
	{"pages", offsetof(struct les_http_params, pages), 4096, set_pages},
	{"illegibleBelow", offsetof(struct les_http_params, illegible_below), 32, set_fraction},
	{"nBest", offsetof(struct les_http_params, readings_n), 16, set_readings},
	TEXT("language", language),
	TEXT("scriptType", script),
	TEXT("engine", engine),
	TEXT("model", model),
	TEXT("segmenter", segmenter),
	TEXT("senderId", sender),
	TEXT("illegibleText", illegible_text),
	TEXT("password", password),
};

enum les_kind les_http_params_set(struct les_http_params *params, const char *name,
				  const char *value, size_t value_n, struct les_error *reterr)
{
	char text[4096];

	for (size_t i = 0; i < LES_COUNT(rows); i++) {
		if (strcmp(rows[i].name, name) != 0)
			continue;
		if (value_n >= rows[i].size || value_n >= sizeof text)
			return les_fail(reterr, LES_ARG, "%s: at most %zu bytes", name,
					rows[i].size - 1);
		if (!les_utf8_valid(value, value_n))
			return les_fail(reterr, LES_ARG, "%s: not UTF-8", name);
		if (value_n)
			memcpy(text, value, value_n);
		text[value_n] = 0;
		void *to = (char *)params + rows[i].offset;
		if (rows[i].set)
			return rows[i].set(to, text, reterr);
		memcpy(to, text, value_n + 1);
		return LES_OK;
	}
	return les_fail(reterr, LES_ARG, "there is no parameter \"%.40s\"", name);
}

void les_http_params_apply(const struct les_http_params *params, struct les_job_request *request)
{
	request->pages = params->pages;
	request->illegible_below = params->illegible_below;
	request->readings_n = params->readings_n;
	request->language = params->language;
	request->script = params->script;
	request->engine = params->engine;
	request->model = params->model;
	request->segmenter = params->segmenter;
	request->password = params->password;
}
