/*
 * check_binlog_retention, the pure part: what is configured, what is asked, what the answers mean, and what follows
 * from them. Meaning of every variable per version: MySQL Reference Manual, "Binary Logging Options and Variables";
 * MariaDB documentation, "Replication and Binary Log System Variables"; and live servers (tests/facts/binlog_retention).
 */
#ifndef BINLOG_RETENTION_H
#define BINLOG_RETENTION_H

#include "cdc/gtid_verdict.h"
#include "client/my.h"
#include "plugin/decide.h"
#include "plugins/mysql_gtid.h" /* its reader: filters, and positions in GTIDs */

struct binlog_retention_config {
	struct cdc_policy policy;
	struct cdc_my_params my;
	const char *binlog_file; /* the reader's position; NULL: not given */
	int64_t binlog_pos;      /* 0: not given, its file's beginning */
	const char *offsets, *offsets_server;
	struct cdc_strings includes, excludes; /* as Debezium's gtid.source.includes and .excludes */
	int64_t size_limit;                    /* bytes; 0: not given */
	bool probe;
};

extern const struct cdc_plugin binlog_retention_plugin;

/* Refuses options that contradict each other: -1 and a CDC_ERR_USAGE. */
int binlog_retention_check(const struct binlog_retention_config *config, struct cdc_err *err) CDC_MUST_USE;

/* Where the reader is. A zeroed one is no reader. It owns its texts. */
struct binlog_reader {
	const char *missing; /* --server names a partition that is not there: its name, borrowed */
	char *file;          /* NULL: there is no reader */
	int64_t pos;         /* 0: not given */
	bool has_gtids;
	struct cdc_gtid_position gtids; /* filtered */
	struct mysql_gtid_reader sources; /* the filters */
};

void binlog_reader_release(struct binlog_reader *reader);

/*
 * From the options, and the text of --offsets (NULL: not given), to the position. On failure -1 and a CDC_ERR_USAGE
 * that names the option.
 */
int binlog_retention_read_position(const struct binlog_retention_config *config, const char *offsets,
    struct binlog_reader *ret, struct cdc_err *err) CDC_MUST_USE;

/* A time from 0 to what an int64_t holds, in milliseconds, or a number; where it is known. */
struct binlog_number {
	bool known;
	int64_t value;
};

/* One line of SHOW BINARY LOGS, and what a probe told. */
struct binlog_file {
	const char *name;
	int64_t size;                    /* bytes */
	struct binlog_number created_ms; /* by the server's clock */
};

enum binlog_expiry { BINLOG_NEVER, BINLOG_AFTER, BINLOG_AT_ONCE, BINLOG_EXPIRY_UNKNOWN };

struct binlog_server {
	bool mariadb, log_off, gtid_on;
	bool managed;                   /* RDS or Aurora */
	const char *identity;           /* which server this is */
	const char *format, *row_image, *row_value_options; /* NULL: the server has no such variable */
	enum binlog_expiry expiry;
	int64_t expiry_ms;       /* of BINLOG_AFTER */
	const char *expiry_name; /* the setting that decides */
	int64_t total_limit;     /* bytes in all files; 0: none */
	const char *total_limit_name;
	int64_t connections_needed; /* slave_connections_needed_for_purge; 0: none */
	int64_t now_ms, uptime_ms;  /* by the server's clock */
	const char *logs_refused;   /* why the files could not be listed, with the GRANT; NULL: they were */
	const char *rds_refused;    /* the same for mysql.rds_configuration of a managed server */
};

struct binlog_retention_facts {
	struct binlog_server server;
	struct binlog_file *files; /* oldest first */
	size_t count;
	bool gtids_asked;
	struct cdc_gtid_server gtids; /* where the reader has GTIDs and they decide */
	const char *first_refused;    /* why MariaDB's first GTID is not known, with the GRANT; NULL: it is, or was not asked */
	const char *probe_refused; /* why a probe told nothing, with the GRANT; NULL: it did, or there was none */
	bool probe_denied;         /* for want of a right */
};

void binlog_retention_facts_release(struct binlog_retention_facts *facts);

/* The queries, in the order in which they are asked. */
enum binlog_query {
	BINLOG_VARIABLES,
	BINLOG_CLOCK,
	BINLOG_UPTIME,
	BINLOG_RDS,
	BINLOG_FILES,
	BINLOG_QUERIES
};

/* Fills BINLOG_QUERIES queries. */
void binlog_retention_ask(struct cdc_my_query *queries);

/*
 * Answers to facts. The facts borrow from the queries' rows and messages. On failure -1 and a CDC_ERR_PROTOCOL, or a
 * CDC_ERR_DENIED when the files are refused for another reason than a right.
 */
int binlog_retention_parse(const struct cdc_my_query *queries, bool mariadb, struct binlog_retention_facts *ret,
    struct cdc_err *err) CDC_MUST_USE;

/* True if the reader's GTIDs decide about it on this server, and not its file. */
bool binlog_retention_by_gtid(const struct binlog_retention_facts *facts, const struct binlog_reader *reader);

/* The query about GTIDs, which names the oldest file; *sql owns its text. */
void binlog_retention_ask_gtids(const struct binlog_retention_facts *facts, struct cdc_my_query *query,
    struct cdc_buf *sql);

/* Its answer to facts. On failure -1 and a CDC_ERR_PROTOCOL. */
int binlog_retention_parse_gtids(const struct cdc_my_query *query, struct binlog_retention_facts *facts,
    struct cdc_err *err) CDC_MUST_USE;

/* Which files' creation is worth a probe: up to two indices; returns how many. */
size_t binlog_retention_probes(const struct binlog_retention_facts *facts, const struct binlog_reader *reader,
    size_t ret[2]);

/* Facts to result. Needs nothing but its arguments and cannot fail. */
void binlog_retention_judge(const struct binlog_retention_config *config, const struct binlog_retention_facts *facts,
    const struct binlog_reader *reader, struct cdc_check *check);

/* What of its own options says which reader is judged, for the name of the state file. The caller frees it. */
char *binlog_retention_selection(const struct binlog_retention_config *config) CDC_MUST_USE;

#endif
