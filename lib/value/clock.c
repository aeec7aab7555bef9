#include "value/clock.h"

#include <time.h>

#define CONNECT_PERCENT 60

static int64_t read_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t cdc_clock_wall_ms(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t cdc_clock_ms(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

struct cdc_deadline cdc_deadline_in(int64_t timeout_ms)
{
	int64_t now = cdc_clock_ms();

	return (struct cdc_deadline){ .start_ms = now, .end_ms = now + timeout_ms };
}

int64_t cdc_deadline_left_ms(const struct cdc_deadline *deadline)
{
	int64_t left = deadline->end_ms - cdc_clock_ms();

	return left > 0 ? left : 0;
}

int64_t cdc_deadline_connect_ms(const struct cdc_deadline *deadline, size_t targets)
{
	int64_t end = deadline->start_ms + (deadline->end_ms - deadline->start_ms) * CONNECT_PERCENT / 100;
	int64_t left = end - cdc_clock_ms();

	return left > 0 ? left / (int64_t)(targets ? targets : 1) : 0;
}
