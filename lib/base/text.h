/*
 * Text from outside made safe, and numbers made readable.
 *
 * Nagios cuts at "|", turns ";" into ":", web pages swallow "<b>", and a newline ends line 1; so whatever a server, a
 * file or a user wrote passes cdc_text_add_safe before it is printed (interface.md section 3.6).
 */
#ifndef CDC_TEXT_H
#define CDC_TEXT_H

#include "base/buf.h"

/*
 * Appends text with control characters, newlines, "|" ";" "<" ">" replaced by a blank (one for a run of them, none at
 * either end) and every byte that is not part of valid UTF-8 by "?". At most max bytes are appended; what is
 * longer is cut at a character boundary and ends in an ellipsis.
 */
void cdc_text_add_safe(struct cdc_buf *buf, const char *text, size_t max);

/* How many bytes the valid UTF-8 character at text has (1-4, not overlong, no surrogate), or 0 when there is none. */
size_t cdc_text_utf8_len(const char *text, size_t n);

/*
 * Cuts the buffer to max bytes, at the end of a clause or word where one is near, else at a character boundary; if
 * anything was cut, an ellipsis ends it (within max).
 */
void cdc_text_cut(struct cdc_buf *buf, size_t max);

/* Appends bytes for people, rounded to a tenth: "312 B", "1.1 MiB", "-3.0 GiB". */
void cdc_text_add_bytes(struct cdc_buf *buf, int64_t bytes);

/* Appends a duration in milliseconds for people: "350 ms", "4.2 s", "412 s", "12m 5s", "3h 12m", "3d 4h". */
void cdc_text_add_duration(struct cdc_buf *buf, int64_t milliseconds);

/* Appends text as a JSON string with its quotes; invalid UTF-8 becomes "?". */
void cdc_text_add_json(struct cdc_buf *buf, const char *text);

#endif
