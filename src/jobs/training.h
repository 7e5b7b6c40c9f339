#ifndef LES_JOBS_TRAINING_H
#define LES_JOBS_TRAINING_H

#include "base/error.h"
#include "types/training.h"
#include "types/weights.h"

#include <stdbool.h>
#include <stdint.h>

/* One training in a lesart-train of its own: what goes down to it, and its results as files that
 * are whole or not there, whatever happens meanwhile. */
struct les_training_request {
	const char *binary_dir;
	bool allow_weak_sandbox;
	struct les_training options;
	int pack_fd; /* train/pack.h; borrowed, as the next two */
	uint64_t pack_bytes;
	int base_fd;        /* a canonical model, or -1 */
	int resume_fd;      /* a checkpoint, or -1 */
	const char *output; /* OUT: OUT.safetensors, OUT.checkpoint, OUT.png */
	int cancel_fd;      /* readable once: what there is is written, and it ends; -1: never */
};

/* Called on the thread of les_training_run(); NULL is skipped. */
struct les_training_sink {
	void *context;
	void (*report)(void *context, const struct les_training_report *report);
	void (*plan)(void *context, const struct les_training_plan *plan); /* first of all */
};

struct les_training_result {
	enum les_training_end end;
	struct les_training_report last; /* of a whole epoch */
	struct les_training_report best; /* epoch 0: none was measured */
	uint32_t models_n;               /* written, each in place of the one before */
	uint64_t parameters_n;           /* of the model */
	double seconds;
	int model_fd; /* the last model, canonical (ipc/weights.h), sealed; the caller's; -1: none
		       */
};

/* errors: any kind of the trainer; PEER where it died, DEADLINE where it said nothing for
 * LES_TRAINER_SILENCE_MS, IO; models written before it stay. */
enum les_kind les_training_run(const struct les_training_request *request,
			       const struct les_training_sink *sink,
			       struct les_training_result *ret, struct les_error *reterr);

/* Puts a file in the place of another at once: written beside it, on the disk before it takes the
 * name. errors: IO, NOMEM. */
enum les_kind les_file_replace(const char *path, const void *bytes, size_t n,
			       struct les_error *reterr);

#endif
