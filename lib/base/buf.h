/*
 * A growing string with a limit.
 *
 * A buffer begins as CDC_BUF_INIT or CDC_BUF_LIMITED: its text is never NULL and always ends in a NUL. What would pass the
 * limit is cut off and sets `cut`; nothing is ever written beyond it. The limit is given where text comes from
 * outside; CDC_BUF_INIT has CDC_BUF_DEFAULT_LIMIT.
 */
#ifndef CDC_BUF_H
#define CDC_BUF_H

#include <stdarg.h>

#include "base/base.h"

#define CDC_BUF_DEFAULT_LIMIT ((size_t)64 << 20)

struct cdc_buf {
	char *text;
	size_t len, capacity, limit;
	bool cut;
};

extern char cdc_buf_empty[1];

#define CDC_BUF_INIT            { .text = cdc_buf_empty, .limit = CDC_BUF_DEFAULT_LIMIT }
#define CDC_BUF_LIMITED(bytes)  { .text = cdc_buf_empty, .limit = (bytes) }
#define CDC_BUF_CLEANUP         CDC_CLEANUP(cdc_buf_release)

/* Frees the content; the buffer is empty and usable afterwards. */
void cdc_buf_release(struct cdc_buf *buf);

/* Forgets the content and keeps the memory. */
void cdc_buf_clear(struct cdc_buf *buf);

/* Shortens to len bytes; a greater len changes nothing. */
void cdc_buf_truncate(struct cdc_buf *buf, size_t len);

/* Each appends; what goes beyond the limit is left out and sets buf->cut. */
void cdc_buf_add(struct cdc_buf *buf, const char *text);
void cdc_buf_add_bytes(struct cdc_buf *buf, const char *bytes, size_t n);
void cdc_buf_add_uint(struct cdc_buf *buf, uint64_t number);
void cdc_buf_addf(struct cdc_buf *buf, const char *format, ...) CDC_PRINTF(2, 3);
void cdc_buf_vaddf(struct cdc_buf *buf, const char *format, va_list args) CDC_PRINTF(2, 0);

static inline void cdc_buf_add_char(struct cdc_buf *buf, char c)
{
	if (buf->len + 1 < buf->capacity && buf->len < buf->limit) {
		buf->text[buf->len++] = c;
		buf->text[buf->len] = '\0';
	} else {
		cdc_buf_add_bytes(buf, &c, 1);
	}
}

/* The content as a string that the caller owns; the buffer is empty afterwards. */
char *cdc_buf_take(struct cdc_buf *buf) CDC_MUST_USE;

#endif
