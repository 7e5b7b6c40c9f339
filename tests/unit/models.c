/* Foreign model files: made here, then damaged; and the registry. */
#include "base/cleanup.h"
#include "decode/model.h"
#include "ipc/weights.h"
#include "models/registry.h"
#include "models/write.h"
#include "test.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- a small net with every kind of layer that has weights ---- */

enum { ROOM = 20000 };
static const uint32_t label_1[] = {1}, label_23[] = {2, 3};
static struct les_code codes[] = {{"a", 1, label_1}, {"\xc3\xa4", 2, label_23}};
static float numbers[ROOM];
static struct les_tensor tensors[] = {
	{"C_0.co.weight", 4, {2, 1, 3, 3}, numbers},
	{"C_0.co.bias", 1, {2}, numbers + 40},
	{"C_1.co.weight", 4, {2, 2, 3, 3}, numbers + 50},
	{"C_1.co.bias", 1, {2}, numbers + 90},
	{"Gn_2.layer.weight", 1, {2}, numbers + 92},
	{"Gn_2.layer.bias", 1, {2}, numbers + 94},
	{"L_4.layer.weight_ih_l0", 2, {12, 32}, numbers + 100},
	{"L_4.layer.weight_hh_l0", 2, {12, 3}, numbers + 500},
	{"L_4.layer.bias_ih_l0", 1, {12}, numbers + 600},
	{"L_4.layer.bias_hh_l0", 1, {12}, numbers + 620},
	{"L_4.layer.weight_ih_l0_reverse", 2, {12, 32}, numbers + 900},
	{"L_4.layer.weight_hh_l0_reverse", 2, {12, 3}, numbers + 1100},
	{"L_4.layer.bias_ih_l0_reverse", 1, {12}, numbers + 1200},
	{"L_4.layer.bias_hh_l0_reverse", 1, {12}, numbers + 1220},
	{"L_5.layer.weight_ih_l0", 2, {8, 7}, numbers + 1300},
	{"L_5.layer.weight_hh_l0", 2, {8, 2}, numbers + 1400},
	{"O_7.lin.weight", 2, {4, 2}, numbers + 1500},
	{"O_7.lin.bias", 1, {4}, numbers + 1600},
};
static struct les_weights net = {
	.kind = LES_NET_RECOGNITION,
	.temperature = 1,
	.precision = "f32",
	.meta = "{\"seg_type\":\"bbox\",\"accuracy\":[[1,0.5]]}",
	.boxes = true,
	.cut = LES_CUT_POLYGON_LEGACY,
	.tensors = tensors,
	.tensors_n = LES_COUNT(tensors),
	.codes = codes,
	.codes_n = LES_COUNT(codes),
};

static int set_up(void **state)
{
	(void)state;
	/* 16 rows of 2 channels become 32 channels */
	net.spec = "[1,16,0,1 Cr{C_0}3,3,2 CTl{C_1}3,3,2 Gn{Gn_2}2 S{S_3}1(1x0)1,3 Lbx{L_4}3 "
		   "Lfxc{L_5}2 Do{Do_6}0.1,2 O{O_7}1c4]";
	for (size_t i = 0; i < ROOM; i++) /* what halves hold exactly */
		numbers[i] = (float)((int)(i * 37 % 201) - 100) / 64;
	return 0;
}

static struct les_buf make(bool mlmodel)
{
	struct les_buf out = LES_BUF(1 << 24);
	struct les_error error = {0};
	enum les_kind kind = mlmodel ? les_mlmodel_write(&net, &out, &error)
				     : les_safetensors_write(&net, false, &out, &error);

	if (kind != LES_OK)
		fail_msg("%s", error.message);
	return out;
}

static enum les_kind parse(const void *bytes, size_t n, const char *part, struct les_error *error)
{
	LES_CLEANUP(les_arena_done) struct les_arena arena = LES_ARENA(LES_WEIGHTS_BYTES_MAX);
	struct les_weights got;

	return les_model_file_parse(bytes, n, part, &arena, &got, error);
}

