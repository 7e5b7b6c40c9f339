/* train/course: whole trainings on lines in a script, and on pages, of our own making. */
#include "train/course.h"
#include "base/random.h"
#include "test.h"
#include "train/learner.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINES = 20, LETTERS = 10, LETTER_W = 14, H = 24, TEXT_MAX = 12 };

/* Each letter is a pattern of 5 × 7 dots, drawn with some unrest. */
static void draw_line(struct les_random *random, char *text, uint8_t *px, uint32_t w)
{
	memset(px, 255, (size_t)w * H);
	for (uint32_t i = 0; text[i]; i++) {
		struct les_random letter = les_random(5, (uint64_t)text[i], 0);
		const uint32_t x0 = i * LETTER_W + les_random_below(random, 3);
		const uint32_t y0 = 3 + les_random_below(random, 3);
		for (uint32_t dot = 0; dot < 35; dot++) {
			if (les_random_u64(&letter) & 1)
				continue;
			for (uint32_t k = 0; k < 4; k++)
				px[(y0 + dot / 5 * 2 + k / 2) * w + x0 + dot % 5 * 2 + k % 2] = 30;
		}
	}
}

static int make_pack(void)
{
	struct les_pack_writer *writer;
	struct les_random random = les_random(3, 0, 0);
	int fd = -1;

	assert_int_equal(les_pack_writer_new("/tmp", &writer, NULL), LES_OK);
	for (uint32_t i = 0; i < 2 * LINES;
	     i++) { /* the second half is the first, to validate by */
		char text[TEXT_MAX + 1] = {0};
		static uint8_t px[H * LETTER_W * (TEXT_MAX + 1)];
		if (i == LINES)
			random = les_random(3, 0, 0);
		const uint32_t n = 5 + les_random_below(&random, TEXT_MAX - 5);
		const uint32_t w = n * LETTER_W + 4;
		for (uint32_t k = 0; k < n; k++)
			text[k] = (char)('a' + les_random_below(&random, LETTERS));
		draw_line(&random, text, px, w);
		const struct les_pack_line line = {
			px, w, H, text, n, i, i < LINES ? 0 : LES_PACK_VALIDATION};
		assert_int_equal(les_pack_add(writer, &line, NULL), LES_OK);
	}
	assert_int_equal(les_pack_finish(writer, &fd, NULL), LES_OK);
	les_pack_writer_free(writer);
	return fd;
}

/* What a course said. */
struct heard {
	struct les_training_report last;
	uint32_t stop_after; /* calls of stop(); 0: never */
	uint32_t stops, curves;
	struct les_training_plan plan;
	uint8_t *checkpoint;
	size_t checkpoint_n;
	float *weights;
	size_t weights_n;
};

static enum les_kind on_report(void *context, const struct les_training_report *report,
			       struct les_error *reterr)
{
	struct heard *heard = context;

	(void)reterr;
	if (report->epoch_done)
		heard->last = *report;
	return LES_OK;
}

static enum les_kind on_checkpoint(void *context, const uint8_t *bytes, size_t n,
				   struct les_error *reterr)
{
	struct heard *heard = context;

	(void)reterr;
	heard->checkpoint = realloc(heard->checkpoint, n);
	memcpy(heard->checkpoint, bytes, n);
	heard->checkpoint_n = n;
	return LES_OK;
}

static enum les_kind on_best(void *context, const struct les_weights *weights,
			     struct les_error *reterr)
{
	struct heard *heard = context;
	size_t n = 0;

	(void)reterr;
	for (uint32_t i = 0; i < weights->tensors_n; i++)
		n += les_tensor_values(&weights->tensors[i]);
	heard->weights = realloc(heard->weights, n * sizeof(float));
	heard->weights_n = n;
	n = 0;
	for (uint32_t i = 0; i < weights->tensors_n; i++) {
		const size_t k = les_tensor_values(&weights->tensors[i]);
		memcpy(heard->weights + n, weights->tensors[i].values, k * sizeof(float));
		n += k;
	}
	return LES_OK;
}

static enum les_kind on_curve(void *context, const uint8_t *bytes, size_t n,
			      struct les_error *reterr)
{
	struct heard *heard = context;

	(void)reterr;
	assert_true(n > 8 && memcmp(bytes, "\x89PNG", 4) == 0);
	heard->curves++;
	return LES_OK;
}

static enum les_kind on_plan(void *context, const struct les_training_plan *plan,
			     struct les_error *reterr)
{
	struct heard *heard = context;

