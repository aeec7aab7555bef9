/*
 * What the files of check_cdc_lag's pure part share: the names of its metrics and conditions, and what one run leaves
 * of a task for the next.
 */
#ifndef CDC_LAG_INTERNAL_H
#define CDC_LAG_INTERNAL_H

#include "plugins/cdc_lag.h"

enum cdc_lag_metric {
	LAG,
	SILENCE,
	QUEUE,
	QUEUE_BYTES,
	EVENTS,
	FILTERED,
	ERRONEOUS_EVENTS,
	TRANSACTIONS,
	SNAPSHOT_REMAINING,
	SNAPSHOT_DURATION,
	SNAPSHOT_ROWS,
	CONNECTED,
	CDC_LAG_METRICS
};

enum cdc_lag_condition {
	OWN_MISSING = CDC_COND_OWN, /* rows that replace common ones */
	OWN_VANISHED,
	NO_DEBEZIUM,
	SCRAPE_ERROR,
	WORKER_DOWN,
	DISCONNECTED,
	RESTART_LOOP,
	NO_EVENT,
	IDLE,
	STALLED,
	QUEUE_FULL,
	ERRONEOUS,
	SNAPSHOT,
	SNAPSHOT_STALLED,
	SNAPSHOT_ABORTED,
	DUPLICATE,
	STALE,
	CLOCK_SKEW,
	CDC_LAG_CONDITIONS
};

enum cdc_lag_label { LABEL_SERVER, LABEL_TYPE, LABEL_TASK, LABEL_DATABASE };

/* Debezium's "no event since the task started" in lag and silence, in seconds. */
#define CDC_LAG_NONE (-CDC_NUM_ONE / 1000)

/* --- one task ---------------------------------------------------------------------------------------------------- */

/* Of a trace: not known. */
#define CDC_LAG_UNKNOWN INT64_MIN
/* What is compared and added up lies within this, on both sides of 0, whatever a page says: sums of three still fit. */
#define CDC_LAG_NUMBER_MAX (INT64_MAX / 4)

/* What one run leaves of a task for the next; times in milliseconds since 1970. */
struct cdc_lag_trace {
	int64_t at_ms;      /* when it was left; CDC_LAG_UNKNOWN: no run has seen the task */
	int64_t lag_ms;     /* the gauge as it was */
	int64_t changes;    /* events that are neither filtered nor erroneous */
	int64_t events, erroneous, recovered;
	int64_t started_ms; /* when a run first saw the task after a start; CDC_LAG_UNKNOWN: none saw one */
	int64_t moved_ms;   /* when there was last evidence that the gauge is fresh */
	int64_t sample_ms;  /* when the sample was taken, as far as its source says */
	int64_t fresh;      /* 1: there was evidence that the gauge is fresh; 0: there was none */
};

/* What the last runs left; all unknown when they left nothing, or the clock went backwards. */
struct cdc_lag_trace cdc_lag_trace_read(const struct cdc_memory *memory, const char *item, const char *task);
void cdc_lag_trace_leave(struct cdc_memory *memory, const char *item, const char *task,
    const struct cdc_lag_trace *trace);

/* Leaves what the last run left as it is. */
void cdc_lag_trace_carry(struct cdc_memory *memory, const char *item, const char *task);

/* Makes all unknown. */
void cdc_lag_trace_forget(struct cdc_lag_trace *trace);

/*
 * The tasks of an item that the last run knew, one after the other: *at is 0 for the first. NULL when there are no more;
 * the text belongs to the memory.
 */
const char *cdc_lag_next_task(const struct cdc_memory *memory, const char *item, const struct cdc_entry **at);

/* Everything that judging a task needs, and what comes out of it for its item. */
struct cdc_lag_view {
	const struct cdc_lag_config *config;
	const struct cdc_lag_task *task;
	const char *type;   /* of the connector; "": not known */
	const char *prefix; /* "task 3: " where the item has several */
	struct cdc_check *check;
	struct cdc_item *item;
	int64_t began_ms;  /* facts->began_ms */
	bool partial;      /* the metrics were cut off: what they do not show says nothing */
	struct cdc_lag_trace old, now;
	bool overtaken;    /* another run looked meanwhile and was done first: nothing is to be compared or left */
	bool binlog, connected, disconnected; /* both false: not known */
	bool snapshot;       /* one runs, or pauses */
	bool first_snapshot; /* and nothing streams meanwhile */
	bool queue_full;
	bool restarted;      /* since the last run */
	bool same_sample;    /* the last run saw the very same one, which is not stale: nothing can be concluded from that */
	/* why it has no lag to judge: IDLE or NO_EVENT, raised when the other tasks have none either; owned */
	char *quiet;
	size_t quiet_condition;
};

/* Judges one task: raises its conditions and adds its values to the item's. */
void cdc_lag_judge_task(struct cdc_lag_view *view);

/* Judges lag and silence; part of the above. */
void cdc_lag_judge_lag(struct cdc_lag_view *view);

/* Judges snapshots; part of the above. */
void cdc_lag_judge_snapshot(struct cdc_lag_view *view);

/* True if a number is shown and is not 0. */
bool cdc_lag_is_on(const struct cdc_lag_task *task, size_t field);

/* The number without its fraction, or a number of seconds in milliseconds; CDC_LAG_UNKNOWN when it is not shown. */
int64_t cdc_lag_whole(const struct cdc_lag_number *number);
int64_t cdc_lag_ms(const struct cdc_lag_number *number);

/* 0.8 times the keep-alive interval: how often a MySQL or MariaDB server sends a heartbeat. */
int64_t cdc_lag_heartbeat_ms(const struct cdc_lag_config *config);

/* Gives a metric the greater (or the sum) of its value so far and this one. */
void cdc_lag_value_max(struct cdc_item *item, size_t metric, cdc_num value);
void cdc_lag_value_sum(struct cdc_item *item, size_t metric, cdc_num value);

/* --- the whole --------------------------------------------------------------------------------------------------- */

/*
 * Counts the runs of the last hour in which the server's task was away or had been started anew, this one included if
 * `again`, and leaves them for the next run.
 */
size_t cdc_lag_count_restarts(struct cdc_memory *memory, const char *item, bool again);

/* Judges what was asked: workers that did not answer, pages without Debezium, scrape errors. */
void cdc_lag_judge_sources(const struct cdc_lag_config *config, const struct cdc_lag_facts *facts,
    struct cdc_check *check);

/* Judges servers that were named, or known to an earlier run, and have no series now. */
void cdc_lag_judge_absent(const struct cdc_lag_config *config, const struct cdc_lag_facts *facts,
    struct cdc_check *check);

/* True if a server, or its database on SQL Server, is to be judged. */
bool cdc_lag_is_wanted(const struct cdc_lag_config *config, const struct cdc_lag_task *task, const char *item);

#endif
