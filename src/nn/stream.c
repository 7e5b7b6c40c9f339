/* A stream: plans by shape, the least used given up, and the memory they share. */
#include "nn/net_inside.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { PLANS_MAX = 24, HUGE_BYTES = 2 << 20 };

/* Memory that only grows, in huge pages where there are any: a page fault costs more than the
 * convolution that fills the page. */
struct region {
	char *at;
	size_t bytes;
};

struct les_stream {
	struct les_net *net;
	uint32_t threads_n;
	struct region images, sequences, scratch, results;
	uint64_t generation; /* of the regions: grows when one moves */
	uint64_t clock;
	struct plan *plans;
	uint32_t plans_n;
	struct sequence *tails;
	uint32_t tails_n;
	struct les_extent extents[LES_LAYERS_MAX];
	uint32_t lens[LES_BATCH_MAX];
};

enum les_kind les_stream_new(struct les_net *net, uint32_t threads_n, struct les_stream **ret,
			     struct les_error *reterr)
{
	if (threads_n < 1 || threads_n > LES_THREADS_MAX)
		return les_fail(reterr, LES_ARG, "a stream of %u threads", threads_n);
	struct les_stream *stream = calloc(1, sizeof *stream);
	if (!stream)
		return les_fail(reterr, LES_NOMEM, "no memory for a stream");
	stream->net = net;
	stream->threads_n = threads_n;
	stream->generation = 1;
	*ret = stream;
	return LES_OK;
}

static void region_done(struct region *region)
{
	if (region->at)
		munmap(region->at, region->bytes);
}

void les_stream_free(struct les_stream *stream)
{
	if (!stream)
		return;
	while (stream->plans) {
		struct plan *plan = stream->plans;
		stream->plans = plan->next;
		les_plan_free(plan);
	}
	while (stream->tails) {
		struct sequence *tail = stream->tails;
		stream->tails = tail->next;
		les_sequence_free(tail);
	}
	region_done(&stream->images);
	region_done(&stream->sequences);
	region_done(&stream->scratch);
	region_done(&stream->results);
	free(stream);
}

void les_stream_trim(struct les_stream *stream)
{
	region_done(&stream->images);
	region_done(&stream->sequences);
	region_done(&stream->scratch);
	region_done(&stream->results);
	stream->images = stream->sequences = stream->scratch = stream->results = (struct region){0};
	stream->generation++;
}

size_t les_stream_bytes(const struct les_stream *stream)
{
	return stream->images.bytes + stream->sequences.bytes + stream->scratch.bytes +
	       stream->results.bytes;
}

/* Room for bytes; what was there is lost if it moves. */
static enum les_kind grow(struct les_stream *stream, struct region *region, size_t bytes,
			  struct les_error *reterr)
{
	if (bytes <= region->bytes)
		return LES_OK;
	bytes = (bytes + HUGE_BYTES - 1) / HUGE_BYTES * HUGE_BYTES;
	region_done(region);
	*region = (struct region){0};
	stream->generation++;
	/* One huge page more, so that it can begin at a boundary of them. */
	char *at = mmap(NULL, bytes + HUGE_BYTES, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		return les_fail(reterr, LES_NOMEM, "no memory for %zu MB of activations",
				bytes >> 20);
	const size_t before = (HUGE_BYTES - (uintptr_t)at % HUGE_BYTES) % HUGE_BYTES;
	if (before > 0)
		munmap(at, before);
	munmap(at + before + bytes, HUGE_BYTES - before);
	region->at = at + before;
	region->bytes = bytes;
	madvise(region->at, bytes, MADV_HUGEPAGE); /* where it is refused, small pages do */
	return LES_OK;
}

/* Widths are rounded up, so that few plans serve all lines: at most 1/16 is added. */
static uint32_t bucket(const struct les_net *net, uint32_t w)
{
	uint32_t step = 16;

	if (net->exact)
		return w;
	while (w > 32 * step)
		step *= 2;
	return (w + step - 1) / step * step;
}

/* Drops the one that was not used for longest. */
static void forget_plan(struct les_stream *stream)
{
	struct plan **oldest = &stream->plans;

	if (stream->plans_n < PLANS_MAX)
		return;
	for (struct plan **at = &stream->plans; *at; at = &(*at)->next)
		if ((*at)->used < (*oldest)->used)
			oldest = at;
	struct plan *plan = *oldest;
	*oldest = plan->next;
	stream->plans_n--;
	les_plan_free(plan);
}

static enum les_kind find_plan(struct les_stream *stream, uint32_t h, uint32_t w, struct plan **ret,
			       struct les_error *reterr)
{
	struct plan *plan = stream->plans;
	enum les_kind kind;

