/*
 * What the files of the MySQL client share. No other file includes it; it must come before every other header, for
 * the library's own uses functions that are banned here.
 */
#ifndef CDC_MY_INTERNAL_H
#define CDC_MY_INTERNAL_H

#include <mysql.h>

#include "client/my.h"

/* Of one packet, and of all rows of an answer: two GTID sets of a million intervals each have some 40 MB. */
#define CDC_MY_PACKET_MAX ((size_t)48 << 20)

struct cdc_my {
	MYSQL *conn;
	char *target, *host, *version, *user; /* user: as a GRANT names it, 'name'@'host' */
	int port;
	bool broken; /* no orderly good-bye: nothing would answer it */
	struct cdc_deadline deadline; /* this server's share of the run's */
};

/* Who logs in where; NULL and 0 leave it to the option files. */
struct cdc_my_login {
	const char *host, *user, *password, *socket;
	unsigned port;
};

/*
 * Checks the option files that the library will read, with what they include: on failure -1 and a CDC_ERR_USAGE for a
 * file or group that is not there (the library would ask a server that nobody meant), and for a password that group or
 * others can read in --defaults-file or, without it, in ~/.my.cnf.
 */
int cdc_my_check_option_files(const struct cdc_my_params *params, struct cdc_err *err) CDC_MUST_USE;

/* How a call that waits for the server ended. */
enum cdc_my_wait { CDC_MY_READY, CDC_MY_TIME_OVER, CDC_MY_NOT_CONNECTED, CDC_MY_FOREIGN };

/*
 * Each carries out one call of the library without blocking beyond the deadline: READY means that the library is done
 * (mysql_errno tells how), TIME_OVER that the deadline passed, NOT_CONNECTED that there was no connection within
 * connect_ms, FOREIGN that who answered does not speak MySQL's protocol. After these three the connection is only good
 * for closing.
 */
enum cdc_my_wait cdc_my_wait_connect(struct cdc_my *my, const struct cdc_my_login *login, int64_t connect_ms);
enum cdc_my_wait cdc_my_wait_query(struct cdc_my *my, const char *sql);
enum cdc_my_wait cdc_my_wait_row(struct cdc_my *my, MYSQL_RES *result, MYSQL_ROW *ret);

/* What kind of failure an error number of the library (2000 and above) or the server is. */
enum cdc_err_kind cdc_my_kind_of(unsigned error);

/*
 * Appends why the library could not connect: its own text where that tells something, else the words for the errno(3)
 * that it ends in, or where the connection broke.
 */
void cdc_my_explain(struct cdc_buf *ret, unsigned error, const char *message);

#endif
