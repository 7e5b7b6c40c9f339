/* Nets against real kraken: input tensor → logits, alone and in batches, one stream and two. */
#include "data.h"
#include "model.h"

#include "base/cleanup.h"
#include "nn/net.h"
#include "test.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum les_precision precision = LES_PRECISION_F32;

/* A model and its net, opened for a test. */
struct opened {
	struct les_arena arena;
	struct les_weights weights;
	struct les_net *net;
	struct les_stream *stream;
};

static const char *model_path(const json_t *entry)
{
	static char path[256];
	const char *name = golden_string(entry, "model");
	const bool whole = strncmp(name, "rec/", 4) == 0 || strncmp(name, "blla/", 5) == 0;

	assert_in_range(snprintf(path, sizeof path, "%s%s", whole ? "" : "resources/", name), 1,
			sizeof path - 1);
	return path;
}

static void open_net(const json_t *entry, uint32_t threads_n, struct opened *ret)
{
	struct les_error error = {0};

	*ret = (struct opened){.arena = LES_ARENA(LES_WEIGHTS_BYTES_MAX)};
	golden_model(model_path(entry), &ret->arena, &ret->weights);
	if (les_net_new(&ret->weights, precision, &ret->net, &error) != LES_OK)
		fail_msg("%s", error.message);
	assert_int_equal(les_stream_new(ret->net, threads_n, &ret->stream, NULL), LES_OK);
}

static void close_net(struct opened *opened)
{
	les_stream_free(opened->stream);
	les_net_free(opened->net);
	les_arena_done(&opened->arena);
}

/* Worst absolute difference to kraken's [C][H][W] (or [C][W]), of which the first `w` columns
 * count. */
static float worst(const struct les_net_map *map, const float *want, uint32_t w, uint32_t stride)
{
	float off = 0;

	assert_int_equal(map->w, w);
	for (uint32_t c = 0; c < map->c; c++)
		for (uint32_t y = 0; y < map->h; y++)
			for (uint32_t x = 0; x < w; x++)
				off = fmaxf(off,
					    fabsf(map->at[y * map->row_stride +
							  x * map->column_stride + c] -
						  want[((size_t)c * map->h + y) * stride + x]));
	return off;
}

static void check_alone(const json_t *entry, float tolerance)
{
	const json_t *files = json_object_get(entry, "files");
	struct golden_array input = golden_npy(golden_string(files, "input"));
	struct golden_array want = golden_npy(golden_string(files, "logits"));
	struct opened opened;
	struct les_net_map map;
	struct les_error error = {0};
	const struct les_net_image image = {input.at, (uint32_t)input.shape[input.dims - 2],
					    (uint32_t)input.shape[input.dims - 1]};
	const uint32_t w = (uint32_t)want.shape[want.dims - 1];

	open_net(entry, 2, &opened);
	if (les_stream_run(opened.stream, &image, 1, &map, &error) != LES_OK)
		fail_msg("%s: %s", golden_string(entry, "name"), error.message);
	const float off = worst(&map, want.at, w, w);
	print_message("%s: off by %.1e\n", golden_string(entry, "name"), (double)off);
	assert_true(off <= tolerance);
	close_net(&opened);
	free(input.at);
	free(want.at);
}

static float tolerance_of(const json_t *entry)
{
	const char *model = golden_string(entry, "model");

	return strstr(model, "fp16") || strstr(model, "mixed") ? 1e-3f : 1e-4f;
}

static void check_recognition(const json_t *entry)
{
	if (access(golden_path(model_path(entry)), R_OK) != 0) {
		print_message("%s: its model is not in the golden folder\n",
			      golden_string(entry, "name"));
		return;
	}
	check_alone(entry, tolerance_of(entry));
}

static void check_segmentation(const json_t *entry)
{
	check_alone(entry, 1e-3f);
}

static void lines_alone(void **state)
{
	(void)state;
	assert_int_equal(golden_each("recognition", check_recognition), 17);
	assert_int_equal(golden_each("net_only", check_recognition), 4);
}

static void heatmaps(void **state)
{
	(void)state;
	assert_int_equal(golden_each("blla_net", check_segmentation), 1);
}