	(void)reterr;
	assert_int_equal(heard->stops, 0); /* nothing was done yet */
	heard->plan = *plan;
	return LES_OK;
}

static bool on_stop(void *context)
{
	struct heard *heard = context;

	return ++heard->stops == heard->stop_after;
}

static struct les_training options(void)
{
	struct les_training o = {.net = LES_NET_RECOGNITION,
				 .seed = 7,
				 .epochs_max = 120,
				 .patience = 0,
				 .batch_lines = 5,
				 .rate = 3e-3f,
				 .gradient_max = 1,
				 .warm_up_steps = 10,
				 .schedule = LES_SCHEDULE_CONSTANT,
				 .resize = LES_RESIZE_UNION,
				 .precision = LES_PRECISION_F32,
				 .dropout = -1,
				 .layer_rate = 1,
				 .threads = 2,
				 .checkpoint_seconds = 1000};

	snprintf(o.spec, sizeof o.spec,
		 "[1,24,0,1 Cr3,5,8 Mp2,2 Cr3,5,16 Do0.1,2 Mp2,2 S1(1x0)1,3 Lbx32 Do0.1,2]");
	return o;
}

static enum les_training_end run(const struct les_training *o, int pack_fd, struct heard *heard,
				 const uint8_t *resume, size_t resume_bytes)
{
	LES_CLEANUP(les_pack_close) struct les_pack pack = {0};
	LES_CLEANUP(les_pages_close) struct les_pages pages = {0};
	struct les_crew *crew;
	enum les_training_end end = 0;
	struct les_error error = {0};
	const struct les_course_events events = {heard,    on_report, on_checkpoint, on_best,
						 on_curve, on_stop,   on_plan};

	assert_int_equal(o->net == LES_NET_RECOGNITION ? les_pack_open(pack_fd, &pack, NULL)
						       : les_pages_open(pack_fd, &pages, NULL),
			 LES_OK);
	assert_int_equal(les_crew_new(2, &crew, NULL), LES_OK);
	const struct les_course_request request = {.options = o,
						   .pack = &pack,
						   .pages = &pages,
						   .resume = resume,
						   .resume_bytes = resume_bytes,
						   .crew = crew};
	if (les_course_run(&request, &events, &end, &error) != LES_OK)
		fail_msg("%s", error.message);
	les_crew_free(crew);
	return end;
}

static void forget(struct heard *heard)
{
	free(heard->checkpoint);
	free(heard->weights);
	*heard = (struct heard){0};
}

static void twenty_lines_are_learnt_by_heart(void **state)
{
	struct les_training o = options();
	struct heard heard = {0};
	const int fd = make_pack();

	(void)state;
	assert_int_equal(run(&o, fd, &heard, NULL, 0), LES_TRAINING_COMPLETE);
	assert_true(heard.last.best_epoch > 0);
	assert_int_equal(heard.curves, 1);
	if (heard.last.best_error != 0)
		fail_msg("CER %g after %u epochs", (double)heard.last.best_error, heard.last.epoch);
	forget(&heard);
	close(fd);
}

/* Two runs, one of which is cut off and goes on from its checkpoint, end with the same bits. */
static void a_course_goes_on_where_it_was(void **state)
{
	struct les_training o = options();
	struct heard whole = {0}, part = {0}, rest = {0};
	const int fd = make_pack();

	(void)state;
	o.epochs_max = 5;
	o.augmentation = 0.7f;
	assert_int_equal(run(&o, fd, &whole, NULL, 0), LES_TRAINING_COMPLETE);
	for (uint32_t after = 3; after < 18; after += 7) { /* within epochs and between them */
		part.stop_after = after;
		assert_int_equal(run(&o, fd, &part, NULL, 0), LES_TRAINING_STOPPED);
		assert_int_equal(run(&o, fd, &rest, part.checkpoint, part.checkpoint_n),
				 LES_TRAINING_COMPLETE);
		assert_int_equal(rest.checkpoint_n, whole.checkpoint_n);
		assert_memory_equal(rest.checkpoint, whole.checkpoint, whole.checkpoint_n);
		forget(&part);
		forget(&rest);
	}
	forget(&whole);
	close(fd);
}

/* Too fast by far, and nothing clips its gradients. */
static struct les_training wild(float rate)
{
	struct les_training o = options();

	o.epochs_max = 15;
	o.gradient_max = 0;
	o.warm_up_steps = 0;
	o.rate = rate;
	return o;
}

