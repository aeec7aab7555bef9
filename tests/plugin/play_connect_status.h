/*
 * check_connect_status on a stage: answers of a worker, recorded or written, judged run after run.
 */
#ifndef PLAY_CONNECT_STATUS_H
#define PLAY_CONNECT_STATUS_H

#include "tests/plugin/facts.h"

#include "plugins/connect_status.h"

/* What a worker answers; NULL: nothing in time. */
struct worker_says {
	const char *list, *names;
	int health_status;       /* 0: nothing in time */
	const char *health;
	int first_status;        /* what /connectors/FIRST answers where there is no /health */
	const char *first;
	const char *alive;       /* with --all-workers: those that answer, separated by blanks; "-" before one that does not */
};

/* One run at that time. */
void worker_run(struct stage *stage, const struct worker_says *says, int64_t now_ms);

#endif
