/*
 * check_mysql_gtid: from facts to result. What each verdict means is in cdc/gtid_verdict.h.
 */
#include "plugins/mysql_gtid_internal.h"

#define NO_POSITION "no reader's position given: only servers judged"

/* What one server is judged by. */
struct bench {
	const struct mysql_gtid_config *config;
	const struct mysql_gtid_facts *facts;
	const struct mysql_gtid_server *main, *source; /* NULL: could not be read */
	struct cdc_check *check;
};

static const struct mysql_gtid_server *find(const struct mysql_gtid_facts *facts, enum mysql_gtid_role role)
{
	for (size_t i = 0; i < facts->count; i++)
		if (facts->servers[i].role == role)
			return &facts->servers[i];
	return NULL;
}

static const struct mysql_gtid_server *if_read(const struct mysql_gtid_server *server)
{
	return server && !server->failed ? server : NULL;
}

static bool is_any_errant(const struct mysql_gtid_facts *facts, const struct mysql_gtid_server *source)
{
	CDC_BUF_CLEANUP struct cdc_buf which = CDC_BUF_INIT;

	for (size_t i = 0; i < facts->count; i++) {
		const struct mysql_gtid_server *server = &facts->servers[i];

		if (server->role == MYSQL_GTID_CANDIDATE && !server->failed &&
		    server->gtid.mariadb == source->gtid.mariadb &&
		    cdc_gtid_errant(&server->gtid, &source->gtid, &which) > 0)
			return true;
	}
	return false;
}

bool mysql_gtid_is_doubtful(const struct mysql_gtid_facts *facts, const struct mysql_gtid_server *server)
{
	const struct mysql_gtid_reader *reader = &facts->reader;
	CDC_BUF_CLEANUP struct cdc_buf which = CDC_BUF_INIT;

	if (server->role == MYSQL_GTID_SERVER && reader->given &&
	    !cdc_gtid_is_foreign(&reader->position, &server->gtid) &&
	    cdc_gtid_ahead(&reader->position, &server->gtid, NULL, &which) > 0)
		return true;
	if (server->role == MYSQL_GTID_CANDIDATE || (server->role == MYSQL_GTID_SERVER && find(facts, MYSQL_GTID_SOURCE)))
		return false;
	return is_any_errant(facts, server);
}

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

static void judge_purged(const struct bench *bench, const struct mysql_gtid_server *server, struct cdc_item *item)
{
	const struct mysql_gtid_reader *reader = &bench->facts->reader;
	const struct cdc_gtid_filter filter = mysql_gtid_filter(reader);
	CDC_BUF_CLEANUP struct cdc_buf which = CDC_BUF_INIT;
	uint64_t count;

	if (server->gtid.mariadb && !server->gtid.horizon_known) {
		if (mysql_gtid_is_on(server->log_bin))
			cdc_item_raise(item, CDC_COND_PROTOCOL, "what is purged is not known: %s",
			    server->horizon_refused ? server->horizon_refused :
						      "a position of the oldest binary log was expected, and none came");
		return;
	}
	if (server->first_refused && cdc_gtid_needs_first(&reader->position, &server->gtid))
		cdc_item_raise(item, CDC_COND_DENIED, "where its binary logs begin is not known: %s", server->first_refused);
	count = cdc_gtid_purged(&reader->position, &server->gtid, &filter, &which);
	cdc_item_value(item, PURGED_MISSING, cdc_num_uint(count));
	if (count == 0)
		return;
	cdc_finding_headline(cdc_item_raise(item, PURGED, "%llu transaction%s that the reader needs %s purged (%s)",
				 (unsigned long long)count, plural(count), count == 1 ? "is" : "are", which.text),
	    "has purged %s, which the reader needs: it cannot continue here", which.text);
}

static void raise_ahead(struct cdc_item *item, uint64_t count, const char *which)
{
	cdc_finding_headline(cdc_item_raise(item, AHEAD,
				 "reader is ahead by %llu transaction%s that this server never executed (%s)",
				 (unsigned long long)count, plural(count), which),
	    "never executed %s, which the reader has: wrong server, or lost in a failover", which);
}

