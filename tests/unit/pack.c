/* train/: line images cut, carried and packed. */
#include "train/pack.h"
#include "base/cleanup.h"
#include "image/input.h"
#include "test.h"
#include "train/prepare.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { W_PX = 300, H_PX = 200 };

/* White, with a grey ramp: each column has its own value. */
static void page_of(uint8_t px[H_PX][W_PX])
{
	for (int y = 0; y < H_PX; y++)
		for (int x = 0; x < W_PX; x++)
			px[y][x] = (uint8_t)(40 + x / 2 + y % 3);
}

static struct les_line line_of(struct les_point baseline[2], struct les_point polygon[4])
{
	struct les_line line = {.baseline = {baseline, 2}, .polygon = {polygon, 4}};

	line.box = les_points_box(&line.polygon);
	return line;
}

static void lines_are_cut_and_carried(void **state)
{
	(void)state;
	static uint8_t px[H_PX][W_PX];
	static struct les_point base[] = {{20, 60}, {220, 60}}, dot[] = {{20, 60}, {20, 60}};
	static struct les_point box[] = {{20, 20}, {220, 20}, {220, 80}, {20, 80}};
	static struct les_point out[] = {{-9, 150}, {320, 150}, {320, 230}, {-9, 230}};
	static struct les_point out_base[] = {{-9, 190}, {320, 190}};
	const struct les_image page = {px[0], W_PX, H_PX, W_PX, 1};
	const struct les_line lines[] = {
		line_of(base, box), line_of(dot, box), line_of(out_base, out), {0}};
	enum { N = LES_COUNT(lines) };
	LES_CLEANUP(les_buf_done) struct les_buf bytes = LES_BUF(LES_PREPARED_BYTES_MAX);
	struct les_prepared_line got[N];
	struct les_error error;

	page_of(px);
	assert_int_equal(les_prepare(&page, lines, N, LES_CUT_POLYGON, 40, &bytes, &error), LES_OK);
	assert_int_equal(les_prepared_parse(bytes.bytes, bytes.len, N, got, &error), LES_OK);
	assert_int_equal(got[0].h_px, 40); /* 61 px, scaled down */
	assert_in_range(got[0].w_px, 125, 140);
	assert_int_equal(got[1].w_px, 0); /* no baseline to speak of */
	assert_int_equal(got[1].h_px, 0);
	assert_int_equal(got[2].h_px, 40); /* moved to the page's edge: 300 × 50 */
	assert_in_range(got[2].w_px, 235, 242);
	assert_int_equal(got[3].h_px, 40); /* the whole image */
	assert_int_equal(got[3].w_px, 60);
	/* the ramp went along with the line */
	assert_true(got[0].px[20 * got[0].w_px + 5] < got[0].px[20 * got[0].w_px + 100]);
	for (size_t n = 0; n < bytes.len; n++)
		assert_int_equal(les_prepared_parse(bytes.bytes, n, N, got, &error), LES_PEER);
	assert_int_equal(les_prepared_parse(bytes.bytes, bytes.len, N - 1, got, &error), LES_PEER);
}

static void low_lines_and_flat_ones(void **state)
{
	(void)state;
	static uint8_t px[H_PX][W_PX];
	const struct les_image low = {px[0], W_PX, 30, W_PX, 1},
			       flat = {px[100], W_PX, 30, W_PX, 1};
	const struct les_line whole = {0};
	LES_CLEANUP(les_buf_done) struct les_buf bytes = LES_BUF(LES_PREPARED_BYTES_MAX);
	struct les_prepared_line got;

	page_of(px);
	memset(px[100], 255, 30 * W_PX);
	assert_int_equal(les_prepare(&low, &whole, 1, LES_CUT_POLYGON, 120, &bytes, NULL), LES_OK);
	assert_int_equal(les_prepared_parse(bytes.bytes, bytes.len, 1, &got, NULL), LES_OK);
	assert_int_equal(got.h_px, 30); /* as it is: the net's side brings it up */
	assert_memory_equal(got.px, px, 30 * W_PX);
	les_buf_reset(&bytes);
	assert_int_equal(les_prepare(&flat, &whole, 1, LES_CUT_POLYGON, 120, &bytes, NULL), LES_OK);
	assert_int_equal(les_prepared_parse(bytes.bytes, bytes.len, 1, &got, NULL), LES_OK);
	assert_int_equal(got.w_px, 0); /* nothing to read */
}

