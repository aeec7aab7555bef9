/*
 * MySQL's GTID sets: which transactions of which server, as sorted intervals that neither overlap nor touch. Text form
 * (MySQL Reference Manual, "GTID Format and Storage"; tags from 8.3 on):
 *
 *     uuid:1-10:12, uuid:1-5:tag:1-3
 *
 * Every operation is linear in the number of intervals of its sets (parsing what is not sorted: n log n), and exact:
 * transaction numbers are 1 to CDC_GTID_LAST, in 64 bits. Nothing here asks a server.
 */
#ifndef CDC_GTID_MYSQL_H
#define CDC_GTID_MYSQL_H

#include "base/buf.h"
#include "base/err.h"

/* The greatest number that a server gives a transaction (sql/rpl_gtid.h: GNO_END - 1). */
#define CDC_GTID_LAST     UINT64_C(9223372036854775806)
#define CDC_GTID_TAG_MAX  32
#define CDC_GTID_UUID_LEN 36

/* From first to last, both within. */
struct cdc_gtid_interval {
	uint64_t first, last;
};

/* The transactions of one server, or those of one tag of it; its intervals are set->intervals[begin .. + count]. */
struct cdc_gtid_source {
	uint8_t uuid[16];
	char tag[CDC_GTID_TAG_MAX + 1]; /* lower case, "" for none */
	size_t begin, count;
};

/* A zeroed set is empty. It owns its arrays. */
struct cdc_gtid_set {
	struct cdc_gtid_source *sources; /* by UUID, then tag */
	size_t source_count, source_capacity;
	struct cdc_gtid_interval *intervals;
	size_t interval_count, interval_capacity;
};

#define CDC_GTID_CLEANUP CDC_CLEANUP(cdc_gtid_release)

void cdc_gtid_release(struct cdc_gtid_set *set);

/*
 * Reads a set as servers, Debezium and people write it: any case, blanks and newlines between its parts, intervals in
 * any order, overlapping or touching, a UUID more than once. An empty text is the empty set. On failure -1 and a
 * CDC_ERR_USAGE that says what was expected and at which character; *ret (which must be empty) is unchanged.
 */
int cdc_gtid_parse(const char *text, struct cdc_gtid_set *ret, struct cdc_err *err) CDC_MUST_USE;

/* Appends the set as a server of 8.3 or later prints it, without newlines. */
void cdc_gtid_print(struct cdc_buf *buf, const struct cdc_gtid_set *set);

/* Appends it for people: "3e11…:101-230 and 4 more" (intervals), "nothing" when it is empty. */
void cdc_gtid_print_short(struct cdc_buf *buf, const struct cdc_gtid_set *set);

/* How many transactions; UINT64_MAX when there are more. */
uint64_t cdc_gtid_count(const struct cdc_gtid_set *set);

bool cdc_gtid_is_empty(const struct cdc_gtid_set *set);
bool cdc_gtid_has_tags(const struct cdc_gtid_set *set);

/* True if every transaction of `part` is in `set`: GTID_SUBSET(part, set). */
bool cdc_gtid_contains(const struct cdc_gtid_set *set, const struct cdc_gtid_set *part);

/* Each fills *ret, which must be empty and neither of the others: what is in a and not in b, and what is in both. */
void cdc_gtid_subtract(const struct cdc_gtid_set *a, const struct cdc_gtid_set *b, struct cdc_gtid_set *ret);
void cdc_gtid_intersect(const struct cdc_gtid_set *a, const struct cdc_gtid_set *b, struct cdc_gtid_set *ret);

/* Writes a UUID as text, in lower case. */
void cdc_gtid_uuid_text(const uint8_t uuid[16], char ret[CDC_GTID_UUID_LEN + 1]);

/* Keeps only the sources whose UUID (in lower case) `keep` says yes to. */
void cdc_gtid_filter(struct cdc_gtid_set *set, bool (*keep)(const char *uuid, const void *arg), const void *arg);

#endif
