#include "models/card.h"

#include "base/cleanup.h"
#include "models/net.h"

#include <jansson.h>
#include <string.h>

LES_DEFINE_CLEANUP(json_t, json_decref)

/* The words of a card, and what they are called in the file. */
static const struct {
	const char *key;
	size_t at;
} words[] = {
	{"summary", offsetof(struct les_card, summary)},
	{"script", offsetof(struct les_card, script)},
	{"language", offsetof(struct les_card, language)},
	{"sender", offsetof(struct les_card, sender)},
	{"base_model", offsetof(struct les_card, base_model)},
	{"sources", offsetof(struct les_card, sources)},
	{"license", offsetof(struct les_card, licence)},
	{"origin", offsetof(struct les_card, origin)},
};

static const char **word_of(struct les_card *card, size_t i)
{
	return (const char **)(void *)((char *)card + words[i].at);
}

void les_card_init(struct les_card *card)
{
	*card = (struct les_card){.cer_raw = -1, .cer_normalised = -1};
	for (size_t i = 0; i < LES_COUNT(words); i++)
		*word_of(card, i) = "";
}

void les_card_complete(struct les_card *card, const struct les_card *other)
{
	struct les_card from = *other;

	for (size_t i = 0; i < LES_COUNT(words); i++)
		if (!(*word_of(card, i))[0])
			*word_of(card, i) = *word_of(&from, i);
	if (card->cer_raw < 0)
		card->cer_raw = from.cer_raw;
	if (card->cer_normalised < 0)
		card->cer_normalised = from.cer_normalised;
	if (!card->lines_n)
		card->lines_n = from.lines_n;
}

/* Six digits say more than was measured, and the f32 next to 0.05 says less. */
static json_t *rate(float v)
{
	return v < 0 ? json_null() : json_real((double)(long)((double)v * 1e6 + 0.5) / 1e6);
}

void les_card_write(struct les_buf *out, const struct les_card *card, const char *name,
		    const struct les_weights *weights)
{
	LES_CLEANUP(json_decref_p) json_t *json = json_object();
	LES_CLEANUP(les_free_p) char *text = NULL;
	struct les_card copy = *card;

	json_object_set_new(json, "name", json_string(name));
	json_object_set_new(
		json, "type",
		json_string(weights->kind == LES_NET_RECOGNITION ? "recognition" : "segmentation"));
	for (size_t i = 0; i < LES_COUNT(words); i++)
		json_object_set_new(json, words[i].key, json_string(*word_of(&copy, i)));
	json_object_set_new(json, "cer_raw", rate(card->cer_raw));
	json_object_set_new(json, "cer_normalised", rate(card->cer_normalised));
	json_object_set_new(json, "lines", json_integer((json_int_t)card->lines_n));
	json_object_set_new(json, "spec", json_string(weights->spec));
	json_object_set_new(json, "parameters",
			    json_integer((json_int_t)les_net_parameters(weights)));
	json_object_set_new(json, "alphabet", json_integer(weights->codes_n));
	json_object_set_new(json, "stored_as", json_string(weights->precision));
	text = json_dumps(json, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
	if (text)
		les_buf_puts(out, text);
	out->failed = out->failed || !text;
	les_buf_puts(out, "\n");
}

static float rate_of(const json_t *json, const char *key)
{
	const json_t *value = json_object_get(json, key);
	const double v = json_number_value(value);

	return json_is_number(value) && v >= 0 && v <= 1000 ? (float)v : -1;
}

enum les_kind les_card_load(const char *text, size_t n, struct les_arena *arena,
			    struct les_card *ret, struct les_error *reterr)
{
	json_error_t error;
	LES_CLEANUP(json_decref_p) json_t *json = json_loadb(text, n, 0, &error);
	struct les_card card;

	if (!json_is_object(json))
		return les_fail(reterr, LES_FORMAT, "the card is not JSON: %.80s", error.text);
	les_card_init(&card);
	for (size_t i = 0; i < LES_COUNT(words); i++) {
		const char *s = json_string_value(json_object_get(json, words[i].key));
		if (!s)
			continue;
		*word_of(&card, i) = les_arena_strndup(arena, s, strlen(s));
		if (!*word_of(&card, i))
			return les_fail(reterr, LES_NOMEM, "no memory for a card");
	}
	card.cer_raw = rate_of(json, "cer_raw");
	card.cer_normalised = rate_of(json, "cer_normalised");
	const json_int_t lines_n = json_integer_value(json_object_get(json, "lines"));
	card.lines_n = lines_n > 0 ? (uint64_t)lines_n : 0;
	*ret = card;
	return LES_OK;
}
