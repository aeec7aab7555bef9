/*
 * MariaDB's GTID lists: "domain-server-sequence", comma-separated (MariaDB documentation, "Global Transaction ID").
 * A position names the last transaction of each domain; gtid_binlog_state names the last one of each server in each
 * domain. Both have this form. Nothing here asks a server.
 */
#ifndef CDC_GTID_MARIADB_H
#define CDC_GTID_MARIADB_H

#include "base/buf.h"
#include "base/err.h"

struct cdc_domain_gtid {
	uint32_t domain, server;
	uint64_t sequence;
};

/* Sorted by domain, then server; no pair of both twice. A zeroed list is empty. It owns its array. */
struct cdc_domain_gtids {
	struct cdc_domain_gtid *at;
	size_t count, capacity;
};

#define CDC_DOMAIN_GTIDS_CLEANUP CDC_CLEANUP(cdc_domain_gtids_release)

void cdc_domain_gtids_release(struct cdc_domain_gtids *list);

/*
 * Reads a list in any order, with blanks around its parts; of a pair that comes twice the greater sequence counts. An
 * empty text is the empty list. On failure -1 and a CDC_ERR_USAGE that says what was expected and at which character;
 * *ret (which must be empty) is unchanged.
 */
int cdc_domain_gtids_parse(const char *text, struct cdc_domain_gtids *ret, struct cdc_err *err) CDC_MUST_USE;

/* Appends one GTID, and all of them separated by commas. */
void cdc_domain_gtid_print(struct cdc_buf *buf, const struct cdc_domain_gtid *gtid);
void cdc_domain_gtids_print(struct cdc_buf *buf, const struct cdc_domain_gtids *list);

/* The GTID of that domain with the greatest sequence, or NULL. */
const struct cdc_domain_gtid *cdc_domain_gtids_last(const struct cdc_domain_gtids *list, uint32_t domain);

/* The GTID of that domain and server, or NULL. */
const struct cdc_domain_gtid *cdc_domain_gtids_find(const struct cdc_domain_gtids *list, uint32_t domain,
    uint32_t server);

/* Keeps of each domain only the GTID with the greatest sequence: a position. */
void cdc_domain_gtids_to_position(struct cdc_domain_gtids *list);

/* True if `keep` says yes to the GTID's source; it is given "domain-server". */
bool cdc_domain_gtid_passes(const struct cdc_domain_gtid *gtid, bool (*keep)(const char *source, const void *arg),
    const void *arg);

/* Keeps only the GTIDs that pass. */
void cdc_domain_gtids_filter(struct cdc_domain_gtids *list, bool (*keep)(const char *source, const void *arg),
    const void *arg);

#endif
