/*
 * check_mysql_gtid over recorded facts: what it says of MySQL 5.7 to 9.7 and MariaDB 10.5 to 11.8 in every situation
 * that was recorded is in mysql_gtid.expected. There, "%" in --gtid-set stands for the server's own UUID (MariaDB: the
 * number of the first server in its log), and --candidate=replica for the facts of the same version in the situation "replica".
 */
#include "tests/plugin/facts.h"

#include "plugins/mysql_gtid.h"

/* The files' names of the queries. */
static const char *const query_names[MYSQL_GTID_QUERIES] = { [MYSQL_GTID_SETTINGS] = "settings",
	[MYSQL_GTID_SETS] = "sets", [MYSQL_GTID_CHANNELS] = "channels", [MYSQL_GTID_HORIZON] = "horizon",
	[MYSQL_GTID_FIRST] = "first" };

static void load(const char *name, const char *query_name, struct cdc_my_query *query)
{
	bool mariadb = strncmp(name, "10.", 3) == 0 || strncmp(name, "11.", 3) == 0;
	const char *grant = mariadb && query->grant_mariadb ? query->grant_mariadb : query->grant;
	struct fact fact;
	int64_t error;

	expect(facts_load("mysql_gtid", name, query_name, &fact), "%s.%s was not recorded", name, query_name);
	query->rows = fact.rows;
	query->refused = fact.refused;
	if (!fact.refused)
		return;
	expect(cdc_num_parse_int(fact.sqlstate, &error), "%s is no error number", fact.sqlstate);
	query->error = (unsigned)error;
	/* as the client puts it */
	snprintf(query->message, sizeof(query->message), "GRANT %s TO 'monitor'@'%%': %s", grant, fact.message);
}

static void ask(struct mysql_gtid_server *server, const char *name, struct cdc_my_query *queries, size_t count)
{
	for (size_t i = 0; i < count; i++)
		load(name, query_names[&queries[i] - server->queries], &queries[i]);
}

/* As check_mysql_gtid.c gathers it. */
static void gather(struct mysql_gtid_server *server, enum mysql_gtid_role role, const char *host, const char *facts)
{
	struct cdc_buf name = CDC_BUF_INIT;
	struct cdc_my_query *queries;
	struct cdc_err err;
	size_t count;

	cdc_buf_addf(&name, role == MYSQL_GTID_SERVER ? "server" : "%s_3306", host);
	server->role = role;
	server->host = cdc_strdup(host);
	server->port = 3306;
	server->name = cdc_buf_take(&name);
	queries = mysql_gtid_ask_sets(server, &count);
	ask(server, facts, queries, count);
	if (mysql_gtid_parse_sets(server, &err) < 0)
		fail_msg("%s: %s", facts, err.text);
	queries = mysql_gtid_ask_channels(server, true, &count);
	ask(server, facts, queries, count);
	if (mysql_gtid_parse_channels(server, &err) < 0)
		fail_msg("%s: %s", facts, err.text);
}

/* The position with "%" replaced by what the server calls itself. */
static char *spell(const char *text, const struct mysql_gtid_server *server)
{
	struct cdc_buf position = CDC_BUF_INIT;

	for (; *text; text++) {
		if (*text != '%') {
			cdc_buf_add_char(&position, *text);
		} else if (server->gtid.mariadb) {
			const struct cdc_domain_gtids *state = &server->gtid.binlog_state;

			cdc_buf_addf(&position, "%u", state->count ? (unsigned)state->at[0].server : 1);
		} else {
			char uuid[CDC_GTID_UUID_LEN + 1];

			cdc_gtid_uuid_text(server->gtid.executed.sources[0].uuid, uuid);
			cdc_buf_add(&position, uuid);
		}
	}
	return cdc_buf_take(&position);
}

static void judge(struct stage *stage, const struct mysql_gtid_config *config, struct mysql_gtid_facts *facts)
{
	const struct mysql_gtid_server *server = &facts->servers[facts->count - 1];
	CDC_CLEANUP(cdc_free_string) char *position = config->gtid_set ? spell(config->gtid_set, server) : NULL;
	struct cdc_err err;

	if (mysql_gtid_check(config, &err) < 0 || mysql_gtid_read_position(config, position, &facts->reader, &err) < 0)
		fail_msg("%s", err.text);
	stage_begin(stage, EPOCH);
	mysql_gtid_judge(config, facts, &stage->check);
	stage_end(stage, true);
}