/* What only waits to be copied; without the server of -H, all that the candidate has not. */
static void judge_missing(const struct bench *bench, const struct mysql_gtid_server *server, bool beside_main,
    struct cdc_item *item)
{
	const struct cdc_gtid_position *position = &bench->facts->reader.position;
	CDC_BUF_CLEANUP struct cdc_buf which = CDC_BUF_INIT;
	uint64_t count = beside_main ? cdc_gtid_missing(position, &server->gtid, &bench->main->gtid, &which) :
				       cdc_gtid_ahead(position, &server->gtid, NULL, &which);

	cdc_item_value(item, MISSING, cdc_num_uint(count));
	if (count == 0)
		return;
	cdc_item_cause(item, MISSING, which.text);
	cdc_item_phrase(item, "%llu of the reader's transactions not copied yet (%s)%s", (unsigned long long)count, which.text,
	    beside_main ? "" : ", or lost: the server of -H could not be compared");
}

/* On a candidate, what only waits to be copied is no evidence; what -H does not have either is. */
static void judge_ahead(const struct bench *bench, const struct mysql_gtid_server *server, struct cdc_item *item)
{
	bool candidate = server->role == MYSQL_GTID_CANDIDATE;
	bool beside_main = bench->main && bench->main->gtid.mariadb == server->gtid.mariadb;
	CDC_BUF_CLEANUP struct cdc_buf which = CDC_BUF_INIT;
	uint64_t count;

	if (candidate)
		judge_missing(bench, server, beside_main, item);
	if (candidate && !beside_main)
		return;
	count = cdc_gtid_ahead(&bench->facts->reader.position, &server->gtid, candidate ? &bench->main->gtid : NULL, &which);
	if (count > 0)
		raise_ahead(item, count, which.text);
}

static void judge_reader(const struct bench *bench, const struct mysql_gtid_server *server, struct cdc_item *item)
{
	const struct mysql_gtid_reader *reader = &bench->facts->reader;
	const struct cdc_gtid_filter filter = mysql_gtid_filter(reader);
	uint64_t behind;

	if (!reader->given) {
		if (bench->facts->count == 1)
			cdc_item_phrase(item, NO_POSITION);
		return;
	}
	if (cdc_gtid_is_foreign(&reader->position, &server->gtid)) {
		cdc_item_raise(item, AHEAD, "the reader's position is of %s, and this server is %s: wrong server",
		    reader->position.mariadb ? "MariaDB" : "MySQL", server->gtid.mariadb ? "MariaDB" : "MySQL");
		return;
	}
	/* without a binary log MariaDB knows no position at all */
	if (server->gtid.mariadb && !mysql_gtid_is_on(server->log_bin))
		return;
	judge_ahead(bench, server, item);
	judge_purged(bench, server, item);
	behind = cdc_gtid_behind(&reader->position, &server->gtid, &filter);
	cdc_item_value(item, BEHIND, cdc_num_uint(behind));
	if (reader->nothing_left && behind == 0)
		cdc_item_raise(item, CDC_COND_NONE, "%s leaves nothing to compare, neither of the position nor of the server",
		    bench->config->source_includes.count ? "--source-includes" : "--source-excludes");
	if (cdc_gtid_has_tags(&reader->position.set) && !cdc_gtid_has_tags(&server->gtid.executed))
		cdc_item_raise(item, TAGGED, "the reader's position has tagged GTIDs");
}

static void judge_errant(const struct bench *bench, const struct mysql_gtid_server *server, struct cdc_item *item)
{
	CDC_BUF_CLEANUP struct cdc_buf which = CDC_BUF_INIT;
	uint64_t count;

	if (server->role != MYSQL_GTID_CANDIDATE)
		return;
	if (!bench->source || bench->source->gtid.mariadb != server->gtid.mariadb) {
		cdc_item_phrase(item, "not judged whether it has errant transactions: its source %s",
		    bench->source ? "is another kind of server" : "could not be read");
		return;
	}
	count = cdc_gtid_errant(&server->gtid, &bench->source->gtid, &which);
	cdc_item_value(item, ERRANT_COUNT, cdc_num_uint(count));
	if (count == 0)
		return;
	cdc_item_cause(item, ERRANT_COUNT, which.text);
	cdc_item_raise(item, ERRANT, "%llu errant transaction%s that the source has not (%s)", (unsigned long long)count,
	    plural(count), which.text);
}

