#ifndef LES_TYPES_TRAINING_H
#define LES_TYPES_TRAINING_H

#include "types/limits.h"
#include "types/weights.h"

#include <stdbool.h>
#include <stdint.h>

/* What a training of a recogniser or a line finder is told, and what it tells. */

/* kraken's default nets. */
#define LES_TRAIN_SPEC_DEFAULT                                                                     \
	"[1,120,0,1 Cr3,13,32 Do0.1,2 Mp2,2 Cr3,13,32 Do0.1,2 Mp2,2 Cr3,9,64 Do0.1,2 Mp2,2 "       \
	"Cr3,9,64 Do0.1,2 S1(1x0)1,3 Lbx200 Do0.1,2 Lbx200 Do0.1,2 Lbx200 Do]"
#define LES_SEGTRAIN_SPEC_DEFAULT                                                                  \
	"[1,1800,0,3 Cr7,7,64,2,2 Gn32 Cr3,3,128,2,2 Gn32 Cr3,3,128 Gn32 Cr3,3,256 Gn32 "          \
	"Cr3,3,256 Gn32 Lbx32 Lby32 Cr1,1,32 Gn32 Lby32 Lbx32]"

/* Our own: group norm makes them learn in a few epochs what the above need many for, and they cost
 * a fraction. */
#define LES_TRAIN_SPEC_SLIM                                                                        \
	"[1,64,0,1 Cr3,7,16 Mp2,2 Gn4 Cr3,7,32 Mp2,2 Gn8 Cr3,7,64 Mp2,1 Gn8 Cr3,5,96 Mp2,1 Gn8 "   \
	"S1(1x0)1,3 Lbx160 Do0.1,2 Lbx160 Do0.1,2]"
#define LES_SEGTRAIN_SPEC_SLIM                                                                     \
	"[1,1200,0,1 Cr7,7,16,4,4 Gn4 Cr3,3,48 Gn8 Cr3,3,48 Gn8 Cr3,3,48,1,1,2,2 Gn8 "             \
	"Cr3,3,48,1,1,4,4 Gn8 Lbx16 Lby16 Cr3,3,32 Gn8]"

enum les_schedule { /* of the rate; the numbers travel */
		    LES_SCHEDULE_CONSTANT = 1,
		    LES_SCHEDULE_COSINE = 2,  /* down to nothing over all epochs */
		    LES_SCHEDULE_PLATEAU = 3, /* halved where validation gets no better */
};

enum les_resize {                       /* of the base's alphabet; the numbers travel */
		  LES_RESIZE_FAIL = 1,  /* the base must know every character */
		  LES_RESIZE_UNION = 2, /* the base's and what is new */
		  LES_RESIZE_NEW = 3,   /* what the ground truth has, no more */
};

enum les_precision {                         /* the numbers travel */
		     LES_PRECISION_AUTO = 1, /* bf16 where the processor has it */
		     LES_PRECISION_F32 = 2,
		     LES_PRECISION_BF16 = 3,
};

struct les_training {
	enum les_net_kind net;
	char spec[LES_SPEC_BYTES_MAX + 1]; /* VGSL without the output layer; "": the base's */
	uint64_t seed;
	uint32_t epochs_max;
	uint32_t patience;    /* epochs without a better validation after which it ends; 0: never */
	uint32_t batch_lines; /* a step; of a line finder, pages */
	float rate;
	float weight_decay;
	float gradient_max; /* the norm is clipped to it; 0: not */
	uint32_t warm_up_steps;
	enum les_schedule schedule;
	enum les_resize resize;
	enum les_line_cut cut; /* of a recogniser: how the lines of the pack were cut */
	enum les_precision precision;
	float augmentation;     /* its strength, 0 to 1; 0: none */
	float dropout;          /* 0 to 1; < 0: as the spec says */
	uint32_t frozen_epochs; /* of a base: at first only the output layer learns */
	float layer_rate;       /* of a base: each layer's rate is so much of the one's above it */
	float replay;           /* of a base: so many of its own lines for each new one, 0 to 1 */
	uint32_t threads;
	uint32_t checkpoint_seconds; /* between two; 0: none */
};

/* Where it stands: about once a second, and after every epoch. */
struct les_training_report {
	bool epoch_done;                /* the rates below are this epoch's */
	bool earlier;                   /* it was done before the training was resumed */
	uint32_t epoch;                 /* from 1 */
	uint32_t lines_done, lines_all; /* of this epoch; or pages */
	uint32_t best_epoch;            /* 0: none yet */
	uint32_t rollbacks_n;           /* after divergence */
	float loss;                     /* mean a line, of this epoch so far */
	float rate;
	float cer, cer_normalised, wer; /* of validation, as fractions; < 0 where there is none */
	float precision, recall, f1;    /* of validation's baselines; < 0 where there is none */
	float pixel_f1;                 /* of all channels' pixels; < 0 where there is none */
	float best_error;               /* CER, or 1 − F1; < 0: none yet */
	float lines_per_second;
	uint64_t memory_bytes; /* resident, at most so far */
};

/* What is to become small: CER, or 1 − F1. < 0 where nothing was kept apart. */
static inline float les_training_error(const struct les_training_report *report)
{
	return report->f1 >= 0 ? 1 - report->f1 : report->cer;
}

/* What it will take, said before it begins. */
struct les_training_plan {
	uint64_t memory_bytes; /* about; the pack, which is a file, aside */
};

/* How it ended. */
enum les_training_end {                            /* the numbers travel */
			LES_TRAINING_COMPLETE = 1, /* all epochs */
			LES_TRAINING_SETTLED = 2,  /* no better for as long as patience goes */
			LES_TRAINING_STOPPED = 3,  /* asked to */
};

#endif
