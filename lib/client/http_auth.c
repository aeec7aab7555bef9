/*
 * Credentials and certificates: everything that a file keeps secret goes through here.
 */
#include "client/http_internal.h"

#include <stdlib.h>

#include "base/file.h"

/* The one line of a file, without its end. */
static int read_line(const char *path, const char *what, struct cdc_buf *ret, struct cdc_err *err)
{
	if (cdc_file_read_secret(path, ret, err) < 0)
		return -1;
	while (ret->len > 0 && strchr("\r\n", ret->text[ret->len - 1]))
		cdc_buf_truncate(ret, ret->len - 1);
	if (ret->len == 0 || strpbrk(ret->text, "\r\n"))
		return cdc_fail(err, CDC_ERR_USAGE, "file '%s': one line with %s is expected", path, what);
	return 0;
}

/* Overwrites what was read before its memory is given back. */
static void forget(struct cdc_buf *secret)
{
	if (secret->capacity)
		explicit_bzero(secret->text, secret->capacity);
	cdc_buf_release(secret);
}

static int read_auth(struct cdc_http *http, struct cdc_err *err)
{
	CDC_CLEANUP(forget) struct cdc_buf line = CDC_BUF_INIT;
	const char *path = http->params->auth_file, *colon;

	if (!path)
		return 0;
	if (read_line(path, "user:password", &line, err) < 0)
		return -1;
	colon = strchr(line.text, ':');
	if (!colon)
		return cdc_fail(err, CDC_ERR_USAGE, "file '%s': one line with user:password is expected", path);
	http->user = cdc_strndup(line.text, (size_t)(colon - line.text));
	http->password = cdc_strdup(colon + 1);
	return 0;
}

static int read_bearer(struct cdc_http *http, struct cdc_err *err)
{
	CDC_CLEANUP(forget) struct cdc_buf line = CDC_BUF_INIT, header = CDC_BUF_INIT;

	if (!http->params->bearer_file)
		return 0;
	if (http->params->auth_file)
		return cdc_fail(err, CDC_ERR_USAGE, "--auth-file and --bearer-file exclude each other");
	if (read_line(http->params->bearer_file, "a token", &line, err) < 0)
		return -1;
	cdc_buf_addf(&header, "Authorization: Bearer %s", line.text);
	http->headers = curl_slist_append(http->headers, header.text);
	return 0;
}

/* "Name: value"; a value may be empty, which curl spells "Name;". */
static int add_header(struct cdc_http *http, const char *path, char *line, struct cdc_err *err)
{
	size_t n = strcspn(line, ":");

	line[strcspn(line, "\r")] = '\0';
	if (!*line)
		return 0;
	if (n == 0 || line[n] != ':' || strcspn(line, " \t") < n)
		return cdc_fail(err, CDC_ERR_USAGE, "file '%s': lines of the form 'Name: value' are expected", path);
	if (line[n + 1 + strspn(line + n + 1, " \t")] == '\0') {
		line[n] = ';';
		line[n + 1] = '\0';
	}
	http->headers = curl_slist_append(http->headers, line);
	return 0;
}

static int read_headers(struct cdc_http *http, struct cdc_err *err)
{
	CDC_CLEANUP(forget) struct cdc_buf text = CDC_BUF_INIT;
	const char *path = http->params->header_file;
	char *next, *line;

	if (!path)
		return 0;
	if (cdc_file_read_secret(path, &text, err) < 0)
		return -1;
	/* strsep(3) only writes within the text */
	next = text.text;
	while ((line = strsep(&next, "\n")) != NULL)
		if (add_header(http, path, line, err) < 0)
			return -1;
	return 0;
}

/* Files that curl or OpenSSL would open only during the handshake, and then complain about in their own words. */
static int check_files(const struct cdc_http_params *params, struct cdc_err *err)
{
	if (params->netrc_file && cdc_file_check(params->netrc_file, true, err) < 0)
		return cdc_fail_in(err, "option --netrc-file");
	if (params->ca_cert && cdc_file_check(params->ca_cert, false, err) < 0)
		return cdc_fail_in(err, "option --ca-cert");
	if (params->client_cert && cdc_file_check(params->client_cert, false, err) < 0)
		return cdc_fail_in(err, "option --client-cert");
	if (params->private_key && cdc_file_check(params->private_key, true, err) < 0)
		return cdc_fail_in(err, "option --private-key");
	return 0;
}

int cdc_http_read_secrets(struct cdc_http *http, struct cdc_err *err)
{
	if (check_files(http->params, err) < 0)
		return -1;
	if (read_auth(http, err) < 0)
		return cdc_fail_in(err, "option --auth-file");
	if (read_bearer(http, err) < 0)
		return cdc_fail_in(err, "option --bearer-file");
	if (read_headers(http, err) < 0)
		return cdc_fail_in(err, "option --header-file");
	return 0;
}

void cdc_http_hide_secrets(const struct cdc_http *http, struct cdc_buf *text)
{
	bool shown = strcasestr(text->text, "authorization:") != NULL ||
	    (http->password && *http->password && strstr(text->text, http->password));

	for (const struct curl_slist *header = http->headers; header && !shown; header = header->next) {
		const char *value = strchr(header->data, ':');

		shown = value && value[1] && strstr(text->text, value + 1 + strspn(value + 1, " \t"));
	}
	if (shown)
		cdc_buf_clear(text);
}

static void set_tls(const struct cdc_http_params *params, CURL *easy)
{
	bool verify = params->tls == CDC_HTTP_VERIFY;

	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, verify ? 1L : 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, verify ? 2L : 0L);
	if (params->ca_cert) {
		curl_easy_setopt(easy, CURLOPT_CAINFO, params->ca_cert);
		curl_easy_setopt(easy, CURLOPT_CAPATH, NULL); /* else the system's authorities would count too */
	}
	if (params->client_cert)
		curl_easy_setopt(easy, CURLOPT_SSLCERT, params->client_cert);
	if (params->private_key)
		curl_easy_setopt(easy, CURLOPT_SSLKEY, params->private_key);
	/* OpenSSL would ask a terminal for the passphrase of an encrypted key */
	curl_easy_setopt(easy, CURLOPT_KEYPASSWD, "");
}

void cdc_http_set_security(const struct cdc_http *http, CURL *easy)
{
	const struct cdc_http_params *params = http->params;

	/* Basic alone is sent at once: Connect's own 401 has no WWW-Authenticate that could ask for it */
	curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
	if (http->user) {
		curl_easy_setopt(easy, CURLOPT_USERNAME, http->user);
		curl_easy_setopt(easy, CURLOPT_PASSWORD, http->password);
	}
	if (params->netrc_file) {
		curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_OPTIONAL);
		curl_easy_setopt(easy, CURLOPT_NETRC_FILE, params->netrc_file);
	}
	set_tls(params, easy);
}
