/*
 * What json-c does for the reader of JSON (value/json.h): one string, word or fraction, read whole. The reader finds
 * where it begins and ends, and the adapter (client/json.c) implements this.
 */
#ifndef CDC_JSON_TOKEN_H
#define CDC_JSON_TOKEN_H

#include "value/json.h"

/*
 * Reads a token, which stands in *token as it came, a string with its quotes. True: *ret_kind says what it is, and the
 * text of a string, its escapes resolved, has replaced the token; NUL and half of a surrogate pair are U+FFFD in it. A
 * number is only checked: its text stays exact. False: it is no JSON (RFC 8259).
 *
 * *tokener is made when it is NULL, and kept for the next token: cdc_json_tokener_release frees it.
 */
bool cdc_json_token_read(struct json_tokener **tokener, struct cdc_buf *token, enum cdc_json_kind *ret_kind);
void cdc_json_tokener_release(struct json_tokener **tokener);

/* Appends "json-c VERSION", of the library in use. */
void cdc_json_versions(struct cdc_buf *buf);

#endif
