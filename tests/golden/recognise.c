/* Lines through the whole of the neural reader, against real kraken: model file → canonical weights
 * → line image → net → text, confidences and places. */
#include "data.h"
#include "model.h"

#include "ipc/weights.h"
#include "recognise/neural.h"
#include "test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 2 };

static struct les_points points_of(struct les_page *page, const json_t *array)
{
	const size_t n = json_array_size(array);
	struct les_points points = {les_arena_alloc(&page->arena, n, sizeof *points.at),
				    (uint32_t)n};

	assert_non_null(points.at);
	for (size_t i = 0; i < n; i++) {
		const json_t *p = json_array_get(array, i);
		points.at[i] = (struct les_point){(float)json_number_value(json_array_get(p, 0)),
						  (float)json_number_value(json_array_get(p, 1))};
	}
	return points;
}

static struct les_box box_of(const json_t *array)
{
	int32_t v[4];

	for (size_t i = 0; i < LES_COUNT(v); i++)
		v[i] = (int32_t)json_integer_value(json_array_get(array, i));
	return (struct les_box){v[0], v[1], v[2], v[3]};
}

/* Whether a model was given before; remembers it. */
static bool given(const char id[LES_MODEL_NAME_BYTES_MAX + 1])
{
	static char ids[64][LES_MODEL_NAME_BYTES_MAX + 1];
	static size_t n;

	for (size_t i = 0; i < n; i++)
		if (strcmp(ids[i], id) == 0)
			return true;
	assert_true(n < LES_COUNT(ids));
	memcpy(ids[n++], id, sizeof ids[0]);
	return false;
}

/* The reader keeps the bytes of a model for good. */
static void give_model(const json_t *entry, char id[LES_MODEL_NAME_BYTES_MAX + 1])
{
	struct les_model_ref ref = {.use = LES_MODEL_NET};
	LES_CLEANUP(les_arena_done) struct les_arena arena = LES_ARENA(LES_WEIGHTS_BYTES_MAX);
	struct les_weights weights;
	struct les_error error = {0};
	char sha256[65], path[200];
	size_t n;

	const char *name = golden_string(entry, "model");
	snprintf(path, sizeof path, "%s%s", strncmp(name, "rec/", 4) ? "resources/" : "", name);
	golden_model(path, &arena, &weights);
	assert_int_equal(les_weights_size(&weights, &n, &error), LES_OK);
	uint8_t *bytes = aligned_alloc(64, (n + 63) / 64 * 64);
	assert_non_null(bytes);
	memset(bytes, 0, n);
	les_weights_write(&weights, bytes, n);
	les_sha256_hex(bytes, n, sha256);
	memcpy(ref.id, sha256, sizeof ref.id - 1);
	memcpy(id, ref.id, sizeof ref.id);
	if (given(ref.id))
		free(bytes);
	else if (les_engine_neural.model(&ref, bytes, n, &error) != LES_OK)
		fail_msg("%s", error.message);
}

/* Where kraken's cut begins; one that misses the line's polygon is a point there, and ours moves
 * inwards by up to 16 px. */
static void check_place(const json_t *cut, const struct les_box *box)
{
	const json_t *first = json_array_get(cut, 0);
	const json_int_t x = json_integer_value(json_array_get(first, 0));
	const bool is_point = json_equal(first, json_array_get(cut, 1));

	assert_in_range(x - box->x0_px + 16, is_point ? 0 : 16, is_point ? 48 : 10000);
	assert_true(x <= box->x1_px + (is_point ? 16 : 0));
}

static void check_line(const json_t *entry, const struct les_line *line)
{
	const json_t *want = json_object_get(entry, "confidences_logical");
	const json_t *cuts = json_object_get(entry, "cuts_logical");
	const char *text = golden_string(entry, "text_logical");
	uint32_t n = 0;

	assert_string_equal(line->text, text);
	/* kraken counts spaces, too; ours have no place of their own */
	for (size_t i = 0; i < json_array_size(want); i++) {
		if (*text == ' ') {
			text++;
			continue;
		}
		assert_true(n < line->chars_n);
		const struct les_char *c = &line->chars[n++];
		const size_t bytes = strlen(c->text);
		assert_memory_equal(c->text, text, bytes);
		text += bytes;
		assert_float_equal(c->confidence, (float)json_number_value(json_array_get(want, i)),
				   1e-3);
		check_place(json_array_get(cuts, i), &c->box);
	}
	assert_int_equal(n, line->chars_n);
}

static void check_reading(const json_t *entry)
{
	const json_t *given = json_object_get(entry, "line");
	const json_t *box = json_object_get(given, "bbox");
	struct les_page *page = les_page_new();
	char path[200];
	struct les_bitmap read, grey;
	struct les_read request = {.mode = LES_READ_LINES, .precision = LES_READ_F32};
	struct les_read_done done;
	struct les_error error = {0};

	print_message("%s\n", golden_string(entry, "name"));
	give_model(entry, request.recogniser);
	snprintf(path, sizeof path, "resources/%s", golden_string(entry, "image"));
	read = golden_png(path);
	const struct les_image whole = les_bitmap_view(&read);
	const bool in_colour = strcmp(golden_string(entry, "image_mode"), "RGB") == 0;
	assert_int_equal(les_bitmap_copy(&whole, in_colour ? 3 : 1, &grey, NULL), LES_OK);
	const struct les_image image = les_bitmap_view(&grey);
	assert_non_null(page);
	page->lines_n = 1;
	page->lines = les_arena_alloc(&page->arena, 1, sizeof *page->lines);
	page->lines[0] =
		(struct les_line){.id = "", .text = "", .language = "", .script = "", .region = -1};
	if (box) {
		page->lines[0].box = box_of(box);
	} else {
		page->lines[0].baseline = points_of(page, json_object_get(given, "baseline"));
		page->lines[0].polygon = points_of(page, json_object_get(given, "boundary"));
	}
	if (les_engine_neural.read(&request, &image, page, &done, &error) != LES_OK)
		fail_msg("%s", error.message);
	check_line(entry, &page->lines[0]);
	les_page_free(page);
	les_bitmap_done(&read);
	les_bitmap_done(&grey);
}

static void lines_read_as_in_kraken(void **state)
{
	struct les_error error;

	(void)state;
	assert_int_equal(les_neural_warm_up(THREADS, &error), LES_OK);
	assert_int_equal(golden_each("recognition", check_reading), 17);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_read_as_in_kraken),
	};

	if (!golden_present())
		return SKIPPED;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
