/* Model files of kraken: every one there is parses, and says what kraken says of it. */
#include "data.h"

#include "base/cleanup.h"
#include "decode/model.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

/* A parsed model; model_done() frees. */
struct model {
	struct les_arena arena;
	struct les_weights weights;
};

static void model_done(struct model *model)
{
	les_arena_done(&model->arena);
}

static struct model model_of(const char *name)
{
	struct model model = {.arena = LES_ARENA(LES_WEIGHTS_BYTES_MAX)};
	struct les_buf bytes = golden_bytes(name);
	struct les_error error;

	if (les_model_file_parse(bytes.bytes, bytes.len, "", &model.arena, &model.weights,
				 &error) != LES_OK)
		fail_msg("%s: %s", name, error.message);
	les_buf_done(&bytes);
	return model;
}

/* Paths of recognition entries are below resources/ unless they begin with rec/. */
static const char *model_path(const json_t *entry)
{
	static char path[200];
	const char *name = golden_string(entry, "model");
	const bool whole = strncmp(name, "rec/", 4) == 0 || strncmp(name, "blla/", 5) == 0;

	snprintf(path, sizeof path, "%s%s", whole ? "" : "resources/", name);
	return path;
}

static void check_codec(const struct les_weights *weights, json_t *codec)
{
	const char *text;
	json_t *labels;
	uint32_t at = 0;

	assert_int_equal(weights->codes_n, json_object_size(codec));
	json_object_foreach(codec, text, labels)
	{
		const struct les_code *code = &weights->codes[at++];
		assert_string_equal(code->text, text);
		assert_int_equal(code->labels_n, json_array_size(labels));
		for (uint32_t i = 0; i < code->labels_n; i++)
			assert_int_equal(code->labels[i],
					 json_integer_value(json_array_get(labels, i)));
	}
}

static void check_recogniser(const json_t *entry)
{
	LES_CLEANUP(model_done) struct model model = model_of(model_path(entry));
	const struct les_weights *weights = &model.weights;
	const char *seg_type = json_string_value(json_object_get(entry, "seg_type"));
	const bool is_new = strstr(model_path(entry), ".safetensors");

	print_message("%s: %s\n", golden_string(entry, "name"), weights->spec);
	assert_int_equal(weights->kind, LES_NET_RECOGNITION);
	assert_string_equal(weights->spec, golden_string(entry, "vgsl"));
	assert_true(weights->boxes == (seg_type && strcmp(seg_type, "bbox") == 0));
	/* kraken 7 reads an old file that says nothing as a new one; ours knows better */
	if (is_new)
		assert_true(weights->legacy_polygons ==
			    json_is_true(json_object_get(entry, "legacy_polygons")));
	check_codec(weights, json_object_get(entry, "codec"));
}

static void recognisers_are_what_kraken_says(void **state)
{
	(void)state;
	assert_int_equal(golden_each("recognition", check_recogniser), 17);
}

static void check_net(const json_t *entry)
{
	if (strcmp(golden_string(entry, "model"), "model_small_mixed.safetensors") == 0)
		return; /* described, but not there; one like it is made in unit-models */
	LES_CLEANUP(model_done) struct model model = model_of(model_path(entry));
	assert_string_equal(model.weights.spec, golden_string(entry, "vgsl"));
	assert_string_equal(model.weights.precision,
			    strstr(model_path(entry), "fp16") ? "f16" : "f32");
	check_codec(&model.weights, json_object_get(entry, "codec"));
}

static void nets_are_what_kraken_says(void **state)
{
	(void)state;
	assert_int_equal(golden_each("net_only", check_net), 4);
}

static void check_segmenter(const json_t *entry)
{
	LES_CLEANUP(model_done) struct model model = model_of(model_path(entry));
	const struct les_weights *weights = &model.weights;
	static const struct les_class want[] = {{"_start_separator", LES_CLASS_AUX, 0},
						{"_end_separator", LES_CLASS_AUX, 1},
						{"default", LES_CLASS_BASELINE, 2},
						{"text", LES_CLASS_REGION, 3}};

	assert_int_equal(weights->kind, LES_NET_SEGMENTATION);
	assert_string_equal(weights->spec, golden_string(entry, "vgsl"));
	assert_int_equal(weights->classes_n, LES_COUNT(want));
	for (uint32_t i = 0; i < weights->classes_n; i++) {
		assert_string_equal(weights->classes[i].name, want[i].name);
		assert_int_equal(weights->classes[i].kind, want[i].kind);
		assert_int_equal(weights->classes[i].channel, want[i].channel);
	}
	assert_false(weights->topline);
}

static void segmenters_are_what_kraken_says(void **state)
{
	(void)state;
	assert_int_equal(golden_each("blla_net", check_segmenter), 1);
}

/* random_lstm is there in both formats. Biases: CoreML has one, torch two whose sum it is. */
static void both_formats_give_the_same_net(void **state)
{
	LES_CLEANUP(model_done) struct model new = model_of("rec/random_lstm.safetensors");
	LES_CLEANUP(model_done) struct model old = model_of("rec/random_lstm.mlmodel");

	(void)state;
	assert_string_equal(new.weights.spec, old.weights.spec);
	assert_int_equal(new.weights.tensors_n, old.weights.tensors_n);
	for (uint32_t i = 0; i < new.weights.tensors_n; i++) {
		const struct les_tensor *a = &new.weights.tensors[i], *a2 = NULL, *b2 = NULL;
		const struct les_tensor *b = les_weights_lookup(&old.weights, a->name);
		const char *bias = strstr(a->name, "bias_");

		assert_non_null(b);
		assert_int_equal(a->rank, b->rank);
		assert_memory_equal(a->dims, b->dims, sizeof a->dims);
		if (bias) {
			char other[100];
			snprintf(other, sizeof other, "%s", a->name);
			memcpy(other + (bias - a->name) + 5, bias[5] == 'i' ? "hh" : "ih", 2);
			a2 = les_weights_lookup(&new.weights, other);
			b2 = les_weights_lookup(&old.weights, other);
			assert_non_null(a2);
			assert_non_null(b2);
		}
		for (size_t k = 0; k < les_tensor_values(a); k++) {
			const float x = a->values[k] + (a2 ? a2->values[k] : 0);
			const float y = b->values[k] + (b2 ? b2->values[k] : 0);
			assert_true(x == y);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recognisers_are_what_kraken_says),
		cmocka_unit_test(nets_are_what_kraken_says),
		cmocka_unit_test(segmenters_are_what_kraken_says),
		cmocka_unit_test(both_formats_give_the_same_net),
	};

	if (!golden_present())
		return SKIPPED;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
