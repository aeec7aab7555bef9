/*
 * check_connect_status, the pure part: what is configured, what the answers mean, and what follows from them. One
 * connector is judged at a time, as it streams in.
 */
#ifndef CONNECT_STATUS_H
#define CONNECT_STATUS_H

#include "cdc/connect.h"
#include "client/http.h"
#include "plugin/decide.h"
#include "plugin/seen.h"

enum connect_status_type { CONNECT_STATUS_ALL, CONNECT_STATUS_SOURCE, CONNECT_STATUS_SINK };

struct connect_status_config {
	struct cdc_policy policy;
	struct cdc_http_params http;
	struct cdc_strings urls;
	const char *host;
	int64_t port;
	int type; /* enum connect_status_type: what is judged without being named */
	struct cdc_range tasks;
	bool all_workers;
};

extern const struct cdc_plugin connect_status_plugin;

/* What is judged, and what was counted so far. */
struct connect_status {
	const struct connect_status_config *config;
	struct cdc_check *check;
	struct cdc_item *cluster;
	struct cdc_seen seen;    /* connectors that were judged, or passed over */
	struct cdc_seen workers; /* worker_ids of what was judged */
	struct cdc_seen asked;   /* with --all-workers: host:port of those that were asked */
	struct cdc_seen alive;   /* and of those that answer */
	struct cdc_seen listed;  /* named connectors that the list of names has */
	bool doubted;            /* the worker that answered may not know of all connectors */
	const char *starting;    /* its host:port where it starts, which is normal for a while; borrowed */
	/* a connector and a task that failed, the first by name, for what is said of all of them */
	struct connect_status_worst {
		char *name, *text;
	} failed, connector_failed;
	int64_t connectors, connectors_failed, tasks, tasks_running, tasks_failed, tasks_unassigned;
};

/* Begins to judge: the memory is open already. Release it with connect_status_release. */
void connect_status_begin(struct connect_status *status, const struct connect_status_config *config,
    struct cdc_check *check);
void connect_status_release(struct connect_status *status);

/* With --all-workers: a worker that was asked, by its host:port. All of them before the first connector. */
void connect_status_add_worker(struct connect_status *status, const char *worker, bool answers);

/* Judges one connector, unless it is not selected or was judged before. */
void connect_status_take(struct connect_status *status, const struct cdc_connector *connector);

/* A name of the list of names: one that had no status is judged too. To be called after all statuses. */
void connect_status_take_name(struct connect_status *status, const char *name);

/* How long the list took, in microseconds. */
void connect_status_set_time(struct connect_status *status, int64_t took_us);

/*
 * Ends, after the life was judged: connectors that were named and that the list of names does not have are missing
 * (where `listed` says that it was read whole, and the worker can know), and the totals of what was judged. False when
 * nothing was judged because the worker starts: the run is not complete then, but that is no error.
 */
bool connect_status_end(struct connect_status *status, bool listed);

/* What the worker's own sign of life says. */
enum connect_status_life {
	CONNECT_STATUS_LIVE,
	CONNECT_STATUS_STARTING,
	CONNECT_STATUS_UNHEALTHY,
	CONNECT_STATUS_CUT_OFF,
	CONNECT_STATUS_REBALANCING,
	CONNECT_STATUS_ABSENT, /* /health does not exist: Kafka before 3.9 */
	CONNECT_STATUS_UNTOLD  /* it says nothing of that kind */
};

/* The meaning of an answer of /health, and of /connectors/NAME. late: there was none in time. */
enum connect_status_life connect_status_of_health(int http_status, const char *body, bool late);
enum connect_status_life connect_status_of_connector(int http_status, const char *body, bool late);

/*
 * False for a worker that has only just started or is cut off: it may know of no connector at all, so nothing is
 * missing or vanished then.
 */
bool connect_status_knows_all(enum connect_status_life life);

/* Judges the life of a worker; detail is what it says, or NULL. */
void connect_status_judge_life(struct connect_status *status, enum connect_status_life life, const char *worker,
    const char *detail);

/* Says that connectors could not be judged, as the worker starts or rebalances, which was judged. */
void connect_status_judge_blind(struct connect_status *status, enum connect_status_life life, const char *worker);

/* Says that workers did not answer while another did: one text for all of them. */
void connect_status_judge_down(struct connect_status *status, const char *text);

/* Which of its own options decide what is judged, for the name of the state file. */
const char *connect_status_selection(const struct connect_status_config *config);

/* True if a worker of any version takes the name in a path (Kafka 4 refuses "/", "%", "\" and control characters). */
bool connect_status_fits_path(const char *name);

#endif
