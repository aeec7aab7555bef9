#include "cdc/exposition.h"

#include "base/text.h"
#include "value/real.h"

#define QUOTE_MAX 60
/* An integer from here on is milliseconds (text 0.0.4), below it seconds (OpenMetrics); 1973 and 5138. */
#define MILLISECONDS_FROM ((cdc_num)100000000000 * CDC_NUM_ONE)

const char *cdc_sample_label(const struct cdc_sample *sample, const char *name)
{
	for (size_t i = 0; i < sample->label_count; i++)
		if (cdc_streq(sample->labels[i].name, name))
			return sample->labels[i].value;
	return NULL;
}

void cdc_exposition_init(struct cdc_exposition *page, const struct cdc_sample_taker *taker, bool openmetrics)
{
	*page = (struct cdc_exposition){ .taker = *taker, .carry = CDC_BUF_LIMITED(CDC_EXPOSITION_LINE_MAX),
		.line = CDC_BUF_LIMITED(CDC_EXPOSITION_LINE_MAX), .last = CDC_BUF_LIMITED(CDC_EXPOSITION_LINE_MAX),
		.openmetrics = openmetrics };
}

void cdc_exposition_release(struct cdc_exposition *page)
{
	cdc_buf_release(&page->carry);
	cdc_buf_release(&page->line);
	cdc_buf_release(&page->last);
}

/* A page that is wrong from its first line on is something else altogether. */
static int refuse(const struct cdc_exposition *page, const char *line, size_t n, const char *why, struct cdc_err *err)
{
	CDC_CLEANUP(cdc_free_string) char *text = cdc_strndup(line, n < 4 * QUOTE_MAX ? n : 4 * QUOTE_MAX);
	CDC_BUF_CLEANUP struct cdc_buf quoted = CDC_BUF_INIT;

	cdc_text_add_safe(&quoted, text, QUOTE_MAX);
	if (page->samples == 0 && page->number <= 1)
		return cdc_fail(err, CDC_ERR_PROTOCOL, "not the text of metrics: it begins with '%s'", quoted.text);
	return cdc_fail(err, CDC_ERR_PROTOCOL, "line %llu is no sample of a metric, %s: '%s'",
	    (unsigned long long)page->number, why, quoted.text);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool begins_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
}

static size_t name_length(const char *line, size_t n)
{
	size_t i = 0;

	if (n == 0 || !begins_name(line[0]))
		return 0;
	while (i < n && (begins_name(line[i]) || is_digit(line[i])))
		i++;
	return i;
}

/* --- a line that nobody wants ------------------------------------------------------------------------------------ */

/* True if text can be what stands behind name and labels: a value, then perhaps a time or an exemplar. */
static bool looks_like_value(const char *text, size_t n)
{
	size_t i = 0;

	while (i < n && is_blank(text[i]))
		i++;
	if (i < n && (text[i] == '+' || text[i] == '-'))
		i++;
	return i < n && (is_digit(text[i]) || text[i] == '.' || (text[i] | 32) == 'n' || (text[i] | 32) == 'i');
}

static bool looks_like_sample(const char *rest, size_t n)
{
	const char *close;

	if (n == 0 || *rest != '{')
		return n > 0 && is_blank(*rest) && looks_like_value(rest, n);
	close = memrchr(rest, '}', n);
	return close && looks_like_value(close + 1, n - (size_t)(close + 1 - rest));
}

/* --- a line that is wanted --------------------------------------------------------------------------------------- */

/* A place in the line, whose texts are unescaped where they stand. */
struct cursor {
	char *at, *end;
};

static void skip_blanks(struct cursor *cursor)
{
	while (cursor->at < cursor->end && is_blank(*cursor->at))
		cursor->at++;
}

static bool next_is(const struct cursor *cursor, char c)
{
	return cursor->at < cursor->end && *cursor->at == c;
}

/* "..." with \\ \" \n in it, unescaped in place; NULL when it does not end or holds a NUL. */
static char *read_quoted(struct cursor *cursor)
{
	char *text = cursor->at + 1, *to = text;

	if (!next_is(cursor, '"'))
		return NULL;
	for (char *from = text; from < cursor->end && *from; from++) {
		if (*from == '"') {
			*to = '\0';
			cursor->at = from + 1;
			return text;
		}
		/* another letter behind a backslash is kept with it, as Prometheus does */
		if (*from == '\\' && from + 1 < cursor->end && strchr("\\\"n", from[1]) && from[1])
			*to++ = *++from == 'n' ? '\n' : *from;
		else
			*to++ = *from;
	}
	return NULL;
}

