#include "cli/model_show.h"

#include "base/cleanup.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

LES_DEFINE_CLEANUP(json_t, json_decref)

/* All that is known of one model. */
struct model {
	const struct les_found *found;
	struct les_net_file net;
	struct les_arena arena;
	struct les_card card;
	char sha256[65];
};

static void model_done(struct model *model)
{
	les_net_file_done(&model->net);
	les_arena_done(&model->arena);
}

static enum les_kind model_open(const struct les_found *found, struct model *ret,
				struct les_error *reterr)
{
	struct model model = {.found = found, .arena = LES_ARENA(LES_CARD_BYTES_MAX)};
	enum les_kind kind = les_found_net(found, false, NULL, &model.net, reterr);

	if (kind != LES_OK)
		return kind;
	kind = les_found_card(found, &model.arena, &model.card, reterr);
	if (kind == LES_OK)
		kind = les_found_sha256(found, model.sha256, reterr);
	if (kind == LES_OK)
		*ret = model;
	else
		model_done(&model);
	return kind;
}

static const char *type_of(const struct les_weights *weights)
{
	return weights->kind == LES_NET_RECOGNITION ? "recognition" : "segmentation";
}

static const char *cut_of(const struct les_weights *weights)
{
	switch (weights->cut) {
	case LES_CUT_POLYGON:
		return "polygon";
	case LES_CUT_POLYGON_LEGACY:
		return "polygon, as in kraken 5";
	case LES_CUT_BAND:
		return "band";
	}
	return "";
}

/* ---- JSON ---- */

static void set_word(json_t *json, const char *key, const char *word)
{
	json_object_set_new(json, key, word[0] ? json_string(word) : json_null());
}

static void set_rate(json_t *json, const char *key, float rate)
{
	json_object_set_new(json, key, rate < 0 ? json_null() : json_real((double)rate));
}

static json_t *alphabet_json(const struct les_weights *weights)
{
	json_t *alphabet = json_array();

	for (uint32_t i = 0; i < weights->codes_n; i++)
		json_array_append_new(alphabet, json_string(weights->codes[i].text));
	return alphabet;
}

static json_t *classes_json(const struct les_weights *weights)
{
	static const char *const kinds[] = {[LES_CLASS_AUX] = "aux",
					    [LES_CLASS_BASELINE] = "baseline",
					    [LES_CLASS_REGION] = "region"};
	json_t *classes = json_array();

	for (uint32_t i = 0; i < weights->classes_n; i++)
		json_array_append_new(classes,
				      json_pack("{sssssi}", "name", weights->classes[i].name,
						"kind", kinds[weights->classes[i].kind], "channel",
						(int)weights->classes[i].channel));
	return classes;
}

static json_t *model_json(const struct model *model, bool whole)
{
	const struct les_weights *w = &model->net.weights;
	const struct les_card *card = &model->card;
	json_t *json = json_object();

	set_word(json, "name", model->found->name);
	set_word(json, "type", type_of(w));
	set_word(json, "path", model->found->path);
	set_word(json, "sha256", model->sha256);
	json_object_set_new(json, "parameters", json_integer((json_int_t)les_net_parameters(w)));
	set_word(json, "stored_as", w->precision);
	set_word(json, "spec", w->spec);
	set_word(json, "summary", card->summary);
	set_word(json, "script", card->script);
	set_word(json, "language", card->language);
	set_word(json, "sender", card->sender);
	set_word(json, "base_model", card->base_model);
	set_word(json, "sources", card->sources);
	set_word(json, "license", card->licence);
	set_word(json, "origin", card->origin);
	set_rate(json, "cer_raw", card->cer_raw);
	set_rate(json, "cer_normalised", card->cer_normalised);
	json_object_set_new(json, "lines", json_integer((json_int_t)card->lines_n));
	if (!whole)
		return json;
	if (w->kind == LES_NET_RECOGNITION) {
		set_word(json, "line_type", w->boxes ? "box" : "baseline");
		json_object_set_new(json, "legacy_polygons",
				    json_boolean(w->cut == LES_CUT_POLYGON_LEGACY));
		set_word(json, "cut", cut_of(w));
		json_object_set_new(json, "alphabet", alphabet_json(w));
	} else {
		json_object_set_new(json, "topline", json_boolean(w->topline));
		json_object_set_new(json, "classes", classes_json(w));
	}
	json_object_set_new(json, "metadata", json_loads(w->meta, 0, NULL));
	return json;
}

static enum les_kind print_json(const json_t *json, struct les_error *reterr)
{
	LES_CLEANUP(les_free_p)
	char *text = json_dumps(json, JSON_INDENT(2) | JSON_REAL_PRECISION(7));

	if (!text)
		return les_fail(reterr, LES_NOMEM, "no memory for JSON");
	puts(text);
	return LES_OK;
}

/* ---- list ---- */

