#include "http/slots.h"

#include <time.h>

void les_slots_init(struct les_slots *slots, uint32_t running_max, uint32_t waiting_max,
		    uint64_t room_bytes_max)
{
	pthread_condattr_t attr;

	*slots = (struct les_slots){.running_max = running_max,
				    .admitted_max = running_max + waiting_max,
				    .room_bytes_max = room_bytes_max};
	pthread_mutex_init(&slots->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&slots->freed, &attr);
	pthread_condattr_destroy(&attr);
}

void les_slots_done(struct les_slots *slots)
{
	pthread_cond_destroy(&slots->freed);
	pthread_mutex_destroy(&slots->lock);
}

enum les_kind les_slots_admit(struct les_slots *slots, struct les_error *reterr)
{
	enum les_kind kind = LES_OK;

	pthread_mutex_lock(&slots->lock);
	if (slots->closed)
		kind = les_fail(reterr, LES_UNAVAILABLE, "the server is ending");
	else if (slots->admitted_n == slots->admitted_max)
		kind = les_fail(reterr, LES_BUSY,
				"%u documents are at work or waiting: try again later",
				slots->admitted_n);
	else
		slots->admitted_n++;
	pthread_mutex_unlock(&slots->lock);
	return kind;
}

bool les_slots_run(struct les_slots *slots, int wait_ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += (long)(wait_ms % 1000) * 1000000;
	until.tv_sec += wait_ms / 1000 + until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&slots->lock);
	if (slots->running_n == slots->running_max)
		pthread_cond_timedwait(&slots->freed, &slots->lock, &until);
	bool mine = slots->running_n < slots->running_max;
	if (mine)
		slots->running_n++;
	pthread_mutex_unlock(&slots->lock);
	return mine;
}

void les_slots_finish(struct les_slots *slots)
{
	pthread_mutex_lock(&slots->lock);
	slots->running_n--;
	pthread_cond_signal(&slots->freed);
	pthread_mutex_unlock(&slots->lock);
}

void les_slots_leave(struct les_slots *slots)
{
	pthread_mutex_lock(&slots->lock);
	slots->admitted_n--;
	pthread_mutex_unlock(&slots->lock);
}

enum les_kind les_slots_reserve(struct les_slots *slots, uint64_t bytes, struct les_error *reterr)
{
	enum les_kind kind = LES_OK;

	pthread_mutex_lock(&slots->lock);
	if (bytes > slots->room_bytes_max - slots->room_bytes)
		kind = les_fail(reterr, LES_BUSY,
				"the server has no room for so many bytes of documents now: try "
				"again later");
	else
		slots->room_bytes += bytes;
	pthread_mutex_unlock(&slots->lock);
	return kind;
}

void les_slots_release(struct les_slots *slots, uint64_t bytes)
{
	pthread_mutex_lock(&slots->lock);
	slots->room_bytes -= bytes;
	pthread_mutex_unlock(&slots->lock);
}

void les_slots_close(struct les_slots *slots)
{
	pthread_mutex_lock(&slots->lock);
	slots->closed = true;
	pthread_mutex_unlock(&slots->lock);
}

void les_slots_count(struct les_slots *slots, uint32_t *ret_running, uint32_t *ret_waiting)
{
	pthread_mutex_lock(&slots->lock);
	*ret_running = slots->running_n;
	*ret_waiting = slots->admitted_n - slots->running_n;
	pthread_mutex_unlock(&slots->lock);
}
