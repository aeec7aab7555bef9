/*
 * check_cdc_lag: asks exporters, Prometheus servers or Jolokia agents, all at once, and reads the answers as they come.
 */
#include "plugins/check_cdc_lag.h"

#include <stdlib.h>

#include "cdc/jolokia.h"
#include "cdc/prometheus_api.h"

/* Answers are streamed: the limit is there for one that would not end before the deadline does. */
#define ANSWER_MAX ((int64_t)4 << 30)

/* One request and how its answer is read. */
struct request {
	struct cdc_http_exchange *exchange;
	const struct kind *kind;
	struct cdc_lag_reader samples;
	struct cdc_exposition page;
	struct cdc_prometheus_reader prometheus;
	struct cdc_jolokia_reader jolokia;
	char *path;
	bool begun;
};

/* What differs between a page, an answer of Prometheus and one of Jolokia. */
struct kind {
	const char *what, *accept, *post;
	void (*begin)(struct request *request);
	int (*feed)(struct request *request, const char *bytes, size_t n, struct cdc_err *err);
	int (*end)(struct request *request, struct cdc_err *err);
	uint64_t (*count)(const struct request *request);
};

static void begin_page(struct request *request)
{
	struct cdc_sample_taker taker = cdc_lag_taker(&request->samples);

	cdc_exposition_init(&request->page, &taker,
	    strncmp(request->exchange->content_type, "application/openmetrics-text", 28) == 0);
}

static int feed_page(struct request *request, const char *bytes, size_t n, struct cdc_err *err)
{
	return cdc_exposition_feed(&request->page, bytes, n, err);
}

static int end_page(struct request *request, struct cdc_err *err)
{
	return cdc_exposition_end(&request->page, err);
}

static uint64_t count_page(const struct request *request)
{
	return request->page.samples;
}

static void begin_prometheus(struct request *request)
{
	struct cdc_sample_taker taker = cdc_lag_taker(&request->samples);

	cdc_prometheus_reader_init(&request->prometheus, &taker);
}

static int feed_prometheus(struct request *request, const char *bytes, size_t n, struct cdc_err *err)
{
	return cdc_prometheus_reader_feed(&request->prometheus, bytes, n, err);
}

static int end_prometheus(struct request *request, struct cdc_err *err)
{
	return cdc_prometheus_reader_end(&request->prometheus, err);
}

static uint64_t count_prometheus(const struct request *request)
{
	return request->prometheus.samples;
}

static void begin_jolokia(struct request *request)
{
	struct cdc_sample_taker taker = cdc_lag_taker(&request->samples);

	cdc_jolokia_reader_init(&request->jolokia, &taker);
}

static int feed_jolokia(struct request *request, const char *bytes, size_t n, struct cdc_err *err)
{
	return cdc_jolokia_reader_feed(&request->jolokia, bytes, n, err);
}

static int end_jolokia(struct request *request, struct cdc_err *err)
{
	return cdc_jolokia_reader_end(&request->jolokia, err);
}

static uint64_t count_jolokia(const struct request *request)
{
	return request->jolokia.samples;
}

/* Text 0.0.4 is what every exporter can write. */
static const struct kind page = { "its metrics", "text/plain;version=0.0.4;charset=utf-8, */*;q=0.1", NULL, begin_page,
	feed_page, end_page, count_page };
static const struct kind prometheus = { "the result of a query", "application/json", NULL, begin_prometheus,
	feed_prometheus, end_prometheus, count_prometheus };
static const struct kind jolokia = { "Debezium's beans", NULL, cdc_jolokia_request, begin_jolokia, feed_jolokia,
	end_jolokia, count_jolokia };

static void begin(struct request *request)
{
	if (!request->begun)
		request->kind->begin(request);
	request->begun = true;
}

static int take(void *arg, const char *bytes, size_t n, struct cdc_err *err)
{
	struct request *request = arg;

	begin(request);
	return request->kind->feed(request, bytes, n, err);
}

/* --- requests ---------------------------------------------------------------------------------------------------- */

/* Requests that go out together; each has its exchange at the same place. */
struct batch {
	struct request *at;
	struct cdc_http_exchange *exchanges;
	size_t count;
};