/* A label's name, bare or quoted; NULL when there is none. A bare one is not ended by a NUL yet, hence *end. */
static char *read_label_name(struct cursor *cursor, char **end)
{
	char *name = cursor->at;
	size_t n;

	if (next_is(cursor, '"')) {
		name = read_quoted(cursor);
		*end = name ? name + strlen(name) : NULL;
		return name;
	}
	n = name_length(cursor->at, (size_t)(cursor->end - cursor->at));
	if (n == 0)
		return NULL;
	cursor->at += n;
	*end = cursor->at;
	return name;
}

struct labels {
	struct cdc_label at[CDC_EXPOSITION_LABELS_MAX];
	size_t count;
	const char *end; /* behind the closing brace */
};

/* One element of the braces: name="value", or the metric's own name in quotes. NULL, or why it is wrong. */
static const char *read_element(struct cursor *cursor, struct labels *labels, const char **metric)
{
	bool quoted = next_is(cursor, '"');
	char *name, *end, *value;

	name = read_label_name(cursor, &end);
	if (!name)
		return "a label's name is expected";
	skip_blanks(cursor);
	if (quoted && !*metric && !next_is(cursor, '=')) {
		*metric = name;
		return NULL;
	}
	if (!next_is(cursor, '='))
		return "'=' is expected behind a label's name";
	cursor->at++;
	skip_blanks(cursor);
	*end = '\0';
	value = read_quoted(cursor);
	if (!value)
		return "a label's value has no quotes or does not end";
	if (labels->count == CDC_LEN(labels->at))
		return "it has too many labels";
	labels->at[labels->count++] = (struct cdc_label){ name, value };
	return NULL;
}

/* {a="b",c="d",} with an optional last comma. */
static const char *read_labels(struct cursor *cursor, struct labels *labels, const char **metric)
{
	cursor->at++;
	for (;;) {
		const char *why;

		skip_blanks(cursor);
		if (next_is(cursor, '}'))
			break;
		why = read_element(cursor, labels, metric);
		if (why)
			return why;
		skip_blanks(cursor);
		if (next_is(cursor, ','))
			cursor->at++;
		else if (!next_is(cursor, '}'))
			return "',' or '}' is expected behind a label";
	}
	labels->end = ++cursor->at;
	return NULL;
}

static size_t word_length(const struct cursor *cursor)
{
	size_t n = 0;

	while (cursor->at + n < cursor->end && !is_blank(cursor->at[n]))
		n++;
	return n;
}

static const char *read_time(struct cursor *cursor, int64_t *ret_ms)
{
	size_t n = word_length(cursor);
	cdc_num time = 0;

	if (cdc_real_parse(cursor->at, n, &time) == CDC_REAL_MALFORMED)
		return "its time is no number";
	*ret_ms = time >= MILLISECONDS_FROM ? cdc_num_to_int(time) : cdc_num_to_ms(time);
	cursor->at += n;
	skip_blanks(cursor);
	return NULL;
}

/* Value, time, exemplar, up to the end of the line. */
static const char *read_value(struct cursor *cursor, struct cdc_sample *sample)
{
	enum cdc_real kind;
	const char *why;
	size_t n;

	skip_blanks(cursor);
	n = word_length(cursor);
	kind = cdc_real_parse(cursor->at, n, &sample->value);
	if (kind == CDC_REAL_MALFORMED)
		return "its value is no number";
	sample->known = kind == CDC_REAL_NUMBER;
	cursor->at += n;
	skip_blanks(cursor);
	if (cursor->at < cursor->end && *cursor->at != '#') {
		why = read_time(cursor, &sample->time_ms);
		if (why)
			return why;
	}
	return cursor->at == cursor->end || *cursor->at == '#' ? NULL : "there is more behind its value";
}