static void pages_are_scaled_as_for_reading(void **state)
{
	(void)state;
	static uint8_t px[H_PX][W_PX];
	const struct les_image page = {px[0], W_PX, H_PX, W_PX, 1},
			       wide = {px[0], W_PX, 1, W_PX, 1}, high = {px[0], 1, H_PX, W_PX, 1};
	enum { H = 120, C = 3 };
	const struct les_input_spec spec = {.channels = C, .h_px = H};
	LES_CLEANUP(les_buf_done) struct les_buf bytes = LES_BUF(LES_PREPARED_BYTES_MAX);
	LES_CLEANUP(les_input_done) struct les_input want = {0};
	struct les_prepared_page got;
	uint8_t max = 0;

	page_of(px);
	assert_int_equal(les_prepare_page(&page, H, C, &bytes, NULL), LES_OK);
	assert_int_equal(les_prepared_page_parse(bytes.bytes, bytes.len, H, C, &got, NULL), LES_OK);
	assert_int_equal(les_input_from_image(&page, &spec, &want, NULL), LES_OK);
	assert_int_equal(got.w_px, want.w_px);
	assert_int_equal(got.h_px, H);
	const size_t n = (size_t)got.w_px * got.h_px;
	for (size_t i = 0; i < C * n; i++)
		max = got.px[i] > max ? got.px[i] : max;
	for (size_t i = 0; i < n; i++)
		for (size_t c = 0; c < C; c++)
			assert_true((float)(max - got.px[C * i + c]) / 255.0f ==
				    want.at[c * n + i]);
	for (size_t k = 0; k < bytes.len; k++)
		assert_int_equal(les_prepared_page_parse(bytes.bytes, k, H, C, &got, NULL),
				 LES_PEER);
	assert_int_equal(les_prepared_page_parse(bytes.bytes, bytes.len, H + 1, C, &got, NULL),
			 LES_PEER);
	assert_int_equal(les_prepared_page_parse(bytes.bytes, bytes.len, H, 1, &got, NULL),
			 LES_PEER);
	assert_int_equal(les_prepare_page(&wide, LES_PAGE_INPUT_H_MAX, C, &bytes, NULL), LES_LIMIT);
	assert_int_equal(les_prepare_page(&high, LES_PAGE_INPUT_H_MIN, C, &bytes, NULL), LES_LIMIT);
}

static const struct les_pack_line some[] = {
	{(const uint8_t *)"abcdef", 3, 2, "eins", 4, 0, 0},
	{(const uint8_t *)"ghij", 1, 4, "zw\xc3\xb6lf", 6, 2, LES_PACK_VALIDATION},
	{(const uint8_t *)"klm", 3, 1, "x", 1, 1, 0},
};

static int pack_of(void)
{
	LES_CLEANUP(les_pack_writer_free_p) struct les_pack_writer *writer = NULL;
	struct les_error error;
	int fd = -1;

	assert_int_equal(les_pack_writer_new("/tmp", &writer, &error), LES_OK);
	for (size_t i = 0; i < LES_COUNT(some); i++)
		assert_int_equal(les_pack_add(writer, &some[i], &error), LES_OK);
	assert_int_equal(les_pack_lines(writer), LES_COUNT(some));
	assert_int_equal(les_pack_finish(writer, &fd, &error), LES_OK);
	assert_int_equal(lseek(fd, 0, SEEK_END), les_pack_bytes(writer));
	return fd;
}

static void packs_are_read_back(void **state)
{
	(void)state;
	LES_CLEANUP(les_fd_close) int fd = pack_of();
	LES_CLEANUP(les_pack_close) struct les_pack pack = {.lines_n = 0};

	assert_int_equal(write(fd, "x", 1), -1); /* read-only */
	assert_int_equal(les_pack_open(fd, &pack, NULL), LES_OK);
	assert_int_equal(pack.lines_n, LES_COUNT(some));
	assert_int_equal(pack.documents_n, 3);
	for (uint32_t i = 0; i < pack.lines_n; i++) {
		const struct les_pack_line line = les_pack_line(&pack, i);
		assert_int_equal(line.w_px, some[i].w_px);
		assert_int_equal(line.h_px, some[i].h_px);
		assert_memory_equal(line.px, some[i].px, line.w_px * line.h_px);
		assert_int_equal(line.text_bytes, some[i].text_bytes);
		assert_memory_equal(line.text, some[i].text, line.text_bytes);
		assert_int_equal(line.document, some[i].document);
		assert_int_equal(line.flags, some[i].flags);
	}
}

/* The bytes as another file, cut to n. */
static int file_of(const uint8_t *bytes, size_t n)
{
	int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	assert_int_equal(write(fd, bytes, n), n);
	return fd;
}

static void bad_packs_are_refused(void **state)
{
	(void)state;
	LES_CLEANUP(les_fd_close) int fd = pack_of();
	uint8_t bytes[512];
	const size_t n = (size_t)lseek(fd, 0, SEEK_END);

	lseek(fd, 0, SEEK_SET);
	assert_in_range(n, 64, sizeof bytes);
	assert_int_equal(read(fd, bytes, n), n);
	for (size_t k = 0; k < n; k++) {
		struct les_pack pack;
		LES_CLEANUP(les_fd_close) int cut = file_of(bytes, k);
		assert_int_equal(les_pack_open(cut, &pack, NULL), LES_FORMAT);
	}
	for (size_t bit = 0; bit < n * 8; bit++) {
		LES_CLEANUP(les_pack_close) struct les_pack pack = {.lines_n = 0};
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		LES_CLEANUP(les_fd_close) int flipped = file_of(bytes, n);
		const enum les_kind kind = les_pack_open(flipped, &pack, NULL);
		uint32_t sum = 0;
		assert_true(kind == LES_OK || kind == LES_FORMAT);
		for (uint32_t i = 0; kind == LES_OK && i < pack.lines_n; i++) {
			const struct les_pack_line line = les_pack_line(&pack, i);
			for (uint64_t k = 0; k < (uint64_t)line.w_px * line.h_px; k++)
				sum += line.px[k]; /* ASan watches */
			sum += (uint8_t)line.text[line.text_bytes - 1];
		}
		assert_true(kind == LES_FORMAT || sum > 0);
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_cut_and_carried),
		cmocka_unit_test(low_lines_and_flat_ones),
		cmocka_unit_test(pages_are_scaled_as_for_reading),
		cmocka_unit_test(packs_are_read_back),
		cmocka_unit_test(bad_packs_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
