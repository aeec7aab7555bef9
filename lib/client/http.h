/*
 * HTTP over libcurl: requests with a deadline whose answers are streamed to a callback, so that an answer of a
 * gigabyte takes the memory of one block. Several requests can be on their way at once.
 *
 * Never done: a redirect is not followed, a proxy is not used, a compressed answer is not asked for, and credentials
 * go only to the target they are meant for. Only http.c and its relatives include curl; http_options.c, which the pure
 * part of a plugin links, knows no library.
 *
 * Use: cdc_http_open; fill an exchange; cdc_http_exchange (one) or cdc_http_exchange_all (several at once); look at
 * exchange.status; cdc_http_exchange_release; cdc_http_close.
 */
#ifndef CDC_HTTP_H
#define CDC_HTTP_H

#include "plugin/option.h"
#include "plugin/run.h"

/* What the connection options say; a zeroed one asks without credentials and verifies TLS by the system's CAs. */
struct cdc_http_params {
	const char *auth_file, *bearer_file, *netrc_file, *header_file;
	const char *ca_cert, *client_cert, *private_key;
	int tls; /* enum cdc_http_tls */
	bool ipv4, ipv6;
};

enum cdc_http_tls { CDC_HTTP_VERIFY, CDC_HTTP_NO_VERIFY };

/* The rows for a plugin's table: { .type = CDC_OPT_GROUP, .name = ..., .group = cdc_http_options, .offset = ... }. */
extern const struct cdc_option cdc_http_options[];

/* A target as an option gives it. Owns its texts; release it with cdc_http_url_release. */
struct cdc_http_url {
	char *text;   /* scheme://host[:port][/path][?query], no slash at the end of the path */
	char *target; /* "host:port" for texts and state files; an IPv6 address in brackets */
	char *host;   /* lower case, without brackets */
	int64_t port; /* the scheme's own where none is given */
	bool query;   /* the text has a query: no path can be appended to it */
};

/*
 * Reads a URL; one without a scheme is http. On failure -1 and a CDC_ERR_USAGE that quotes it: no URL, neither http
 * nor https, or a password in it (which does not belong on a command line).
 */
int cdc_http_url_parse(const char *text, struct cdc_http_url *ret, struct cdc_err *err) CDC_MUST_USE;

/* The URL of a host name or address (IPv6 with or without brackets) and a port. The same errors. */
int cdc_http_url_of(const char *host, int64_t port, struct cdc_http_url *ret, struct cdc_err *err) CDC_MUST_USE;
void cdc_http_url_release(struct cdc_http_url *url);

/* Appends text with every byte but letters, digits and "-._~" percent-encoded, so that it is one path segment. */
void cdc_http_add_escaped(struct cdc_buf *buf, const char *text);

/* A session: credentials and connections that are kept open between requests. Opaque outside http.c. */
struct cdc_http;

/*
 * Reads the files that the parameters name. On failure -1 and a CDC_ERR_USAGE. The caller releases *ret with
 * cdc_http_close.
 */
int cdc_http_open(const struct cdc_http_params *params, struct cdc_http **ret, struct cdc_err *err) CDC_MUST_USE;
void cdc_http_close(struct cdc_http **http);

/* A request and its answer. */
struct cdc_http_exchange {
	/* in; texts are borrowed */
	const struct cdc_http_url *url;
	const char *path;   /* appended to the URL, with its slash; NULL: nothing */
	const char *what;   /* for texts: "the list of connectors" */
	const char *accept; /* the Accept header; NULL: anything */
	const char *post;   /* a JSON body: POST; NULL: GET */
	size_t targets;     /* how many targets that were not tried yet share the time for connecting; 0 is 1 */
	int64_t header_ms;  /* the header of the answer must be there in that time, else late; 0: any time */
	int64_t limit;      /* bytes that the body may have; 0: 1 MiB */
	/*
	 * Takes the next n > 0 bytes of the body of an answer with status 200. -1 and an error end the exchange with that
	 * error. NULL: the body is collected in `body` like that of any other status.
	 */
	int (*take)(void *arg, const char *bytes, size_t n, struct cdc_err *err);
	void *arg;
	/* out */
	int code;           /* 0: there is an answer, whatever its status; -1: err says why not */
	struct cdc_err err; /* CDC_ERR_UNREACHABLE, _TIMEOUT, _PROTOCOL, what `take` said, or _USAGE for a bad key file */
	bool late;          /* code is -1 because header_ms passed */
	int status;         /* 200, 404 ... */
	char content_type[128], location[512]; /* cut; empty where the answer has none */
	struct cdc_buf body; /* with `take`, the first 64 KiB of a body whose status is not 200 */
	int64_t bytes;       /* of the body, so far */
	int64_t took_us;     /* from the start to the last byte */
};

/* Does one exchange before the run's deadline: returns exchange->code, and its error in *err too. */
int cdc_http_exchange(struct cdc_http *http, struct cdc_run *run, struct cdc_http_exchange *exchange,
    struct cdc_err *err) CDC_MUST_USE;

/*
 * Does all of them at once; each has its own code and error afterwards. `step` says what is being done, for the text
 * of a time-out.
 */
void cdc_http_exchange_all(struct cdc_http *http, struct cdc_run *run, struct cdc_http_exchange *exchanges, size_t count,
    const char *step);

/* Forgets the answer; the request can be done again. */
void cdc_http_exchange_release(struct cdc_http_exchange *exchange);

/*
 * The error that a status stands for (interface.md section 1): 401 and 403 are CDC_ERR_DENIED, 5xx
 * CDC_ERR_UNREACHABLE, any other but 200 CDC_ERR_PROTOCOL; -1. The answer's own words are quoted. 0 for 200.
 */
int cdc_http_fail_status(const struct cdc_http_exchange *exchange, struct cdc_err *err) CDC_MUST_USE;

/* Appends "libcurl VERSION". */
void cdc_http_versions(struct cdc_buf *buf);

#endif