static void what_diverges_goes_back_and_slower(void **state)
{
	const struct les_training o = wild(10);
	struct heard heard = {0};
	const int fd = make_pack();

	(void)state;
	assert_int_equal(run(&o, fd, &heard, NULL, 0), LES_TRAINING_COMPLETE);
	assert_true(heard.last.rollbacks_n >= 3);
	assert_float_equal(heard.last.rate, ldexpf(o.rate, -(int)heard.last.rollbacks_n), 1e-6);
	/* at that rate a line's loss is in the thousands, before anything is learnt some sixty */
	assert_true(heard.last.loss < 300);
	assert_true(heard.weights_n > 0);
	for (size_t i = 0; i < heard.weights_n; i++)
		assert_true(isfinite(heard.weights[i]));
	forget(&heard);
	close(fd);
}

/* Steps after which nothing is a number any more, also when they are halved and halved again. */
static void what_diverges_however_slowly_is_given_up(void **state)
{
	const struct les_training o = wild(1e30f);
	struct heard heard = {0};
	struct les_pack pack;
	struct les_crew *crew;
	struct les_error error = {0};
	enum les_training_end end;
	const struct les_course_events events = {&heard,   on_report, on_checkpoint, on_best,
						 on_curve, on_stop,   on_plan};
	const int fd = make_pack();

	(void)state;
	assert_int_equal(les_pack_open(fd, &pack, NULL), LES_OK);
	assert_int_equal(les_crew_new(2, &crew, NULL), LES_OK);
	const struct les_course_request request = {.options = &o, .pack = &pack, .crew = crew};
	assert_int_equal(les_course_run(&request, &events, &end, &error), LES_ARG);
	assert_non_null(strstr(error.message, "diverges however slowly"));
	les_crew_free(crew);
	les_pack_close(&pack);
	forget(&heard);
	close(fd);
}

/* What is said before is near what it comes to, or above. */
static void memory_is_told_before(void **state)
{
	struct les_training o = options();
	struct heard small = {0}, large = {0};
	const int fd = make_pack();

	(void)state;
	o.epochs_max = 1;
	run(&o, fd, &small, NULL, 0);
	snprintf(o.spec, sizeof o.spec,
		 "[1,24,0,1 Cr3,5,128 Cr3,5,128 Mp2,2 Cr3,5,64 Mp2,2 S1(1x0)1,3 Lbx64 Do0.1,2]");
	o.batch_lines = 20;
	run(&o, fd, &large, NULL, 0);
	assert_true(small.plan.memory_bytes > 0);
	const double more = (double)(large.plan.memory_bytes - small.plan.memory_bytes);
	assert_true(more > 30e6);
#ifndef __SANITIZE_ADDRESS__ /* which keeps what was freed */
	const double came = (double)(large.last.memory_bytes - small.last.memory_bytes);
	if (more < came * 0.5 || more > came * 2)
		fail_msg("%.0f MB more were planned, %.0f MB more were taken", more / 1e6,
			 came / 1e6);
#endif
	forget(&small);
	forget(&large);
	close(fd);
}

/* Two convolutions of so many channels over a wide line. */
static void more_than_there_are_addresses_is_refused(void **state)
{
	static struct les_graph graph;
	LES_CLEANUP(les_params_free_p) struct les_params *params = NULL;
	LES_CLEANUP(les_crew_free_p) struct les_crew *crew = NULL;
	struct les_learner *learner = NULL;
	struct les_learner_options o = {.type = LES_F32, .threads = 2, .lines = 8, .clip = 1};
	struct les_error error;

	(void)state;
	assert_int_equal(les_vgsl_parse("[1,64,0,1 Cr1,1,1024 Cr1,1,1024 Mp8,8 S1(1x0)1,3 O1c3]",
					&graph, NULL),
			 LES_OK);
	assert_int_equal(les_params_new(&graph, &params, NULL), LES_OK);
	assert_int_equal(les_crew_new(2, &crew, NULL), LES_OK);
	o.w_max = 64;
	o.px_max = 64;
	assert_int_equal(les_learner_new(&graph, params, &o, crew, &learner, NULL), LES_OK);
	assert_true(les_learner_bytes(learner) < LES_TRAIN_ADDRESS_BYTES);
	les_learner_free(learner);
	o.w_max = 12000;
	o.px_max = 96000;
	assert_int_equal(les_learner_new(&graph, params, &o, crew, &learner, &error), LES_LIMIT);
	assert_non_null(strstr(error.message, "MB of memory in each thread, more than 32768"));
}