static void batch_init(struct batch *batch, size_t size)
{
	batch->at = cdc_alloc(size, sizeof(*batch->at));
	batch->exchanges = cdc_alloc(size, sizeof(*batch->exchanges));
	batch->count = 0;
}

static void request_release(struct request *request)
{
	cdc_lag_reader_release(&request->samples);
	if (request->begun && request->kind == &page)
		cdc_exposition_release(&request->page);
	else if (request->begun && request->kind->count == count_prometheus)
		cdc_prometheus_reader_release(&request->prometheus);
	else if (request->begun)
		cdc_jolokia_reader_release(&request->jolokia);
	free(request->path);
}

static void batch_release(struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		cdc_http_exchange_release(&batch->exchanges[i]);
		request_release(&batch->at[i]);
	}
	free(batch->at);
	free(batch->exchanges);
}

/* Adds a request; path, which may be NULL, becomes its own. */
static struct request *batch_add(struct batch *batch, const struct kind *kind, const struct cdc_http_url *url, char *path,
    struct cdc_lag_facts *facts, size_t source)
{
	struct request *request = &batch->at[batch->count];

	*request = (struct request){ .exchange = &batch->exchanges[batch->count], .kind = kind, .path = path };
	batch->count++;
	*request->exchange = (struct cdc_http_exchange){ .url = url, .path = path, .what = kind->what,
		.accept = kind->accept, .post = kind->post, .limit = ANSWER_MAX, .take = take, .arg = request };
	cdc_lag_reader_init(&request->samples, facts, source);
	return request;
}

/* What became of a request: 0, or -1 and an error that names the target. */
static int conclude(struct request *request, struct cdc_err *err)
{
	const struct cdc_http_exchange *exchange = request->exchange;

	if (exchange->code < 0) {
		*err = exchange->err;
		/* what the reading of the answer said does not name the target yet */
		if (!strstr(err->text, exchange->url->target))
			cdc_fail_in(err, "%s", exchange->url->target);
		return -1;
	}
	if (exchange->status != 200)
		return cdc_http_fail_status(exchange, err);
	begin(request);
	if (request->kind->end(request, err) < 0)
		return cdc_fail_in(err, "%s", exchange->url->target);
	return 0;
}

/* The same, noted with its source. */
static void conclude_source(struct request *request, struct cdc_lag_facts *facts)
{
	struct cdc_lag_source *source = &facts->sources[request->samples.source];
	bool failed = conclude(request, &source->err) < 0;

	source->samples = request->begun ? request->kind->count(request) : 0;
	source->cut = failed && source->samples > 0;
}

/* --- all sources of one kind ------------------------------------------------------------------------------------- */

/* URLs that an option gave, and the session that asks them. */
struct targets {
	struct cdc_http_url *urls;
	size_t count;
	struct cdc_http *http;
};

static void targets_release(struct targets *targets)
{
	for (size_t i = 0; i < targets->count; i++)
		cdc_http_url_release(&targets->urls[i]);
	free(targets->urls);
	cdc_http_close(&targets->http);
}

static bool is_known(const struct targets *targets, const struct cdc_http_url *url)
{
	for (size_t i = 0; i < targets->count; i++)
		if (cdc_streq(targets->urls[i].text, url->text))
			return true;
	return false;
}

/* Two paths behind one host and port are two sources: then the whole URL names them. */
static const char *name_of(const struct targets *targets, size_t index)
{
	for (size_t i = 0; i < targets->count; i++)
		if (i != index && cdc_streq(targets->urls[i].target, targets->urls[index].target))
			return targets->urls[index].text;
	return targets->urls[index].target;
}

/* "host:port/path": two paths of one host are two targets, however the port is written. */
static void add_identity(struct cdc_buf *identity, const struct cdc_http_url *url)
{
	const char *rest = strstr(url->text, "://") + strlen("://");

	cdc_buf_addf(identity, "%s%s", url->target, rest + strcspn(rest, "/?"));
}

static enum cdc_lag_kind kind_of(const struct cdc_lag_config *config, const struct cdc_strings *urls)
{
	if (urls == &config->prometheus_urls)
		return CDC_LAG_PROMETHEUS;
	return urls == &config->jolokia_urls ? CDC_LAG_JOLOKIA : CDC_LAG_PAGE;
}

