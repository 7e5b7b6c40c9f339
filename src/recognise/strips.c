#include "recognise/strips.h"

#include "base/cleanup.h"
#include "lines/extract.h"
#include "lines/tensor.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

enum {
	CHUNK_LINES = 256, /* cut at once, so that memory is bounded on a page of 5,000 lines */
	BATCH_LINES = 8,
	/* of all inputs at work at once, and of one batch where there are many members: activations
	 * of the usual recogniser take 20 KB a column */
	COLUMNS = 12288,
	BATCH_COLUMNS_MIN = 4096,
	BEAM_WIDTH = 32, /* prefixes kept at each step: more than the most readings */
};

static const float others_from = 0.02f; /* less probable alternatives are of no use to anybody */

/* One chunk of lines on its way. */
struct work {
	struct les_loaded_net *net;
	const struct les_image *image;
	const struct les_line *lines;
	struct les_strip *strips;
	struct les_input inputs[CHUNK_LINES];
	uint32_t n, readings_n;

	uint32_t order[CHUNK_LINES]; /* of those with an input, widest first */
	uint32_t ordered_n;
	uint32_t batches[CHUNK_LINES + 1]; /* where in order each begins, and the end */
	uint32_t batches_n;
	_Atomic int failed; /* an enum les_kind of a batch, LES_OK if none */
};

/* ---- cutting ---- */

static struct les_box clip(struct les_box b, const struct les_image *image)
{
	const int32_t w = (int32_t)image->w_px, h = (int32_t)image->h_px;

	return (struct les_box){b.x0_px < 0 ? 0 : b.x0_px, b.y0_px < 0 ? 0 : b.y0_px,
				b.x1_px > w ? w : b.x1_px, b.y1_px > h ? h : b.y1_px};
}

static enum les_kind cut(const struct work *work, const struct les_line *line,
			 struct les_strip *strip, struct les_bitmap *ret)
{
	const struct les_weights *weights = les_loaded_weights(work->net);

	if (!weights->boxes && line->baseline.n >= 2 && line->polygon.n >= 3)
		return les_line_extract(work->image, &line->baseline, &line->polygon, weights->cut,
					ret, NULL);
	strip->is_box = true;
	strip->is_vertical =
		line->direction == LES_TOP_TO_BOTTOM || line->direction == LES_BOTTOM_TO_TOP;
	strip->box =
		clip(line->polygon.n ? les_points_box(&line->polygon) : line->box, work->image);
	return les_line_extract_box(work->image, strip->box, strip->is_vertical, ret, NULL);
}

/* Cuts one line and makes it the net's input. What cannot be cut is a line without text. */
static void cut_job(void *context, size_t i, uint32_t member)
{
	struct work *work = context;
	const struct les_graph *graph = les_loaded_graph(work->net);
	const struct les_input_spec spec = {
		.channels = graph->in_c, .h_px = graph->in_h, .pad_px = LES_STRIP_PAD_PX};
	struct les_strip *strip = &work->strips[i];
	LES_CLEANUP(les_bitmap_done) struct les_bitmap line = {0};

	(void)member;
	if (cut(work, &work->lines[i], strip, &line) != LES_OK)
		return;
	const struct les_image view = les_bitmap_view(&line);
	const bool dewarp = strip->is_box && !les_loaded_weights(work->net)->plain_boxes;
	if (les_line_tensor(&view, &spec, dewarp, &work->inputs[i], NULL) != LES_OK)
		return;
	strip->line_w_px = line.w_px;
	strip->input_w_px = work->inputs[i].w_px;
	if (work->inputs[i].flat)
		les_input_done(&work->inputs[i]);
}

/* ---- reading ---- */

static enum les_kind search_readings(const struct les_ctc_logits *logits, uint32_t n,
				     struct les_strip *strip)
{
	strip->readings = calloc(n, sizeof *strip->readings);
	return strip->readings ? les_ctc_beam(logits, BEAM_WIDTH, n, strip->readings,
					      &strip->readings_n, NULL)
			       : LES_NOMEM;
}

static enum les_kind read_map(const struct les_net_map *map, float temperature, uint32_t readings_n,
			      struct les_strip *strip)
{
	const struct les_ctc_logits logits = {.at = map->at,
					      .steps = map->w,
					      .labels = map->c,
					      .step_stride = (uint32_t)map->column_stride,
					      .label_stride = 1,
					      .temperature = temperature};

	strip->steps = map->w;
	if (map->w == 0)
		return LES_OK;
	LES_CLEANUP(les_free_p)
	struct les_ctc_read *reads = malloc(map->w * sizeof *reads);
	if (!reads)
		return LES_NOMEM;
	const uint32_t n = les_ctc_greedy(&logits, others_from, reads);
	/* most steps are blanks: give the rest back */
	struct les_ctc_read *fit = realloc(reads, (n ? n : 1) * sizeof *reads);
	if (fit)
		reads = fit;
	strip->reads = LES_TAKE(reads);
	strip->reads_n = n;
	return readings_n ? search_readings(&logits, readings_n, strip) : LES_OK;
}

