#ifndef LES_TRAIN_SERVE_H
#define LES_TRAIN_SERVE_H

#include "base/error.h"

#include <stdint.h>

/* The whole life of a lesart-train: confines itself, says READY, then cuts lines out of pages,
 * until lesart hangs up (LES_OK). errors: what kept it from READY; PEER where a message broke the
 * protocol. */
enum les_kind les_train_serve(int channel, uint32_t threads_n, struct les_error *reterr);

#endif
