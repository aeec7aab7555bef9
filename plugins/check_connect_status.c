/*
 * check_connect_status: asks Kafka Connect. The list of connectors with their status is judged while it streams in,
 * then the list of names tells who has none, then the worker must give a sign of life of its own.
 */
#include "plugins/connect_status.h"

#include <stdlib.h>
#include <time.h>

#include "base/text.h"
#include "value/json_token.h"

#define LIST_LIMIT   ((int64_t)4 << 30) /* it streams: no memory hangs on it */
#define LIFE_MS      3000                /* how long a sign of life may take */
#define PAUSE_MS     250                 /* between two attempts while the workers rebalance */
#define RETRY_LEFT   30                  /* percent of the deadline that no retry may use */
#define REASON_MAX   160

/* How an attempt to read from a worker ended. */
enum attempt { UNTRIED, DONE, NOT_ANSWERED, STARTING, REBALANCING, TIME_OVER };

struct worker {
	struct cdc_http_url url;
	bool silent; /* with --all-workers: it is known not to answer */
	enum attempt attempt;
	int status; /* of the HTTP answer */
	struct cdc_err err;
};

struct gather {
	struct cdc_run *run;
	const struct connect_status_config *config;
	struct cdc_http *http;
	struct worker *workers; /* in the order of the command line */
	size_t count;
	struct connect_status status;
	bool remembered;     /* the memory is open */
	struct cdc_buf down; /* which workers did not answer, and why */
	char *first;         /* a connector that can be asked for in a path, or NULL */
};

static void gather_release(struct gather *gather)
{
	for (size_t i = 0; i < gather->count; i++)
		cdc_http_url_release(&gather->workers[i].url);
	free(gather->workers);
	free(gather->first);
	cdc_buf_release(&gather->down);
	connect_status_release(&gather->status);
	cdc_http_close(&gather->http);
}

/* --- where ---------------------------------------------------------------------------------------------------- */

static int add_url(struct gather *gather, const char *text, struct cdc_err *err)
{
	struct cdc_http_url *url = &gather->workers[gather->count].url;

	if (cdc_http_url_parse(text, url, err) < 0)
		return cdc_fail_in(err, "option --url");
	gather->count++;
	if (url->query)
		return cdc_fail(err, CDC_ERR_USAGE, "option --url: '%s': a URL without '?' is expected", text);
	return 0;
}

static int find_workers(struct gather *gather, struct cdc_err *err)
{
	const struct connect_status_config *config = gather->config;
	size_t wanted = config->urls.count;

	gather->workers = cdc_alloc(wanted ? wanted : 1, sizeof(*gather->workers));
	if (wanted && config->host)
		return cdc_fail(err, CDC_ERR_USAGE, "--url and --hostname exclude each other");
	if (!wanted && !config->host)
		return cdc_fail(err, CDC_ERR_USAGE, "say where Kafka Connect is: --url or --hostname");
	for (size_t i = 0; i < wanted; i++)
		if (add_url(gather, config->urls.at[i], err) < 0)
			return -1;
	if (wanted)
		return 0;
	if (cdc_http_url_of(config->host, config->port, &gather->workers[0].url, err) < 0)
		return cdc_fail_in(err, "option --hostname");
	gather->count = 1;
	return 0;
}

/*
 * Opens the memory with the first thing that is judged: its lock is held from there on, and a run that waits for its
 * server must not keep another one waiting.
 */
static void remember(struct gather *gather)
{
	CDC_BUF_CLEANUP struct cdc_buf target = CDC_BUF_INIT;

	if (gather->remembered)
		return;
	gather->remembered = true;
	for (size_t i = 0; i < gather->count; i++)
		cdc_buf_addf(&target, "%s%s", i ? "," : "", gather->workers[i].url.text);
	cdc_run_remember(gather->run, target.text, connect_status_selection(gather->config));
}

/* --- requests ------------------------------------------------------------------------------------------------- */

