#ifndef LES_BASE_CLOCK_H
#define LES_BASE_CLOCK_H

#include <stdint.h>

/* Monotonic milliseconds; only differences mean something. */
int64_t les_clock_ms(void);
double les_clock_s(void);

/* Milliseconds until a moment of les_clock_ms(), at least 0, fit for poll(). */
int les_clock_left_ms(int64_t deadline_ms);

/* UTC now as "2026-11-24T15:02:32Z"; SOURCE_DATE_EPOCH, where set, wins. out holds 21 bytes. */
void les_clock_utc(char out[21]);

#endif
