/* Baseline segmentation against real kraken: heatmap → baselines, regions, polygons, order. */
#include "data.h"

#include "image/input.h"
#include "image/polygon.h"
#include "image/ridge.h"
#include "image/thin.h"
#include "segment/areas.h"
#include "segment/baselines.h"
#include "segment/order.h"
#include "segment/segment.h"
#include "test.h"

#include <leptonica/allheaders.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { START, END, BASE, REGION, CHANNELS };
static const struct les_class CLASSES[CHANNELS] = {
	{"_start_separator", LES_CLASS_AUX, START},
	{"_end_separator", LES_CLASS_AUX, END},
	{"default", LES_CLASS_BASELINE, BASE},
	{"text", LES_CLASS_REGION, REGION},
};

/* One case with all it came with. */
struct page_case {
	float *heat;
	struct les_bitmap image;
	json_t *result;
	const json_t *files;
	uint32_t w, h;
};

static struct page_case case_open(const json_t *entry)
{
	static const char *const names[CHANNELS] = {"start", "end", "base", "region"};
	struct page_case c = {.files = json_object_get(entry, "files")};

	c.image = golden_png(golden_string(c.files, "image"));
	c.w = c.image.w_px;
	c.h = c.image.h_px;
	c.heat = calloc((size_t)c.w * c.h * CHANNELS, sizeof *c.heat);
	assert_non_null(c.heat);
	for (size_t k = 0; k < CHANNELS; k++) {
		struct les_bitmap channel = golden_png(golden_string(c.files, names[k]));
		assert_int_equal(channel.w_px, c.w);
		assert_int_equal(channel.h_px, c.h);
		for (size_t i = 0; i < (size_t)c.w * c.h; i++)
			c.heat[k * c.w * c.h + i] = (float)channel.px[i] / 255;
		les_bitmap_done(&channel);
	}
	c.result = golden_json(golden_string(c.files, "result"));
	print_message("%s\n", golden_string(entry, "name"));
	return c;
}

static void case_close(struct page_case *c)
{
	free(c->heat);
	les_bitmap_done(&c->image);
	json_decref(c->result);
}

static struct les_plane channel(const struct page_case *c, size_t k)
{
	return (struct les_plane){c->heat + k * c->w * c->h, c->w, c->h};
}

static struct les_polyline chain(const json_t *array)
{
	struct les_polyline line = {0};

	for (size_t i = 0; i < json_array_size(array); i++) {
		const json_t *p = json_array_get(array, i);
		const struct les_vec at = {json_number_value(json_array_get(p, 0)),
					   json_number_value(json_array_get(p, 1))};
		assert_int_equal(les_polyline_push(&line, at, NULL), LES_OK);
	}
	return line;
}

static struct les_polyline chain_of(const struct les_points *points)
{
	struct les_polyline line = {0};

	for (uint32_t i = 0; i < points->n; i++) {
		const struct les_vec at = {points->at[i].x_px, points->at[i].y_px};
		assert_int_equal(les_polyline_push(&line, at, NULL), LES_OK);
	}
	return line;
}

static double one_way(const struct les_polyline *a, const struct les_polyline *b)
{
	const double length = les_polyline_length(a);
	double worst = 0;

	for (double at = 0; at <= length + 1; at += 1) {
		const struct les_vec p = les_polyline_at(a, at);
		double best = HUGE_VAL;
		for (size_t i = 1; i < b->n; i++) {
			const struct les_vec near = les_segment_nearest(b->at[i - 1], b->at[i], p);
			best = fmin(best, les_vec_length(les_vec_sub(near, p)));
		}
		worst = fmax(worst, best);
	}
	return worst;
}

static double hausdorff(const struct les_polyline *a, const struct les_polyline *b)
{
	return fmax(one_way(a, b), one_way(b, a));
}

static bool same_direction(const struct les_polyline *a, const struct les_polyline *b)
{
	return les_vec_dot(les_vec_sub(a->at[a->n - 1], a->at[0]),
			   les_vec_sub(b->at[b->n - 1], b->at[0])) > 0;
}

