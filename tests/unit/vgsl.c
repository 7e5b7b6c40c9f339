/* VGSL specs: what they say, and what is wrong with bad ones. */
#include "test.h"

#include "nn/vgsl.h"

#include <stdlib.h>
#include <string.h>

static struct les_graph graph;
static struct les_extent extents[LES_LAYERS_MAX];

static void parse(const char *spec)
{
	struct les_error error = {0};

	if (les_vgsl_parse(spec, &graph, &error) != LES_OK)
		fail_msg("%s: %s", spec, error.message);
}

static void krakens_recogniser(void **state)
{
	static const char *names[] = {"C_0",  "Do_1",  "Mp_2", "C_3",   "Do_4", "Mp_5", "C_6",
				      "Do_7", "Mp_8",  "C_9",  "Do_10", "S_11", "L_12", "Do_13",
				      "L_14", "Do_15", "L_16", "Do_17", "O_18"};
	(void)state;
	parse("[1,120,0,1 Cr3,13,32 Do0.1,2 Mp2,2 Cr3,13,32 Do0.1,2 Mp2,2 Cr3,9,64 Do0.1,2 Mp2,2 "
	      "Cr3,9,64 Do0.1,2 S1(1x0)1,3 Lbx200 Do0.1,2 Lbx200 Do0.1,2 Lbx200 Do O1c94]");
	assert_int_equal(graph.layers_n, LES_COUNT(names));
	for (size_t i = 0; i < LES_COUNT(names); i++)
		assert_string_equal(graph.layers[i].name, names[i]);
	assert_int_equal(graph.in_h, 120);
	assert_int_equal(graph.out_c, 94);
	assert_int_equal(graph.layers[11].out_c, 960);
	assert_int_equal(graph.layers[12].in_c, 960);
	assert_int_equal(graph.layers[14].in_c, 400);
	assert_true(graph.layers[13].dropout.p > 0.099f && graph.layers[13].dropout.p < 0.101f);
	assert_int_equal(les_graph_extents(&graph, 120, 1203, extents, NULL), LES_OK);
	assert_int_equal(extents[18].h, 1);
	assert_int_equal(extents[18].w, 150);
	assert_int_equal(les_graph_extents(&graph, 120, 7, extents, NULL), LES_OK);
	assert_int_equal(extents[18].w, 0);
}

static void krakens_segmenter(void **state)
{
	(void)state;
	parse("[1,1800,0,3 Cr{C_0}7,7,64,2,2 Gn{Gn_1}32 Cr3,3,128,2,2 Lbx32 Lby32 Cr1,1,32 O2l4]");
	assert_string_equal(graph.layers[0].name, "C_0");
	assert_string_equal(graph.layers[6].name, "l_6");
	assert_int_equal(graph.layers[3].out_c, 64);
	assert_int_equal(les_graph_extents(&graph, 1800, 1151, extents, NULL), LES_OK);
	assert_int_equal(extents[0].h, 900);
	assert_int_equal(extents[0].w, 576);
	assert_int_equal(extents[6].h, 450);
	assert_int_equal(extents[6].w, 288);
}

static void other_layers(void **state)
{
	(void)state;
	parse("[1,48,0,1 Clr4,2,8,4,2,3,5 CTm{up}3,3,4,2,2 Lfys7 Do{d} O{o}1ca3]");
	assert_int_equal(graph.layers[0].conv.act, LES_ACT_LEAKY);
	assert_int_equal(graph.layers[0].conv.dilation_w, 5);
	assert_true(graph.layers[1].conv.transposed && graph.layers[1].conv.softmax);
	assert_true(graph.layers[2].lstm.along_y && graph.layers[2].lstm.last_only);
	assert_false(graph.layers[2].lstm.both_ways);
	assert_true(graph.layers[3].dropout.p == 0.5f && graph.layers[3].dropout.dims == 1);
	assert_true(graph.layers[4].linear.augmented);
	parse("[1,12,0,2 S1(3x4)3,1 S1(1x0)1,3 O1c5]");
	assert_int_equal(graph.layers[0].out_c, 6);
	assert_int_equal(graph.layers[1].out_c, 24);
}

