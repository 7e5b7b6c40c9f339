#ifndef LES_TRAIN_COURSE_INSIDE_H
#define LES_TRAIN_COURSE_INSIDE_H

/* What the course's own files share: course.c (epochs), course_lines.c (lines and their order),
 * course_net.c (the net, its spec, its alphabet), course_checkpoint.c. */

#include "evaluate/rates.h"
#include "nn/optimiser.h"
#include "train/codec.h"
#include "train/course.h"
#include "train/learner.h"

enum { COURSE_PAD_PX = 16, COURSE_WIDTH_MAX = 12000 };

/* A line of the pack, as the net will see it. */
struct course_line {
	uint32_t w; /* with its padding, before augmentation */
	uint32_t labels_n;
	size_t labels_at; /* into course.labels */
};

/* All that a checkpoint holds besides weights and moments. */
struct course_place {
	uint32_t epoch;               /* from 1 */
	uint32_t batch;               /* of the epoch, next to be done */
	uint64_t batches;             /* done in all */
	double loss_sum, loss_before; /* of this epoch so far; mean a line of the one before */
	uint32_t loss_n;
	uint32_t best_epoch, since_best, rollbacks_n;
	float best_cer, rate_scale;
	struct les_plateau plateau;
};

struct course {
	struct les_course_request request;
	const struct les_training *options;
	const struct les_course_events *events;
	struct les_graph graph;
	char spec[LES_SPEC_BYTES_MAX + 1];
	struct les_codec codec;
	struct les_params *params;
	struct les_learner *learner;
	float *best;               /* weights */
	float *rates;              /* of each tensor */
	struct course_line *lines; /* [pack lines] */
	uint32_t *labels;
	uint32_t *train, train_n; /* numbers of lines in the pack */
	uint32_t *val, val_n;
	uint32_t *order; /* of the epoch */
	uint32_t w_max;
	struct les_rate rate;
	struct course_place place;
	/* while lines are made */
	float strength;
	struct les_rates read;
	enum les_kind read_kind;
};

/* Lines, their labels and widths; needs graph and codec. */
enum les_kind les_course_take_lines(struct course *c, struct les_error *reterr);
/* Letters of the lines to learn from. */
enum les_kind les_course_alphabet(const struct les_pack *pack, struct les_alphabet *ret,
				  struct les_error *reterr);
void les_course_shuffle(struct course *c);
void les_course_make_line(void *context, uint32_t line, float *image, struct les_sample *ret);
void les_course_read_line(void *context, uint32_t line, const struct les_sample *sample,
			  const uint32_t *labels, uint32_t labels_n);
uint32_t les_course_batches(const struct course *c);

/* Spec, graph, codec, params: from scratch or from the base. */
enum les_kind les_course_make_net(struct course *c, struct les_error *reterr);
enum les_kind les_course_first_weights(struct course *c, struct les_error *reterr);
/* Hands values (as params) to events->best. */
enum les_kind les_course_tell_best(struct course *c, const float *values, struct les_error *reterr);

enum les_kind les_course_save(struct course *c, struct les_error *reterr);
enum les_kind les_course_resume(struct course *c, const uint8_t *bytes, size_t n,
				struct les_error *reterr);

#endif