/* Intersection over union, by pixels of a page. */
static double overlap(const struct les_polyline *a, const struct les_polyline *b, uint32_t w,
		      uint32_t h)
{
	struct les_bitmap x, y;
	size_t both = 0, any = 0;

	assert_int_equal(les_bitmap_new(w, h, 1, &x, NULL), LES_OK);
	assert_int_equal(les_bitmap_new(w, h, 1, &y, NULL), LES_OK);
	assert_int_equal(les_polygon_fill(&x, a, NULL), LES_OK);
	assert_int_equal(les_polygon_fill(&y, b, NULL), LES_OK);
	for (size_t i = 0; i < (size_t)w * h; i++) {
		both += x.px[i] && y.px[i];
		any += x.px[i] || y.px[i];
	}
	les_bitmap_done(&x);
	les_bitmap_done(&y);
	return any ? (double)both / (double)any : 1;
}

/* Intermediate results: the share of pixels that differ, of those kraken has set. */
static void check_steps(const json_t *entry)
{
	struct page_case c = case_open(entry);
	struct les_bitmap want_mask = golden_png(golden_string(c.files, "sato_gt_017"));
	struct les_bitmap want_thin = golden_png(golden_string(c.files, "skeleton"));
	const struct les_plane base = channel(&c, BASE);
	struct les_plane ridge;
	size_t set = 0, off = 0, thin = 0, thin_off = 0;

	assert_int_equal(les_ridge(&base, &ridge, NULL), LES_OK);
	for (size_t i = 0; i < (size_t)c.w * c.h; i++) {
		set += want_mask.px[i] != 0;
		off += (want_mask.px[i] != 0) != (ridge.at[i] > 0.17f);
	}
	assert_int_equal(les_thin(&want_mask, NULL), LES_OK);
	for (size_t i = 0; i < (size_t)c.w * c.h; i++) {
		thin += want_thin.px[i] != 0;
		thin_off += (want_thin.px[i] != 0) != (want_mask.px[i] != 0);
	}
	print_message("  ridges: %zu of %zu pixels differ; skeleton: %zu of %zu\n", off, set,
		      thin_off, thin);
	assert_true((double)off <= 0.001 * (double)set);
	assert_true((double)thin_off <= 0.01 * (double)thin);
	les_plane_done(&ridge);
	les_bitmap_done(&want_mask);
	les_bitmap_done(&want_thin);
	case_close(&c);
}

static void ridges_and_skeletons_are_krakens(void **state)
{
	(void)state;
	assert_int_equal(golden_each("blla_postproc", check_steps), 2);
}

static void check_features(const json_t *entry)
{
	const char *name =
		json_string_value(json_object_get(json_object_get(entry, "files"), "im_feats"));

	if (!name)
		return;
	struct page_case c = case_open(entry);
	struct golden_array want = golden_npy(name);
	const struct les_image image = les_bitmap_view(&c.image);
	struct les_plane got;
	assert_int_equal(les_contour_features(&image, &got, NULL), LES_OK);
	for (size_t i = 0; i < (size_t)c.w * c.h; i++)
		assert_true(fabsf(got.at[i] - want.at[i]) <= 1e-5f);
	les_plane_done(&got);
	free(want.at);
	case_close(&c);
}

static void features_are_krakens(void **state)
{
	(void)state;
	assert_int_equal(golden_each("blla_postproc", check_features), 2);
}

static void check_baselines(const json_t *entry)
{
	struct page_case c = case_open(entry);
	const json_t *want = json_object_get(c.result, "vectorize_lines");
	const struct les_line_heat heat = {channel(&c, START), channel(&c, END), channel(&c, BASE),
					   false};
	struct les_polylines got;
	double worst = 0;

	assert_int_equal(les_baselines_find(&heat, &got, NULL), LES_OK);
	assert_int_equal(got.n, json_array_size(want));
	for (size_t i = 0; i < got.n; i++) {
		struct les_polyline line = chain(json_array_get(want, i));
		double best = HUGE_VAL;
		size_t found = 0;
		for (size_t k = 0; k < got.n; k++) {
			const double distance = hausdorff(&line, &got.at[k]);
			found = distance < best ? k : found;
			best = fmin(best, distance);
		}
		assert_true(best <= 3);
		assert_true(same_direction(&line, &got.at[found]));
		worst = fmax(worst, best);
		les_polyline_done(&line);
	}
	print_message("  %zu baselines, at most %.2f px off\n", got.n, worst);
	les_polylines_done(&got);
	case_close(&c);
}

static void baselines_are_krakens(void **state)
{
	(void)state;
	assert_int_equal(golden_each("blla_postproc", check_baselines), 2);
}

