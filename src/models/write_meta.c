#include "models/write_meta.h"

#include <string.h>

static void set(json_t *object, const char *key, json_t *value)
{
	json_object_set_new(object, key, value);
}

static void set_missing(json_t *object, const char *key, json_t *value)
{
	if (json_object_get(object, key))
		json_decref(value);
	else
		set(object, key, value);
}

static json_t *class_mapping(const struct les_weights *weights)
{
	static const char *const groups[] = {[LES_CLASS_AUX] = "aux",
					     [LES_CLASS_BASELINE] = "baselines",
					     [LES_CLASS_REGION] = "regions"};
	json_t *mapping = json_object();

	for (size_t i = LES_CLASS_AUX; i <= LES_CLASS_REGION; i++)
		set(mapping, groups[i], json_object());
	for (uint32_t i = 0; i < weights->classes_n; i++) {
		const struct les_class *class = &weights->classes[i];
		set(json_object_get(mapping, groups[class->kind]), class->name,
		    json_integer(class->channel));
	}
	return mapping;
}

json_t *les_meta_json(const struct les_weights *weights, bool kraken_7)
{
	const bool recognition = weights->kind == LES_NET_RECOGNITION;
	const char *task = recognition ? "recognition" : "segmentation";
	json_t *old = json_loads(weights->meta, 0, NULL), *meta = json_object();
	const char *key;
	json_t *value;

	if (kraken_7) {
		set(meta, "_kraken_min_version", json_string("5.0.0"));
		set(meta, "_tasks", json_pack("[s]", task));
		set(meta, "_model", json_string("TorchVGSLModel"));
	}
	json_object_foreach(old, key, value) if (key[0] != '_') json_object_set(meta, key, value);
	json_decref(old);
	set(meta, "model_type", kraken_7 ? json_pack("[s]", task) : json_string(task));
	set_missing(meta, "accuracy", json_array());
	set_missing(meta, "metrics", json_array());
	set_missing(meta, "one_channel_mode", json_null());
	set_missing(meta, "hyper_params", json_object());
	if (recognition) {
		if (weights->boxes)
			set(meta, "seg_type", json_string("bbox"));
		set_missing(meta, "seg_type", json_null());
		set(meta, "legacy_polygons", json_boolean(weights->cut == LES_CUT_POLYGON_LEGACY));
		/* kraken leaves these alone */
		if (weights->plain_boxes)
			set(meta, "lesart_plain_boxes", json_true());
		if (weights->cut == LES_CUT_BAND)
			set(meta, "lesart_bands", json_true());
		else
			json_object_del(meta, "lesart_bands");
	} else {
		set_missing(meta, "seg_type", json_null());
		set(meta, "class_mapping", class_mapping(weights));
		set(meta, "topline", json_boolean(weights->topline));
	}
	return meta;
}

json_t *les_codec_json(const struct les_weights *weights)
{
	json_t *codec = weights->codes_n ? json_object() : NULL;

	for (uint32_t i = 0; i < weights->codes_n; i++) {
		json_t *labels = json_array();
		for (uint32_t k = 0; k < weights->codes[i].labels_n; k++)
			json_array_append_new(labels, json_integer(weights->codes[i].labels[k]));
		set(codec, weights->codes[i].text, labels);
	}
	return codec;
}

char *les_json_python(const json_t *json)
{
	return json_dumps(json, JSON_ENSURE_ASCII);
}