static void both_formats_are_read(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 6; round++) {
		const bool mlmodel = round % 2;
		net.cut = (enum les_line_cut)(round / 2);
		LES_CLEANUP(les_buf_done) struct les_buf bytes = make(mlmodel);
		LES_CLEANUP(les_arena_done)
		struct les_arena arena = LES_ARENA(LES_WEIGHTS_BYTES_MAX);
		struct les_weights got;
		struct les_error error = {0};
		if (les_model_file_parse(bytes.bytes, bytes.len, "", &arena, &got, &error))
			fail_msg("%s", error.message);
		assert_string_equal(got.spec, net.spec);
		assert_true(got.boxes && got.cut == net.cut);
		assert_int_equal(got.tensors_n, net.tensors_n);
		for (uint32_t i = 0; i < got.tensors_n; i++) {
			const struct les_tensor *t = les_weights_lookup(&got, tensors[i].name);
			assert_non_null(t);
			if (!mlmodel || !strstr(t->name, "bias_"))
				assert_memory_equal(t->values, tensors[i].values,
						    les_tensor_values(t) * sizeof(float));
		}
		assert_int_equal(got.codes_n, 2);
		assert_memory_equal(got.codes[1].labels, label_23, sizeof label_23);
	}
}

/* What is kept of a model's metadata: a member as long as the cap, and one that leaves room. */
static void metadata_have_a_cap(void **state)
{
	static const char start[] = "{\"a\":\"";
	const char *before = net.meta;

	(void)state;
	for (size_t n = LES_MODEL_META_BYTES_MAX - 4096; n <= LES_MODEL_META_BYTES_MAX; n += 4096) {
		LES_CLEANUP(les_free_p) char *meta = malloc(n + 16);
		assert_non_null(meta);
		memcpy(meta, start, sizeof start - 1);
		memset(meta + sizeof start - 1, 'x', n);
		memcpy(meta + sizeof start - 1 + n, "\"}", 3);
		net.meta = meta;
		LES_CLEANUP(les_buf_done) struct les_buf bytes = make(false);
		assert_int_equal(parse(bytes.bytes, bytes.len, "", NULL),
				 n < LES_MODEL_META_BYTES_MAX ? LES_OK : LES_LIMIT);
	}
	net.meta = before;
}

static void cut_anywhere_they_are_errors(void **state)
{
	(void)state;
	for (int mlmodel = 0; mlmodel < 2; mlmodel++) {
		LES_CLEANUP(les_buf_done) struct les_buf bytes = make(mlmodel);
		for (size_t n = 0; n < bytes.len; n++) {
			/* of its own size, so that a sanitizer sees a read behind it */
			LES_CLEANUP(les_free_p) uint8_t *copy = malloc(n ? n : 1);
			memcpy(copy, bytes.bytes, n);
			assert_int_not_equal(parse(copy, n, "", NULL), LES_OK);
		}
	}
}

/* Each bit of what is not weights; what comes of it is right or an error, never worse. */
static void flipped_bits_do_no_harm(void **state)
{
	(void)state;
	for (int mlmodel = 0; mlmodel < 2; mlmodel++) {
		LES_CLEANUP(les_buf_done) struct les_buf bytes = make(mlmodel);
		uint32_t refused_n = 0;
		for (size_t i = 0; i < bytes.len * 8; i += i < 20000 ? 3 : 41) {
			bytes.bytes[i / 8] ^= (uint8_t)(1 << i % 8);
			refused_n += parse(bytes.bytes, bytes.len, "", NULL) != LES_OK;
			bytes.bytes[i / 8] ^= (uint8_t)(1 << i % 8);
		}
		assert_true(refused_n > 1000);
	}
}

/* ---- .safetensors whose header says something wrong ---- */

/* A file of this header and so many zeros. */
static struct les_buf file_of(const char *header, size_t zeros)
{
	struct les_buf out = LES_BUF(1 << 24);

	les_buf_u64(&out, strlen(header));
	les_buf_puts(&out, header);
	for (size_t i = 0; i < zeros; i++)
		les_buf_u8(&out, 0);
	assert_false(out.failed);
	return out;
}

#define META(meta)                                                                                 \
	"{\"__metadata__\":{\"kraken_meta\":\"{\\\"m\\\":{\\\"_model\\\":"                         \
	"\\\"TorchVGSLModel\\\"" meta "}}\"}"
