#ifndef LES_TRAIN_TEACH_H
#define LES_TRAIN_TEACH_H

#include "base/error.h"
#include "ipc/message.h"
#include "models/net.h"
#include "train/crew.h"

#include <stdbool.h>

/* A training in the confined process, by messages (ipc/training.h). {.crew = …} is ready. */
struct les_teaching {
	struct les_crew *crew; /* borrowed */
	struct les_net_file base;
	bool has_base;
	struct les_view resume;
};
void les_teaching_done(struct les_teaching *teaching);

/* BASE and RESUME: kept for the next TRAIN. errors: of what is wrong with them; told at TRAIN. */
enum les_kind les_teach_base(struct les_teaching *teaching, const struct les_message *message,
			     struct les_error *reterr);
enum les_kind les_teach_resume(struct les_teaching *teaching, const struct les_message *message,
			       struct les_error *reterr);

/* TRAIN: trains, with REPORT, CHECKPOINT and BEST on the way, and ends with TRAINED or FAIL.
 * errors: where the channel is of no more use. */
enum les_kind les_teach(struct les_teaching *teaching, struct les_session *session, int channel,
			const struct les_message *message, struct les_error *reterr);

/* Trains a tiny net in all of the crew's threads, so that all that libraries do once is done. */
enum les_kind les_teach_warm_up(struct les_crew *crew, struct les_error *reterr);

#endif
