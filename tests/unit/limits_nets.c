/* The caps of types/limits.h on nets and on the images before them, each at its edge. */
#include "edge.h"
#include "image/input.h"
#include "image/plane.h"
#include "image/polyline.h"
#include "ipc/weights.h"
#include "nn/vgsl.h"

#include <stdio.h>
#include <stdlib.h>

static enum les_kind spec_of(const char *format, uint64_t n)
{
	static struct les_graph graph;
	char spec[LES_SPEC_BYTES_MAX + 2];

	snprintf(spec, sizeof spec, format, (unsigned long long)n);
	return les_vgsl_parse(spec, &graph, NULL);
}

static enum les_kind spec_kernel(uint64_t n)
{
	return spec_of("[1,0,0,1 Cr1,%llu,1]", n);
}

static enum les_kind spec_pool(uint64_t n)
{
	return spec_of("[1,0,0,1 Mp1,1,1,%llu]", n);
}

static enum les_kind spec_channels(uint64_t n)
{
	return spec_of("[1,0,0,1 Cr1,1,%llu]", n);
}

static enum les_kind spec_head_channels(uint64_t n)
{
	return spec_of("[1,0,0,%llu Do]", n);
}

static enum les_kind spec_side(uint64_t n)
{
	return spec_of("[1,%llu,0,1 Do]", n);
}

/* Where branches are joined, their channels add up. */
static enum les_kind spec_joined(uint64_t n)
{
	return spec_of("[1,0,0,1 (Cr1,1,%llu Cr1,1,1)]", n - 1);
}

static enum les_kind spec_hidden(uint64_t n)
{
	return spec_of("[1,1,0,1 Lfx%llu]", n);
}

/* The outermost bracket is the net's own. */
static enum les_kind spec_depth(uint64_t n)
{
	char spec[256] = "[1,0,0,1 ";
	size_t at = strlen(spec);

	memset(spec + at, '[', n);
	memcpy(spec + at + n, "Do", 2);
	memset(spec + at + n + 2, ']', n + 1);
	return spec_of(spec, 0);
}

static enum les_kind spec_branches(uint64_t n)
{
	char spec[512] = "[1,0,0,1 (Do";
	size_t at = strlen(spec);

	for (uint64_t i = 1; i < n; i++, at += 3)
		memcpy(spec + at, " Do", 3);
	memcpy(spec + at, ")]", 3);
	return spec_of(spec, 0);
}

static enum les_kind spec_layers(uint64_t n)
{
	char spec[2048] = "[1,0,0,1";
	size_t at = strlen(spec);

	for (uint64_t i = 0; i < n; i++, at += 3)
		memcpy(spec + at, " Do", 3);
	memcpy(spec + at, "]", 2);
	return spec_of(spec, 0);
}

/* An image as high, through a layer that leaves it so. */
static enum les_kind extent(uint64_t n)
{
	static struct les_graph graph;
	struct les_extent out[1];

	assert_int_equal(les_vgsl_parse("[1,0,0,1 Do]", &graph, NULL), LES_OK);
	return les_graph_extents(&graph, (uint32_t)n, 1, out, NULL);
}

static void specs_end_at_their_caps(void **state)
{
	(void)state;
	static const struct edge edges[] = {
		{"a kernel", spec_kernel, LES_KERNEL_MAX, LES_LIMIT},
		{"a stride", spec_pool, LES_KERNEL_MAX, LES_LIMIT},
		{"channels", spec_channels, LES_CHANNELS_OUT_MAX, LES_LIMIT},
		{"channels of the input", spec_head_channels, LES_CHANNELS_OUT_MAX, LES_LIMIT},
		{"channels of branches", spec_joined, LES_CHANNELS_OUT_MAX, LES_LIMIT},
		{"an LSTM", spec_hidden, LES_CHANNELS_OUT_MAX / 2, LES_LIMIT},
		{"the input's height", spec_side, LES_PAGE_SIDE_MAX, LES_LIMIT},
		{"depth", spec_depth, LES_LAYER_DEPTH_MAX, LES_LIMIT},
		{"branches", spec_branches, LES_BRANCHES_MAX, LES_LIMIT},
		{"layers", spec_layers, LES_LAYERS_MAX, LES_LIMIT},
		{"an image between layers", extent, LES_EXTENT_MAX, LES_LIMIT},
	};

	edges_hold(edges, LES_COUNT(edges));
}