/* The whole line; its first name_len bytes are the metric's name (0: it stands in the braces). */
static const char *read_sample(struct cursor cursor, size_t name_len, struct labels *labels, struct cdc_sample *sample)
{
	char *name_end = cursor.at + name_len;
	const char *why = NULL;

	sample->name = name_len ? cursor.at : NULL;
	cursor.at = name_end;
	skip_blanks(&cursor);
	if (next_is(&cursor, '{')) {
		why = read_labels(&cursor, labels, &sample->name);
		if (why)
			return why;
	} else if (cursor.at == name_end) {
		return "a blank is expected behind the name";
	}
	if (!sample->name)
		return "it has no name";
	why = read_value(&cursor, sample);
	if (name_len)
		*name_end = '\0';
	sample->labels = labels->at;
	sample->label_count = labels->count;
	return why;
}

/* --- a line that differs from the last one in a label that does not matter ---------------------------------------- */

static bool is_ignored(const struct cdc_exposition *page, const char *label)
{
	for (size_t i = 0; i < CDC_LEN(page->taker.ignores) && page->taker.ignores[i]; i++)
		if (cdc_streq(page->taker.ignores[i], label))
			return true;
	return false;
}

/* Keeps what surrounds the value of an ignored label, when the line has one; with escapes it would be longer there. */
static void keep_surroundings(struct cdc_exposition *page, const char *line, const struct labels *labels)
{
	for (size_t i = 0; i < labels->count; i++) {
		const char *value = labels->at[i].value;

		if (!is_ignored(page, labels->at[i].name))
			continue;
		page->before = (size_t)(value - page->line.text);
		page->after = page->before + strlen(value);
		if (line[page->after] == '"')
			cdc_buf_add_bytes(&page->last, line, (size_t)(labels->end - page->line.text));
		return;
	}
}

/* Where the value of the ignored label ends in a line that is otherwise like the last one; 0 when it is not. */
static size_t match_surroundings(const struct cdc_exposition *page, const char *line, size_t n)
{
	size_t before = page->before, rest = page->last.len - page->after;
	const char *quote;

	if (page->last.len == 0 || n <= before || memcmp(line, page->last.text, before) != 0)
		return 0;
	quote = memchr(line + before, '"', n - before);
	if (!quote || quote[-1] == '\\' || n - (size_t)(quote - line) < rest ||
	    memcmp(quote, page->last.text + page->after, rest) != 0)
		return 0;
	return (size_t)(quote - line) + rest;
}

/* 1 when the line was like the last one and is taken, else 0; -1 and an error. */
static int take_again(struct cdc_exposition *page, const char *line, size_t n, struct cdc_err *err)
{
	size_t at = match_surroundings(page, line, n);
	struct cdc_sample sample = { .name = page->name, .again = true };
	const char *why;

	/* a NUL is for the strict reading to find */
	if (at == 0 || memchr(line, '\0', at))
		return 0;
	cdc_buf_clear(&page->line);
	cdc_buf_add_bytes(&page->line, line + at, n - at);
	why = read_value(&(struct cursor){ page->line.text, page->line.text + n - at }, &sample);
	if (why)
		return refuse(page, line, n, why, err);
	return page->taker.take(page->taker.arg, &sample, err) < 0 ? -1 : 1;
}

static int take_sample(struct cdc_exposition *page, const char *line, size_t n, size_t name_len, struct cdc_err *err)
{
	struct cdc_sample sample = { 0 };
	const char *why;
	struct labels labels;
	int again = take_again(page, line, n, err);

	if (again)
		return again < 0 ? -1 : 0;
	labels.count = 0;
	cdc_buf_clear(&page->last);
	cdc_buf_clear(&page->line);
	cdc_buf_add_bytes(&page->line, line, n);
	why = read_sample((struct cursor){ page->line.text, page->line.text + n }, name_len, &labels, &sample);
	if (why)
		return refuse(page, line, n, why, err);
	/* a quoted name is known only now */
	if (name_len == 0 && !page->taker.wants(page->taker.arg, sample.name, strlen(sample.name)))
		return 0;
	if (name_len > 0)
		keep_surroundings(page, line, &labels);
	return page->taker.take(page->taker.arg, &sample, err);
}

/* --- lines ------------------------------------------------------------------------------------------------------- */

/* Only OpenMetrics has these types (and calls "untyped" unknown). */
static bool is_openmetrics_type(const char *line, size_t n)
{
	static const char *const types[] = { " unknown", " info", " stateset", " gaugehistogram" };

	if (n < 7 || memcmp(line, "# TYPE ", 7) != 0)
		return false;
	for (size_t i = 0; i < CDC_LEN(types); i++) {
		size_t length = strlen(types[i]);

		if (n > length && memcmp(line + n - length, types[i], length) == 0)
			return true;
	}
	return false;
}

