/* What lesart-read takes before it reads, and what it needs when it does: kraken's default
 * recogniser and line finder with random weights.
 *
 *   start_read BINARY-DIR
 *
 * Exits with 1 where a bar is missed: 150 ms from exec to READY and both nets taken, 400 MB for a
 * page 2,600 px high. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "bench/process.h"
#include "confine/worker.h"
#include "ipc/memfd.h"
#include "ipc/record.h"
#include "ipc/weights.h"
#include "tests/nets/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECOGNISER                                                                                 \
	"[1,120,0,1 Cr3,13,32 Do0.1,2 Mp2,2 Cr3,13,32 Do0.1,2 Mp2,2 Cr3,9,64 Do0.1,2 Mp2,2 "       \
	"Cr3,9,64 Do0.1,2 S1(1x0)1,3 Lbx200 Do0.1,2 Lbx200 Do0.1,2 Lbx200 Do O1c94]"
#define SEGMENTER                                                                                  \
	"[1,1800,0,3 Cr7,7,64,2,2 Gn32 Cr3,3,128,2,2 Gn32 Cr3,3,128 Gn32 Cr3,3,256 Gn32 "          \
	"Cr3,3,256 Gn32 Lbx32 Lby32 Cr1,1,32 Gn32 Lby32 Lbx32 O2l4]"

enum {
	STARTS = 9,
	START_BAR_MS = 150,
	PEAK_BAR_MB = 400,
	PAGE_W_PX = 1840,
	PAGE_H_PX = 2600,
	LINES = 30,
	LINE_H_PX = 84,
	CODES = 93,
	PATIENCE_MS = 120000,
};

static struct les_arena arena = LES_ARENA(256 << 20);
static struct les_model_ref refs[2];
static int net_fds[2] = {-1, -1};
static uint8_t page[PAGE_H_PX][PAGE_W_PX];

static void need(enum les_kind kind, const struct les_error *error)
{
	if (kind == LES_OK)
		return;
	fprintf(stderr, "start_read: %s\n", error->message);
	exit(1);
}

/* ---- nets ---- */

static void keep_net(int i, const struct les_weights *weights)
{
	struct les_error error;
	size_t n;

	need(les_weights_size(weights, &n, &error), &error);
	uint8_t *bytes = aligned_alloc(64, (n + 63) / 64 * 64);
	if (!bytes)
		abort();
	memset(bytes, 0, n);
	les_weights_write(weights, bytes, n);
	need(les_memfd_new(bytes, n, &net_fds[i], &error), &error);
	refs[i].use = LES_MODEL_NET;
	les_sha256_hex(bytes, n, refs[i].id);
	free(bytes);
}

static void make_nets(void)
{
	static char texts[CODES][2];
	static uint32_t labels[CODES];
	static struct les_code codes[CODES];
	static struct les_class classes[] = {{"_start_separator", LES_CLASS_AUX, 0},
					     {"_end_separator", LES_CLASS_AUX, 1},
					     {"default", LES_CLASS_BASELINE, 2},
					     {"text", LES_CLASS_REGION, 3}};
	struct les_weights weights;

	for (uint32_t i = 0; i < CODES; i++) {
		texts[i][0] = (char)('!' + i);
		labels[i] = i + 1;
		codes[i] = (struct les_code){texts[i], 1, &labels[i]};
	}
	random_net(RECOGNISER, LES_NET_RECOGNITION, 1, &arena, &weights);
	weights.codes = codes;
	weights.codes_n = CODES;
	keep_net(0, &weights);
	random_net(SEGMENTER, LES_NET_SEGMENTATION, 1, &arena, &weights);
	weights.classes = classes;
	weights.classes_n = LES_COUNT(classes);
	keep_net(1, &weights);
}

/* ---- the page: stripes of strokes ---- */

static void draw_page(void)
{
	memset(page, 230, sizeof page);
	for (uint32_t y = 0; y < PAGE_H_PX; y++)
		for (uint32_t x = 100; x < PAGE_W_PX - 100; x++)
			if (y % LINE_H_PX > 24 && y % LINE_H_PX < 62 && (x / 5 + y / 8) % 5 == 0)
				page[y][x] = 50;
}

/* *ret is heap; geometry in static memory. */
static void lines_encode(struct les_buf *out)
{
	static struct les_line lines[LINES];
	static struct les_point baselines[LINES][2], polygons[LINES][4];
	struct les_page given = {.lines = lines, .lines_n = LINES};

	for (uint32_t i = 0; i < LINES; i++) {
		const float y = (float)(i * LINE_H_PX), right = PAGE_W_PX - 100;
		baselines[i][0] = (struct les_point){100, y + 62};
		baselines[i][1] = (struct les_point){right, y + 62};
		polygons[i][0] = (struct les_point){100, y + 10};
		polygons[i][1] = (struct les_point){right, y + 10};
		polygons[i][2] = (struct les_point){right, y + 78};
		polygons[i][3] = (struct les_point){100, y + 78};
		lines[i] = (struct les_line){.id = "",
					     .text = "",
					     .language = "",
					     .script = "",
					     .region = -1,
					     .baseline = {baselines[i], 2},
					     .polygon = {polygons[i], 4}};
	}
	les_records_encode(out, &given);
}

/* ---- the reader ---- */