#define SPEC ",\\\"vgsl\\\":\\\"[1,1,0,1 O1c3]\\\""
#define CODEC ",\\\"codec\\\":{\\\"a\\\":[1],\\\"b\\\":[2]}"
#define ROW(name, shape, from, to)                                                                 \
	",\"m.nn." name "\":{\"dtype\":\"F32\",\"shape\":[" shape "],\"data_offsets\":[" #from     \
	"," #to "]}"
#define LIN ROW("O_0.lin.weight", "3,1", 0, 12) ROW("O_0.lin.bias", "3", 12, 24)

static const struct {
	const char *name, *header;
	size_t zeros;
	enum les_kind want;
	const char *words; /* in the message */
} wrong[] = {
	{"sound", META(SPEC CODEC) LIN "}", 24, LES_OK, ""},
	{"not JSON", "{\"a", 0, LES_FORMAT, "JSON"},
	{"no metadata", "{}", 0, LES_UNSUPPORTED, "kraken_meta"},
	{"metadata no object", "{\"__metadata__\":{\"kraken_meta\":\"[]\"}}", 0, LES_FORMAT,
	 "object"},
	{"no model", "{\"__metadata__\":{\"kraken_meta\":\"{}\"}}", 0, LES_FORMAT, "no model"},
	{"another class",
	 "{\"__metadata__\":{\"kraken_meta\":\"{\\\"m\\\":{\\\"_model\\\":\\\"ROMLP\\\"}}"
	 "\"}"
	 "}",
	 0, LES_UNSUPPORTED, "VGSL"},
	{"reading order", META(",\\\"_tasks\\\":[\\\"reading_order\\\"]" SPEC CODEC) LIN "}", 24,
	 LES_UNSUPPORTED, "reading_order"},
	{"no spec", META(CODEC) LIN "}", 24, LES_FORMAT, "spec"},
	{"unknown layer", META(",\\\"vgsl\\\":\\\"[1,1,0,1 Xy3 O1c3]\\\"" CODEC) LIN "}", 24,
	 LES_UNSUPPORTED, "Xy3"},
	{"no codec", META(SPEC) LIN "}", 24, LES_FORMAT, "codec"},
	{"label beyond the outputs", META(SPEC ",\\\"codec\\\":{\\\"a\\\":[3]}") LIN "}", 24,
	 LES_FORMAT, "label 3"},
	{"label 0", META(SPEC ",\\\"codec\\\":{\\\"a\\\":[0]}") LIN "}", 24, LES_FORMAT, "label"},
	{"label 4 G", META(SPEC ",\\\"codec\\\":{\\\"a\\\":[4294967297]}") LIN "}", 24, LES_FORMAT,
	 "label"},
	{"no labels", META(SPEC ",\\\"codec\\\":{\\\"a\\\":[]}") LIN "}", 24, LES_FORMAT,
	 "0 labels"},
	{"twice the same label", META(SPEC ",\\\"codec\\\":{\\\"a\\\":[1],\\\"b\\\":[1]}") LIN "}",
	 24, LES_FORMAT, "begin"},
	{"a code begins another",
	 META(SPEC ",\\\"codec\\\":{\\\"a\\\":[1],\\\"b\\\":[1,2]}") LIN "}", 24, LES_FORMAT,
	 "begin"},
	{"codec as a number", META(SPEC ",\\\"codec\\\":7") LIN "}", 24, LES_FORMAT, "codec"},
	{"tensor missing", META(SPEC CODEC) ROW("O_0.lin.weight", "3,1", 0, 12) "}", 12, LES_FORMAT,
	 "O_0.lin.bias"},
	{"one too many", META(SPEC CODEC) LIN ROW("X_9.lin.bias", "1", 24, 28) "}", 28,
	 LES_UNSUPPORTED, "X_9.lin.bias"},
	{"wrong shape",
	 META(SPEC CODEC) ROW("O_0.lin.weight", "1,3", 0, 12) ROW("O_0.lin.bias", "3", 12, 24) "}",
	 24, LES_FORMAT, "1×3"},
	{"shape and bytes differ", META(SPEC CODEC) ROW("O_0.lin.weight", "3,2", 0, 12) "}", 12,
	 LES_FORMAT, "O_0.lin.weight"},
	{"dims overflow",
	 META(SPEC CODEC) ROW("O_0.lin.weight", "4294967295,4294967295,4294967295", 0, 12) "}", 12,
	 LES_FORMAT, "O_0.lin.weight"},
	{"a side of -1", META(SPEC CODEC) ROW("O_0.lin.weight", "-1", 0, 12) "}", 12, LES_FORMAT,
	 "O_0.lin.weight"},
	{"rank 5", META(SPEC CODEC) ROW("O_0.lin.weight", "1,1,1,1,3", 0, 12) "}", 12, LES_FORMAT,
	 "O_0.lin.weight"},
	{"overlap",
	 META(SPEC CODEC) ROW("O_0.lin.weight", "3,1", 0, 12) ROW("O_0.lin.bias", "3", 8, 20) "}",
	 20, LES_FORMAT, "overlaps"},
	{"gap",
	 META(SPEC CODEC) ROW("O_0.lin.weight", "3,1", 0, 12) ROW("O_0.lin.bias", "3", 16, 28) "}",
	 28, LES_FORMAT, "gap"},
	{"bytes left over", META(SPEC CODEC) LIN "}", 25, LES_FORMAT, "no tensor"},
	{"beyond the end", META(SPEC CODEC) LIN "}", 20, LES_FORMAT, "outside"},
	{"4 GB", META(SPEC CODEC) ROW("O_0.lin.weight", "1073741824", 0, 4294967296) "}", 12,
	 LES_FORMAT, "outside"},
	{"another dtype",
	 META(SPEC CODEC) ",\"m.nn.O_0.lin.bias\":{\"dtype\":\"I8\",\"shape\":[3],"
			  "\"data_offsets\":[0,3]}}",
	 3, LES_UNSUPPORTED, "I8"},
	{"of no model",
	 META(SPEC CODEC) ",\"x.nn.O_0.lin.bias\":{\"dtype\":\"F32\",\"shape\":[3],"
			  "\"data_offsets\":[0,12]}}",
	 12, LES_FORMAT, "x.nn.O_0.lin.bias"},
	{"not of the net",
	 META(SPEC CODEC) ",\"m.aux.bias\":{\"dtype\":\"F32\",\"shape\":[3],"
			  "\"data_offsets\":[0,12]}}",
	 12, LES_UNSUPPORTED, "m.aux.bias"},
	{"a segmenter that ends in text",
	 META(",\\\"_tasks\\\":[\\\"segmentation\\\"]" SPEC) LIN "}", 24, LES_UNSUPPORTED, "O_0"},
};