static void take_comment(struct cdc_exposition *page, const char *line, size_t n)
{
	if (n == 5 && memcmp(line, "# EOF", 5) == 0)
		page->ended = true;
	else if (is_openmetrics_type(line, n))
		page->openmetrics = true;
}

/* The length of the line's name, 0 when it has none or has it in braces; asks the taker about a name that is new. */
static size_t look_at_name(struct cdc_exposition *page, const char *line, size_t n)
{
	size_t length = page->name_len;

	if (length > 0 && n > length && memcmp(line, page->name, length) == 0 && (line[length] == '{' || is_blank(line[length])))
		return length;
	length = name_length(line, n);
	page->wanted = length == 0 || page->taker.wants(page->taker.arg, line, length);
	page->name_len = length < sizeof(page->name) ? length : 0;
	memcpy(page->name, line, page->name_len);
	page->name[page->name_len] = '\0';
	return length;
}

static int take_line(struct cdc_exposition *page, const char *line, size_t n, struct cdc_err *err)
{
	size_t length;

	page->number++;
	while (n > 0 && is_blank(*line)) {
		line++;
		n--;
	}
	if (n == 0)
		return 0;
	if (*line == '#') {
		take_comment(page, line, n);
		return 0;
	}
	if (page->ended && page->openmetrics)
		return refuse(page, line, n, "it stands behind '# EOF'", err);
	length = look_at_name(page, line, n);
	if (length == 0 && *line != '{')
		return refuse(page, line, n, "a name is expected", err);
	if (page->wanted && take_sample(page, line, n, length, err) < 0)
		return -1;
	if (!page->wanted && !looks_like_sample(line + length, n - length))
		return refuse(page, line, n, "a value is expected", err);
	page->samples++;
	return 0;
}

static int too_long(struct cdc_exposition *page, const char *line, size_t n, struct cdc_err *err)
{
	page->number++;
	return refuse(page, line, n, "it is too long", err);
}

/* The part of a line that ends in bytes[0..n), joined with what came before it. */
static int take_carried(struct cdc_exposition *page, const char *bytes, size_t n, struct cdc_err *err)
{
	int code;

	cdc_buf_add_bytes(&page->carry, bytes, n);
	if (page->carry.cut)
		return too_long(page, page->carry.text, page->carry.len, err);
	code = take_line(page, page->carry.text, page->carry.len, err);
	cdc_buf_clear(&page->carry);
	return code;
}

int cdc_exposition_feed(struct cdc_exposition *page, const char *bytes, size_t n, struct cdc_err *err)
{
	const char *end = bytes + n, *newline;

	while (bytes < end && (newline = memchr(bytes, '\n', (size_t)(end - bytes))) != NULL) {
		size_t length = (size_t)(newline - bytes);
		int code;

		if (page->carry.len > 0)
			code = take_carried(page, bytes, length, err);
		else if (length >= CDC_EXPOSITION_LINE_MAX)
			code = too_long(page, bytes, length, err);
		else
			code = take_line(page, bytes, length, err);
		if (code < 0)
			return -1;
		bytes = newline + 1;
	}
	cdc_buf_add_bytes(&page->carry, bytes, (size_t)(end - bytes));
	if (page->carry.cut)
		return too_long(page, page->carry.text, page->carry.len, err);
	return 0;
}

int cdc_exposition_end(struct cdc_exposition *page, struct cdc_err *err)
{
	if (page->carry.len == 5 && memcmp(page->carry.text, "# EOF", 5) == 0)
		page->ended = true;
	else if (page->carry.len > 0 && page->samples == 0 && page->number == 0)
		return take_line(page, page->carry.text, page->carry.len, err) < 0 ? -1 :
		    cdc_fail(err, CDC_ERR_PROTOCOL, "cut off within its first line");
	else if (page->carry.len > 0)
		return cdc_fail(err, CDC_ERR_PROTOCOL, "cut off within line %llu", (unsigned long long)page->number + 1);
	if (page->openmetrics && !page->ended)
		return cdc_fail(err, CDC_ERR_PROTOCOL, "cut off: it does not end in '# EOF'");
	return 0;
}
