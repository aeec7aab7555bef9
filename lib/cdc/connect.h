/*
 * What Kafka Connect's REST API says of connectors, read while the answer streams in: one connector at a time is held,
 * and of its configuration only what a check needs, never a secret.
 * Source of every field: org.apache.kafka.connect.runtime.rest.entities (Kafka 2.3 to 4.3), and the answers of real
 * workers in tests/facts/connect_status.
 */
#ifndef CDC_CONNECT_H
#define CDC_CONNECT_H

#include "value/json.h"

enum cdc_connect_state {
	CDC_CONNECT_NONE, /* there is no state in the answer */
	CDC_CONNECT_RUNNING,
	CDC_CONNECT_PAUSED,
	CDC_CONNECT_STOPPED,
	CDC_CONNECT_FAILED,
	CDC_CONNECT_UNASSIGNED,
	CDC_CONNECT_RESTARTING,
	CDC_CONNECT_OTHER /* one this version does not know */
};

/* The state of a connector or a task. Texts are NULL where the answer has none. */
struct cdc_connect_status {
	enum cdc_connect_state state;
	char *state_text; /* as the worker spelt it */
	char *worker;     /* worker_id: "host:port" of the worker's REST listener */
	char *cause;      /* root cause of its trace, one line */
};

struct cdc_connect_task {
	int64_t id; /* -1: the answer has none */
	struct cdc_connect_status status;
};

/* What the info part tells, by index; externalised values (${file:...}) stand as they are. */
enum cdc_connect_config {
	CDC_CONNECT_CLASS,  /* connector.class */
	CDC_CONNECT_SERVER, /* topic.prefix, before Debezium 2.0 database.server.name */
	CDC_CONNECT_SLOT,   /* slot.name */
	CDC_CONNECT_DBHOST, /* database.hostname */
	CDC_CONNECT_DBNAME, /* database.dbname, for SQL Server database.names */
	CDC_CONNECT_CONFIGS
};

struct cdc_connector {
	char *name;
	bool has_status, has_info;
	char *type; /* "source", "sink", or "unknown" where the plugin is gone; NULL: not told */
	struct cdc_connect_status status;
	struct cdc_connect_task *tasks; /* those that have a status */
	size_t task_count, task_capacity;
	size_t configured; /* how many tasks info lists */
	char *config[CDC_CONNECT_CONFIGS]; /* NULL: not set */
};

/* Takes one connector, which is valid during the call only; -1 and an error end the reading. */
typedef int cdc_connect_take(void *arg, const struct cdc_connector *connector, struct cdc_err *err);

/* Far above real use; more of either in one answer is a CDC_ERR_PROTOCOL. */
#define CDC_CONNECTORS_MAX    ((size_t)100000)
#define CDC_CONNECT_TASKS_MAX ((size_t)100000)

/* Reads the answer of /connectors?expand=status&expand=info. */
struct cdc_connect_reader {
	struct cdc_json json;
	cdc_connect_take *take;
	void *arg;
	struct cdc_connector connector; /* the one that is being read */
	int part, branch;               /* where in it: inner */
	size_t count;
};

/* The reader must not be moved afterwards; release it with cdc_connect_reader_release. */
void cdc_connect_reader_init(struct cdc_connect_reader *reader, cdc_connect_take *take, void *arg);
void cdc_connect_reader_release(struct cdc_connect_reader *reader);

/* As cdc_json_feed and cdc_json_end; an answer that is no object is a CDC_ERR_PROTOCOL too (Kafka before 2.3). */
int cdc_connect_reader_feed(struct cdc_connect_reader *reader, const char *bytes, size_t n, struct cdc_err *err)
    CDC_MUST_USE;
int cdc_connect_reader_end(struct cdc_connect_reader *reader, struct cdc_err *err) CDC_MUST_USE;

/* Takes one name of the answer of /connectors. */
typedef int cdc_connect_take_name(void *arg, const char *name, struct cdc_err *err);

/* Reads the answer of /connectors: an array of names. Initialise and release it like the reader above. */
struct cdc_connect_names {
	struct cdc_json json;
	cdc_connect_take_name *take;
	void *arg;
	size_t count;
};

void cdc_connect_names_init(struct cdc_connect_names *names, cdc_connect_take_name *take, void *arg);
void cdc_connect_names_release(struct cdc_connect_names *names);
int cdc_connect_names_feed(struct cdc_connect_names *names, const char *bytes, size_t n, struct cdc_err *err)
    CDC_MUST_USE;
int cdc_connect_names_end(struct cdc_connect_names *names, struct cdc_err *err) CDC_MUST_USE;

/*
 * Appends the text of a member of an answer's outermost object: "message" of an error, "status" of /health. False
 * where the text is no JSON object or has no such text.
 */
bool cdc_connect_member(const char *json, const char *key, struct cdc_buf *ret);

/*
 * True if an answer with that status says that the workers are about to divide their work: 409, and 500 with a text
 * about a rebalance (the plain GETs of Kafka 3.9).
 */
bool cdc_connect_is_rebalance(int status, const char *body);

/*
 * True for a 404 that is not Connect's own (which has an error_code) but its web server's, Jetty's: while a worker starts,
 * everything is answered so, in HTML, or in JSON where that was asked for (4.3.1, 3.9.1).
 */
bool cdc_connect_is_starting(int status, const char *body);

#endif