static void judge_failed(const struct mysql_gtid_server *server, struct cdc_item *item)
{
	static const int conditions[] = {
		[CDC_ERR_UNREACHABLE] = CANDIDATE_UNREACHABLE,
		[CDC_ERR_TIMEOUT] = CDC_COND_TIMEOUT,
		[CDC_ERR_DENIED] = CDC_COND_DENIED,
		[CDC_ERR_PROTOCOL] = CDC_COND_PROTOCOL,
	};

	cdc_item_raise(item, (size_t)conditions[server->err.kind], "%s", server->err.text);
}

static void add_labels(const struct mysql_gtid_server *server, struct cdc_item *item)
{
	char port[12] = "";

	if (server->port)
		snprintf(port, sizeof(port), "%d", server->port);
	cdc_item_label(item, LABEL_ITEM, server->name);
	cdc_item_label(item, LABEL_HOST, server->host);
	cdc_item_label(item, LABEL_PORT, port);
	cdc_item_label(item, LABEL_ROLE, server->role == MYSQL_GTID_SERVER ? "server" : "candidate");
}

/* "MySQL 8.0.33, gtid_mode ON" */
static void name_server(const struct mysql_gtid_server *server, struct cdc_item *item)
{
	int n = (int)strspn(server->version, "0123456789.");

	if (server->gtid.mariadb)
		cdc_item_phrase(item, "MariaDB %.*s", n, server->version);
	else
		cdc_item_phrase(item, "MySQL %.*s, gtid_mode %s", n, server->version,
		    server->gtid_mode ? server->gtid_mode : "not there");
}

static void judge_server(const struct bench *bench, const struct mysql_gtid_server *server)
{
	bool candidate = server->role == MYSQL_GTID_CANDIDATE;
	struct cdc_item *item =
	    candidate ? cdc_result_add(bench->check, server->name) : cdc_result_add_fixed(bench->check, server->name);

	item->named = candidate;
	add_labels(server, item);
	if (server->failed) {
		judge_failed(server, item);
		return;
	}
	mysql_gtid_judge_settings(bench->config, server, item);
	judge_reader(bench, server, item);
	judge_errant(bench, server, item);
	mysql_gtid_judge_channels(server, item, bench->check);
	cdc_item_value(item, EXECUTED, cdc_num_uint(cdc_gtid_executed(&server->gtid)));
	if (!server->gtid.mariadb)
		cdc_item_value(item, INTERVALS, cdc_num_uint(server->gtid.executed.interval_count));
	name_server(server, item);
}

void mysql_gtid_judge(const struct mysql_gtid_config *config, const struct mysql_gtid_facts *facts,
    struct cdc_check *check)
{
	const struct mysql_gtid_server *main = find(facts, MYSQL_GTID_SERVER), *source = find(facts, MYSQL_GTID_SOURCE);
	struct bench bench = { .config = config, .facts = facts, .main = if_read(main), .check = check };

	bench.source = source ? if_read(source) : bench.main;
	if (!facts->reader.given && facts->count > 1)
		cdc_result_note(check, NO_POSITION);
	if (facts->reader.missing)
		cdc_result_raise(check, CDC_COND_MISSING, "--offsets has no partition of server %s", facts->reader.missing);
	for (size_t i = 0; i < facts->count; i++) {
		const struct mysql_gtid_server *server = &facts->servers[i];

		if (server->role == MYSQL_GTID_CANDIDATE || (server->role == MYSQL_GTID_SERVER && !server->failed))
			judge_server(&bench, server);
	}
}