/* "rec/x.npy", or "rec/x.npy[:,:,:333]": only so many columns. */
static struct les_net_image batch_image(const char *name, float **ret_at)
{
	char file[256];
	unsigned columns = 0;
	const char *cut = strchr(name, '[');

	snprintf(file, sizeof file, "%.*s", cut ? (int)(cut - name) : (int)strlen(name), name);
	struct golden_array input = golden_npy(file);
	if (cut)
		assert_int_equal(sscanf(cut, "[:,:,:%u]", &columns), 1);
	else
		columns = (unsigned)input.shape[2];
	for (size_t y = 0; y < input.shape[1]; y++)
		memmove(input.at + y * columns, input.at + y * input.shape[2],
			columns * sizeof *input.at);
	*ret_at = input.at;
	return (struct les_net_image){input.at, (uint32_t)input.shape[1], columns};
}

/* kraken lets a batch's padding reach into its lines: biases fill the padded columns between
 * convolutions, and a line's logits differ by up to 1e-2 from what they are alone. Ours do not, so
 * that only the longest line is held against kraken's batch, and every line against itself. */
static void check_batch(const json_t *entry)
{
	const json_t *inputs = json_object_get(entry, "inputs");
	const json_t *lens = json_object_get(entry, "out_lens");
	struct golden_array want =
		golden_npy(golden_string(json_object_get(entry, "files"), "logits"));
	float *values[3];
	struct les_net_image images[3];
	struct les_net_map maps[3], alone;
	struct opened opened, other;

	open_net(entry, 1, &opened);
	open_net(entry, 1, &other);
	assert_int_equal(json_array_size(inputs), 3);
	for (size_t i = 0; i < 3; i++)
		images[i] = batch_image(json_string_value(json_array_get(inputs, i)), &values[i]);
	assert_int_equal(les_stream_run(opened.stream, images, 3, maps, NULL), LES_OK);
	const size_t columns = want.shape[want.dims - 1];
	const size_t each = les_net_graph(opened.net)->out_c * columns;
	for (size_t i = 0; i < 3; i++) {
		const uint32_t len = (uint32_t)json_integer_value(json_array_get(lens, i));
		const float off = worst(&maps[i], want.at + i * each, len, (uint32_t)columns);
		assert_true(off <= (len == columns ? 1e-4f : 2e-2f));
		assert_int_equal(les_stream_run(other.stream, &images[i], 1, &alone, NULL), LES_OK);
		assert_int_equal(alone.w, len);
		for (size_t k = 0; k < (size_t)len * alone.c; k++)
			assert_true(
				fabsf(alone.at[k] - maps[i].at[k / alone.c * maps[i].column_stride +
							       k % alone.c]) <= 1e-5f);
		free(values[i]);
	}
	close_net(&opened);
	close_net(&other);
	free(want.at);
}

static void lines_in_krakens_batch(void **state)
{
	(void)state;
	assert_int_equal(golden_each("recognition_batch", check_batch), 1);
}

/* Lines of all widths cut out of one, read alone: what every batch must give. */
enum { MANY = 32 };

struct many {
	struct opened opened;
	float *values[MANY];
	struct les_net_image images[MANY];
	float *want[MANY];
	uint32_t w[MANY];
	uint32_t c;
};

static struct many many;

static void copy_map(const struct les_net_map *map, float *to)
{
	for (uint32_t x = 0; x < map->w; x++)
		memcpy(to + (size_t)x * map->c, map->at + x * map->column_stride,
		       map->c * sizeof *to);
}

static void open_many(const json_t *entry)
{
	struct golden_array input =
		golden_npy(golden_string(json_object_get(entry, "files"), "input"));

	if (strcmp(golden_string(entry, "name"), "rndlstm_00") != 0) {
		free(input.at);
		return;
	}
	open_net(entry, 1, &many.opened);
	many.c = les_net_graph(many.opened.net)->out_c;
	const uint32_t h = (uint32_t)input.shape[1], whole = (uint32_t)input.shape[2];
	for (uint32_t i = 0; i < MANY; i++) {
		const uint32_t w = i == 0 ? 1 : i == 1 ? 4 : i == 2 ? 17 : 40 + i * 47;
		struct les_net_map map;
		many.values[i] = calloc((size_t)h * w, sizeof(float));
		assert_non_null(many.values[i]);
		for (uint32_t y = 0; y < h; y++)
			memcpy(many.values[i] + (size_t)y * w,
			       input.at + (size_t)y * whole + (w < whole ? i % (whole - w) : 0),
			       (w < whole ? w : whole) * sizeof(float));
		many.images[i] = (struct les_net_image){many.values[i], h, w};
		assert_int_equal(les_stream_run(many.opened.stream, &many.images[i], 1, &map, NULL),
				 LES_OK);
		many.w[i] = map.w;
		many.want[i] = calloc((size_t)map.w * many.c + 1, sizeof(float));
		assert_non_null(many.want[i]);
		copy_map(&map, many.want[i]);
	}
	free(input.at);
}

