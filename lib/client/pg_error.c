/*
 * What a failure of libpq means. Messages and their origin: libpq 15 fe-connect.c, fe-auth.c, fe-auth-scram.c,
 * fe-protocol3.c, fe-secure.c, fe-secure-openssl.c.
 */
#include "client/pg_internal.h"

static const char *const denied_words[] = {
	"password", /* fe_sendauth: no password supplied; password authentication failed */
	"authentication method",
	"SCRAM",
	"SASL",
	"authentication not supported",
	"channel binding required",
	"krb5",
	"GSSAPI authentication",
};

static const char *const protocol_words[] = {
	"expected authentication request",
	"received invalid response",
	"unexpected response from server",
	"unexpected message",
	"unexpected field count",
	"invalid frontend",
	"lost synchronization",
	"message contents do not agree",
	"insufficient data",
	"unexpected character",
	"message type 0x",
	"protocol version",
};

/* Only an answer beyond every limit gets there. */
static const char *const limit_words[] = { "out of memory", "cannot allocate memory" };

static bool has_any(const char *text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strstr(text, words[i]))
			return true;
	return false;
}

/* fe-connect.c: parseServiceInfo, connectOptions2, parse_int_param */
static const char *const usage_words[] = {
	"definition of service",
	"service file",
	"invalid integer value",
	"invalid port number",
	"integer value out of range",
	"invalid connection option",
	"could not match",
	" value: \"",
	"value \"",
};

bool cdc_pg_is_usage(const char *message)
{
	return has_any(message, usage_words, CDC_LEN(usage_words));
}

bool cdc_pg_is_shutdown(const char *sqlstate)
{
	return strncmp(sqlstate, "57P0", 4) == 0 || strncmp(sqlstate, "08", 2) == 0 || cdc_streq(sqlstate, "53300");
}

enum cdc_err_kind cdc_pg_kind_of(const char *sqlstate)
{
	if (cdc_pg_is_shutdown(sqlstate))
		return CDC_ERR_UNREACHABLE;
	if (strncmp(sqlstate, "28", 2) == 0 || cdc_streq(sqlstate, "3D000") || cdc_streq(sqlstate, "42501"))
		return CDC_ERR_DENIED;
	return CDC_ERR_PROTOCOL;
}

static bool is_code(const char *text)
{
	for (int i = 0; i < 5; i++)
		if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'A' && text[i] <= 'Z')))
			return false;
	return text[5] == ':' && text[6] == ' ';
}

/* "FATAL:  28P01: text" has the code behind its severity; NULL when there is none. */
static const char *find_code(const char *message)
{
	for (const char *colon = strstr(message, ":  "); colon; colon = strstr(colon + 1, ":  "))
		if (is_code(colon + 3))
			return colon + 3;
	return NULL;
}

/* Behind `connection to server at "host" (addr), port 5432 failed: `. */
static const char *skip_prefix(const char *message)
{
	static const char end[] = " failed: ";
	const char *found = strncmp(message, "connection to server", 20) == 0 ? strstr(message, end) : NULL;

	return found ? found + strlen(end) : message;
}

/* The first line of a message. */
static void add_line(struct cdc_buf *ret, const char *text)
{
	size_t n = strcspn(text, "\n");

	while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\r'))
		n--;
	cdc_buf_add_bytes(ret, text, n);
}

enum cdc_err_kind cdc_pg_classify(const char *message, struct cdc_buf *ret)
{
	const char *code = find_code(message);
	char sqlstate[6] = "";

	if (code) {
		memcpy(sqlstate, code, 5);
		add_line(ret, code + 7);
		cdc_buf_addf(ret, " (SQLSTATE %s)", sqlstate);
		return cdc_pg_kind_of(sqlstate);
	}
	add_line(ret, *message ? skip_prefix(message) : "the server closed the connection");
	if (has_any(ret->text, limit_words, CDC_LEN(limit_words)))
		return CDC_ERR_PROTOCOL;
	if (has_any(ret->text, protocol_words, CDC_LEN(protocol_words))) {
		cdc_buf_add(ret, " (a PostgreSQL server was expected there)");
		return CDC_ERR_PROTOCOL;
	}
	if (has_any(ret->text, denied_words, CDC_LEN(denied_words)))
		return CDC_ERR_DENIED;
	return CDC_ERR_UNREACHABLE;
}