	while (plan && (plan->h != h || plan->w != w))
		plan = plan->next;
	if (!plan) {
		kind = les_plan_new(stream->net, stream->threads_n, h, w, &plan, reterr);
		if (kind != LES_OK)
			return kind;
		forget_plan(stream);
		plan->next = stream->plans;
		stream->plans = plan;
		stream->plans_n++;
	}
	plan->used = ++stream->clock;
	kind = grow(stream, &stream->images, plan->bytes, reterr);
	if (kind == LES_OK)
		kind = grow(stream, &stream->scratch, plan->scratch_bytes, reterr);
	if (kind == LES_OK && plan->generation != stream->generation) {
		kind = les_plan_bind(plan, stream->net, stream->images.at, stream->scratch.at,
				     stream->threads_n, reterr);
		plan->generation = kind == LES_OK ? stream->generation : 0;
	}
	if (kind == LES_OK)
		*ret = plan;
	return kind;
}

static void forget_tail(struct les_stream *stream)
{
	struct sequence **oldest = &stream->tails;

	if (stream->tails_n < PLANS_MAX)
		return;
	for (struct sequence **at = &stream->tails; *at; at = &(*at)->next)
		if ((*at)->used < (*oldest)->used)
			oldest = at;
	struct sequence *tail = *oldest;
	*oldest = tail->next;
	stream->tails_n--;
	les_sequence_free(tail);
}

/* The tail for n lines of steps, with room for it; to be bound when all else has its room. */
static enum les_kind find_tail(struct les_stream *stream, uint32_t n, uint32_t steps,
			       struct sequence **ret, struct les_error *reterr)
{
	struct sequence *tail = stream->tails;
	enum les_kind kind;