static void close_many(void)
{
	for (uint32_t i = 0; i < MANY; i++) {
		free(many.values[i]);
		free(many.want[i]);
	}
	close_net(&many.opened);
}

/* Whether a batch's lines are what they are alone, relative to the line's largest value. */
static void check_maps(const struct les_net_map *maps, uint32_t from, uint32_t n, double allowed)
{
	for (uint32_t i = 0; i < n; i++) {
		const float *want = many.want[from + i];
		double off = 0, most = 0;
		assert_int_equal(maps[i].w, many.w[from + i]);
		for (uint32_t x = 0; x < maps[i].w; x++) {
			for (uint32_t c = 0; c < many.c; c++) {
				const double a = (double)maps[i].at[x * maps[i].column_stride + c];
				const double b = (double)want[(size_t)x * many.c + c];
				off = fmax(off, fabs(a - b));
				most = fmax(most, fabs(b));
			}
		}
		if (!(off <= allowed * most))
			fail_msg("line %u in a batch of %u: off by %.1e of %.1e", from + i, n, off,
				 most);
	}
}

static void *run_all(void *at)
{
	const uint32_t n = *(const uint32_t *)at;
	struct les_stream *stream = NULL;
	struct les_net_map maps[MANY];

	assert_int_equal(les_stream_new(many.opened.net, 1, &stream, NULL), LES_OK);
	for (uint32_t from = 0; from < MANY; from += n) {
		assert_int_equal(les_stream_run(stream, many.images + from, n, maps, NULL), LES_OK);
		check_maps(maps, from, n, precision == LES_PRECISION_F32 ? 1e-6 : 0);
	}
	les_stream_free(stream);
	return NULL;
}

static void batches_are_what_lines_are_alone(void **state)
{
	(void)state;
	assert_int_equal(golden_each("recognition", open_many), 17);
	assert_non_null(many.opened.net);
	assert_int_equal(many.w[0], 0);
	assert_int_equal(many.w[1], 1);
	for (uint32_t n = 1; n <= MANY; n *= n == 1 ? 8 : 4) {
		pthread_t other;
		run_all(&n);
		assert_int_equal(pthread_create(&other, NULL, run_all, &n), 0);
		run_all(&n);
		pthread_join(other, NULL);
	}
	close_many();
}

/* bf16 has 8 bits: near f32 it can only be by what it says. */
static void bf16_is_near(void **state)
{
	(void)state;
	if (!les_bf16_works())
		skip();
	precision = LES_PRECISION_BF16;
	assert_int_equal(golden_each("recognition", open_many), 17);
	struct many narrow = many;
	precision = LES_PRECISION_F32;
	assert_int_equal(golden_each("recognition", open_many), 17);
	for (uint32_t i = 0; i < MANY; i++) {
		double off = 0, most = 0;
		assert_int_equal(narrow.w[i], many.w[i]);
		for (size_t k = 0; k < (size_t)many.w[i] * many.c; k++) {
			off += fabs((double)(narrow.want[i][k] - many.want[i][k]));
			most += fabs((double)many.want[i][k]);
		}
		assert_true(off <= 0.02 * most);
	}
	close_many();
	many = narrow;
	close_many();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_alone),
		cmocka_unit_test(heatmaps),
		cmocka_unit_test(lines_in_krakens_batch),
		cmocka_unit_test(batches_are_what_lines_are_alone),
		cmocka_unit_test(bf16_is_near),
	};

	if (!golden_present())
		return SKIPPED;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