static void check_regions(const json_t *entry)
{
	struct page_case c = case_open(entry);
	const json_t *want = json_object_get(c.result, "vectorize_regions");
	const struct les_plane heat = channel(&c, REGION);
	struct les_polylines got;

	assert_int_equal(les_areas_find(&heat, &got, NULL), LES_OK);
	assert_int_equal(got.n, json_array_size(want));
	for (size_t i = 0; i < got.n; i++) {
		struct les_polyline area = chain(json_array_get(want, i));
		const double share = overlap(&area, &got.at[i], c.w, c.h);
		print_message("  region: %.4f\n", share);
		assert_true(share >= 0.98);
		les_polyline_done(&area);
	}
	les_polylines_done(&got);
	case_close(&c);
}

static void regions_are_krakens(void **state)
{
	(void)state;
	assert_int_equal(golden_each("blla_postproc", check_regions), 2);
}

/* Overlap of one polygon, into the sums. */
struct tally {
	double sum, least;
	size_t n;
};

static void count(struct tally *tally, double share)
{
	tally->sum += share;
	tally->least = tally->n ? fmin(tally->least, share) : share;
	tally->n++;
}

static void check_tally(const struct tally *tally)
{
	print_message("  %zu polygons: overlap %.4f on average, %.4f at least\n", tally->n,
		      tally->sum / (double)tally->n, tally->least);
	assert_true(tally->sum / (double)tally->n >= 0.95);
	assert_true(tally->least >= 0.85);
}

static void check_page(const json_t *entry)
{
	struct page_case c = case_open(entry);
	const json_t *lines = json_object_get(c.result, "lines");
	const json_t *order = json_object_get(c.result, "reading_order");
	const struct les_heatmap heatmap = {c.heat, CHANNELS, c.h, c.w, CLASSES, CHANNELS};
	const struct les_image image = les_bitmap_view(&c.image);
	const struct les_segment_options options = {0};
	struct les_page *page = les_page_new();
	struct tally tally = {0};

	assert_non_null(page);
	assert_int_equal(les_segment_heatmap(&heatmap, &image, &options, page, NULL), LES_OK);
	assert_int_equal(page->lines_n, json_array_size(lines));
	assert_int_equal(page->regions_n, 1);
	for (uint32_t i = 0; i < page->lines_n; i++) {
		const json_t *line =
			json_array_get(lines, (size_t)json_integer_value(json_array_get(order, i)));
		struct les_polyline want = chain(json_object_get(line, "baseline"));
		struct les_polyline got = chain_of(&page->lines[i].baseline);
		struct les_polyline boundary = chain(json_object_get(line, "boundary"));
		struct les_polyline polygon = chain_of(&page->lines[i].polygon);

		assert_true(hausdorff(&want, &got) <= 3); /* the same line at the same place */
		count(&tally, overlap(&boundary, &polygon, c.w, c.h));
		les_polyline_done(&want);
		les_polyline_done(&got);
		les_polyline_done(&boundary);
		les_polyline_done(&polygon);
	}
	check_tally(&tally);
	les_page_free(page);
	case_close(&c);
}

static void pages_come_out_as_in_kraken(void **state)
{
	(void)state;
	assert_int_equal(golden_each("blla_postproc", check_page), 2);
}

static void check_contours(const json_t *entry)
{
	struct page_case c = case_open(entry);
	const json_t *given = json_object_get(c.result, "input_baselines");
	const json_t *want = json_object_get(c.result, "polygonal_environment_of_input_baselines");
	const struct les_image image = les_bitmap_view(&c.image);
	struct les_plane features;
	struct les_polylines baselines = {0}, got;
	struct tally tally = {0};

	assert_int_equal(les_contour_features(&image, &features, NULL), LES_OK);
	for (size_t i = 0; i < json_array_size(given); i++) {
		struct les_polyline line = chain(json_array_get(given, i));
		assert_int_equal(les_polylines_push(&baselines, &line, NULL), LES_OK);
	}
	const struct les_contour_input input = {.features = &features, .baselines = &baselines};
	assert_int_equal(les_contours_find(&input, NULL, &got, NULL), LES_OK);
	for (size_t i = 0; i < got.n; i++) {
		struct les_polyline polygon = chain(json_array_get(want, i));
		count(&tally, overlap(&polygon, &got.at[i], c.w, c.h));
		les_polyline_done(&polygon);
	}
	check_tally(&tally);
	les_polylines_done(&baselines);
	les_polylines_done(&got);
	les_plane_done(&features);
	case_close(&c);
}

