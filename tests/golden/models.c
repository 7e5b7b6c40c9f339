/* Model files of kraken: every one there is parses, and says what kraken says of it. */
#include "data.h"

#include "base/cleanup.h"
#include "decode/model.h"
#include "models/write.h"
#include "test.h"

#include <math.h>
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
		assert_true((weights->cut == LES_CUT_POLYGON_LEGACY) ==
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

/* ---- written again ---- */

static struct model model_from(const struct les_buf *bytes)
{
	struct model model = {.arena = LES_ARENA(LES_WEIGHTS_BYTES_MAX)};
	struct les_error error;

	assert_false(bytes->failed);
	if (les_model_file_parse(bytes->bytes, bytes->len, "", &model.arena, &model.weights,
				 &error) != LES_OK)
		fail_msg("%s", error.message);
	return model;
}

static const char *const files[] = {
	"resources/overfit.mlmodel",
	"resources/overfit_newpoly.mlmodel",
	"resources/overfit_bl.safetensors",
	"resources/overfit_bl_newpoly.safetensors",
	"resources/model_small.mlmodel",
	"resources/model_small.safetensors",
	"resources/model_small_fp16.safetensors",
	"resources/merge_tests/merge_codec_nfd.mlmodel",
	"rec/random_lstm.mlmodel",
	"rec/random_lstm.safetensors",
	"blla/random_blla.safetensors",
};

static void assert_described_alike(const struct les_weights *a, const struct les_weights *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_string_equal(a->spec, b->spec);
	assert_true(a->boxes == b->boxes && a->cut == b->cut && a->topline == b->topline);
	assert_int_equal(a->codes_n, b->codes_n);
	for (uint32_t i = 0; i < a->codes_n; i++) {
		assert_string_equal(a->codes[i].text, b->codes[i].text);
		assert_int_equal(a->codes[i].labels_n, b->codes[i].labels_n);
		assert_memory_equal(a->codes[i].labels, b->codes[i].labels,
				    a->codes[i].labels_n * sizeof(uint32_t));
	}
	assert_int_equal(a->classes_n, b->classes_n);
	for (uint32_t i = 0; i < a->classes_n; i++) {
		assert_string_equal(a->classes[i].name, b->classes[i].name);
		assert_int_equal(a->classes[i].kind, b->classes[i].kind);
		assert_int_equal(a->classes[i].channel, b->classes[i].channel);
	}
	assert_int_equal(a->tensors_n, b->tensors_n);
}

static void assert_same_values(const struct les_weights *a, const struct les_weights *b)
{
	for (uint32_t i = 0; i < a->tensors_n; i++) {
		const struct les_tensor *t = &a->tensors[i];
		const struct les_tensor *u = les_weights_lookup(b, t->name);
		assert_non_null(u);
		assert_int_equal(t->rank, u->rank);
		assert_memory_equal(t->dims, u->dims, t->rank * sizeof t->dims[0]);
		assert_memory_equal(t->values, u->values, les_tensor_values(t) * sizeof(float));
	}
}

static void safetensors_come_back_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < LES_COUNT(files); i++) {
		LES_CLEANUP(model_done) struct model was = model_of(files[i]);
		LES_CLEANUP(les_buf_done) struct les_buf out = LES_BUF(1 << 30);
		assert_int_equal(les_safetensors_write(&was.weights, false, &out, NULL), LES_OK);
		LES_CLEANUP(model_done) struct model is = model_from(&out);
		assert_described_alike(&was.weights, &is.weights);
		assert_same_values(&was.weights, &is.weights);
		assert_string_equal(is.weights.precision, "f32");
	}
}

