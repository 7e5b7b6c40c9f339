#ifndef LES_HTTP_SLOTS_H
#define LES_HTTP_SLOTS_H

#include "base/error.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* The bounded queue of a server: so many documents at work, so many more waiting; who comes after
 * that is told to come again. Thread-safe. */
struct les_slots {
	pthread_mutex_t lock;
	pthread_cond_t freed;
	uint32_t running_max, admitted_max;
	uint32_t running_n, admitted_n; /* admitted counts the running ones too */
	uint64_t room_bytes_max, room_bytes;
	bool closed;
};

void les_slots_init(struct les_slots *slots, uint32_t running_max, uint32_t waiting_max,
		    uint64_t room_bytes_max);
void les_slots_done(struct les_slots *slots);

/* A place in the queue. errors: BUSY when it is full, UNAVAILABLE when the server is ending. */
enum les_kind les_slots_admit(struct les_slots *slots, struct les_error *reterr);

/* Waits for the turn to run, at most wait_ms; false if it has not come yet. */
bool les_slots_run(struct les_slots *slots, int wait_ms);

/* Ends the turn: another document may run. The place in the queue stays until the answer is taken.
 */
void les_slots_finish(struct les_slots *slots);

/* Gives the place back. */
void les_slots_leave(struct les_slots *slots);

/* Room for a document's bytes while it is here, at most room_bytes_max over all. errors: BUSY. */
enum les_kind les_slots_reserve(struct les_slots *slots, uint64_t bytes, struct les_error *reterr);
void les_slots_release(struct les_slots *slots, uint64_t bytes);

/* Admits nobody any more. */
void les_slots_close(struct les_slots *slots);

void les_slots_count(struct les_slots *slots, uint32_t *ret_running, uint32_t *ret_waiting);

#endif
