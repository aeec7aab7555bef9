/*
 * check_binlog_retention: asks a MySQL or MariaDB server. One connection for SQL, one more for each file probed.
 */
#include "base/file.h"
#include "client/my_binlog.h"
#include "plugins/binlog_retention.h"
#include "value/json_token.h"

#include <stdlib.h>

struct session {
	struct cdc_run *run;
	const struct binlog_retention_config *config;
	struct cdc_my *my;
	char *target;
	struct cdc_my_query queries[BINLOG_QUERIES], gtid_query, first_query;
	struct cdc_buf gtid_sql, offsets;
	struct cdc_my_probe probes[2];
	struct binlog_retention_facts facts;
	struct binlog_reader reader;
};

static void session_release(struct session *session)
{
	for (size_t i = 0; i < BINLOG_QUERIES; i++)
		cdc_rows_release(&session->queries[i].rows);
	cdc_rows_release(&session->gtid_query.rows);
	cdc_rows_release(&session->first_query.rows);
	cdc_buf_release(&session->gtid_sql);
	binlog_retention_facts_release(&session->facts);
	binlog_reader_release(&session->reader);
	cdc_buf_release(&session->offsets);
	free(session->target);
	cdc_my_close(&session->my);
}

/* One file's creation; a refusal is noted, and no second probe would fare better. */
static int probe(struct session *session, size_t index, struct cdc_my_probe *probe, struct cdc_err *err)
{
	struct binlog_file *file = &session->facts.files[index];

	if (cdc_my_probe_binlog(&session->config->my, session->run, file->name, probe, err) < 0)
		return -1;
	if (probe->refused) {
		session->facts.probe_refused = probe->message;
		session->facts.probe_denied = cdc_my_is_right_missing(probe->error);
	} else {
		file->created_ms = (struct binlog_number){ true, probe->created_ms };
	}
	return 0;
}

static int probe_all(struct session *session, struct cdc_err *err)
{
	size_t wanted[2], count = binlog_retention_probes(&session->facts, &session->reader, wanted);

	for (size_t i = 0; i < count && !session->facts.probe_refused; i++)
		if (probe(session, wanted[i], &session->probes[i], err) < 0)
			return -1;
	return 0;
}

static int ask_gtids(struct session *session, struct cdc_err *err)
{
	if (!binlog_retention_by_gtid(&session->facts, &session->reader))
		return 0;
	binlog_retention_ask_gtids(&session->facts, &session->gtid_query, &session->gtid_sql);
	if (cdc_my_query(session->my, session->run, &session->gtid_query, 1, err) < 0)
		return -1;
	if (binlog_retention_parse_gtids(&session->gtid_query, &session->facts, err) < 0)
		return -1;
	if (!cdc_gtid_needs_first(&session->reader.gtids, &session->facts.gtids))
		return 0;
	mysql_gtid_ask_first(&session->first_query);
	if (cdc_my_query(session->my, session->run, &session->first_query, 1, err) < 0)
		return -1;
	return mysql_gtid_parse_first(&session->first_query, &session->facts.gtids, &session->facts.first_refused, err);
}

static int read_position(struct session *session, struct cdc_err *err)
{
	const struct binlog_retention_config *config = session->config;

	if (binlog_retention_check(config, err) < 0)
		return -1;
	if (!config->offsets)
		return binlog_retention_read_position(config, NULL, &session->reader, err);
	cdc_run_step(session->run, "reading %s", config->offsets);
	if (cdc_file_read(config->offsets, &session->offsets, err) < 0)
		return cdc_fail_in(err, "option --offsets");
	return binlog_retention_read_position(config, session->offsets.text, &session->reader, err);
}

/* Everything that SQL tells; the connection is given up then, so that a probe never needs a second one beside it. */
static int gather(struct session *session, struct cdc_err *err)
{
	struct cdc_run *run = session->run;

	if (cdc_my_connect(&session->config->my, run, 1, &session->my, err) < 0)
		return -1;
	session->target = cdc_strdup(cdc_my_target(session->my));
	binlog_retention_ask(session->queries);
	if (cdc_my_query(session->my, run, session->queries, BINLOG_QUERIES, err) < 0)
		return -1;
	if (binlog_retention_parse(session->queries, cdc_my_is_mariadb(session->my), &session->facts, err) < 0 ||
	    ask_gtids(session, err) < 0)
		return cdc_fail_in(err, "%s", session->target);
	cdc_my_close(&session->my);
	return 0;
}

/* What SQL told is judged even when a probe does not come to an end. */
static int run(struct cdc_run *run, struct cdc_err *err)
{
	CDC_CLEANUP(session_release)
	struct session session = { .run = run, .config = run->config, .gtid_sql = CDC_BUF_INIT,
		.offsets = CDC_BUF_INIT };
	CDC_CLEANUP(cdc_free_string) char *selection = binlog_retention_selection(session.config);
	int code = 0;

	if (read_position(&session, err) < 0)
		return -1;
	if (session.config->probe && !cdc_my_can_probe())
		return cdc_fail(err, CDC_ERR_USAGE, "option --probe-binlog: the MySQL client library of this build cannot");
	if (gather(&session, err) < 0)
		return -1;
	if (session.config->probe)
		code = probe_all(&session, err);
	cdc_run_remember(run, session.target, selection);
	binlog_retention_judge(session.config, &session.facts, &session.reader, &run->check);
	return code;
}

static const struct cdc_program program = { .plugin = &binlog_retention_plugin, .run = run, .versions = { cdc_my_versions, cdc_json_versions } };

int main(int argc, char **argv)
{
	return cdc_main(&program, argc, argv);
}