/* How an answer that has come, or has not, is to be taken; *err says why where it is not DONE. */
static enum attempt judge_answer(const struct cdc_http_exchange *exchange, struct cdc_err *err)
{
	if (exchange->code < 0)
		return err->kind == CDC_ERR_TIMEOUT && !exchange->late ? TIME_OVER : NOT_ANSWERED;
	if (cdc_http_fail_status(exchange, err) == 0)
		return DONE;
	if (cdc_connect_is_rebalance(exchange->status, exchange->body.text)) {
		CDC_BUF_CLEANUP struct cdc_buf message = CDC_BUF_LIMITED(400);

		if (cdc_connect_member(exchange->body.text, "message", &message))
			cdc_fail(err, CDC_ERR_PROTOCOL, "%s", message.text);
		return REBALANCING;
	}
	return cdc_connect_is_starting(exchange->status, exchange->body.text) ? STARTING : NOT_ANSWERED;
}

static int say_who(const struct cdc_http_exchange *exchange, struct cdc_err *err)
{
	return strstr(err->text, exchange->url->target) ? -1 : cdc_fail_in(err, "%s", exchange->url->target);
}

/* A pause before the next attempt; false when there is no time for one. */
static bool may_retry(const struct gather *gather)
{
	const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000L };
	const struct cdc_deadline *deadline = &gather->run->deadline;

	if (cdc_deadline_left_ms(deadline) < (deadline->end_ms - deadline->start_ms) * RETRY_LEFT / 100 + PAUSE_MS)
		return false;
	nanosleep(&pause, NULL);
	return true;
}

/* With --all-workers: who answers at all. */
static void ask_all(struct gather *gather)
{
	struct cdc_http_exchange *exchanges = cdc_alloc(gather->count, sizeof(*exchanges));

	for (size_t i = 0; i < gather->count; i++)
		exchanges[i] = (struct cdc_http_exchange){ .url = &gather->workers[i].url, .path = "/",
			.what = "its version", .header_ms = LIFE_MS };
	cdc_http_exchange_all(gather->http, gather->run, exchanges, gather->count, "asking all workers for their version");
	for (size_t i = 0; i < gather->count; i++) {
		struct worker *worker = &gather->workers[i];

		worker->err = exchanges[i].err;
		worker->silent = exchanges[i].code < 0 || exchanges[i].status >= 500;
		connect_status_add_worker(&gather->status, worker->url.target, !worker->silent);
		if (worker->silent && exchanges[i].code == 0 && cdc_http_fail_status(&exchanges[i], &worker->err) < 0)
			worker->attempt = NOT_ANSWERED;
		cdc_http_exchange_release(&exchanges[i]);
	}
	free(exchanges);
}

/* --- the list of connectors with their status ----------------------------------------------------------------- */

static int take_connector(void *arg, const struct cdc_connector *connector, struct cdc_err *err CDC_UNUSED)
{
	struct gather *gather = arg;

	if (!gather->first && connect_status_fits_path(connector->name))
		gather->first = cdc_strdup(connector->name);
	remember(gather);
	connect_status_take(&gather->status, connector);
	return 0;
}

static int feed_list(void *arg, const char *bytes, size_t n, struct cdc_err *err)
{
	return cdc_connect_reader_feed(arg, bytes, n, err);
}

/* A worker that is connected and says nothing may have its share of the time, if there is another one to ask. */
static int64_t share_ms(const struct gather *gather, size_t left)
{
	return left > 1 ? cdc_deadline_left_ms(&gather->run->deadline) / (int64_t)left + 1 : 0;
}

static enum attempt read_list(struct gather *gather, size_t index, struct cdc_err *err)
{
	CDC_CLEANUP(cdc_connect_reader_release) struct cdc_connect_reader reader;
	size_t left = gather->count - index;
	struct cdc_http_exchange exchange = { .url = &gather->workers[index].url,
		.path = "/connectors?expand=status&expand=info", .what = "the status of all connectors",
		.accept = "application/json", .targets = left, .header_ms = share_ms(gather, left), .limit = LIST_LIMIT,
		.take = feed_list, .arg = &reader };
	enum attempt attempt;

	cdc_connect_reader_init(&reader, take_connector, gather);
	if (cdc_http_exchange(gather->http, gather->run, &exchange, err) < 0)
		say_who(&exchange, err);
	attempt = judge_answer(&exchange, err);
	gather->workers[index].status = exchange.status;
	if (attempt == DONE && cdc_connect_reader_end(&reader, err) < 0) {
		say_who(&exchange, err);
		attempt = NOT_ANSWERED;
	}
	if (attempt == DONE)
		connect_status_set_time(&gather->status, exchange.took_us);
	cdc_http_exchange_release(&exchange);
	return attempt;
}

