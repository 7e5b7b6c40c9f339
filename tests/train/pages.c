/* jobs/page_survey.h, jobs/page_packing.h: pages of ground truth for a line finder, through real
 * workers. */
#include "base/cleanup.h"
#include "jobs/page_packing.h"
#include "tests/documents/documents.h"
#include "tests/test.h"
#include "tests/workers/workers.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { H_PX = 80, SCALED_W_PX = PICTURE_W_PX / 2 };

#define PAGE(lines)                                                                                \
	"<?xml version=\"1.0\"?><PcGts><Page imageWidth=\"240\" imageHeight=\"160\">"              \
	"<TableRegion id=\"t\"><Coords points=\"0,100 239,100 239,159\"/></TableRegion>"           \
	"<TextRegion id=\"r\"><Coords points=\"0,0 239,0 239,99 0,99\"/>" lines                    \
	"</TextRegion></Page></PcGts>"
#define LINE(id, baseline)                                                                         \
	"<TextLine id=\"" id "\"><Coords points=\"0,0 9,0 9,9\"/>" baseline "</TextLine>"
#define BASELINE(points) "<Baseline points=\"" points "\"/>"

static const char good[] =
	PAGE(LINE("a", BASELINE("10,50 100,54 200,50")) LINE("b", BASELINE("20,80 236,80"))
		     LINE("none", "") LINE("short", BASELINE("20,90 23,90"))
			     LINE("out", BASELINE("20,90 400,90")));
static const char other[] = PAGE(LINE("a", BASELINE("10,60 200,60")));
static const char bare[] = PAGE(LINE("none", ""));
static const char wrong_size[] = "<PcGts><Page imageWidth=\"999\" imageHeight=\"160\"/></PcGts>";

/* The ground truth's folder and a pool over the real workers. */
struct ground {
	struct folder truth, cache, workers;
	struct les_pool *pool;
	struct les_corpus corpus;
};

static void write_text(const struct folder *folder, const char *name, const char *text)
{
	folder_write(folder, name, text, strlen(text), NULL);
}

static int make(void **state)
{
	static struct ground g;
	static const char *const binaries[] = {"lesart-decode", "lesart-train"};
	LES_CLEANUP(les_buf_done) struct les_buf png = LES_BUF(DOCUMENT_BYTES_MAX);
	const struct les_pool_config config = {.binary_dir = g.workers.path,
					       .stock = {[LES_ROLE_TRAIN] = {.max = 3}},
					       .threads = 1,
					       .recogniser_documents = 1000};
	const char *const path = g.truth.path;

	folder_make(&g.truth);
	folder_make(&g.cache);
	folder_make(&g.workers);
	for (size_t i = 0; i < LES_COUNT(binaries); i++)
		folder_link(&g.workers, RELEASE_WORKERS, binaries[i]);
	document_png(&png, PNG_RGB);
	for (const char *name = "abdef"; *name; name++)
		folder_write(&g.truth, (char[]){*name, '.', 'p', 'n', 'g', 0}, png.bytes, png.len,
			     NULL);
	write_text(&g.truth, "a.xml", good);
	write_text(&g.truth, "b.xml", bare);
	write_text(&g.truth, "c.png", "GIF89a");
	write_text(&g.truth, "c.xml", good);
	write_text(&g.truth, "d.xml", wrong_size);
	write_text(&g.truth, "e.xml", other);
	write_text(&g.truth, "f.xml", good);
	assert_int_equal(les_pool_new(&config, &g.pool, NULL), LES_OK);
	assert_int_equal(les_corpus_open(g.pool, &path, 1, &g.corpus, NULL), LES_OK);
	*state = &g;
	return 0;
}

static int clear(void **state)
{
	struct ground *g = *state;

	les_corpus_close(&g->corpus);
	les_pool_free(g->pool);
	folder_remove(&g->truth);
	folder_remove(&g->cache);
	folder_remove(&g->workers);
	return 0;
}

static struct les_page_survey survey_of(struct ground *g, float share, uint32_t pages_max)
{
	const struct les_page_survey_request request = {.share = share,
							.sources_n = g->corpus.sources_n,
							.seed = 1,
							.pages_max = pages_max,
							.threads = 2,
							.cancel_fd = -1};
	struct les_page_survey survey;
	struct les_error error;

	if (les_page_survey_run(g->pool, &g->corpus, &request, &survey, &error) != LES_OK)
		fail_msg("%s", error.message);
	return survey;
}