static void contours_of_given_lines_are_krakens(void **state)
{
	(void)state;
	assert_int_equal(golden_each("blla_postproc", check_contours), 2);
}

static void check_heat(const json_t *entry)
{
	const json_t *files = json_object_get(entry, "files");
	struct golden_array logits = golden_npy(golden_string(files, "logits"));
	struct golden_array want = golden_npy(golden_string(files, "heatmap"));
	const size_t skip = logits.dims - 3, n = want.shape[0] * want.shape[1] * want.shape[2];
	float *got;

	assert_int_equal(want.dims, 3);
	assert_int_equal(les_heat_from_logits(
				 logits.at, (uint32_t)logits.shape[skip],
				 (uint32_t)logits.shape[skip + 1], (uint32_t)logits.shape[skip + 2],
				 (uint32_t)want.shape[1], (uint32_t)want.shape[2], &got, NULL),
			 LES_OK);
	for (size_t i = 0; i < n; i++)
		assert_true(fabsf(got[i] - want.at[i]) <= 1e-5f);
	free(got);
	free(logits.at);
	free(want.at);
}

static void logits_become_krakens_heatmap(void **state)
{
	(void)state;
	assert_int_equal(golden_each("blla_net", check_heat), 1);
}

static struct les_bitmap read_page(const char *path)
{
	PIX *pix = pixRead(path);
	struct les_bitmap page;

	assert_non_null(pix);
	assert_int_equal(pixGetDepth(pix), 32);
	assert_int_equal(les_bitmap_new((uint32_t)pixGetWidth(pix), (uint32_t)pixGetHeight(pix), 3,
					&page, NULL),
			 LES_OK);
	for (uint32_t y = 0; y < page.h_px; y++) {
		for (uint32_t x = 0; x < page.w_px; x++) {
			l_uint32 value = 0;
			uint8_t *px = page.px + ((size_t)y * page.w_px + x) * 3;
			pixGetPixel(pix, (l_int32)x, (l_int32)y, &value);
			for (uint32_t k = 0; k < 3; k++)
				px[k] = (uint8_t)(value >> (24 - 8 * k));
		}
	}
	pixDestroy(&pix);
	return page;
}

/* kraken saw the page before it was compressed for us: its picture is ours up to that. */
static void check_input(const json_t *entry)
{
	enum { FIRST_ROW = 900, ROWS = 16 };
	struct golden_array want =
		golden_npy(golden_string(json_object_get(entry, "files"), "rows_900_916"));
	struct les_bitmap page =
		read_page(golden_path("../data/kurrent-pages/val/UAT_047_22_234.webp"));
	const struct les_image image = les_bitmap_view(&page);
	const struct les_input_spec spec = {.channels = 3, .h_px = 1800};
	struct les_input got;
	double sum = 0;

	assert_int_equal(les_input_from_image(&image, &spec, &got, NULL), LES_OK);
	assert_int_equal(got.w_px, 1152);
	assert_int_equal(got.h_px, 1800);
	for (size_t k = 0; k < 3; k++)
		for (size_t i = 0; i < (size_t)ROWS * got.w_px; i++)
			sum += fabsf(got.at[(k * got.h_px + FIRST_ROW) * got.w_px + i] -
				     want.at[k * ROWS * got.w_px + i]);
	sum /= 3.0 * ROWS * got.w_px;
	print_message("%s: off by %.4f on average\n", golden_string(entry, "name"), sum);
	assert_true(sum <= 0.02);
	les_input_done(&got);
	les_bitmap_done(&page);
	free(want.at);
}

static void pages_become_krakens_tensor(void **state)
{
	(void)state;
	assert_int_equal(golden_each("blla_preproc", check_input), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ridges_and_skeletons_are_krakens),
		cmocka_unit_test(features_are_krakens),
		cmocka_unit_test(baselines_are_krakens),
		cmocka_unit_test(regions_are_krakens),
		cmocka_unit_test(pages_come_out_as_in_kraken),
		cmocka_unit_test(contours_of_given_lines_are_krakens),
		cmocka_unit_test(logits_become_krakens_heatmap),
		cmocka_unit_test(pages_become_krakens_tensor),
	};

	if (!golden_present())
		return SKIPPED;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
