/* Canonical nets: written, read back, damaged. */
#include "ipc/weights.h"
#include "base/cleanup.h"
#include "test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const uint32_t label_1[] = {1}, label_23[] = {2, 3};
static struct les_code codes[] = {{"a", 1, label_1}, {"\xc3\xa4", 2, label_23}};
static struct les_class classes[] = {{"default", LES_CLASS_BASELINE, 2}};
static float kernel[6] = {1, 2, 3, 4, 5, 6}, bias[2] = {-1, 0.5f};
static struct les_tensor tensors[] = {{"C_0.co.weight", 4, {2, 1, 1, 3}, kernel},
				      {"C_0.co.bias", 1, {2}, bias}};
static const struct les_weights net = {
	.kind = LES_NET_RECOGNITION,
	.spec = "[1,1,0,1 Cl{C_0}1,3,2 O{O_1}1c4]",
	.cut = LES_CUT_POLYGON_LEGACY,
	.plain_boxes = true,
	.temperature = 1.5f,
	.precision = "f16",
	.meta = "{\"seg_type\":\"baselines\"}",
	.tensors = tensors,
	.tensors_n = 2,
	.codes = codes,
	.codes_n = 2,
	.classes = classes,
	.classes_n = 1,
};

/* The net's file; free() it. */
static uint8_t *file_of(size_t *ret_n)
{
	uint8_t *bytes;

	assert_int_equal(les_weights_size(&net, ret_n, NULL), LES_OK);
	bytes = aligned_alloc(64, (*ret_n + 63) & ~(size_t)63);
	assert_non_null(bytes);
	memset(bytes, 0, *ret_n);
	les_weights_write(&net, bytes, *ret_n);
	return bytes;
}

static enum les_kind parse(const uint8_t *bytes, size_t n, bool verify)
{
	LES_CLEANUP(les_arena_done)
	struct les_arena arena = LES_ARENA(LES_WEIGHTS_TABLES_BYTES_MAX);
	struct les_weights got;
	enum les_kind kind = les_weights_parse(bytes, n, &arena, &got, NULL);

	return kind == LES_OK && verify ? les_weights_verify(bytes, n, &got, NULL) : kind;
}

static void a_net_comes_back(void **state)
{
	LES_CLEANUP(les_arena_done)
	struct les_arena arena = LES_ARENA(LES_WEIGHTS_TABLES_BYTES_MAX);
	struct les_weights got;
	size_t n;
	LES_CLEANUP(les_free_p) uint8_t *bytes = file_of(&n);
	(void)state;

	assert_int_equal(les_weights_parse(bytes, n, &arena, &got, NULL), LES_OK);
	assert_int_equal(les_weights_verify(bytes, n, &got, NULL), LES_OK);
	assert_string_equal(got.spec, net.spec);
	assert_string_equal(got.meta, net.meta);
	assert_string_equal(got.precision, "f16");
	assert_true(got.cut == LES_CUT_POLYGON_LEGACY && got.plain_boxes && !got.boxes &&
		    !got.topline);
	assert_true(got.temperature == 1.5f);
	assert_int_equal(got.codes_n, 2);
	assert_string_equal(got.codes[1].text, "\xc3\xa4");
	assert_memory_equal(got.codes[1].labels, label_23, sizeof label_23);
	assert_int_equal(got.classes[0].channel, 2);
	assert_string_equal(got.tensors[0].name, "C_0.co.weight");
	assert_memory_equal(got.tensors[0].values, kernel, sizeof kernel);
	assert_memory_equal(got.tensors[1].values, bias, sizeof bias);
	for (uint32_t i = 0; i < got.tensors_n; i++)
		assert_int_equal((uintptr_t)got.tensors[i].values % 64, 0);

	/* and gives the same bytes again */
	size_t again_n;
	assert_int_equal(les_weights_size(&got, &again_n, NULL), LES_OK);
	assert_int_equal(again_n, n);
	LES_CLEANUP(les_free_p) uint8_t *again = calloc(1, n);
	assert_non_null(again);
	les_weights_write(&got, again, n);
	assert_memory_equal(again, bytes, n);
}

