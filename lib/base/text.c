#include "base/text.h"

#include <inttypes.h>

#define ELLIPSIS     "\xe2\x80\xa6"
#define ELLIPSIS_LEN 3

/* Unicode 15 table 3-7: which second bytes make a sequence well formed. */
size_t cdc_text_utf8_len(const char *text, size_t n)
{
	const unsigned char *s = (const unsigned char *)text;
	unsigned char low = 0x80, high = 0xbf;
	size_t len;

	if (n == 0)
		return 0;
	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		len = 2;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		len = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		len = 4;
	else
		return 0;
	if (s[0] == 0xe0)
		low = 0xa0;
	if (s[0] == 0xed)
		high = 0x9f;
	if (s[0] == 0xf0)
		low = 0x90;
	if (s[0] == 0xf4)
		high = 0x8f;
	if (n < len || s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

/*
 * Characters beyond ASCII that act like control characters in terminals and pages: C1 controls (U+0080 to U+009F), line
 * and paragraph separators, and what is invisible or turns the direction of the text that follows (Unicode 15, general
 * categories Zl, Zp and Cf as far as foreign text may hold them).
 */
static bool is_wide_control(const char *s, size_t len)
{
	const unsigned char *u = (const unsigned char *)s;
	unsigned code = len == 2 ? (u[0] & 0x1fu) << 6 | (u[1] & 0x3fu) :
				   (u[0] & 0x0fu) << 12 | (u[1] & 0x3fu) << 6 | (u[2] & 0x3fu);

	if (len == 4)
		return false;
	return code < 0xa0 || code == 0xad || code == 0x61c || code == 0xfeff || (code >= 0x200b && code <= 0x200f) ||
	    (code >= 0x2028 && code <= 0x202e) || (code >= 0x2060 && code <= 0x206f);
}

static bool is_blanked(const char *s, size_t len)
{
	unsigned char c = (unsigned char)*s;

	if (len > 1)
		return is_wide_control(s, len);
	return c < ' ' || c == 0x7f || c == '|' || c == ';' || c == '<' || c == '>';
}

/* Cuts what begins at start to max bytes; what stands before it is never touched. */
static void cut_from(struct cdc_buf *buf, size_t start, size_t max)
{
	size_t keep = start + (max >= ELLIPSIS_LEN ? max - ELLIPSIS_LEN : 0);

	if (buf->len - start <= max)
		return;
	while (keep > start && ((unsigned char)buf->text[keep] & 0xc0) == 0x80)
		keep--;
	cdc_buf_truncate(buf, keep);
	if (max >= ELLIPSIS_LEN)
		cdc_buf_add_bytes(buf, ELLIPSIS, ELLIPSIS_LEN);
}

void cdc_text_add_safe(struct cdc_buf *buf, const char *text, size_t max)
{
	size_t n = strlen(text), start = buf->len;
	bool blank_due = false;

	while (n > 0 && buf->len - start <= max) {
		size_t len = cdc_text_utf8_len(text, n);
		size_t step = len ? len : 1;

		if (len && is_blanked(text, len)) {
			blank_due = buf->len > start;
		} else {
			if (blank_due)
				cdc_buf_add_char(buf, ' ');
			blank_due = false;
			if (len)
				cdc_buf_add_bytes(buf, text, len);
			else
				cdc_buf_add_char(buf, '?');
		}
		text += step;
		n -= step;
	}
	cut_from(buf, start, max);
}

/* How many bytes may be given up for a better place to cut at. */
#define CLAUSE_BACK 20
#define WORD_BACK   12

static bool ends_clause(const char *text)
{
	return cdc_begins_with(text, ", ") || cdc_begins_with(text, " (") || cdc_begins_with(text, " - ");
}

/* What stands behind a colon explains, and a part of a word of that is better than nothing. */
static bool ends_word(const char *text)
{
	return *text == ' ' && text[-1] != ':';
}

/* The last place before `end` that `ends` likes, or `end`; never the beginning of the text. */
static size_t step_back(const char *text, size_t end, size_t most, bool (*ends)(const char *text))
{
	for (size_t back = 0; back <= most && back < end; back++)
		if (ends(text + end - back))
			return end - back;
	return end;
}

void cdc_text_cut(struct cdc_buf *buf, size_t max)
{
	size_t room = max >= ELLIPSIS_LEN ? max - ELLIPSIS_LEN : 0, end;

	if (buf->len <= max)
		return;
	end = step_back(buf->text, room, CLAUSE_BACK, ends_clause);
	if (end == room)
		end = step_back(buf->text, room, WORD_BACK, ends_word);
	cut_from(buf, 0, end < room ? end + ELLIPSIS_LEN : max);
}

void cdc_text_add_bytes(struct cdc_buf *buf, int64_t bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	uint64_t size = bytes < 0 ? -(uint64_t)bytes : (uint64_t)bytes;
	uint64_t whole, tenths;
	unsigned unit = 0;

	while (size >> 10 * unit >= 1024 && unit + 1 < CDC_LEN(units))
		unit++;
	if (bytes < 0)
		cdc_buf_add_char(buf, '-');
	if (unit == 0) {
		cdc_buf_addf(buf, "%" PRIu64 " B", size);
		return;
	}
	/* below 2^60 times ten, and half a tenth, fit into 64 bits */
	tenths = ((size & (((uint64_t)1 << 10 * unit) - 1)) * 10 + ((uint64_t)1 << (10 * unit - 1))) >> 10 * unit;
	whole = (size >> 10 * unit) + tenths / 10;
	if (whole == 1024 && unit + 1 < CDC_LEN(units)) {
		whole = 1;
		unit++;
	}
	if (tenths % 10 == 0 && whole >= 100)
		cdc_buf_addf(buf, "%" PRIu64 " %s", whole, units[unit]);
	else
		cdc_buf_addf(buf, "%" PRIu64 ".%" PRIu64 " %s", whole, tenths % 10, units[unit]);
}

void cdc_text_add_duration(struct cdc_buf *buf, int64_t milliseconds)
{
	uint64_t ms = milliseconds < 0 ? -(uint64_t)milliseconds : (uint64_t)milliseconds;
	uint64_t s = ms / 1000;

	if (milliseconds < 0)
		cdc_buf_add_char(buf, '-');
	if (ms != 0 && ms < 1000)
		cdc_buf_addf(buf, "%" PRIu64 " ms", ms);
	else if (s < 10 && ms % 1000 >= 100)
		cdc_buf_addf(buf, "%" PRIu64 ".%" PRIu64 " s", s, ms % 1000 / 100);
	else if (s < 60 || (s < 600 && s % 60))
		cdc_buf_addf(buf, "%" PRIu64 " s", s);
	else if (s < 3600)
		cdc_buf_addf(buf, "%" PRIu64 "m", s / 60);
	else if (s < 86400)
		cdc_buf_addf(buf, "%" PRIu64 "h", s / 3600);
	else
		cdc_buf_addf(buf, "%" PRIu64 "d", s / 86400);
	if (s >= 600 && s < 3600 && s % 60)
		cdc_buf_addf(buf, " %" PRIu64 "s", s % 60);
	else if (s >= 3600 && s < 86400 && s % 3600 / 60)
		cdc_buf_addf(buf, " %" PRIu64 "m", s % 3600 / 60);
	else if (s >= 86400 && s % 86400 / 3600)
		cdc_buf_addf(buf, " %" PRIu64 "h", s % 86400 / 3600);
}

void cdc_text_add_json(struct cdc_buf *buf, const char *text)
{
	size_t n = strlen(text);

	cdc_buf_add_char(buf, '"');
	while (n > 0) {
		size_t len = cdc_text_utf8_len(text, n);
		unsigned char c = (unsigned char)*text;

		if (len == 0)
			cdc_buf_add_char(buf, '?');
		else if (c == '"' || c == '\\')
			cdc_buf_addf(buf, "\\%c", c);
		else if (c == '\n')
			cdc_buf_add(buf, "\\n");
		else if (c < 0x20 || c == 0x7f)
			cdc_buf_addf(buf, "\\u%04x", c);
		else
			cdc_buf_add_bytes(buf, text, len);
		text += len ? len : 1;
		n -= len ? len : 1;
	}
	cdc_buf_add_char(buf, '"');
}