static char *play(const char *name, const char *options)
{
	CDC_CLEANUP(mysql_gtid_facts_release) struct mysql_gtid_facts facts = { 0 };
	int version = (int)strcspn(name, "-");
	const struct mysql_gtid_config *config;
	struct stage stage;
	char *output;

	stage_open(&stage, &mysql_gtid_plugin, options);
	config = (const struct mysql_gtid_config *)stage.policy;
	facts.servers = cdc_alloc(config->candidates.count + 1, sizeof(*facts.servers));
	for (size_t i = 0; i < config->candidates.count; i++) {
		CDC_BUF_CLEANUP struct cdc_buf candidate = CDC_BUF_INIT;

		cdc_buf_addf(&candidate, "%.*s-%s", version, name, config->candidates.at[i]);
		gather(&facts.servers[facts.count++], MYSQL_GTID_CANDIDATE, config->candidates.at[i], candidate.text);
	}
	gather(&facts.servers[facts.count++], MYSQL_GTID_SERVER, "db1", name);
	judge(&stage, config, &facts);
	output = stage_output(&stage);
	stage_close(&stage);
	return output;
}

static void test_recorded(void **state CDC_UNUSED)
{
	facts_expect("mysql_gtid", "settings", play);
}

/* A setting changed, of a flavour that could not be recorded. */
static void test_settings(void **state CDC_UNUSED)
{
	static const struct {
		enum mysql_gtid_role role;
		const char *log_bin, *log_updates, *aurora, *read_only, *mode;
		enum cdc_state state;
		const char *part;
	} rows[] = {
		{ MYSQL_GTID_SERVER, "ON", "ON", NULL, "OFF", "ON", CDC_OK, "gtid_mode ON" },
		{ MYSQL_GTID_SERVER, "OFF", "ON", NULL, "OFF", "ON", CDC_CRITICAL, "binary logging is off" },
		{ MYSQL_GTID_CANDIDATE, "OFF", "ON", NULL, "OFF", "ON", CDC_CRITICAL, "binary logging is off" },
		/* an Aurora reader has no binary log by nature, an Aurora writer needs one */
		{ MYSQL_GTID_SERVER, "OFF", "ON", "3.05.2", "ON", "ON", CDC_OK, "gtid_mode ON" },
		{ MYSQL_GTID_CANDIDATE, "OFF", "ON", "3.05.2", "ON", "ON", CDC_OK, "gtid_mode ON" },
		{ MYSQL_GTID_SERVER, "OFF", "ON", "3.05.2", "OFF", "ON", CDC_CRITICAL, "binary logging is off" },
		{ MYSQL_GTID_SERVER, "ON", "OFF", NULL, "OFF", "ON", CDC_OK, "gtid_mode ON" },
		{ MYSQL_GTID_CANDIDATE, "ON", "OFF", NULL, "OFF", "ON", CDC_WARNING, "does not log replicated changes" },
		{ MYSQL_GTID_SERVER, "1", "1", NULL, "0", "on", CDC_OK, "" },
		{ MYSQL_GTID_SERVER, "ON", "ON", NULL, "OFF", "OFF_PERMISSIVE", CDC_CRITICAL, "gtid_mode is OFF_PERMISSIVE" },
		{ MYSQL_GTID_SERVER, "ON", "ON", NULL, "OFF", NULL, CDC_CRITICAL, "gtid_mode is not there" },
	};

	for (size_t i = 0; i < CDC_LEN(rows); i++) {
		CDC_CLEANUP(mysql_gtid_facts_release) struct mysql_gtid_facts facts = { 0 };
		CDC_CLEANUP(cdc_free_string) char *output = NULL;
		struct mysql_gtid_server *server;
		struct stage stage;

		stage_open(&stage, &mysql_gtid_plugin, "");
		facts.servers = cdc_alloc(1, sizeof(*facts.servers));
		server = &facts.servers[facts.count++];
		gather(server, rows[i].role, "db1", "8.0.15-level-source");
		server->log_bin = rows[i].log_bin;
		server->log_updates = rows[i].log_updates;
		server->aurora = rows[i].aurora;
		server->innodb_read_only = rows[i].read_only;
		server->gtid_mode = rows[i].mode;
		judge(&stage, (const struct mysql_gtid_config *)stage.policy, &facts);
		output = stage_output(&stage);
		expect(stage.check.result.state == rows[i].state, "row %zu: %s", i, output);
		expect_part("settings", output, rows[i].part);
		stage_close(&stage);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recorded),
		cmocka_unit_test(test_settings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
