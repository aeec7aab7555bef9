#include "client/http_internal.h"

#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/text.h"

#define BLOCK_BYTES      262144L /* a page of 140 MB takes a tenth less than with the 100 KiB of the curl program */
#define HEADER_MAX       ((size_t)256 << 10)
#define BODY_MAX         ((size_t)64 << 10) /* of an answer that nobody takes block by block */
#define BODY_LIMIT       ((int64_t)1 << 20)
#define POLL_MAX_MS      1000
#define RESOLVING_MS     20  /* how soon the end of a name look-up is noticed, for the clock of connecting */
#define CONNECT_MIN_MS   100 /* what connecting may take even where looking the name up used the time for it */

#define SOCKETS_MAX      8 /* addresses that are tried at the same time are two */

/* One exchange on its way. */
struct transfer {
	struct cdc_http_exchange *exchange;
	CURL *easy;
	struct cdc_buf url, accept;
	struct curl_slist own[2]; /* the request's own header lines; the session's hang behind them */
	int64_t start_ms, connect_ms, connect_end_ms;
	curl_socket_t sockets[SOCKETS_MAX]; /* those it tried to connect, the last ones */
	size_t socket_count;
	size_t header_bytes;
	bool resolved, connected, header_done, over;
	bool failed; /* exchange->err says already why it was ended from within */
	char detail[CURL_ERROR_SIZE];
};

/* --- session -------------------------------------------------------------------------------------------------- */

int cdc_http_open(const struct cdc_http_params *params, struct cdc_http **ret, struct cdc_err *err)
{
	CDC_CLEANUP(cdc_http_close) struct cdc_http *http = cdc_alloc(1, sizeof(*http));

	http->params = params;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !(http->multi = curl_multi_init()))
		return cdc_fail(err, CDC_ERR_PROTOCOL, "libcurl cannot be initialised");
	http->headers = curl_slist_append(NULL, "Expect:"); /* no round trip before a body is sent */
	if (cdc_http_read_secrets(http, err) < 0)
		return -1;
	*ret = CDC_TAKE(http);
	return 0;
}

void cdc_http_close(struct cdc_http **http)
{
	if (!*http)
		return;
	curl_multi_cleanup((*http)->multi);
	curl_slist_free_all((*http)->headers);
	free((*http)->user);
	if ((*http)->password)
		explicit_bzero((*http)->password, strlen((*http)->password));
	free((*http)->password);
	free(*http);
	*http = NULL;
}

void cdc_http_versions(struct cdc_buf *buf)
{
	const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);

	cdc_buf_addf(buf, "libcurl %s (%s)\n", info->version, info->ssl_version ? info->ssl_version : "no TLS");
}

/* --- what comes in -------------------------------------------------------------------------------------------- */

/* True if the header line has that name; *value is its value then, without blanks around it. */
static bool is_header(const char *line, size_t n, const char *name, const char **value, size_t *value_len)
{
	size_t name_len = strlen(name);

	if (n <= name_len || strncasecmp(line, name, name_len) != 0 || line[name_len] != ':')
		return false;
	line += name_len + 1;
	n -= name_len + 1;
	for (; n > 0 && (*line == ' ' || *line == '\t'); n--)
		line++;
	for (; n > 0 && strchr(" \t\r\n", line[n - 1]); n--)
		;
	*value = line;
	*value_len = n;
	return true;
}

static void copy_header(char *to, size_t size, const char *value, size_t n)
{
	snprintf(to, size, "%.*s", (int)(n < size ? n : size - 1), value);
}

static int fail_in_transfer(struct transfer *transfer, const char *format, ...) CDC_PRINTF(2, 3);

/* Notes why the transfer is to be ended; what curl says of it then does not matter. */
static int fail_in_transfer(struct transfer *transfer, const char *format, ...)
{
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_LIMITED(CDC_ERR_TEXT_MAX);
	va_list args;

	va_start(args, format);
	cdc_buf_vaddf(&text, format, args);
	va_end(args);
	transfer->failed = true;
	return cdc_fail(&transfer->exchange->err, CDC_ERR_PROTOCOL, "%s: %s", transfer->exchange->url->target, text.text);
}

static int note_header(struct transfer *transfer, const char *line, size_t n)
{
	struct cdc_http_exchange *exchange = transfer->exchange;
	const char *value;
	size_t len;

	if (is_header(line, n, "Content-Type", &value, &len))
		copy_header(exchange->content_type, sizeof(exchange->content_type), value, len);
	else if (is_header(line, n, "Location", &value, &len))
		copy_header(exchange->location, sizeof(exchange->location), value, len);
	else if (is_header(line, n, "Content-Encoding", &value, &len) &&
	    !(len == 8 && strncasecmp(value, "identity", 8) == 0) && len > 0)
		return fail_in_transfer(transfer, "%s came compressed (%.*s) though nobody asked for that", exchange->what,
		    (int)(len < 40 ? len : 40), value);
	return 0;
}