static void branches(void **state)
{
	(void)state;
	parse("[1,8,0,3 ([Cr3,3,4 Cr3,3,3] I) A3,3 O1c2]");
	assert_int_equal(graph.layers_n, 6);
	assert_int_equal(graph.layers[2].from, LES_INPUT);
	assert_string_equal(graph.layers[2].name, "I_2");
	assert_int_equal(graph.layers[3].op, LES_OP_CONCAT);
	assert_int_equal(graph.layers[3].out_c, 6);
	assert_int_equal(graph.branches[0], 1);
	assert_int_equal(graph.branches[1], 2);
	assert_string_equal(graph.layers[4].name, "A_3");
	assert_int_equal(graph.layers[4].out_c, 3);
}

static const struct {
	const char *spec;
	enum les_kind want;
	const char *words; /* in the message */
} bad[] = {
	{"", LES_FORMAT, "["},
	{"1,48,0,1 Cr3,3,8", LES_FORMAT, "["},
	{"[", LES_FORMAT, "number"},
	{"[1,48,0]", LES_FORMAT, "comma"},
	{"[1,48,0,1]", LES_FORMAT, "layers"},
	{"[1,48,0,0 Cr3,3,8]", LES_FORMAT, "small"},
	{"[1,48,0,1 ]", LES_UNSUPPORTED, "kind of layer"},
	{"[1,48,0,1 Cr3,3,8", LES_FORMAT, "brackets"},
	{"[1,48,0,1 Cr3,3,8]]", LES_FORMAT, "behind"},
	{"[1,48,0,1 Cr3,3,8)", LES_FORMAT, "brackets"},
	{"[1,48,0,1  Cr3,3,8]", LES_UNSUPPORTED, "kind of layer"},
	{"[1,48,0,1 Cr3,3]", LES_FORMAT, "outputs"},
	{"[1,48,0,1 Cr3,3,8,2]", LES_FORMAT, "comma"},
	{"[1,48,0,1 Cr3,3,8,0,2]", LES_FORMAT, "Cr3,3,8,0,2"},
	{"[1,48,0,1 Cr0,3,8]", LES_FORMAT, "small"},
	{"[1,48,0,1 Cr3,3,0]", LES_FORMAT, "small"},
	{"[1,48,0,1 Cr300,3,8]", LES_LIMIT, "large"},
	{"[1,48,0,1 Cr3,3,99999999999999999999]", LES_LIMIT, "large"},
	{"[1,48,0,1 Cr3,3,-8]", LES_FORMAT, "number"},
	{"[1,48,0,1 Cq3,3,8]", LES_UNSUPPORTED, "activation"},
	{"[1,48,0,1 Cr{C 0}3,3,8]", LES_FORMAT, "name"},
	{"[1,48,0,1 Cr{}3,3,8]", LES_FORMAT, "name"},
	{"[1,48,0,1 Cr{C_0 3,3,8]", LES_FORMAT, "name"},
	{"[1,48,0,1 Cr3,3,8x]", LES_FORMAT, "more than"},
	{"[1,48,0,1 Lbx]", LES_FORMAT, "number"},
	{"[1,48,0,1 Lqx8]", LES_FORMAT, "f, r or b"},
	{"[1,48,0,1 Lbz8]", LES_FORMAT, "x or y"},
	{"[1,48,0,1 Lbxo8]", LES_UNSUPPORTED, "ocropy"},
	{"[1,48,0,1 Lbx60000]", LES_LIMIT, "large"},
	{"[1,48,0,1 Gbx8]", LES_UNSUPPORTED, "Gbx8"},
	{"[1,48,0,6 Gn4]", LES_FORMAT, "divide"},
	{"[1,48,0,1 Do1.5]", LES_FORMAT, "probability"},
	{"[1,48,0,1 Do0.1,3]", LES_LIMIT, "large"},
	{"[1,48,0,1 Mp2]", LES_FORMAT, "comma"},
	{"[1,48,0,1 Mp50,2]", LES_FORMAT, "nothing is left"},
	{"[1,48,0,1 S1(0x0)1,3]", LES_FORMAT, "both"},
	{"[1,48,0,1 S1(5x0)1,3]", LES_FORMAT, "make up"},
	{"[1,48,0,1 S1(1x0)2,3]", LES_FORMAT, "neither"},
	{"[1,48,0,1 S2(1x0)2,3]", LES_UNSUPPORTED, "reshape"},
	{"[1,0,0,1 S1(1x0)1,3]", LES_UNSUPPORTED, "not fixed"},
	{"[1,48,0,60000 S1(1x0)1,3]", LES_LIMIT, "channels"},
	{"[1,48,0,1 O0c5]", LES_UNSUPPORTED, "output"},
	{"[1,48,0,1 O2c5]", LES_UNSUPPORTED, "CTC"},
	{"[1,48,0,1 O1x5]", LES_FORMAT, "l, s or c"},
	{"[1,48,0,4 A1,2]", LES_UNSUPPORTED, "addition"},
	{"[1,48,0,4 A3,8]", LES_FORMAT, "chunk"},
	{"[1,48,0,1 W{W_0}8,2,0.1,3]", LES_UNSUPPORTED, "W{W_0}"},
	{"[1,48,0,1 ()]", LES_UNSUPPORTED, "kind of layer"},
	{"[1,48,0,1 (Cr3,3,8]", LES_FORMAT, "brackets"},
	{"[1,48,0,1 Zebra\nx]", LES_UNSUPPORTED, "Zebra?x"},
};

