#ifndef LES_CLI_INTERRUPT_H
#define LES_CLI_INTERRUPT_H

#include "base/error.h"

#include <stdbool.h>

/* Ctrl-C, a terminal that closes and a request to end finish a reading in good order: they do not
 * kill this process but make an fd readable, which a job takes as its cancel_fd. So no half-written
 * file stays behind. */

/* Holds these signals back from now on, also from threads and workers made later, and gives the fd.
 * errors: IO. */
enum les_kind les_interrupt_open(int *ret_fd, struct les_error *reterr);

/* Lets them have their usual effect, which is death, while this thread waits for input; or not. */
void les_interrupt_allow(bool allow);

#endif
