#include "base/cleanup.h"
#include "base/cursor.h"
#include "decode/model_maker.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

LES_DEFINE_CLEANUP(json_t, json_decref)

/* How many bytes of p are one of the numbers that Python writes and JSON does not have. */
static size_t no_number(const char *p)
{
	static const char *const words[] = {"NaN", "Infinity", "-Infinity"};

	for (size_t i = 0; i < LES_COUNT(words); i++)
		if (strncmp(p, words[i], strlen(words[i])) == 0)
			return strlen(words[i]);
	return 0;
}

/* A copy in which they are null; NULL where memory ran out. */
static char *copy_numbers(const char *text, size_t n)
{
	static const char null[] = "null";
	LES_CLEANUP(les_free_p) char *from = strndup(text, n);
	char *copy = malloc(n + n / 3 + 1), *to = copy;
	bool in_string = false;

	if (!from || !copy) {
		free(copy);
		return NULL;
	}
	for (const char *p = from; *p;) {
		const size_t skip = in_string ? 0 : no_number(p);
		if (skip) {
			to = stpcpy(to, null);
			p += skip;
			continue;
		}
		if (*p == '"')
			in_string = !in_string;
		if (in_string && *p == '\\' && p[1])
			*to++ = *p++;
		*to++ = *p++;
	}
	*to = 0;
	return copy;
}

enum les_kind les_model_json(const char *text, size_t n, const char *what, json_t **ret,
			     struct les_error *reterr)
{
	LES_CLEANUP(les_free_p) char *copy = NULL;
	json_error_t error;

	if (n > LES_MODEL_JSON_BYTES_MAX)
		return les_fail(reterr, LES_LIMIT, "%s has %zu bytes, more than %llu", what, n,
				LES_MODEL_JSON_BYTES_MAX);
	if (!les_utf8_valid(text, n))
		return les_fail(reterr, LES_FORMAT, "%s is not UTF-8", what);
	copy = copy_numbers(text, n);
	if (!copy)
		return les_fail(reterr, LES_NOMEM, "no memory for %s", what);
	json_t *json = json_loads(copy, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (!json)
		return les_fail(reterr,
				json_error_code(&error) == json_error_out_of_memory ? LES_NOMEM
										    : LES_FORMAT,
				"%s is not JSON: %.80s", what, error.text);
	*ret = json;
	return LES_OK;
}

/* ---- codec ---- */

static enum les_kind read_labels(struct les_maker *maker, const char *text, const json_t *value,
				 struct les_code *code)
{
	const bool one = json_is_integer(value);
	const size_t n = one ? 1 : json_array_size(value);
	uint32_t *labels = les_arena_alloc(maker->arena, n, sizeof *labels);

	if (n == 0 || n > LES_CODE_LABELS_MAX || !les_utf8_valid(text, strlen(text)) || !*text ||
	    strlen(text) > LES_CODE_TEXT_BYTES_MAX)
		return les_fail(maker->reterr, n > LES_CODE_LABELS_MAX ? LES_LIMIT : LES_FORMAT,
				"codec: \"%.40s\" has %zu labels", text, n);
	code->text = les_arena_strndup(maker->arena, text, strlen(text));
	if (!labels || !code->text)
		return les_fail(maker->reterr, LES_NOMEM, "no memory for a codec");
	for (size_t i = 0; i < n; i++) {
		const json_t *label = one ? value : json_array_get(value, i);
		const json_int_t v = json_integer_value(label);
		if (!json_is_integer(label) || v < 1 || v > LES_CODES_MAX)
			return les_fail(maker->reterr, LES_FORMAT,
					"codec: \"%.40s\" has a label that is not from 1 to %u",
					text, LES_CODES_MAX);
		labels[i] = (uint32_t)v;
	}
	code->labels = labels;
	code->labels_n = (uint32_t)n;
	return LES_OK;
}

/* An object, or a string that holds one. */
static enum les_kind read_codec(struct les_maker *maker, json_t *codec)
{
	LES_CLEANUP(json_decref_p) json_t *inner = NULL;
	struct les_weights *weights = maker->weights;
	enum les_kind kind = LES_OK;
	const char *text;
	json_t *value;

