#include "recognise/neural.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "image/input.h"
#include "recognise/nets.h"
#include "recognise/strips.h"
#include "recognise/wording.h"
#include "segment/segment.h"

#include <stdlib.h>

static struct les_team *team; /* made in the warm-up */

LES_DEFINE_CLEANUP(struct les_speller, les_speller_free)

enum les_kind les_neural_warm_up(uint32_t threads_n, struct les_error *reterr)
{
	enum les_kind kind = les_team_new(threads_n, &team, reterr);

	return kind == LES_OK ? les_nets_warm_up(threads_n, reterr) : kind;
}

static enum les_kind model(const struct les_model_ref *model, const uint8_t *bytes, size_t n,
			   struct les_error *reterr)
{
	if (model->use != LES_MODEL_NET)
		return les_fail(reterr, LES_UNSUPPORTED, "the neural reader takes nets only");
	return les_nets_add(model->id, bytes, n, reterr);
}

static enum les_precision precision_of(const struct les_read *request)
{
	return request->precision == LES_READ_BF16 ? LES_PRECISION_BF16 : LES_PRECISION_F32;
}

/* ---- finding lines ---- */

/* [row][column][channel] with strides to [channel][row][column]. */
static float *planes_of(const struct les_net_map *map)
{
	const size_t plane = (size_t)map->h * map->w;
	float *planes = malloc((plane ? plane : 1) * map->c * sizeof *planes);

	for (uint32_t y = 0; planes && y < map->h; y++)
		for (uint32_t x = 0; x < map->w; x++) {
			const float *from = map->at + y * map->row_stride + x * map->column_stride;
			for (uint32_t c = 0; c < map->c; c++)
				planes[c * plane + (size_t)y * map->w + x] = from[c];
		}
	return planes;
}

static enum les_kind heat_of(const struct les_net_map *map, const struct les_input *input,
			     float **ret, struct les_error *reterr)
{
	LES_CLEANUP(les_free_p) float *planes = planes_of(map);

	if (!planes)
		return les_fail(reterr, LES_NOMEM, "no memory for a heatmap");
	return les_heat_from_logits(planes, map->c, map->h, map->w, input->h_px, input->w_px, ret,
				    reterr);
}

/* Runs the net over the page; *ret is the heatmap at the size of the net's input. */
static enum les_kind heat_page(struct les_loaded_net *net, const struct les_image *image,
			       struct les_input *input, float **ret, struct les_error *reterr)
{
	const struct les_graph *graph = les_loaded_graph(net);
	const struct les_input_spec spec = {
		.channels = graph->in_c, .h_px = graph->in_h, .w_px = graph->in_w};
	struct les_net_map map;
	struct les_stream *stream;
	enum les_kind kind = les_input_from_image(image, &spec, input, reterr);

	/* known before minutes of work: a heatmap has the size of the input */
	if (kind == LES_OK && (uint64_t)input->h_px * input->w_px > LES_PLANE_PX_MAX)
		kind = les_fail(reterr, LES_LIMIT,
				"at the line finder's height the page is %u × %u pixels, too many",
				input->w_px, input->h_px);
	if (kind == LES_OK)
		kind = les_loaded_whole(net, les_team_threads(team), &stream, reterr);
	if (kind != LES_OK)
		return kind;
	const struct les_net_image page = {input->at, input->h_px, input->w_px};
	kind = les_stream_run(stream, &page, 1, &map, reterr);
	if (kind == LES_OK)
		kind = heat_of(&map, input, ret, reterr);
	les_stream_trim(stream); /* a page's activations are large, and its lines come next */
	return kind;
}

static enum les_kind find_lines(const struct les_read *request, const struct les_image *image,
				struct les_page *page, struct les_error *reterr)
{
	LES_CLEANUP(les_input_done) struct les_input input = {0};
	LES_CLEANUP(les_free_p) float *heat = NULL;
	struct les_loaded_net *net;

	if (!request->segmenter[0])
		return les_fail(reterr, LES_UNSUPPORTED, "no line finder was named");
	enum les_kind kind = les_nets_lookup(request->segmenter, LES_NET_SEGMENTATION,
					     precision_of(request), &net, reterr);
	if (kind == LES_OK)
		kind = heat_page(net, image, &input, &heat, reterr);
	if (kind != LES_OK)
		return kind;
	const struct les_weights *weights = les_loaded_weights(net);
	const struct les_heatmap heatmap = {.at = heat,
					    .channels = les_loaded_graph(net)->out_c,
					    .h_px = input.h_px,
					    .w_px = input.w_px,
					    .classes = weights->classes,
					    .classes_n = weights->classes_n};
	const struct les_segment_options options = {
		.position = weights->topline ? LES_LINE_TOP : LES_LINE_BOTTOM, .team = team};
	return les_segment_heatmap(&heatmap, image, &options, page, reterr);
}

