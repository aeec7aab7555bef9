/*
 * The text of a state file: its version; for each item a line with its name and, begun by a blank, one for each entry
 * ("key value"); then which check and which run it is of, and a hash over everything before it, so that a file that was
 * cut or changed is never believed. Blanks and line ends in texts are written as %XX.
 */
#include "plugin/memory_internal.h"

#include <inttypes.h>
#include <stdlib.h>

#define MAGIC    "cdc-plugins-state 2\n"
#define IDENTITY "identity "
#define RUN      "run "

static bool is_escaped(unsigned char c)
{
	return c <= ' ' || c == '%' || c == 0x7f;
}

static void add_hex(struct cdc_buf *buf, unsigned char c)
{
	static const char digits[] = "0123456789ABCDEF";
	const char escaped[3] = { '%', digits[c >> 4], digits[c & 15] };

	cdc_buf_add_bytes(buf, escaped, sizeof(escaped));
}

static void add_escaped(struct cdc_buf *buf, const char *text)
{
	while (*text) {
		size_t n = 0;

		while (!is_escaped((unsigned char)text[n]))
			n++;
		cdc_buf_add_bytes(buf, text, n);
		text += n;
		if (*text)
			add_hex(buf, (unsigned char)*text++);
	}
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Undoes the escapes in place; false when one is malformed. */
static bool unescape(char *text)
{
	char *to = strchr(text, '%');

	if (!to)
		return true;
	for (const char *from = to; *from; from++) {
		if (*from == '%') {
			int high = hex_digit(from[1]), low = high < 0 ? -1 : hex_digit(from[2]);

			if (low < 0 || high + low == 0)
				return false;
			*to++ = (char)(high * 16 + low);
			from += 2;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
	return true;
}

/* The text so far, begun if it is not. */
static struct cdc_buf *text_of(struct cdc_memory *memory)
{
	if (memory->now.limit == 0) {
		memory->now = (struct cdc_buf)CDC_BUF_INIT;
		cdc_buf_add(&memory->now, MAGIC);
	}
	return &memory->now;
}

void cdc_memory_put(struct cdc_memory *memory, const char *item, const char *key, const char *value)
{
	struct cdc_buf *text = text_of(memory);

	if (!memory->usable)
		return;
	if (!memory->now_item || !cdc_streq(memory->now_item, item)) {
		free(memory->now_item);
		memory->now_item = cdc_strdup(item);
		add_escaped(text, item);
		cdc_buf_add_char(text, '\n');
	}
	cdc_buf_add_char(text, ' ');
	add_escaped(text, key);
	cdc_buf_add_char(text, ' ');
	add_escaped(text, value);
	cdc_buf_add_char(text, '\n');
}

const struct cdc_buf *cdc_memory_seal(struct cdc_memory *memory, const char *identity)
{
	struct cdc_buf *text = text_of(memory);

	cdc_buf_add(text, IDENTITY);
	add_escaped(text, identity);
	cdc_buf_addf(text, "\n" RUN "%" PRId64 "\n", memory->now_ms);
	cdc_buf_addf(text, "end %016" PRIx64 "\n", cdc_memory_hash(text->text, text->len));
	return text;
}

/* Checks the last line against everything before it and cuts it off. */
static bool check_end(char *text)
{
	size_t n = strlen(text), start;
	char expected[24];

	if (n == 0 || text[n - 1] != '\n')
		return false;
	for (start = n - 1; start > 0 && text[start - 1] != '\n'; start--)
		;
	snprintf(expected, sizeof(expected), "end %016" PRIx64 "\n", cdc_memory_hash(text, start));
	if (!cdc_streq(text + start, expected))
		return false;
	text[start] = '\0';
	return true;
}

/* Cuts the next line off *next; NULL at the end or when it does not end in a newline. */
static char *take_line(char **next)
{
	char *line = *next, *newline = strchr(line, '\n');

	if (!newline)
		return NULL;
	*newline = '\0';
	*next = newline + 1;
	return line;
}

/* A line behind its blank. */
static bool parse_entry(char *line, struct cdc_entries *entries, uint32_t item)
{
	char *key = line, *value = strchr(line, ' ');

	if (!item || !value)
		return false;
	*value++ = '\0';
	if (strchr(value, ' ') || !unescape(key) || !unescape(value))
		return false;
	cdc_entries_add(entries, item, key, value);
	return true;
}

/* All items up to the line that says which check they are of; that line, or NULL when something is malformed. */
static char *parse_items(char **next, struct cdc_entries *entries)
{
	uint32_t item = 0;
	char *line;

	while ((line = take_line(next)) != NULL && !cdc_begins_with(line, IDENTITY)) {
		if (*line == ' ') {
			if (!parse_entry(line + 1, entries, item))
				return NULL;
			continue;
		}
		if (strchr(line, ' ') || !unescape(line))
			return NULL;
		item = cdc_entries_item(entries, line);
	}
	return line;
}

static int damaged(struct cdc_err *err)
{
	return cdc_fail(err, CDC_ERR_PROTOCOL, "it is damaged");
}

static int parse(char *text, const char *identity, struct cdc_memory *parsed, struct cdc_err *err)
{
	char *next = text, *line;

	if (!check_end(text))
		return damaged(err);
	if (!cdc_begins_with(text, MAGIC))
		return cdc_fail(err, CDC_ERR_PROTOCOL, "it is of another version");
	next += strlen(MAGIC);
	line = parse_items(&next, &parsed->old);
	if (!line)
		return damaged(err);
	if (!unescape(line) || !cdc_streq(line + strlen(IDENTITY), identity))
		return cdc_fail(err, CDC_ERR_PROTOCOL, "it belongs to another check");
	line = take_line(&next);
	if (!line || !cdc_begins_with(line, RUN) || !cdc_num_parse_int(line + strlen(RUN), &parsed->previous_ms) ||
	    parsed->previous_ms < 0 || *next)
		return damaged(err);
	return 0;
}

int cdc_memory_parse(char *text, const char *identity, struct cdc_memory *memory, struct cdc_err *err)
{
	CDC_CLEANUP(cdc_memory_release) struct cdc_memory parsed = { .old.text = text };

	if (parse(text, identity, &parsed, err) < 0)
		return -1;
	memory->previous_ms = parsed.previous_ms;
	memory->old = parsed.old;
	parsed.old = (struct cdc_entries){ 0 };
	return 0;
}