/* Takes the URLs apart, each once, and adds a source for each. */
static int open_targets(const struct cdc_lag_config *config, const struct cdc_strings *urls, struct targets *ret,
    struct cdc_lag_facts *facts, struct cdc_err *err)
{
	ret->urls = cdc_alloc(urls->count, sizeof(*ret->urls));
	for (size_t i = 0; i < urls->count; i++) {
		struct cdc_http_url url;

		if (cdc_http_url_parse(urls->at[i], &url, err) < 0)
			return -1;
		if (is_known(ret, &url))
			cdc_http_url_release(&url);
		else
			ret->urls[ret->count++] = url;
	}
	for (size_t i = 0; i < ret->count; i++) {
		CDC_BUF_CLEANUP struct cdc_buf identity = CDC_BUF_INIT;

		add_identity(&identity, &ret->urls[i]);
		cdc_lag_add_source(facts, kind_of(config, urls), name_of(ret, i), identity.text);
	}
	return cdc_http_open(&config->http, &ret->http, err);
}

/* --- Prometheus -------------------------------------------------------------------------------------------------- */

/* Names that may be Debezium's and of interest; what they mean is decided by lib/cdc/debezium_metrics.c. */
#define NAMES                                                                                                \
	"__name__=~\"(?i:.*debezium.*(behind|lag|since|connect|event|transaction|queue|snapshot|table|rows|"   \
	"recovered|binlog).*)\""
/* One gauge only, for timestamp() takes the names away and two series must not become the same. */
#define GAUGE                                                                                                \
	"__name__=~\"(?i:.*debezium.*(behind_?source(_milliseconds)?|source_lag_seconds|streaming_lag_ms))\""

enum query { QUERY_VALUES, QUERY_ERRORS, QUERY_TIMES };

static void add_selector(struct cdc_buf *query, const char *names, const struct cdc_strings *labels)
{
	cdc_buf_addf(query, "{%s", names);
	for (size_t i = 0; i < labels->count; i++) {
		const char *value = strchr(labels->at[i], '=') + 1;

		cdc_buf_addf(query, ",%.*s=\"", (int)(value - 1 - labels->at[i]), labels->at[i]);
		for (; *value; value++)
			cdc_buf_addf(query, *value == '"' || *value == '\\' ? "\\%c" : "%c", *value);
		cdc_buf_add_char(query, '"');
	}
	cdc_buf_add_char(query, '}');
}

static char *path_of(const struct cdc_lag_config *config, enum query which)
{
	CDC_BUF_CLEANUP struct cdc_buf query = CDC_BUF_INIT;
	struct cdc_buf path = CDC_BUF_INIT;

	if (which == QUERY_TIMES)
		cdc_buf_add(&query, "timestamp(");
	/* only targets that have shown Debezium's metrics: the others are none of our business */
	if (which == QUERY_ERRORS)
		cdc_buf_add(&query, "(up == 0 or jmx_scrape_error == 1) and on (job, instance) last_over_time(");
	add_selector(&query, which == QUERY_VALUES ? NAMES : GAUGE, &config->prometheus_labels);
	if (which == QUERY_TIMES)
		cdc_buf_add(&query, ")");
	if (which == QUERY_ERRORS)
		cdc_buf_add(&query, "[1d])");
	cdc_buf_add(&path, "/api/v1/query?query=");
	cdc_http_add_escaped(&path, query.text);
	return cdc_buf_take(&path);
}

static bool wants_errors(void *arg CDC_UNUSED, const char *name CDC_UNUSED, size_t n CDC_UNUSED)
{
	return true;
}

static int take_error(void *arg, const struct cdc_sample *sample, struct cdc_err *err CDC_UNUSED)
{
	struct request *request = arg;
	const char *instance = cdc_sample_label(sample, "instance");
	bool down = cdc_streq(sample->name, "up") && sample->known && sample->value == 0;
	bool unread = cdc_streq(sample->name, "jmx_scrape_error") && sample->known && sample->value != 0;

	/* a server that does not understand all of the question may answer with more than was asked */
	if (down || unread)
		cdc_lag_add_scrape_error(request->samples.facts, instance ? instance : "a worker", down);
	return 0;
}

