/*
 * The text of a state file: a header, one line per entry ("item key value", blanks and line ends written as %XX), and
 * a last line with the number of entries and a hash over everything before it, so that a file that was cut or changed
 * is never believed.
 */
#include "plugin/memory.h"

#include <inttypes.h>
#include <stdlib.h>

#define MAGIC        "cdc-plugins-state 1"
#define HEADER_LINES 3

uint64_t cdc_memory_hash(const char *text, size_t n)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3u;
	return hash;
}

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
	char *to = text;

	for (const char *from = text; *from; from++) {
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

struct numbered {
	const struct cdc_entry *entry;
	size_t number;
};

static int compare_numbered(const void *a, const void *b)
{
	const struct numbered *x = a, *y = b;
	int order = strcmp(x->entry->item, y->entry->item);

	if (order == 0)
		order = strcmp(x->entry->key, y->entry->key);
	if (order == 0)
		order = x->number < y->number ? -1 : 1;
	return order;
}

static bool same_key(const struct cdc_entry *a, const struct cdc_entry *b)
{
	return cdc_streq(a->item, b->item) && cdc_streq(a->key, b->key);
}

static void add_entry(struct cdc_buf *buf, const struct cdc_entry *entry)
{
	add_escaped(buf, entry->item);
	cdc_buf_add_char(buf, ' ');
	add_escaped(buf, entry->key);
	cdc_buf_add_char(buf, ' ');
	add_escaped(buf, entry->value);
	cdc_buf_add_char(buf, '\n');
}

void cdc_memory_print(struct cdc_buf *buf, const struct cdc_memory *memory, const char *identity)
{
	size_t count = memory->now.count, written = 0, start = buf->len;
	struct numbered *sorted = cdc_alloc(count, sizeof(*sorted));

	for (size_t i = 0; i < count; i++)
		sorted[i] = (struct numbered){ &memory->now.at[i], i };
	qsort(sorted, count, sizeof(*sorted), compare_numbered);
	cdc_buf_add(buf, MAGIC "\nidentity ");
	add_escaped(buf, identity);
	cdc_buf_addf(buf, "\nrun %" PRId64 "\n", memory->now_ms);
	for (size_t i = 0; i < count; i++) {
		/* of entries with the same key the last one put is the last here */
		if (i + 1 < count && same_key(sorted[i].entry, sorted[i + 1].entry))
			continue;
		add_entry(buf, sorted[i].entry);
		written++;
	}
	cdc_buf_addf(buf, "end %zu %016" PRIx64 "\n", written, cdc_memory_hash(buf->text + start, buf->len - start));
	free(sorted);
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

/* Checks the last line against everything before it and cuts it off. */
static bool check_end(char *text)
{
	size_t n = strlen(text), start, lines = 0;
	char expected[80];

	if (n == 0 || text[n - 1] != '\n')
		return false;
	for (start = n - 1; start > 0 && text[start - 1] != '\n'; start--)
		;
	for (size_t i = 0; i < start; i++)
		lines += text[i] == '\n';
	text[n - 1] = '\0';
	snprintf(expected, sizeof(expected), "end %zu %016" PRIx64, lines > HEADER_LINES ? lines - HEADER_LINES : 0,
	    cdc_memory_hash(text, start));
	if (!cdc_streq(text + start, expected))
		return false;
	text[start] = '\0';
	return true;
}

static bool parse_entry(char *line, struct cdc_entry *ret)
{
	char *item = strsep(&line, " "), *key = strsep(&line, " "), *value = line;

	if (!key || !value || strchr(value, ' ') || !unescape(item) || !unescape(key) || !unescape(value))
		return false;
	*ret = (struct cdc_entry){ item, key, value };
	return true;
}

static bool ascending(const struct cdc_entries *entries)
{
	const struct cdc_entry *last = &entries->at[entries->count - 1];
	int order;

	if (entries->count < 2)
		return true;
	order = strcmp(last[-1].item, last->item);
	return order < 0 || (order == 0 && strcmp(last[-1].key, last->key) < 0);
}

static int parse_header(char **next, const char *identity, int64_t *previous_ms, struct cdc_err *err)
{
	char *line = take_line(next);

	if (!line || !cdc_streq(line, MAGIC))
		return cdc_fail(err, CDC_ERR_PROTOCOL, "it is of another version");
	line = take_line(next);
	if (!line || strncmp(line, "identity ", 9) != 0 || !unescape(line + 9) || !cdc_streq(line + 9, identity))
		return cdc_fail(err, CDC_ERR_PROTOCOL, "it belongs to another check");
	line = take_line(next);
	if (!line || strncmp(line, "run ", 4) != 0 || !cdc_num_parse_int(line + 4, previous_ms) ||
	    *previous_ms < 0)
		return cdc_fail(err, CDC_ERR_PROTOCOL, "it is damaged");
	return 0;
}

static int parse_entries(char *next, struct cdc_memory *memory, struct cdc_err *err)
{
	struct cdc_entries *old = &memory->old;
	char *line;

	while ((line = take_line(&next)) != NULL) {
		CDC_GROW(old->at, old->count, &old->capacity);
		if (!parse_entry(line, &old->at[old->count]))
			return cdc_fail(err, CDC_ERR_PROTOCOL, "it is damaged");
		old->count++;
		if (!ascending(old))
			return cdc_fail(err, CDC_ERR_PROTOCOL, "it is damaged");
	}
	return 0;
}

int cdc_memory_parse(const char *text, const char *identity, struct cdc_memory *memory, struct cdc_err *err)
{
	CDC_CLEANUP(cdc_memory_release) struct cdc_memory parsed = { .old.text = cdc_strdup(text) };
	char *next = parsed.old.text;

	if (!check_end(next))
		return cdc_fail(err, CDC_ERR_PROTOCOL, "it is damaged");
	if (parse_header(&next, identity, &parsed.previous_ms, err) < 0 || parse_entries(next, &parsed, err) < 0)
		return -1;
	memory->previous_ms = parsed.previous_ms;
	memory->old = parsed.old;
	parsed.old = (struct cdc_entries){ 0 };
	return 0;
}