static void another_trainings_checkpoint_is_refused(void **state)
{
	struct les_training o = options();
	struct heard heard = {0};
	struct les_pack pack;
	struct les_crew *crew;
	enum les_training_end end;
	const struct les_course_events events = {&heard,   on_report, on_checkpoint, on_best,
						 on_curve, on_stop,   on_plan};
	const int fd = make_pack();

	(void)state;
	o.epochs_max = 1;
	run(&o, fd, &heard, NULL, 0);
	o.seed++;
	assert_int_equal(les_pack_open(fd, &pack, NULL), LES_OK);
	assert_int_equal(les_crew_new(2, &crew, NULL), LES_OK);
	struct les_course_request request = {.options = &o,
					     .pack = &pack,
					     .resume = heard.checkpoint,
					     .resume_bytes = heard.checkpoint_n,
					     .crew = crew};
	assert_int_equal(les_course_run(&request, &events, &end, NULL), LES_FORMAT);
	o.seed--;
	request.resume_bytes--;
	assert_int_equal(les_course_run(&request, &events, &end, NULL), LES_FORMAT);
	les_crew_free(crew);
	les_pack_close(&pack);
	forget(&heard);
	close(fd);
}

/* ---- pages ---- */

enum { PAGES = 6, PAGE_H = 96, PAGE_W = 112, PAGE_LINES = 3 };

static const struct les_class classes[] = {{"_start_separator", LES_CLASS_AUX, 0},
					   {"_end_separator", LES_CLASS_AUX, 1},
					   {"default", LES_CLASS_BASELINE, 2},
					   {"text", LES_CLASS_REGION, 3}};

/* Strokes on three lines, each within a region around all; the second half repeats the first, to
 * validate by. */
static int make_pages(void)
{
	struct les_pages_writer *writer;
	struct les_random random = les_random(9, 0, 0);
	int fd = -1;

	assert_int_equal(les_pages_writer_new("/tmp", classes, 4, &writer, NULL), LES_OK);
	for (uint32_t i = 0; i < PAGES; i++) {
		static uint8_t px[PAGE_H * PAGE_W];
		struct les_point points[PAGE_LINES][2];
		struct les_point corners[] = {
			{4, 4}, {PAGE_W - 4, 4}, {PAGE_W - 4, PAGE_H - 4}, {4, PAGE_H - 4}};
		struct les_shape shapes[PAGE_LINES + 1];
		if (i == PAGES / 2)
			random = les_random(9, 0, 0);
		memset(px, 255, sizeof px);
		for (uint32_t k = 0; k < PAGE_LINES; k++) {
			const uint32_t y = 24 + 30 * k + les_random_below(&random, 4);
			const uint32_t x0 = 10 + les_random_below(&random, 10), x1 = 100;
			for (uint32_t x = x0; x < x1; x += 3)
				for (uint32_t up = 0; up < 8; up++)
					px[(y - up) * PAGE_W + x] = 20;
			points[k][0] = (struct les_point){(float)x0, (float)y};
			points[k][1] = (struct les_point){(float)x1, (float)y};
			shapes[k] = (struct les_shape){{points[k], 2}, 2};
		}
		shapes[PAGE_LINES] = (struct les_shape){{corners, 4}, 3};
		const struct les_packed_page page = {.px = px,
						     .w_px = PAGE_W,
						     .h_px = PAGE_H,
						     .channels = 1,
						     .scale_x = 1,
						     .scale_y = 1,
						     .document = i,
						     .flags = i < PAGES / 2 ? 0
									    : LES_PAGES_VALIDATION,
						     .lines_n = PAGE_LINES,
						     .regions_n = 1};
		assert_int_equal(les_pages_add(writer, &page, shapes, NULL), LES_OK);
	}
	assert_int_equal(les_pages_finish(writer, &fd, NULL), LES_OK);
	les_pages_writer_free(writer);
	return fd;
}

static struct les_training page_options(void)
{
	struct les_training o = options();

	o.net = LES_NET_SEGMENTATION;
	o.epochs_max = 40;
	o.batch_lines = 2;
	o.rate = 1e-2f;
	snprintf(o.spec, sizeof o.spec,
		 "[1,96,0,1 Cr3,3,16,2,2 Gn4 Cr3,3,16 Gn4 Lbx8 Lby8 Cr3,3,16 Gn4]");
	return o;
}

