#ifndef LES_IPC_TRAINING_H
#define LES_IPC_TRAINING_H

#include "base/cursor.h"
#include "ipc/message.h"
#include "types/training.h"

/* What a lesart-train at training and lesart say to each other.
 *
 *                 lesart                          lesart-train
 *   BASE      a canonical model's fd           →                  (none: from scratch)
 *   RESUME    a checkpoint's fd                →                  (none: from the beginning)
 *   TRAIN     options, pack                    →
 *                                              ←  PLAN       what it will take
 *                                              ←  REPORT     where it stands, as often as it likes
 *                                              ←  CHECKPOINT to go on from: opaque bytes, sealed
 *                                              ←  BEST       the best model so far, canonical
 *   STOP      write what you have and end      →
 *                                              ←  CURVE      its picture, PNG
 *                                              ←  TRAINED    how it ended   | FAIL
 *
 * BEST comes whenever validation got better (at most once an epoch), and always once before
 * TRAINED. STOP may cross with TRAINED: then it is nothing.
 *
 * Bodies as in ipc/message.h; CHECKPOINT, BEST and CURVE carry a struct les_payload. */
void les_training_encode(struct les_buf *out, const struct les_training *training);
enum les_kind les_training_parse(const struct les_message *m, struct les_training *ret,
				 struct les_error *reterr);

void les_training_plan_encode(struct les_buf *out, const struct les_training_plan *plan);
enum les_kind les_training_plan_parse(const struct les_message *m, struct les_training_plan *ret,
				      struct les_error *reterr);

void les_training_report_encode(struct les_buf *out, const struct les_training_report *report);
/* The same among other fields; false for what no report says. */
bool les_training_report_read(struct les_rd *r, struct les_training_report *ret);
enum les_kind les_training_report_parse(const struct les_message *m,
					struct les_training_report *ret, struct les_error *reterr);

void les_training_end_encode(struct les_buf *out, enum les_training_end end);
enum les_kind les_training_end_parse(const struct les_message *m, enum les_training_end *ret,
				     struct les_error *reterr);

#endif