static void wrong_headers_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < LES_COUNT(wrong); i++) {
		LES_CLEANUP(les_buf_done)
		struct les_buf bytes = file_of(wrong[i].header, wrong[i].zeros);
		struct les_error error = {.kind = LES_OK};
		const enum les_kind kind = parse(bytes.bytes, bytes.len, "", &error);
		if (kind != wrong[i].want || !strstr(error.message, wrong[i].words))
			fail_msg("%s: %d, %s", wrong[i].name, kind, error.message);
	}
}

static void deep_json_is_refused(void **state)
{
	LES_CLEANUP(les_buf_done) struct les_buf header = LES_BUF(1 << 22);

	(void)state;
	les_buf_puts(&header, "{\"a\":");
	for (int i = 0; i < 1000000; i++)
		les_buf_puts(&header, "[");
	LES_CLEANUP(les_buf_done) struct les_buf bytes = file_of((char *)header.bytes, 0);
	assert_int_equal(parse(bytes.bytes, bytes.len, "", NULL), LES_FORMAT);
}

/* The place of a float in a file. */
static uint8_t *find_value(const struct les_buf *bytes, float v)
{
	return memmem(bytes->bytes, bytes->len, &v, sizeof v);
}

static void what_is_no_number_is_refused(void **state)
{
	static const float bad[] = {NAN, INFINITY, -INFINITY};

	(void)state;
	for (int mlmodel = 0; mlmodel < 2; mlmodel++) {
		for (size_t i = 0; i < LES_COUNT(bad); i++) {
			struct les_error error = {.kind = LES_OK};
			numbers[1500] = 12345.5f;
			LES_CLEANUP(les_buf_done) struct les_buf bytes = make(mlmodel);
			uint8_t *at = find_value(&bytes, 12345.5f);
			assert_non_null(at);
			memcpy(at, &bad[i], sizeof bad[i]);
			assert_int_equal(parse(bytes.bytes, bytes.len, "", &error), LES_FORMAT);
			assert_non_null(strstr(error.message, "O_7"));
		}
	}
	set_up(NULL);
}

