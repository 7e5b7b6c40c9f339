/* How fast nets run here, and how near to the limit: kraken's default recogniser on real lines, and
 * its default segmenter on a page, random weights.
 *
 * usage: reader [lines [streams]]
 *
 * Each batch is run by the limit (limit.h) and by us in turn, twice each, and the better of the two
 * counts, so that a busy machine slows both alike. */
#include "limit.h"

#include "base/arena.h"
#include "base/team.h"
#include "lines/tensor.h"
#include "nets/random.h"
#include "nn/net.h"

#include <glob.h>
#include <leptonica/allheaders.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define RECOGNISER                                                                                 \
	"[1,120,0,1 Cr3,13,32 Do0.1,2 Mp2,2 Cr3,13,32 Do0.1,2 Mp2,2 Cr3,9,64 Do0.1,2 Mp2,2 "       \
	"Cr3,9,64 Do0.1,2 S1(1x0)1,3 Lbx200 Do0.1,2 Lbx200 Do0.1,2 Lbx200 Do O1c94]"
#define SEGMENTER                                                                                  \
	"[1,1800,0,3 Cr7,7,64,2,2 Gn32 Cr3,3,128,2,2 Gn32 Cr3,3,128 Gn32 Cr3,3,256 Gn32 "          \
	"Cr3,3,256 Gn32 Lbx32 Lby32 Cr1,1,32 Gn32 Lby32 Lbx32 O2l4]"

enum { LINES_MAX = 326, SKIPPED = 77, ROUNDS = 2, STREAMS_MAX = 16 };

static struct les_net_image lines[LINES_MAX];
static uint32_t lines_n;

/* kraken 7.0.3 with torch 1.13.1, 2 threads, on the kinds of machine it was measured on. */
static const char kraken[] =
	"kraken 7.0.3, torch 1.13.1, 2 threads, ms a line, the net alone: 110-115 (Intel with "
	"AMX), "
	"226 (AMD Zen 5), 97 (the same, memory tuned); page, s: 3.9, 12.7, 4.5\n";

static void need(enum les_kind kind, const struct les_error *error)
{
	if (kind == LES_OK)
		return;
	fprintf(stderr, "%s\n", error->message);
	exit(1);
}

static int by_width(const void *a, const void *b)
{
	const struct les_net_image *x = a, *y = b;

	return (x->w > y->w) - (x->w < y->w);
}

static void read_line(const char *path)
{
	const struct les_input_spec spec = {.channels = 1, .h_px = 120, .pad_px = 16};
	struct les_error error = {0};
	struct les_bitmap bitmap;
	struct les_input input;
	PIX *pix = pixRead(path);
	PIX *grey = pix ? pixConvertTo8(pix, 0) : NULL;

	if (!grey)
		exit(1);
	need(les_bitmap_new((uint32_t)pixGetWidth(grey), (uint32_t)pixGetHeight(grey), 1, &bitmap,
			    &error),
	     &error);
	for (uint32_t y = 0; y < bitmap.h_px; y++) {
		for (uint32_t x = 0; x < bitmap.w_px; x++) {
			l_uint32 value = 0;
			pixGetPixel(grey, (l_int32)x, (l_int32)y, &value);
			bitmap.px[(size_t)y * bitmap.w_px + x] = (uint8_t)value;
		}
	}
	const struct les_image line = les_bitmap_view(&bitmap);
	need(les_line_tensor(&line, &spec, false, &input, &error), &error);
	lines[lines_n++] = (struct les_net_image){input.at, input.h_px, input.w_px};
	les_bitmap_done(&bitmap);
	pixDestroy(&grey);
	pixDestroy(&pix);
}

static bool read_lines(uint32_t n)
{
	const char *folder = getenv("LESART_SHARED");
	char pattern[PATH_MAX];
	glob_t found;
	double sum = 0;

	snprintf(pattern, sizeof pattern, "%s/data/kurrent-lines/val/*.webp",
		 folder ? folder : LES_SOURCE_ROOT "/../shared");
	if (glob(pattern, 0, NULL, &found) != 0)
		return false;
	for (size_t i = 0; i < found.gl_pathc && lines_n < n; i++)
		read_line(found.gl_pathv[i]);
	globfree(&found);
	qsort(lines, lines_n, sizeof lines[0], by_width);
	for (uint32_t i = 0; i < lines_n; i++)
		sum += lines[i].w;
	printf("%u lines, mean width %.0f px with padding\n", lines_n, sum / lines_n);
	return lines_n > 0;
}

