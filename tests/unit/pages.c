/* train/pages.h: pages carried to the trainer. */
#include "train/pages.h"
#include "base/cleanup.h"
#include "test.h"
#include "types/limits.h"

#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

static const struct les_class classes[] = {
	{"_start_separator", LES_CLASS_AUX, 0},
	{"_end_separator", LES_CLASS_AUX, 1},
	{"default", LES_CLASS_BASELINE, 2},
	{"text", LES_CLASS_REGION, 3},
};
static struct les_point line[] = {{1, 2}, {3.5f, 2}, {7, -1}}, area[] = {{0, 0}, {3, 0}, {3, 2}};
static const struct les_shape shapes[] = {{{line, 3}, 2}, {{line, 1}, 2}, {{area, 3}, 3}};
static const struct les_packed_page some[] = {
	{(const uint8_t *)"abcdefghijklmnopqr", 3, 2, 3, 0.5f, 0.25f, 0, 0, 2, 1, 0},
	{(const uint8_t *)"stuvwx", 2, 3, 1, 1, 1, 2, LES_PAGES_VALIDATION, 1, 0, 0},
	{(const uint8_t *)"y", 1, 1, 1, 1, 1, 1, 0, 0, 0, 0},
};

static struct les_pages_writer *writer_of(void)
{
	struct les_pages_writer *writer = NULL;

	assert_int_equal(les_pages_writer_new("/tmp", classes, LES_COUNT(classes), &writer, NULL),
			 LES_OK);
	return writer;
}

static int file_of_pages(void)
{
	LES_CLEANUP(les_pages_writer_free_p) struct les_pages_writer *writer = writer_of();
	int fd = -1;

	for (size_t i = 0; i < LES_COUNT(some); i++)
		assert_int_equal(les_pages_add(writer, &some[i], shapes, NULL), LES_OK);
	assert_int_equal(les_pages_written(writer), LES_COUNT(some));
	assert_int_equal(les_pages_finish(writer, &fd, NULL), LES_OK);
	assert_int_equal(lseek(fd, 0, SEEK_END), les_pages_bytes(writer));
	return fd;
}

static void pages_are_read_back(void **state)
{
	(void)state;
	LES_CLEANUP(les_fd_close) int fd = file_of_pages();
	LES_CLEANUP(les_pages_close) struct les_pages pages = {.pages_n = 0};

	assert_int_equal(write(fd, "x", 1), -1); /* read-only */
	assert_int_equal(les_pages_open(fd, &pages, NULL), LES_OK);
	assert_int_equal(pages.pages_n, LES_COUNT(some));
	assert_int_equal(pages.classes_n, LES_COUNT(classes));
	for (uint32_t i = 0; i < pages.classes_n; i++) {
		assert_string_equal(pages.classes[i].name, classes[i].name);
		assert_int_equal(pages.classes[i].kind, classes[i].kind);
		assert_int_equal(pages.classes[i].channel, i);
	}
	for (uint32_t i = 0; i < pages.pages_n; i++) {
		const struct les_packed_page p = les_page_at(&pages, i), *want = &some[i];
		struct les_shape got[3];
		struct les_point points[7];
		uint32_t n = 0;
		assert_int_equal(p.w_px, want->w_px);
		assert_int_equal(p.h_px, want->h_px);
		assert_int_equal(p.channels, want->channels);
		assert_memory_equal(p.px, want->px, p.w_px * p.h_px * p.channels);
		assert_true(p.scale_x == want->scale_x && p.scale_y == want->scale_y);
		assert_int_equal(p.document, want->document);
		assert_int_equal(p.flags, want->flags);
		assert_int_equal(p.lines_n, want->lines_n);
		assert_int_equal(p.regions_n, want->regions_n);
		les_page_shapes(&pages, i, got, points);
		for (uint32_t k = 0; k < p.lines_n + p.regions_n; k++) {
			assert_int_equal(got[k].class_number, shapes[k].class_number);
			assert_int_equal(got[k].points.n, shapes[k].points.n);
			assert_ptr_equal(got[k].points.at, points + n);
			assert_memory_equal(got[k].points.at, shapes[k].points.at,
					    got[k].points.n * sizeof *points);
			n += got[k].points.n;
		}
		assert_int_equal(p.points_n, n);
	}
}

/* Of everything that can be read; ASan watches. */
static uint32_t sum_of(const struct les_pages *pages)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < pages->pages_n; i++) {
		const struct les_packed_page p = les_page_at(pages, i);
		struct les_shape got[16];
		struct les_point points[64];
		for (uint64_t k = 0; k < (uint64_t)p.w_px * p.h_px * p.channels; k++)
			sum += p.px[k];
		if (p.lines_n + p.regions_n > LES_COUNT(got) || p.points_n > LES_COUNT(points))
			continue;
		les_page_shapes(pages, i, got, points);
		for (uint32_t k = 0; k < p.lines_n + p.regions_n; k++)
			sum += (uint8_t)pages->classes[got[k].class_number].name[0];
	}
	return sum;
}