/* Mixed storage, a codec in a string, NaN in the metadata, a file with two models. */
static void odd_but_sound_files_are_read(void **state)
{
	static const char header[] =
		"{\"__metadata__\":{\"kraken_meta\":\"{"
		"\\\"m\\\":{\\\"_model\\\":\\\"TorchVGSLModel\\\",\\\"metrics\\\":[NaN,-Infinity],"
		"\\\"codec\\\":\\\"{\\\\\\\"a\\\\\\\": [1], \\\\\\\"NaN\\\\\\\": 2}\\\"" SPEC "},"
		"\\\"k\\\":{\\\"_model\\\":\\\"TorchVGSLModel\\\",\\\"_tasks\\\":["
		"\\\"recognition\\\"]" SPEC CODEC "}}\"},"
		"\"m.nn.O_0.lin.weight\":{\"dtype\":\"F32\",\"shape\":[3,1],\"data_offsets\":[0,12]"
		"},"
		"\"m.nn.O_0.lin.bias\":{\"dtype\":\"BF16\",\"shape\":[3],\"data_offsets\":[12,18]},"
		"\"k.nn.O_0.lin.weight\":{\"dtype\":\"F16\",\"shape\":[3,1],\"data_offsets\":[18,"
		"24]},"
		"\"k.nn.O_0.lin.bias\":{\"dtype\":\"F16\",\"shape\":[3],\"data_offsets\":[24,30]}}";
	/* 1, -2, smallest subnormal; largest, 1/3, -0 */
	static const uint8_t halves[] = {0x00, 0x3c, 0x00, 0xc0, 0x01, 0x00,
					 0xff, 0x7b, 0x55, 0x35, 0x00, 0x80};
	static const float want[] = {1, -2, 0x1p-24f, 65504, 0.333251953125f, -0.0f};
	LES_CLEANUP(les_buf_done) struct les_buf bytes = file_of(header, 30);
	LES_CLEANUP(les_arena_done) struct les_arena arena = LES_ARENA(LES_WEIGHTS_BYTES_MAX);
	struct les_weights got;
	struct les_error error = {0};

	(void)state;
	memcpy(bytes.bytes + bytes.len - 12, halves, sizeof halves);
	bytes.bytes[bytes.len - 17] = 0x40; /* bf16: 2 */
	assert_int_equal(parse(bytes.bytes, bytes.len, "", &error), LES_ARG);
	assert_non_null(strstr(error.message, "1 m (recognition), 2 k (recognition)"));
	assert_int_equal(parse(bytes.bytes, bytes.len, "3", &error), LES_ARG);
	assert_int_equal(parse(bytes.bytes, bytes.len, "m", &error), LES_OK);
	assert_int_equal(les_model_file_parse(bytes.bytes, bytes.len, "2", &arena, &got, &error),
			 LES_OK);
	assert_string_equal(got.precision, "f16");
	assert_memory_equal(les_weights_lookup(&got, "O_0.lin.weight")->values, want, 12);
	assert_memory_equal(les_weights_lookup(&got, "O_0.lin.bias")->values, want + 3, 12);
	assert_int_equal(les_model_file_parse(bytes.bytes, bytes.len, "1", &arena, &got, &error),
			 LES_OK);
	assert_string_equal(got.precision, "bf16+f32");
	assert_true(les_weights_lookup(&got, "O_0.lin.bias")->values[0] == 2.0f);
	assert_string_equal(got.codes[1].text, "NaN");
	assert_non_null(strstr(got.meta, "[null,null]"));
}

static void halves_that_do_not_fit_are_refused(void **state)
{
	LES_CLEANUP(les_buf_done) struct les_buf out = LES_BUF(1 << 24);
	struct les_error error = {0};

	(void)state;
	numbers[1500] = 65520;
	assert_int_equal(les_safetensors_write(&net, true, &out, &error), LES_LIMIT);
	assert_non_null(strstr(error.message, "O_7.lin.weight"));
	numbers[1500] = 65519;
	les_buf_reset(&out);
	assert_int_equal(les_safetensors_write(&net, true, &out, &error), LES_OK);
	set_up(NULL);
}

/* ---- the registry ---- */

