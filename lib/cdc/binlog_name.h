/*
 * Names of binary log files: a base name, a dot and a number of at least six digits, which only grows ("b.000017",
 * "my.dotted.name-bin.1000000": MySQL Reference Manual, "The Binary Log"). MariaDB 12.3 may keep them in InnoDB and
 * then calls them "binlog-000017.ibb". A name without a number is legal in a listing: MySQL 9.7 lists two files alike
 * where log_bin has dots in it.
 */
#ifndef CDC_BINLOG_NAME_H
#define CDC_BINLOG_NAME_H

#include "base/base.h"

/* Where a name has its number; it borrows nothing. */
struct cdc_binlog_name {
	size_t base_len; /* bytes before the separator */
	bool numbered;
	uint64_t number;
};

struct cdc_binlog_name cdc_binlog_name_parse(const char *name);

/* True if both have a number and the same base name: then their numbers tell which is older. */
bool cdc_binlog_name_comparable(const char *a, const char *b);

#endif