/* What was stored in halves comes back whole; the rest is the nearest half. */
static void halves_are_the_nearest(void **state)
{
	(void)state;
	for (size_t i = 0; i < LES_COUNT(files); i++) {
		LES_CLEANUP(model_done) struct model was = model_of(files[i]);
		LES_CLEANUP(les_buf_done) struct les_buf out = LES_BUF(1 << 30);
		LES_CLEANUP(les_buf_done) struct les_buf again = LES_BUF(1 << 30);
		assert_int_equal(les_safetensors_write(&was.weights, true, &out, NULL), LES_OK);
		LES_CLEANUP(model_done) struct model is = model_from(&out);
		assert_string_equal(is.weights.precision, "f16");
		assert_described_alike(&was.weights, &is.weights);
		if (strstr(files[i], "fp16"))
			assert_same_values(&was.weights, &is.weights);
		for (uint32_t k = 0; k < was.weights.tensors_n; k++) {
			const struct les_tensor *t = &was.weights.tensors[k];
			const struct les_tensor *u = les_weights_lookup(&is.weights, t->name);
			for (size_t v = 0; v < les_tensor_values(t); v++)
				assert_true(fabsf(t->values[v] - u->values[v]) <=
					    fmaxf(fabsf(t->values[v]) * 0x1p-11f, 0x1p-25f));
		}
		/* halves of halves are the same bytes, but for the id */
		assert_int_equal(les_safetensors_write(&is.weights, true, &again, NULL), LES_OK);
		assert_int_equal(again.len, out.len);
	}
}

/* CoreML has one bias where torch has two, so a second round changes nothing more. */
static void mlmodels_come_back_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < LES_COUNT(files); i++) {
		LES_CLEANUP(model_done) struct model was = model_of(files[i]);
		LES_CLEANUP(les_buf_done) struct les_buf out = LES_BUF(1 << 30);
		LES_CLEANUP(les_buf_done) struct les_buf again = LES_BUF(1 << 30);
		assert_int_equal(les_mlmodel_write(&was.weights, &out, NULL), LES_OK);
		LES_CLEANUP(model_done) struct model is = model_from(&out);
		assert_described_alike(&was.weights, &is.weights);
		if (strstr(files[i], ".mlmodel"))
			assert_same_values(&was.weights, &is.weights);
		assert_int_equal(les_mlmodel_write(&is.weights, &again, NULL), LES_OK);
		LES_CLEANUP(model_done) struct model twice = model_from(&again);
		assert_same_values(&is.weights, &twice.weights);
	}
}

/* The description of the file's only model. */
static json_t *only_model(const json_t *header)
{
	const json_t *metadata = json_object_get(header, "__metadata__");
	json_t *models = json_loads(golden_string(metadata, "kraken_meta"), 0, NULL);
	json_t *model = json_incref(json_object_iter_value(json_object_iter(models)));

	json_decref(models);
	return model;
}

/* All that kraken's description says ours says, too; tensors in the same order, with the same rows.
 */
static void check_headers(json_t *theirs, json_t *ours)
{
	json_t *a = only_model(theirs), *b = only_model(ours), *value;
	const char *key;

	json_object_foreach(a, key, value)
	{
		if (strcmp(key, "model_type") == 0 || strcmp(key, "_tasks") == 0)
			if (json_is_null(value))
				continue; /* ours says that it is recognition */
		if (!json_equal(value, json_object_get(b, key)))
			fail_msg("%s differs", key);
	}
	json_decref(a);
	json_decref(b);
	void *i = json_object_iter(theirs), *k = json_object_iter(ours);
	for (; i && k; i = json_object_iter_next(theirs, i), k = json_object_iter_next(ours, k)) {
		const char *x = strchr(json_object_iter_key(i), '.');
		const char *y = strchr(json_object_iter_key(k), '.');
		assert_true(!x == !y);
		if (!x)
			continue;
		assert_string_equal(x, y);
		assert_true(json_equal(json_object_iter_value(i), json_object_iter_value(k)));
	}
	assert_true(!i && !k);
}