struct listing {
	bool json;
	json_t *all;
	uint32_t n;
};

static void print_row(const struct model *model)
{
	const struct les_card *card = &model->card;
	char rate[16] = "";

	if (card->cer_raw >= 0)
		snprintf(rate, sizeof rate, "%.2f %%", (double)card->cer_raw * 100);
	printf("%-24s  %-12s  %-10s  %10llu  %8s  %s\n", model->found->name,
	       type_of(&model->net.weights), card->script,
	       (unsigned long long)les_net_parameters(&model->net.weights), rate, card->summary);
}

static enum les_kind list_one(void *context, const struct les_found *found,
			      struct les_error *reterr)
{
	struct listing *listing = context;
	struct les_error error;
	struct model model;

	(void)reterr;
	if (listing->n++ == 0 && !listing->json)
		printf("%-24s  %-12s  %-10s  %10s  %8s\n", "name", "type", "script", "parameters",
		       "CER");
	if (model_open(found, &model, &error) != LES_OK) {
		if (listing->json)
			json_array_append_new(listing->all,
					      json_pack("{ssssss}", "name", found->name, "path",
							found->path, "error", error.message));
		else
			printf("%-24s  %s\n", found->name, error.message);
		return LES_OK;
	}
	if (listing->json)
		json_array_append_new(listing->all, model_json(&model, false));
	else
		print_row(&model);
	model_done(&model);
	return LES_OK;
}

enum les_kind les_model_list(const struct les_registry *registry, bool json,
			     struct les_error *reterr)
{
	LES_CLEANUP(json_decref_p) json_t *all = json_array();
	struct listing listing = {.json = json, .all = all};
	enum les_kind kind = les_registry_each(registry, list_one, &listing, reterr);

	if (kind != LES_OK)
		return kind;
	if (json)
		return print_json(all, reterr);
	if (listing.n == 0)
		printf("no models; lesart model import FILE puts one into %s\n",
		       registry->folders[0]);
	return LES_OK;
}

/* ---- show ---- */

static void print_word(const char *key, const char *word)
{
	if (word[0])
		printf("%-14s %s\n", key, word);
}

static void print_rate(const char *key, float rate)
{
	if (rate >= 0)
		printf("%-14s %.2f %%\n", key, (double)rate * 100);
}

static void print_alphabet(const struct les_weights *w)
{
	printf("%-14s %u:", "alphabet", w->codes_n);
	for (uint32_t i = 0; i < w->codes_n; i++)
		printf(" %s", strcmp(w->codes[i].text, " ") == 0 ? "(blank)" : w->codes[i].text);
	putchar('\n');
}

static void print_classes(const struct les_weights *w)
{
	static const char *const kinds[] = {[LES_CLASS_AUX] = "",
					    [LES_CLASS_BASELINE] = "baseline ",
					    [LES_CLASS_REGION] = "region "};

	for (uint32_t i = 0; i < w->classes_n; i++)
		printf("%-14s %u: %s%s\n", i ? "" : "channels", w->classes[i].channel,
		       kinds[w->classes[i].kind], w->classes[i].name);
}

static void print_model(const struct model *model)
{
	const struct les_weights *w = &model->net.weights;
	const struct les_card *card = &model->card;
	const bool recognition = w->kind == LES_NET_RECOGNITION;

	print_word("name", model->found->name);
	print_word("summary", card->summary);
	printf("%-14s %s%s\n", "type", type_of(w),
	       !recognition ? ""
	       : w->boxes   ? ", of lines in boxes"
			    : ", of lines on baselines");
	print_word("script", card->script);
	print_word("language", card->language);
	print_word("sender", card->sender);
	print_rate("CER", card->cer_raw);
	print_rate("CER normalised", card->cer_normalised);
	if (card->lines_n)
		printf("%-14s %llu\n", "lines", (unsigned long long)card->lines_n);
	print_word("base model", card->base_model);
	print_word("sources", card->sources);
	print_word("licence", card->licence);
	print_word("origin", card->origin);
	print_word("spec", w->spec);
	printf("%-14s %llu, stored as %s\n", "parameters",
	       (unsigned long long)les_net_parameters(w), w->precision);
	if (recognition) {
		print_word("cut", cut_of(w));
		print_alphabet(w);
	} else {
		print_classes(w);
	}
	print_word("SHA-256", model->sha256);
	print_word("folder", model->found->path);
}

enum les_kind les_model_show(const struct les_found *found, bool json, struct les_error *reterr)
{
	struct model model;
	enum les_kind kind = model_open(found, &model, reterr);

	if (kind != LES_OK)
		return kind;
	if (json) {
		LES_CLEANUP(json_decref_p) json_t *all = model_json(&model, true);
		kind = print_json(all, reterr);
	} else {
		print_model(&model);
	}
	model_done(&model);
	return kind;
}
