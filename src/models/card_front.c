/* Cards as models are published with: Markdown, its front matter the fields of the HTRMoPo schema.
 *
 * Of YAML no more is read than such cards have: keys, lists a step deep, plain and quoted words on
 * one line. */
#include "base/cleanup.h"
#include "base/cursor.h"
#include "models/card.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

LES_DEFINE_CLEANUP(json_t, json_decref)

enum { WORD_BYTES_MAX = 2000, KEY_BYTES_MAX = 32 };

struct front {
	struct les_arena *arena;
	struct les_card *card;
	char key[KEY_BYTES_MAX + 1]; /* that the items of a list belong to */
	bool no_memory;
};

/* One of ours (types of hands and print), where the schema's ISO 15924 has but "Latf". */
static bool is_our_script(const char *word)
{
	static const char *const ours[] = {"kurrent", "latin", "fraktur", "typescript"};

	for (size_t i = 0; i < LES_COUNT(ours); i++)
		if (strcmp(ours[i], word) == 0)
			return true;
	return false;
}

static void put(struct front *f, const char **field, const char *word)
{
	*field = les_arena_strndup(f->arena, word, strlen(word));
	if (!*field) {
		*field = "";
		f->no_memory = true;
	}
}

/* Another of several. */
static void append(struct front *f, const char **field, const char *between, const char *word)
{
	LES_CLEANUP(les_buf_done) struct les_buf both = LES_BUF(LES_CARD_BYTES_MAX);

	les_buf_printf(&both, "%s%s%s", *field, (*field)[0] ? between : "", word);
	if (both.failed)
		f->no_memory = true;
	else
		put(f, field, (const char *)both.bytes);
}

static void take_percent(float *rate, const char *word)
{
	char *end;
	const double percent = strtod(word, &end);

	if (end != word && *end == 0 && percent >= 0 && percent <= 1000)
		*rate = (float)(percent / 100);
}

static void take(struct front *f, const char *key, const char *word)
{
	struct les_card *card = f->card;

	if (strcmp(key, "summary") == 0)
		put(f, &card->summary, word);
	else if (strcmp(key, "license") == 0)
		put(f, &card->licence, word);
	else if (strcmp(key, "language") == 0)
		append(f, &card->language, "+", word);
	else if (strcmp(key, "tags") == 0 && is_our_script(word))
		put(f, &card->script, word);
	else if (strcmp(key, "script") == 0 && !card->script[0])
		put(f, &card->script, word);
	else if (strcmp(key, "datasets") == 0)
		append(f, &card->sources, "; ", word);
	else if (strcmp(key, "base_model") == 0)
		append(f, &card->base_model, ", ", word);
	else if (strcmp(key, "metrics.cer") == 0)
		take_percent(&card->cer_raw, word);
	else if (strcmp(key, "metrics.cer_normalised") == 0)
		take_percent(&card->cer_normalised, word);
}

/* What cannot be shown on a terminal as it is, is no word. */
static bool is_printable(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return false;
	return true;
}

/* A word in double quotes is JSON's, in single quotes it is as it stands. */
static void take_value(struct front *f, const char *key, char *value)
{
	LES_CLEANUP(json_decref_p) json_t *json = NULL;
	const size_t n = strlen(value);
	const char *word = value;

	if (value[0] == '"') {
		json = json_loadb(value, n, JSON_DECODE_ANY, NULL);
		word = json_string_value(json);
	} else if (value[0] == '\'') {
		if (n < 2 || value[n - 1] != '\'')
			return;
		value[n - 1] = 0;
		word = value + 1;
	} else if (strchr("[{|>&*!", value[0])) {
		return; /* and "": strchr() finds its end */
	}
	if (word && word[0] && strlen(word) <= WORD_BYTES_MAX && is_printable(word))
		take(f, key, word);
}

static char *skip_blanks(char *p)
{
	return p + strspn(p, " ");
}

/* Where a value begins after "key:", NULL where the line has no such thing. */
static char *after_key(char *line, size_t *ret_key_bytes)
{
	const size_t n = strspn(line, "abcdefghijklmnopqrstuvwxyz_");

	*ret_key_bytes = n;
	if (n == 0 || n > KEY_BYTES_MAX || line[n] != ':' || (line[n + 1] && line[n + 1] != ' '))
		return NULL;
	return skip_blanks(line + n + 1);
}

static void read_line(struct front *f, char *line)
{
	char *at = skip_blanks(line), *value;
	const bool item = at[0] == '-' && at[1] == ' ';
	char below[2 * KEY_BYTES_MAX + 2];
	size_t n;

	if (item)
		at = skip_blanks(at + 2);
	value = after_key(at, &n);
	if (at == line) {
		snprintf(f->key, sizeof f->key, "%.*s", value ? (int)n : 0, line);
		if (value)
			take_value(f, f->key, value);
	} else if (value) { /* "cer: 3.8" below metrics */
		snprintf(below, sizeof below, "%s.%.*s", f->key, (int)n, at);
		take_value(f, below, value);
	} else if (item) {
		take_value(f, f->key, at);
	}
}

enum les_kind les_card_read(const char *text, size_t n, struct les_arena *arena,
			    struct les_card *ret, struct les_error *reterr)
{
	LES_CLEANUP(les_free_p) char *copy = NULL;
	struct les_card card;
	struct front front = {.arena = arena, .card = &card};
	char *save = NULL;

	les_card_init(&card);
	if (!les_utf8_valid(text, n) || memchr(text, 0, n))
		return les_fail(reterr, LES_FORMAT, "the card is not UTF-8");
	copy = strndup(text, n);
	if (!copy)
		return les_fail(reterr, LES_NOMEM, "no memory for a card");
	char *line = strtok_r(copy, "\r\n", &save);
	if (!line || strcmp(line, "---") != 0)
		return les_fail(reterr, LES_FORMAT, "the card has no front matter");
	while ((line = strtok_r(NULL, "\r\n", &save)) && strcmp(line, "---") != 0)
		read_line(&front, line);
	if (!line)
		return les_fail(reterr, LES_FORMAT, "the card's front matter has no end");
	if (front.no_memory)
		return les_fail(reterr, LES_NOMEM, "no memory for a card");
	*ret = card;
	return LES_OK;
}