/* Asks one worker after the other; NULL when none gives the list, or when the time is over. */
static struct worker *try_workers(struct gather *gather)
{
	for (size_t i = 0; i < gather->count; i++) {
		struct worker *worker = &gather->workers[i];

		if (worker->silent)
			continue;
		worker->attempt = read_list(gather, i, &worker->err);
		if (worker->attempt == DONE)
			return worker;
		if (worker->attempt == TIME_OVER || worker->err.kind == CDC_ERR_USAGE)
			return NULL;
	}
	return NULL;
}

static bool any(const struct gather *gather, enum attempt attempt)
{
	for (size_t i = 0; i < gather->count; i++)
		if (gather->workers[i].attempt == attempt)
			return true;
	return false;
}

/* What is to be said of the workers that did not give the list while another did. */
static void judge_others(struct gather *gather)
{
	for (size_t i = 0; i < gather->count; i++) {
		const struct worker *worker = &gather->workers[i];

		if (worker->attempt == STARTING) {
			connect_status_judge_life(&gather->status, CONNECT_STATUS_STARTING, worker->url.target, NULL);
		} else if (worker->silent || worker->attempt == NOT_ANSWERED) {
			cdc_buf_add(&gather->down, gather->down.len ? ", " : "");
			cdc_text_add_safe(&gather->down, worker->err.text, REASON_MAX);
		}
	}
	if (gather->down.len)
		connect_status_judge_down(&gather->status, gather->down.text);
}

/* The reason was judged: it decides the state, and this is no error besides. */
static int fail_blind(struct cdc_err *err)
{
	return cdc_fail(err, CDC_ERR_NONE, "no worker told of connectors");
}

/* What kept a worker from giving the list, where that is normal for a while. */
static bool judge_transient(struct gather *gather, const struct worker *worker)
{
	bool starting = worker->attempt == STARTING;
	enum connect_status_life life = starting ? CONNECT_STATUS_STARTING : CONNECT_STATUS_REBALANCING;

	if (!starting && worker->attempt != REBALANCING)
		return false;
	connect_status_judge_life(&gather->status, life, worker->url.target,
	    starting ? "HTTP 404 to everything, is the URL right?" : worker->err.text);
	connect_status_judge_blind(&gather->status, life, worker->url.target);
	return true;
}

/* No worker gave the list: each by its own reason, the last of them as the error of the whole. */
static int fail_all(struct gather *gather, struct cdc_err *err)
{
	const struct worker *last = NULL;

	for (size_t i = 0; i < gather->count; i++) {
		const struct worker *worker = &gather->workers[i];

		if (judge_transient(gather, worker))
			continue;
		if (worker->attempt != NOT_ANSWERED && worker->attempt != TIME_OVER && !worker->silent)
			continue;
		if (last)
			cdc_result_fail(&gather->run->check, &last->err);
		last = worker;
	}
	if (!last)
		return fail_blind(err);
	*err = last->err;
	return -1;
}

static int find_list(struct gather *gather, struct worker **ret, struct cdc_err *err)
{
	do
		*ret = try_workers(gather);
	while (!*ret && any(gather, REBALANCING) && !any(gather, TIME_OVER) && may_retry(gather));
	if (!*ret)
		return fail_all(gather, err);
	judge_others(gather);
	return 0;
}

/* --- the list of names ---------------------------------------------------------------------------------------- */

static int take_name(void *arg, const char *name, struct cdc_err *err CDC_UNUSED)
{
	struct gather *gather = arg;

	remember(gather);
	connect_status_take_name(&gather->status, name);
	return 0;
}

static int feed_names(void *arg, const char *bytes, size_t n, struct cdc_err *err)
{
	return cdc_connect_names_feed(arg, bytes, n, err);
}

