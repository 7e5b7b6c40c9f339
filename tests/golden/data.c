#include "data.h"

#include "test.h"

#include <leptonica/allheaders.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *shared(void)
{
	const char *folder = getenv("LESART_SHARED");

	return folder ? folder : LES_SOURCE_ROOT "/../shared";
}

const char *golden_path(const char *name)
{
	static char path[PATH_MAX];
	const int n = snprintf(path, sizeof path, "%s/golden/%s", shared(), name);

	assert_in_range(n, 1, sizeof path - 1);
	return path;
}

bool golden_present(void)
{
	if (access(golden_path("index.json"), R_OK) == 0)
		return true;
	puts("skipped: ../shared not present");
	return false;
}

struct les_bitmap golden_png(const char *name)
{
	PIX *pix = pixRead(golden_path(name));
	struct les_bitmap bitmap;

	assert_non_null(pix);
	const bool colour = pixGetDepth(pix) == 32;
	PIX *whole = colour ? pixClone(pix) : pixConvertTo8(pix, 0);
	assert_int_equal(les_bitmap_new((uint32_t)pixGetWidth(pix), (uint32_t)pixGetHeight(pix),
					colour ? 3 : 1, &bitmap, NULL),
			 LES_OK);
	for (uint32_t y = 0; y < bitmap.h_px; y++) {
		for (uint32_t x = 0; x < bitmap.w_px; x++) {
			l_uint32 value = 0;
			uint8_t *px = bitmap.px + ((size_t)y * bitmap.w_px + x) * bitmap.channels;
			pixGetPixel(whole, (l_int32)x, (l_int32)y, &value);
			for (uint32_t c = 0; c < bitmap.channels; c++)
				px[c] = (uint8_t)(colour ? value >> (24 - 8 * c) : value);
		}
	}
	pixDestroy(&whole);
	pixDestroy(&pix);
	return bitmap;
}

static void parse_shape(const char *header, struct golden_array *array)
{
	const char *at = strstr(header, "'shape': (");

	assert_non_null(at);
	assert_non_null(strstr(header, "'<f4'"));
	at += strlen("'shape': (");
	while (*at != ')') {
		char *end;
		assert_true(array->dims < LES_COUNT(array->shape));
		array->shape[array->dims++] = strtoul(at, &end, 10);
		assert_ptr_not_equal(at, end);
		at = end + strspn(end, ", ");
	}
}

/* Column-major to row-major. */
static void make_row_major(struct golden_array *array, size_t n)
{
	float *from = array->at;

	array->at = calloc(n ? n : 1, sizeof *array->at);
	assert_non_null(array->at);
	for (size_t i = 0; i < n; i++) {
		size_t rest = i, to = 0, stride = n;
		size_t index[4];

		for (uint32_t d = 0; d < array->dims; rest /= array->shape[d++])
			index[d] = rest % array->shape[d];
		for (uint32_t d = 0; d < array->dims; d++) {
			stride /= array->shape[d];
			to += index[d] * stride;
		}
		array->at[to] = from[i];
	}
	free(from);
}

struct golden_array golden_npy(const char *name)
{
	FILE *file = fopen(golden_path(name), "rbe");

	assert_non_null(file);
	return golden_npy_read(file);
}

struct golden_array golden_npy_read(FILE *file)
{
	unsigned char head[10];
	char header[1024] = {0};
	struct golden_array array = {0};
	size_t n = 1;

	assert_int_equal(fread(head, 1, sizeof head, file), sizeof head);
	assert_memory_equal(head, "\x93NUMPY\x01", 7);
	const size_t header_bytes = head[8] | (size_t)head[9] << 8;
	assert_in_range(header_bytes, 1, sizeof header - 1);
	assert_int_equal(fread(header, 1, header_bytes, file), header_bytes);
	parse_shape(header, &array);
	for (uint32_t i = 0; i < array.dims; i++)
		n *= array.shape[i];
	array.at = calloc(n, sizeof *array.at);
	assert_non_null(array.at);
	assert_int_equal(fread(array.at, sizeof *array.at, n, file), n);
	fclose(file);
	if (strstr(header, "'fortran_order': True"))
		make_row_major(&array, n);
	return array;
}

struct les_buf golden_bytes(const char *name)
{
	struct les_buf buf = LES_BUF(1ull << 30);
	char part[65536];
	FILE *file = fopen(golden_path(name), "rbe");
	size_t n;

	assert_non_null(file);
	while ((n = fread(part, 1, sizeof part, file)) > 0)
		les_buf_put(&buf, part, n);
	assert_false(buf.failed || ferror(file));
	fclose(file);
	return buf;
}

json_t *golden_json(const char *name)
{
	json_t *json = json_load_file(golden_path(name), 0, NULL);

	assert_non_null(json);
	return json;
}

size_t golden_each(const char *kind, void (*visit)(const json_t *entry))
{
	json_t *index = golden_json("index.json");
	const json_t *entries = json_object_get(index, "entries");
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(entries); i++) {
		const json_t *entry = json_array_get(entries, i);
		if (strcmp(golden_string(entry, "kind"), kind) == 0) {
			visit(entry);
			n++;
		}
	}
	json_decref(index);
	return n;
}

const char *golden_string(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	assert_non_null(s);
	return s;
}