static void what_pages_hold_is_counted(void **state)
{
	LES_CLEANUP(les_page_survey_done) struct les_page_survey s = survey_of(*state, 0.7f, 0);

	assert_int_equal(s.pages_n, 3);
	assert_int_equal(s.validation_n, 1);
	assert_int_equal(s.bare_n, 1);
	assert_int_equal(s.failed_n, 2);
	assert_int_equal(s.spare_n, 0);
	assert_int_equal(s.verdicts_n[LES_BASELINE_GOOD], 2 + 1 + 2);
	assert_int_equal(s.verdicts_n[LES_BASELINE_NONE], 1 + 1 + 0 + 1);
	assert_int_equal(s.verdicts_n[LES_BASELINE_SHORT], 2);
	assert_int_equal(s.verdicts_n[LES_BASELINE_OUTSIDE], 2);
	assert_int_equal(s.regions_n[LES_REGION_TEXT], 3);
	assert_int_equal(s.regions_n[LES_REGION_TABLE], 3);
	assert_int_equal(s.regions_n[LES_REGION_IMAGE], 0);
	assert_true(s.documents[1].bare);
	assert_int_not_equal(s.documents[2].error.kind, LES_OK);
	assert_non_null(strstr(s.documents[3].error.message, "999"));
}

static void the_first_pages_are_enough(void **state)
{
	LES_CLEANUP(les_page_survey_done) struct les_page_survey s = survey_of(*state, 1, 2);

	assert_int_equal(s.pages_n, 2);
	assert_int_equal(s.validation_n, 0);
	assert_int_equal(s.spare_n, 1);
	assert_true(s.documents[5].spare);
	assert_int_equal(s.verdicts_n[LES_BASELINE_GOOD], 3);
}

static struct les_page_packing_request request_of(const struct ground *g, enum les_regions regions)
{
	return (struct les_page_packing_request){.h_px = H_PX,
						 .channels = 3,
						 .regions = regions,
						 .folder = g->cache.path,
						 .threads = 1,
						 .cancel_fd = -1};
}

static struct les_packed_pages pack(struct ground *g, struct les_page_survey *survey,
				    const struct les_page_packing_request *request)
{
	struct les_packed_pages packed;
	struct les_error error;

	if (les_page_packing_run(g->pool, &g->corpus, survey, request, &packed, &error) != LES_OK)
		fail_msg("%s", error.message);
	return packed;
}

static void check_point(struct les_point p, float x_px, float y_px)
{
	assert_float_equal(p.x_px, x_px, 1e-4f);
	assert_float_equal(p.y_px, y_px, 1e-4f);
}

static void check_first(const struct les_pages *pages)
{
	const struct les_packed_page p = les_page_at(pages, 0);
	struct les_shape shapes[4];
	struct les_point points[12];
	uint8_t rgb[3];

	assert_int_equal(p.w_px, SCALED_W_PX);
	assert_int_equal(p.h_px, H_PX);
	assert_int_equal(p.document, 0);
	assert_true(p.scale_x == 0.5f && p.scale_y == 0.5f);
	assert_int_equal(p.lines_n, 2);
	assert_int_equal(p.regions_n, 2);
	assert_int_equal(p.points_n, LES_COUNT(points));
	picture_rgb(5, 5, rgb);
	assert_memory_equal(p.px, rgb, 3); /* its colour is there */
	les_page_shapes(pages, 0, shapes, points);
	check_point(shapes[0].points.at[1], 50, 27);
	check_point(shapes[1].points.at[1], 118, 40);
	check_point(shapes[2].points.at[2], 119.5f, 79.5f);
	assert_string_equal(pages->classes[shapes[0].class_number].name, "default");
	assert_string_equal(pages->classes[shapes[2].class_number].name, "table");
	assert_string_equal(pages->classes[shapes[3].class_number].name, "text");
}

static void pages_come_scaled_with_their_lines(void **state)
{
	struct ground *g = *state;
	LES_CLEANUP(les_page_survey_done) struct les_page_survey survey = survey_of(g, 0.7f, 0);
	const struct les_page_packing_request request = request_of(g, LES_REGIONS_KINDS);
	LES_CLEANUP(les_packed_pages_done)
	struct les_packed_pages packed = pack(g, &survey, &request);
	LES_CLEANUP(les_pages_close) struct les_pages pages = {.pages_n = 0};
	uint32_t validation_n = 0;

	assert_int_equal(packed.pages_n, 3);
	assert_int_equal(packed.validation_n, 1);
	assert_int_equal(packed.lines_n, 5);
	assert_int_equal(lseek(packed.fd, 0, SEEK_END), packed.bytes);
	assert_int_equal(les_pages_open(packed.fd, &pages, NULL), LES_OK);
	assert_int_equal(pages.pages_n, 3);
	assert_int_equal(pages.classes_n, 5); /* two separators, lines, text, table */
	for (uint32_t i = 0; i < pages.pages_n; i++)
		validation_n += les_page_at(&pages, i).flags == LES_PAGES_VALIDATION;
	assert_int_equal(validation_n, 1);
	assert_int_equal(les_page_at(&pages, 2).document, 5);
	check_first(&pages);
	assert_in_range(les_page_packing_estimate(&survey, H_PX, 3), 3 * H_PX * SCALED_W_PX * 3,
			packed.bytes);
}

