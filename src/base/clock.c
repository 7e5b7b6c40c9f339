#include "base/clock.h"

#include <limits.h>
#include <stdlib.h>
#include <time.h>

int64_t les_clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

double les_clock_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

int les_clock_left_ms(int64_t deadline_ms)
{
	int64_t left = deadline_ms - les_clock_ms();

	if (left < 0)
		return 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}

void les_clock_utc(char out[21])
{
	const char *fixed = getenv("SOURCE_DATE_EPOCH");
	time_t now = fixed ? (time_t)strtoll(fixed, NULL, 10) : time(NULL);
	struct tm utc;

	gmtime_r(&now, &utc);
	strftime(out, 21, "%Y-%m-%dT%H:%M:%SZ", &utc);
}
