/*
 * check_pg_slot on a stage: recorded answers of a server, changed at will, judged run after run.
 */
#ifndef PLAY_PG_SLOT_H
#define PLAY_PG_SLOT_H

#include "tests/plugin/facts.h"

#include "plugins/pg_slot.h"

struct answers {
	struct cdc_pg_query queries[PG_SLOT_QUERIES];
	size_t count;
	int version;
};

/* The answers recorded as "pg17-inactive"; release them. The test fails when one was not recorded. */
void answers_load(struct answers *answers, const char *name);
void answers_release(struct answers *answers);

/* Parses and judges at that time; 0 is the server's own. */
void answers_run(struct stage *stage, const struct answers *answers, int64_t now_ms);

/*
 * Changes cells: "slots.restart_lsn=0/B10000 stats.total_txns=0", NULL is \\N, and the row is the first one unless it
 * is said ("slots.1.active=f"). "slots.drop" hides the last row of the slots, "slots.back" brings it back. "position.refused=42501" refuses a query.
 */
void answers_change(struct answers *answers, const char *changes);

#endif
