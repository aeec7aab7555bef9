/*
 * check_mysql_gtid: asks the servers. Candidates come first and their source last: whatever is written meanwhile, a
 * candidate never looks ahead of the server that it copies.
 */
#include "plugins/mysql_gtid.h"

#include "base/file.h"
#include "value/json_token.h"

#include <poll.h>
#include <stdlib.h>

/* The text that says where the reader is, NULL when none does. */
static int read_text(struct cdc_run *run, const struct mysql_gtid_config *config, struct cdc_buf *buf, const char **ret,
    struct cdc_err *err)
{
	const char *path = config->gtid_file ? config->gtid_file : config->offsets;

	*ret = config->gtid_set;
	if (!path)
		return 0;
	cdc_run_step(run, "reading %s", path);
	if (cdc_file_read(path, buf, err) < 0)
		return cdc_fail_in(err, config->gtid_file ? "option --gtid-file" : "option --offsets");
	*ret = buf->text;
	return 0;
}

static int gather(struct cdc_run *run, struct cdc_my *my, bool reader, struct mysql_gtid_server *server,
    struct cdc_err *err)
{
	size_t count;
	struct cdc_my_query *queries = mysql_gtid_ask_sets(server, &count);

	if (cdc_my_query(my, run, queries, count, err) < 0)
		return -1;
	if (mysql_gtid_parse_sets(server, err) < 0)
		return cdc_fail_in(err, "%s", cdc_my_target(my));
	queries = mysql_gtid_ask_channels(server, reader, &count);
	if (cdc_my_query(my, run, queries, count, err) < 0)
		return -1;
	return mysql_gtid_parse_channels(server, err) < 0 ? cdc_fail_in(err, "%s", cdc_my_target(my)) : 0;
}

/*
 * A source sends a transaction to its readers a moment before its own GTID set has it (binary log first, commit then):
 * what looks errant, or ahead, is looked at again.
 */
static int settle(struct cdc_run *run, struct cdc_my *my, const struct mysql_gtid_facts *facts,
    struct mysql_gtid_server *server, struct cdc_err *err)
{
	static const int pauses_ms[] = { 30, 150 };
	struct cdc_my_query *queries;
	size_t count;

	for (size_t i = 0; i < CDC_LEN(pauses_ms) && mysql_gtid_is_doubtful(facts, server); i++) {
		if (cdc_deadline_left_ms(&run->deadline) < 4 * pauses_ms[i])
			return 0;
		poll(NULL, 0, pauses_ms[i]);
		queries = mysql_gtid_ask_sets(server, &count);
		if (cdc_my_query(my, run, queries, count, err) < 0)
			return -1;
		if (mysql_gtid_parse_sets(server, err) < 0)
			return cdc_fail_in(err, "%s", cdc_my_target(my));
	}
	return 0;
}

/* Connects to one server and asks it all; `targets` servers share what is left of the time. */
static int visit(struct cdc_run *run, const struct mysql_gtid_config *config, size_t targets,
    const struct mysql_gtid_facts *facts, struct mysql_gtid_server *server, char **target, struct cdc_err *err)
{
	struct cdc_my_params params = config->my;
	CDC_CLEANUP(cdc_my_close) struct cdc_my *my = NULL;

	if (server->role != MYSQL_GTID_SERVER) {
		params.host = server->host;
		params.port = server->port;
		params.socket = NULL;
	}
	if (cdc_my_connect(&params, run, targets, &my, err) < 0)
		return -1;
	if (server->role == MYSQL_GTID_SERVER) {
		server->host = cdc_strdup(cdc_my_host(my));
		server->port = cdc_my_port(my);
		*target = cdc_strdup(cdc_my_target(my));
	}
	if (gather(run, my, facts->reader.given, server, err) < 0)
		return -1;
	return settle(run, my, facts, server, err);
}

static int add_server(struct mysql_gtid_facts *facts, enum mysql_gtid_role role, const char *text, int64_t default_port,
    struct cdc_err *err)
{
	struct mysql_gtid_server *server = &facts->servers[facts->count];
	struct cdc_buf name = CDC_BUF_INIT;
	int64_t port = 0;

	if (text && cdc_my_parse_host(text, &server->host, &port, err) < 0)
		return cdc_fail_in(err, "option --%s", role == MYSQL_GTID_SOURCE ? "source" : "candidate");
	server->role = role;
	server->port = (int)(port ? port : default_port ? default_port : CDC_MY_PORT);
	if (role == MYSQL_GTID_CANDIDATE)
		cdc_buf_addf(&name, "%s_%d", server->host, server->port);
	else
		cdc_buf_add(&name, role == MYSQL_GTID_SERVER ? "server" : "source");
	server->name = cdc_buf_take(&name);
	facts->count++;
	return 0;
}