/* One way to read all lines: batches dealt to the team's members. */
struct reading {
	struct les_net *net;
	struct les_stream *streams[STREAMS_MAX];
	uint32_t batch;
	double limit_s[STREAMS_MAX], ours_s[STREAMS_MAX];
};

/* Time of the processor, so that whoever else is busy here counts less: a thread's own for lines;
 * for a page that of all threads, to be divided by them. */
static double now_s(bool alone)
{
	struct timespec at;

	clock_gettime(alone ? CLOCK_THREAD_CPUTIME_ID : CLOCK_PROCESS_CPUTIME_ID, &at);
	return (double)at.tv_sec + 1e-9 * (double)at.tv_nsec;
}

static double best_limit(struct limit *limit, bool alone, double best)
{
	const double from = now_s(alone);

	limit_run(limit);
	const double took = now_s(alone) - from;
	return took < best ? took : best;
}

static double best_ours(struct les_stream *stream, const struct les_net_image *images, uint32_t n,
			bool alone, double best)
{
	struct les_net_map maps[LES_BATCH_MAX];
	struct les_error error = {0};
	const double from = now_s(alone);

	need(les_stream_run(stream, images, n, maps, &error), &error);
	const double took = now_s(alone) - from;
	return took < best ? took : best;
}

static void read_batch(void *context, size_t i, uint32_t member)
{
	struct reading *reading = context;
	const uint32_t from = (uint32_t)i * reading->batch;
	const uint32_t n = lines_n - from < reading->batch ? lines_n - from : reading->batch;
	uint32_t widths[LES_BATCH_MAX];
	double limit_s = 1e9, ours_s = 1e9;

	for (uint32_t k = 0; k < n; k++)
		widths[k] = lines[from + k].w;
	struct limit *limit = limit_new(les_net_graph(reading->net), les_net_type(reading->net), 1,
					120, widths, n);
	limit_run(limit);
	best_ours(reading->streams[member], lines + from, n, true, 0);
	for (int round = 0; round < ROUNDS; round++) {
		limit_s = best_limit(limit, true, limit_s);
		ours_s = best_ours(reading->streams[member], lines + from, n, true, ours_s);
	}
	limit_free(limit);
	reading->limit_s[member] += limit_s;
	reading->ours_s[member] += ours_s;
}

static void bench_lines(struct les_team *team, uint32_t streams_n, enum les_precision precision,
			uint32_t batch)
{
	struct les_arena arena = LES_ARENA(LES_WEIGHTS_BYTES_MAX);
	struct les_weights weights;
	struct reading reading = {.batch = batch};
	struct les_error error = {0};
	double limit_s = 0, ours_s = 0;
	size_t bytes = 0;

	random_net(RECOGNISER, LES_NET_RECOGNITION, 1, &arena, &weights);
	need(les_net_new(&weights, precision, &reading.net, &error), &error);
	for (uint32_t i = 0; i < streams_n; i++)
		need(les_stream_new(reading.net, 1, &reading.streams[i], &error), &error);
	les_team_run(team, read_batch, &reading, (lines_n + batch - 1) / batch);
	for (uint32_t i = 0; i < streams_n; i++) {
		limit_s += reading.limit_s[i];
		ours_s += reading.ours_s[i];
		bytes += les_stream_bytes(reading.streams[i]);
		les_stream_free(reading.streams[i]);
	}
	printf("%-4s %5u  %7.2f  %7.2f  %5.1f %%  %5zu\n",
	       precision == LES_PRECISION_F32 ? "f32" : "bf16", batch,
	       1e3 * limit_s / lines_n / streams_n, 1e3 * ours_s / lines_n / streams_n,
	       100 * limit_s / ours_s, bytes >> 20);
	fflush(stdout);
	les_net_free(reading.net);
	les_arena_done(&arena);
}