	while (tail && (tail->n != n || tail->steps != steps))
		tail = tail->next;
	if (!tail) {
		kind = les_sequence_new(stream->net, n, steps, &tail, reterr);
		if (kind != LES_OK)
			return kind;
		forget_tail(stream);
		tail->next = stream->tails;
		stream->tails = tail;
		stream->tails_n++;
	}
	tail->used = ++stream->clock;
	kind = grow(stream, &stream->sequences, tail->bytes, reterr);
	if (kind == LES_OK)
		kind = grow(stream, &stream->scratch, tail->scratch_bytes, reterr);
	if (kind == LES_OK)
		*ret = tail;
	return kind;
}

/* Puts one image through the layers before the split. *ret is where the result lies, in *ret_map's
 * shape; NULL where nothing is left of the image. */
static enum les_kind run_image(struct les_stream *stream, const struct les_net_image *image,
			       const struct plan **ret, struct les_error *reterr)
{
	const uint32_t last = stream->net->split;
	struct plan *plan = NULL;
	enum les_kind kind =
		les_graph_extents(&stream->net->graph, image->h, image->w, stream->extents, reterr);

	*ret = NULL;
	if (kind != LES_OK || image->w == 0 || image->h == 0 ||
	    (last > 0 && stream->extents[last - 1].w == 0))
		return kind;
	kind = find_plan(stream, image->h, bucket(stream->net, image->w), &plan, reterr);
	if (kind != LES_OK)
		return kind;
	les_op_input(image->at, image->w, &plan->in_map, stream->images.at + plan->in,
		     (struct les_rows){0, image->h});
	kind = les_plan_run(plan, stream->net, stream->images.at, stream->threads_n, image->w,
			    stream->extents, reterr);
	if (kind == LES_OK)
		*ret = plan;
	return kind;
}

/* The size that an image has behind the layers before `end`. */
static enum les_kind extent_behind(struct les_stream *stream, const struct les_net_image *image,
				   uint32_t end, struct les_extent *ret, struct les_error *reterr)
{
	const enum les_kind kind =
		les_graph_extents(&stream->net->graph, image->h, image->w, stream->extents, reterr);

	if (kind == LES_OK)
		*ret = end > 0 ? stream->extents[end - 1] : (struct les_extent){image->h, image->w};
	return kind;
}

/* Copies a line's features, one row of them, into its place in the batch. */
static void place_line(const struct les_stream *stream, const struct plan *plan, uint32_t len,
		       const struct sequence *tail, uint32_t index)
{
	const struct les_map *map = &plan->out_map;
	const size_t bytes = map->c * les_type_bytes(map->type);
	const size_t row = tail->stride * les_type_bytes(map->type);
	const char *from = stream->images.at + plan->out;
	char *to = stream->sequences.at + tail->in + index * row;

	for (uint32_t x = 0; x < len; x++)
		memcpy(to + x * tail->n * row, from + x * bytes, bytes);
}

/* Padding of a line in the batch: finite, that is all that is asked of it. */
static void pad_line(const struct les_stream *stream, uint32_t len, const struct sequence *tail,
		     uint32_t index)
{
	const size_t row = tail->stride * les_type_bytes(stream->net->type);

	for (uint32_t x = len; x < tail->steps; x++)
		memset(stream->sequences.at + tail->in + ((size_t)x * tail->n + index) * row, 0,
		       row);
}

static enum les_kind run_lines(struct les_stream *stream, const struct les_net_image *images,
			       uint32_t n, const struct sequence *tail, struct les_error *reterr)
{
	enum les_kind kind = LES_OK;

	for (uint32_t i = 0; kind == LES_OK && i < n; i++) {
		const struct plan *plan = NULL;
		kind = run_image(stream, &images[i], &plan, reterr);
		if (plan)
			place_line(stream, plan, stream->lens[i], tail, i);
		pad_line(stream, stream->lens[i], tail, i);
	}
	return kind;
}

static enum les_kind run_tail(struct les_stream *stream, struct sequence *tail,
			      struct les_error *reterr)
{
	enum les_kind kind = LES_OK;