static void regions_are_taken_as_asked(void **state)
{
	struct ground *g = *state;
	LES_CLEANUP(les_page_survey_done) struct les_page_survey survey = survey_of(g, 1, 0);
	static const struct {
		enum les_regions regions;
		uint32_t classes_n, regions_n;
	} cases[] = {{LES_REGIONS_KINDS, 5, 2}, {LES_REGIONS_TEXT, 4, 2}, {LES_REGIONS_NONE, 3, 0}};

	for (size_t i = 0; i < LES_COUNT(cases); i++) {
		const struct les_page_packing_request request = request_of(g, cases[i].regions);
		LES_CLEANUP(les_packed_pages_done)
		struct les_packed_pages packed = pack(g, &survey, &request);
		LES_CLEANUP(les_pages_close) struct les_pages pages = {.pages_n = 0};
		assert_int_equal(les_pages_open(packed.fd, &pages, NULL), LES_OK);
		assert_int_equal(pages.classes_n, cases[i].classes_n);
		assert_int_equal(les_page_at(&pages, 0).regions_n, cases[i].regions_n);
		if (cases[i].regions == LES_REGIONS_TEXT)
			assert_string_equal(pages.classes[3].name, "text");
	}
}

static void threads_change_nothing(void **state)
{
	struct ground *g = *state;
	static uint8_t bytes[2][1 << 18];
	ssize_t n[2];

	for (uint32_t i = 0; i < 2; i++) {
		LES_CLEANUP(les_page_survey_done) struct les_page_survey s = survey_of(g, 0.7f, 0);
		struct les_page_packing_request request = request_of(g, LES_REGIONS_KINDS);
		request.threads = 1 + 2 * i;
		LES_CLEANUP(les_packed_pages_done)
		struct les_packed_pages packed = pack(g, &s, &request);
		n[i] = pread(packed.fd, bytes[i], sizeof bytes[i], 0);
	}
	assert_in_range(n[0], 3 * H_PX * SCALED_W_PX * 3, sizeof bytes[0] - 1);
	assert_int_equal(n[0], n[1]);
	assert_memory_equal(bytes[0], bytes[1], (size_t)n[0]);
}

static void a_page_that_changes_meanwhile_is_left_out(void **state)
{
	struct ground *g = *state;
	LES_CLEANUP(les_page_survey_done) struct les_page_survey survey = survey_of(g, 1, 0);
	const struct les_page_packing_request request = request_of(g, LES_REGIONS_TEXT);

	write_text(&g->truth, "a.xml", other);
	LES_CLEANUP(les_packed_pages_done)
	struct les_packed_pages packed = pack(g, &survey, &request);
	write_text(&g->truth, "a.xml", good);
	assert_int_equal(packed.pages_n, 2);
	assert_int_equal(survey.pages_n, 2);
	assert_int_equal(survey.failed_n, 3);
	assert_non_null(strstr(survey.documents[0].error.message, "changed"));
}

static void packing_can_be_stopped(void **state)
{
	struct ground *g = *state;
	LES_CLEANUP(les_page_survey_done) struct les_page_survey survey = survey_of(g, 1, 0);
	struct les_page_packing_request request = request_of(g, LES_REGIONS_TEXT);
	struct les_packed_pages packed;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	close(ends[1]); /* readable */
	request.cancel_fd = ends[0];
	assert_int_equal(
		les_page_packing_run(g->pool, &g->corpus, &survey, &request, &packed, NULL),
		LES_CANCELLED);
	close(ends[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_pages_hold_is_counted),
		cmocka_unit_test(the_first_pages_are_enough),
		cmocka_unit_test(pages_come_scaled_with_their_lines),
		cmocka_unit_test(regions_are_taken_as_asked),
		cmocka_unit_test(threads_change_nothing),
		cmocka_unit_test(a_page_that_changes_meanwhile_is_left_out),
		cmocka_unit_test(packing_can_be_stopped),
	};
	return cmocka_run_group_tests(tests, make, clear);
}
