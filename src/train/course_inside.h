#ifndef LES_TRAIN_COURSE_INSIDE_H
#define LES_TRAIN_COURSE_INSIDE_H

/* What the course's own files share: course.c (epochs), course_order.c (which samples when),
 * course_net.c (spec and weights), course_checkpoint.c; course_lines.c is what only a recogniser
 * does, course_pages.c what only a line finder does. */

#include "evaluate/rates.h"
#include "nn/optimiser.h"
#include "train/codec.h"
#include "train/course.h"
#include "train/curve.h"
#include "train/learner.h"

#include <stdatomic.h>

struct course;

enum { COURSE_PAD_PX = 16, COURSE_WIDTH_MAX = 12000 };

/* A line or a page of the pack, as the net will see it. */
struct course_sample {
	uint32_t w; /* with its padding, before augmentation; 0: left out */
	uint32_t labels_n;
	size_t labels_at; /* into course.lines.labels */
};

/* What a recogniser and a line finder do each in their own way. */
struct course_task {
	enum les_net_kind net;
	double loss_slack; /* a mean loss of three times the lowest and so much more is divergence
			    */
	/* spec, graph, params, rows */
	enum les_kind (*make_net)(struct course *c, struct les_error *reterr);
	/* samples, train, val; needs the net */
	enum les_kind (*take_samples)(struct course *c, struct les_error *reterr);
	les_line_maker *make;
	void (*unmake)(struct course *c, uint32_t sample); /* after a step; NULL: nothing is held */
	/* reading the samples kept apart: begin, every sample, what came of it. The error is what
	 * is to become small, in [0,1] or above */
	void (*begin)(struct course *c);
	les_line_reader *read;
	float (*score)(const struct course *c, struct les_training_report *report);
	/* what a model of this kind has besides spec and tensors */
	void (*describe)(const struct course *c, struct les_weights *weights);
	void (*done)(struct course *c);
};
extern const struct course_task les_course_of_lines, les_course_of_pages;

struct course_lines {
	const struct les_pack *pack;
	struct les_codec codec;
	uint32_t *labels;
	struct les_rates read;
};

/* All that a checkpoint holds besides weights and moments. */
struct course_place {
	uint32_t epoch;   /* from 1 */
	uint32_t batch;   /* of the epoch, next to be done */
	uint64_t batches; /* done in all */
	double loss_sum;  /* of this epoch so far */
	double loss_low; /* the lowest mean a line of an epoch, or what the first step makes likely;
			    0: none yet */
	uint32_t loss_n;
	uint32_t best_epoch, since_best, rollbacks_n;
	float best_error, rate_scale;
	struct les_plateau plateau;
};

struct course_pages_read {
	double precision, recall; /* sums over the pages */
	uint32_t pages_n;
	uint64_t both_n, found_n, there_n; /* pixels */
};

struct course_pages {
	const struct les_pages *pack;
	struct les_class *classes; /* the net's */
	uint32_t classes_n, channels;
	uint32_t *channel_of; /* the net's channel of each of the pack's classes */
	uint32_t *rows;
	uint8_t **targets; /* [samples_n], while they are needed */
	uint8_t *blank;    /* an empty target */
	struct course_pages_read read;
};

struct course {
	struct les_course_request request;
	const struct les_training *options;
	const struct les_course_events *events;
	const struct course_task *task;
	struct les_graph graph;
	char spec[LES_SPEC_BYTES_MAX + 1];
	const uint32_t *rows; /* [out_c]: the base's output that each takes over, or UINT32_MAX */
	struct les_params *params;
	struct les_learner *learner;
	float *best;                   /* weights */
	float *rates;                  /* of each tensor */
	struct course_sample *samples; /* [samples_n], as in the pack */
	uint32_t samples_n;
	uint32_t *train, train_n; /* numbers of samples */
	uint32_t *replay, replay_n;
	uint32_t epoch_n; /* samples of an epoch: all to learn from, and some to replay */
	uint32_t *val, val_n;
	uint32_t *order; /* of the epoch */
	uint32_t w_max;
	struct les_rate rate;
	struct course_place place;
	struct les_training_report *past; /* [LES_EPOCHS_MAX]: of each epoch before place.epoch */
	float strength;                   /* of augmentation now */
	enum les_kind read_kind;          /* what went wrong while samples were read */
	atomic_int made_kind; /* enum les_kind: what went wrong while samples were made */
	struct course_lines lines;
	struct course_pages pages;
};

/* Room for n samples. */
enum les_kind les_course_room(struct course *c, uint32_t n, struct les_error *reterr);
/* In the order of the pack, with its flags there; one with w = 0 is left out. */
void les_course_add(struct course *c, uint32_t i, struct course_sample sample, uint32_t flags);
/* After the last. */
enum les_kind les_course_added(struct course *c, struct les_error *reterr);
void les_course_shuffle(struct course *c);
uint32_t les_course_batches(const struct course *c);

/* The net that a spec describes with an output layer of its own, "O1c94"; names its layers. */
enum les_kind les_course_new_net(struct course *c, const char *output, struct les_error *reterr);
/* The base's net with an output layer for out_c: "O", its name, type ("1c") and out_c. */
enum les_kind les_course_base_net(struct course *c, const char *type, uint32_t out_c,
				  struct les_error *reterr);
/* Fresh, or the base's: its output's rows as course.rows says. */
enum les_kind les_course_first_weights(struct course *c, struct les_error *reterr);
/* Hands values (as params) to events->best. */
enum les_kind les_course_tell_best(struct course *c, const float *values, struct les_error *reterr);

enum les_kind les_course_save(struct course *c, struct les_error *reterr);
enum les_kind les_course_resume(struct course *c, const uint8_t *bytes, size_t n,
				struct les_error *reterr);

#endif