static void begin_errors(struct request *request)
{
	cdc_prometheus_reader_init(&request->prometheus,
	    &(struct cdc_sample_taker){ .wants = wants_errors, .take = take_error, .arg = request });
}

static const struct kind prometheus_errors = { "the result of a query", "application/json", NULL, begin_errors,
	feed_prometheus, end_prometheus, count_prometheus };

/* What only adds to the answer is not worth an error. */
static void conclude_extra(struct cdc_run *run, struct request *request, const char *what)
{
	struct cdc_err err;

	if (conclude(request, &err) < 0)
		cdc_result_note(&run->check, "%s: not known: %s", what, err.text);
}

static void ask_times(struct cdc_run *run, const struct targets *targets, struct cdc_lag_facts *facts)
{
	struct batch batch;

	batch_init(&batch, targets->count);
	for (size_t i = 0; i < targets->count; i++)
		if (facts->sources[i].err.kind == CDC_ERR_NONE)
			batch_add(&batch, &prometheus, &targets->urls[i], path_of(run->config, QUERY_TIMES), facts, i)->samples.times =
			    true;
	cdc_http_exchange_all(targets->http, run, batch.exchanges, batch.count, "asking for the age of the samples");
	for (size_t i = 0; i < batch.count; i++)
		conclude_extra(run, &batch.at[i], "the age of the samples");
	batch_release(&batch);
}

static void ask_prometheus(struct cdc_run *run, const struct targets *targets, struct cdc_lag_facts *facts)
{
	struct batch batch;

	batch_init(&batch, 2 * targets->count);
	for (size_t i = 0; i < targets->count; i++) {
		batch_add(&batch, &prometheus, &targets->urls[i], path_of(run->config, QUERY_VALUES), facts, i);
		batch_add(&batch, &prometheus_errors, &targets->urls[i], path_of(run->config, QUERY_ERRORS), facts, i);
	}
	for (size_t i = 0; i < batch.count; i++)
		batch.exchanges[i].targets = targets->count;
	cdc_http_exchange_all(targets->http, run, batch.exchanges, batch.count, "asking Prometheus");
	for (size_t i = 0; i < batch.count; i += 2) {
		conclude_source(&batch.at[i], facts);
		if (facts->sources[i / 2].err.kind == CDC_ERR_NONE)
			conclude_extra(run, &batch.at[i + 1], "whether Prometheus can scrape");
	}
	batch_release(&batch);
	ask_times(run, targets, facts);
}

/* --- pages and Jolokia ------------------------------------------------------------------------------------------- */

static void ask_workers(struct cdc_run *run, const struct kind *kind, const struct targets *targets,
    struct cdc_lag_facts *facts)
{
	struct batch batch;

	batch_init(&batch, targets->count);
	for (size_t i = 0; i < targets->count; i++) {
		/* the agent's path ends in a slash */
		bool slash = kind == &jolokia && !targets->urls[i].query;

		batch_add(&batch, kind, &targets->urls[i], slash ? cdc_strdup("/") : NULL, facts, i)->exchange->targets =
		    targets->count;
	}
	cdc_http_exchange_all(targets->http, run, batch.exchanges, batch.count, "reading the metrics");
	for (size_t i = 0; i < batch.count; i++)
		conclude_source(&batch.at[i], facts);
	batch_release(&batch);
}

int cdc_lag_ask(struct cdc_run *run, const struct cdc_lag_config *config, struct cdc_lag_facts *facts,
    struct cdc_err *err)
{
	const struct cdc_strings *urls = config->metrics_urls.count ? &config->metrics_urls :
	    config->jolokia_urls.count				    ? &config->jolokia_urls :
								      &config->prometheus_urls;
	CDC_CLEANUP(targets_release) struct targets targets = { 0 };

	if (open_targets(config, urls, &targets, facts, err) < 0)
		return -1;
	if (urls == &config->prometheus_urls)
		ask_prometheus(run, &targets, facts);
	else
		ask_workers(run, urls == &config->jolokia_urls ? &jolokia : &page, &targets, facts);
	return 0;
}