	if (json_is_string(codec)) {
		kind = les_model_json(json_string_value(codec), json_string_length(codec),
				      "the codec", &inner, maker->reterr);
		codec = inner;
	}
	if (kind != LES_OK || !codec || json_is_null(codec))
		return kind;
	if (!json_is_object(codec))
		return les_fail(maker->reterr, LES_FORMAT, "the codec is no object");
	if (json_object_size(codec) > LES_CODES_MAX)
		return les_fail(maker->reterr, LES_LIMIT, "the codec has more than %u entries",
				LES_CODES_MAX);
	weights->codes =
		les_arena_alloc(maker->arena, json_object_size(codec), sizeof *weights->codes);
	if (!weights->codes)
		return les_fail(maker->reterr, LES_NOMEM, "no memory for a codec");
	json_object_foreach(codec, text, value)
	{
		kind = read_labels(maker, text, value, &weights->codes[weights->codes_n++]);
		if (kind != LES_OK)
			return kind;
	}
	return LES_OK;
}

/* ---- classes ---- */

static enum les_kind read_class_group(struct les_maker *maker, enum les_class_kind which,
				      json_t *group)
{
	struct les_weights *weights = maker->weights;
	const char *name;
	json_t *value;

	json_object_foreach(group, name, value)
	{
		struct les_class *to = &weights->classes[weights->classes_n];
		const json_int_t channel = json_integer_value(value);
		if (weights->classes_n == LES_CLASSES_MAX || strlen(name) > LES_NAME_BYTES_MAX)
			return les_fail(maker->reterr, LES_LIMIT,
					"class_mapping has more than %u classes, or too long a "
					"name",
					LES_CLASSES_MAX);
		if (!json_is_integer(value) || channel < 0 || channel > UINT16_MAX)
			return les_fail(maker->reterr, LES_FORMAT,
					"class_mapping: \"%.40s\" has no channel", name);
		*to = (struct les_class){.kind = which, .channel = (uint32_t)channel};
		to->name = les_arena_strndup(maker->arena, name, strlen(name));
		if (!to->name)
			return les_fail(maker->reterr, LES_NOMEM, "no memory for classes");
		weights->classes_n++;
	}
	return LES_OK;
}

static enum les_kind read_classes(struct les_maker *maker, const json_t *mapping)
{
	static const struct {
		const char *key;
		enum les_class_kind kind;
	} groups[] = {{"aux", LES_CLASS_AUX},
		      {"baselines", LES_CLASS_BASELINE},
		      {"regions", LES_CLASS_REGION}};
	enum les_kind kind = LES_OK;

	maker->weights->classes =
		les_arena_alloc(maker->arena, LES_CLASSES_MAX, sizeof *maker->weights->classes);
	if (!maker->weights->classes)
		return les_fail(maker->reterr, LES_NOMEM, "no memory for classes");
	for (size_t i = 0; i < LES_COUNT(groups) && kind == LES_OK; i++) {
		json_t *group = json_object_get(mapping, groups[i].key);
		kind = read_class_group(maker, groups[i].kind, group);
	}
	return kind;
}

/* ---- the rest ---- */

/* What a net is for: a word, several, or nothing. */
static enum les_kind read_kind(struct les_maker *maker, const json_t *type)
{
	const json_t *first = json_is_array(type) ? json_array_get(type, 0) : type;
	const char *word = json_string_value(first);