struct place {
	char path[64];
	struct les_registry registry;
	struct les_card card;
	int weights_fd;
};

static struct place place_new(void)
{
	struct place place = {.path = "/tmp/lesart-models-XXXXXX"};
	char deep[80];
	size_t n;
	void *bytes;

	assert_non_null(mkdtemp(place.path));
	snprintf(deep, sizeof deep, "%s/deep", place.path);
	assert_int_equal(les_registry_init(deep, NULL, NULL, &place.registry, NULL), LES_OK);
	les_card_init(&place.card);
	place.card.script = "kurrent";
	place.card.cer_raw = 0.05f;
	assert_int_equal(les_weights_size(&net, &n, NULL), LES_OK);
	assert_int_equal(les_memfd_map_new(n, &bytes, &place.weights_fd, NULL), LES_OK);
	les_weights_write(&net, bytes, n);
	assert_int_equal(les_memfd_seal(place.weights_fd, bytes, n, NULL), LES_OK);
	return place;
}

static void place_done(struct place *place)
{
	char command[128];

	snprintf(command, sizeof command, "rm -r %s", place->path);
	assert_int_equal(system(command), 0);
	les_registry_done(&place->registry);
	les_fd_close(&place->weights_fd);
}

static enum les_kind import(struct place *place, const char *name, bool replace)
{
	const struct les_import what = {.name = name,
					.original_ending = "bin",
					.original_fd = place->weights_fd,
					.weights_fd = place->weights_fd,
					.weights = &net,
					.card = &place->card,
					.replace = replace};

	return les_registry_import(&place->registry, &what, NULL);
}

static enum les_kind find(struct place *place, const char *name, struct les_found *ret)
{
	return les_registry_find(&place->registry, name, ret, NULL);
}

static void names_are_no_paths(void **state)
{
	static const char *const bad[] = {"",     ".",   "..",       ".hidden", "a/b",
					  "../a", "a b", "\xc3\xa4", "a\nb"};
	char long_name[66];
	LES_CLEANUP(place_done) struct place place = place_new();

	(void)state;
	memset(long_name, 'a', 65);
	long_name[65] = 0;
	assert_false(les_model_name_valid(long_name));
	assert_true(les_model_name_valid(long_name + 1));
	assert_true(les_model_name_valid("a.b_C-9"));
	for (size_t i = 0; i < LES_COUNT(bad); i++) {
		assert_false(les_model_name_valid(bad[i]));
		assert_int_equal(import(&place, bad[i], true), LES_ARG);
	}
}

static enum les_kind count(void *context, const struct les_found *found, struct les_error *reterr)
{
	(void)found;
	(void)reterr;
	++*(uint32_t *)context;
	return LES_OK;
}

static void models_go_in_and_come_out(void **state)
{
	LES_CLEANUP(place_done) struct place place = place_new();
	LES_CLEANUP(les_found_done) struct les_found found = LES_FOUND_NONE;
	LES_CLEANUP(les_arena_done) struct les_arena arena = LES_ARENA(1 << 20);
	struct les_card card;
	struct les_net_file got;
	uint32_t n = 0;

	(void)state;
	assert_int_equal(find(&place, "one", &found), LES_NOTFOUND);
	assert_int_equal(import(&place, "one", false), LES_OK);
	assert_int_equal(import(&place, "one", false), LES_ARG);
	place.card.sender = "Anna";
	assert_int_equal(import(&place, "one", true), LES_OK);
	assert_int_equal(import(&place, "two", false), LES_OK);
	assert_int_equal(find(&place, "one", &found), LES_OK);
	assert_int_equal(les_found_card(&found, &arena, &card, NULL), LES_OK);
	assert_string_equal(card.script, "kurrent");
	assert_string_equal(card.sender, "Anna");
	assert_true(fabsf(card.cer_raw - 0.05f) < 1e-6f);
	assert_true(card.cer_normalised < 0);
	assert_int_equal(les_found_net(&found, true, NULL, &got, NULL), LES_OK);
	assert_string_equal(got.weights.spec, net.spec);
	les_net_file_done(&got);
	assert_int_equal(les_found_verify(&found, NULL), LES_OK);
	assert_int_equal(les_registry_each(&place.registry, count, &n, NULL), LES_OK);
	assert_int_equal(n, 2); /* and nothing half made */
	LES_CLEANUP(les_found_done) struct les_found by_path = LES_FOUND_NONE;
	assert_int_equal(find(&place, found.path, &by_path), LES_OK);
	assert_string_equal(by_path.name, "one");
}

