/*
 * What the files of check_mysql_gtid's pure part share: the names of its metrics, conditions and labels.
 */
#ifndef MYSQL_GTID_INTERNAL_H
#define MYSQL_GTID_INTERNAL_H

#include "plugins/mysql_gtid.h"

enum mysql_gtid_metric {
	BEHIND,
	PURGED_MISSING,
	MISSING,
	ERRANT_COUNT,
	EXECUTED,
	INTERVALS,
	REPLICA_LAG,
	MYSQL_GTID_METRICS
};

enum mysql_gtid_condition {
	OFF = CDC_COND_OWN,
	PERMISSIVE,
	INCONSISTENT,
	LOG_OFF,
	PURGED,
	AHEAD,
	ERRANT,
	NO_REPLICA_UPDATES,
	CANDIDATE_UNREACHABLE,
	REPLICA_STOPPED,
	TAGGED,
	READ_ONLY_SNAPSHOT
};

enum mysql_gtid_label { LABEL_ITEM, LABEL_HOST, LABEL_PORT, LABEL_ROLE };

/* True for a variable that is ON or 1. */
bool mysql_gtid_is_on(const char *value);

/* The conditions that a server's settings and channels give, whatever the reader. */
void mysql_gtid_judge_settings(const struct mysql_gtid_config *config, const struct mysql_gtid_server *server,
    struct cdc_item *item);
void mysql_gtid_judge_channels(const struct mysql_gtid_server *server, struct cdc_item *item, struct cdc_check *check);

#endif
