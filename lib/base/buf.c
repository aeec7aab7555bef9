#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

char cdc_buf_empty[1];

void cdc_buf_release(struct cdc_buf *buf)
{
	if (buf->capacity)
		free(buf->text);
	buf->text = cdc_buf_empty;
	buf->len = buf->capacity = 0;
	buf->cut = false;
}

void cdc_buf_clear(struct cdc_buf *buf)
{
	cdc_buf_truncate(buf, 0);
	buf->cut = false;
}

void cdc_buf_truncate(struct cdc_buf *buf, size_t len)
{
	if (len >= buf->len)
		return;
	buf->len = len;
	buf->text[len] = '\0';
}

/* Room for n more bytes and a NUL; returns how many of them the limit allows. */
static size_t reserve(struct cdc_buf *buf, size_t n)
{
	size_t wanted;

	if (n > buf->limit - buf->len) {
		n = buf->limit - buf->len;
		buf->cut = true;
	}
	wanted = buf->len + n + 1;
	if (wanted > buf->capacity) {
		size_t capacity = buf->capacity ? 2 * buf->capacity : 64;

		if (capacity < wanted)
			capacity = wanted;
		buf->text = cdc_realloc(buf->capacity ? buf->text : NULL, capacity, 1);
		buf->text[buf->len] = '\0';
		buf->capacity = capacity;
	}
	return n;
}

void cdc_buf_add_bytes(struct cdc_buf *buf, const char *bytes, size_t n)
{
	if (n == 0)
		return;
	n = reserve(buf, n);
	memcpy(buf->text + buf->len, bytes, n);
	buf->len += n;
	buf->text[buf->len] = '\0';
}

void cdc_buf_add(struct cdc_buf *buf, const char *text)
{
	cdc_buf_add_bytes(buf, text, strlen(text));
}

void cdc_buf_add_char(struct cdc_buf *buf, char c)
{
	cdc_buf_add_bytes(buf, &c, 1);
}

void cdc_buf_addf(struct cdc_buf *buf, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	cdc_buf_vaddf(buf, format, args);
	va_end(args);
}

void cdc_buf_vaddf(struct cdc_buf *buf, const char *format, va_list args)
{
	va_list again;
	size_t room;
	int wanted;

	va_copy(again, args);
	reserve(buf, 0);
	room = buf->capacity - buf->len;
	/* most texts fit into what is there already */
	wanted = vsnprintf(buf->text + buf->len, room, format, args);
	if (wanted >= 0 && (size_t)wanted < room && (size_t)wanted <= buf->limit - buf->len) {
		buf->len += (size_t)wanted;
	} else if (wanted > 0) {
		size_t got = reserve(buf, (size_t)wanted);

		vsnprintf(buf->text + buf->len, got + 1, format, again);
		buf->len += got;
	}
	va_end(again);
}

char *cdc_buf_take(struct cdc_buf *buf)
{
	char *text = buf->capacity ? buf->text : cdc_strdup("");

	buf->capacity = 0;
	buf->text = cdc_buf_empty;
	buf->len = 0;
	buf->cut = false;
	return text;
}
