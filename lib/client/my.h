/*
 * MySQL and MariaDB: a connection with a deadline, and queries one after the other. Works with libmariadb and
 * libmysqlclient; my*.c are the only files that include either. my_options.c, which the pure part of a plugin links,
 * knows no library.
 */
#ifndef CDC_MY_H
#define CDC_MY_H

#include "plugin/option.h"
#include "plugin/run.h"
#include "value/rows.h"

#define CDC_MY_PORT 3306

/* The indices of --tls. A CA makes the first three verify the server's certificate, too. */
enum cdc_my_tls { CDC_MY_PREFERRED, CDC_MY_DISABLED, CDC_MY_REQUIRED, CDC_MY_VERIFY_CA, CDC_MY_VERIFY_IDENTITY };

/* What the connection options say; a zeroed one leaves everything to the client library and its option files. */
struct cdc_my_params {
	const char *host; /* "localhost" without a port is the Unix socket, as everywhere with MySQL */
	int64_t port;     /* 0: not given */
	const char *user, *socket, *defaults_file, *defaults_group, *password_file;
	const char *ca_cert, *client_cert, *private_key;
	int tls_mode; /* enum cdc_my_tls */
};

/* The rows for a plugin's table: { .type = CDC_OPT_GROUP, .name = ..., .group = cdc_my_options, .offset = ... }. */
extern const struct cdc_option cdc_my_options[];

/*
 * Splits HOST[:PORT], an IPv6 address with a port in brackets, as --candidate takes it. *host is the caller's; *port
 * is 0 where none is given. On failure -1 and a CDC_ERR_USAGE that quotes the text.
 */
int cdc_my_parse_host(const char *text, char **host, int64_t *port, struct cdc_err *err) CDC_MUST_USE;

/* A connection; opaque outside my*.c. */
struct cdc_my;

/*
 * Connects before the run's deadline; of what is left of it, this server may use its share among `targets` servers
 * that were not asked yet, connection and queries together. Every address of a host is tried. On failure -1 and
 * CDC_ERR_UNREACHABLE, _DENIED, _TIMEOUT, _PROTOCOL, or _USAGE for an option that cannot be followed. The caller
 * releases *ret with cdc_my_close. Errors never show a password.
 */
int cdc_my_connect(const struct cdc_my_params *params, struct cdc_run *run, size_t targets, struct cdc_my **ret,
    struct cdc_err *err) CDC_MUST_USE;
void cdc_my_close(struct cdc_my **my);

/* What the server says of itself by SELECT VERSION(): "10.11.19-MariaDB-0+deb12u1"; belongs to the connection. */
const char *cdc_my_version(const struct cdc_my *my);

/* Its leading numbers: 101119 for 10.11.19, 80033 for 8.0.33; 0 when there are none. */
int cdc_my_version_number(const struct cdc_my *my);

/* True if that text says MariaDB. */
bool cdc_my_is_mariadb(const struct cdc_my *my);

/* "host:port", or the socket's path, as it was reached; belongs to the connection. */
const char *cdc_my_target(const struct cdc_my *my);

/* The parts of it: the host or the socket's path, and the port (0 for a socket). */
const char *cdc_my_host(const struct cdc_my *my);
int cdc_my_port(const struct cdc_my *my);

/* One query. */
struct cdc_my_query {
	const char *name; /* for texts: "the GTID sets" */
	const char *sql;
	const char *older;         /* asked where the server does not know the first (1064, 1193, 1305), or NULL */
	const char *grant;         /* what to grant on MySQL when the right is missing: "REPLICATION CLIENT ON *.*" */
	const char *grant_mariadb; /* the same on MariaDB, NULL: the same privilege */
	bool optional;             /* the server may refuse it without failing the batch */
	/* out */
	struct cdc_rows rows; /* the caller releases it */
	bool refused;         /* optional, and refused */
	unsigned error;       /* the server's error number when refused: 1227, 1142, 1381 ... */
	char message[400];    /* the server's text when refused, with the GRANT that helps for a missing right */
};

/* True if the error number says that a right is missing: 1227, 1142, 1143, 1044, 1370. */
bool cdc_my_is_right_missing(unsigned error);

/*
 * Asks one query after the other before the connection's deadline. On failure -1: a query that is not optional was
 * refused (CDC_ERR_DENIED where a right is missing, else _PROTOCOL), the connection was lost, the deadline passed, or
 * an answer is over the limit.
 */
int cdc_my_query(struct cdc_my *my, struct cdc_run *run, struct cdc_my_query *queries, size_t count,
    struct cdc_err *err) CDC_MUST_USE;

/* Appends the name and version of the client library. */
void cdc_my_versions(struct cdc_buf *buf);

#endif