static void bad_specs_are_refused_with_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < LES_COUNT(bad); i++) {
		struct les_error error = {0};
		const enum les_kind got = les_vgsl_parse(bad[i].spec, &graph, &error);
		if (got != bad[i].want || !strstr(error.message, bad[i].words))
			fail_msg("%s gives %d, \"%s\"", bad[i].spec, got, error.message);
	}
}

static void long_and_deep_specs_are_refused(void **state)
{
	char *spec = malloc(LES_SPEC_BYTES_MAX + 2);

	(void)state;
	assert_non_null(spec);
	memset(spec, '[', LES_SPEC_BYTES_MAX + 1);
	spec[LES_SPEC_BYTES_MAX + 1] = 0;
	assert_int_equal(les_vgsl_parse(spec, &graph, NULL), LES_LIMIT);
	memcpy(spec, "[1,8,0,1 ", 9);
	spec[200] = 0;
	assert_int_equal(les_vgsl_parse(spec, &graph, NULL), LES_LIMIT);
	/* One layer more than there may be. */
	spec[9] = 0;
	for (uint32_t i = 0; i <= LES_LAYERS_MAX; i++)
		memcpy(spec + 9 + 2 * i, "I ", 3);
	spec[9 + 2 * LES_LAYERS_MAX + 1] = ']';
	assert_int_equal(les_vgsl_parse(spec, &graph, NULL), LES_LIMIT);
	free(spec);
}

static void cut_anywhere_it_is_an_error(void **state)
{
	static const char whole[] = "[1,48,0,1 ([Cr{C_0}3,13,16,1,1,1,1 I] Lbx8) Gn2 Mp2,2 "
				    "S1(1x0)1,3 Lfxs32 A3,3 Do0.1,2 O{O_1}1ca39]";
	char spec[sizeof whole];

	(void)state;
	parse(whole);
	for (size_t n = 0; n < sizeof whole - 1; n++) {
		memcpy(spec, whole, n);
		spec[n] = 0;
		assert_int_not_equal(les_vgsl_parse(spec, &graph, NULL), LES_OK);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(krakens_recogniser),
		cmocka_unit_test(krakens_segmenter),
		cmocka_unit_test(other_layers),
		cmocka_unit_test(branches),
		cmocka_unit_test(bad_specs_are_refused_with_words),
		cmocka_unit_test(long_and_deep_specs_are_refused),
		cmocka_unit_test(cut_anywhere_it_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