/* ---- canonical files ---- */

static float one[1] = {1};
static const uint32_t labels[LES_CODE_LABELS_MAX + 1] = {1, 1, 1, 1, 1, 1, 1, 1, 1,
							 1, 1, 1, 1, 1, 1, 1, 1};

/* What reading the file of such a net comes to, or refusing to write it. */
static enum les_kind file_of(struct les_weights net)
{
	LES_CLEANUP(les_arena_done)
	struct les_arena arena = LES_ARENA(LES_WEIGHTS_TABLES_BYTES_MAX);
	struct les_weights got;
	size_t n;

	net.kind = LES_NET_RECOGNITION;
	net.temperature = 1;
	net.precision = net.meta = "";
	if (!net.spec)
		net.spec = "";
	enum les_kind kind = les_weights_size(&net, &n, NULL);
	if (kind != LES_OK)
		return kind;
	LES_CLEANUP(les_free_p) uint8_t *bytes = aligned_alloc(64, (n + 63) & ~(size_t)63);
	assert_non_null(bytes);
	memset(bytes, 0, n);
	les_weights_write(&net, bytes, n);
	return les_weights_parse(bytes, n, &arena, &got, NULL);
}

static enum les_kind file_spec(uint64_t n)
{
	return file_of((struct les_weights){.spec = letters(n)});
}

static enum les_kind file_tensors(uint64_t n)
{
	static struct les_tensor tensors[LES_TENSORS_MAX + 1];

	for (size_t i = 0; i < LES_COUNT(tensors); i++)
		tensors[i] = (struct les_tensor){"t", 1, {1}, one};
	return file_of((struct les_weights){.tensors = tensors, .tensors_n = (uint32_t)n});
}

static enum les_kind file_tensor_name(uint64_t n)
{
	struct les_tensor tensor = {letters(n), 1, {1}, one};

	return file_of((struct les_weights){.tensors = &tensor, .tensors_n = 1});
}

static enum les_kind file_codes(uint64_t n)
{
	static struct les_code codes[LES_CODES_MAX + 1];

	for (size_t i = 0; i < LES_COUNT(codes); i++)
		codes[i] = (struct les_code){"a", 1, labels};
	return file_of((struct les_weights){.codes = codes, .codes_n = (uint32_t)n});
}

static enum les_kind file_code_labels(uint64_t n)
{
	struct les_code code = {"a", (uint32_t)n, labels};

	return file_of((struct les_weights){.codes = &code, .codes_n = 1});
}

static enum les_kind file_code_text(uint64_t n)
{
	struct les_code code = {letters(n), 1, labels};

	return file_of((struct les_weights){.codes = &code, .codes_n = 1});
}

static enum les_kind file_classes(uint64_t n)
{
	static struct les_class classes[LES_CLASSES_MAX + 1];

	for (size_t i = 0; i < LES_COUNT(classes); i++)
		classes[i] = (struct les_class){"c", LES_CLASS_REGION, 0};
	return file_of((struct les_weights){.classes = classes, .classes_n = (uint32_t)n});
}

static enum les_kind file_class_name(uint64_t n)
{
	struct les_class class = {letters(n), LES_CLASS_REGION, 0};

	return file_of((struct les_weights){.classes = &class, .classes_n = 1});
}

static void files_of_nets_end_at_their_caps(void **state)
{
	(void)state;
	static const struct edge edges[] = {
		{"a spec", file_spec, LES_SPEC_BYTES_MAX, LES_FORMAT},
		{"tensors", file_tensors, LES_TENSORS_MAX, LES_LIMIT},
		{"a tensor's name", file_tensor_name, LES_TENSOR_NAME_BYTES_MAX, LES_FORMAT},
		{"codes", file_codes, LES_CODES_MAX, LES_LIMIT},
		{"a code's labels", file_code_labels, LES_CODE_LABELS_MAX, LES_FORMAT},
		{"a code's text", file_code_text, LES_CODE_TEXT_BYTES_MAX, LES_FORMAT},
		{"classes", file_classes, LES_CLASSES_MAX, LES_LIMIT},
		{"a class's name", file_class_name, LES_NAME_BYTES_MAX, LES_FORMAT},
	};

	edges_hold(edges, LES_COUNT(edges));
}