	if (!word || strcmp(word, "recognition") == 0)
		maker->weights->kind = LES_NET_RECOGNITION;
	else if (strcmp(word, "segmentation") == 0)
		maker->weights->kind = LES_NET_SEGMENTATION;
	else
		return les_fail(maker->reterr, LES_UNSUPPORTED,
				"a model for \"%.40s\", which is neither recognition nor "
				"segmentation",
				word);
	if (json_array_size(type) > 1)
		return les_fail(maker->reterr, LES_UNSUPPORTED,
				"a model for several tasks at once");
	return LES_OK;
}

static enum les_kind read_flags(struct les_maker *maker, const struct les_model_meta *from)
{
	struct les_weights *weights = maker->weights;
	const char *seg_type = json_string_value(json_object_get(from->meta, "seg_type"));
	const json_t *legacy = json_object_get(from->meta, "legacy_polygons");
	const json_t *topline = json_object_get(from->meta, "topline");
	const json_t *temperature = json_object_get(from->meta, "temperature");

	if (seg_type && strcmp(seg_type, "bbox") != 0 && strcmp(seg_type, "baselines") != 0)
		return les_fail(maker->reterr, LES_UNSUPPORTED, "seg_type \"%.40s\" is not known",
				seg_type);
	weights->boxes = seg_type && strcmp(seg_type, "bbox") == 0;
	if (weights->kind == LES_NET_RECOGNITION) {
		const bool is_legacy = json_is_boolean(legacy) ? json_is_true(legacy)
							       : from->legacy_polygons_missing;
		weights->cut = json_is_true(json_object_get(from->meta, "lesart_bands"))
				       ? LES_CUT_BAND
			       : is_legacy ? LES_CUT_POLYGON_LEGACY
					   : LES_CUT_POLYGON;
	}
	weights->topline = json_is_true(topline);
	weights->plain_boxes = json_is_true(json_object_get(from->meta, "lesart_plain_boxes"));
	if (json_is_number(temperature) && json_number_value(temperature) > 0 &&
	    json_number_value(temperature) <= 100)
		weights->temperature = (float)json_number_value(temperature);
	return LES_OK;
}

/* What has a place of its own is not kept twice. */
static enum les_kind keep_rest(struct les_maker *maker, json_t *meta)
{
	LES_CLEANUP(json_decref_p) json_t *rest = meta ? json_copy(meta) : json_object();
	LES_CLEANUP(les_free_p) char *text = NULL;

	json_object_del(rest, "codec");
	json_object_del(rest, "vgsl");
	json_object_del(rest, "class_mapping");
	text = rest ? json_dumps(rest, JSON_COMPACT) : NULL;
	if (!text)
		return les_fail(maker->reterr, LES_NOMEM, "no memory for metadata");
	if (strlen(text) > LES_MODEL_META_BYTES_MAX)
		return les_fail(maker->reterr, LES_LIMIT, "the metadata have more than %u bytes",
				LES_MODEL_META_BYTES_MAX);
	maker->weights->meta = les_arena_strndup(maker->arena, text, strlen(text));
	return maker->weights->meta ? LES_OK
				    : les_fail(maker->reterr, LES_NOMEM, "no memory for metadata");
}

enum les_kind les_maker_meta(struct les_maker *maker, const struct les_model_meta *from)
{
	const char *spec =
		from->spec ? from->spec : json_string_value(json_object_get(from->meta, "vgsl"));
	json_t *codec = from->codec ? from->codec : json_object_get(from->meta, "codec");
	enum les_kind kind;

	if (!spec)
		return les_fail(maker->reterr, LES_FORMAT, "the model has no VGSL spec");
	maker->weights->spec = les_arena_strndup(maker->arena, spec, strlen(spec));
	if (!maker->weights->spec)
		return les_fail(maker->reterr, LES_NOMEM, "no memory for a spec");
	kind = read_kind(maker, json_object_get(from->meta, from->type_key));
	if (kind == LES_OK)
		kind = read_flags(maker, from);
	if (kind == LES_OK)
		kind = read_codec(maker, codec);
	if (kind == LES_OK)
		kind = read_classes(maker, json_object_get(from->meta, "class_mapping"));
	return kind == LES_OK ? keep_rest(maker, from->meta) : kind;
}
