#include "tests/plugin/play_binlog_retention.h"

/* The files' names of the queries. */
static const char *const query_names[BINLOG_QUERIES] = { [BINLOG_VARIABLES] = "variables", [BINLOG_CLOCK] = "clock",
	[BINLOG_UPTIME] = "uptime", [BINLOG_RDS] = "rds", [BINLOG_FILES] = "files" };

static bool load(const char *name, const char *query_name, bool mariadb, struct cdc_my_query *query)
{
	const char *grant = mariadb && query->grant_mariadb ? query->grant_mariadb : query->grant;
	struct fact fact;
	int64_t error;

	if (!facts_load("binlog_retention", name, query_name, &fact))
		return false;
	query->rows = fact.rows;
	query->refused = fact.refused;
	if (!fact.refused)
		return true;
	expect(cdc_num_parse_int(fact.sqlstate, &error), "%s is no error number", fact.sqlstate);
	query->error = (unsigned)error;
	/* as the client puts it */
	if (cdc_my_is_right_missing(query->error))
		snprintf(query->message, sizeof(query->message), "GRANT %s TO 'monitor'@'%%': %s", grant,
		    fact.message);
	else
		snprintf(query->message, sizeof(query->message), "%s", fact.message);
	return true;
}

void answers_load(struct answers *answers, const char *name)
{
	struct fact created;

	*answers = (struct answers){ .mariadb = strncmp(name, "10.", 3) == 0 || strncmp(name, "11.", 3) == 0 };
	binlog_retention_ask(answers->queries);
	for (size_t i = 0; i < BINLOG_QUERIES; i++)
		expect(load(name, query_names[i], answers->mariadb, &answers->queries[i]), "%s.%s was not recorded", name, query_names[i]);
	load(name, "gtids", answers->mariadb, &answers->gtids);
	if (facts_load("binlog_retention", name, "created", &created))
		answers->created = created.rows;
}

void answers_release(struct answers *answers)
{
	for (size_t i = 0; i < BINLOG_QUERIES; i++)
		cdc_rows_release(&answers->queries[i].rows);
	cdc_rows_release(&answers->gtids.rows);
	cdc_rows_release(&answers->created);
}

int64_t answers_now(const struct answers *answers)
{
	int64_t now;

	if (!cdc_num_parse_int(cdc_rows_get(&answers->queries[BINLOG_CLOCK].rows, 0, "now"), &now))
		fail_msg("the server has no time");
	return now * 1000;
}

static void probe(const struct answers *answers, const struct binlog_reader *reader,
    struct binlog_retention_facts *facts)
{
	size_t wanted[2], count = binlog_retention_probes(facts, reader, wanted);

	facts->probe_refused = answers->probe_refused;
	for (size_t i = 0; i < count && !facts->probe_refused; i++) {
		struct binlog_file *file = &facts->files[wanted[i]];

		for (size_t row = 0; row < answers->created.count; row++) {
			int64_t created;

			if (!cdc_streq(cdc_rows_get(&answers->created, row, "name"), file->name))
				continue;
			if (!cdc_num_parse_int(cdc_rows_get(&answers->created, row, "created"), &created))
				fail_msg("no time for %s", file->name);
			file->created_ms = (struct binlog_number){ true, created * 1000 };
		}
	}
}

/* "FILE:POS:GTIDS" as the JSON of /connectors/NAME/offsets, with the server's own UUID for "%". */
static void print_offsets(const struct answers *answers, const char *text, struct cdc_buf *ret)
{
	size_t file = strcspn(text, ":"), pos = strcspn(text + file + 1, ":");
	const char *gtids = text + file + 1 + pos;

	cdc_buf_addf(ret, "{\"offsets\":[{\"partition\":{\"server\":\"orders\"},\"offset\":{\"file\":\"%.*s\",\"pos\":%.*s",
	    (int)file, text, (int)pos, text + file + 1);
	if (*gtids)
		cdc_buf_add(ret, ",\"gtids\":\"");
	for (const char *c = gtids + (*gtids ? 1 : 0); *c; c++) {
		if (*c == '%')
			cdc_buf_addf(ret, "%.36s", cdc_rows_get(&answers->gtids.rows, 0, "executed"));
		else
			cdc_buf_add_char(ret, *c);
	}
	cdc_buf_addf(ret, "%s}}]}", *gtids ? "\"" : "");
}

static void read_position(const struct answers *answers, const struct binlog_retention_config *config,
    struct binlog_reader *ret)
{
	CDC_BUF_CLEANUP struct cdc_buf offsets = CDC_BUF_INIT;
	struct cdc_err err;

	if (config->offsets)
		print_offsets(answers, config->offsets, &offsets);
	if (binlog_retention_check(config, &err) < 0 ||
	    binlog_retention_read_position(config, config->offsets ? offsets.text : NULL, ret, &err) < 0)
		fail_msg("%s", err.text);
}

void answers_run(struct stage *stage, const struct answers *answers, int64_t now_ms)
{
	const struct binlog_retention_config *config = (const struct binlog_retention_config *)stage->policy;
	CDC_CLEANUP(binlog_retention_facts_release) struct binlog_retention_facts facts = { 0 };
	CDC_CLEANUP(binlog_reader_release) struct binlog_reader reader = { 0 };
	struct cdc_err err;

	read_position(answers, config, &reader);
	if (binlog_retention_parse(answers->queries, answers->mariadb, &facts, &err) < 0 ||
	    (binlog_retention_by_gtid(&facts, &reader) && binlog_retention_parse_gtids(&answers->gtids, &facts, &err) < 0))
		fail_msg("%s", err.text);
	if (config->probe)
		probe(answers, &reader, &facts);
	stage_begin(stage, now_ms ? now_ms : facts.server.now_ms);
	binlog_retention_judge(config, &facts, &reader, &stage->check);
	stage_end(stage, true);
}

void answers_add(struct answers *answers, const char *name, const char *value)
{
	const char *const cells[] = { name, value };

	cdc_rows_add(&answers->queries[BINLOG_VARIABLES].rows, cells);
}

void answers_set(struct answers *answers, enum binlog_query query, const char *name, const char *value)
{
	struct cdc_rows *rows = &answers->queries[query].rows;

	for (size_t i = 0; i < rows->count; i++) {
		if (cdc_streq(cdc_rows_get(rows, i, "Variable_name"), name)) {
			facts_set(rows, i, "Value", value);
			return;
		}
	}
	fail_msg("the server has no %s", name);
}