static enum attempt read_names(struct gather *gather, const struct worker *worker, struct cdc_err *err)
{
	CDC_CLEANUP(cdc_connect_names_release) struct cdc_connect_names names;
	struct cdc_http_exchange exchange = { .url = &worker->url, .path = "/connectors",
		.what = "the names of all connectors", .accept = "application/json", .limit = LIST_LIMIT,
		.take = feed_names, .arg = &names };
	enum attempt attempt;

	cdc_connect_names_init(&names, take_name, gather);
	if (cdc_http_exchange(gather->http, gather->run, &exchange, err) < 0)
		say_who(&exchange, err);
	attempt = judge_answer(&exchange, err);
	if (attempt == DONE && cdc_connect_names_end(&names, err) < 0) {
		say_who(&exchange, err);
		attempt = NOT_ANSWERED;
	}
	cdc_http_exchange_release(&exchange);
	return attempt;
}

static int find_names(struct gather *gather, const struct worker *worker, struct cdc_err *err)
{
	enum connect_status_life life;
	enum attempt attempt;

	do
		attempt = read_names(gather, worker, err);
	while (attempt == REBALANCING && may_retry(gather));
	if (attempt == DONE)
		return 0;
	if (attempt != REBALANCING && attempt != STARTING)
		return -1;
	life = attempt == STARTING ? CONNECT_STATUS_STARTING : CONNECT_STATUS_REBALANCING;
	connect_status_judge_life(&gather->status, life, worker->url.target, NULL);
	return fail_blind(err);
}

/* --- signs of life -------------------------------------------------------------------------------------------- */

typedef enum connect_status_life life_of(int http_status, const char *body, bool late);

/* What one worker says of its life. */
struct sign {
	const struct worker *worker;
	bool open; /* the next question goes to it */
	enum connect_status_life life;
	struct cdc_buf detail;
	int code; /* -1: err says why there is no answer, for another reason than that the worker is cut off */
	struct cdc_err err;
};

static void take_sign(struct sign *sign, const struct cdc_http_exchange *exchange, life_of *meaning)
{
	if (exchange->code < 0 && !exchange->late) {
		sign->err = exchange->err;
		sign->code = say_who(exchange, &sign->err);
		sign->open = false;
		return;
	}
	sign->life = meaning(exchange->status, exchange->late ? "" : exchange->body.text, exchange->late);
	sign->open = sign->life == CONNECT_STATUS_ABSENT || sign->life == CONNECT_STATUS_UNTOLD;
	cdc_buf_clear(&sign->detail);
	if (exchange->late)
		cdc_buf_addf(&sign->detail, "no answer to %s in %d s", exchange->path, LIFE_MS / 1000);
	else if (!cdc_connect_member(exchange->body.text, "message", &sign->detail))
		cdc_buf_addf(&sign->detail, "%s answers HTTP %d", exchange->path, exchange->status);
}

/* Asks the workers that are open for it, all at once. */
static void ask_signs(struct gather *gather, struct sign *signs, size_t count, const char *path, life_of *meaning)
{
	struct cdc_http_exchange *exchanges = cdc_alloc(count, sizeof(*exchanges));
	size_t asked = 0, taken = 0;

	for (size_t i = 0; i < count; i++)
		if (signs[i].open)
			exchanges[asked++] = (struct cdc_http_exchange){ .url = &signs[i].worker->url, .path = path,
				.what = "a sign of life", .accept = "application/json", .header_ms = LIFE_MS };
	if (asked)
		cdc_http_exchange_all(gather->http, gather->run, exchanges, asked, "waiting for a sign of life");
	for (size_t i = 0; i < count; i++) {
		if (!signs[i].open)
			continue;
		take_sign(&signs[i], &exchanges[taken], meaning);
		cdc_http_exchange_release(&exchanges[taken++]);
	}
	free(exchanges);
}

/* Where /health does not exist or is not shown, a connector is asked for; a name that nothing has does as well. */
static void probe(struct gather *gather, struct sign *signs, size_t count)
{
	CDC_BUF_CLEANUP struct cdc_buf path = CDC_BUF_INIT;

	cdc_buf_add(&path, "/connectors/");
	cdc_http_add_escaped(&path, gather->first ? gather->first : "-");
	ask_signs(gather, signs, count, "/health", connect_status_of_health);
	ask_signs(gather, signs, count, path.text, connect_status_of_connector);
}

