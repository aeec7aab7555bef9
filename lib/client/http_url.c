#include "client/http_internal.h"

#include <stdlib.h>

#define QUOTE_MAX 200

static int refuse(const char *text, const char *why, struct cdc_err *err)
{
	return cdc_fail(err, CDC_ERR_USAGE, "'%.*s': %s", QUOTE_MAX, text, why);
}

/* What stands before an "@" may be a password: it is not quoted. */
static int refuse_user(const char *text, struct cdc_err *err)
{
	const char *at = strrchr(text, '@');

	return refuse(at ? at + 1 : "URL",
	    "no user name or password belongs into a URL on a command line, use --auth-file or --netrc-file", err);
}

/* A part of a URL as the caller's own string; NULL when it has none. */
static char *part_of(CURLU *url, CURLUPart part, unsigned flags)
{
	char *text = NULL, *copy;

	if (curl_url_get(url, part, &text, flags) != CURLUE_OK)
		return NULL;
	copy = cdc_strdup(text);
	curl_free(text);
	return copy;
}

static char *without_brackets(const char *host)
{
	size_t n = strlen(host);

	return host[0] == '[' ? cdc_strndup(host + 1, n > 2 ? n - 2 : 0) : cdc_strdup(host);
}

static void lower(char *text)
{
	for (; *text; text++)
		if (*text >= 'A' && *text <= 'Z')
			*text = (char)(*text - 'A' + 'a');
}

/* scheme://host[:port][/path][?query] in one form, whatever was typed. */
static void compose(struct cdc_http_url *ret, CURLU *url, const char *scheme, const char *host)
{
	CDC_CLEANUP(cdc_free_string) char *port = part_of(url, CURLUPART_PORT, 0);
	CDC_CLEANUP(cdc_free_string) char *path = part_of(url, CURLUPART_PATH, 0);
	CDC_CLEANUP(cdc_free_string) char *query = part_of(url, CURLUPART_QUERY, 0);
	struct cdc_buf text = CDC_BUF_INIT;

	cdc_buf_addf(&text, "%s://%s", scheme, host);
	if (port)
		cdc_buf_addf(&text, ":%s", port);
	cdc_buf_add(&text, path ? path : "");
	while (text.len > 0 && text.text[text.len - 1] == '/')
		cdc_buf_truncate(&text, text.len - 1);
	if (query)
		cdc_buf_addf(&text, "?%s", query);
	ret->query = query != NULL;
	ret->text = cdc_buf_take(&text);
}

/* Fills *ret from a URL that curl has taken apart. */
static int take_apart(const char *text, CURLU *url, struct cdc_http_url *ret, struct cdc_err *err)
{
	CDC_CLEANUP(cdc_free_string) char *scheme = part_of(url, CURLUPART_SCHEME, 0);
	CDC_CLEANUP(cdc_free_string) char *host = part_of(url, CURLUPART_HOST, 0);
	CDC_CLEANUP(cdc_free_string) char *port = part_of(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
	CDC_CLEANUP(cdc_free_string) char *user = part_of(url, CURLUPART_USER, 0);
	struct cdc_buf target = CDC_BUF_INIT;

	if (user)
		return refuse_user(text, err);
	if (!scheme || (!cdc_streq(scheme, "http") && !cdc_streq(scheme, "https")))
		return refuse(text, "an http or https URL is expected", err);
	if (!host || !*host || !port || !cdc_num_parse_int(port, &ret->port) || ret->port == 0)
		return refuse(text, "a URL with a host is expected", err);
	lower(host);
	compose(ret, url, scheme, host);
	cdc_buf_addf(&target, "%s:%s", host, port);
	ret->target = cdc_buf_take(&target);
	ret->host = without_brackets(host);
	return 0;
}

int cdc_http_url_parse(const char *text, struct cdc_http_url *ret, struct cdc_err *err)
{
	CDC_BUF_CLEANUP struct cdc_buf full = CDC_BUF_INIT;
	struct cdc_http_url parsed = { 0 };
	CURLU *url = curl_url();
	CURLUcode failed;
	int code;

	cdc_buf_addf(&full, "%s%s", strstr(text, "://") ? "" : "http://", text);
	failed = url ? curl_url_set(url, CURLUPART_URL, full.text, 0) : CURLUE_OUT_OF_MEMORY;
	if (failed == CURLUE_OK)
		code = take_apart(text, url, &parsed, err);
	else if (strchr(text, '@'))
		code = refuse_user(text, err);
	else
		code = refuse(text, failed == CURLUE_UNSUPPORTED_SCHEME ? "an http or https URL is expected" :
										"it is no valid URL", err);
	curl_url_cleanup(url);
	if (code == 0)
		*ret = parsed;
	return code;
}

int cdc_http_url_of(const char *host, int64_t port, struct cdc_http_url *ret, struct cdc_err *err)
{
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;
	bool bare_ipv6 = host[0] != '[' && strchr(host, ':');

	if (strchr(host, '/') || strchr(host, '@') || strchr(host, '?') || strchr(host, '#'))
		return refuse(host, "a host name or address is expected (a URL goes to --url)", err);
	cdc_buf_addf(&text, "http://%s%s%s:%lld", bare_ipv6 ? "[" : "", host, bare_ipv6 ? "]" : "", (long long)port);
	return cdc_http_url_parse(text.text, ret, err);
}

void cdc_http_url_release(struct cdc_http_url *url)
{
	free(url->text);
	free(url->target);
	free(url->host);
	*url = (struct cdc_http_url){ 0 };
}
