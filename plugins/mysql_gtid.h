/*
 * check_mysql_gtid, the pure part: what is configured, what is asked, what the answers mean, and what follows from
 * them. Meaning of variables and columns per version: MySQL Reference Manual 5.7 to 9.x, MariaDB documentation, and
 * live servers (tests/facts/mysql_gtid).
 */
#ifndef MYSQL_GTID_H
#define MYSQL_GTID_H

#include "cdc/gtid_verdict.h"
#include "client/my.h"
#include "plugin/decide.h"

struct mysql_gtid_config {
	struct cdc_policy policy;
	struct cdc_my_params my;
	const char *gtid_set, *gtid_file, *offsets, *offsets_server, *source;
	struct cdc_strings candidates, source_includes, source_excludes;
	bool read_only_snapshots;
};

extern const struct cdc_plugin mysql_gtid_plugin;

/* Options that exclude each other. On failure -1 and a CDC_ERR_USAGE. */
int mysql_gtid_check(const struct mysql_gtid_config *config, struct cdc_err *err) CDC_MUST_USE;

/* --- the reader ----------------------------------------------------------------------------------------------- */

/* Where the reader is, and which transactions concern it. Zeroed: none is given. */
struct mysql_gtid_reader {
	bool given;
	bool nothing_left;   /* there was a position, and the filter let none of it pass */
	const char *missing; /* --server names a partition that is not there: its name */
	struct cdc_gtid_position position; /* filtered */
	struct cdc_patterns includes, excludes;
};

void mysql_gtid_reader_release(struct mysql_gtid_reader *reader);

/*
 * From the text that --gtid-set, --gtid-file or --offsets gave (NULL: none of them) to the position. On failure -1
 * and a CDC_ERR_USAGE that names the option.
 */
int mysql_gtid_read_position(const struct mysql_gtid_config *config, const char *text, struct mysql_gtid_reader *ret,
    struct cdc_err *err) CDC_MUST_USE;

/* What decides which sources' transactions count; borrows the reader. */
struct cdc_gtid_filter mysql_gtid_filter(const struct mysql_gtid_reader *reader);

/* --- servers -------------------------------------------------------------------------------------------------- */

enum mysql_gtid_role { MYSQL_GTID_CANDIDATE, MYSQL_GTID_SERVER, MYSQL_GTID_SOURCE };

/* What is asked, in this order. */
enum mysql_gtid_query {
	MYSQL_GTID_SETTINGS, /* SHOW GLOBAL VARIABLES, those of mysql_gtid_settings */
	MYSQL_GTID_SETS,
	MYSQL_GTID_CHANNELS,
	MYSQL_GTID_HORIZON, /* MariaDB only, with a reader */
	MYSQL_GTID_FIRST,   /* the same */
	MYSQL_GTID_QUERIES
};

/* One replication channel (MariaDB: connection). Texts borrow from the rows. */
struct mysql_gtid_channel {
	const char *name, *host; /* name is "" for the default channel */
	const char *io, *sql, *io_error, *sql_error;
	bool lag_known;
	int64_t lag_s;
};

struct mysql_gtid_server {
	/* set by who gathers */
	enum mysql_gtid_role role;
	char *name;        /* of the item: "server", "db2_3306" */
	char *host;        /* as given on the command line, or as the client library found it */
	int port;          /* 0: a socket */
	bool failed;       /* it could not be read, and why: */
	struct cdc_err err;
	struct cdc_my_query queries[MYSQL_GTID_QUERIES];
	bool asked[MYSQL_GTID_QUERIES];
	/* facts; texts borrow from the rows, NULL: there is no such variable */
	struct cdc_gtid_server gtid;
	const char *version, *gtid_mode, *consistency, *log_bin, *log_updates;
	const char *aurora, *innodb_read_only, *preserve_order, *parallel_workers;
	struct mysql_gtid_channel *channels;
	size_t channel_count;
	const char *channels_refused, *horizon_refused, *first_refused; /* why they are not known */
};

void mysql_gtid_server_release(struct mysql_gtid_server *server);

/*
 * Fill the queries of one step (SETTINGS and SETS; CHANNELS to FIRST) and mark them as asked; they return the first
 * and how many there are. The first step may be repeated.
 */
struct cdc_my_query *mysql_gtid_ask_sets(struct mysql_gtid_server *server, size_t *count);
struct cdc_my_query *mysql_gtid_ask_channels(struct mysql_gtid_server *server, bool reader, size_t *count);

/*
 * Answers to facts, one call for each step. Releases the rows that are not needed any more. On failure -1 and a
 * CDC_ERR_PROTOCOL.
 */
int mysql_gtid_parse_sets(struct mysql_gtid_server *server, struct cdc_err *err) CDC_MUST_USE;
int mysql_gtid_parse_channels(struct mysql_gtid_server *server, struct cdc_err *err) CDC_MUST_USE;

/*
 * The query about the first GTID in the oldest binary log of a MariaDB server, and its answer to facts; *refused is why
 * it is not known, with the GRANT, and belongs to the query. On failure -1 and a CDC_ERR_PROTOCOL.
 */
void mysql_gtid_ask_first(struct cdc_my_query *query);
int mysql_gtid_parse_first(const struct cdc_my_query *query, struct cdc_gtid_server *gtid, const char **refused,
    struct cdc_err *err) CDC_MUST_USE;

/* All servers in the order in which they were read: candidates, -H, --source. */
struct mysql_gtid_facts {
	struct mysql_gtid_reader reader;
	struct mysql_gtid_server *servers;
	size_t count;
};

void mysql_gtid_facts_release(struct mysql_gtid_facts *facts);

/*
 * True if the server that was read last is one whose set may only be a moment late: a candidate looks errant beside
 * it, or the reader looks ahead of it.
 */
bool mysql_gtid_is_doubtful(const struct mysql_gtid_facts *facts, const struct mysql_gtid_server *server);

/* Facts to result. Needs nothing but its arguments and cannot fail. */
void mysql_gtid_judge(const struct mysql_gtid_config *config, const struct mysql_gtid_facts *facts,
    struct cdc_check *check);

#endif
