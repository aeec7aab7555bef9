/*
 * What a server sends when it is asked for a binary log file from its beginning (COM_BINLOG_DUMP at position 4): an
 * artificial rotate event that says which file it is, then the format description event, whose header has the second
 * in which the file was begun; behind it what else the file holds. The layout of an event's header: MySQL Internals
 * Manual, "Binlog Event header"; that time stamp: seen on MySQL 5.6 to 9.7 and MariaDB 10.1 to 11.8.
 */
#ifndef CDC_BINLOG_DUMP_H
#define CDC_BINLOG_DUMP_H

#include "base/base.h"

/* How far it was read. A zeroed one is at the beginning. */
struct cdc_binlog_dump {
	int events;         /* before the format description */
	bool known;         /* that came, and then */
	int64_t created_ms; /* when the file was begun, by the server's clock; whole seconds, above 0 */
};

enum cdc_binlog_step {
	CDC_BINLOG_MORE,   /* what was asked for has not come yet */
	CDC_BINLOG_KNOWN,  /* it has; more may follow */
	CDC_BINLOG_END,    /* the server has sent all of the file */
	CDC_BINLOG_STRANGE /* no dump begins like that */
};

/*
 * Takes the next packet: a status byte and an event. The server's errors (status 0xff) are the client library's
 * business. An empty packet is how libmysqlclient tells the end.
 */
enum cdc_binlog_step cdc_binlog_dump_take(struct cdc_binlog_dump *dump, const unsigned char *packet, size_t n);

#endif