static void cut_anywhere_it_is_an_error(void **state)
{
	size_t n;
	LES_CLEANUP(les_free_p) uint8_t *bytes = file_of(&n);

	(void)state;
	for (size_t i = 0; i < n; i++)
		assert_int_equal(parse(bytes, i, false), LES_FORMAT);
}

/* Every bit: in the header and tables most are an error at once; whatever is left the hash tells.
 */
static void every_flipped_bit_is_told(void **state)
{
	size_t n;
	LES_CLEANUP(les_free_p) uint8_t *bytes = file_of(&n);

	(void)state;
	for (size_t i = LES_WEIGHTS_HEADER_BYTES * 8; i < n * 8; i++) {
		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_int_not_equal(parse(bytes, n, true), LES_OK);
		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	for (size_t i = 0; i < LES_WEIGHTS_HEADER_BYTES * 8; i++) {
		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
		(void)parse(bytes, n, true); /* flags and temperature may change; nothing breaks */
		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	assert_int_equal(parse(bytes, n, true), LES_OK);
}

static void put_u32(uint8_t *at, uint32_t v)
{
	memcpy(at, &v, sizeof v);
}

static void spoil_magic(uint8_t *b)
{
	b[0] = 'X';
}
static void spoil_version(uint8_t *b)
{
	put_u32(b + 8, 2);
}
static void spoil_kind(uint8_t *b)
{
	put_u32(b + 12, 9);
}
static void spoil_size(uint8_t *b)
{
	b[16]++;
}
static void spoil_flags(uint8_t *b)
{
	put_u32(b + 56, 32);
}
static void spoil_cut(uint8_t *b)
{
	put_u32(b + 56, 2 | 16);
}
static void spoil_temperature(uint8_t *b)
{
	const float v = NAN;
	memcpy(b + 60, &v, sizeof v);
}
static void spoil_tensors(uint8_t *b)
{
	put_u32(b + 64, UINT32_MAX);
}
static void spoil_codes(uint8_t *b)
{
	put_u32(b + 72, 3);
}
static void spoil_labels(uint8_t *b)
{
	put_u32(b + 76, 4);
}
static void spoil_strings(uint8_t *b)
{
	put_u32(b + 84, 1);
}
static void spoil_reserved(uint8_t *b)
{
	b[100] = 1;
}
static void spoil_rank(uint8_t *b)
{
	put_u32(b + 128, 5);
}
static void spoil_dims(uint8_t *b)
{
	for (int i = 0; i < 4; i++)
		put_u32(b + 132 + 4 * i, UINT32_MAX);
}
static void spoil_side(uint8_t *b)
{
	put_u32(b + 132, 0);
}

static void damaged_nets_are_refused(void **state)
{
	static const struct {
		const char *name;
		void (*spoil)(uint8_t *bytes);
		enum les_kind want;
	} bad[] = {
		{"magic", spoil_magic, LES_FORMAT},
		{"version", spoil_version, LES_UNSUPPORTED},
		{"kind", spoil_kind, LES_FORMAT},
		{"size", spoil_size, LES_FORMAT},
		{"flags", spoil_flags, LES_FORMAT},
		{"cut in two ways", spoil_cut, LES_FORMAT},
		{"temperature", spoil_temperature, LES_FORMAT},
		{"4 G tensors", spoil_tensors, LES_FORMAT},
		{"one code more", spoil_codes, LES_FORMAT},
		{"one label more", spoil_labels, LES_FORMAT},
		{"4 GB of strings", spoil_strings, LES_FORMAT},
		{"reserved", spoil_reserved, LES_FORMAT},
		{"rank", spoil_rank, LES_FORMAT},
		{"dims overflow", spoil_dims, LES_FORMAT},
		{"a side of 0", spoil_side, LES_FORMAT},
	};

	(void)state;
	for (size_t i = 0; i < LES_COUNT(bad); i++) {
		size_t n;
		LES_CLEANUP(les_free_p) uint8_t *bytes = file_of(&n);
		print_message("%s\n", bad[i].name);
		bad[i].spoil(bytes);
		assert_int_equal(parse(bytes, n, false), bad[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_net_comes_back),
		cmocka_unit_test(cut_anywhere_it_is_an_error),
		cmocka_unit_test(every_flipped_bit_is_told),
		cmocka_unit_test(damaged_nets_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