static size_t take_header(char *line, size_t size, size_t n, void *arg)
{
	struct transfer *transfer = arg;
	long status = 0;

	n *= size;
	transfer->header_bytes += n;
	if (transfer->header_bytes > HEADER_MAX) {
		fail_in_transfer(transfer, "the header of the answer is over the limit of %zu KiB", HEADER_MAX >> 10);
		return 0;
	}
	/* the empty line ends a header; that of a 1xx is followed by another */
	if (n <= 2 && (*line == '\r' || *line == '\n')) {
		curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
		transfer->exchange->status = status >= 200 ? (int)status : 0;
		transfer->header_done = status >= 200;
		return n;
	}
	return note_header(transfer, line, n) < 0 ? 0 : n;
}

static size_t take_body(char *bytes, size_t size, size_t n, void *arg)
{
	struct transfer *transfer = arg;
	struct cdc_http_exchange *exchange = transfer->exchange;
	int64_t limit = exchange->limit ? exchange->limit : BODY_LIMIT;

	n *= size;
	exchange->bytes += (int64_t)n;
	if (exchange->bytes > limit) {
		fail_in_transfer(transfer, "the answer with %s is over the limit of %lld MiB", exchange->what,
		    (long long)(limit >> 20));
		return 0;
	}
	if (!exchange->take || exchange->status != 200) {
		cdc_buf_add_bytes(&exchange->body, bytes, n);
		return n;
	}
	if (n > 0 && exchange->take(exchange->arg, bytes, n, &exchange->err) < 0) {
		transfer->failed = true;
		return 0;
	}
	return n;
}

/* curl's own time of connecting counts TLS too, so the sockets themselves are watched. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose CDC_UNUSED, struct curl_sockaddr *address)
{
	struct transfer *transfer = arg;
	int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);

	if (fd < 0)
		return CURL_SOCKET_BAD;
	transfer->sockets[transfer->socket_count++ % SOCKETS_MAX] = fd;
	return fd;
}

static bool has_connection(const struct transfer *transfer)
{
	size_t count = transfer->socket_count < SOCKETS_MAX ? transfer->socket_count : SOCKETS_MAX;
	struct sockaddr_storage address;

	for (size_t i = 0; i < count; i++) {
		socklen_t size = sizeof(address);

		if (getpeername(transfer->sockets[i], (struct sockaddr *)&address, &size) == 0)
			return true;
	}
	return false;
}

/* --- a transfer ----------------------------------------------------------------------------------------------- */

/* What the request says besides what the whole session says. */
static struct curl_slist *headers_of(const struct cdc_http *http, struct transfer *transfer)
{
	static char json[] = "Content-Type: application/json";
	const struct cdc_http_exchange *exchange = transfer->exchange;
	struct curl_slist *list = http->headers;

	if (exchange->post) {
		transfer->own[0] = (struct curl_slist){ .data = json, .next = list };
		list = &transfer->own[0];
	}
	if (exchange->accept) {
		cdc_buf_addf(&transfer->accept, "Accept: %s", exchange->accept);
		transfer->own[1] = (struct curl_slist){ .data = transfer->accept.text, .next = list };
		list = &transfer->own[1];
	}
	return list;
}

static void set_request(const struct cdc_http *http, struct cdc_run *run, struct transfer *transfer)
{
	const struct cdc_http_exchange *exchange = transfer->exchange;
	CDC_BUF_CLEANUP struct cdc_buf agent = CDC_BUF_INIT;
	CURL *easy = transfer->easy;

	cdc_buf_addf(&transfer->url, "%s%s", exchange->url->text, exchange->path ? exchange->path : "");
	cdc_buf_addf(&agent, "%s/%s", run->check.policy->plugin->name, CDC_VERSION);
	curl_easy_setopt(easy, CURLOPT_URL, transfer->url.text);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, agent.text);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_of(http, transfer));
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
	cdc_http_set_security(http, easy);
	if (http->params->ipv4 != http->params->ipv6)
		curl_easy_setopt(easy, CURLOPT_IPRESOLVE,
		    (long)(http->params->ipv4 ? CURL_IPRESOLVE_V4 : CURL_IPRESOLVE_V6));
	if (exchange->post)
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, exchange->post);
}

static void set_handling(struct transfer *transfer)
{
	CURL *easy = transfer->easy;

	curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->detail);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, BLOCK_BYTES);
#if LIBCURL_VERSION_NUM >= 0x075700
	/* a name look-up that hangs must not hang the end as well */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
}

