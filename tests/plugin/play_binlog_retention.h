/*
 * check_binlog_retention on a stage: recorded answers of a server, changed at will, judged run after run.
 */
#ifndef PLAY_BINLOG_RETENTION_H
#define PLAY_BINLOG_RETENTION_H

#include "tests/plugin/facts.h"

#include "plugins/binlog_retention.h"

struct answers {
	struct cdc_my_query queries[BINLOG_QUERIES], gtids;
	struct cdc_rows created; /* what --probe-binlog read; empty where it was not recorded */
	bool mariadb;
	const char *probe_refused;
};

/* The answers recorded as "10.11-old"; release them. The test fails when one was not recorded. */
void answers_load(struct answers *answers, const char *name);
void answers_release(struct answers *answers);

/* The server's clock, in milliseconds. */
int64_t answers_now(const struct answers *answers);

/*
 * Parses and judges at that time; 0 is the server's own. --offsets names what the reader has, not a file:
 * "--offsets=b.000002:4:GTIDS" (the GTIDS with "%" for the server's UUID).
 */
void answers_run(struct stage *stage, const struct answers *answers, int64_t now_ms);

/* Gives the server a variable that it has not, of a flavour that could not be recorded. */
void answers_add(struct answers *answers, const char *name, const char *value);

/* Sets the value of a variable, or of Uptime. The test fails when the server has none of that name. */
void answers_set(struct answers *answers, enum binlog_query query, const char *name, const char *value);

#endif
