/* Seconds of each step from a heatmap to polygons, for the page of 27 lines that kraken was timed
 * on (4.8 s on AMD Zen 5, 3.5 s on Intel, of which 2.1 and 1.74 s baselines): medians of rounds. */
#include "golden/data.h"

#include "base/clock.h"
#include "base/team.h"
#include "segment/segment.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CHANNELS = 4, ROUNDS = 9, STEPS_MAX = 8 };
static const double KRAKEN_AMD_S = 4.8, KRAKEN_INTEL_S = 3.5;
static const char *const FOLDER = "heatmap/page_UAT_047_22_234";

struct timing {
	double last;
	size_t n;
	const char *name[STEPS_MAX];
	double seconds[STEPS_MAX][ROUNDS];
	size_t round;
};

static void on_step(void *context, const char *name)
{
	struct timing *timing = context;
	const double now = les_clock_s();

	assert_true(timing->n < STEPS_MAX);
	timing->name[timing->n] = name;
	timing->seconds[timing->n++][timing->round] = now - timing->last;
	timing->last = now;
}

static double processor_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int compare_doubles(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values)
{
	qsort(values, ROUNDS, sizeof *values, compare_doubles);
	return values[ROUNDS / 2];
}

static struct les_bitmap open_picture(const char *what)
{
	char name[128];

	snprintf(name, sizeof name, "%s.%s.png", FOLDER, what);
	return golden_png(name);
}

static float *open_heat(uint32_t w, uint32_t h)
{
	static const char *const names[CHANNELS] = {"start", "end", "base", "region"};
	float *heat = calloc((size_t)w * h * CHANNELS, sizeof *heat);

	assert_non_null(heat);
	for (size_t k = 0; k < CHANNELS; k++) {
		struct les_bitmap channel = open_picture(names[k]);
		for (size_t i = 0; i < (size_t)w * h; i++)
			heat[k * w * h + i] = (float)channel.px[i] / 255;
		les_bitmap_done(&channel);
	}
	return heat;
}

static void measure(const struct les_heatmap *heatmap, const struct les_image *image,
		    uint32_t threads)
{
	struct timing timing = {0};
	struct les_team *team;
	double total[ROUNDS], busy[ROUNDS];
	uint32_t lines = 0;

	assert_int_equal(les_team_new(threads, &team, NULL), LES_OK);
	const struct les_segment_options options = {
		.team = team, .on_step = on_step, .context = &timing};
	for (timing.round = 0; timing.round < ROUNDS; timing.round++) {
		struct les_page *page = les_page_new();
		const double start = timing.last = les_clock_s();
		busy[timing.round] = processor_s();
		timing.n = 0;
		assert_non_null(page);
		assert_int_equal(les_segment_heatmap(heatmap, image, &options, page, NULL), LES_OK);
		total[timing.round] = les_clock_s() - start;
		busy[timing.round] = processor_s() - busy[timing.round];
		lines = page->lines_n;
		les_page_free(page);
	}
	const double all = median(total);
	printf("%u thread%s, %u lines:", threads, threads > 1 ? "s" : "", lines);
	for (size_t i = 0; i < timing.n; i++)
		printf(" %s %.4f,", timing.name[i], median(timing.seconds[i]));
	printf(" all %.4f, processor %.4f s (kraken on AMD / Intel: %.0f / %.0f times as long)\n",
	       all, median(busy), KRAKEN_AMD_S / all, KRAKEN_INTEL_S / all);
	les_team_free(team);
}

int main(void)
{
	static const struct les_class classes[CHANNELS] = {
		{"_start_separator", LES_CLASS_AUX, 0},
		{"_end_separator", LES_CLASS_AUX, 1},
		{"default", LES_CLASS_BASELINE, 2},
		{"text", LES_CLASS_REGION, 3},
	};

	if (!golden_present())
		return SKIPPED;
	struct les_bitmap picture = open_picture("image");
	const struct les_image image = les_bitmap_view(&picture);
	float *heat = open_heat(image.w_px, image.h_px);
	const struct les_heatmap heatmap = {heat,       CHANNELS, image.h_px,
					    image.w_px, classes,  CHANNELS};

	printf("%u x %u pixels, seconds\n", image.w_px, image.h_px);
	measure(&heatmap, &image, 1);
	measure(&heatmap, &image, 2);
	free(heat);
	les_bitmap_done(&picture);
	return 0;
}
