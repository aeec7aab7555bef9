/*
 * What the files of check_binlog_retention's pure part share: the names of its metrics and conditions.
 */
#ifndef BINLOG_RETENTION_INTERNAL_H
#define BINLOG_RETENTION_INTERNAL_H

#include "plugins/binlog_retention.h"

enum binlog_metric {
	RETENTION,
	OLDEST,
	FILES,
	SIZE,
	RATE,
	HEADROOM,
	BEHIND,
	EDGE,
	EDGE_FILES,
	TIME_TO_LOSS,
	BINLOG_METRICS
};

enum binlog_condition {
	LOG_OFF = CDC_COND_OWN,
	RDS_UNSET,
	NOT_ROW,
	ROW_IMAGE,
	NEVER_EXPIRES,
	SIZE_LIMITED,
	GONE,
	GAP,
	FUTURE
};

enum binlog_label { LABEL_ITEM, LABEL_FLAVOUR };

/* Bytes in all files. */
int64_t binlog_retention_total(const struct binlog_retention_facts *facts);

/* The index of the reader's file, or facts->count when it is not listed. */
size_t binlog_retention_find(const struct binlog_retention_facts *facts, const struct binlog_reader *reader);

/*
 * What earlier runs tell about when a file was created, by this machine's clock: not before `after_ms`, not after
 * `before_ms`. Each where it is known.
 */
struct binlog_age {
	struct binlog_number after_ms, before_ms;
};

struct binlog_age binlog_retention_recall(const struct binlog_retention_facts *facts, const char *name,
    const struct cdc_memory *memory);

/* Leaves for the next run which file is the last one now, and since when it is. */
void binlog_retention_remember(const struct binlog_retention_facts *facts, struct cdc_memory *memory);

/* Adds a phrase with a duration to the item's text; where a threshold speaks of the metric, it is said there. */
void binlog_retention_say(struct cdc_item *item, const struct cdc_check *check, enum binlog_metric metric,
    int64_t value_ms, const char *before, const char *behind);

/* Bytes written per second; false when there is no rate yet. Calling it leaves what the next run needs. */
bool binlog_retention_rate(const struct binlog_retention_facts *facts, struct cdc_check *check, int64_t *ret);

/* Judges the reader. rate: bytes written per second where known, else 0. */
void binlog_retention_judge_reader(const struct binlog_retention_facts *facts, const struct binlog_reader *reader,
    int64_t rate, struct cdc_item *item, struct cdc_check *check);

/* What the reader's GTIDs decide: whether it could continue. */
void binlog_retention_judge_gtids(const struct binlog_retention_facts *facts, const struct binlog_reader *reader,
    struct cdc_item *item);

#endif