static void bench_page(uint32_t threads_n, enum les_precision precision)
{
	const uint32_t h = 1800, w = 1152;
	struct les_arena arena = LES_ARENA(LES_WEIGHTS_BYTES_MAX);
	struct les_weights weights;
	struct les_net *net = NULL;
	struct les_stream *stream = NULL;
	struct les_error error = {0};
	uint64_t state = 7;
	double limit_s = 1e9, ours_s = 1e9;
	float *values = malloc(sizeof *values * 3 * h * w);

	if (!values)
		exit(1);
	for (size_t i = 0; i < (size_t)3 * h * w; i++)
		values[i] = 0.5f + random_value(&state) / 2;
	random_net(SEGMENTER, LES_NET_SEGMENTATION, 1, &arena, &weights);
	need(les_net_new(&weights, precision, &net, &error), &error);
	need(les_stream_new(net, threads_n, &stream, &error), &error);
	const struct les_net_image image = {values, h, w};
	struct limit *limit = limit_new(les_net_graph(net), les_net_type(net), threads_n, h, &w, 1);
	limit_run(limit);
	best_ours(stream, &image, 1, false, 0);
	for (int round = 0; round < ROUNDS; round++) {
		limit_s = best_limit(limit, false, limit_s);
		ours_s = best_ours(stream, &image, 1, false, ours_s);
	}
	printf("%-4s  page  %7.0f  %7.0f  %5.1f %%  %5zu\n",
	       precision == LES_PRECISION_F32 ? "f32" : "bf16", 1e3 * limit_s / threads_n,
	       1e3 * ours_s / threads_n, 100 * limit_s / ours_s, les_stream_bytes(stream) >> 20);
	limit_free(limit);
	les_stream_free(stream);
	les_net_free(net);
	les_arena_done(&arena);
	free(values);
}

static void print_processor(void)
{
	char line[256];
	FILE *file = fopen("/proc/cpuinfo", "re");

	while (file && fgets(line, sizeof line, file))
		if (strncmp(line, "model name", 10) == 0) {
			fputs(strchr(line, ':') ? strchr(line, ':') + 2 : line, stdout);
			break;
		}
	if (file)
		fclose(file);
	printf("oneDNN %s, %s\n", les_dnnl_version(), les_dnnl_isa());
}

int main(int argc, char **argv)
{
	static const enum les_precision precisions[] = {LES_PRECISION_F32, LES_PRECISION_BF16};
	static const uint32_t batches[] = {1, 8, 32};
	const long most = argc > 1 ? strtol(argv[1], NULL, 10) : 100;
	const long streams = argc > 2 ? strtol(argv[2], NULL, 10) : 2;
	const uint32_t streams_n = streams < 1             ? 1
				   : streams > STREAMS_MAX ? STREAMS_MAX
							   : (uint32_t)streams;
	struct les_team *team = NULL;
	struct les_error error = {0};

	/* oneDNN and libgomp read these when they are loaded. */
	if (!getenv("DNNL_JIT_PROFILE")) {
		setenv("DNNL_JIT_PROFILE", "0", 1);
		setenv("OMP_WAIT_POLICY", "passive", 1);
		execv("/proc/self/exe", argv);
	}
	if (!read_lines(most < 1 ? 1 : most > LINES_MAX ? LINES_MAX : (uint32_t)most)) {
		puts("skipped: ../shared not present");
		return SKIPPED;
	}
	print_processor();
	printf("%u streams of one thread; a page: one stream of %u\n", streams_n, streams_n);
	fputs(kraken, stdout);
	puts("type batch    limit     ours    ours      MB of activations\n"
	     "           ms a line (page)     of limit");
	need(les_team_new(streams_n, &team, &error), &error);
	for (size_t p = 0; p < 2; p++)
		for (size_t b = 0; b < LES_COUNT(batches); b++)
			bench_lines(team, streams_n, precisions[p], batches[b]);
	for (size_t p = 0; p < 2; p++)
		bench_page(streams_n, precisions[p]);
	les_team_free(team);
	return 0;
}
