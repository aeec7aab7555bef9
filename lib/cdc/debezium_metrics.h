/*
 * Debezium's metrics by the names and labels under which exporters show them.
 *
 * The same JMX attribute is debezium_metrics_MilliSecondsBehindSource, debezium_millisecondsbehindsource,
 * debezium_postgres_connector_metrics_milli_seconds_behind_source or debezium_source_lag_seconds, by exporter and
 * rules. So a name is brought to lower case without anything but letters and digits, and its end decides; "debezium"
 * must occur before it. What only resembles the lag (...MinValue, ...P99) ends otherwise and is none.
 *
 * Sources: debezium-examples monitoring/debezium-jmx-exporter/config.yml; confluentinc/jmx-monitoring-stacks
 * kafka_connect.yml; jmx_exporter's default export; debezium-server 3.6 config/debezium-jmx-config.yaml and
 * -legacy.yaml (OpenTelemetry); meaning of the attributes: debezium 0.8 to 3.7, io.debezium.pipeline.meters.
 */
#ifndef CDC_DEBEZIUM_METRICS_H
#define CDC_DEBEZIUM_METRICS_H

#include "cdc/exposition.h"

/* What a number of a connector is about. Durations are seconds. */
enum cdc_dbz_field {
	CDC_DBZ_NONE,
	CDC_DBZ_LAG,                /* MilliSecondsBehindSource; -1 ms: no event since the start */
	CDC_DBZ_SILENCE,            /* MilliSecondsSinceLastEvent; -1 ms: none */
	CDC_DBZ_CONNECTED,
	CDC_DBZ_EVENTS,             /* TotalNumberOfEventsSeen */
	CDC_DBZ_FILTERED,
	CDC_DBZ_ERRONEOUS,
	CDC_DBZ_TRANSACTIONS,
	CDC_DBZ_QUEUE_TOTAL,
	CDC_DBZ_QUEUE_REMAINING,
	CDC_DBZ_QUEUE_BYTES,
	CDC_DBZ_QUEUE_BYTES_MAX,    /* 0: not limited */
	CDC_DBZ_SNAPSHOT_RUNNING,
	CDC_DBZ_SNAPSHOT_PAUSED,
	CDC_DBZ_SNAPSHOT_ABORTED,
	CDC_DBZ_SNAPSHOT_DURATION,
	CDC_DBZ_TABLES_TOTAL,
	CDC_DBZ_TABLES_REMAINING,
	CDC_DBZ_ROWS_SCANNED,       /* one sample per table */
	CDC_DBZ_CHANGES_RECOVERED,  /* of the schema history */
	CDC_DBZ_RECOVERING,         /* of the schema history: 1 while its Status says so (Jolokia) */
	CDC_DBZ_BINLOG,             /* any attribute that only MySQL and MariaDB have */
	CDC_DBZ_FIELDS
};

enum cdc_dbz_context {
	CDC_DBZ_ANY_CONTEXT, /* neither name nor labels say */
	CDC_DBZ_STREAMING,
	CDC_DBZ_SNAPSHOT,
	CDC_DBZ_SCHEMA_HISTORY
};

#define CDC_DBZ_NAME_MAX 256

/* What a name means. */
struct cdc_dbz_name {
	enum cdc_dbz_field field;
	enum cdc_dbz_context context; /* where the name itself or its field says */
	bool one_context;             /* the field occurs in no other one, so its context needs no word anywhere else */
	const char *type;             /* of the connector, where the name says: "postgres"; else "" */
	bool milliseconds;            /* the value is to be divided by 1000 */
	bool sums;                    /* several samples of the field add up */
};

/* Reads a metric's name of n bytes; false when it is none that is of interest. */
bool cdc_dbz_read_name(const char *name, size_t n, struct cdc_dbz_name *ret);

/* True if "debezium" occurs in the name, in any case: the page knows such a thing at all. */
bool cdc_dbz_is_debezium(const char *name, size_t n);

/* Whose number a sample is, by its labels. */
struct cdc_dbz_place {
	char server[CDC_DBZ_NAME_MAX];   /* the topic.prefix; "": the labels do not say */
	char database[CDC_DBZ_NAME_MAX]; /* of SQL Server's beans; also a custom tag elsewhere */
	char task[CDC_DBZ_NAME_MAX];
	char instance[CDC_DBZ_NAME_MAX]; /* where Prometheus, a federation or a collector says which worker it was */
	const char *type;                /* "postgres", "mysql", ... as Debezium calls it; "": not known */
	enum cdc_dbz_context context;
	bool negated; /* OpenTelemetry's state metrics: this sample speaks of the opposite ("disconnected") */
};

/*
 * Reads the labels. Damaged ones, into which a rule's regular expression took more than it should
 * (name="S, task=0", context="streaming, env=prod"), are taken apart. False when a text is too long.
 */
bool cdc_dbz_read_labels(const struct cdc_sample *sample, struct cdc_dbz_place *ret);

/* The connector's type as it is called here, from any spelling ("postgresql", "SqlServer"); NULL: not known. */
const char *cdc_dbz_type(const char *text);

/* True if the connector reads a binary log: it resets its lag by the server's heartbeat. */
bool cdc_dbz_reads_binlog(const char *type);

#endif