/* ---- given lines ---- */

static void clip(struct les_points *points, const struct les_image *image)
{
	const float right = (float)(image->w_px - 1), bottom = (float)(image->h_px - 1);

	for (uint32_t i = 0; i < points->n; i++) {
		struct les_point *p = &points->at[i];
		p->x_px = p->x_px < 0 ? 0 : p->x_px > right ? right : p->x_px;
		p->y_px = p->y_px < 0 ? 0 : p->y_px > bottom ? bottom : p->y_px;
	}
}

/* Lines that somebody else found: brought back onto the page, and polygons for those that have a
 * baseline alone. */
static enum les_kind take_lines(const struct les_image *image, struct les_page *page,
				struct les_error *reterr)
{
	const struct les_segment_options options = {.position = LES_LINE_BOTTOM, .team = team};

	for (uint32_t i = 0; i < page->lines_n; i++) {
		clip(&page->lines[i].baseline, image);
		clip(&page->lines[i].polygon, image);
	}
	return les_segment_contours(image, &options, page, reterr);
}

static enum les_kind take_image(const struct les_image *image, struct les_page *page,
				struct les_error *reterr)
{
	page->lines = les_arena_alloc(&page->arena, 1, sizeof *page->lines);
	if (!page->lines)
		return les_fail(reterr, LES_NOMEM, "no memory for a line");
	page->lines[0] =
		(struct les_line){.id = "",
				  .text = "",
				  .language = "",
				  .script = "",
				  .region = -1,
				  .box = {0, 0, (int32_t)image->w_px, (int32_t)image->h_px}};
	page->lines_n = 1;
	return LES_OK;
}

static enum les_kind get_lines(const struct les_read *request, const struct les_image *image,
			       struct les_page *page, struct les_error *reterr)
{
	switch (request->mode) {
	case LES_READ_LINES:
		return take_lines(image, page, reterr);
	case LES_READ_ONE:
		return take_image(image, page, reterr);
	default:
		return find_lines(request, image, page, reterr);
	}
}

/* ---- reading ---- */

static enum les_kind word_lines(struct les_loaded_net *net, const struct les_strip *strips,
				struct les_page *page, struct les_error *reterr)
{
	LES_CLEANUP(les_speller_free_p) struct les_speller *speller = NULL;
	enum les_kind kind = les_speller_new(les_loaded_weights(net), &speller, reterr);

	for (uint32_t i = 0; i < page->lines_n && kind == LES_OK; i++) {
		struct les_line *line = &page->lines[i];

		if (les_box_is_empty(&line->box) && line->polygon.n)
			line->box = les_points_box(&line->polygon);
		kind = les_wording_fill(speller, &strips[i], page, line, reterr);
	}
	return kind;
}

static enum les_kind read_lines(const struct les_read *request, const struct les_image *image,
				struct les_page *page, struct les_error *reterr)
{
	const uint32_t n = page->lines_n;
	struct les_loaded_net *net;

	if (!request->recogniser[0])
		return les_fail(reterr, LES_UNSUPPORTED, "no recogniser was named");
	enum les_kind kind = les_nets_lookup(request->recogniser, LES_NET_RECOGNITION,
					     precision_of(request), &net, reterr);
	if (kind != LES_OK || n == 0)
		return kind;
	struct les_strip *strips = calloc(n, sizeof *strips);
	if (!strips)
		return les_fail(reterr, LES_NOMEM, "no memory for a page's lines");
	kind = les_strips_read(team, net, image, page->lines, n, request->readings_n, strips,
			       reterr);
	if (kind == LES_OK)
		kind = word_lines(net, strips, page, reterr);
	les_strips_done(strips, n);
	free(strips);
	return kind;
}

static enum les_kind read_page(const struct les_read *request, const struct les_image *image,
			       struct les_page *page, struct les_read_done *done,
			       struct les_error *reterr)
{
	const double since = les_clock_s();
	enum les_kind kind = get_lines(request, image, page, reterr);

	if (kind == LES_OK && request->mode != LES_READ_FIND)
		kind = read_lines(request, image, page, reterr);
	done->recognise_us = (uint32_t)(1e6 * (les_clock_s() - since));
	return kind;
}

const struct les_engine les_engine_neural = {.model = model, .read = read_page};