/* The bytes as another file, cut to n. */
static int file_of(const uint8_t *bytes, size_t n)
{
	int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	assert_int_equal(write(fd, bytes, n), n);
	return fd;
}

static void damaged_files_are_refused(void **state)
{
	(void)state;
	LES_CLEANUP(les_fd_close) int fd = file_of_pages();
	uint8_t bytes[1024];
	const size_t n = (size_t)lseek(fd, 0, SEEK_END);

	lseek(fd, 0, SEEK_SET);
	assert_in_range(n, 64, sizeof bytes);
	assert_int_equal(read(fd, bytes, n), n);
	for (size_t k = 0; k < n; k++) {
		struct les_pages pages;
		LES_CLEANUP(les_fd_close) int cut = file_of(bytes, k);
		assert_int_equal(les_pages_open(cut, &pages, NULL), LES_FORMAT);
	}
	for (size_t bit = 0; bit < n * 8; bit++) {
		LES_CLEANUP(les_pages_close) struct les_pages pages = {.pages_n = 0};
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		LES_CLEANUP(les_fd_close) int flipped = file_of(bytes, n);
		const enum les_kind kind = les_pages_open(flipped, &pages, NULL);
		assert_true(kind == LES_OK || kind == LES_FORMAT);
		assert_true(kind == LES_FORMAT || sum_of(&pages) > 0);
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

/* One page with one thing wrong. */
static enum les_kind opened(const struct les_packed_page *page, const struct les_shape *of)
{
	LES_CLEANUP(les_pages_writer_free_p) struct les_pages_writer *writer = writer_of();
	LES_CLEANUP(les_pages_close) struct les_pages pages = {.pages_n = 0};
	LES_CLEANUP(les_fd_close) int fd = -1;

	assert_int_equal(les_pages_add(writer, page, of, NULL), LES_OK);
	assert_int_equal(les_pages_finish(writer, &fd, NULL), LES_OK);
	return les_pages_open(fd, &pages, NULL);
}

static void a_page_with_one_thing_wrong_is_refused(void **state)
{
	(void)state;
	static struct les_point far[] = {{1e9f, 0}}, none[] = {{NAN, 0}};
	static struct les_point many[LES_POLYGON_POINTS_MAX + 1];
	static const uint8_t px[24];
	static const struct {
		const char *name;
		struct les_packed_page page;
		struct les_shape shape;
		enum les_kind want;
	} cases[] = {
		{"nothing", {px, 2, 3, 3, 1, 1, 0, 0, 1, 0, 0}, {{line, 3}, 2}, LES_OK},
		{"most points",
		 {px, 2, 3, 3, 1, 1, 0, 0, 1, 0, 0},
		 {{many, LES_POLYGON_POINTS_MAX}, 2},
		 LES_OK},
		{"more points",
		 {px, 2, 3, 3, 1, 1, 0, 0, 1, 0, 0},
		 {{many, LES_POLYGON_POINTS_MAX + 1}, 2},
		 LES_FORMAT},
		{"no width", {px, 0, 3, 3, 1, 1, 0, 0, 1, 0, 0}, {{line, 3}, 2}, LES_FORMAT},
		{"channels", {px, 2, 3, 2, 1, 1, 0, 0, 1, 0, 0}, {{line, 3}, 2}, LES_FORMAT},
		{"scale", {px, 2, 3, 3, 0, 1, 0, 0, 1, 0, 0}, {{line, 3}, 2}, LES_FORMAT},
		{"flags", {px, 2, 3, 3, 1, 1, 0, 2, 1, 0, 0}, {{line, 3}, 2}, LES_FORMAT},
		{"a line's class", {px, 2, 3, 3, 1, 1, 0, 0, 1, 0, 0}, {{line, 3}, 3}, LES_FORMAT},
		{"a region's class",
		 {px, 2, 3, 3, 1, 1, 0, 0, 0, 1, 0},
		 {{line, 3}, 2},
		 LES_FORMAT},
		{"no such class", {px, 2, 3, 3, 1, 1, 0, 0, 1, 0, 0}, {{line, 3}, 4}, LES_FORMAT},
		{"far away", {px, 2, 3, 3, 1, 1, 0, 0, 1, 0, 0}, {{far, 1}, 2}, LES_FORMAT},
		{"no number", {px, 2, 3, 3, 1, 1, 0, 0, 1, 0, 0}, {{none, 1}, 2}, LES_FORMAT},
	};

	for (size_t i = 0; i < LES_COUNT(cases); i++)
		if (opened(&cases[i].page, &cases[i].shape) != cases[i].want)
			fail_msg("%s", cases[i].name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_are_read_back),
		cmocka_unit_test(damaged_files_are_refused),
		cmocka_unit_test(a_page_with_one_thing_wrong_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
