#include "segment/segment.h"

#include "image/resize.h"
#include "segment/areas.h"
#include "segment/baselines.h"
#include "segment/order.h"
#include "segment/place.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void step(const struct les_segment_options *options, const char *name)
{
	if (options->on_step)
		options->on_step(options->context, name);
}

enum les_kind les_heat_from_logits(const float *logits, uint32_t channels, uint32_t h_px,
				   uint32_t w_px, uint32_t to_h_px, uint32_t to_w_px, float **ret,
				   struct les_error *reterr)
{
	const size_t small = (size_t)h_px * w_px, large = (size_t)to_h_px * to_w_px;

	if (small == 0 || large == 0 || channels == 0 || channels > LES_CLASSES_MAX ||
	    large > LES_PLANE_PX_MAX || large * channels > LES_INPUT_FLOATS_MAX)
		return les_fail(reterr, LES_LIMIT, "a heatmap of %u × %u × %u", channels, to_h_px,
				to_w_px);
	LES_CLEANUP(les_free_p) float *row = calloc(w_px, sizeof *row);
	LES_CLEANUP(les_free_p) float *heat = calloc(large * channels, sizeof *heat);
	if (!row || !heat)
		return les_fail(reterr, LES_NOMEM, "a heatmap of %u × %u × %u", channels, to_h_px,
				to_w_px);
	for (uint32_t c = 0; c < channels; c++) {
		float *out = heat + c * large;
		size_t filled = SIZE_MAX;
		for (size_t y = 0; y < to_h_px; y++, out += to_w_px) {
			const size_t from = y * h_px / to_h_px;
			if (from == filled) {
				memcpy(out, out - to_w_px, to_w_px * sizeof *out);
				continue;
			}
			filled = from;
			for (size_t x = 0; x < w_px; x++)
				row[x] = 1 / (1 + expf(-logits[c * small + from * w_px + x]));
			for (size_t x = 0; x < to_w_px; x++)
				out[x] = row[x * w_px / to_w_px];
		}
	}
	*ret = LES_TAKE(heat);
	return LES_OK;
}

/* What has been found, in heatmap pixels. */
struct found {
	struct les_polylines lines, polygons, areas;
	const struct les_class **area_class; /* per area */
	int32_t *area_of;                    /* per line */
};

static void found_done(struct found *f)
{
	les_polylines_done(&f->lines);
	les_polylines_done(&f->polygons);
	les_polylines_done(&f->areas);
	free(f->area_class);
	free(f->area_of);
}

static const struct les_class *lookup_class(const struct les_heatmap *heatmap, const char *name)
{
	for (uint32_t i = 0; i < heatmap->classes_n; i++)
		if (heatmap->classes[i].kind == LES_CLASS_AUX &&
		    strcmp(heatmap->classes[i].name, name) == 0)
			return &heatmap->classes[i];
	return NULL;
}

/* A channel, copied with its values cut to [0,1]; empty for NULL. */
static enum les_kind copy_channel(const struct les_heatmap *heatmap, const struct les_class *class,
				  struct les_plane *ret, struct les_error *reterr)
{
	if (!class)
		return LES_OK;
	const enum les_kind kind = les_plane_new(heatmap->w_px, heatmap->h_px, ret, reterr);
	const size_t n = (size_t)heatmap->w_px * heatmap->h_px;
	if (kind)
		return kind;
	for (size_t i = 0; i < n; i++) {
		const float v = heatmap->at[class->channel * n + i];
		ret->at[i] = v > 0 ? (v < 1 ? v : 1) : 0;
	}
	return LES_OK;
}

/* Appends as many chains as there is room for. */
static enum les_kind append(struct les_polylines *from, size_t max, struct les_polylines *to,
			    struct les_error *reterr)
{
	enum les_kind kind = LES_OK;

	for (size_t i = 0; !kind && i < from->n && to->n < max; i++)
		kind = les_polylines_push(to, &from->at[i], reterr);
	return kind;
}

static enum les_kind append_areas(struct les_polylines *areas, const struct les_class *class,
				  struct found *found, struct les_error *reterr)
{
	const size_t n = found->areas.n;
	const struct les_class **classes =
		reallocarray(found->area_class, n + areas->n + 1, sizeof *classes);

	if (!classes)
		return les_fail(reterr, LES_NOMEM, "%zu regions", n + areas->n);
	found->area_class = classes;
	for (size_t i = 0; i < areas->n; i++)
		classes[n + i] = class;
	return append(areas, LES_PAGE_REGIONS_MAX, &found->areas, reterr);
}

static enum les_kind find_areas(const struct les_heatmap *heatmap, struct found *found,
				struct les_error *reterr)
{
	enum les_kind kind = LES_OK;

	for (uint32_t i = 0; !kind && i < heatmap->classes_n; i++) {
		const struct les_class *class = &heatmap->classes[i];
		LES_CLEANUP(les_plane_done) struct les_plane heat = {0};
		LES_CLEANUP(les_polylines_done) struct les_polylines areas = {0};
		if (class->kind != LES_CLASS_REGION)
			continue;
		kind = copy_channel(heatmap, class, &heat, reterr);
		if (!kind)
			kind = les_areas_find(&heat, &areas, reterr);
		if (!kind)
			kind = append_areas(&areas, class, found, reterr);
	}
	return kind;
}