static struct les_worker *start(const char *dir, uint32_t threads)
{
	const struct les_spawn spawn = {.binary_dir = dir,
					.address_bytes = LES_READ_BASE_BYTES +
							 LES_READ_BYTES_PER_PX * LES_PAGE_PX_MAX,
					.cpu_seconds = LES_RECOGNISER_CPU_SECONDS,
					.file_bytes = LES_PICTURE_BYTES_MAX,
					.threads = threads};
	struct les_worker *worker;
	struct les_error error;

	need(les_worker_start(LES_ROLE_READ, &spawn, &worker, &error), &error);
	need(les_worker_wait_ready(worker, &spawn, les_clock_ms() + PATIENCE_MS, &error), &error);
	for (int i = 0; i < 2; i++) {
		LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
		les_model_ref_encode(&body, &refs[i]);
		need(les_worker_send(worker, LES_MESSAGE_MODEL, &body, &net_fds[i], 1, &error),
		     &error);
	}
	return worker;
}

/* Reads h rows of the page in that mode; returns seconds. */
static double read_rows(struct les_worker *worker, enum les_read_mode mode, uint32_t h)
{
	struct les_read request = {.page = {.number = 1,
					    .w_px = PAGE_W_PX,
					    .h_px = h,
					    .stride_bytes = PAGE_W_PX,
					    .channels = 1,
					    .source = LES_SOURCE_IMAGE,
					    .stored_w_px = PAGE_W_PX,
					    .stored_h_px = h,
					    .to_stored = {.a = 1, .e = 1}},
				   .mode = mode,
				   .precision = LES_READ_F32};
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
	LES_CLEANUP(les_buf_done) struct les_buf records = LES_BUF(LES_RECORDS_BYTES_MAX);
	int fds[2] = {-1, -1};
	struct les_error error;

	need(les_memfd_new(page, (size_t)PAGE_W_PX * h, &fds[0], &error), &error);
	if (mode == LES_READ_LINES) {
		lines_encode(&records);
		request.layout_bytes = records.len;
		need(les_memfd_new(records.bytes, records.len, &fds[1], &error), &error);
	}
	memcpy(request.recogniser, refs[0].id, sizeof request.recogniser - 1);
	memcpy(request.segmenter, refs[1].id, sizeof request.segmenter - 1);
	les_read_encode(&body, &request);
	const double since = les_clock_s();
	need(les_worker_send(worker, LES_MESSAGE_READ, &body, fds, fds[1] < 0 ? 1 : 2, &error),
	     &error);
	for (uint16_t type = 0; type != LES_MESSAGE_READ_DONE;) {
		LES_CLEANUP(les_message_done) struct les_message message = LES_MESSAGE_NONE;
		need(les_worker_receive(worker, les_clock_ms() + PATIENCE_MS, &message, &error),
		     &error);
		type = message.type;
	}
	les_fd_close(&fds[0]);
	les_fd_close(&fds[1]);
	return les_clock_s() - since;
}

/* A row of /proc/PID/status, in MB. */
static double status_mb(pid_t pid, const char *row)
{
	char path[64], line[256];
	double mb = 0;

	snprintf(path, sizeof path, "/proc/%d/status", pid);
	FILE *file = fopen(path, "re");
	while (file && fgets(line, sizeof line, file))
		if (strncmp(line, row, strlen(row)) == 0)
			mb = strtod(line + strlen(row), NULL) / 1024;
	if (file)
		fclose(file);
	return mb;
}

static bool measure_start(const char *dir)
{
	double ready[STARTS], first[STARTS];

	for (int i = 0; i < STARTS; i++) {
		const double since = les_clock_s();
		struct les_worker *worker = start(dir, 2);
		ready[i] = 1e3 * (les_clock_s() - since);
		read_rows(worker, LES_READ_ONE, LINE_H_PX);
		first[i] = 1e3 * (les_clock_s() - since);
		les_worker_end(worker, NULL);
	}
	const double ms = median(ready, STARTS);
	printf("exec to READY, both nets sent   %.0f ms (median of %d; bar %d)\n", ms, STARTS,
	       START_BAR_MS);
	printf("exec to the first line read     %.0f ms\n", median(first, STARTS));
	return ms <= START_BAR_MS;
}

static bool measure_memory(const char *dir, uint32_t threads)
{
	struct les_worker *worker = start(dir, threads);
	const double find_s = read_rows(worker, LES_READ_FIND, PAGE_H_PX);
	const double found_mb = status_mb(worker->pid, "VmHWM:");
	const double read_s = read_rows(worker, LES_READ_LINES, PAGE_H_PX);
	const double mb = status_mb(worker->pid, "VmHWM:");

	printf("%u threads: %dx%d px, lines found in %.2f s, peak %.0f MB; %d lines read in %.2f "
	       "s, "
	       "peak %.0f MB (bar %d); addresses %.0f MB\n",
	       threads, PAGE_W_PX, PAGE_H_PX, find_s, found_mb, LINES, read_s, mb, PEAK_BAR_MB,
	       status_mb(worker->pid, "VmPeak:"));
	les_worker_end(worker, NULL);
	return mb <= PEAK_BAR_MB;
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	make_nets();
	draw_page();
	bool ok = measure_start(argv[1]);
	ok = measure_memory(argv[1], 1) && ok;
	ok = measure_memory(argv[1], 2) && ok;
	les_arena_done(&arena);
	return ok ? 0 : 1;
}
