/*
 * What the files of the HTTP client share. No other file includes it.
 */
#ifndef CDC_HTTP_INTERNAL_H
#define CDC_HTTP_INTERNAL_H

#include <curl/curl.h>

#include "client/http.h"

struct cdc_http {
	const struct cdc_http_params *params; /* the caller keeps them */
	CURLM *multi;                         /* owns the open connections and the resolved names */
	struct curl_slist *headers;           /* what every request carries, the bearer token included */
	char *user, *password;                /* of --auth-file, or NULL */
	bool reached;                         /* some target has answered: connecting is no question any more */
};

/* Reads the files with credentials into the session. On failure -1 and a CDC_ERR_USAGE that names the option. */
int cdc_http_read_secrets(struct cdc_http *http, struct cdc_err *err) CDC_MUST_USE;

/* Empties a text from a server that repeats our credentials, so that no error quotes them. */
void cdc_http_hide_secrets(const struct cdc_http *http, struct cdc_buf *text);

/* Gives an easy handle the session's credentials and its TLS settings. */
void cdc_http_set_security(const struct cdc_http *http, CURL *easy);

/* How far a transfer got that failed. */
struct cdc_http_progress {
	bool resolved, connected, secured; /* the name, the TCP connection, TLS (where there is any) */
	int64_t connect_ms;                /* how long connecting was allowed to take */
};

/* The error of a transfer that curl gave up; detail is curl's error buffer. Never shows a secret. */
int cdc_http_fail_transfer(const struct cdc_http_exchange *exchange, CURL *easy, CURLcode code,
    const struct cdc_http_progress *progress, const char *detail, struct cdc_err *err);

#endif