static void start(struct cdc_http *http, struct cdc_run *run, struct transfer *transfer,
    struct cdc_http_exchange *exchange)
{
	*transfer = (struct transfer){ .exchange = exchange, .url = CDC_BUF_INIT, .accept = CDC_BUF_INIT,
		.easy = curl_easy_init() };
	exchange->body = (struct cdc_buf)CDC_BUF_LIMITED(BODY_MAX);
	if (!exchange->take && exchange->limit)
		exchange->body.limit = (size_t)exchange->limit;
	transfer->start_ms = cdc_clock_ms();
	if (!transfer->easy) {
		transfer->over = true;
		exchange->code = cdc_fail(&exchange->err, CDC_ERR_PROTOCOL, "libcurl is out of memory");
		return;
	}
	set_request(http, run, transfer);
	set_handling(transfer);
	curl_multi_add_handle(http->multi, transfer->easy);
}

static bool has_passed(const struct transfer *transfer, CURLINFO point)
{
	curl_off_t time_us = 0;

	curl_easy_getinfo(transfer->easy, point, &time_us);
	return time_us > 0;
}

static struct cdc_http_progress progress_of(const struct transfer *transfer)
{
	bool tls = strncmp(transfer->url.text, "https", 5) == 0;

	return (struct cdc_http_progress){
		.resolved = transfer->resolved,
		.connected = transfer->connected,
		.secured = !tls || has_passed(transfer, CURLINFO_APPCONNECT_TIME_T),
		.connect_ms = transfer->connect_ms,
	};
}

/* Ends a transfer, with curl's verdict on it. */
static void end(struct cdc_http *http, struct transfer *transfer, CURLcode code)
{
	struct cdc_http_exchange *exchange = transfer->exchange;
	struct cdc_http_progress progress = progress_of(transfer);
	curl_off_t took_us = 0;

	/* curl takes the end of the connection for the end of a header that has no body */
	if (code == CURLE_OK && !transfer->header_done)
		code = CURLE_GOT_NOTHING;
	curl_easy_getinfo(transfer->easy, CURLINFO_TOTAL_TIME_T, &took_us);
	exchange->took_us = (int64_t)took_us;
	exchange->code = 0;
	if (transfer->failed)
		exchange->code = -1;
	else if (code != CURLE_OK)
		exchange->code =
		    cdc_http_fail_transfer(exchange, transfer->easy, code, &progress, transfer->detail, &exchange->err);
	else if (exchange->status == 0)
		/* to curl a header that ends midway is one */
		exchange->code = cdc_fail(&exchange->err, CDC_ERR_UNREACHABLE, "%s hung up within its answer with %s",
		    exchange->url->target, exchange->what);
	else
		http->reached = true;
	if (exchange->status != 200)
		cdc_http_hide_secrets(http, &exchange->body);
	curl_multi_remove_handle(http->multi, transfer->easy);
	curl_easy_cleanup(transfer->easy);
	transfer->easy = NULL;
	cdc_buf_release(&transfer->url);
	cdc_buf_release(&transfer->accept);
	transfer->over = true;
}

static void end_late(struct cdc_http *http, struct transfer *transfer)
{
	struct cdc_http_exchange *exchange = transfer->exchange;

	double seconds = (double)exchange->header_ms / 1000;

	exchange->late = transfer->failed = true;
	if (transfer->resolved)
		cdc_fail(&exchange->err, CDC_ERR_TIMEOUT, "%s did not answer with %s within %.1f s", exchange->url->target,
		    exchange->what, seconds);
	else
		cdc_fail(&exchange->err, CDC_ERR_TIMEOUT, "%s: no address found for that name within %.1f s",
		    exchange->url->target, seconds);
	end(http, transfer, CURLE_OPERATION_TIMEDOUT);
}

/*
 * Looking a name up has the whole deadline, the TCP connection its own share, TLS the whole again. curl knows one
 * limit for all three; it also divides that among a name's addresses, so it is set where the connection begins and
 * lifted where it stands.
 */
static void note_progress(const struct cdc_http *http, struct cdc_run *run, struct transfer *transfer)
{
	int64_t now_ms = cdc_clock_ms(), left = cdc_deadline_left_ms(&run->deadline);

	/* a connection that is used again was not opened by this transfer */
	if (!transfer->connected && (has_connection(transfer) || has_passed(transfer, CURLINFO_PRETRANSFER_TIME_T))) {
		transfer->resolved = transfer->connected = true;
		curl_easy_setopt(transfer->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)INT32_MAX);
	} else if (!transfer->resolved && transfer->socket_count > 0) {
		int64_t share = http->reached ? left : cdc_run_connect_ms(run, transfer->exchange->targets);

		transfer->resolved = true;
		transfer->connect_ms = share > CONNECT_MIN_MS ? share : CONNECT_MIN_MS;
		transfer->connect_end_ms = now_ms + transfer->connect_ms;
		curl_easy_setopt(transfer->easy, CURLOPT_CONNECTTIMEOUT_MS,
		    (long)(transfer->connect_end_ms - transfer->start_ms));
	}
}

