/*
 * check_cdc_lag, the pure part: what is configured, what the samples of Debezium's metrics mean for each connector, and
 * what follows from them. Meaning of every metric: lib/cdc/debezium_metrics.h; what real ones showed: tests/facts/cdc_lag.
 */
#ifndef CDC_LAG_H
#define CDC_LAG_H

#include "cdc/debezium_metrics.h"
#include "client/http.h"
#include "plugin/decide.h"

struct cdc_lag_config {
	struct cdc_policy policy;
	struct cdc_http_params http;
	struct cdc_strings metrics_urls, prometheus_urls, prometheus_labels, jolokia_urls, files;
	int type;             /* index into the choices of --connector-type; 0: all */
	int64_t max_age_ms;   /* --max-age */
	int64_t keepalive_ms; /* connect.keep.alive.interval.ms of MySQL and MariaDB connectors */
};

extern const struct cdc_plugin cdc_lag_plugin;

/* The name of the type that --connector-type chose; NULL: all. */
const char *cdc_lag_type(const struct cdc_lag_config *config);

/* Which of its own options decide what is judged, for the name of the state file. */
const char *cdc_lag_selection(const struct cdc_lag_config *config);

/* Exactly one kind of source must be given: -1 and a CDC_ERR_USAGE unless so, or for a wrong --prometheus-label. */
int cdc_lag_check_config(const struct cdc_lag_config *config, struct cdc_err *err) CDC_MUST_USE;

/* --- facts ------------------------------------------------------------------------------------------------------- */

/* What a connector's task shows, by enum cdc_dbz_field, and what only the snapshot's bean does behind that. */
enum cdc_lag_field {
	CDC_LAG_SNAPSHOT_EVENTS = CDC_DBZ_FIELDS,
	CDC_LAG_SNAPSHOT_ERRONEOUS,
	CDC_LAG_FIELDS
};

struct cdc_lag_number {
	bool known;
	cdc_num value;
};

/* One task of one connector (and one database, on SQL Server) as one worker showed it. */
struct cdc_lag_task {
	char *key; /* the five texts one behind the other; owns them */
	size_t key_len;
	const char *worker; /* host:port, or Prometheus's instance */
	const char *copy;   /* tells apart what several Prometheus servers or replicas say of the same */
	const char *server, *database, *task; /* "" where there is none */
	const char *type;                     /* "": not known */
	struct cdc_lag_number at[CDC_LAG_FIELDS];
	int64_t time_ms; /* when it was sampled; 0: not known */
	int64_t page_ms; /* when the page was saved that it stands on; 0: not known, or it was read from its source */
	bool left_out;   /* another one stands for it */
};

enum cdc_lag_kind {
	CDC_LAG_PAGE,
	CDC_LAG_PROMETHEUS,
	CDC_LAG_JOLOKIA,
	CDC_LAG_FILE,
	CDC_LAG_PIPE /* standard input: another run may be given something else altogether */
};

/* What was asked, and how it answered. */
struct cdc_lag_source {
	enum cdc_lag_kind kind;
	char *name;          /* for texts: host:port or the file */
	char *identity;      /* the same in one spelling, for the name of the state file */
	int64_t page_ms;     /* when the page was saved; 0: it was not, or nobody knows */
	struct cdc_err err;  /* kind CDC_ERR_NONE: it answered */
	bool cut;            /* it answered in part: what is not on it need not be absent */
	uint64_t samples;    /* all that it showed */
	bool connect;        /* among them some of a Kafka Connect worker */
};

/* A worker whose metrics could not be read although something answered for it. */
struct cdc_lag_scrape_error {
	char *worker;
	bool down; /* Prometheus's up is 0, else jmx_scrape_error is 1 */
};

struct cdc_lag_facts {
	struct cdc_lag_source *sources;
	size_t source_count, source_capacity;
	struct cdc_lag_task **tasks;
	size_t task_count, task_capacity;
	struct cdc_lag_scrape_error *scrape_errors;
	size_t scrape_error_count, scrape_error_capacity;
	uint32_t *slots; /* hash table of task indices + 1 */
	size_t slot_count;
	bool debezium;       /* some sample has to do with Debezium */
	int64_t began_ms;    /* wall clock when asking began: what was remembered since then is newer; 0: not known */
};

void cdc_lag_facts_init(struct cdc_lag_facts *facts);
void cdc_lag_facts_release(struct cdc_lag_facts *facts);

/* Adds what is asked; identity: NULL is the name. Returns its index. */
size_t cdc_lag_add_source(struct cdc_lag_facts *facts, enum cdc_lag_kind kind, const char *name, const char *identity);

/* Notes that a worker's metrics could not be read; once for each worker. */
void cdc_lag_add_scrape_error(struct cdc_lag_facts *facts, const char *worker, bool down);

/* Far above real use; what passes it is a CDC_ERR_PROTOCOL. */
#define CDC_LAG_TASKS_MAX 100000

/* Takes the samples of one source. */
struct cdc_lag_reader {
	struct cdc_lag_facts *facts;
	size_t source;
	char source_text[24];
	bool times; /* the samples are those of Prometheus's timestamp(): the value is when the sample was taken */
	/* what the last name meant */
	char name[CDC_DBZ_NAME_MAX];
	struct cdc_dbz_name meaning;
	/* whose the last sample was; NULL: nobody's that is of interest */
	struct cdc_dbz_place place;
	struct cdc_lag_task *owner;
	struct cdc_lag_task *last; /* found last, for samples of one task often follow each other */
	struct cdc_buf key;
};

void cdc_lag_reader_init(struct cdc_lag_reader *reader, struct cdc_lag_facts *facts, size_t source);
void cdc_lag_reader_release(struct cdc_lag_reader *reader);

/* The reader as a taker of samples, for exposition text and for the two below. */
struct cdc_sample_taker cdc_lag_taker(struct cdc_lag_reader *reader);

/* After the last source: joins the two beans of SQL Server, and leaves of several copies the newest one. */
void cdc_lag_settle(struct cdc_lag_facts *facts);

/*
 * The source whose error ends the check: of those that were cut off the first, or the first of all when none answered
 * at all. NULL: all that is needed is there. That error is not raised by judging.
 */
const struct cdc_lag_source *cdc_lag_fatal(const struct cdc_lag_facts *facts);

/*
 * For --discover: 0, or -1 and a CDC_ERR_PROTOCOL when a worker's metrics could not be read or there are none of
 * Debezium; a list that is not complete must not be given, for objects would be deleted.
 */
int cdc_lag_check_complete(const struct cdc_lag_config *config, const struct cdc_lag_facts *facts,
    struct cdc_err *err) CDC_MUST_USE;

/* --- judging ----------------------------------------------------------------------------------------------------- */

/* Facts to result. Needs nothing but its arguments and cannot fail. */
void cdc_lag_judge(const struct cdc_lag_config *config, const struct cdc_lag_facts *facts, struct cdc_check *check);

#endif