/* kraken's own file and ours for the same net: the same header but for the id, the same values. */
static void headers_are_as_kraken_writes_them(void **state)
{
	static const char *const names[] = {
		"rec/random_lstm.safetensors", "resources/overfit_bl.safetensors",
		"resources/model_small_fp16.safetensors", "blla/random_blla.safetensors"};

	(void)state;
	for (size_t i = 0; i < LES_COUNT(names); i++) {
		LES_CLEANUP(model_done) struct model was = model_of(names[i]);
		LES_CLEANUP(les_buf_done) struct les_buf theirs = golden_bytes(names[i]);
		LES_CLEANUP(les_buf_done) struct les_buf ours = LES_BUF(1 << 30);
		uint64_t a, b;
		assert_int_equal(
			les_safetensors_write(&was.weights, strstr(names[i], "fp16"), &ours, NULL),
			LES_OK);
		memcpy(&a, theirs.bytes, sizeof a);
		memcpy(&b, ours.bytes, sizeof b);
		assert_int_equal(theirs.len - a, ours.len - b);
		assert_memory_equal(theirs.bytes + 8 + a, ours.bytes + 8 + b, theirs.len - 8 - a);
		json_t *x = json_loadb((char *)theirs.bytes + 8, a, 0, NULL);
		json_t *y = json_loadb((char *)ours.bytes + 8, b, 0, NULL);
		check_headers(x, y);
		json_decref(x);
		json_decref(y);
	}
}

/* ---- CoreML, field by field ---- */

/* One length-delimited field of a protobuf message in these files. */
struct part {
	const uint8_t *bytes;
	size_t n;
	uint32_t number;
};

static uint64_t varint(const uint8_t **at)
{
	uint64_t v = 0;

	for (int shift = 0;; shift += 7) {
		v |= (uint64_t)(**at & 0x7f) << shift;
		if (*(*at)++ < 0x80)
			return v;
	}
}

/* The next such field; other fields are passed over. */
static bool next_part(const uint8_t **at, const uint8_t *end, struct part *ret)
{
	while (*at < end) {
		const uint64_t tag = varint(at);
		if ((tag & 7) == 2) {
			ret->n = (size_t)varint(at);
			ret->bytes = *at;
			ret->number = (uint32_t)(tag >> 3);
			*at += ret->n;
			return true;
		}
		if ((tag & 7) == 0)
			varint(at);
		else
			*at += (tag & 7) == 1 ? 8 : 4;
	}
	return false;
}

static struct part find_part(const uint8_t *bytes, size_t n, uint32_t number)
{
	const uint8_t *at = bytes;
	struct part part;

	while (next_part(&at, bytes + n, &part))
		if (part.number == number)
			return part;
	return (struct part){0};
}

/* Layers as kraken 7 writes them, byte for byte; custom ones have a map, whose order is chance, and
 * are compared by their weights, which are above, and their length. */
static void layers_are_as_kraken_writes_them(void **state)
{
	LES_CLEANUP(model_done) struct model was = model_of("rec/random_lstm.mlmodel");
	LES_CLEANUP(les_buf_done) struct les_buf theirs = golden_bytes("rec/random_lstm.mlmodel");
	LES_CLEANUP(les_buf_done) struct les_buf ours = LES_BUF(1 << 30);
	struct part x, y;
	uint32_t custom_n = 0, same_n = 0;

	(void)state;
	assert_int_equal(les_mlmodel_write(&was.weights, &ours, NULL), LES_OK);
	const struct part a = find_part(theirs.bytes, theirs.len, 500);
	const struct part b = find_part(ours.bytes, ours.len, 500);
	const uint8_t *i = a.bytes, *k = b.bytes;
	while (next_part(&i, a.bytes + a.n, &x)) {
		assert_true(next_part(&k, b.bytes + b.n, &y));
		assert_int_equal(x.n, y.n);
		if (find_part(x.bytes, x.n, 500).n) {
			custom_n++;
			continue;
		}
		assert_memory_equal(x.bytes, y.bytes, x.n);
		same_n++;
	}
	assert_false(next_part(&k, b.bytes + b.n, &y));
	assert_int_equal(custom_n, 6);
	assert_int_equal(same_n, 11);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recognisers_are_what_kraken_says),
		cmocka_unit_test(nets_are_what_kraken_says),
		cmocka_unit_test(segmenters_are_what_kraken_says),
		cmocka_unit_test(both_formats_give_the_same_net),
		cmocka_unit_test(safetensors_come_back_whole),
		cmocka_unit_test(halves_are_the_nearest),
		cmocka_unit_test(mlmodels_come_back_whole),
		cmocka_unit_test(headers_are_as_kraken_writes_them),
		cmocka_unit_test(layers_are_as_kraken_writes_them),
	};

	if (!golden_present())
		return SKIPPED;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
