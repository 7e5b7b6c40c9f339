#include "export/export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

/* NFC without control characters, as a string of the arena. Text that is right already stays. */
static const char *clean(struct les_arena *arena, const char *text)
{
	const utf8proc_option_t options =
		UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_STRIPCC | UTF8PROC_NULLTERM;
	utf8proc_uint8_t *composed = NULL;
	bool ascii = true;

	for (const char *p = text; *p; p++)
		ascii = ascii && *p >= 0x20 && *p < 0x7f;
	if (ascii)
		return text;
	utf8proc_ssize_t n = utf8proc_map((const utf8proc_uint8_t *)text, 0, &composed, options);
	if (n < 0)
		return n == UTF8PROC_ERROR_NOMEM ? NULL : "";
	char *copy = strcmp((char *)composed, text) == 0
			     ? (char *)(uintptr_t)text
			     : les_arena_strndup(arena, (char *)composed, (size_t)n);
	free(composed);
	return copy;
}

/* An id that XML and JSON can carry: a letter or _, then letters, digits, _ . - */
static bool id_valid(const char *id)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
	static const char rest[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789.-";

	return id[0] && strchr(first, id[0]) && strspn(id, rest) == strlen(id);
}

static int compare_ids(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Whether every id is valid and none stands twice, over regions and lines together. */
static bool ids_usable(const struct les_page *page, const char **all)
{
	size_t n = 0;

	for (uint32_t i = 0; i < page->regions_n; i++)
		all[n++] = page->regions[i].id;
	for (uint32_t i = 0; i < page->lines_n; i++)
		all[n++] = page->lines[i].id;
	for (size_t i = 0; i < n; i++)
		if (!id_valid(all[i]))
			return false;
	qsort(all, n, sizeof *all, compare_ids);
	for (size_t i = 1; i < n; i++)
		if (strcmp(all[i - 1], all[i]) == 0)
			return false;
	return true;
}

static const char *id_new(struct les_arena *arena, char letter, uint32_t number)
{
	char id[16];
	int n = snprintf(id, sizeof id, "%c%u", letter, number);

	return les_arena_strndup(arena, id, (size_t)n);
}

/* Given ids stay if all of them can; else the whole page is numbered, so that none clash. */
static bool assign_ids(struct les_page *page)
{
	size_t n = (size_t)page->regions_n + page->lines_n;
	const char **all = les_arena_alloc(&page->arena, n, sizeof *all);
	bool ok = all != NULL;

	if (!ok || ids_usable(page, all))
		return ok;
	for (uint32_t i = 0; i < page->regions_n && ok; i++)
		ok = (page->regions[i].id = id_new(&page->arena, 'r', i + 1)) != NULL;
	for (uint32_t i = 0; i < page->lines_n && ok; i++)
		ok = (page->lines[i].id = id_new(&page->arena, 'l', i + 1)) != NULL;
	return ok;
}

static bool clean_line(struct les_arena *arena, struct les_line *line)
{
	bool ok = (line->text = clean(arena, line->text)) != NULL;

	for (uint32_t i = 0; i < line->words_n && ok; i++)
		ok = (line->words[i].text = clean(arena, line->words[i].text)) != NULL;
	for (uint32_t i = 0; i < line->chars_n && ok; i++)
		ok = (line->chars[i].text = clean(arena, line->chars[i].text)) != NULL;
	for (uint32_t i = 0; i < line->readings_n && ok; i++)
		ok = (line->readings[i].text = clean(arena, line->readings[i].text)) != NULL;
	return ok;
}

enum les_kind les_page_normalise(struct les_page *page, struct les_error *reterr)
{
	bool ok = assign_ids(page);

	for (uint32_t i = 0; i < page->lines_n && ok; i++)
		ok = clean_line(&page->arena, &page->lines[i]);
	return ok ? LES_OK : les_fail(reterr, LES_NOMEM, "no memory for a page's text");
}