static void batch_job(void *context, size_t i, uint32_t member)
{
	struct work *work = context;
	const uint32_t from = work->batches[i], n = work->batches[i + 1] - from;
	struct les_net_image images[BATCH_LINES];
	struct les_net_map maps[BATCH_LINES];

	for (uint32_t k = 0; k < n; k++) {
		const struct les_input *input = &work->inputs[work->order[from + k]];
		images[k] = (struct les_net_image){input->at, input->h_px, input->w_px};
	}
	enum les_kind kind =
		les_stream_run(les_loaded_member(work->net, member), images, n, maps, NULL);
	for (uint32_t k = 0; k < n && kind == LES_OK; k++)
		kind = read_map(&maps[k], les_loaded_weights(work->net)->temperature,
				work->readings_n, &work->strips[work->order[from + k]]);
	if (kind != LES_OK)
		work->failed = kind;
}

/* qsort's context: inputs of the chunk being sorted, by this thread. */
static int compare_widths(const void *a, const void *b, void *context)
{
	const struct work *work = context;
	const uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
	const uint32_t x = work->inputs[i].w_px, y = work->inputs[k].w_px;

	if (x != y)
		return x > y ? -1 : 1;
	return i < k ? -1 : i > k;
}

/* Widest first, so that the last batches, which decide when all are done, are short ones. Batches
 * are smaller where there would be too few for the team, and where wide lines need much memory. */
static void plan_batches(struct work *work, uint32_t members_n)
{
	for (uint32_t i = 0; i < work->n; i++)
		if (work->inputs[i].at)
			work->order[work->ordered_n++] = i;
	qsort_r(work->order, work->ordered_n, sizeof *work->order, compare_widths, work);
	const uint32_t share = work->ordered_n / (2 * members_n);
	const uint32_t lines_max = share < 1 ? 1 : share > BATCH_LINES ? BATCH_LINES : share;
	const uint32_t columns =
		COLUMNS / members_n > BATCH_COLUMNS_MIN ? COLUMNS / members_n : BATCH_COLUMNS_MIN;

	for (uint32_t from = 0; from < work->ordered_n;) {
		const uint32_t fit = columns / work->inputs[work->order[from]].w_px;
		const uint32_t n = fit < 1 ? 1 : fit > lines_max ? lines_max : fit;
		work->batches[work->batches_n++] = from;
		from += n < work->ordered_n - from ? n : work->ordered_n - from;
	}
	work->batches[work->batches_n] = work->ordered_n;
}

static enum les_kind read_chunk(struct les_team *team, struct work *work, struct les_error *reterr)
{
	const uint32_t members_n = les_team_threads(team);
	enum les_kind kind = les_loaded_prepare(work->net, members_n, reterr);

	if (kind != LES_OK)
		return kind;
	les_team_run(team, cut_job, work, work->n);
	plan_batches(work, members_n);
	les_team_run(team, batch_job, work, work->batches_n);
	for (uint32_t i = 0; i < work->n; i++)
		les_input_done(&work->inputs[i]);
	kind = (enum les_kind)work->failed;
	if (kind != LES_OK)
		return les_fail(reterr, kind, "the net could not read the page's lines");
	return LES_OK;
}

enum les_kind les_strips_read(struct les_team *team, struct les_loaded_net *net,
			      const struct les_image *image, const struct les_line *lines,
			      uint32_t n, uint32_t readings_n, struct les_strip *strips,
			      struct les_error *reterr)
{
	LES_CLEANUP(les_free_p) struct work *work = malloc(sizeof *work);
	enum les_kind kind = LES_OK;

	if (!work)
		return les_fail(reterr, LES_NOMEM, "no memory for a page's lines");
	for (uint32_t from = 0; from < n && kind == LES_OK; from += CHUNK_LINES) {
		*work = (struct work){.net = net,
				      .image = image,
				      .lines = lines + from,
				      .strips = strips + from,
				      .n = n - from < CHUNK_LINES ? n - from : CHUNK_LINES,
				      .readings_n = readings_n};
		kind = read_chunk(team, work, reterr);
	}
	return kind;
}

void les_strips_done(struct les_strip *strips, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		free(strips[i].reads);
		strips[i].reads = NULL;
		strips[i].reads_n = 0;
		for (uint32_t k = 0; k < strips[i].readings_n; k++)
			free(strips[i].readings[k].labels);
		free(strips[i].readings);
		strips[i].readings = NULL;
		strips[i].readings_n = 0;
	}
}

double les_strip_column(const struct les_strip *strip, uint32_t step)
{
	const double net_scale = (double)strip->input_w_px / strip->steps;
	const double in_scale =
		(double)strip->line_w_px / ((double)strip->input_w_px - 2 * LES_STRIP_PAD_PX);
	const double x = ((double)step * net_scale - LES_STRIP_PAD_PX) * in_scale;

	return nearbyint(fmin(fmax(x, 0), (double)strip->line_w_px - 1));
}