static void damage_is_told(void **state)
{
	LES_CLEANUP(place_done) struct place place = place_new();
	LES_CLEANUP(les_found_done) struct les_found found = LES_FOUND_NONE;
	struct les_error error;
	const char *const files[] = {"weights.les", "original.bin"};

	(void)state;
	for (size_t i = 0; i < LES_COUNT(files); i++) {
		les_found_done(&found);
		assert_int_equal(import(&place, "one", true), LES_OK);
		assert_int_equal(find(&place, "one", &found), LES_OK);
		int fd = openat(found.folder, files[i], O_WRONLY | O_CLOEXEC);
		assert_int_equal(pwrite(fd, "X", 1, 2000), 1);
		close(fd);
		assert_int_equal(les_found_verify(&found, &error), LES_FORMAT);
		assert_non_null(strstr(error.message, files[i]));
		assert_int_equal(unlinkat(found.folder, files[i], 0), 0);
		assert_int_equal(les_found_verify(&found, &error), LES_NOTFOUND);
	}
}

static enum les_kind take_name(void *context, const struct les_found *found,
			       struct les_error *reterr)
{
	(void)reterr;
	les_buf_printf(context, "%s ", found->name);
	return LES_OK;
}

/* One's own before others', each by name; a name twice is the first. */
static void folders_are_looked_through_in_order(void **state)
{
	LES_CLEANUP(place_done) struct place own = place_new();
	LES_CLEANUP(place_done) struct place other = place_new();
	struct les_registry both = {{own.registry.folders[0], other.registry.folders[0]}, 2};
	LES_CLEANUP(les_buf_done) struct les_buf names = LES_BUF(1000);

	(void)state;
	assert_int_equal(import(&own, "m", false), LES_OK);
	assert_int_equal(import(&own, "x", false), LES_OK);
	assert_int_equal(import(&other, "m", false), LES_OK);
	assert_int_equal(import(&other, "a", false), LES_OK);
	assert_int_equal(import(&other, "b", false), LES_OK);
	assert_int_equal(les_registry_each(&both, take_name, &names, NULL), LES_OK);
	assert_string_equal((const char *)names.bytes, "m x a b ");
}

static void self_tests_are_kept(void **state)
{
	LES_CLEANUP(place_done) struct place place = place_new();
	LES_CLEANUP(les_found_done) struct les_found found = LES_FOUND_NONE;
	LES_CLEANUP(les_self_test_done) struct les_self_test test = {0};

	(void)state;
	assert_int_equal(import(&place, "one", false), LES_OK);
	assert_int_equal(find(&place, "one", &found), LES_OK);
	assert_int_equal(les_found_self_test(&found, &test, NULL), LES_NOTFOUND);
	assert_int_equal(
		les_found_self_test_write(&found, "line", 4, "G\"r\xc3\xbc\xc3\x9f", NULL, NULL),
		LES_OK);
	assert_int_equal(les_found_verify(&found, NULL), LES_OK);
	assert_int_equal(les_found_self_test(&found, &test, NULL), LES_OK);
	assert_int_equal(test.input.n, 4);
	assert_memory_equal(test.input.bytes, "line", 4);
	assert_string_equal(test.text, "G\"r\xc3\xbc\xc3\x9f");
	assert_null(test.logits_sha256);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_formats_are_read),
		cmocka_unit_test(metadata_have_a_cap),
		cmocka_unit_test(cut_anywhere_they_are_errors),
		cmocka_unit_test(flipped_bits_do_no_harm),
		cmocka_unit_test(wrong_headers_are_refused),
		cmocka_unit_test(deep_json_is_refused),
		cmocka_unit_test(what_is_no_number_is_refused),
		cmocka_unit_test(odd_but_sound_files_are_read),
		cmocka_unit_test(halves_that_do_not_fit_are_refused),
		cmocka_unit_test(names_are_no_paths),
		cmocka_unit_test(models_go_in_and_come_out),
		cmocka_unit_test(damage_is_told),
		cmocka_unit_test(folders_are_looked_through_in_order),
		cmocka_unit_test(self_tests_are_kept),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