/* Opens those again that rebalance; true if there are any. */
static bool reopen(struct sign *signs, size_t count)
{
	bool any = false;

	for (size_t i = 0; i < count; i++) {
		signs[i].open = signs[i].code == 0 && signs[i].life == CONNECT_STATUS_REBALANCING;
		any = any || signs[i].open;
	}
	return any;
}

/* What the worker that gave the list says of its life decides how much the list is worth. */
static int judge_own_sign(struct gather *gather, const struct sign *sign, struct cdc_err *err)
{
	struct connect_status *status = &gather->status;

	if (sign->code < 0) {
		*err = sign->err;
		return -1;
	}
	status->doubted = !connect_status_knows_all(sign->life);
	status->starting = sign->life == CONNECT_STATUS_STARTING ? sign->worker->url.target : NULL;
	connect_status_judge_life(status, sign->life, sign->worker->url.target, sign->detail.text);
	/* who discovers takes what is not listed for gone */
	if (gather->run->check.policy->discover && status->doubted)
		return cdc_fail(err, CDC_ERR_PROTOCOL, "%s may not know of all connectors: %s", sign->worker->url.target,
		    sign->detail.text);
	return 0;
}

static void judge_other_sign(struct gather *gather, const struct sign *sign)
{
	if (sign->code < 0)
		cdc_result_fail(&gather->run->check, &sign->err);
	else
		connect_status_judge_life(&gather->status, sign->life, sign->worker->url.target, sign->detail.text);
}

/* Who gives a sign of life: the worker with the list, and with --all-workers every other that answers. */
static size_t choose_signs(const struct gather *gather, const struct worker *own, struct sign *signs)
{
	size_t count = 0;

	signs[count++] = (struct sign){ .worker = own, .open = true, .detail = CDC_BUF_LIMITED(400) };
	for (size_t i = 0; gather->config->all_workers && i < gather->count; i++) {
		const struct worker *worker = &gather->workers[i];

		if (worker != own && !worker->silent && worker->attempt == UNTRIED)
			signs[count++] = (struct sign){ .worker = worker, .open = true, .detail = CDC_BUF_LIMITED(400) };
	}
	return count;
}

static int judge_life(struct gather *gather, const struct worker *worker, struct cdc_err *err)
{
	struct sign *signs = cdc_alloc(gather->count, sizeof(*signs));
	size_t count = choose_signs(gather, worker, signs);
	int code;

	gather->status.doubted = true;
	do
		probe(gather, signs, count);
	while (reopen(signs, count) && may_retry(gather));
	for (size_t i = 1; i < count; i++)
		judge_other_sign(gather, &signs[i]);
	code = judge_own_sign(gather, &signs[0], err);
	for (size_t i = 0; i < count; i++)
		cdc_buf_release(&signs[i].detail);
	free(signs);
	return code;
}

/* --- all of it ------------------------------------------------------------------------------------------------ */

static int judge_all(struct gather *gather, bool *listed, struct cdc_err *err)
{
	struct worker *worker;

	if (gather->config->all_workers)
		ask_all(gather);
	if (find_list(gather, &worker, err) < 0 || find_names(gather, worker, err) < 0)
		return -1;
	*listed = true;
	return judge_life(gather, worker, err);
}

static int run(struct cdc_run *run, struct cdc_err *err)
{
	CDC_CLEANUP(gather_release) struct gather gather = { .run = run, .config = run->config,
		.down = CDC_BUF_LIMITED(1000) };
	bool listed = false;
	int code;

	if (find_workers(&gather, err) < 0 || cdc_http_open(&gather.config->http, &gather.http, err) < 0)
		return -1;
	connect_status_begin(&gather.status, gather.config, &run->check);
	code = judge_all(&gather, &listed, err);
	if (code == 0 || err->kind != CDC_ERR_USAGE)
		remember(&gather);
	if (!connect_status_end(&gather.status, listed) && code == 0)
		return fail_blind(err);
	return code;
}

static const struct cdc_program program = { .plugin = &connect_status_plugin, .run = run,
	.versions = { cdc_http_versions, cdc_json_versions } };

int main(int argc, char **argv)
{
	return cdc_main(&program, argc, argv);
}