/* A candidate that is named twice, or not wanted, is not asked. */
static void drop_last_if_idle(const struct cdc_policy *policy, struct mysql_gtid_facts *facts)
{
	struct mysql_gtid_server *last = &facts->servers[facts->count - 1];
	bool idle = cdc_patterns_match(&policy->exclude, last->name);

	for (size_t i = 0; i + 1 < facts->count; i++)
		idle = idle || cdc_streq(facts->servers[i].name, last->name);
	if (!idle)
		return;
	mysql_gtid_server_release(last);
	facts->count--;
}

static int list_servers(const struct mysql_gtid_config *config, struct mysql_gtid_facts *facts, struct cdc_err *err)
{
	const struct cdc_strings *candidates = &config->candidates;

	facts->servers = cdc_alloc(candidates->count + 2, sizeof(*facts->servers));
	for (size_t i = 0; i < candidates->count; i++) {
		if (add_server(facts, MYSQL_GTID_CANDIDATE, candidates->at[i], config->my.port, err) < 0)
			return -1;
		drop_last_if_idle(&config->policy, facts);
	}
	if (add_server(facts, MYSQL_GTID_SERVER, NULL, 0, err) < 0)
		return -1;
	return config->source ? add_server(facts, MYSQL_GTID_SOURCE, config->source, config->my.port, err) : 0;
}

/* Which servers are judged, and whose position: for the name of the state file. A position itself is none of it. */
static char *selection_of(const struct mysql_gtid_config *config)
{
	struct cdc_buf text = CDC_BUF_INIT;

	if (config->gtid_set)
		cdc_buf_add(&text, "gtid-set ");
	if (config->gtid_file)
		cdc_buf_addf(&text, "gtid-file=%s ", config->gtid_file);
	if (config->offsets)
		cdc_buf_addf(&text, "offsets=%s server=%s ", config->offsets,
		    config->offsets_server ? config->offsets_server : "");

	for (size_t i = 0; i < config->candidates.count; i++)
		cdc_buf_addf(&text, "candidate=%s ", config->candidates.at[i]);
	if (config->source)
		cdc_buf_addf(&text, "source=%s", config->source);
	return cdc_buf_take(&text);
}

/*
 * Asks every server. What goes wrong with a candidate concerns that one; without the server of -H or --source the
 * check is not complete: the first such error is in *err, and -1 is returned when all were asked.
 */
static int visit_all(struct cdc_run *run, const struct mysql_gtid_config *config, struct mysql_gtid_facts *facts,
    char **target, struct cdc_err *err)
{
	int code = 0;

	for (size_t i = 0; i < facts->count; i++) {
		struct mysql_gtid_server *server = &facts->servers[i];
		bool candidate = server->role == MYSQL_GTID_CANDIDATE;

		if (visit(run, config, facts->count - i, facts, server, target, &server->err) == 0)
			continue;
		server->failed = true;
		if (code == 0 && (!candidate || server->err.kind == CDC_ERR_USAGE)) {
			*err = server->err;
			code = -1;
		}
		if (server->err.kind == CDC_ERR_USAGE)
			return -1;
	}
	return code;
}

static int run(struct cdc_run *run, struct cdc_err *err)
{
	const struct mysql_gtid_config *config = run->config;
	CDC_CLEANUP(mysql_gtid_facts_release) struct mysql_gtid_facts facts = { 0 };
	CDC_CLEANUP(cdc_free_string) char *target = NULL, *selection = selection_of(config);
	CDC_BUF_CLEANUP struct cdc_buf buf = CDC_BUF_INIT;
	const char *text;
	int code;

	if (mysql_gtid_check(config, err) < 0 || list_servers(config, &facts, err) < 0 ||
	    read_text(run, config, &buf, &text, err) < 0 ||
	    mysql_gtid_read_position(config, text, &facts.reader, err) < 0)
		return -1;
	cdc_buf_release(&buf);
	code = visit_all(run, config, &facts, &target, err);
	if (code < 0 && err->kind == CDC_ERR_USAGE)
		return -1;
	if (target)
		cdc_run_remember(run, target, selection);
	mysql_gtid_judge(config, &facts, &run->check);
	return code;
}

static const struct cdc_program program = { .plugin = &mysql_gtid_plugin, .run = run, .versions = { cdc_my_versions, cdc_json_versions } };

int main(int argc, char **argv)
{
	return cdc_main(&program, argc, argv);
}
