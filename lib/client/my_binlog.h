/*
 * When a binary log file was created. No SQL statement tells; the header time stamp of the file's format description
 * event does, and the replication protocol gives that event first (facts: every server from MySQL 5.6 and MariaDB 10.1
 * on, in a millisecond).
 *
 * It must not disturb anybody: a second reader with the server_id of a first one ends the first. So server_id is 0
 * with flags 0, which no replica can have, and which makes the server end at the end of the file instead of waiting.
 */
#ifndef CDC_MY_BINLOG_H
#define CDC_MY_BINLOG_H

#include "client/my.h"

/* What a probe told. */
struct cdc_my_probe {
	bool refused;       /* and then */
	unsigned error;     /* why, by the server's number: 1227 without REPLICATION SLAVE, 1236 for a file not there */
	char message[400];  /* its text, with the GRANT that helps for a missing right */
	int64_t created_ms; /* by the server's clock, whole seconds */
};

/* True if the client library of this build can probe. */
bool cdc_my_can_probe(void);

/*
 * Asks for one file, over a connection of its own, which is closed again, before the run's deadline. A refusal is an
 * answer. On failure -1: CDC_ERR_UNREACHABLE, _DENIED, _TIMEOUT, or _PROTOCOL when what came was no such event.
 */
int cdc_my_probe_binlog(const struct cdc_my_params *params, struct cdc_run *run, const char *file,
    struct cdc_my_probe *ret, struct cdc_err *err) CDC_MUST_USE;

#endif