static void lines_of_pages_are_found(void **state)
{
	struct les_training o = page_options();
	struct heard heard = {0};
	const int fd = make_pages();

	(void)state;
	assert_int_equal(run(&o, fd, &heard, NULL, 0), LES_TRAINING_COMPLETE);
	assert_true(heard.last.cer < 0);
	assert_true(heard.last.pixel_f1 > 0.8f);
	if (heard.last.best_error > 0.05f)
		fail_msg("F1 %g after %u epochs", 1 - (double)heard.last.best_error,
			 heard.last.epoch);
	forget(&heard);
	close(fd);
}

static void a_course_of_pages_goes_on_where_it_was(void **state)
{
	struct les_training o = page_options();
	struct heard whole = {0}, part = {.stop_after = 4}, rest = {0};
	const int fd = make_pages();

	(void)state;
	o.epochs_max = 4;
	o.augmentation = 0.7f;
	assert_int_equal(run(&o, fd, &whole, NULL, 0), LES_TRAINING_COMPLETE);
	assert_int_equal(run(&o, fd, &part, NULL, 0), LES_TRAINING_STOPPED);
	assert_int_equal(run(&o, fd, &rest, part.checkpoint, part.checkpoint_n),
			 LES_TRAINING_COMPLETE);
	assert_int_equal(rest.checkpoint_n, whole.checkpoint_n);
	assert_memory_equal(rest.checkpoint, whole.checkpoint, whole.checkpoint_n);
	forget(&whole);
	forget(&part);
	forget(&rest);
	close(fd);
}

/* ---- from a base, with some of its own lines ---- */

/* Lines to learn from, four to replay, lines to validate by. */
static int make_replay_pack(void)
{
	struct les_pack_writer *writer;
	struct les_random random = les_random(4, 0, 0);
	int fd = -1;

	assert_int_equal(les_pack_writer_new("/tmp", &writer, NULL), LES_OK);
	for (uint32_t i = 0; i < 12; i++) {
		static uint8_t px[H * LETTER_W * (TEXT_MAX + 1)];
		char text[] = "abcdef";
		for (uint32_t k = 0; k < 6; k++)
			text[k] = (char)('a' + les_random_below(&random, LETTERS));
		draw_line(&random, text, px, 6 * LETTER_W + 4);
		const struct les_pack_line line = {px, 6 * LETTER_W + 4,           H, text, 6,
						   i,  i < 6 ? 0 : LES_PACK_REPLAY};
		assert_int_equal(les_pack_add(writer, &line, NULL), LES_OK);
	}
	assert_int_equal(les_pack_finish(writer, &fd, NULL), LES_OK);
	les_pack_writer_free(writer);
	return fd;
}

/* An epoch has the lines to learn and the share to replay; which, is the same again after a cut. */
static void a_part_of_what_is_replayed_is_an_epochs(void **state)
{
	struct les_training o = options();
	struct heard whole = {0}, part = {.stop_after = 3}, rest = {0};
	const int fd = make_replay_pack();

	(void)state;
	o.epochs_max = 3;
	o.batch_lines = 3;
	o.replay = 0.5f;
	assert_int_equal(run(&o, fd, &whole, NULL, 0), LES_TRAINING_COMPLETE);
	assert_int_equal(whole.last.lines_all, 6 + 3);
	assert_int_equal(run(&o, fd, &part, NULL, 0), LES_TRAINING_STOPPED);
	assert_int_equal(run(&o, fd, &rest, part.checkpoint, part.checkpoint_n),
			 LES_TRAINING_COMPLETE);
	assert_int_equal(rest.checkpoint_n, whole.checkpoint_n);
	assert_memory_equal(rest.checkpoint, whole.checkpoint, whole.checkpoint_n);
	forget(&whole);
	forget(&part);
	forget(&rest);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(twenty_lines_are_learnt_by_heart),
		cmocka_unit_test(a_course_goes_on_where_it_was),
		cmocka_unit_test(what_diverges_goes_back_and_slower),
		cmocka_unit_test(what_diverges_however_slowly_is_given_up),
		cmocka_unit_test(memory_is_told_before),
		cmocka_unit_test(more_than_there_are_addresses_is_refused),
		cmocka_unit_test(another_trainings_checkpoint_is_refused),
		cmocka_unit_test(a_part_of_what_is_replayed_is_an_epochs),
		cmocka_unit_test(lines_of_pages_are_found),
		cmocka_unit_test(a_course_of_pages_goes_on_where_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