	if (tail->generation != stream->generation) {
		kind = les_sequence_bind(tail, stream->net, stream->sequences.at,
					 stream->scratch.at, reterr);
		tail->generation = kind == LES_OK ? stream->generation : 0;
	}
	return kind == LES_OK ? les_sequence_run(tail, stream->net, stream->sequences.at,
						 stream->lens, reterr)
			      : kind;
}

/* Lines image by image up to the split, from there on together. */
static enum les_kind run_batch(struct les_stream *stream, const struct les_net_image *images,
			       uint32_t n, struct les_net_map *maps, struct les_error *reterr)
{
	const struct les_net *net = stream->net;
	struct sequence *tail = NULL;
	struct les_extent extent = {0};
	uint32_t steps = 0;
	enum les_kind kind = LES_OK;

	for (uint32_t i = 0; kind == LES_OK && i < n; i++) {
		const struct les_net_image padded = {NULL, images[i].h, bucket(net, images[i].w)};
		kind = extent_behind(stream, &padded, net->split, &extent, reterr);
		steps = extent.w > steps ? extent.w : steps;
		if (kind == LES_OK)
			kind = extent_behind(stream, &images[i], net->split, &extent, reterr);
		stream->lens[i] = extent.w;
		maps[i] = (struct les_net_map){.c = net->graph.out_c};
	}
	if (kind != LES_OK || steps == 0)
		return kind;
	kind = find_tail(stream, n, steps, &tail, reterr);
	if (kind == LES_OK)
		kind = run_lines(stream, images, n, tail, reterr);
	if (kind == LES_OK)
		kind = run_tail(stream, tail, reterr);
	for (uint32_t i = 0; kind == LES_OK && i < n; i++) {
		if (stream->lens[i] == 0)
			continue;
		const float *result = (const float *)(void *)(stream->sequences.at + tail->result);
		const size_t c = net->graph.out_c;
		maps[i] = (struct les_net_map){result + i * c,  (uint32_t)c, 1,
					       stream->lens[i], 0,           n * c};
	}
	return kind;
}

/* Each image alone, its result copied behind those of the others. */
static enum les_kind run_each(struct les_stream *stream, const struct les_net_image *images,
			      uint32_t n, struct les_net_map *maps, struct les_error *reterr)
{
	const uint32_t end = stream->net->graph.layers_n;
	const size_t c = stream->net->graph.out_c;
	struct les_extent extent = {0};
	size_t values = 0;
	enum les_kind kind = LES_OK;

	for (uint32_t i = 0; kind == LES_OK && i < n; i++) {
		kind = extent_behind(stream, &images[i], end, &extent, reterr);
		values += (size_t)extent.h * extent.w * c;
	}
	if (kind == LES_OK && values > LES_ACTIVATION_BYTES_MAX / sizeof(float))
		kind = les_fail(reterr, LES_LIMIT, "the images are too large for the net");
	if (kind == LES_OK)
		kind = grow(stream, &stream->results, values * sizeof(float), reterr);
	float *to = (float *)(void *)stream->results.at;
	for (uint32_t i = 0; kind == LES_OK && i < n; i++) {
		const struct plan *plan = NULL;
		kind = run_image(stream, &images[i], &plan, reterr);
		maps[i] = (struct les_net_map){.c = (uint32_t)c};
		if (!plan)
			continue;
		extent = stream->extents[end - 1];
		const size_t row = extent.w * c, from_row = plan->out_map.w * c;
		const char *from = stream->images.at + plan->out;
		for (uint32_t y = 0; y < extent.h; y++)
			les_op_to_f32(plan->out_map.type,
				      from + y * from_row * les_type_bytes(plan->out_map.type),
				      to + y * row, row);
		maps[i] = (struct les_net_map){to, (uint32_t)c, extent.h, extent.w, row, c};
		to += extent.h * row;
	}
	return kind;
}

enum les_kind les_stream_run(struct les_stream *stream, const struct les_net_image *images,
			     uint32_t n, struct les_net_map *maps, struct les_error *reterr)
{
	const struct les_graph *graph = &stream->net->graph;
	const bool whole = stream->net->split == graph->layers_n;

	if (n < 1 || n > LES_BATCH_MAX)
		return les_fail(reterr, LES_ARG, "%u images at once", n);
	for (uint32_t i = 0; i < n; i++) {
		if (!whole && images[i].h != graph->in_h)
			return les_fail(reterr, LES_ARG, "a line %u px high for a net of %u px",
					images[i].h, graph->in_h);
		if (images[i].w > LES_EXTENT_MAX || images[i].h > LES_EXTENT_MAX)
			return les_fail(reterr, LES_LIMIT, "an image of %u × %u px", images[i].w,
					images[i].h);
	}
	les_threads_set(stream->threads_n);
	return (whole ? run_each : run_batch)(stream, images, n, maps, reterr);
}

enum les_kind les_stream_warm(struct les_stream *stream, uint32_t h, uint32_t w,
			      struct les_error *reterr)
{
	const struct les_graph *graph = &stream->net->graph;
	struct les_net_image image = {.h = h ? h : graph->in_h, .w = w};
	struct les_net_map map;

	if (image.h > LES_PAGE_SIDE_MAX || w > LES_PAGE_SIDE_MAX)
		return les_fail(reterr, LES_ARG, "warming up with %u × %u px", w, image.h);
	LES_CLEANUP(les_free_p)
	float *values = calloc((size_t)image.h * w * graph->in_c, sizeof *values);
	if (!values)
		return les_fail(reterr, LES_NOMEM, "no memory to warm up");
	image.at = values;
	return les_stream_run(stream, &image, 1, &map, reterr);
}
