/*
 * What a connector has committed, as Kafka Connect tells it: the JSON of GET /connectors/NAME/offsets (KIP-875), or
 * lines of the offsets topic, a key ["connector",{"server":"S"}] and behind it the value, as console tools print
 * them, or records of kcat -J. In lines the last value of a partition counts, and null deletes it.
 */
#ifndef CDC_OFFSETS_H
#define CDC_OFFSETS_H

#include "base/buf.h"
#include "base/err.h"

/* One field of an offset: strings as they are, numbers and words (true, null) as they were written. */
struct cdc_offset_field {
	char *key, *text;
};

/* One partition and its offset. */
struct cdc_offset {
	char *connector; /* from the key of a line; NULL in the JSON of one connector */
	char *server;    /* the partition's "server" (Debezium's topic.prefix), "" when it has none */
	struct cdc_offset_field *fields;
	size_t count, capacity;
};

/* A zeroed one is empty. It owns all texts. */
struct cdc_offsets {
	struct cdc_offset *at;
	size_t count, capacity;
};

#define CDC_OFFSETS_CLEANUP CDC_CLEANUP(cdc_offsets_release)

void cdc_offsets_release(struct cdc_offsets *offsets);

/* Reads either form. On failure -1 and a CDC_ERR_USAGE that says what is wrong where; *ret must be empty. */
int cdc_offsets_parse(const char *text, struct cdc_offsets *ret, struct cdc_err *err) CDC_MUST_USE;

/* The offset of the partition whose server is `server`, the last one of several; NULL: there is none. */
const struct cdc_offset *cdc_offsets_find(const struct cdc_offsets *offsets, const char *server);

/*
 * The offset of the partition whose server is `server`, which must be that of one connector; with NULL the only one
 * there is, of several the only one that has that key. On failure -1 and a CDC_ERR_USAGE that lists what there is.
 */
int cdc_offsets_pick(const struct cdc_offsets *offsets, const char *server, const char *key,
    const struct cdc_offset **ret, struct cdc_err *err) CDC_MUST_USE;

/* The text of a top-level field, or NULL; also NULL for null. */
const char *cdc_offset_get(const struct cdc_offset *offset, const char *key);

#endif
