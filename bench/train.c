/* Lines a second in training, on lines of noise; pages a second where the spec ends in an O2 layer.
 * usage: train [SPEC [LINES [SECONDS]]] */
#include "base/random.h"
#include "train/learner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static const char default_spec[] =
	"[1,120,0,1 Cr3,13,32 Do0.1,2 Mp2,2 Cr3,13,32 Do0.1,2 Mp2,2 Cr3,9,64 Do0.1,2 Mp2,2 "
	"Cr3,9,64 Do0.1,2 S1(1x0)1,3 Lbx200 Do0.1,2 Lbx200 Do0.1,2 Lbx200 Do O1c94]";

/* Widths spread like those of real lines: mean 1,650 at a height of 120. */
enum { WIDTH_MEAN = 1650, WIDTH_SPREAD = 500, CHARACTERS = 48 };

/* Pages are narrower than high. */
static const float PAGE_SHAPE = 0.7f;

/* Batches that are sorted by width among them, as in a training (train/course_order.c). */
enum { POOL_BATCHES = 24, BATCH_MAX = 256 };

struct noise {
	uint32_t h, c, page_w; /* page_w: 0 for lines */
	uint32_t widths[POOL_BATCHES * BATCH_MAX];
	uint32_t labels[CHARACTERS];
	uint8_t *target; /* [classes][h][page_w] */
};

static void make(void *context, uint32_t line, float *image, struct les_sample *ret)
{
	const struct noise *noise = context;
	struct les_random random = les_random(1, line, 0);

	ret->w = noise->page_w ? noise->page_w : noise->widths[line];
	for (size_t i = 0; i < (size_t)ret->w * noise->h * noise->c; i++)
		image[i] = les_random_unit(&random);
	ret->target = noise->target;
	ret->labels = noise->labels;
	ret->labels_n = CHARACTERS;
}

static int compare(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void draw_widths(struct noise *noise, uint32_t lines_n)
{
	struct les_random random = les_random(1, 0, 0);

	for (uint32_t i = 0; i < POOL_BATCHES * lines_n; i++) {
		const float spread = les_random_between(&random, -WIDTH_SPREAD, WIDTH_SPREAD);
		noise->widths[i] = (uint32_t)((WIDTH_MEAN + spread) * (float)noise->h / 120);
	}
	qsort(noise->widths, (size_t)POOL_BATCHES * lines_n, sizeof *noise->widths, compare);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Of all threads: on a busy machine the better measure. */
static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static bool finds_lines(const struct les_graph *graph)
{
	return graph->layers[graph->layers_n - 1].op == LES_OP_CONV;
}

/* What a page of noise should be found to be: stripes in each class. */
static uint8_t *stripes(const struct les_graph *graph, uint32_t w)
{
	uint8_t *target = malloc((size_t)graph->out_c * graph->in_h * w);

	for (size_t row = 0; target && row < (size_t)graph->out_c * graph->in_h; row++)
		memset(target + row * w, row % 60 < 10, w);
	return target;
}

static int measure(const struct les_graph *graph, enum les_type type, uint32_t lines_n,
		   double for_seconds)
{
	const bool pages = finds_lines(graph);
	const uint32_t page_w = pages ? (uint32_t)(PAGE_SHAPE * (float)graph->in_h) : 0;
	LES_CLEANUP(les_free_p) uint8_t *target = pages ? stripes(graph, page_w) : NULL;
	static struct noise noise;
	uint32_t lines[BATCH_MAX];
	LES_CLEANUP(les_params_free_p) struct les_params *params = NULL;
	LES_CLEANUP(les_crew_free_p) struct les_crew *crew = NULL;
	LES_CLEANUP(les_learner_free_p) struct les_learner *learner = NULL;
	const struct les_learner_options options = {.type = type,
						    .threads = 2,
						    .lines = lines_n,
						    .w_max = pages ? page_w
								   : 2200 * graph->in_h / 120,
						    .px_max = pages ? page_w : 1000000,
						    .clip = 1};
	const struct les_lines batch = {make, &noise, lines, lines_n};
	const struct les_step step = {.rate = 1e-3f, .seed = 1};
	struct les_stepped stepped;
	struct les_error error;
	uint32_t done = 0;
	uint64_t columns = 0;

	noise = (struct noise){
		.h = graph->in_h, .c = graph->in_c, .page_w = page_w, .target = target};
	draw_widths(&noise, lines_n);
	for (uint32_t i = 0; i < CHARACTERS && !pages; i++)
		noise.labels[i] = 1 + i * 7 % (graph->out_c - 1);
	for (uint32_t i = 0; i < lines_n; i++)
		lines[i] = (POOL_BATCHES - 1) * lines_n + i; /* the widest takes all memory first */
	if (les_params_new(graph, &params, &error) != LES_OK ||
	    les_params_init(params, 1, &error) != LES_OK ||
	    les_crew_new(2, &crew, &error) != LES_OK ||
	    les_learner_new(graph, params, &options, crew, &learner, &error) != LES_OK ||
	    les_learner_step(learner, &batch, &step, &stepped, &error) != LES_OK) {
		fprintf(stderr, "%s\n", error.message);
		return 1;
	}
	const struct les_replica_times before = les_learner_times(learner);
	const double from = seconds(), cpu_from = cpu_seconds();
	for (uint32_t k = 0; seconds() - from < for_seconds; k++) {
		for (uint32_t i = 0; i < lines_n; i++) { /* narrow and wide ones by turns */
			lines[i] = k * 7 % POOL_BATCHES * lines_n + i;
			columns += noise.widths[lines[i]];
		}
		if (les_learner_step(learner, &batch, &step, &stepped, &error) != LES_OK)
			return 1;
		done += lines_n;
	}
	const double took = seconds() - from, cpu = cpu_seconds() - cpu_from;
	const struct les_replica_times after = les_learner_times(learner);
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	printf("%-4s batch %2u, mean width %u: %6.2f %s/s, %.0f ms of processor each, %.1f %% in "
	       "primitives, %zu MB planned, peak %ld MB\n",
	       type == LES_BF16 ? "bf16" : "f32", lines_n,
	       pages ? page_w : (uint32_t)(columns / done), done / took, pages ? "pages" : "lines",
	       1000 * cpu / done, 100 * (after.primitives - before.primitives) / (2 * took),
	       les_learner_bytes(learner) >> 20, usage.ru_maxrss >> 10);
	return 0;
}

int main(int argc, char **argv)
{
	static struct les_graph graph;
	const double for_seconds = argc > 3 ? atof(argv[3]) : 10;
	struct les_error error;

	if (les_vgsl_parse(argc > 1 && argv[1][0] ? argv[1] : default_spec, &graph, &error) !=
	    LES_OK) {
		fprintf(stderr, "%s\n", error.message);
		return 1;
	}
	const uint32_t lines_n = argc > 2 ? (uint32_t)atoi(argv[2]) : finds_lines(&graph) ? 2 : 16;
	printf("%s, oneDNN %s, height %u, 2 threads\n", les_dnnl_isa(), les_dnnl_version(),
	       graph.in_h);
	if (lines_n == 0 || lines_n > BATCH_MAX)
		return 1;
	return measure(&graph, LES_F32, lines_n, for_seconds) ||
	       measure(&graph, LES_BF16, lines_n, for_seconds);
}