static enum les_kind find_lines(const struct les_heatmap *heatmap, bool vertical,
				struct found *found, struct les_error *reterr)
{
	LES_CLEANUP(les_plane_done) struct les_plane start = {0};
	LES_CLEANUP(les_plane_done) struct les_plane end = {0};
	enum les_kind kind =
		copy_channel(heatmap, lookup_class(heatmap, "_start_separator"), &start, reterr);

	if (!kind)
		kind = copy_channel(heatmap, lookup_class(heatmap, "_end_separator"), &end, reterr);
	for (uint32_t i = 0; !kind && i < heatmap->classes_n; i++) {
		const struct les_class *class = &heatmap->classes[i];
		LES_CLEANUP(les_plane_done) struct les_plane line = {0};
		LES_CLEANUP(les_polylines_done) struct les_polylines lines = {0};
		if (class->kind != LES_CLASS_BASELINE)
			continue;
		kind = copy_channel(heatmap, class, &line, reterr);
		const struct les_line_heat heat = {start, end, line, vertical};
		if (!kind)
			kind = les_baselines_find(&heat, &lines, reterr);
		if (!kind)
			kind = append(&lines, LES_PAGE_LINES_MAX, &found->lines, reterr);
	}
	return kind;
}

/* Polygons within areas; image at the heatmap's size. */
static enum les_kind find_polygons(const struct les_image *image,
				   const struct les_segment_options *options, struct found *found,
				   struct les_error *reterr)
{
	LES_CLEANUP(les_plane_done) struct les_plane features = {0};
	enum les_kind kind = les_contour_features(image, &features, reterr);

	if (!kind)
		kind = les_areas_assign(&found->areas, &found->lines, &found->area_of, reterr);
	if (kind)
		return kind;
	step(options, "features");
	const struct les_contour_input input = {
		.features = &features,
		.baselines = &found->lines,
		.areas = &found->areas,
		.area_of = found->area_of,
		.position = options->position,
		.team = options->team,
	};
	kind = les_contours_find(&input, NULL, &found->polygons, reterr);
	step(options, "polygons");
	return kind;
}

static enum les_kind check(const struct les_heatmap *heatmap, struct les_error *reterr)
{
	bool lines = false, areas = false;

	if (heatmap->w_px == 0 || heatmap->h_px == 0 ||
	    (uint64_t)heatmap->w_px * heatmap->h_px > LES_PLANE_PX_MAX)
		return les_fail(reterr, LES_LIMIT, "a heatmap of %u × %u pixels", heatmap->w_px,
				heatmap->h_px);
	for (uint32_t i = 0; i < heatmap->classes_n; i++) {
		if (heatmap->classes[i].channel >= heatmap->channels)
			return les_fail(reterr, LES_ARG, "class \"%s\" has no channel",
					heatmap->classes[i].name);
		lines = lines || heatmap->classes[i].kind == LES_CLASS_BASELINE;
		areas = areas || heatmap->classes[i].kind == LES_CLASS_REGION;
	}
	return lines || areas ? LES_OK
			      : les_fail(reterr, LES_ARG, "a heatmap without lines or regions");
}

static enum les_kind write_page(const struct found *found, const struct les_image *image,
				const struct les_heatmap *heatmap,
				const struct les_segment_options *options, struct les_page *page,
				struct les_error *reterr)
{
	const struct les_placing placing = {
		.x_scale = (double)(options->page_w_px ? options->page_w_px : image->w_px) /
			   heatmap->w_px,
		.y_scale = (double)(options->page_h_px ? options->page_h_px : image->h_px) /
			   heatmap->h_px,
		.w_px = options->page_w_px ? options->page_w_px : image->w_px,
		.h_px = options->page_h_px ? options->page_h_px : image->h_px,
		.position = options->position,
	};
	enum les_kind kind =
		les_place_areas(&placing, &found->areas, found->area_class, page, reterr);

	if (!kind)
		kind = les_place_lines(&placing, &found->lines, &found->polygons, page, reterr);
	if (!kind)
		kind = les_order_lines(page, options->right_to_left, reterr);
	return kind;
}

enum les_kind les_segment_baselines(const struct les_heatmap *heatmap, struct les_polylines *ret,
				    struct les_error *reterr)
{
	LES_CLEANUP(found_done) struct found found = {0};
	enum les_kind kind = check(heatmap, reterr);

	if (!kind)
		kind = find_lines(heatmap, false, &found, reterr);
	if (kind)
		return kind;
	*ret = found.lines;
	found.lines = (struct les_polylines){0};
	return LES_OK;
}

enum les_kind les_segment_heatmap(const struct les_heatmap *heatmap, const struct les_image *image,
				  const struct les_segment_options *options, struct les_page *page,
				  struct les_error *reterr)
{
	LES_CLEANUP(found_done) struct found found = {0};
	LES_CLEANUP(les_bitmap_done) struct les_bitmap resized = {0};
	struct les_image small = *image;
	enum les_kind kind = check(heatmap, reterr);

	if (!kind && (image->w_px != heatmap->w_px || image->h_px != heatmap->h_px)) {
		kind = les_resize_lanczos(image, heatmap->w_px, heatmap->h_px, &resized, reterr);
		small = les_bitmap_view(&resized);
		step(options, "resize");
	}
	if (!kind)
		kind = find_areas(heatmap, &found, reterr);
	if (kind)
		return kind;
	step(options, "regions");
	kind = find_lines(heatmap, options->vertical, &found, reterr);
	step(options, "baselines");
	if (!kind)
		kind = find_polygons(&small, options, &found, reterr);
	if (!kind)
		kind = write_page(&found, image, heatmap, options, page, reterr);
	step(options, "order");
	return kind;
}