static int64_t lesser(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Holds one transfer against the clocks; returns how long it may still take, in ms. */
static int64_t judge_time(struct cdc_http *http, struct cdc_run *run, struct transfer *transfer)
{
	const struct cdc_http_exchange *exchange = transfer->exchange;
	bool header_due = exchange->header_ms && !transfer->header_done;
	bool connecting;
	int64_t now_ms, left;

	note_progress(http, run, transfer);
	now_ms = cdc_clock_ms();
	left = cdc_deadline_left_ms(&run->deadline);
	connecting = transfer->resolved && !transfer->connected;
	if (left == 0 || (connecting && now_ms >= transfer->connect_end_ms)) {
		end(http, transfer, CURLE_OPERATION_TIMEDOUT);
		return 0;
	}
	if (header_due && now_ms - transfer->start_ms >= exchange->header_ms) {
		end_late(http, transfer);
		return 0;
	}
	if (!transfer->resolved)
		left = lesser(left, RESOLVING_MS);
	if (connecting)
		left = lesser(left, transfer->connect_end_ms - now_ms);
	return header_due ? lesser(left, exchange->header_ms - (now_ms - transfer->start_ms)) : left;
}

static void end_finished(struct cdc_http *http, struct cdc_run *run)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(http->multi, &left)) != NULL) {
		CURLcode code = message->data.result;
		CURL *easy = message->easy_handle;
		struct transfer *transfer = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&transfer);
		note_progress(http, run, transfer);
		end(http, transfer, code);
	}
}

/* Works until every transfer is over, one way or the other. */
static void drive(struct cdc_http *http, struct cdc_run *run, struct transfer *transfers, size_t count)
{
	for (;;) {
		int64_t wait = POLL_MAX_MS;
		int running;
		bool over = true;

		curl_multi_perform(http->multi, &running);
		end_finished(http, run);
		for (size_t i = 0; i < count; i++) {
			int64_t left = transfers[i].over ? INT64_MAX : judge_time(http, run, &transfers[i]);

			wait = left < wait ? left : wait;
			over = over && transfers[i].over;
		}
		if (over)
			return;
		curl_multi_poll(http->multi, NULL, 0, (int)wait + 1, NULL);
	}
}

/* --- exchanges ------------------------------------------------------------------------------------------------ */

static void show(struct cdc_run *run, const struct cdc_http_exchange *exchange)
{
	int verbose = run->check.policy->verbose;

	if (verbose >= 2)
		cdc_result_verbose(&run->check, "asked: %s %s%s", exchange->post ? "POST" : "GET", exchange->url->target,
		    exchange->path ? exchange->path : "");
	if (verbose >= 1 && exchange->code == 0)
		cdc_result_verbose(&run->check, "%s answered %s: HTTP %d, %lld bytes in %lld ms", exchange->url->target,
		    exchange->what, exchange->status, (long long)exchange->bytes, (long long)exchange->took_us / 1000);
	else if (verbose >= 1)
		cdc_result_verbose(&run->check, "%s", exchange->err.text);
	if (verbose >= 3 && exchange->content_type[0])
		cdc_result_verbose(&run->check, "content type: %s", exchange->content_type);
}

void cdc_http_exchange_all(struct cdc_http *http, struct cdc_run *run, struct cdc_http_exchange *exchanges, size_t count,
    const char *step)
{
	struct transfer *transfers = cdc_alloc(count, sizeof(*transfers));

	cdc_run_step(run, "%s", step);
	for (size_t i = 0; i < count; i++)
		start(http, run, &transfers[i], &exchanges[i]);
	drive(http, run, transfers, count);
	for (size_t i = 0; i < count; i++)
		show(run, &exchanges[i]);
	free(transfers);
}

int cdc_http_exchange(struct cdc_http *http, struct cdc_run *run, struct cdc_http_exchange *exchange, struct cdc_err *err)
{
	CDC_BUF_CLEANUP struct cdc_buf step = CDC_BUF_INIT;

	cdc_buf_addf(&step, "asking %s for %s", exchange->url->target, exchange->what);
	cdc_http_exchange_all(http, run, exchange, 1, step.text);
	if (exchange->code < 0)
		*err = exchange->err;
	return exchange->code;
}

void cdc_http_exchange_release(struct cdc_http_exchange *exchange)
{
	if (exchange->body.capacity)
		cdc_buf_release(&exchange->body);
	exchange->code = exchange->status = 0;
	exchange->late = false;
	exchange->content_type[0] = exchange->location[0] = '\0';
	exchange->bytes = exchange->took_us = 0;
}
