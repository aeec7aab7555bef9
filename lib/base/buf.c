#include "base/buf.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Most texts of a check fit; with malloc(3)'s own bytes it makes a round block. */
#define FIRST_CAPACITY 120

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
		size_t capacity = buf->capacity ? 2 * buf->capacity : FIRST_CAPACITY;

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

void cdc_buf_addf(struct cdc_buf *buf, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	cdc_buf_vaddf(buf, format, args);
	va_end(args);
}

void cdc_buf_add_uint(struct cdc_buf *buf, uint64_t number)
{
	char digits[20];
	size_t n = sizeof(digits);

	do
		digits[--n] = (char)('0' + number % 10);
	while ((number /= 10) != 0);
	cdc_buf_add_bytes(buf, digits + n, sizeof(digits) - n);
}

static void add_signed(struct cdc_buf *buf, int64_t number)
{
	if (number < 0)
		cdc_buf_add_char(buf, '-');
	cdc_buf_add_uint(buf, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
}

/* Adds one argument where the directive at format is a plain one; returns the directive's length, 0 where it is not. */
static size_t add_argument(struct cdc_buf *buf, const char *format, va_list *args)
{
	if (cdc_begins_with(format, "%s")) {
		const char *text = va_arg(*args, const char *);

		cdc_buf_add(buf, text ? text : "(null)");
	} else if (cdc_begins_with(format, "%d")) {
		add_signed(buf, va_arg(*args, int));
	} else if (cdc_begins_with(format, "%" PRId64)) {
		add_signed(buf, va_arg(*args, int64_t));
	} else if (cdc_begins_with(format, "%" PRIu64)) {
		cdc_buf_add_uint(buf, va_arg(*args, uint64_t));
	} else if (cdc_begins_with(format, "%zu")) {
		cdc_buf_add_uint(buf, va_arg(*args, size_t));
	} else {
		return 0;
	}
	return strcspn(format, "sdu") + 1;
}

static void add_formatted(struct cdc_buf *buf, const char *format, va_list args) CDC_PRINTF(2, 0);

static void add_formatted(struct cdc_buf *buf, const char *format, va_list args)
{
	va_list again;
	int wanted;

	va_copy(again, args);
	wanted = vsnprintf(NULL, 0, format, args);
	if (wanted > 0) {
		size_t got = reserve(buf, (size_t)wanted);

		vsnprintf(buf->text + buf->len, got + 1, format, again);
		buf->len += got;
	}
	va_end(again);
}

/*
 * Texts, integers and what stands between them, which is nearly everything, are put together here: vsnprintf(3) takes
 * ten times as long. From the first other directive on it does the rest.
 */
void cdc_buf_vaddf(struct cdc_buf *buf, const char *format, va_list args)
{
	va_list rest;

	va_copy(rest, args);
	while (*format) {
		size_t n = 0;

		while (format[n] && format[n] != '%')
			n++;
		cdc_buf_add_bytes(buf, format, n);
		format += n;
		n = *format ? add_argument(buf, format, &rest) : 0;
		if (n == 0)
			break;
		format += n;
	}
	if (*format)
		add_formatted(buf, format, rest);
	va_end(rest);
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
