/*
 * What the files of check_connect_status's pure part share: the names of its metrics, conditions and labels.
 */
#ifndef CONNECT_STATUS_INTERNAL_H
#define CONNECT_STATUS_INTERNAL_H

#include "plugins/connect_status.h"

enum connect_status_metric {
	TASKS_FAILED,
	CONNECTORS,
	CONNECTORS_FAILED,
	TASKS,
	TASKS_RUNNING,
	TASKS_UNASSIGNED,
	WORKERS,
	RESPONSE_TIME,
	CONNECTOR_TASKS,
	CONNECTOR_RUNNING,
	FAILED_FOR,
	CONNECT_STATUS_METRICS
};

enum connect_status_condition {
	FAILED = CDC_COND_OWN,
	CONNECTOR_FAILED,
	UNASSIGNED,
	RESTARTING,
	FLAPPING,
	PAUSED,
	STOPPED,
	NO_TASKS,
	FEWER_TASKS,
	UNKNOWN_STATE,
	NO_STATUS,
	DEAD_WORKER,
	REBALANCING,
	STARTING,
	UNHEALTHY,
	NOT_LIVE,
	WORKER_DOWN
};

enum connect_status_label {
	LABEL_CONNECTOR,
	LABEL_TYPE,
	LABEL_CLASS,
	LABEL_SERVER,
	LABEL_TASKS,
	LABEL_SLOT,
	LABEL_DBHOST,
	LABEL_DBNAME
};

/*
 * Compares with earlier runs: raises `flapping`, and gives failed-for its value. failed: the connector or a task is
 * FAILED; running: it and all its tasks are RUNNING.
 */
void connect_status_compare(struct cdc_check *check, struct cdc_item *item, bool failed, bool running);

#endif
