/*
 * PostgreSQL's log sequence numbers: 64-bit positions in the write-ahead log, in bytes. Their text is two hexadecimal
 * numbers, "0/5A1C2E8"; PostgreSQL 19 pads the second one with zeros, so texts are never compared.
 * Source: PostgreSQL documentation, pg_lsn type; src/backend/utils/adt/pg_lsn.c.
 */
#ifndef CDC_LSN_H
#define CDC_LSN_H

#include "base/buf.h"

/* Reads a whole text; false when it is no LSN. */
bool cdc_lsn_parse(const char *text, uint64_t *ret) CDC_MUST_USE;

/* Appends "5A/1C2E8". */
void cdc_lsn_print(struct cdc_buf *buf, uint64_t lsn);

/* Bytes from `from` to `to`; 0 when `to` is not ahead; saturates at the end of int64_t. */
int64_t cdc_lsn_distance(uint64_t from, uint64_t to);

#endif
