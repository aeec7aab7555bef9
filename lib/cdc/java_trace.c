#include "cdc/java_trace.h"

#define CAUSED_BY "Caused by: "

/* One exception of the chain: a line of the trace. */
struct cause {
	const char *text;
	size_t len;
};

static bool begins_with(const char *text, const char *word)
{
	return strncmp(text, word, strlen(word)) == 0;
}

/* True for a line of the trace itself: what else follows a cause belongs to its message. */
static bool is_of_trace(const char *line)
{
	line += strspn(line, " \t");
	return begins_with(line, "at ") || begins_with(line, "... ") || begins_with(line, CAUSED_BY) ||
	    begins_with(line, "Suppressed: ") || begins_with(line, "[CIRCULAR REFERENCE");
}

/* The line and those that its message goes on in, without blanks at the end. */
static size_t message_len(const char *text)
{
	size_t n = strcspn(text, "\n");

	while (text[n] == '\n' && !is_of_trace(text + n + 1))
		n += 1 + strcspn(text + n + 1, "\n");
	while (n > 0 && strchr(" \t\r\n", text[n - 1]))
		n--;
	return n;
}

/* The class name with its package: letters, digits and "._$" up to a colon or the end. */
static size_t class_len(const struct cause *cause)
{
	size_t n = 0;

	for (; n < cause->len; n++) {
		char c = cause->text[n];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
			c == '$'))
			break;
	}
	return n == cause->len || cause->text[n] == ':' ? n : 0;
}

static bool has_message(const struct cause *cause)
{
	return class_len(cause) < cause->len;
}

/* Cuts the package off: "org.postgresql.util.PSQLException: x" is "PSQLException: x". */
static struct cause without_package(struct cause cause)
{
	size_t class = class_len(&cause), start = 0;

	for (size_t i = 0; i < class; i++)
		if (cause.text[i] == '.')
			start = i + 1;
	return (struct cause){ cause.text + start, cause.len - start };
}

/* The value behind "password=" or "password:" ends where the next word, parameter or quote begins. */
static size_t secret_len(const char *text, size_t n)
{
	size_t i = 0;

	while (i < n && !strchr(" &,;\"'}\t\r\n", text[i]))
		i++;
	return i;
}

static size_t key_len(const char *text, size_t n)
{
	static const char *const keys[] = { "password=", "password:", "secret=", "secret:", "token=" };

	for (size_t i = 0; i < CDC_LEN(keys); i++)
		if (strlen(keys[i]) <= n && strncasecmp(text, keys[i], strlen(keys[i])) == 0)
			return strlen(keys[i]);
	return 0;
}

static void add_without_secrets(struct cdc_buf *buf, const char *text, size_t n)
{
	while (n > 0) {
		size_t key = key_len(text, n), secret;

		/* a message of several lines becomes one */
		if (!key && strchr(" \t\r\n", *text))
			cdc_buf_add(buf, buf->len && buf->text[buf->len - 1] != ' ' ? " " : "");
		else
			cdc_buf_add_bytes(buf, text, key ? key : 1);
		text += key ? key : 1;
		n -= key ? key : 1;
		secret = key ? secret_len(text, n) : 0;
		if (secret > 0)
			cdc_buf_add(buf, "***");
		text += secret;
		n -= secret;
	}
}

static void add_cause(struct cdc_buf *buf, struct cause cause)
{
	cause = without_package(cause);
	add_without_secrets(buf, cause.text, cause.len);
}

void cdc_java_root_cause(struct cdc_buf *buf, const char *trace)
{
	struct cause last, around = { 0 };

	while (*trace == '\n' || *trace == '\r' || *trace == ' ' || *trace == '\t')
		trace++;
	last = (struct cause){ trace, message_len(trace) };
	for (const char *line = strchr(trace, '\n'); line; line = strchr(line + 1, '\n')) {
		const char *text = line + 1;

		/* causes of suppressed exceptions are indented: they are not the chain */
		if (!begins_with(text, CAUSED_BY) || begins_with(text + strlen(CAUSED_BY), "[CIRCULAR REFERENCE"))
			continue;
		if (has_message(&last))
			around = last;
		text += strlen(CAUSED_BY);
		last = (struct cause){ text, message_len(text) };
	}
	add_cause(buf, last);
	if (!has_message(&last) && around.len > 0) {
		cdc_buf_add(buf, " in ");
		add_cause(buf, around);
	}
}
