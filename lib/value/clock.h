/*
 * Time: the wall clock for what is remembered between runs, the monotonic clock for the deadline. All in milliseconds.
 */
#ifndef CDC_CLOCK_H
#define CDC_CLOCK_H

#include "base/base.h"

/* Milliseconds since 1970 (clock_gettime(2), CLOCK_REALTIME); may jump. */
int64_t cdc_clock_wall_ms(void);

/* Milliseconds on a clock that never jumps (CLOCK_MONOTONIC). */
int64_t cdc_clock_ms(void);

/* A point in time, on the monotonic clock, at which everything must be over. */
struct cdc_deadline {
	int64_t start_ms, end_ms;
};

/* A deadline that many milliseconds from now. */
struct cdc_deadline cdc_deadline_in(int64_t timeout_ms);

/* Milliseconds left; 0 when it has passed. */
int64_t cdc_deadline_left_ms(const struct cdc_deadline *deadline);

/*
 * Milliseconds left for connecting to one of `targets` that were not tried yet: together they may use 60 % of the
 * deadline (interface.md section 4). 0 when that is over.
 */
int64_t cdc_deadline_connect_ms(const struct cdc_deadline *deadline, size_t targets);

#endif