/* A rank beyond the cap has no room in a struct: the number is set in the file. */
static void a_tensor_has_few_sides(void **state)
{
	(void)state;
	struct les_tensor tensor = {"t", LES_TENSOR_RANK_MAX, {1, 1, 1, 1}, one};
	const struct les_weights net = {.kind = LES_NET_RECOGNITION,
					.temperature = 1,
					.spec = "",
					.precision = "",
					.meta = "",
					.tensors = &tensor,
					.tensors_n = 1};
	LES_CLEANUP(les_arena_done)
	struct les_arena arena = LES_ARENA(LES_WEIGHTS_TABLES_BYTES_MAX);
	_Alignas(64) uint8_t bytes[512] = {0};
	struct les_weights got;
	size_t n;

	assert_int_equal(les_weights_size(&net, &n, NULL), LES_OK);
	assert_true(n <= sizeof bytes);
	les_weights_write(&net, bytes, n);
	assert_int_equal(les_weights_parse(bytes, n, &arena, &got, NULL), LES_OK);
	assert_int_equal(bytes[LES_WEIGHTS_HEADER_BYTES], LES_TENSOR_RANK_MAX);
	bytes[LES_WEIGHTS_HEADER_BYTES]++;
	assert_int_equal(les_weights_parse(bytes, n, &arena, &got, NULL), LES_FORMAT);
}

/* ---- images ---- */

static enum les_kind bitmap_side(uint64_t n)
{
	LES_CLEANUP(les_bitmap_done) struct les_bitmap got = {0};

	return les_bitmap_new((uint32_t)n, 1, 1, &got, NULL);
}

/* In rows of 8000 pixels. */
static enum les_kind bitmap_rows(uint64_t n)
{
	LES_CLEANUP(les_bitmap_done) struct les_bitmap got = {0};

	return les_bitmap_new(8000, (uint32_t)n, 1, &got, NULL);
}

static enum les_kind plane_rows(uint64_t n)
{
	LES_CLEANUP(les_plane_done) struct les_plane got = {0};

	return les_plane_new(8000, (uint32_t)n, &got, NULL);
}

/* All rows of 8000 pixels are one and the same. */
static enum les_kind input_rows(uint64_t n)
{
	static const uint8_t row[8000];
	const struct les_image image = {
		.px = row, .w_px = 8000, .h_px = (uint32_t)n, .channels = 1};
	LES_CLEANUP(les_input_done) struct les_input got = {0};

	return les_input_from_resized(&image, 0, &got, NULL);
}

static enum les_kind trace_points(uint64_t n)
{
	LES_CLEANUP(les_polyline_done) struct les_polyline line = {0};
	enum les_kind kind = LES_OK;

	for (uint64_t i = 0; i < n && kind == LES_OK; i++)
		kind = les_polyline_push(&line, (struct les_vec){0, 0}, NULL);
	return kind;
}

static void images_end_at_their_caps(void **state)
{
	(void)state;
	static const struct edge edges[] = {
		{"a side", bitmap_side, LES_BITMAP_SIDE_MAX, LES_LIMIT},
		{"a bitmap", bitmap_rows, LES_PAGE_PX_MAX / 8000, LES_LIMIT},
		{"a heatmap's channel", plane_rows, LES_PLANE_PX_MAX / 8000, LES_LIMIT},
		{"a net's input", input_rows, LES_INPUT_FLOATS_MAX / 8000, LES_LIMIT},
		{"an outline", trace_points, LES_TRACE_POINTS_MAX, LES_LIMIT},
	};

	edges_hold(edges, LES_COUNT(edges));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(specs_end_at_their_caps),
		cmocka_unit_test(files_of_nets_end_at_their_caps),
		cmocka_unit_test(a_tensor_has_few_sides),
		cmocka_unit_test(images_end_at_their_caps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
