#ifndef LES_TRAIN_COURSE_H
#define LES_TRAIN_COURSE_H

#include "base/error.h"
#include "train/crew.h"
#include "train/pack.h"
#include "train/pages.h"
#include "types/training.h"
#include "types/weights.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The course of one training of a recogniser or a line finder: epochs over a pack, validation after
 * each, the best weights kept, going back where it diverges. The same options, pack, base and seed
 * give the same weights to the bit, also when it was interrupted and goes on from a checkpoint.
 *
 * A callback that fails ends the course with its error. */
struct les_course_events {
	void *context;
	enum les_kind (*report)(void *context, const struct les_training_report *report,
				struct les_error *reterr);
	/* bytes to go on from; borrowed */
	enum les_kind (*checkpoint)(void *context, const uint8_t *bytes, size_t n,
				    struct les_error *reterr);
	/* better than all before; borrowed */
	enum les_kind (*best)(void *context, const struct les_weights *weights,
			      struct les_error *reterr);
	/* once at the end, where an epoch was done: its picture, PNG; borrowed */
	enum les_kind (*curve)(void *context, const uint8_t *bytes, size_t n,
			       struct les_error *reterr);
	bool (*stop)(void *context); /* whether it is to end; asked after every step */
	/* before the first step */
	enum les_kind (*plan)(void *context, const struct les_training_plan *plan,
			      struct les_error *reterr);
};

struct les_course_request {
	const struct les_training *options;
	const struct les_pack *pack;    /* a recogniser learns from it */
	const struct les_pages *pages;  /* a line finder does */
	const struct les_weights *base; /* NULL: from scratch */
	const uint8_t *resume;          /* a checkpoint's bytes, or NULL */
	size_t resume_bytes;
	struct les_crew *crew;
};

/* errors: ARG (no lines, a spec that does not fit), UNSUPPORTED (a layer that cannot be trained, a
 * base that does not know a character), FORMAT (a checkpoint of another training), LIMIT, NOMEM. */
enum les_kind les_course_run(const struct les_course_request *request,
			     const struct les_course_events *events, enum les_training_end *ret,
			     struct les_error *reterr);

#endif
