/*
 * What a failure of a transfer or a status means. The texts say what was tried and what happened.
 */
#include "client/http_internal.h"

#include <stdio.h>

#include "base/text.h"

#define QUOTE_MAX 200

static enum cdc_err_kind kind_of(CURLcode code)
{
	switch (code) {
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CIPHER:
		return CDC_ERR_USAGE; /* our own files */
	case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9: an answer without a status line */
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_BAD_CONTENT_ENCODING:
	case CURLE_HTTP_RETURNED_ERROR:
	case CURLE_OUT_OF_MEMORY: /* only an answer beyond every limit gets there */
	case CURLE_WRITE_ERROR:
		return CDC_ERR_PROTOCOL;
	default:
		return CDC_ERR_UNREACHABLE;
	}
}

static int fail_time(const struct cdc_http_exchange *exchange, const struct cdc_http_progress *progress,
    struct cdc_err *err)
{
	const char *target = exchange->url->target;
	double seconds = (double)progress->connect_ms / 1000;

	if (!progress->resolved)
		return cdc_fail(err, CDC_ERR_TIMEOUT, "timed out while looking up the name %s (--timeout)",
		    exchange->url->host);
	if (!progress->connected)
		return cdc_fail(err, CDC_ERR_UNREACHABLE, "cannot connect to %s: no connection within %.1f s", target,
		    seconds);
	if (!progress->secured)
		return cdc_fail(err, CDC_ERR_TIMEOUT, "timed out while setting up TLS with %s (--timeout)", target);
	if (exchange->status)
		return cdc_fail(err, CDC_ERR_TIMEOUT, "timed out while reading %s from %s (--timeout)", exchange->what,
		    target);
	return cdc_fail(err, CDC_ERR_TIMEOUT, "timed out while waiting for %s from %s (--timeout)", exchange->what,
	    target);
}

int cdc_http_fail_transfer(const struct cdc_http_exchange *exchange, CURL *easy, CURLcode code,
    const struct cdc_http_progress *progress, const char *detail, struct cdc_err *err)
{
	const char *target = exchange->url->target;
	long number = 0;

	if (code == CURLE_OPERATION_TIMEDOUT)
		return fail_time(exchange, progress, err);
	curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &number);
	if (code == CURLE_COULDNT_CONNECT && number)
		return cdc_fail(err, CDC_ERR_UNREACHABLE, "cannot connect to %s: %s", target, strerror((int)number));
	if (code == CURLE_COULDNT_RESOLVE_HOST)
		return cdc_fail(err, CDC_ERR_UNREACHABLE, "cannot connect to %s: no address found for that name", target);
	if (code == CURLE_PARTIAL_FILE || code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING)
		return cdc_fail(err, CDC_ERR_UNREACHABLE, "%s: the connection broke while reading %s%s%s", target,
		    exchange->what, *detail ? ": " : "", detail);
	if (kind_of(code) == CDC_ERR_USAGE)
		return cdc_fail(err, CDC_ERR_USAGE, "the certificate files cannot be used: %s",
		    *detail ? detail : curl_easy_strerror(code));
	if (code == CURLE_SSL_CONNECT_ERROR && strstr(detail, "wrong version number"))
		return cdc_fail(err, CDC_ERR_UNREACHABLE, "cannot connect to %s: no TLS is spoken there (http:// instead?)",
		    target);
	if (code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_WEIRD_SERVER_REPLY)
		return cdc_fail(err, CDC_ERR_PROTOCOL, "%s speaks no HTTP, an answer with %s was expected: %s", target,
		    exchange->what, *detail ? detail : curl_easy_strerror(code));
	return cdc_fail(err, kind_of(code), "%s %s: %s", progress->connected ? "asking" : "cannot connect to", target,
	    *detail ? detail : curl_easy_strerror(code));
}

/* The beginning of what the server says, quoted; nothing where it says nothing. */
static void add_quote(struct cdc_buf *text, const struct cdc_http_exchange *exchange)
{
	CDC_BUF_CLEANUP struct cdc_buf quote = CDC_BUF_INIT;

	cdc_text_add_safe(&quote, exchange->body.text ? exchange->body.text : "", QUOTE_MAX);
	if (quote.len)
		cdc_buf_addf(text, ": %s", quote.text);
}

static int fail_redirect(const struct cdc_http_exchange *exchange, struct cdc_err *err)
{
	CDC_BUF_CLEANUP struct cdc_buf location = CDC_BUF_INIT;

	cdc_text_add_safe(&location, exchange->location, QUOTE_MAX);
	return cdc_fail(err, CDC_ERR_PROTOCOL,
	    "%s answers HTTP %d with a redirect to '%s', which is not followed: %s was expected", exchange->url->target,
	    exchange->status, location.text, exchange->what);
}

int cdc_http_fail_status(const struct cdc_http_exchange *exchange, struct cdc_err *err)
{
	CDC_BUF_CLEANUP struct cdc_buf quote = CDC_BUF_INIT;
	const char *target = exchange->url->target;
	int status = exchange->status;

	if (status == 200)
		return 0;
	add_quote(&quote, exchange);
	if (status >= 300 && status < 400)
		return fail_redirect(exchange, err);
	if (status == 401)
		return cdc_fail(err, CDC_ERR_DENIED, "%s refuses the credentials (HTTP 401, see --auth-file and --bearer-file)%s",
		    target, quote.text);
	if (status == 403)
		return cdc_fail(err, CDC_ERR_DENIED, "%s does not allow this user to read %s (HTTP 403)%s", target,
		    exchange->what, quote.text);
	if (status >= 500)
		return cdc_fail(err, CDC_ERR_UNREACHABLE, "%s cannot give %s (HTTP %d)%s", target, exchange->what, status,
		    quote.text);
	return cdc_fail(err, CDC_ERR_PROTOCOL, "%s answers HTTP %d where %s was expected%s", target, status,
	    exchange->what, quote.text);
}
